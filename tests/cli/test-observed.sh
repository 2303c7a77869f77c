#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic-bench's rows "observed": with 8 processes reading ICC_CTLR_EL1 of 512 vCPUs that run flat
# out, neither side takes one instruction more than without the other. They are exact counts, not
# times. Speaks TAP.
bench=$top_builddir/bench/vgic-bench
library=$top_builddir/client-lib/.libs/libvgic.so

skip() {
        echo "1..0 # SKIP $1"
        exit 0
}
command -v valgrind >/dev/null || skip 'valgrind is not installed'
nm -D "$library" | grep -qE '__(asan|tsan|ubsan)_' &&
        skip 'valgrind does not run what has a sanitizer'

found=$("$bench" --daemon "$top_builddir/daemon/vgicd" --strict observed 2>&1)
status=$?
echo "$found" | sed 's/^/# /'
n=0 failed=0
point() { # NAME TEST...
        n=$((n + 1))
        name=$1
        shift
        if "$@" >/dev/null; then
                echo "ok $n - $name"
        else
                failed=1
                echo "not ok $n - $name"
        fi
}
row() { echo "$found" | grep -qE "^instructions of $1.* 1 x +1 \+- 0 +met "; }
point 'a vCPU operation takes as many instructions watched as alone' row "512 vCPUs' operations"
point 'a read takes as many while the vCPUs run as while they rest' row 'a read of ICC_CTLR_EL1'
point 'vgic-bench --strict agrees' [ "$status" = 0 ]
echo "1..$n"
exit "$failed"
