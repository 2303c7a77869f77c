#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""arm-gicv3-vgicd without a guest: its properties, what it refuses and in which words, its end."""
import os

from guest import DEVICE, QEMU, Daemon, Machine, Tap, bare, need_qemu, paused, subprocess, tmp, \
    wait_until


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
    refused('an ITS that is asked for is refused', 'needs its=off', daemon,
            options=('-machine', 'its=on'))
    refused('what is no name of a VM is refused', "'.hidden' is no name", daemon, name='.hidden')
    first = paused(daemon, name='taken')
    refused('a name that is taken', "cannot make VM 'taken'", daemon, name='taken',
            hint='vgicctl list')
    first.stop()


def resets(daemon, name):
    return [one['resets'] for one in daemon.look('vcpus', name)['vcpus']]


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
    show = daemon.look('show', 'shape')
    Tap.ok(show and (show['vcpus'], show['vcpus_registered'], show['spis']) == (4, 4, 256),
           'the daemon has the VM with 4 vCPUs and 256 SPIs', show)
    vcpus = daemon.look('vcpus', 'shape')['vcpus']
    mpidrs = [machine.control.do('qom-get', path=cpu['qom-path'], property='mp-affinity')['return']
              for cpu in machine.control.do('query-cpus-fast')['return']]
    Tap.ok([one['mpidr'] for one in vcpus] == mpidrs, "each has its CPU's affinity", vcpus, mpidrs)
    machine.control.do('system_reset')
    Tap.ok(wait_until(lambda: resets(daemon, 'shape') != [1] * 4) and
           resets(daemon, 'shape') == [2] * 4, 'system_reset resets each once',
           resets(daemon, 'shape'))
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


def line_of(daemon, name, intid):
    irqs = daemon.look('irqs', name)['irqs']
    return [one['line'] for one in irqs if one['intid'] == intid]


def test_snapshot(daemon, snapshot):
    """Whose wire is up is in vgicd's image only: without it, it becomes the machine's own."""
    state = os.path.join(tmp, f'wire-{snapshot}')
    how = {'machine': 'virt-7.2', 'properties': (f'snapshot={snapshot}',)}
    first = paused(daemon, name=f'before-{snapshot}', **how)
    daemon.ctl('inject', first.name, '100', '--assert')
    status, why = first.control.migrate(f'exec:cat > {state}')
    Tap.ok(status == 'completed', f"snapshot={snapshot}: a machine with a tool's wire up is saved",
           why)
    first.stop()
    other = paused(daemon, name=f'after-{snapshot}', options=('-incoming', f'exec:cat {state}'),
                   **how)
    Tap.ok(wait_until(lambda: line_of(daemon, other.name, 100) == [True]), 'it is up after loading')
    daemon.ctl('inject', other.name, '100', '--deassert')
    stays = line_of(daemon, other.name, 100)
    Tap.ok(stays == [snapshot == 'off'],
           "and still the tool's" if snapshot == 'on' else "and the machine's", stays)
    other.stop()


# vCPU 0 starts vCPUs 7 to 1 (PSCI CPU_ON), counts, and exits by semihosting (SYS_EXIT with
# ADP_Stopped_ApplicationExit); these read ICC_CTLR_EL1 and write ICC_EOIR1_EL1 without end.
EXIT_WHILE_OTHERS_RUN = (
    0xd28000e6,                                         # mov x6, #7
    0xd2800060, 0xf2b88000, 0xaa0603e1, 0x100001c2,     # x0 = CPU_ON; x1 = x6; adr x2, second
    0xd4000002, 0xf10004c6, 0x54ffff41,                 # hvc #0; subs x6, x6, #1; b.ne
    0xd2a02005, 0xf10004a5, 0x54ffffe1,                 # mov x5, #1 << 24; subs; b.ne
    0xd2800300, 0x10000041, 0xd45e0000,                 # mov x0, #0x18; adr x1, block; hlt #0xf000
    0x00020026, 0, 0, 0,                                # block
    0xd538cc84, 0xd518cc24, 0x17fffffe)                 # second: mrs; msr; b second


def test_exit(daemon):
    """exit() in a vCPU's thread: each time the others may be anywhere."""
    ends = []
    for _ in range(40):
        machine = bare(daemon, EXIT_WHILE_OTHERS_RUN, ('-semihosting',), name='exits', cpus=8)
        ends.append(machine.ends())
        wait_until(lambda: 'exits' not in daemon.vms())
    Tap.ok(ends == [0] * 40, 'a vCPU ends QEMU 40 times while seven work', ends, machine.said())


# vCPU 0 starts vCPU 1 again and again; that counts at 0x40200000, and at 0x40200004 how often
# ICC_PMR_EL1 was not 0 (as it is after a reset), writes it, and ends by CPU_OFF.
ON_AND_OFF = (
    0xd2a8040a, 0x52800006,                             # x10 = 0x40200000; mov w6, #0
    0xd2800060, 0xf2b88000, 0xd2800021, 0x10000102,     # x0 = CPU_ON; mov x1, #1; adr x2, second
    0xd4000002, 0xb5ffff60,                             # hvc #0; cbnz x0
    0xb9400145, 0x6b0600bf, 0x54ffffc0, 0x2a0503e6,     # wait until it has counted
    0x17fffff6,
    0xd2a8040a, 0xd5384604, 0xb4000084,                 # second: mrs x4, icc_pmr_el1; cbz x4
    0xb9400547, 0x110004e7, 0xb9000547,                 # one more that was wrong
    0xd2801e04, 0xd5184604,                             # msr icc_pmr_el1, 0xf0
    0xb9400145, 0x110004a5, 0xb9000145,                 # one more
    0xd2800040, 0xf2b08000, 0xd4000002)                 # x0 = CPU_OFF; hvc #0


def test_power(daemon):
    """The machine stops at any moment of a CPU_ON."""
    machine = bare(daemon, ON_AND_OFF, name='on-off', cpus=2)
    control = machine.qmp()
    for _ in range(400):
        control.do('stop')
        control.do('cont')
    control.do('stop')
    words = control.human('xp /2xw 0x40200000').split()[1:]
    count, wrong = (int(word, 16) for word in words)
    Tap.ok(count > 100 and not wrong,
           'a vCPU that is turned on is reset, 400 stops of the machine notwithstanding',
           f'{count} times on, {wrong} times not reset')
    machine.stop()


need_qemu()
THE_DAEMON = Daemon()
test_refusals(THE_DAEMON)
test_properties(THE_DAEMON)
test_name(THE_DAEMON)
test_persistent(THE_DAEMON)
test_destroyed(THE_DAEMON)
test_unplug(THE_DAEMON)
test_snapshot(THE_DAEMON, 'on')
test_snapshot(THE_DAEMON, 'off')
test_exit(THE_DAEMON)
test_power(THE_DAEMON)
Tap.ok(THE_DAEMON.vms() == [], 'no VM is left', THE_DAEMON.vms())
Tap.ok(THE_DAEMON.stop() == 0, 'the daemon ends well')
Tap.done()
