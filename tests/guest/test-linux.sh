#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# A real guest: Debian's arm64 Linux on 1, 2 and 4 vCPUs, its interrupts from the daemon. Speaks
# TAP.
. "$top_srcdir/tests/guest/guest.sh"
need_linux
start_daemon

# --- boot, a shell, power off ---
for n_cpus in 1 2 4; do
        start_linux --smp $n_cpus --name linux
        says "vgic-guest: up, $n_cpus CPUs" "Linux boots on $n_cpus vCPUs"
        says 'guest# ' 'to a shell'
        type_line 'echo $((6*7))-typed; sha256sum /bin/busybox; echo all-''hashed'
        says '^42-typed' 'a command typed at the console works'
        says '^all-hashed' 'and one that works hard'
        type_line 'poweroff -f'
        ends 0 'power off: status 0'
done

# --- an idle guest ---
start_linux --smp 2 --name linux --stats
says 'guest# ' 'Linux on 2 vCPUs'
status 0 'both vCPUs are there' ctl icc-ctlr linux 1
# The guest's own clock bounds the time: it sleeps for 4 s. Half a second of CPU would be plenty.
type_line 'sleep 1; echo idle-''from; sleep 4; echo idle-''to'
says '^idle-from' 'it goes to sleep'
ticks=$(cpu_ticks "$guest")
says '^idle-to' 'it wakes'
used=$(($(cpu_ticks "$guest") - ticks))
echo "# $used ticks of $(getconf CLK_TCK) a second in 4 seconds"
[ $used -lt $(($(getconf CLK_TCK) / 2)) ]
ok $? 'an idle guest costs next to no CPU time'

# --- an interrupt from another process wakes the idle guest: level-sensitive SPI 33 is the PL011's;
# 40 is nobody's ---
status 0 'inject an SPI that the guest has not enabled' ctl inject linux 40
type_line 'echo still-''alive'
says '^still-alive' 'the guest does not mind'

# --- hot-unplug and replug, 30 times, while the other vCPU takes timer interrupts ---
type_line 'timer0() { awk "/arch_timer/ { print \$2 }" /proc/interrupts; }; a=$(timer0); i=0; bad=0'
type_line 'cd /sys/devices/system/cpu/cpu1'
type_line 'ticked() { [ $(timer0) -gt $b ] || bad=2; }'
type_line 'replug() { b=$(timer0); echo 0 >online || bad=1; echo 1 >online || bad=1; ticked; }'
type_line 'while [ $i -lt 30 ]; do replug; i=$((i+1)); done'
type_line 'echo replugged-$i-$bad-$(nproc)-''end; echo ticks $(($(timer0) - a)) ''end'
says '^replugged-30-0-2-end' \
        'one vCPU is unplugged and replugged 30 times; each time the other takes timer interrupts'
status 0 'vgicctl shows the vCPUs' ctl vcpus linux
# --- a reset of the whole system ---
type_line 'reboot -f'
two_boots() {
        sed -n '/reboot -f/,$p' "$console" | sed -n '/vgic-guest: up, 2 CPUs/,$p' |
                grep -q 'guest# '
}
wait_until two_boots
ok $? 'a system reset boots Linux again'
type_line 'echo after-''reset; poweroff -f'
says '^after-reset' 'and its console works'
ends 0 'power off: status 0'
grep -q 'ICC_CTLR_EL1: 32 reads from shared memory at CPU_ON' "$tmp/err" # 1 + 30 + 1
ok $? 'ICC_CTLR_EL1 was read from shared memory at each of the 32 CPU_ON'

# --- nobody reads the console for a while ---
mkfifo "$tmp/pipe"
"$vmm" --socket "$socket" --timeout 600 --name slow --smp 2 --kernel "$VGIC_GUEST_DIR/Image" \
        --initrd "$VGIC_GUEST_DIR/initramfs.cpio.gz" < /dev/null > "$tmp/pipe" 2> "$tmp/err" \
        --append 'console=ttyAMA0 quiet vgic_command="stty -onlcr; seq 1 30000;'\
' echo counted; poweroff -f"' &
guest=$!
exec 8< "$tmp/pipe"
written=0
pipe_is_full() { # how full that is depends on the sizes of the writes: until it gets no fuller
        before=$written
        written=$(sed -n 's/^wchar: //p' "/proc/$guest/io")
        [ "$written" -ge 30000 ] && [ "$written" -eq "$before" ]
}
wait_until pipe_is_full
ok $? 'a guest prints until the pipe is full'
tr -d '\r' <&8 > "$console"
exec 8<&-
sed -n '/^1$/,/^counted$/p' "$console" > "$tmp/out"
{ seq 1 30000; echo counted; } | cmp -s - "$tmp/out"
ok $? 'a reader that comes late finds every byte of it'
ends 0 'power off: status 0'

# --- the daemon ends ---
start_linux --smp 2 --name linux
says 'guest# ' 'Linux on 2 vCPUs'
stop_daemon
type_line 'sleep 1; sha256sum /bin/busybox; echo without-''daemon'
says '^without-daemon' 'without the daemon the guest goes on: timers, console, IPIs'
type_line 'poweroff -f'
ends 0 'power off: status 0'
done_testing
