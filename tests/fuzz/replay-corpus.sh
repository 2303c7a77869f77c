#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Each fuzz target takes the inputs of its corpus folder. Speaks TAP.
n=0
failed=0
for dir in "$top_srcdir"/tests/fuzz/corpus/*/; do
        target=$(basename "$dir")
        n=$((n + 1))
        if output=$("$top_builddir/tests/fuzz/fuzz-$target" "$dir"* 2>&1); then
                echo "ok $n - fuzz-$target takes its corpus"
        else
                failed=1
                echo "not ok $n - fuzz-$target takes its corpus"
                echo "$output" | tail -40 | sed 's/^/# /'
        fi
done
echo "1..$n"
exit $failed
