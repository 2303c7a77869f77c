#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# wrap.sh BUILD ROOT - put a script in the place of each arm64 program of a build, which runs it
# under qemu-user
#
# The program itself moves to PROGRAM.arm64. So whoever starts one by its name - make, libtool's own
# scripts, a test's shell, execv() in an emulated test - gets the emulator, and the host needs no
# binfmt_misc.
set -eu

[ $# -eq 2 ] || { echo "Usage: $0 BUILD ROOT" >&2; exit 2; }
build=$(cd "$1" && pwd)
root=$(cd "$2" && pwd)

# All that QEMU has, with pointers signed by something quick. By the architected algorithm, which
# QEMU computes bit by bit, test-fold-reset took 167 s instead of 14: each function is built with
# -mbranch-protection.
cpu=max,pauth-impdef=on

# An ELF file (7f 45 4c 46) for machine 183 (b7 00), by its first 20 bytes.
is_arm64() {
        case $(od -An -tx1 -N20 "$1" | tr -d ' \n') in
        7f454c46*b700) return 0 ;;
        esac
        return 1
}

find "$build" -type f -perm -u+x ! -name '*.so*' ! -name '*.arm64' | while IFS= read -r program; do
        is_arm64 "$program" || continue
        mv "$program" "$program.arm64"
        printf '#!/bin/sh\nexec qemu-aarch64 -cpu %s -L "%s" "%s" "$@"\n' "$cpu" "$root" \
                "$program.arm64" >"$program.new"
        chmod 755 "$program.new"
        mv "$program.new" "$program"
done
