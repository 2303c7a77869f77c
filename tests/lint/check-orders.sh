#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The labels of atomic accesses: shm/shm-order.h, doc/memory-order.md and the code say the same.
# Speaks TAP.
cd "${top_srcdir:-.}" || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# label operation order, as the table has them
sed -nE 's/^ *X\(([A-Z0-9]+_[RAX][0-9]+), *(load|store|rmw), *([a-z_]+)\).*/\1 \2 \3/p' \
        shm/shm-order.h | sort > "$dir/table"
# the same of the rows of the page: | READY-R1 | store: ... | release | pairs with | if weaker |
label='([A-Z0-9]+)-([RAX][0-9]+)' operation='(load|store|rmw): [^|]+' order='([a-z_]+)'
sed -nE "s/^\| $label \| $operation \| $order \| [^|]+ \| [^|]+ \|\$/\\1_\\2 \\3 \\4/p" \
        doc/memory-order.md | sort > "$dir/page"
# label operation of each access in the code; the label is the last argument
sources=$(find shm client-lib daemon -name '*.[ch]' ! -name 'shm-atomic.h' ! -name 'shm-hook.h' \
        ! -name 'shm-order.h')
cat $sources | grep -oE '\bshm_(load|store|exchange|cas|or|and|add)\(.*' | awk '
        # the text up to the parenthesis that closes the call; what it holds may be another one
        { while (match($0, /shm_(load|store|exchange|cas|or|and|add)\(/)) {
                call = substr($0, RSTART, RLENGTH - 1)
                rest = substr($0, RSTART + RLENGTH)
                depth = 1
                for (i = 1; i <= length(rest) && depth; i++) {
                        c = substr(rest, i, 1)
                        if (c == "(") depth++
                        if (c == ")") depth--
                }
                text = substr(rest, 1, i - 2)
                label = depth ? "unfinished line: " call : text
                sub(/.*, */, "", label)
                kind = call == "shm_load" ? "load" : call == "shm_store" ? "store" : "rmw"
                print label, kind
                $0 = rest
        } }' | sort -u > "$dir/code"

n=0 failed=0
point() {
        n=$((n + 1))
        if [ -s "$dir/found" ]; then
                failed=1
                echo "not ok $n - $1"
                sed 's/^/# /' "$dir/found" | head -20
        else
                echo "ok $n - $1"
        fi
}

[ "$(wc -l < "$dir/table")" -ge 50 ] || echo "no table" > "$dir/found"
[ "$(grep -cE '^ *X\(' shm/shm-order.h)" = "$(wc -l < "$dir/table")" ] ||
        echo "a row of the table is not understood" >> "$dir/found"
point "the table of orders is read whole"
diff "$dir/table" "$dir/page" > "$dir/found"
point "doc/memory-order.md has each label with its operation and order, and no other"
cut -d' ' -f1,2 "$dir/table" | diff - "$dir/code" > "$dir/found"
point "the code uses each label, for that operation only"
grep -nE -e '\b(atomic_[a-z_]+|__atomic_[a-z_]+|__sync_[a-z_]+) *\(' \
        -e '_Atomic\b|\bmemory_order_|\bvolatile\b' $sources |
        grep -v '__asm__ volatile' > "$dir/found"
point "no atomic access without a label"
cut -d' ' -f1 "$dir/table" | tr _ - > "$dir/labels"
words='READY|LOCAL|WORD|CAND|PARK|GATE|CPUIF|REQUEST|ROUTE|ONEOFN|SLOT|APR|CTLR|TAKE|TDIR|EOI'
words="$words|RING|MIRROR|SNAP|OWNER|DAEMON|READ|COUNT|STATUS"
find shm client-lib daemon tests doc -name '*.[ch]' -o -name '*.md' -o -name '*.cc' | sort |
        xargs grep -noE "\\b($words)-[RAX][0-9]+\\b" |
        grep -vwFf "$dir/labels" > "$dir/found"
point "comments and pages name labels that exist"
echo "1..$n"
exit $failed
