#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The example compiles against the installed library, found by pkg-config, and runs. Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"

if nm -D "$top_builddir/client-lib/.libs/libvgic.so" | grep -q '__[at]san_'; then
        echo '1..0 # SKIP the library is built with a sanitizer'
        exit 0
fi
root=$tmp/root
# The make that runs this test must not hand its own job server and variables down.
status 0 'make install with DESTDIR' env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
        make -C "$top_builddir" install DESTDIR="$root"
pc=$(find "$root" -name libvgic.pc)
library=$(dirname "$(find "$root" -name libvgic.so)")
[ -n "$pc" ] && [ -n "$library" ]
ok $? 'the library and its pkg-config file are installed'
example=$(find "$root" -name minimal-vmm.c)
[ -n "$example" ]
ok $? 'the example is installed'
PKG_CONFIG_LIBDIR=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
flags=$(pkg-config --cflags --libs libvgic)
ok $? 'pkg-config finds it'
status 0 'it compiles without a warning' \
        ${CC:-cc} -Wall -Wextra -Werror "$example" -o "$tmp/minimal-vmm" $flags -pthread
start_daemon
status 0 'it runs' env LD_LIBRARY_PATH="$library" timeout 60 "$tmp/minimal-vmm" "$socket"
has '^vCPU 1 acknowledged INTID 40$' 'the SPI came to vCPU 1'
has '^vCPU 0 acknowledged SGI 7$' 'the SGI came to vCPU 0'
stop_daemon
status 1 'without a daemon it says so' env LD_LIBRARY_PATH="$library" timeout 60 \
        "$tmp/minimal-vmm" "$socket"
done_testing
