#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""soak.py SECONDS: a guest under load, judged by counts.

What    Linux on four vCPUs, without the global lock: every vCPU sleeps 100 times a second, a pair
        of processes wakes each other across vCPUs, and the console prints a counted line. Every ten
        seconds the guest's timer ticks, IPIs and console interrupts must lie between the daemon's
        counts before and after, each line must have come whole, and Linux must have complained of
        nothing. It does where the host has no processor for so many vCPUs: timer ticks alone take
        some percent of one for each, so what QEMU had of one is told with it.
"""
import re
import sys

from guest import Daemon, Machine, Tap, need_linux, need_qemu, time

# In words of busybox. The pair: two FIFOs, a byte to and fro; each turn is an IPI or two.
LOAD = '''mkfifo /tmp/a /tmp/b; for i in 1 2 3 4; do (while :; do sleep 0.01; done) & done;
(taskset 1 sh -c "while read x </tmp/a; do echo >/tmp/b; done") &
(taskset 2 sh -c "while echo >/tmp/a; do read x </tmp/b; done") & echo loaded'''
TALK = 'n=0; while [ $n -lt 200 ]; do echo line-$n-abcdefghijklmnopqrstuvwxyz; n=$((n+1)); done'


def guest_counts(text, cpus):
    counts = {}
    for line in text.splitlines():
        words = line.split()
        numbers = [int(word) for word in words[1:1 + cpus] if word.isdigit()]
        if len(numbers) != cpus:
            continue
        ipi = re.match(r'IPI(\d+):', words[0])
        gic = re.search(r'GICv3 +(\d+) ', line)
        if ipi:
            counts[int(ipi[1])] = sum(numbers)
        elif gic:
            counts[int(gic[1])] = sum(numbers)
    return counts


def wrong_counts(daemon, machine, cpus):
    before = daemon.counts(machine.name)
    text = machine.run('cat /proc/interrupts')
    if text is None:
        return ['the guest does not answer']
    after = daemon.counts(machine.name)
    return [f'INTID {intid}: {before.get(intid)} <= {count} <= {after.get(intid)}'
            for intid, count in guest_counts(text, cpus).items()
            if count and not before.get(intid, 0) - slack(intid) <= count <= after.get(intid, 0)]


def slack(intid):
    """What is acknowledged is counted by the daemon first, and then by the guest: one per vCPU."""
    return 4 if intid < 32 else 1


def lines_lost(machine):
    text = machine.run(TALK) or ''
    seen = set(re.findall(r'^line-(\d+)-abcdefghijklmnopqrstuvwxyz$', text, re.M))
    return 200 - len(seen)


def soak(seconds):
    daemon = Daemon()
    machine = Machine(daemon, cpus=4)
    if not Tap.ok(machine.up() and machine.run(' '.join(LOAD.split('\n'))), 'Linux is up',
                  machine.where()):
        return
    end, n, bad = time.monotonic() + seconds, 0, []
    while time.monotonic() < end and not bad:
        began, used = time.monotonic(), machine.cpu_seconds()
        time.sleep(min(10, max(0, end - time.monotonic())))
        bad = wrong_counts(daemon, machine, 4) + machine.complaints()
        lost = lines_lost(machine)
        bad += [f'{lost} lines of the console are lost'] if lost else []
        n += 1
        if bad:
            share = (machine.cpu_seconds() - used) / (time.monotonic() - began)
            print(f'# after {seconds - end + time.monotonic():.0f} s, in which QEMU had lately '
                  f'{share:.0%} of one processor:', *bad, sep='\n#   ', flush=True)
    counts = daemon.counts(machine.name)
    print(f'# {n} looks; {counts.get(27)} timer ticks, {sum(counts.get(i, 0) for i in range(8))} '
          f'IPIs, {counts.get(33)} of the console')
    Tap.ok(not bad, f'{seconds} s of load: nothing lost', machine.where(), *bad)
    Tap.ok(machine.off() == 0, 'power off', machine.where())


if __name__ == '__main__':
    need_qemu()
    need_linux()
    soak(int(sys.argv[1]))
    Tap.done()
