#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic-vmm --cpu-interface=lr with guests of a few instructions: SPIs that one vCPU acknowledges and
# another deactivates, with few and many list registers; the same guests as with trapped accesses.
# Speaks TAP.
. "$top_srcdir/tests/guest/guest.sh"

# --- the command line ---
for bad in 0 17 -1 x '' 1.5; do
        status 2 "--list-registers '$bad'" "$vmm" --kernel /dev/null \
                --cpu-interface=lr "--list-registers=$bad"
done
for bad in '' LR lr4 direct; do
        status 2 "--cpu-interface '$bad'" "$vmm" --kernel /dev/null "--cpu-interface=$bad"
done
status 2 '--list-registers with --cpu-interface=trap' "$vmm" --kernel /dev/null \
        --cpu-interface=trap --list-registers=4
grep -q 'needs --cpu-interface=lr' "$tmp/err"
ok $? 'and it says why'

# counter NAME: its sum over all vCPUs, of what --stats printed.
counter() {
        grep 'list registers:' "$tmp/err" | grep -o "[0-9]* $1" |
                awk '{ sum += $1 } END { print sum + 0 }'
}

# --- acknowledged on one vCPU, deactivated on the other: 24 SPIs, 200 times each; beside them up to
# 600 SGIs ---
start_daemon
printf .. > "$tmp/in"
flat dir --smp 2 --stats < "$tmp/in" && [ "$(cat "$tmp/out")" = DIR ] &&
        ! grep -q 'list registers' "$tmp/err"
ok $? 'SPIs deactivated by the other vCPU: trapped accesses'
for n_lr in 1 4 16; do
        flat dir --smp 2 --stats --cpu-interface=lr --list-registers=$n_lr < "$tmp/in" &&
                [ "$(cat "$tmp/out")" = DIR ]
        ok $? "the same with list registers: $n_lr"
        taken=$(counter 'interrupts taken') traps=$(counter 'DIR traps')
        echo "# $taken interrupts taken, $traps DIR traps," \
                "$(counter 'maintenance interrupts') maintenance interrupts," \
                "$(counter kicks) kicks, $(counter exits) exits"
        [ "$taken" -gt 4800 ] && [ "$taken" -le 5400 ]
        ok $? 'all went through list registers'
        # While an SPI is active, and here one always is that is to be ended, each ICC_DIR_EL1 has
        # to trap.
        [ "$traps" -eq "$taken" ]
        ok $? 'and each deactivation was trapped'
        # 12 are pending at once at the beginning: those that do not fit come after a maintenance
        # interrupt.
        [ "$n_lr" -lt 16 ] || continue
        [ "$(counter 'maintenance interrupts')" -gt 10 ]
        ok $? 'maintenance interrupts bring what has no list register'
done

# --- what the daemon's segment counted ---
start_guest --kernel "$tmp/dir.bin" --smp 2 --cpu-interface=lr --list-registers=2 --name dir
printf . >&9
says '^DIR' 'with 2 list registers'
status 0 'the counts in the segment' ctl counts dir
awk '$1 >= 64 && $1 < 88 { rows++; exact += $($1 % 2 ? 4 : 3) == 200 && $5 == 200 }
        END { exit !(rows == 24 && exact == 24) }' "$tmp/out"
ok $? 'each SPI was acknowledged 200 times, by the vCPU that it is routed to'
printf . >&9
ends 0 'power off: status 0'

# --- injected by another process, while the guest runs and while it waits ---
"$top_builddir/tests/guest/flat-guest" ext > "$tmp/ext.bin"
start_guest --kernel "$tmp/ext.bin" --cpu-interface=lr --list-registers=1 --name ext
says '^>' 'a guest that takes SPIs from outside'
taken=.
while [ ${#taken} -lt 10 ]; do
        ctl inject ext 70 > /dev/null
        wait_until said "^>[.]\\{${#taken}\\}" || break
        taken=$taken.
done
ctl inject ext 70 > /dev/null
ends 0 'it has taken ten'
[ "$(cat "$console")" = '>..........' ]
ok $? 'and nothing else'

# --- the gate of TDIR needs no daemon ---
start_guest --kernel "$tmp/dir.bin" --smp 2 --cpu-interface=lr --name dir
wait_until ctl show dir
stop_daemon
wait_until grep -q 'goes on' "$tmp/err"
printf . >&9
says '^DIR' 'without the daemon: the same'
printf . >&9
ends 0 'power off: status 0'

# --- the guests of test-flat.sh ---
start_daemon
flat awake --cpu-interface=lr < /dev/null && [ "$(cat "$tmp/out")" = FIQ ]
ok $? 'a guest that never writes GICR_WAKER takes an interrupt'
flat istatus --cpu-interface=lr < /dev/null && [ "$(cat "$tmp/out")" = I ]
ok $? 'when ISTATUS of a timer reads 1 its interrupt is pending'
flat fetch --cpu-interface=lr < /dev/null && [ "$(cat "$tmp/out")" = .. ]
ok $? 'an instruction where nobody answers is an external abort'
flat fiq --cpu-interface=lr < /dev/null && [ "$(cat "$tmp/out")" = FIQ ]
ok $? 'an interrupt of group 0 is an FIQ'
flat psci --smp 2 --cpu-interface=lr < /dev/null && [ "$(cat "$tmp/out")" = ................ ]
ok $? 'PSCI calls and their errors'
flat wild --smp 2 --cpu-interface=lr --list-registers=16 < /dev/null &&
        [ "$(cat "$tmp/out")" = mrj ]
ok $? 'a wild guest has its own exceptions and nothing worse'
flat alloff --cpu-interface=lr < /dev/null
[ $? -eq 3 ]
ok $? 'a guest that turns all its vCPUs off: 3'
"$top_builddir/tests/guest/flat-guest" reset > "$tmp/reset.bin"
start_guest --kernel "$tmp/reset.bin" --cpu-interface=lr --smp 2
five_resets() { [ "$(grep -c . "$console")" -ge 5 ]; }
wait_until five_resets && ! grep -q '[^0]' "$console"
ok $? 'a system reset, time and again'
kill -TERM "$guest"
ends 143 'SIGTERM ends it with 143'
done_testing
