#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Take single repairs out, one at a time, and see which kill points notice: make check-death-mutants
#
# check-mutants.sh --apply-only: TAP: the text of each row is there (part of make check: tests/lint/check-mutants.sh)
#
# Each row of "mutants": a file, a text of one line of it, what that becomes, what is taken out. A row whose text is not
# there, or that no kill point notices, is an error.
top_srcdir=${top_srcdir:-.}
kills=${KILLS:-6000}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
apply_only=0
test "$1" != --apply-only || apply_only=1

build() { # test, program's own sources
        ${CC:-cc} -std=gnu11 -O1 -w -DSHM_ATOMIC_HOOKS -D_GNU_SOURCE -include "$dir/config.h" -I"$dir/shm" -iquote "$dir/shm" \
                -iquote "$dir/gic" -iquote "$top_srcdir/base" -iquote "$top_srcdir/tests/lib" \
                -iquote "$top_srcdir/tests/shm" -iquote "$top_srcdir/tests/death" -I"$top_srcdir/client-lib/include" \
                -iquote "$top_srcdir/icv" -o "$dir/$1" "$dir"/shm/*.c "$dir"/gic/*.c "$top_srcdir"/base/*.c "$top_srcdir"/icv/*.c \
                "$top_srcdir/tests/lib/tap.c" "$top_srcdir/tests/death/death-guest.c" "$top_srcdir/tests/death/death-judge.c" \
                "$top_srcdir/tests/death/death-world.c" "$top_srcdir/tests/death/$2" "$top_srcdir/tests/death/$3"
}

only=${ONLY:-.}

mutant() { # file, text, replacement, words
        if [ $apply_only = 1 ]; then
                if TEXT=$2 awk 'index($0, ENVIRON["TEXT"]) { found = 1 } END { exit !found }' "$top_srcdir/$1"; then
                        echo "ok - $4"
                else
                        echo "not ok - tests/death/mutants: $1 has no \"$2\": $4"
                        failed=1
                fi
                return
        fi
        rm -rf "$dir/shm" "$dir/gic" "$dir/out"
        cp -r "$top_srcdir/shm" "$top_srcdir/gic" "$dir"
        if ! TEXT=$2 NEW=$3 awk 'BEGIN { t = ENVIRON["TEXT"]; n = ENVIRON["NEW"] }
                (i = index($0, t)) && !done { $0 = substr($0, 1, i - 1) n substr($0, i + length(t)); done = 1 }
                { print } END { exit !done }' "$top_srcdir/$1" > "$dir/$1"; then
                echo "GONE      $4: $1 has no \"$2\""
                failed=1
                return
        fi
        if ! { build points death-acts.c test-points.c && build lr death-ports.c test-points.c &&
               build cut death-acts.c test-cut.c &&
               build guest death-acts.c test-guest.c; } 2> "$dir/errors"; then
                echo "BROKEN    $4: does not compile"
                sed 's/^/          /' "$dir/errors" | head -3
                failed=1
                return
        fi
        for test in guest cut lr points; do
                KILLS=$kills SEED=1 timeout 300 "$dir/$test" >> "$dir/out" 2>&1
        done
        n=$(grep -c '^not ok' "$dir/out")
        if [ "$n" -gt 0 ]; then
                echo "noticed   $4: by $n points, first $(grep '^not ok' "$dir/out" | head -1 | sed 's/not ok [0-9]* - //; s/: killed.*//')"
        elif grep -q '^Bail\|^1\.\.' "$dir/out"; then
                echo "UNNOTICED $4"
                failed=1
        else
                echo "noticed   $4: it does not come to its end"
        fi
}

[ $apply_only = 1 ] || cp "${top_builddir:-.}/config.h" "$dir/config.h" || exit 1
while IFS='~' read -r file text new words; do
        case $file in '' | '#'*) continue ;; esac
        echo "$words" | grep -q -e "$only" || continue
        mutant "$file" "$text" "$new" "$words"
done < "$top_srcdir/tests/death/mutants"
exit $failed
