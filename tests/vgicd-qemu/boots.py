#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""boots.py NUMBER: Linux on 2 and 4 vCPUs by turns, to the prompt and off, and what was amiss.

Hang    No prompt, or no end, within LIMIT_S.
Words   Linux said that a processor or an interrupt is lost.
Count   The guest's interrupts do not lie between the daemon's counts before and after.
Pause   Nothing came from the guest for PAUSE_S. On a busy host that can be the host: so what
        QEMU's threads did in that time is told: processor time, and which vCPUs slept. No fault by
        itself.
A quarter of the boots is with global-lock=on. A line for each; the sum at the end.
"""
import os
import sys
import threading

from guest import Daemon, Machine, Tap, need_linux, need_qemu, time
from soak import wrong_counts

PAUSE_S = 10
TICKS = os.sysconf('SC_CLK_TCK')


def threads(pid):
    """{name: (seconds of processor time, state)} of QEMU's threads."""
    found = {}
    for task in os.listdir(f'/proc/{pid}/task'):
        try:
            with open(f'/proc/{pid}/task/{task}/stat') as file:
                name, rest = file.read().split('(', 1)[1].rsplit(')', 1)
        except OSError:
            continue
        words = rest.split()
        found[f'{name}/{task}'] = ((int(words[11]) + int(words[12])) / TICKS, words[0])
    return found


class Watch(threading.Thread):
    """Tells of each time in which the guest says nothing for long, while it lasts."""

    def __init__(self, daemon, machine):
        super().__init__(daemon=True)
        self.vgicd, self.machine, self.worst, self.pauses = daemon, machine, 0, []
        self.start()

    def run(self):
        length, since, told, before = 0, time.monotonic(), False, {}
        while self.machine.process.poll() is None:
            now = time.monotonic()
            if len(self.machine.console) != length or not before:
                length, since, told = len(self.machine.console), now, False
                before = self.threads()
            self.worst = max(self.worst, now - since)
            if now - since > PAUSE_S and not told:
                told = True
                self.tell(before)
            time.sleep(0.1)

    def threads(self):
        try:
            return threads(self.machine.process.pid)
        except OSError:
            return {}

    def tell(self, before):
        used = [f'{name} {seconds - before.get(name, (0, ""))[0]:.1f} s {state}'
                for name, (seconds, state) in self.threads().items()]
        vcpus = (self.vgicd.look('vcpus', self.machine.name) or {}).get('vcpus', [])
        self.pauses.append(f"load {os.getloadavg()[0]:.1f}; {', '.join(used)}; "
                           f"vCPUs {[one['state'] for one in vcpus]}; "
                           f"after: {self.machine.console[-80:]!r}")


def boot(daemon, cpus, lock):
    """Return: what was amiss, by kinds; the worst silence; its words."""
    machine = Machine(daemon, cpus=cpus, lock=lock, append='loglevel=7')    # whatever it says
    watch = Watch(daemon, machine)
    amiss, words = [], []
    if machine.up():
        wrong = wrong_counts(daemon, machine, cpus)
        amiss += ['count'] if wrong else []
        words += wrong
    else:
        amiss.append('hang')
    if 'hang' not in amiss and machine.off() != 0:
        amiss.append('hang')
    if machine.complaints():
        amiss.append('words')
        words += machine.complaints()
    if 'hang' in amiss:
        words.append(machine.where())
    machine.stop()
    watch.join()
    amiss += ['pause'] * len(watch.pauses)
    return amiss, watch.worst, words + watch.pauses


def boots(number):
    daemon = Daemon()
    sums = {'hang': 0, 'words': 0, 'count': 0, 'pause': 0}
    worst = 0
    for n in range(number):
        cpus, lock = 2 if n % 2 else 4, n % 8 >= 6
        began = time.monotonic()
        amiss, silence, words = boot(daemon, cpus, lock)
        worst = max(worst, silence)
        for kind in amiss:
            sums[kind] += 1
        print(f"# boot {n + 1}: {cpus} vCPUs, global-lock={'on' if lock else 'off'}, "
              f"{time.monotonic() - began:.1f} s, longest silence {silence:.1f} s"
              f"{': ' + ' '.join(amiss) if amiss else ''}", flush=True)
        for line in '\n'.join(words).splitlines():
            print(f'#   {line}', flush=True)
    print(f"# hangs {sums['hang']}, words of Linux {sums['words']}, counts that differ "
          f"{sums['count']}, pauses of more than {PAUSE_S} s {sums['pause']}, the longest silence "
          f"{worst:.1f} s")
    Tap.ok(not (sums['hang'] + sums['words'] + sums['count']),
           f'{number} boots of 2 and 4 vCPUs: no hang, no interrupt lost')
    Tap.ok(daemon.stop() == 0, 'the daemon ends well')


need_qemu()
need_linux()
boots(int(sys.argv[1]))
Tap.done()
