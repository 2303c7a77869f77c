#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# run.sh BUILD-DIRECTORY SECONDS - every fuzz target for a time, in a build with --enable-fuzzing; new inputs go to a scratch
# corpus beside the build, and a finding ends it with its reproducer's path.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 BUILD-DIRECTORY SECONDS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
cd "$1/tests/fuzz"
for dir in "$here"/corpus/*/; do
        target=$(basename "$dir")
        mkdir -p "found-$target"
        echo "fuzz-$target for $2 s"
        ./fuzz-"$target" -max_total_time="$2" -print_final_stats=1 -verbosity=0 "found-$target" "$dir" 2>&1 |
                grep -E 'stat::(number_of_executed|new_units)|ERROR|does not hold|Test unit' || :
        for crash in crash-* leak-* timeout-* oom-*; do
                [ ! -e "$crash" ] || { echo "found: $PWD/$crash (replay: ./fuzz-$target $crash)" >&2; exit 1; }
        done
done
