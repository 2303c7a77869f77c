#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# run.sh - every fuzz target for a time; called by "make fuzz [SECONDS=60] [TARGETS='ring
# program']", see README here
#
#   run.sh --source DIR --build DIR --seconds N [--not-instrumented] [TARGET...]
#
# --not-instrumented: this build has no libFuzzer. Then one that has it is made, in fuzz-build/ of
# the build directory. New inputs stay in tests/fuzz/found-TARGET of the build that fuzzes,
# reproducers in tests/fuzz/findings/TARGET.
#
# Exit status: 0 nothing was found; 1 something was, or it does not build; 2 usage.
set -eu

usage() {
        echo "Usage: run.sh --source DIR --build DIR --seconds N [--not-instrumented]" \
                "[TARGET...]" >&2
        exit 2
}

source=
build=
seconds=60
instrumented=yes
while [ $# -gt 0 ]; do
        case $1 in
        --source | --build | --seconds)
                [ $# -gt 1 ] || usage
                eval "${1#--}=\$2"
                shift
                ;;
        --not-instrumented) instrumented=no ;;
        -*) usage ;;
        *) break ;;
        esac
        shift
done
[ -n "$source" ] && [ -n "$build" ] || usage
case $seconds in '' | *[!0-9]*) usage ;; esac
: "${MAKE:=make}"

# --- a build with libFuzzer ---

if [ "$instrumented" = no ]; then
        if ! command -v clang > /dev/null; then
                echo "make fuzz: needs clang and its libFuzzer" \
                        "(Debian: apt install clang libclang-rt-14-dev)" >&2
                exit 1
        fi
        mkdir -p "$build/fuzz-build"
        # A tree that is configured cannot be built elsewhere: from a copy.
        if [ -e "$source/config.status" ]; then
                (cd "$build" && rm -rf fuzz-source &&
                        $MAKE -s distdir distdir=fuzz-source > fuzz-build/distdir.log 2>&1) ||
                        { tail -n 20 "$build/fuzz-build/distdir.log" >&2; exit 1; }
                source=$build/fuzz-source
        fi
        build=$build/fuzz-build
        if [ ! -e "$build/Makefile" ]; then
                echo "configuring $build"
                (cd "$build" &&
                        "$source/configure" CC=clang --enable-fuzzing --with-vmm=no \
                                > configure.log 2>&1) ||
                        { tail -n 20 "$build/configure.log" >&2; exit 1; }
        fi
        echo "building $build"
        $MAKE -C "$build" -j"$(nproc)" fuzz-programs > "$build/make.log" 2>&1 ||
                { tail -n 40 "$build/make.log" >&2; exit 1; }
fi

# --- the targets ---

here=$source/tests/fuzz
if [ $# -eq 0 ]; then
        for dir in "$here"/corpus/*/; do
                set -- "$@" "$(basename "$dir")"
        done
fi
cd "$build/tests/fuzz"
top_builddir=$build
export top_builddir
TMPDIR=$(mktemp -d /tmp/vgic-fuzz.XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
# shellcheck disable=SC3045
ulimit -c 0

# The longest input that is worth its time.
limit() {
        case $1 in
        bank) echo 1202 ;;
        program) echo 1208 ;;
        segment) echo 1201 ;;
        *) echo 4096 ;;
        esac
}

# last PATTERN: the last number behind it in the log
last() {
        grep -oE "$1 *[0-9]+" "$log" | tail -n 1 | grep -oE '[0-9]+$' || echo 0
}

# found TARGET DIRECTORY: what the log says of it, and how to see it again
found() {
        echo "  $(grep -m 1 -E 'does not hold|ERROR: |runtime error|Bail out' "$log" ||
                tail -n 1 "$log")"
        for input in "$2"/*; do
                [ ! -e "$input" ] || echo "  $build/tests/fuzz/fuzz-$1 $input"
        done
        echo "  log: $build/tests/fuzz/$log"
}

failed=0
echo "$# targets, $seconds s each"
printf '%-9s %10s %8s %9s %9s %9s  %s\n' target runs runs/s coverage gained inputs result
for target in "$@"; do
        findings=$PWD/findings/$target
        log=fuzz-$target.log
        mkdir -p "found-$target" "$findings"
        rm -f "$findings"/*
        status=0
        ./fuzz-"$target" -max_total_time="$seconds" -max_len="$(limit "$target")" \
                -print_final_stats=1 -len_control=0 -artifact_prefix="$findings/" \
                "found-$target" "$here/corpus/$target" > "$log" 2>&1 || status=$?
        runs=$(last 'number_of_executed_units:')
        [ "$runs" != 0 ] || runs=$(last '^#')
        before=$(grep -m 1 INITED "$log" | grep -oE 'cov: [0-9]+' | grep -oE '[0-9]+' || echo 0)
        printf '%-9s %10s %8s %9s %9s %9s  %s\n' "$target" "$runs" \
                "$(last 'average_exec_per_sec:')" "$(last 'cov:')" \
                "$(($(last 'cov:') - before))" "$(last 'new_units_added:')" \
                "$([ $status = 0 ] && echo 'nothing found' || echo "FOUND (status $status)")"
        if [ $status != 0 ]; then
                failed=1
                found "$target" "$findings"
        fi
done
exit $failed
