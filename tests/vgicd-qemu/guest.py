# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""What the tests of qemu-system-aarch64-vgicd share: TAP, a daemon, a QEMU with a guest in it.

Environment: top_builddir and top_srcdir as for every test; VGICD_QEMU is the QEMU (default: what
contrib/qemu/build left), VGIC_GUEST_DIR has Image and initramfs.cpio.gz (default: the build's).
Processes are ended by their own id, whatever happens. No test asserts a time: LIMIT_S is what only
a broken product reaches.
"""
import atexit
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_S = 300
BUILD = os.path.abspath(os.environ.get('top_builddir', 'build'))
QEMU = os.environ.get('VGICD_QEMU', os.path.join(BUILD, 'qemu', 'qemu-system-aarch64-vgicd'))
GUEST = os.environ.get('VGIC_GUEST_DIR') or os.path.join(BUILD, 'guest')
DEVICE = 'arm-gicv3-vgicd'
PROMPT = 'guest# '
UNKNOWN = re.compile(r'soft lockup|rcu.*(stall|self-detected)|BUG:|Call trace|Oops|'
                     r'nobody cared|unexpected interrupt', re.I)

tmp = tempfile.mkdtemp(prefix='vgicd-qemu.')
living = []


def clean_up():
    for process in living:
        if process.poll() is None:
            process.kill()
            process.wait()
    shutil.rmtree(tmp, ignore_errors=True)


atexit.register(clean_up)


class Tap:
    """One point after the other; the plan at the end."""
    n = 0
    failed = 0

    @classmethod
    def ok(cls, good, name, *why):
        cls.n += 1
        cls.failed += not good
        print(f"{'ok' if good else 'not ok'} {cls.n} - {name}", flush=True)
        if not good:
            for line in '\n'.join(str(part) for part in why).splitlines()[-30:]:
                print(f'#  {line}', flush=True)
        return good

    @classmethod
    def done(cls):
        print(f'1..{cls.n}')
        sys.exit(1 if cls.failed else 0)


def skip(why):
    if os.environ.get('VGICD_QEMU_REQUIRED'):
        print(f'Bail out! {why}')
        sys.exit(99)
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def need_qemu():
    if not os.access(QEMU, os.X_OK):
        skip('no qemu-system-aarch64-vgicd: contrib/qemu/build')


def need_linux():
    for name in ('Image', 'initramfs.cpio.gz'):
        if not os.path.exists(os.path.join(GUEST, name)):
            skip(f'no guest: tests/guest/fetch-guest.sh {GUEST}')


def wait_until(what, limit=LIMIT_S):
    """Look until what() is true. Return: it came."""
    end = time.monotonic() + limit
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Daemon:
    """A vgicd on a socket of its own."""
    n = 0

    def __init__(self):
        Daemon.n += 1
        self.socket = os.path.join(tmp, f'vgicd-{Daemon.n}')
        self.start()

    def start(self):
        self.log = open(self.socket + '.log', 'w+')
        self.process = subprocess.Popen([os.path.join(BUILD, 'daemon', 'vgicd'), '--socket',
                                         self.socket], stderr=self.log)
        living.append(self.process)
        if not wait_until(lambda: self.ctl('list').returncode == 0):
            print(f'Bail out! no daemon: {open(self.log.name).read()}')
            sys.exit(99)

    def ctl(self, *words):
        return subprocess.run([os.path.join(BUILD, 'cli', 'vgicctl'), '--socket', self.socket,
                               *words], capture_output=True, text=True, check=False)

    def vms(self):
        lines = self.ctl('list').stdout.splitlines()[1:]
        return [line.split()[0] for line in lines if line.strip()]

    def look(self, *words):
        """What a command says with --json."""
        return json.loads(self.ctl(*words, '--json').stdout or 'null')

    def counts(self, name):
        """{INTID: how often it was acknowledged, on all vCPUs}."""
        answer = self.ctl('counts', name)
        if answer.returncode:
            print(f'# vgicctl counts {name}: {answer.stderr.strip()}', flush=True)
        rows = [line.split() for line in answer.stdout.splitlines()]
        return {int(row[0]): int(row[-1]) for row in rows if len(row) > 3 and row[0].isdigit()}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait()


class Qmp:
    """QEMU's control socket; events are kept by their names."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        if not wait_until(lambda: self.connected(path) or process.poll() is not None) or \
                process.poll() is not None:
            print(f'Bail out! QEMU ended with status {process.poll()} before it was asked')
            sys.exit(99)
        self.file = self.socket.makefile('r')
        self.events = []
        json.loads(self.file.readline())
        self.do('qmp_capabilities')

    def connected(self, path):
        """The file is there before somebody listens."""
        return self.socket.connect_ex(path) == 0

    def do(self, command, **arguments):
        message = {'execute': command, 'arguments': arguments}
        self.socket.sendall(json.dumps(message).encode() + b'\n')
        while True:
            line = self.file.readline()
            if not line:
                return {'error': {'desc': 'QEMU ended'}}
            answer = json.loads(line)
            if 'event' not in answer:
                return answer
            self.events.append(answer['event'])

    def human(self, line):
        """A command of the human monitor. Return: what it says; nothing if it went well."""
        answer = self.do('human-monitor-command', **{'command-line': line})
        return answer.get('return', str(answer)).strip()

    def migrate(self, uri):
        """Return: how it ended, and what was said of it."""
        answer = self.do('migrate', uri=uri)
        wait_until(lambda: self.do('query-migrate')['return'].get('status') in
                   ('completed', 'failed'))
        info = self.do('query-migrate')['return']
        return info.get('status'), (answer, info)

    def status(self):
        return self.do('query-status')['return']['status']


class Machine:
    """A QEMU on a daemon. daemon=None: with QEMU's own GICv3."""
    n = 0

    def __init__(self, daemon, cpus=1, lock=False, name=None, options=(), linux=True, memory=256,
                 append='', properties=(), machine='virt'):
        Machine.n += 1
        self.name = name or f'm{Machine.n}'
        self.qmp_path = os.path.join(tmp, f'qmp-{Machine.n}')
        self.console = ''
        self.changed = threading.Condition()
        gic = 'vgicd' if daemon else '3,its=off'
        words = [QEMU, '-nodefaults', '-no-user-config', '-display', 'none', '-cpu', 'cortex-a57',
                 '-M', f'{machine},gic-version={gic}', '-smp', str(cpus), '-m', str(memory),
                 '-accel', 'tcg,thread=multi', '-serial', 'stdio',
                 '-qmp', f'unix:{self.qmp_path},server=on,wait=off']
        if daemon:
            for one in (f'socket={daemon.socket}', f'name={self.name}',
                        f"global-lock={'on' if lock else 'off'}", *properties):
                words += ['-global', f'{DEVICE}.{one}']
        if linux:
            words += ['-kernel', os.path.join(GUEST, 'Image'),
                      '-initrd', os.path.join(GUEST, 'initramfs.cpio.gz'),
                      '-append', f'console=ttyAMA0 quiet panic=-1 {append}']
        self.errors = open(os.path.join(tmp, f'err-{Machine.n}'), 'w+')
        self.process = subprocess.Popen(words + list(options), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        living.append(self.process)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            with self.changed:
                self.console += data.decode(errors='replace').replace('\r', '')
                self.changed.notify_all()
            if not data:
                return

    def qmp(self):
        return Qmp(self.qmp_path, self.process)

    def said(self):
        return open(self.errors.name).read()

    def says(self, pattern, start=0, limit=LIMIT_S):
        """Wait until the console shows it, from @start on. Return: the match, or None."""
        end = time.monotonic() + limit
        regex = re.compile(pattern, re.M)
        with self.changed:
            while True:
                match = regex.search(self.console, start)
                rest = end - time.monotonic()
                if match or rest <= 0:
                    return match
                if self.process.poll() is not None and not self.reader.is_alive():
                    return regex.search(self.console, start)
                self.changed.wait(min(rest, 1))

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def run(self, command, limit=LIMIT_S):
        """A command of the guest's shell. Return: what it printed, or None if it never ended."""
        start = len(self.console)
        mark = f'end-{time.monotonic_ns()}'
        self.type(f'{command}; echo "{mark[:3]}""{mark[3:]}"')
        match = self.says(f'^{mark}$', start, limit)
        return match and self.console[start:match.start()].split('\n', 1)[-1].strip()

    def up(self, limit=LIMIT_S, start=0):
        return self.says(PROMPT, start, limit)

    def ends(self, limit=LIMIT_S):
        """Wait for its end. Return: its status, or None."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def off(self):
        self.type('poweroff -f')
        return self.ends()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def cpu_seconds(self):
        """Processor time that QEMU has had."""
        with open(f'/proc/{self.process.pid}/stat') as file:
            words = file.read().rsplit(')', 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf('SC_CLK_TCK')

    def complaints(self):
        """Lines of the console by which Linux says that an interrupt was lost, or strange."""
        return [line for line in self.console.splitlines() if UNKNOWN.search(line)]

    def where(self):
        return f'{self.console[-1500:]}\nQEMU said: {self.said()}'


def paused(daemon, **how):
    options = how.pop('options', ()) + ('-S',)
    machine = Machine(daemon, linux=False, options=options, **how)
    machine.control = machine.qmp()
    return machine


def bare(daemon, words, options=(), **how):
    """A machine that executes these words, on vCPU 0."""
    code = os.path.join(tmp, f'code-{how["name"]}')
    with open(code, 'wb') as file:
        file.write(struct.pack(f'<{len(words)}I', *words))
    return Machine(daemon, linux=False, options=(*options, '-device', 'loader,'
                   f'file={code},addr=0x40100000,cpu-num=0,force-raw=on'), **how)


HOTPLUG = ("cd /sys/devices/system/cpu; bad=0; i=0; while [ $i -lt ROUNDS ]; do "
           "for c in cpu[1-9]*; do echo 0 >$c/online || bad=1; done; "
           "for c in cpu[1-9]*; do echo 1 >$c/online || bad=1; done; i=$((i+1)); done; "
           "echo rounds-$i-$bad-$(nproc)")


def hotplug(machine, cpus, rounds):
    """Under load, all vCPUs but the first go and come back. Return: it went well; words."""
    machine.type('(while :; do :; done) & (while :; do sleep 0.01; done) &')
    out = machine.run(HOTPLUG.replace('ROUNDS', str(rounds)))
    return bool(out) and f'rounds-{rounds}-0-{cpus}' in out, out
