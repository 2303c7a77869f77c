#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Take single repairs out, one at a time, and see which kill points notice: make check-death-mutants
#
# check-mutants.sh --apply-only: TAP: the text of each row is there (part of make check:
# tests/lint/check-mutants.sh)
#
# Each row of "mutants": a file, a text of one line of it, what that becomes, what is taken out,
# and, of what no kill point can notice, why. A row whose text is not there, or that no kill point
# notices without a reason, is an error. ONLY=REGEX: the rows whose words match. The tests are run
# in turn, until one notices; TESTS_OF="test-stop": these, PART=thirds: this part of test-points and
# test-points-lr. QUICK=1: of each only the first point that fails, in a tenth of the time.
top_srcdir=${top_srcdir:-.}
kills=${KILLS:-6000}
tests=${TESTS_OF:-test-guest test-cut test-points test-points-lr test-stop test-writes}
part=${PART:-}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
apply_only=0
test "$1" != --apply-only || apply_only=1

# compile DIRECTORY SOURCE...: objects of these in the directory
compile() {
        objects=$1
        shift
        for source; do
                ${CC:-cc} -std=gnu11 -O1 -w -DSHM_ATOMIC_HOOKS -D_GNU_SOURCE \
                        -include "$dir/config.h" \
                        -I"$dir/shm" -iquote "$dir/shm" -iquote "$dir/gic" \
                        -iquote "$top_srcdir/base" -iquote "$top_srcdir/tests/lib" \
                        -iquote "$top_srcdir/tests/shm" -iquote "$top_srcdir/tests/death" \
                        -I"$top_srcdir/client-lib/include" -iquote "$top_srcdir/icv" \
                        -c -o "$objects/$(basename "$source" .c).o" "$source" ||
                        return 1
        done
}

all() { # DIRECTORY
        compile "$1" "$dir"/shm/*.c "$dir"/gic/*.c "$top_srcdir"/base/*.c "$top_srcdir"/icv/*.c \
                "$top_srcdir/tests/lib/tap.c" "$top_srcdir/tests/lib/laws.c" \
                "$top_srcdir"/tests/death/death-*.c "$top_srcdir/tests/death/test-points.c" \
                "$top_srcdir/tests/death/test-cut.c" "$top_srcdir/tests/death/test-guest.c" \
                "$top_srcdir/tests/death/test-stop.c" "$top_srcdir/tests/death/test-writes.c" \
                "$top_srcdir"/tests/death/points-*.c
}

link() { # TEST, the objects of its own
        program=$1
        shift
        # shellcheck disable=SC2046
        (cd "$dir/objects" && ${CC:-cc} -o "../$program" "$@" \
                $(printf '%s\n' *.o | grep -v '^test-\|^points-\|^death-acts\|^death-ports'))
}

link_alone() { # TEST: it is of no world but its own
        # shellcheck disable=SC2046
        (cd "$dir/objects" && ${CC:-cc} -o "../$1" "$1.o" \
                $(printf '%s\n' *.o | grep -v '^test-\|^points-\|^death-'))
}

# A source that is changed is compiled alone; of a header everybody may know something.
build() { # the file that was changed
        rm -rf "$dir/objects"
        cp -r "$dir/whole" "$dir/objects" || return 1
        case $1 in
        *.c) compile "$dir/objects" "$dir/$1" || return 1 ;;
        *) all "$dir/objects" || return 1 ;;
        esac
        link test-points test-points.o points-revived.o points-thirds.o death-acts.o &&
                link test-points-lr test-points.o points-revived.o points-thirds.o death-ports.o &&
                link test-cut test-cut.o death-acts.o &&
                link_alone test-stop &&
                link test-guest test-guest.o death-acts.o &&
                link test-writes test-writes.o death-acts.o
}

only=${ONLY:-.}

run_test() { # QUICK=1: until its first failure. Return: 124 and above: it does not come to its end
        [ -x "$dir/$1" ] || return 2
        # shellcheck disable=SC2086
        if [ -z "$QUICK" ]; then
                KILLS=$kills SEED=1 timeout 300 "$dir/$1" $part > "$dir/out" 2>&1
        else
                KILLS=$kills SEED=1 timeout 300 "$dir/$1" $part 2>&1 |
                        sed '/^not ok/q' > "$dir/out"
                grep -q '^not ok\|^1\.\.' "$dir/out" || return 124
        fi
}

mutant() { # file, text, replacement, words, why nothing notices
        case $5 in *'~'*)
                echo "not ok - tests/death/mutants: a text has a ~, which ends it: $1, $2"
                failed=1
                return ;;
        esac
        if [ $apply_only = 1 ]; then
                if TEXT=$2 awk 'index($0, ENVIRON["TEXT"]) { found = 1 } END { exit !found }' \
                        "$top_srcdir/$1"; then
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
                (i = index($0, t)) &&
                        !done { $0 = substr($0, 1, i - 1) n substr($0, i + length(t)); done = 1 }
                { print } END { exit !done }' "$top_srcdir/$1" > "$dir/$1"; then
                echo "GONE      $4: $1 has no \"$2\""
                failed=1
                return
        fi
        if ! build "$1" 2> "$dir/errors"; then
                echo "BROKEN    $4: does not compile"
                sed 's/^/          /' "$dir/errors" | head -3
                failed=1
                return
        fi
        for test in $tests; do
                run_test "$test"
                status=$?
                n=$(grep -c '^not ok' "$dir/out")
                if [ "$n" -gt 0 ]; then
                        first=$(grep '^not ok' "$dir/out" |
                                sed 's/not ok [0-9]* - //; s/: killed.*//; q')
                        echo "noticed   $4: $test: $n, first: $first"
                        return
                elif [ $status -ge 124 ]; then
                        echo "noticed   $4: $test: it does not come to its end ($status)"
                        return
                elif [ $status -ne 0 ]; then
                        echo "BROKEN    $4: $test: $(tail -1 "$dir/out")"
                        failed=1
                        return
                fi
        done
        if [ -n "$5" ]; then
                echo "explained $4: $5"
                return
        fi
        echo "UNNOTICED $4"
        failed=1
}

if [ $apply_only = 0 ]; then
        cp "${top_builddir:-.}/config.h" "$dir/config.h" &&
                cp -r "$top_srcdir/shm" "$top_srcdir/gic" "$dir" && mkdir "$dir/whole" &&
                all "$dir/whole" || exit 1
fi
while IFS='~' read -r file text new words why; do
        case $file in '' | '#'*) continue ;; esac
        echo "$words" | grep -q -e "$only" || continue
        mutant "$file" "$text" "$new" "$words" "$why"
done < "$top_srcdir/tests/death/mutants"
exit $failed
