#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""hotplug.py TURNS [ROUNDS [VCPUS]]: hot-plugging under load on vgicd and on QEMU's own GICv3.

In turns, so that what else the host does hits both: a complaint of Linux's that both draw from it
(an RCU stall, on a host that has no processor for so many vCPUs) is the host's, not a GIC's. Prints
for each turn how long it took, in processor time, too, and what Linux complained of.
"""
import os
import sys

from guest import Daemon, Machine, Tap, hotplug, need_linux, need_qemu, time


def turn(daemon, cpus, rounds):
    machine = Machine(daemon, cpus=cpus)
    if not machine.up():
        machine.stop()
        return False, 'did not boot', 0
    began, used = time.monotonic(), machine.cpu_seconds()
    good, out = hotplug(machine, cpus, rounds)
    words = f'{time.monotonic() - began:.1f} s, {machine.cpu_seconds() - used:.1f} s of processors'
    if not good:
        words += f': {out}'
    machine.stop()
    complaints = machine.complaints()
    return good, '; '.join([words, *complaints]), len(complaints)


def main(turns, rounds=20, cpus=8):
    daemon = Daemon()
    sums = {'own': 0, 'vgicd': 0}
    for _ in range(turns):
        for name, of in (('own', None), ('vgicd', daemon)):
            good, words, n = turn(of, cpus, rounds)
            load = os.getloadavg()[0]
            print(f'# {name}, {cpus} vCPUs, {rounds} rounds, load {load:.0f}: {words}', flush=True)
            sums[name] += n
            Tap.ok(good, f'{name}: all came back')
    print(f"# complaints of Linux's: {sums['own']} with QEMU's own GICv3, {sums['vgicd']} with "
          "vgicd")
    Tap.done()


need_qemu()
need_linux()
main(*map(int, sys.argv[1:]))
