#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""Beside the guest: the daemon is killed, tools look and inject, two QEMUs share a daemon."""
import re

from guest import Daemon, Machine, Tap, need_linux, need_qemu, wait_until

N_KILLS = 10


def kill_at(moment, lock):
    """The daemon dies when the guest's kernel has taken so many interrupts."""
    daemon = Daemon()
    machine = Machine(daemon, cpus=2, lock=lock)
    wait_until(lambda: machine.name in daemon.vms())
    wait_until(lambda: ticks(daemon, machine.name) >= moment or machine.says(r'guest# ', 0, 0))
    daemon.kill()
    up = machine.up()
    out = up and machine.run('sleep 1; echo slept; nproc')
    Tap.ok(out and 'slept' in out, f'killed at {moment} timer interrupts: the guest boots and '
           'sleeps', machine.where())
    status = machine.off()
    Tap.ok(status == 0 and 'vgicd is gone' in machine.said() and not machine.complaints(),
           'QEMU says that it is gone, and powers off', f'status {status}', machine.where())
    machine.stop()


def ticks(daemon, name):
    return daemon.counts(name).get(27, 0)


def test_tools(daemon):
    machine = Machine(daemon, cpus=2, name='looked-at')
    Tap.ok(machine.up(), 'a guest runs', machine.where())
    for words in (('list',), ('show', 'looked-at'), ('vcpus', 'looked-at'), ('irqs', 'looked-at'),
                  ('icc-ctlr', 'looked-at', '1'), ('counts', 'looked-at'), ('tdir', 'looked-at'),
                  ('attr', 'get', 'looked-at', 'dist-regs', '0')):
        answer = daemon.ctl(*words)
        Tap.ok(answer.returncode == 0 and answer.stdout, f'vgicctl {words[0]}', answer.stderr)
    # The PL011's line is SPI 1: INTID 33. One more edge of it is one more interrupt of Linux's.
    before = pl011(machine)
    machine.run('sleep 1')
    answer = daemon.ctl('inject', 'looked-at', '33')
    Tap.ok(answer.returncode == 0, 'vgicctl inject', answer.stderr)
    Tap.ok(wait_until(lambda: pl011(machine) > before), "a guest that sleeps takes a tool's pulse",
           before)
    image = daemon.ctl('save', 'looked-at', '/dev/null')
    Tap.ok(image.returncode == 0, 'vgicctl save', image.stderr)
    Tap.ok(machine.off() == 0, 'power off', machine.where())


def pl011(machine):
    out = machine.run('cat /proc/interrupts') or ''
    match = re.search(r'^ *\d+: +(\d+) +(\d+).*GICv3 +33 ', out, re.M)
    return int(match[1]) + int(match[2]) if match else -1


def test_two(daemon):
    both = [Machine(daemon, cpus=2, name=f'two-{n}', lock=n == 1) for n in range(2)]
    for machine in both:
        Tap.ok(machine.says('up, 2 CPUs') and machine.up(), f'{machine.name} boots beside another',
               machine.where())
    both[0].stop()
    out = both[1].run('sleep 1; echo slept')
    Tap.ok(out and 'slept' in out, 'one is killed: the other goes on', both[1].where())
    Tap.ok(wait_until(lambda: daemon.vms() == ['two-1']), 'its VM goes', daemon.vms())
    Tap.ok(both[1].off() == 0, 'power off', both[1].where())


need_qemu()
need_linux()
THE_DAEMON = Daemon()
test_tools(THE_DAEMON)
test_two(THE_DAEMON)
Tap.ok(THE_DAEMON.stop() == 0, 'the daemon ends well')
for step in range(N_KILLS):
    kill_at(step * 40, step % 2 == 1)
Tap.done()
