# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Sourced: Debian's arm64 packages on any host, through apt with a private state. The host's own
# package data base is not touched, and a plain user may do it.
#
# Before: $dir, an absolute path that is the caller's own. VGIC_GUEST_SUITE and VGIC_GUEST_MIRROR
# choose another suite and mirror. Needs apt, dpkg-deb, debian-archive-keyring.

suite=${VGIC_GUEST_SUITE:-bookworm}
mirror=${VGIC_GUEST_MIRROR:-}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "$(basename "$0" .sh): $*" >&2; }

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

# private_apt STATUS - an apt whose lists, archives, locks and data base (a copy of STATUS) are in
# $dir/apt. Of the system's configuration it has what says how to reach a mirror, and no more: not
# the commands that the system runs after each update.
private_apt() {
        for tool in apt-get apt-cache apt-config dpkg-deb; do
                command -v "$tool" >/dev/null || die "$tool is needed"
        done
        [ -r "$keyring" ] || die "$keyring is missing (package debian-archive-keyring)"
        [ -n "$mirror" ] || mirror=$(find_mirror | head -n 1)
        mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/apt/parts"
        cat "$1" >"$dir/apt/status"
        reach=$(apt-config dump Acquire | grep -v -e IndexTargets -e Languages)
        cat >"$dir/apt/apt.conf" <<CONF
$reach
APT::Sandbox::User "";
Dir::State "$dir/apt";
Dir::State::Lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt";
Dir::Cache::archives "$dir/apt/archives";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$dir/apt/parts";
Dir::Etc::sourcelist "$dir/apt/sources.list";
Dir::Etc::sourceparts "$dir/apt/parts";
Dir::Etc::preferences "$dir/apt/preferences";
Dir::Etc::preferencesparts "$dir/apt/parts";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
        export APT_CONFIG="$dir/apt/apt.conf"
}

apt_options() {
        private_apt /dev/null
        echo "deb [signed-by=$keyring] $mirror $suite main" >"$dir/apt/sources.list"
        cat >>"$dir/apt/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
CONF
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
        (cd "$dir/apt/archives" && rm -f "${1}"_*.deb && apt-get -q download "$1" >&2) ||
                die "could not download $1"
        rm -rf "$dir/tree/$1.new"
        mkdir -p "$dir/tree/$1.new"
        dpkg-deb -x "$dir/apt/archives/$1"_*.deb "$dir/tree/$1.new"
        rm -f "$dir/apt/archives/$1"_*.deb
        mv "$dir/tree/$1.new" "$dir/tree/$1"
}

# fetch_with_dependencies FOLDER PACKAGE... - unpacks them, and all that they depend on, into FOLDER
fetch_with_dependencies() {
        folder=$1
        shift
        update_lists
        rm -f "$dir/apt/archives"/*.deb
        apt-get -q -y --no-install-recommends --download-only install "$@" >&2 ||
                die "could not download $*"
        for package in "$dir/apt/archives"/*.deb; do
                dpkg-deb -x "$package" "$folder"
        done
        rm -f "$dir/apt/archives"/*.deb
}
