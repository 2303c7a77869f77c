#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# fetch-guest.sh DIRECTORY - get a real arm64 guest out of Debian's packages
#
# What    Leaves in DIRECTORY: Image (Debian's arm64 cloud kernel) and initramfs.cpio.gz
#         (busybox-static and our init.sh). Both come through apt with a private state: see
#         tests/arm64/debian.sh.
# Cache   What is there is kept: with a complete DIRECTORY neither network nor apt is needed.
# Needs   apt, dpkg-deb, debian-archive-keyring, cpio, gzip.
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
. "$here/../arm64/debian.sh"

# The meta package names the versioned kernel package of the day.
kernel_package() {
        apt-cache depends linux-image-cloud-arm64 |
                sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
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
        (cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) |
                gzip -9n >"$dir/initramfs.new"
        mv "$dir/initramfs.new" "$dir/initramfs.cpio.gz"
        rm -rf "$root"
}

complete() {
        [ -s "$dir/Image" ] && [ -s "$dir/initramfs.cpio.gz" ] &&
                [ "$dir/initramfs.cpio.gz" -nt "$here/init.sh" ]
}

complete && exit 0
for tool in cpio gzip; do
        command -v "$tool" >/dev/null || die "$tool is needed"
done
mkdir -p "$dir/tree"
apt_options
make_kernel
make_initramfs
say "$dir/Image and $dir/initramfs.cpio.gz are ready"
