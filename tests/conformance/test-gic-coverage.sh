#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# doc/gic-coverage.md is what its generator prints, and every register of the tables is touched by a
# named test. With --update: writes the document ("make gic-coverage"). Speaks TAP.
top=${top_srcdir:-.}
build=${top_builddir:-.}
here=tests/conformance
doc=$top/doc/gic-coverage.md

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The suite's own verdict is test-conformance's business; here it only has to have run.
VGIC_ACCESS_LOG=$work/log "$build/$here/test-conformance" > "$work/suite" 2>&1
status=$?
if [ "$status" -eq 77 ]; then
        echo "1..0 # SKIP the conformance suite cannot run here"
        exit 0
fi
"$build/$here/gic-coverage" < "$work/log" > "$work/doc" 2> "$work/untouched"
status=$?

if [ "$1" = --update ]; then
        cat "$work/untouched" >&2
        [ "$status" -le 1 ] || exit "$status"
        cp "$work/doc" "$doc"
        exit "$status"
fi
failed=0
point() {
        n=$((n + 1))
        if [ -s "$2" ]; then
                echo "not ok $n - $1"
                head -40 "$2" | sed 's/^/# /'
                failed=1
        else
                echo "ok $n - $1"
        fi
}
n=0
[ "$status" -le 1 ] || echo "the generator fails: $status" >> "$work/untouched"
point "every register is touched by a named test, in each direction that it allows" \
        "$work/untouched"
diff -u "$doc" "$work/doc" > "$work/diff"
point "doc/gic-coverage.md is what make gic-coverage writes" "$work/diff"
echo "1..$n"
exit $failed
