#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""Stop and continue, system_reset, savevm and loadvm, migration, also with QEMU's own GICv3."""
import os

from guest import Daemon, Machine, Qmp, QEMU, Tap, living, need_linux, need_qemu, subprocess, tmp, \
    wait_until

LOAD = '(while :; do :; done) & (while :; do sleep 0.01; done) & echo loaded'
MACHINE = 'virt-7.2'


def works(machine, what):
    out = machine.run('sleep 1; echo slept; sha256sum /bin/busybox | cut -c1-4')
    return Tap.ok(out and 'slept' in out and not machine.complaints(), what, out, machine.where())


def test_stop_and_go(daemon, lock):
    machine = Machine(daemon, cpus=2, lock=lock)
    control = machine.qmp()
    Tap.ok(machine.up() and machine.run(LOAD), 'a guest runs under load', machine.where())
    for _ in range(20):
        control.do('stop')
        control.do('cont')
    works(machine, 'it is stopped and continued 20 times')
    control.do('stop')
    start = len(machine.console)
    machine.type('echo typed-''while-stopped')
    Tap.ok(not machine.says('^typed-while', start, 2), 'stopped: nothing happens')
    control.do('cont')
    Tap.ok(machine.says('^typed-while', start), 'continued: what was typed meanwhile arrives',
           machine.where())
    for n in range(2):
        start = len(machine.console)
        control.do('system_reset')
        Tap.ok(machine.up(start=start), f'system_reset {n + 1} boots again', machine.where())
    control.do('stop')
    start = len(machine.console)
    control.do('system_reset')
    control.do('cont')
    Tap.ok(machine.up(start=start), 'and one while it is stopped', machine.where())
    works(machine, 'it works')
    Tap.ok(machine.off() == 0, 'power off', machine.where())


def make_disk():
    """A qcow2 to keep states in, by a QEMU without a machine: qemu-img may not be there."""
    path, qmp = os.path.join(tmp, 'disk'), os.path.join(tmp, 'qmp-disk')
    process = subprocess.Popen([QEMU, '-M', 'none', '-nodefaults', '-display', 'none', '-qmp',
                                f'unix:{qmp},server=on,wait=off'])
    living.append(process)
    control = Qmp(qmp, process)
    control.do('blockdev-create', **{'job-id': 'file', 'options': {
        'driver': 'file', 'filename': path, 'size': 0}})
    finish(control, 'file')
    control.do('blockdev-add', driver='file', filename=path, **{'node-name': 'node'})
    control.do('blockdev-create', **{'job-id': 'qcow2', 'options': {
        'driver': 'qcow2', 'file': 'node', 'size': 1 << 26}})
    finish(control, 'qcow2')
    control.do('quit')
    process.wait()
    return path


def finish(control, job):
    wait_until(lambda: [one['status'] for one in control.do('query-jobs')['return']
                        if one['id'] == job] == ['concluded'])
    control.do('job-dismiss', id=job)


def test_savevm(daemon, lock, disk):
    machine = Machine(daemon, cpus=2, lock=lock, options=(
        '-drive', f'if=none,format=qcow2,file={disk}'))
    control = machine.qmp()
    Tap.ok(machine.up() and machine.run(LOAD), 'a guest runs under load', machine.where())
    machine.run('echo first >/tmp/word')
    said = control.human('savevm state')
    Tap.ok(said == '', 'savevm', said)
    machine.run('echo second >/tmp/word')
    for n in range(3):
        said = control.human('loadvm state')
        start = len(machine.console)
        Tap.ok(said == '', f'loadvm {n + 1}', said, machine.said())
        out = machine.run('cat /tmp/word')
        Tap.ok(out and 'first' in out, 'the guest is as it was', out, machine.console[start:])
        works(machine, 'and works')
    Tap.ok(machine.off() == 0, 'power off', machine.where())


def test_migrate(what, source, target, complete=True):
    """From one machine to another by a file; each is a dictionary for Machine()."""
    state = os.path.join(tmp, 'state')
    machine = Machine(cpus=2, machine=MACHINE, **source)
    control = machine.qmp()
    Tap.ok(machine.up() and machine.run(LOAD) and
           machine.run('echo here >/tmp/word; cat /tmp/word'),
           f'{what}: a guest runs under load', machine.where())
    status, why = control.migrate(f'exec:cat > {state}')
    Tap.ok(status == 'completed', 'it is saved', why, machine.said())
    machine.stop()
    other = Machine(cpus=2, machine=MACHINE, options=('-incoming', f'exec:cat {state}'), **target)
    control = other.qmp()
    running = wait_until(lambda: other.process.poll() is not None or control.status() == 'running')
    if not Tap.ok(running and other.process.poll() is None, 'and goes on elsewhere', other.where()):
        other.stop()
        return
    Tap.ok(other.said() == '', 'without a word of complaint', other.said())
    out = other.run('cat /tmp/word; nproc')
    Tap.ok(out and 'here' in out, 'with what it had', out, other.where())
    works(other, 'it works')
    if complete:
        Tap.ok(other.off() == 0, 'power off', other.where())
    other.stop()


need_qemu()
need_linux()
first, second = Daemon(), Daemon()
test_stop_and_go(first, False)
test_stop_and_go(first, True)
DISK = make_disk()
test_savevm(first, False, DISK)
test_savevm(first, True, DISK)
test_migrate('vgicd to another vgicd', {'daemon': first}, {'daemon': second, 'lock': True})
test_migrate("QEMU's own GICv3 to vgicd", {'daemon': None}, {'daemon': first})
test_migrate("vgicd to QEMU's own GICv3", {'daemon': first, 'properties': ('snapshot=off',)},
             {'daemon': None})
test_migrate('vgicd to vgicd without the snapshot', {
    'daemon': first, 'properties': ('snapshot=off',)}, {'daemon': second})
Tap.ok(first.stop() == 0 and second.stop() == 0, 'the daemons end well')
Tap.done()
