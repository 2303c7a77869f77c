#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# No circle of calls: not between the files of a folder, and not between folders. Speaks TAP.
#
# A circle means that none of its files can be understood, tested or replaced without all the
# others. The check looks at what was built: file A uses file B if the object of A leaves a symbol
# undefined that the object of B defines, be it a function or a table.
top_srcdir=$(cd "${top_srcdir:-.}" && pwd)
top_builddir=${top_builddir:-build}
cd "$top_builddir" || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# The folders whose files still form a circle. One that has none any more must leave this list: else
# the point fails.
unfinished=""
folders="base gic shm proto icv client-lib daemon cli load vmm bench examples"

# D file symbol: defines it. U file symbol: needs it. Objects whose source is gone are left over
# from an older build.
for folder in $folders; do
        for object in $folder/.libs/*.o $folder/*.o; do
                [ -f "$object" ] || continue
                name=$(basename "$object" .o)
                source=$folder/${name#*-}.c
                [ -f "$top_srcdir/$source" ] || [ -f "$source" ] || continue
                nm -P "$object" | awk -v file="${source%.c}" '
                        $2 == "U" { print "U", file, $1 }
                        $2 ~ /^[ABCDRTVW]$/ { print "D", file, $1 }'
        done
done | sort -u > "$dir/symbols"

# Each use of one file by another: user, used, symbol. The file of a symbol that two programs define
# (main, a name that both took) is looked for in the user's folder first.
awk '
        { split($2, part, "/") }
        FNR == NR && $1 == "D" { inside[part[1] " " $3] = $2; anywhere[$3] = $2; next }
        FNR != NR && $1 == "U" {
                used = (part[1] " " $3) in inside ? inside[part[1] " " $3] : \
                        ($3 in anywhere ? anywhere[$3] : "")
                if (used != "" && used != $2)
                        print $2, used, $3
        }' "$dir/symbols" "$dir/symbols" > "$dir/uses"

# Standard input: user, used, symbol. Prints the uses that lie on a circle.
circles() {
        awk '
                { node[$1]; node[$2]; use[$1, $2]; way[$1, $2]
                  why[$1 " " $2] = why[$1 " " $2] " " $3 }
                END {
                        for (k in node) for (i in node) if ((i, k) in way) for (j in node)
                                if ((k, j) in way)
                                        way[i, j]
                        for (i in node) for (j in node)
                                if ((i, j) in use && (j, i) in way)
                                        print i " -> " j ":" why[i " " j]
                }' | sort
}

n=0 failed=0
# point NAME: what stands in $dir/found breaks it.
point() {
        n=$((n + 1))
        if [ -s "$dir/found" ]; then
                failed=1
                echo "not ok $n - $1"
                head -60 "$dir/found" | cut -c1-160 | sed 's/^/# /'
        else
                echo "ok $n - $1"
        fi
}

: > "$dir/found"
for folder in base gic shm proto icv client-lib daemon cli load; do
        grep -q "^D $folder/" "$dir/symbols" || echo "$folder: no object found"
done > "$dir/found"
point "the objects of each folder were found"

for folder in $folders; do
        grep -q "^D $folder/" "$dir/symbols" || continue
        awk -v f="$folder/" 'index($1, f) == 1 && index($2, f) == 1' "$dir/uses" |
                circles > "$dir/found"
        case " $unfinished " in
        *" $folder "*)
                if [ -s "$dir/found" ]; then
                        cut -d: -f1 "$dir/found" | awk '{ print $1; print $3 }' | sort -u | wc -l |
                                sed "s|^|# $folder: files on a circle: |"
                        : > "$dir/found"
                else
                        echo "take $folder off the list of folders that have a circle" \
                                > "$dir/found"
                fi
                point "$folder: still stands in the list of folders with a circle, and has one" ;;
        *)
                point "$folder: no circle of calls between its files" ;;
        esac
done

awk '{ split($1, a, "/"); split($2, b, "/"); if (a[1] != b[1]) print a[1], b[1], $3 }' "$dir/uses" |
        circles > "$dir/found"
point "no circle of calls between folders"
echo "1..$n"
exit $failed
