#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# minimise.sh - take what "make fuzz" found that is new into the corpora of the tree, as few files
# as give the coverage
#
#   minimise.sh SOURCE-DIR FUZZ-BUILD-DIR TARGET...
#
# Seeds with names of their own (those made by make-seeds.py) stay; those named seed-* are chosen
# anew by libFuzzer's merge.
set -eu
[ $# -gt 2 ] || { echo "Usage: minimise.sh SOURCE-DIR FUZZ-BUILD-DIR TARGET..." >&2; exit 2; }
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
shift 2
top_builddir=$build
export top_builddir
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$@"; do
        corpus=$source/tests/fuzz/corpus/$target
        mkdir -p "$corpus" "$work/$target" "$build/tests/fuzz/found-$target"
        # What the named seeds cover already is not chosen again: they are in the output folder.
        for seed in "$corpus"/*; do
                case ${seed##*/} in
                seed-* | '*') ;;
                *) cp "$seed" "$work/$target/" ;;
                esac
        done
        "$build/tests/fuzz/fuzz-$target" -set_cover_merge=1 -use_counters=0 \
                "$work/$target" "$corpus" "$build/tests/fuzz/found-$target" \
                > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
        rm -f "$corpus"/seed-*
        n=0
        for seed in "$work/$target"/*; do
                [ ! -e "$corpus/${seed##*/}" ] || continue
                n=$((n + 1))
                cp "$seed" "$corpus/seed-$(printf %03d $n)"
        done
        echo "$target: $(find "$corpus" -type f | wc -l) files"
done
