#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic-vmm with guests of a few instructions: command line, exit statuses, exceptions, wild guests.
# Speaks TAP.
. "$top_srcdir/tests/guest/guest.sh"

# --- the command line ---
status 0 '--help' "$vmm" --help
has '^Usage: vgic-vmm' '--help says how'
status 0 '--version' "$vmm" --version
status 1 '--help to a full disk' sh -c '"$@" > /dev/full' sh "$vmm" --help
status 1 '--version to a full disk' sh -c '"$@" > /dev/full' sh "$vmm" --version
status 2 'no kernel' "$vmm"
status 2 'unknown option' "$vmm" --frobnicate
status 2 'an argument too many' "$vmm" --kernel /dev/null x
for bad in 0 9 -1 2x '' 1.5; do
        status 2 "--smp '$bad'" "$vmm" --kernel /dev/null --smp "$bad"
done
for bad in 0 15 40000 x 1e9; do
        status 2 "--memory '$bad'" "$vmm" --kernel /dev/null --memory "$bad"
done
for bad in 0 -1 x nan inf; do
        status 2 "--timeout '$bad'" "$vmm" --kernel /dev/null --timeout "$bad"
done
status 2 '--name with a slash' "$vmm" --kernel /dev/null --name a/b
status 2 'a kernel that is not there' "$vmm" --socket "$socket" --kernel "$tmp/nothing"
status 2 'a kernel that is a directory' "$vmm" --socket "$socket" --kernel "$tmp"
: > "$tmp/empty"
status 2 'a kernel that is empty' "$vmm" --socket "$socket" --kernel "$tmp/empty"

# --- without a daemon ---
flat hello < /dev/null
[ $? -eq 4 ] && grep -q "vgicd --socket $socket" "$tmp/err"
ok $? 'without a daemon: status 4, and it says how to start one'

# --- guests that end ---
start_daemon
flat hello < /dev/null && [ "$(cat "$tmp/out")" = dtb ]
ok $? 'a flat binary finds the device tree in x0, prints, and powers off'
flat spin --timeout 0.3 < /dev/null
[ $? -eq 124 ]
ok $? 'a guest that runs for ever: --timeout ends it with 124'
flat alloff < /dev/null
[ $? -eq 3 ]
ok $? 'a guest that turns all its vCPUs off: 3'
flat lost < /dev/null
[ $? -eq 3 ] && grep -q 'pc 0x30000000' "$tmp/err"
ok $? 'a guest that jumps into nowhere: 3, and it says where'
flat psci --smp 2 < /dev/null && [ "$(cat "$tmp/out")" = ................ ]
ok $? 'PSCI calls and their errors'
flat awake < /dev/null && [ "$(cat "$tmp/out")" = FIQ ]
ok $? 'a guest that never writes GICR_WAKER takes an interrupt'
flat istatus < /dev/null && [ "$(cat "$tmp/out")" = I ]
ok $? 'when ISTATUS of a timer reads 1 its interrupt is pending'
flat fetch < /dev/null && [ "$(cat "$tmp/out")" = .. ]
ok $? 'an instruction where nobody answers is an external abort'
flat fiq < /dev/null && [ "$(cat "$tmp/out")" = FIQ ]
ok $? 'an interrupt of group 0 is an FIQ'
flat code --smp 2 < /dev/null && [ "$(cat "$tmp/out")" = 112233445566778899 ]
ok $? 'code that one vCPU writes is executed anew by both, once the guest has said so by IC IVAU'
flat wild --smp 2 < /dev/null && [ "$(cat "$tmp/out")" = mrj ]
ok $? 'a wild guest has its own exceptions and nothing worse'
flat wild --smp 8 --memory 16 < /dev/null && [ "$(cat "$tmp/out")" = mrj ]
ok $? 'the same in the largest and smallest machine'
echo 'a line of more than thirty-two bytes, which is what the FIFO holds.' > "$tmp/in"
flat echo < "$tmp/in" && [ "$(cat "$tmp/out")" = "$(cat "$tmp/in" | tr -d '\n')" ]
ok $? 'input reaches a guest that polls, none of it lost'
flat spin --timeout 0.3 --initrd "$vmm" --memory 16 < /dev/null
[ $? -eq 124 ]
ok $? 'an initial RAM disk'
dd if=/dev/zero of="$tmp/large" bs=1024k count=0 seek=17 2> /dev/null
flat spin --initrd "$tmp/large" --memory 16 < /dev/null
[ $? -eq 1 ] && grep -q 'more by --memory' "$tmp/err"
ok $? 'a RAM disk that does not fit: 1, and it says so'

# --- guests in the background ---
flat hello --name one < /dev/null
"$top_builddir/tests/guest/flat-guest" reset > "$tmp/reset.bin"
start_guest --kernel "$tmp/reset.bin" --name one
five_resets() { [ "$(grep -c . "$console")" -ge 5 ]; }
wait_until five_resets && ! grep -q '[^0]' "$console"
ok $? 'a system reset loads memory afresh, time and again'
kill -TERM "$guest"
ends 143 'SIGTERM ends it with 143'
start_guest --kernel "$tmp/spin.bin" --name one --stats
wait_until ctl show one
status 4 'a name that is taken: 4' "$vmm" --socket "$socket" --kernel "$tmp/spin.bin" --name one
kill -USR1 "$guest"
wait_until grep -q 'ICC_CTLR_EL1: 0 reads from shared memory' "$tmp/err"
ok $? 'SIGUSR1 prints counters'
stop_daemon
wait_until grep -q 'the guest goes on' "$tmp/err"
ok $? 'the daemon ends: the guest goes on, and that is said'
ticks=$(cpu_ticks "$guest")
later() { [ "$(cpu_ticks "$guest")" -gt $((ticks + 5)) ]; }
wait_until later && [ "$(grep -c 'goes on' "$tmp/err")" -eq 1 ]
ok $? 'it runs, and it was said once'
kill -INT "$guest"
ends 130 'SIGINT ends it with 130'
start_daemon
start_guest --kernel "$tmp/spin.bin" --name two
wait_until ctl show two
status 0 'destroy the VM' ctl destroy two
ends 3 'a guest whose VM is destroyed: 3'
! "$vmm" --socket "$socket" --kernel "$tmp/reset.bin" 2> "$tmp/err" < /dev/null |
        head -c 4 > "$tmp/out"
wait_until grep -q 'standard output is lost' "$tmp/err"
ok $? 'a closed standard output ends it, and that is said'
# --- standard descriptors ---
hello_to() {
        status 1 "$2" sh -c '"$@" '"$1" sh "$vmm" --socket "$socket" --kernel "$tmp/hello.bin"
}
hello_to '>&-' 'standard output is closed: 1'
hello_to '> /dev/full' 'what the guest says last cannot be written: 1'
done_testing
