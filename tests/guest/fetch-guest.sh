#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# fetch-guest.sh DIRECTORY - get a real arm64 guest out of Debian's packages
#
# What    Leaves in DIRECTORY: Image (Debian's arm64 cloud kernel) and initramfs.cpio.gz (busybox-static and our
#         init.sh). Both come through apt with a private state: the host's own package data base is not touched, and
#         a plain user may run it.
# Cache   What is there is kept: with a complete DIRECTORY neither network nor apt is needed.
# Needs   apt, dpkg-deb, cpio, gzip.
set -eu

usage() {
        echo "Usage: $0 DIRECTORY" >&2
        exit 2
}

[ $# -eq 1 ] || usage
case $1 in -*) usage ;; esac

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
suite=${VGIC_GUEST_SUITE:-bookworm}
mirror=${VGIC_GUEST_MIRROR:-}

say() { echo "fetch-guest: $*" >&2; }

die() {
        say "$*"
        exit 1
}

# The mirror that the host itself uses, so that a proxy or a local mirror is honoured.
find_mirror() {
        for list in /etc/apt/sources.list.d/*.sources; do
                [ -r "$list" ] || continue
                sed -n 's/^URIs: *\([^ ]*\/debian\)\/\{0,1\} *$/\1/p' "$list"
        done
        for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
                [ -r "$list" ] || continue
                sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\/debian\)\/\{0,1\} .*/\2/p' "$list"
        done
        echo http://deb.debian.org/debian
}

apt_options() {
        mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/apt/parts"
        : >"$dir/apt/status"
        echo "deb [signed-by=$keyring] $mirror $suite main" >"$dir/apt/sources.list"
        cat >"$dir/apt/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Dir::State "$dir/apt";
Dir::State::Lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt";
Dir::Cache::archives "$dir/apt/archives";
Dir::Etc::sourcelist "$dir/apt/sources.list";
Dir::Etc::sourceparts "$dir/apt/parts";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
        export APT_CONFIG="$dir/apt/apt.conf"
}

update_lists() {
        [ -e "$dir/apt/updated" ] && return
        apt-get -q update >&2 || die "apt-get update failed: is there a network?"
        : >"$dir/apt/updated"
}

# fetch PACKAGE - leaves its unpacked tree in $dir/tree/PACKAGE
fetch() {
        [ -d "$dir/tree/$1" ] && return
        update_lists
        (cd "$dir/apt/archives" && rm -f "${1}"_*.deb && apt-get -q download "$1" >&2) || die "could not download $1"
        rm -rf "$dir/tree/$1.new"
        mkdir -p "$dir/tree/$1.new"
        dpkg-deb -x "$dir/apt/archives/$1"_*.deb "$dir/tree/$1.new"
        rm -f "$dir/apt/archives/$1"_*.deb
        mv "$dir/tree/$1.new" "$dir/tree/$1"
}

# The meta package names the versioned kernel package of the day.
kernel_package() {
        apt-cache depends linux-image-cloud-arm64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

make_kernel() {
        [ -s "$dir/Image" ] && return
        update_lists
        package=$(kernel_package)
        [ -n "$package" ] || die "linux-image-cloud-arm64 does not name a kernel package"
        fetch "$package"
        cp "$dir/tree/$package"/boot/vmlinuz-* "$dir/Image.new"
        case $(dd if="$dir/Image.new" bs=1 skip=56 count=4 2>/dev/null | od -An -c | tr -d ' \n') in
        ARMd) ;;
        *) die "$package has no raw arm64 Image" ;;
        esac
        mv "$dir/Image.new" "$dir/Image"
        rm -rf "$dir/tree/$package"
}

make_initramfs() {
        if [ -s "$dir/initramfs.cpio.gz" ] && [ "$dir/initramfs.cpio.gz" -nt "$here/init.sh" ]; then
                return
        fi
        fetch busybox-static
        root=$dir/root
        rm -rf "$root"
        mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
        cp "$dir/tree/busybox-static/bin/busybox" "$root/bin/busybox"
        cp "$here/init.sh" "$root/init"
        chmod 755 "$root/init" "$root/bin/busybox"
        (cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$dir/initramfs.new"
        mv "$dir/initramfs.new" "$dir/initramfs.cpio.gz"
        rm -rf "$root"
}

complete() {
        [ -s "$dir/Image" ] && [ -s "$dir/initramfs.cpio.gz" ] && [ "$dir/initramfs.cpio.gz" -nt "$here/init.sh" ]
}

complete && exit 0
for tool in apt-get apt-cache dpkg-deb cpio gzip; do
        command -v "$tool" >/dev/null || die "$tool is needed"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || die "$keyring is missing (package debian-archive-keyring)"
[ -n "$mirror" ] || mirror=$(find_mirror | head -n 1)
mkdir -p "$dir/tree"
apt_options
make_kernel
make_initramfs
say "$dir/Image and $dir/initramfs.cpio.gz are ready"
