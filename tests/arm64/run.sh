#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# run.sh DIRECTORY [TEST...] - build all but the VMM for arm64, and run the tests under qemu-user:
# "make check-arm64"
#
# What    In DIRECTORY: sysroot/ (Debian's arm64 libraries: sysroot.sh) and build/, which is kept
#         and brought up to date. What is tested is the code for arm64: its instructions, alignment,
#         char, its layout of structures, its system calls. Not the order of memory accesses: that
#         is the host's. TEST... are some of the suite instead of all.
# Needs   gcc-aarch64-linux-gnu, qemu-user, what quickstart installs for a build, and once a
#         network. No binfmt_misc, no root.
# Prints  the tests that fail, and last one line: "N passed, N failed, N skipped".
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
[ $# -ge 1 ] || { echo "Usage: $0 DIRECTORY [TEST...]" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
root=$dir/sysroot/root
build=$dir/build

die() {
        echo "check-arm64: $*" >&2
        exit 1
}

# logged NAME COMMAND...: quietly; the end of its output if it fails.
logged() {
        log=$dir/$1.log
        shift
        "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; die "failed: $* (whole log: $log)"; }
}

for tool in aarch64-linux-gnu-gcc qemu-aarch64 protoc-c pkg-config; do
        command -v "$tool" >/dev/null ||
                die "$tool is needed: apt-get install gcc-aarch64-linux-gnu qemu-user," \
                        "then ./quickstart's"
done
[ ! -e "$source/config.status" ] ||
        die "$source is built in place; this needs a build in a directory of its own"
# Nothing of a make that started this: neither its variables nor its job server.
unset MAKEFLAGS MAKELEVEL MFLAGS CC CXX CFLAGS CPPFLAGS LDFLAGS LIBS
export PKG_CONFIG_LIBDIR="$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig"
export PKG_CONFIG_SYSROOT_DIR="$root"

logged sysroot sh "$here/sysroot.sh" "$dir/sysroot"
mkdir -p "$build"
cd "$build"
# CXX: tests/litmus is a memory model that is simulated, the same on any machine.
[ config.status -nt "$source/configure" ] ||
        logged configure "$source/configure" --host=aarch64-linux-gnu --with-vmm=no \
        CC="aarch64-linux-gnu-gcc --sysroot=$root -B$here/" CXX=no LIBS=-Wl,--no-as-needed,-lgaps
logged make make -j"$(nproc)"
logged make-tests make -j"$(nproc)" check TESTS=
logged wrap sh "$here/wrap.sh" "$build" "$root"

find tests -name '*.trs' -exec rm -f {} +
status=0
make -j"$(nproc)" check LOG_COMPILER="sh $here/run-test.sh" SH_LOG_COMPILER="sh $here/run-test.sh" \
        ${1+"TESTS=$*"} >"$dir/check.log" 2>&1 || status=$?
grep -aE '^(FAIL|ERROR|XPASS|SKIP)' "$dir/check.log" || :
find tests -name '*.trs' -exec cat {} + | awk '
        /^:test-result: (PASS|XFAIL)/ { p++ }
        /^:test-result: (FAIL|XPASS|ERROR)/ { f++ }
        /^:test-result: SKIP/ { s++ }
        END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit p == 0 || f > 0 }' ||
        status=1
exit "$status"
