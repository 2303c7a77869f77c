#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# check-mutants.sh - every mutant that is listed still fits the sources
#
# The lists break the product on purpose by naming lines of it. Who changes such a line adapts the
# row in the same commit; a row that fits nothing any more proves nothing. tests/fuzz/bugs has a
# check of its own (tests/fuzz/check-bugs.py).
top=${top_srcdir:-.}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$top" || exit 1
{
        top_srcdir=. sh tests/stress/check-mutants.sh --apply-only
        top_srcdir=. sh tests/death/check-mutants.sh --apply-only
        awk -f tests/mutants/listed.awk tests/mutants/survivors 2>&1 |
                awk -F '\t' '
                        /^check-mutants: not in/ {
                                sub(/^check-mutants: /, "")
                                print "not ok - tests/mutants/survivors: " $0
                                next
                        }
                        { sub(/^ */, "", $5); print "ok - survivor: " $1 ": " $5 }'
} >"$work/out" 2>&1
awk '/^(not )?ok - / { n++; sub(/ok - /, "ok " n " - ") }
        /^not ok/ { failed = 1 }
        !/^(not )?ok / { sub(/^/, "# ") }
        { print }
        END { print "1.." n; exit failed || !n }' "$work/out"
