#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The rules of the tree that no compiler checks. Speaks TAP; each point lists what breaks it.
cd "${top_srcdir:-.}" || exit 1
count=$(mktemp) || exit 1
trap 'rm -f "$count"' EXIT

# point NAME: standard input lists the offenders; none is good. It runs at the end of a pipe, in a
# process of its own: the results are counted in a file.
point() {
        found=$(cat)
        [ -z "$found" ] && echo ok >> "$count" || echo failed >> "$count"
        n=$(wc -l < "$count")
        if [ -z "$found" ]; then
                echo "ok $n - $1"
        else
                echo "not ok $n - $1"
                echo "$found" | head -20 | sed 's/^/# /'
        fi
}

dirs="base gic shm proto daemon client-lib icv cli vmm load bench examples contrib systemd tests"
sources=$(find $dirs -name '*.[ch]' ! -name '*.pb-c.[ch]' | sort)
layers=$(echo "$sources" | grep -v '^tests/')
texts=$(find $dirs m4 configure.ac Makefile.am autogen.sh \
        \( -name '*.[ch]' -o -name '*.cc' -o -name '*.sh' -o -name '*.py' -o -name '*.inc' \
           -o -name '*.proto' -o -name '*.ac' -o -name '*.am' -o -name '*.m4' -o -name '*.map' \) \
        ! -name '*.pb-c.[ch]' ! -name 'libtool.m4' ! -name 'lt*.m4' -type f | sort)

grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*\.\./' $sources |
        point 'no include leaves its folder by ".."'
grep -nE 'stdatomic\.h|__atomic_|__sync_|memory_order_' \
        $(echo "$layers" | grep -vE '^(shm|load|bench|vmm)/') |
        point 'atomics appear in shm/ only'
grep -nE '#[[:space:]]*include[[:space:]]*<(event2?/|event\.h|systemd/)' \
        $(echo "$layers" | grep -v '^daemon/') |
        point 'libevent and libsystemd appear in daemon/ only'
grep -nE '#[[:space:]]*include[[:space:]]*<(sys/|unistd\.h|fcntl\.h|stdlib\.h|pthread\.h|poll\.h)' \
        gic/*.[ch] icv/*.[ch] 2>/dev/null \
        | point 'gic/ and icv/ make no system call and allocate nothing'
grep -nE '#[[:space:]]*include[[:space:]]*"(base|gic|shm|proto)-' \
        $(echo "$sources" | grep -E '^(cli|load|vmm|examples|contrib|icv)/') /dev/null |
        point 'programs and icv/ include public headers only'
for f in $texts; do
        head -3 "$f" | grep -q 'SPDX-License-Identifier:' && head -4 "$f" | grep -q 'Copyright' ||
                echo "$f"
done | point 'every file names its licence and copyright'
grep -nwE 'TO''DO|FIX''ME|X''XX' $texts | point 'no marker of unfinished work'
awk 'FNR > 600 { print FILENAME; nextfile }' $sources |
        point 'no file is longer than 600 lines'
awk '/^[a-zA-Z].*[^;]$/ { name = $0 } /^\{$/ { start = FNR } /^\}$/ && start {
        if (FNR - start - 1 > 80)
                print FILENAME ":" start ": " FNR - start - 1 " lines: " name
        start = 0 }' $sources |
        point 'no function is longer than 80 lines'
grep -n '	' $sources | point 'no tab in a source file'
awk 'length($0) > 170 { print FILENAME ":" FNR ": " length($0) " columns" }' $sources |
        point 'no line is absurdly long'
grep -nE '[[:space:]]+$' $sources | point 'no space at the end of a line'
git ls-files 2> /dev/null | grep -E '(^|/)(config\.(status|log|h)|libtool|stamp-h1)$' \
        | point 'no directory of a build is in git'

# The layers of shm/ are variables of its Makefile.inc, the lowest first. Prints "LAYER FILE" lines.
layers_of_shm() {
        awk '/^shm_[a-z]+ = / { n++; inside = 1 }
                inside { for (i = 1; i <= NF; i++) if (sub(/^%D%/, "shm", $i)) print n, $i }
                !/\\$/ { inside = 0 }' shm/Makefile.inc
}
{ layers_of_shm; ls shm/*.[ch] | sed 's/^/file /'; } | awk '
        $1 != "file" { n[$2]++; next }
        n[$2] != 1 { print $2 ": in " n[$2] + 0 " layers of shm/Makefile.inc" }' |
        point 'each file of shm/ stands in one layer'
{ layers_of_shm; grep -oE '^#include "shm-[a-z-]+\.h"' shm/*.[ch]; } |
        sed 's/:#include "/ shm\//; s/"$//' | awk '
        $1 ~ /^[0-9]+$/ { layer[$2] = $1; next }
        layer[$2] > layer[$1] { print $1 " includes " $2 ", of a higher layer" }' |
        point 'no file of shm/ includes a header of a higher layer'

echo "1..$(wc -l < "$count")"
! grep -q failed "$count"
