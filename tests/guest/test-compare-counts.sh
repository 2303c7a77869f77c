#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# compare-counts.awk of ./quickstart on readings made up here: what must pass however busy a machine
# is, and each count that is wrong in one place. Speaks TAP.
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0

# Three readings of the guest: the timer (27), the console (33) and IPI0 on two CPUs, in this order.
guest() {
        i=0
        for counts in "$@"; do
                i=$((i + 1))
                echo "[    1.5] vgic-rest $i"
        done
        i=0
        for counts in "$@"; do
                i=$((i + 1))
                set -- $counts
                echo "reading $i of /proc/interrupts"
                echo "CPU0       CPU1"
                echo "11:  $1 $2  GICv3  27 Level     arch_timer"
                echo "13:  $3 $4  GICv3  33 Level     uart-pl011"
                echo "IPI0:  $5 $6  Rescheduling interrupts"
                echo "Err:  0"
        done
        echo "end of readings"
}

# The host's, one more than the guest's. vgicctl leaves out rows of zeros.
host() {
        i=0
        for counts in "$@"; do
                echo "reading $i"
                i=$((i + 1))
                set -- $counts
                echo "INTID  NAME   CPU0  CPU1  TOTAL"
                [ "$5$6" = 00 ] || echo "    0  SGI0  $5 $6  $(($5 + $6))"
                [ "$1$2" = 00 ] || echo "   27  PPI27  $1 $2  $(($1 + $2))"
                [ "$3$4" = 00 ] || echo "   33  SPI33  $3 $4  $(($3 + $4))"
        done
}

# point STATUS NAME: the comparison of $tmp/guest and $tmp/host.
point() {
        n=$((n + 1))
        awk -f "$top_srcdir/tests/guest/compare-counts.awk" "$tmp/guest" "$tmp/host" \
                > "$tmp/out" 2>&1
        [ $? -eq "$1" ] || { sed 's/^/# /' "$tmp/out"; printf 'not '; }
        echo "ok $n - $2"
}

guest '10 5 3 0 0 0' '12 5 4 0 0 2' '19 9 5 0 1 2' > "$tmp/guest"
host '8 5 1 0 0 0' '10 5 3 0 0 0' '15 6 4 0 0 2' '30 9 5 0 1 9' > "$tmp/host"
point 0 'timers and IPIs that move, a console that moves before the reading only'
# Equal: the console and CPU 0's IPI or not, timer of CPU 1: 5 in the first reading, 3 in the
# second, 2 in the third.
grep -q 'of 18 counts 10 are equal' "$tmp/out" || { sed 's/^/# /' "$tmp/out"; printf 'not '; }
n=$((n + 1))
echo "ok $n - and it says how many are equal"

guest '10 5 3 0 0 0' '10 5 4 0 0 0' > "$tmp/guest"
host '10 5 2 0 0 0' '10 5 3 0 0 0' '10 5 4 0 0 0' > "$tmp/host"
point 0 'nothing but the console moves: everything is equal'

wrong() { # NAME, the host's three readings
        name=$1
        shift
        host "$@" > "$tmp/host"
        point 1 "$name"
}
wrong 'an IPI that only vgicd has' '10 5 2 0 0 0' '10 5 3 0 1 0' '10 5 4 0 1 0'
wrong 'a timer one too many in all readings' '11 5 2 0 0 0' '11 5 3 0 0 0' '11 5 4 0 0 0'
wrong 'a timer one too few in all readings' '9 5 2 0 0 0' '9 5 3 0 0 0' '9 5 4 0 0 0'
wrong 'the console one too many' '10 5 3 0 0 0' '10 5 4 0 0 0' '10 5 5 0 0 0'
wrong 'the console one too few' '10 5 1 0 0 0' '10 5 2 0 0 0' '10 5 3 0 0 0'
wrong 'the console on the other CPU' '10 5 0 2 0 0' '10 5 0 3 0 0' '10 5 0 4 0 0'
wrong 'the last reading only' '10 5 2 0 0 0' '10 5 3 0 0 0' '10 4 4 0 0 0'
wrong 'a reading of vgicd that is missing' '10 5 2 0 0 0' '10 5 3 0 0 0'
host '10 5 2 0 0 0' '10 5 3 0 0 0' '10 5 4 0 0 0' > "$tmp/host"
sed -i '/end of readings/d' "$tmp/guest"
point 1 'a guest that did not say everything'
: > "$tmp/guest"
point 1 'a guest that said nothing'
echo "1..$n"
