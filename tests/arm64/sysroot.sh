#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# sysroot.sh DIRECTORY - what an arm64 build of this project compiles and links against, out of
# Debian's packages
#
# Leaves in DIRECTORY/root the headers and libraries, and our libgaps.so (gaps.c). What is there is
# kept: with a complete DIRECTORY neither network nor apt is needed. Needs what debian.sh needs, and
# gcc-aarch64-linux-gnu.
set -eu

[ $# -eq 1 ] || { echo "Usage: $0 DIRECTORY" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
root=$dir/root
. "$here/debian.sh"

packages='libc6-dev libevent-dev libprotobuf-c-dev libsystemd-dev'

# Links to /lib are right where a package is installed; here they would lead into the host.
mend_links() {
        find "$root" -type l -lname '/*' | while IFS= read -r link; do
                ln -sfn "$root$(readlink "$link")" "$link"
        done
}

if [ ! -d "$root" ]; then
        apt_options
        rm -rf "$root.new"
        mkdir -p "$root.new"
        fetch_with_dependencies "$root.new" $packages
        mv "$root.new" "$root"
        mend_links
        say "$root is ready"
fi
gaps=$root/usr/lib/aarch64-linux-gnu/libgaps.so
if [ ! -e "$gaps" ] || [ "$here/gaps.c" -nt "$gaps" ]; then
        aarch64-linux-gnu-gcc --sysroot="$root" -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared \
                "$here/gaps.c" -o "$gaps" || die "could not compile gaps.c"
fi
