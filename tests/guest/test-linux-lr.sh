#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# A real guest on list registers: Debian's arm64 Linux with vgic-vmm --cpu-interface=lr. Speaks TAP.
. "$top_srcdir/tests/guest/guest.sh"
need_linux
start_daemon

# all_equal: a sum over all vCPUs, of what --stats printed: interrupts taken by the guest, and those
# of list registers.
all_equal() {
        awk '/list registers:/ { sub(/.*list registers: /, ""); lists += $1; next }
                / slices, / { sub(/.* slices, /, ""); all += $1 }
                END { printf "# %d interrupts, %d by list registers\n", all, lists
                      exit !(all > 0 && lists >= all) }' "$tmp/err"
}

# --- boot, a shell, power off: vCPUs and list registers ---
for shape in '1 16' '4 1' '4 4' '4 16'; do
        n_cpus=${shape% *} n_lr=${shape#* }
        start_linux --smp "$n_cpus" --name linux --cpu-interface=lr --list-registers="$n_lr" --stats
        says "vgic-guest: up, $n_cpus CPUs" \
                "Linux boots on $n_cpus vCPUs with list registers: $n_lr"
        says 'guest# ' 'to a shell'
        type_line 'echo $((6*7))-typed; sha256sum /bin/busybox; echo all-''hashed'
        says '^42-typed' 'a command typed at the console works'
        says '^all-hashed' 'and one that works hard'
        type_line 'poweroff -f'
        ends 0 'power off: status 0'
        all_equal
        ok $? 'each interrupt went through a list register'
        grep 'list registers:' "$tmp/err" | sed 's/^vgic-vmm: /# /'
done

# --- idle; hot-unplug and replug; a reset; without the daemon ---
start_linux --smp 2 --name linux --cpu-interface=lr --list-registers=2
says 'guest# ' 'Linux on 2 vCPUs with 2 list registers'
type_line 'sleep 1; echo idle-''from; sleep 4; echo idle-''to'
says '^idle-from' 'it goes to sleep'
ticks=$(cpu_ticks "$guest")
says '^idle-to' 'it wakes'
used=$(($(cpu_ticks "$guest") - ticks))
echo "# $used ticks of $(getconf CLK_TCK) a second in 4 seconds"
[ $used -lt $(($(getconf CLK_TCK) / 2)) ]
ok $? 'an idle guest costs next to no CPU time'
status 0 'inject an SPI that the guest has not enabled' ctl inject linux 40
type_line 'cd /sys/devices/system/cpu/cpu1; i=0; bad=0'
type_line 'replug() { echo 0 >online || bad=1; echo 1 >online || bad=1; i=$((i+1)); }'
type_line 'while [ $i -lt 10 ]; do replug; done'
type_line 'echo replugged-$i-$bad-$(nproc)-''end'
says '^replugged-10-0-2-end' 'one vCPU is unplugged and replugged 10 times'
type_line 'reboot -f'
two_boots() {
        sed -n '/reboot -f/,$p' "$console" | sed -n '/vgic-guest: up, 2 CPUs/,$p' |
                grep -q 'guest# '
}
wait_until two_boots
ok $? 'a system reset boots Linux again'
stop_daemon
type_line 'sleep 1; sha256sum /bin/busybox; echo without-''daemon'
says '^without-daemon' 'without the daemon the guest goes on: timers, console, IPIs'
type_line 'poweroff -f'
ends 0 'power off: status 0'
done_testing
