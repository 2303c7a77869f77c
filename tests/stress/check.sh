#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# check.sh [STEPS [SEED]] - the stress programs as threads and as processes, with trap ports and
# with ports of either kind; STEPS operations each (a quarter with hooks), or as many as a check
# takes. Speaks TAP.
dir=${top_builddir:-.}/tests/stress
fewer=${1:+$(($1 / 4))}
n=0
failed=0

# run NAME PROGRAM OPTIONS... - what it prints is kept as comments
run() {
        name=$1
        program=$2
        shift 2
        n=$((n + 1))
        if output=$("$dir/$program" "$@" 2>&1); then
                case $output in
                1..0*) echo "ok $n - $name # SKIP ${output#*SKIP }" ;;
                *) echo "ok $n - $name" ;;
                esac
        else
                failed=1
                echo "not ok $n - $name"
        fi
        echo "$output" | sed -e 's/^# *//' -e 's/^/# /'
}

for ports in 0 any; do
        kind=$(test $ports = 0 || echo ", list-register ports among them")
        run "threads on one mapping$kind" stress --threads --list-registers $ports \
                ${1:+--steps "$1"} ${2:+--seed "$2"}
        run "processes with a mapping each$kind" stress --processes --list-registers $ports \
                ${1:+--steps "$1"} ${2:+--seed "$2"}
        run "threads that stop between any two accesses$kind" \
                stress-hooked --threads --list-registers $ports \
                ${fewer:+--steps "$fewer"} ${2:+--seed "$2"}
        run "processes that stop between any two accesses$kind" \
                stress-hooked --processes --list-registers $ports \
                ${fewer:+--steps "$fewer"} ${2:+--seed "$2"}
done
echo "1..$n"
exit $failed
