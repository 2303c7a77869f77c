#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""Debian's arm64 Linux on qemu-system-aarch64-vgicd: 1 to 8 vCPUs, with and without the lock."""
import re

from guest import Daemon, Machine, Tap, hotplug, need_linux, need_qemu, time

TIMER = 27                      # INTID of the virtual timer
ROUNDS = 20                     # of hot-plugging


def test_boot(daemon, cpus, lock):
    what = f"{cpus} vCPU{'s' if cpus > 1 else ''}, global-lock={'on' if lock else 'off'}"
    machine = Machine(daemon, cpus=cpus, lock=lock)
    began = time.monotonic()
    up = machine.says(f'vgic-guest: up, {cpus} CPUs') and machine.up()
    if not Tap.ok(up, f'Linux boots: {what}', machine.where()):
        machine.stop()
        return
    print(f'# up after {time.monotonic() - began:.1f} s')
    out = machine.run('sha256sum /bin/busybox | cut -c1-8; sleep 1; echo slept')
    Tap.ok(out and 'slept' in out, 'it works, sleeps and wakes', machine.where())
    counts(daemon, machine)
    if cpus > 1:
        good, out = hotplug(machine, cpus, ROUNDS)
        Tap.ok(good, f'vCPUs are unplugged and plugged {ROUNDS} times under load', out,
               machine.where())
    status = machine.off()
    Tap.ok(status == 0, 'power off', f'status {status}', machine.where())
    Tap.ok(not machine.complaints(), 'Linux complained of nothing', *machine.complaints())
    machine.stop()


def counts(daemon, machine):
    """Timer ticks that the guest counts between two readings of the daemon's lie between them."""
    before = daemon.counts(machine.name).get(TIMER)
    out = machine.run('cat /proc/interrupts') or ''
    after = daemon.counts(machine.name).get(TIMER)
    match = re.search(r'^ *\d+: +([\d ]+) GICv3 +27 .*arch_timer', out, re.M)
    ticks = match and sum(int(word) for word in match[1].split())
    Tap.ok(ticks and before and before <= ticks <= after,
           "the guest's timer ticks are the daemon's count", before, ticks, after)


need_qemu()
need_linux()
THE_DAEMON = Daemon()
for n_cpus in (1, 2, 4, 8):
    for with_lock in (False, True):
        test_boot(THE_DAEMON, n_cpus, with_lock)
Tap.ok(THE_DAEMON.stop() == 0, 'the daemon ends well')
Tap.done()
