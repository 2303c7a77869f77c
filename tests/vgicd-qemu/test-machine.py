#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""What vCPUs that sleep are to others, what ACPI tells of the GIC, states that do not fit."""
import os
import socket

from guest import Daemon, Machine, Tap, bare, need_qemu, struct, tmp, wait_until

# vCPU 0 makes INTID 40 an edge that any vCPU may take, starts vCPU 1 (PSCI CPU_ON), and is busy;
# that sleeps, acknowledges, and ends.
BUSY_AND_ASLEEP = (
    0xd2a10000, 0x52800241, 0xb9000001,                 # x0 = GICD; GICD_CTLR = ARE, EnableGrp1
    0x52802001, 0xb9008401, 0xb9010401,                 # w1 = 1 << 8: IGROUPR1, ISENABLER1
    0x52a00042, 0xb90c0802,                             # w2 = 2 << 16: ICFGR2
    0xd2b00003, 0x91401804, 0xf900a083,                 # x3 = 1 << 31: IROUTER40
    0xd2801fe1, 0xd5184601, 0xd2800021, 0xd518cce1,     # icc_pmr_el1 = 0xff; icc_igrpen1_el1 = 1
    0xd2800060, 0xf2b88000, 0xd2800021, 0x10000062,     # x0 = CPU_ON; mov x1, #1; adr x2, second
    0xd4000002, 0x14000000,                             # hvc #0; b .
    0xd2801fe1, 0xd5184601, 0xd2800021, 0xd518cce1,     # second: icc_pmr_el1, icc_igrpen1_el1
    0xd503207f, 0xd538cc01, 0xd518cc21, 0x17fffffd)     # wfi; mrs iar1; msr eoir1; b wfi

# GICR_CTLR.EnableLPIs of vCPU 0, and then a word in memory.
LPIS = (0xd2a10140, 0x52800021, 0xb9000001, 0xd2a8040a, 0xb9000141, 0x14000000)

PULSES = 20
FW_CFG = 0x09020000             # of -M virt: data, and 8 bytes on the selector, big-endian
FW_CFG_FILE_DIR = 0x19
ITS = 15                        # a structure of the MADT (ACPI 6.0 section 5.2.12.18)


def state_of(daemon, name, vcpu):
    return daemon.look('vcpus', name)['vcpus'][vcpu]['state']


def test_sleep(daemon):
    machine = bare(daemon, BUSY_AND_ASLEEP, name='sleeper', cpus=2)
    Tap.ok(wait_until(lambda: machine.name in daemon.vms() and
                      state_of(daemon, 'sleeper', 1) == 'parked', 60),
           'a vCPU in WFI is parked', daemon.look('vcpus', 'sleeper'))
    Tap.ok(state_of(daemon, 'sleeper', 0) == 'running', 'one that is busy runs')
    taken = 0
    while taken < PULSES:
        wait_until(lambda: state_of(daemon, 'sleeper', 1) == 'parked', 60)
        daemon.ctl('inject', 'sleeper', '40')
        if not wait_until(lambda before=taken: daemon.counts('sleeper').get(40, 0) > before, 60):
            break
        taken += 1
    Tap.ok(taken == PULSES, 'what any vCPU may take goes to the one that sleeps', taken,
           daemon.ctl('irqs', 'sleeper').stdout)
    control = machine.qmp()
    control.do('stop')
    Tap.ok(wait_until(lambda: state_of(daemon, 'sleeper', 0) == 'parked', 60),
           'stopped, neither runs')
    control.do('cont')
    Tap.ok(wait_until(lambda: [state_of(daemon, 'sleeper', n) for n in range(2)] ==
                      ['running', 'parked'], 60), 'continued, each is as it was')
    daemon.ctl('inject', 'sleeper', '40')
    Tap.ok(wait_until(lambda: daemon.counts('sleeper').get(40, 0) > taken, 60), 'and is woken')
    control.do('stop')
    control.do('system_reset')
    Tap.ok(wait_until(lambda: state_of(daemon, 'sleeper', 1) == 'off', 60),
           'reset, the second is off')
    machine.stop()


class Qtest:
    """QEMU's other control socket: accesses to its memory."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self.socket.connect_ex(path) == 0)
        self.file = self.socket.makefile('r')

    def do(self, *commands):
        self.socket.sendall(''.join(f'{one}\n' for one in commands).encode())
        return [self.file.readline().split()[1:] for _ in commands]

    def fw_cfg(self, key, size):
        """What is under a key."""
        self.do(f'writew {FW_CFG + 8:#x} {(key & 0xff) << 8 | key >> 8:#x}')
        answers = []
        while len(answers) < size:
            answers += self.do(*[f'readb {FW_CFG:#x}'] * min(256, size - len(answers)))
        return bytes(int(answer[0], 16) for answer in answers)

    def fw_cfg_file(self, name):
        count, = struct.unpack('>I', self.fw_cfg(FW_CFG_FILE_DIR, 4))
        for entry in struct.iter_unpack('>IHH56s', self.fw_cfg(FW_CFG_FILE_DIR,
                                                               4 + 64 * count)[4:]):
            if entry[3].rstrip(b'\0') == name:
                return self.fw_cfg(entry[1], entry[0])
        return b''


def acpi_tables(blob):
    """{signature: table} of those that stand one after the other."""
    tables, at = {}, 0
    while at + 36 <= len(blob):
        signature, size = struct.unpack_from('<4sI', blob, at)
        if not signature.isalnum() or size < 8:
            at += 1
            continue
        tables[signature.decode()] = blob[at:at + size]
        at += size
    return tables


def structures(madt):
    kinds, at = [], 44
    while at + 2 <= len(madt):
        kinds.append(madt[at])
        at += madt[at + 1]
    return kinds


def test_acpi(daemon):
    path = os.path.join(tmp, 'qtest')
    machine = Machine(daemon, name='acpi', cpus=2, linux=False, options=(
        '-S', '-qtest', f'unix:{path},server=on,wait=off', '-qtest-log', '/dev/null'))
    tables = acpi_tables(Qtest(path).fw_cfg_file(b'etc/acpi/tables'))
    kinds = structures(tables.get('APIC', b''))
    Tap.ok(sorted(set(kinds)) == [11, 12, 14], 'ACPI tells of processors, distributor and '
           'redistributors, and of no ITS', kinds)
    Tap.ok('DSDT' in tables and 'IORT' not in tables, 'nor does anything map to one',
           sorted(tables))
    machine.stop()


def test_load_fails(daemon):
    """What this GIC does not have: LPIs, which QEMU's own has, also with its=off."""
    state = os.path.join(tmp, 'lpis')
    source = bare(None, LPIS, name='lpis')
    control = source.qmp()
    enabled = wait_until(lambda: control.human('xp /1xw 0x40200000').split()[-1] == '0x00000001')
    Tap.ok(enabled, "a guest of QEMU's own GICv3 has enabled LPIs")
    status, why = control.migrate(f'exec:cat > {state}')
    Tap.ok(status == 'completed', 'it is saved', why)
    source.stop()
    target = Machine(daemon, linux=False, name='no-lpis', options=('-incoming',
                                                                   f'exec:cat {state}'))
    status = target.ends(60)
    said = target.said()
    Tap.ok(status == 1 and 'cannot set its registers as they were migrated' in said and
           'load of migration failed' in said, 'a machine whose GIC has none does not take it, '
           'and says why', f'status {status}', said)
    target.stop()
    Tap.ok(wait_until(lambda: daemon.vms() == []), 'nothing is left of it', daemon.vms())


need_qemu()
THE_DAEMON = Daemon()
test_sleep(THE_DAEMON)
test_acpi(THE_DAEMON)
test_load_fails(THE_DAEMON)
Tap.ok(THE_DAEMON.stop() == 0, 'the daemon ends well')
Tap.done()
