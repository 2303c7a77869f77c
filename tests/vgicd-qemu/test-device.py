#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""arm-gicv3-vgicd without a guest: its properties, what it refuses and in which words, its end."""
import os

from guest import DEVICE, QEMU, Daemon, Machine, Tap, need_qemu, subprocess, tmp, wait_until


def refused(point, pattern, daemon, hint=None, **how):
    """QEMU ends with status 1 and says why."""
    machine = Machine(daemon, linux=False, **how)
    status = machine.ends()
    said = machine.said()
    Tap.ok(status == 1 and pattern in said and (not hint or hint in said), point,
           f'status {status}', said)
    return said


class Nobody:
    socket = os.path.join(tmp, 'nobody')


def paused(daemon, **how):
    options = how.pop('options', ()) + ('-S',)
    machine = Machine(daemon, linux=False, options=options, **how)
    machine.control = machine.qmp()
    return machine


def gic_of(control):
    for one in control.do('qom-list', path='/machine/unattached')['return']:
        if one['type'] == f'child<{DEVICE}>':
            return '/machine/unattached/' + one['name']
    return None


def test_refusals(daemon):
    refused('no daemon: it says where it looked, and what to do',
            f"cannot reach vgicd at '{Nobody.socket}'", Nobody(),
            hint=f'vgicd --socket {Nobody.socket}')
    refused('two security states are refused', 'needs secure=off', daemon,
            options=('-machine', 'secure=on'))
    refused('EL2 is refused', 'needs virtualization=off', daemon,
            options=('-machine', 'virtualization=on'))
    refused('what is no name of a VM is refused', "'.hidden' is no name", daemon, name='.hidden')
    first = paused(daemon, name='taken')
    refused('a name that is taken', "cannot make VM 'taken'", daemon, name='taken',
            hint='vgicctl list')
    first.stop()


def test_properties(daemon):
    answer = subprocess.run([QEMU, '-device', f'{DEVICE},help'], capture_output=True, text=True,
                            check=False).stdout
    for name in ('socket', 'name', 'persistent', 'global-lock', 'snapshot'):
        Tap.ok(f'{name}=' in answer, f'{DEVICE},help has {name}', answer)
    machine = paused(daemon, name='shape', cpus=4)
    gic = gic_of(machine.control)
    Tap.ok(gic is not None, 'the machine has the device')
    value = machine.control.do('qom-get', path='/machine', property='gic-version')
    Tap.ok(value.get('return') == 'vgicd', 'gic-version reads vgicd', value)
    show = daemon.ctl('show', 'shape').stdout
    Tap.ok('4' in show, 'the daemon has the VM', show)
    vcpus = daemon.ctl('vcpus', 'shape', '--json').stdout
    for index in range(4):
        Tap.ok(f'{index}' in vcpus, f'and vCPU {index}', vcpus)
    machine.control.do('quit')
    Tap.ok(machine.ends() == 0, 'QEMU ends')
    Tap.ok(wait_until(lambda: 'shape' not in daemon.vms()), 'and its VM with it')


def test_name(daemon):
    words = [QEMU, '-nodefaults', '-display', 'none', '-M', 'virt,gic-version=vgicd', '-S', '-name',
             'of-qemu', '-cpu', 'cortex-a57', '-global', f'{DEVICE}.socket={daemon.socket}']
    process = subprocess.Popen(words)
    Tap.ok(wait_until(lambda: 'of-qemu' in daemon.vms()), 'the VM has the name of -name')
    process.kill()
    process.wait()
    Tap.ok(wait_until(lambda: 'of-qemu' not in daemon.vms()), 'and goes when QEMU is killed')


def test_persistent(daemon):
    keep = ('persistent=on',)
    first = paused(daemon, name='kept', cpus=2, properties=keep)
    first.stop()
    Tap.ok('kept' in daemon.vms(), 'persistent=on: the VM outlives a QEMU that is killed')
    answer = daemon.ctl('vcpus', 'kept')
    Tap.ok(answer.returncode == 0, 'and can be looked at', answer.stderr)
    refused('a machine of another shape does not take it over', 'has 2 vCPUs', daemon, name='kept',
            cpus=3, properties=keep, hint='vgicctl destroy kept')
    second = paused(daemon, name='kept', cpus=2, properties=keep)
    Tap.ok(second.control.status() == 'prelaunch', 'one of the same shape does')
    second.stop()
    Tap.ok(daemon.ctl('destroy', 'kept').returncode == 0, 'vgicctl destroys it')


def test_destroyed(daemon):
    machine = Machine(daemon, linux=False, name='gone')
    control = machine.qmp()
    Tap.ok(wait_until(lambda: control.status() == 'running'), 'a machine runs')
    daemon.ctl('destroy', 'gone')
    Tap.ok(wait_until(lambda: control.status() == 'internal-error'),
           'destroyed at the daemon: it stops', control.status())
    Tap.ok("VM 'gone' was destroyed" in machine.said(), 'and says why', machine.said())
    machine.stop()


def test_unplug(daemon):
    machine = paused(daemon, name='unplugged', cpus=2)
    gic = gic_of(machine.control)
    answer = machine.control.do('qom-set', path=gic, property='realized', value=False)
    Tap.ok('error' not in answer, 'the device is unrealized', answer)
    Tap.ok(wait_until(lambda: 'unplugged' not in daemon.vms()), 'its VM goes')
    Tap.ok(machine.process.poll() is None, 'QEMU lives')
    machine.stop()


need_qemu()
THE_DAEMON = Daemon()
test_refusals(THE_DAEMON)
test_properties(THE_DAEMON)
test_name(THE_DAEMON)
test_persistent(THE_DAEMON)
test_destroyed(THE_DAEMON)
test_unplug(THE_DAEMON)
Tap.ok(THE_DAEMON.vms() == [], 'no VM is left', THE_DAEMON.vms())
Tap.ok(THE_DAEMON.stop() == 0, 'the daemon ends well')
Tap.done()
