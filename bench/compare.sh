#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# compare.sh - the data path of a commit and of this build, side by side in one run
#
#   compare.sh --source DIR --build DIR --base COMMIT [--rounds N] [--strict] [ROWS...]
#
# Called by "make bench-compare BASE=COMMIT". COMMIT is taken out of git into a temporary directory,
# configured with the compiler and the flags of this build, and built; the directory is removed at
# the end. The rows:
#
#   path      bench-path.c and bench-ops.c of this tree, built against each commit's libvgic and run
#             against each commit's vgicd: the operations one by one, timed in alternating rounds,
#             and their instructions counted once (callgrind)
#   deliver, icc-ctlr, count, wake, device, tdir, trace, lr (as far as both commits have them)
#             each commit's own vgic-bench, in alternating rounds: what "make bench" prints
#
# Default: path icc-ctlr deliver count. Exit status: 0 compared, 1 it could not be, 2 usage; with
# --strict also 1 if a row of path takes over 2 % more instructions.
set -eu

usage() {
        echo "Usage: compare.sh --source DIR --build DIR --base COMMIT [--rounds N] [--strict]" \
                "[ROWS...]" >&2
        exit 2
}

die() {
        echo "bench-compare: $*" >&2
        exit 1
}

source=
build=
base=
rounds=15
strict=0
rows=
path=
while [ $# -gt 0 ]; do
        case $1 in
        --source | --build | --base | --rounds)
                [ $# -gt 1 ] || usage
                eval "${1#--}=\$2"
                shift
                ;;
        --strict) strict=1 ;;
        path) path=yes ;;
        deliver | icc-ctlr | count | wake | device | tdir | trace | lr) rows="$rows $1" ;;
        *) usage ;;
        esac
        shift
done
[ -n "$source" ] || usage
[ -n "$build" ] || usage
[ -n "$base" ] || die "say which commit to compare with: make bench-compare BASE=COMMIT"
case $rounds in '' | *[!0-9]* | 0) usage ;; esac
[ -n "$path$rows" ] || { path=yes; rows="icc-ctlr deliver count"; }

top=$(git -C "$source" rev-parse --show-toplevel 2>/dev/null) || top=
[ "$top" = "$(cd "$source" && pwd -P)" ] ||
        die "$source is not a git checkout, so there is no other commit to compare with"
commit=$(git -C "$source" rev-parse --verify --quiet "$base^{commit}") ||
        die "there is no commit '$base' here"

work=$(mktemp -d "${TMPDIR:-/tmp}/vgic-compare.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/before" "$work/before/b"

# logged COMMAND... - run quietly; show the end of the log if it fails
logged() {
        "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "failed: $*"; }
}

echo "building $(git -C "$source" log -1 --format='%h %s' "$commit")"
git -C "$source" archive "$commit" | tar -x -C "$work/before"
(
        cd "$work/before"
        logged ./autogen.sh
        cd b
        logged ../configure -q --without-vmm CC="${CC:-cc}" CFLAGS="${CFLAGS:--g -O2}"
        logged make -s all bench/vgic-bench
)

# build_path TREE BUILD NAME - this tree's bench-path.c with that tree's header and library
build_path() {
        # CFLAGS is a list of words.
        # shellcheck disable=SC2086
        logged ${CC:-cc} ${CFLAGS:--g -O2} -std=gnu11 -include "$2/config.h" \
                -I"$1/client-lib/include" -iquote "$source/load" -iquote "$source/bench" \
                -o "$work/path-$3" "$source/bench/bench-path.c" "$source/bench/bench-ops.c" \
                "$source/bench/bench-stats.c" "$source/bench/bench-vm.c" \
                "$source/load/load-guest.c" -L"$2/client-lib/.libs" -lvgic -lm \
                -Wl,-rpath,"$2/client-lib/.libs"
}
build=$(cd "$build" && pwd)
source=$(cd "$source" && pwd)
before=$work/before/b

# time_path BEFORE|AFTER BUILD, count_path BEFORE|AFTER BUILD:
# lines "time|count TAB side TAB row TAB value"
time_path() {
        "$work/path-$1" "$2/daemon/vgicd" >"$work/out" || die "vgic-bench-path failed ($1)"
        sed "s/^/time	$1	/" "$work/out" >>"$work/path"
}

# Callgrind writes one file at the end of each row, in the order of the rows, and what is left into
# a last one.
count_path() {
        mkdir "$work/cg-$1"
        # shellcheck disable=SC2046
        LD_BIND_NOW=1 valgrind --tool=callgrind --collect-atstart=no --toggle-collect='row_*' \
                $(sed -n 's/^ROW \(row_[a-z_]*\).*/--dump-after=\1/p' "$source/bench/bench-ops.c") \
                --callgrind-out-file="$work/cg-$1/out" "$work/path-$1" "$2/daemon/vgicd" --count \
                >"$work/out" 2>"$work/log" ||
                { tail -n 20 "$work/log" >&2; die "callgrind failed ($1)"; }
        number=0
        while IFS='	' read -r row n; do
                number=$((number + 1))
                total=$(sed -n 's/^totals: //p' "$work/cg-$1/out.$number")
                awk -v row="$row" -v n="$n" -v total="$total" -v side="$1" \
                        'BEGIN { printf "count\t%s\t%s\t%.3f\n", side, row, total / n }' \
                        >>"$work/path"
        done <"$work/out"
}

# bench SIDE BUILD - the rows of that commit's own program; its table has two or more blanks between
# columns
bench() {
        # shellcheck disable=SC2086
        "$2/bench/vgic-bench" --daemon "$2/daemon/vgicd" $rows >"$work/out" ||
                die "vgic-bench failed ($1)"
        awk -v side="$1" -F '   *' '/  (met|MISSED|shown) / {
                split($2, value, " ")
                print "ratio\t" side "\t" $1 "\t" value[1]
        }' "$work/out" >>"$work/bench"
}

hash=$(git -C "$source" log -1 --format=%h "$commit")
echo "measuring: $hash before, this build after; $rounds rounds each, in turn"
if [ -n "$path" ]; then
        build_path "$work/before" "$before" before
        build_path "$source" "$build" after
        round=0
        while [ $round -lt "$rounds" ]; do
                time_path before "$before"
                time_path after "$build"
                round=$((round + 1))
        done
        if command -v valgrind >/dev/null; then
                count_path before "$before"
                count_path after "$build"
        else
                echo "valgrind is not installed: no instructions are counted"
        fi
fi
if [ -n "$rows" ]; then
        round=0
        while [ $round -lt $(((rounds + 4) / 5)) ]; do
                bench before "$before"
                bench after "$build"
                round=$((round + 1))
        done
fi
status=0
[ -z "$path" ] || awk -v strict=$strict -f "$source/bench/compare.awk" "$work/path" || status=1
[ -z "$rows" ] || awk -v strict=0 -f "$source/bench/compare.awk" "$work/bench"
exit $status
