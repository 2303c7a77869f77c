#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# make-seeds.py - write the named seeds of the targets "session", "message", "client" and "bank";
# some of "segment"
#
#   make-seeds.py CORPUS-DIR
#
# tests/fuzz/test-seeds checks that each request of the protocol has one that the daemon answers
# with OK. The formats are those of fuzz-session.h and fuzz-client.h.
import os
import sys

NEW, READY, CREATED, RUNNING, GRANTED, MIRROR, MIRRORING, DESTROYED = range(8)
FRAME, RAW, RING_PUT, RING_SCRIBBLE, SCRIBBLE, CLOSE, TURN = range(7)
NEED_REPLY = 8
TOKEN = '0123456789abcdef0123456789ABCDEF'

NAMES = ('HELLO VM_LIST VM_CREATE VM_ATTACH VM_INIT VM_MAP VM_DOORBELLS VM_DETACH VM_DESTROY '
         'VM_INFO VCPU_REGISTER VCPU_UNREGISTER TDIR_SUBSCRIBE TDIR_UNSUBSCRIBE TDIR_WATCH '
         'TDIR_GET ICC_CTLR_GET INJECT IRQ_LIST GRANT REVOKE '
         'RING_SETUP RESET ATTR_GET ATTR_SET ATTR_HAS MIRROR_GET').split()
OPERATING = 'DAEMON_INFO SESSION_LIST SESSION_END USER_LIST GRANT_LIST'.split()
REQUESTS = {name: i + 1 for i, name in enumerate(NAMES)}
REQUESTS |= {name: i + 38 for i, name in enumerate(OPERATING)}
EVENTS = {'EVENT_TDIR': 64, 'EVENT_EOI': 65, 'EVENT_REVOKED': 66}


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def message(**fields):
    """f1=3, f2='v', f3=[32, 33]: field numbers and values."""
    out = b''
    for name, value in fields.items():
        number = int(name[1:])
        if isinstance(value, str):
            out += varint(number << 3 | 2) + varint(len(value)) + value.encode()
        elif isinstance(value, list):
            packed = b''.join(varint(v) for v in value)
            out += varint(number << 3 | 2) + varint(len(packed)) + packed
        else:
            out += varint(number << 3) + varint(value)
    return out


def step(kind, client, how, payload):
    assert len(payload) < 256
    return bytes([kind, client | how << 2, len(payload)]) + payload


def frame(client, name, payload=b'', fds=0, repeats=0, flags=NEED_REPLY):
    return step(FRAME, client, 0, bytes([REQUESTS[name], flags, fds, repeats]) + payload)


def ring(client, kind, intid):
    return step(RING_PUT, client, 1, (kind | intid << 8).to_bytes(8, 'little'))


def head(name, payload=b'', flags=1 | NEED_REPLY, size=None):
    number = REQUESTS.get(name) or EVENTS[name]
    if size is None:
        size = len(payload)
    return b''.join(n.to_bytes(4, 'little') for n in (number, flags, size)) + payload


# Payload of each message; those of the requests succeed in the state, from the client, behind what
# stands before them.
create = message(f1='w', f2=3, f3=40, f4=6, f6=[0, 1, 0x102], f7=64, f8=32, f9=4, f10=[1, 2])
icc_ctlr = 3 << 14 | 12 << 7 | 12 << 3 | 4
SESSIONS = {
    'hello': (NEW, 0, b'', message(f1=0x7f, f2='seed'), 0),
    'vm-list': (GRANTED, 3, b'', message(f1=0), 0),
    'vm-create': (READY, 0, b'', create, 0),
    'vm-attach': (RUNNING, 3, b'', message(f1='v', f2=2), 0),
    'vm-init': (CREATED, 0, b'', b'', 0),
    'vm-map': (RUNNING, 1, b'', b'', 0),
    'vm-doorbells': (RUNNING, 0, b'', message(f1=1, f2=1), 0),
    'vm-detach': (GRANTED, 0, b'', b'', 0),
    'vm-destroy': (GRANTED, 3, b'', message(f1='v'), 0),
    'vm-info': (GRANTED, 2, b'', message(f1='v'), 0),
    'vcpu-register': (RUNNING, 0, b'', message(f1=1), 0),
    'vcpu-unregister': (GRANTED, 0, b'', message(f1=0), 0),
    'tdir-subscribe': (RUNNING, 0, b'', message(f1=0), 1),
    'tdir-unsubscribe': (GRANTED, 0, b'', message(f1=0), 0),
    'tdir-watch': (RUNNING, 1, b'', b'', 0),
    'tdir-get': (RUNNING, 0, frame(0, 'INJECT', message(f3=33, f4=1)), message(f1='v'), 0),
    'icc-ctlr-get': (RUNNING, 3, b'', message(f1='v', f2=1), 0),
    'inject': (RUNNING, 0, b'', message(f1='v', f2=1, f3=27, f4=3), 0),
    'irq-list': (GRANTED, 1, b'', message(f1='v', f2=1, f3=30, f4=600), 0),
    'grant': (RUNNING, 0, b'', message(f1='label', f2=[32, 40, 4100]), 0),
    'revoke': (GRANTED, 0, b'', message(f1='g'), 0),
    'ring-setup': (RUNNING, 0, b'', b'', 0),
    'reset': (GRANTED, 0, b'', message(f1='v', f2=0, f3=1), 0),
    'attr-get': (RUNNING, 1, b'', message(f1='v', f2=6, f3=icc_ctlr), 0),
    'attr-set': (RUNNING, 0, b'', message(f1='v', f2=1, f3=0x100 + 4, f4=0xff), 0),
    'attr-has': (CREATED, 0, b'', message(f1='v', f2=0, f3=2), 0),
    'daemon-info': (GRANTED, 3, b'', b'', 0),
    'session-list': (GRANTED, 3, b'', message(f1=0), 0),
    'session-end': (GRANTED, 3, b'', message(f1=1), 0),
    'user-list': (GRANTED, 3, b'', message(f1=0), 0),
    'grant-list': (GRANTED, 3, b'', message(f1='v'), 0),
    'mirror-get': (MIRRORING, 1, b'', message(f1='v', f2=0, f3=icc_ctlr, f4=2), 0),
}

MORE = {
    'device-level': (GRANTED, ring(2, 1, 32) + ring(2, 2, 32) + ring(2, 3, 4096) +
                     frame(0, 'IRQ_LIST', message(f3=32, f4=3))),
    'device-ungranted': (GRANTED, ring(2, 1, 50) + ring(2, 1, 70000) + ring(2, 9, 32)),
    'device-ring-index': (GRANTED, step(RING_SCRIBBLE, 2, 0, b'\x40\x00\xff\xff\xff\x7f')),
    'device-dies': (GRANTED, ring(2, 1, 33) + step(CLOSE, 2, 1, b'') +
                    frame(0, 'IRQ_LIST', message(f3=33, f4=1)) +
                    frame(2, 'HELLO', message(f1=0x7f)) +
                    frame(2, 'VM_ATTACH', message(f1='v', f2=3, f3=TOKEN))),
    'device-destroyed': (GRANTED, frame(0, 'VM_DESTROY', message(f1='v')) + ring(2, 1, 32) +
                         frame(2, 'VM_INFO')),
    'reset-kinds': (GRANTED, b''.join(frame(0, 'RESET', message(f1='v', f2=1, f3=kind))
                                      for kind in range(6))),
    'reset-mirror': (MIRRORING, b''.join(frame(0, 'RESET', message(f1='v', f3=kind))
                                         for kind in range(6))),
    'attrs-before': (CREATED, b''.join(frame(0, 'ATTR_SET', message(f2=group, f3=attr, f4=value))
                                       for group, attr, value in (
        (3, 0, 96), (0, 2, 0x8000000), (0, 5, 2 << 52 | 0x80a0000), (1, 8, 0x1243b), (4, 0, 0))) +
        frame(0, 'ATTR_GET', message(f2=0, f3=5))),
    'attrs-after': (RUNNING, b''.join(frame(0, 'ATTR_SET', message(f2=group, f3=attr, f4=value))
                                      for group, attr, value in (
        (5, 0x10400, 0xa0a0), (5, 1 << 32 | 0x14, 0), (6, 3 << 14 | 4 << 7 | 6 << 3, 0xff),
        (7, 32, 0xf), (1, 0, 3))) +
        frame(0, 'ATTR_GET', message(f2=7, f3=32))),
    'two-vmms': (GRANTED, frame(3, 'VM_ATTACH', message(f1='v', f2=1)) +
                 frame(3, 'VCPU_REGISTER', message(f1=1)) +
                 step(CLOSE, 0, 1, b'') + frame(3, 'VCPU_REGISTER', message(f1=0))),
    'vcpu-behind': (RUNNING, b''.join(
        frame(0, name, message(f1=vcpu)) for vcpu in range(1, 8)
        for name in ('VCPU_REGISTER', 'TDIR_UNSUBSCRIBE', 'VCPU_UNREGISTER'))),
    'ephemeral': (READY, frame(0, 'VM_CREATE', message(f1='e', f2=1, f3=32, f5=1)) +
                  frame(0, 'VM_INIT') +
                  step(CLOSE, 0, 1, b'') + frame(1, 'VM_LIST')),
    'wrong-fd': (RUNNING, frame(0, 'TDIR_SUBSCRIBE', message(f1=0), fds=0x21) +
                 frame(0, 'TDIR_SUBSCRIBE', fds=0x31) +
                 frame(0, 'TDIR_SUBSCRIBE', fds=2) + frame(0, 'VM_LIST', fds=15)),
    'grant-long': (RUNNING, frame(0, 'GRANT', message(f1='x') + b'\x10\x20', repeats=255)),
    'not-asked': (RUNNING, b''.join(frame(0, name, flags=0) for name in NAMES)),
    'old-client': (NEW, frame(0, 'HELLO') + b''.join(frame(0, name) for name in NAMES)),
    'silent': (GRANTED, step(TURN, 0, 1, b'') +
               b''.join(frame(0, 'IRQ_LIST', message(f4=600)) for _ in range(40))),
    'cut': (RUNNING, step(RAW, 0, 0, b'\x0a\0\0\0\x09\0\0\0\x09') + step(CLOSE, 0, 1, b'')),
    'version': (NEW, step(RAW, 0, 0, b'\x01\0\0\0\x02\0\0\0\0\0\0\0')),
    'large': (NEW, step(RAW, 0, 0, b'\x01\0\0\0\x01\0\0\0\x01\0\x01\0')),
    'malformed': (READY, frame(0, 'VM_CREATE', b'\x0a\x7f') + frame(0, 'VM_INFO', b'\x0a\x03a\0b')),
    'scribble-words': (GRANTED, step(SCRIBBLE, 0, 1, b'\x00\x20\x00' + b'\xff' * 64) +
                       ring(2, 1, 32) +
                       frame(1, 'IRQ_LIST', message(f4=600)) + step(CLOSE, 0, 1, b'')),
    'full-bells': (GRANTED, step(CLOSE, 0, 3, b'') + step(CLOSE, 2, 3, b'') + ring(2, 1, 32) +
                   frame(0, 'RESET', message(f3=2))),
}


HONEST, CHANGED, EVENT, LIE_FRAME, LIE_RAW, LIE_CLOSE, LIE_SCRIBBLE, LIE_DESCRIPTORS = range(8)


def lie(role, kind, how, rest, after):
    """The liar is honest that often, then lies once (fuzz-client.h)."""
    answers = bytes([HONEST] * after + [kind | how << 3]) + rest
    return bytes([role, len(answers)]) + answers


# Requests of a VMM that creates: HELLO, VM_CREATE, VM_INIT, VM_MAP, VM_DOORBELLS; of a device:
# HELLO, VM_ATTACH, RING_SETUP.
CLIENTS = {f'vmm-{words}-{after}': lie(8, kind, how, rest, after) for after in range(5)
           for words, kind, how, rest in (
    ('frame', LIE_FRAME, 0, b'\0\x04\x0a\x02\x08\x09'), ('descriptors', LIE_FRAME, 4 << 1, b'\0\0'),
    ('changed', CHANGED, 16, b'\x0e\0\x05'))}
CLIENTS |= {f'device-{words}-{after}': lie(3, kind, how, rest, after) for after in range(3)
            for words, kind, how, rest in (
    ('descriptors', LIE_FRAME, 3 << 1, b'\0\0'), ('event', EVENT, 0, b'\1\x20\0'))}
CLIENTS |= {f'role-{role}': bytes([role, 0]) for role in (0, 1, 2, 3, 12, 13, 14, 15)}
CLIENTS['device-ring'] = (bytes([15, 0]) + b'\1\x20\1\0\0\2\3\4\2\5\3\0\xc0\x08\0'
                          b'\xff\xff\xff\7\2\7\0\0')
CLIENTS['device-events'] = bytes([3, 0]) + b''.join(bytes([1, 32 + i, 1, 0, 0])
                                                    for i in range(12)) + b'\2\3'


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as out:
        out.write(data)


# fuzz-bank.c: list registers - 1, priority bits - 4; then records.
DOOR, GUEST, OTHER, SPOIL, GIC, DIE, CLEAR, SEGMENT, PULSE, LINE = range(10)
IAR, EOIR, DIR, PMR, CTLR = 0, 1, 4, 5, 6


def bank(n, *steps):
    """Steps: (operation, a, b, value); what is missing is 0."""
    out = bytes([n - 1, 1])
    for step_ in steps:
        op, a, b, value = (step_ + (0, 0, 0))[:4]
        out += bytes([op, a]) + b.to_bytes(2, 'little') + value.to_bytes(4, 'little')
    return out


spis = [(PULSE, 0, 32 + i) for i in range(12)]
take_all = [(GUEST, IAR), (GUEST, IAR + 12)] * 6
HCR = 168  # offsetof(struct shm_port_bank, ich_hcr)
# Group 1, from the lowest priority up (set_up() of fuzz-bank.c): each preempts the one before.
nested = [step_ for i in (14, 13, 6, 5, 4) for step_ in ((PULSE, 0, 32 + i), (GUEST, IAR))]
BANKS = {
    'take-and-end': bank(4, *spis, (DOOR,), (GUEST, IAR), (GUEST, EOIR | 64, 0, 40), (DOOR,),
                         (DOOR,), (DOOR,)),
    'more-than-fit': bank(2, *spis, (DOOR,), *take_all, (DOOR,), (DOOR,), *take_all, (DOOR,),
                          (DOOR,), (DOOR,)),
    'eoicount': bank(1, (GUEST, IAR), *spis, *take_all, (DOOR,), (SPOIL, 0, HCR, 0x1f << 27),
                     (DOOR,), (DOOR,), (DOOR,)),
    # Nested, only the latest is listed; its end is not of those that are counted.
    'eoicount-one': bank(1, (DOOR,), (DOOR,), *nested, (DOOR,), (SPOIL, 0, HCR, 1 << 27 | 5),
                         (DOOR,), (DOOR,), (DOOR,)),
    'another-intid': bank(4, *spis, (DOOR,), (SPOIL, 0, 0, 77), (SPOIL, 0, 4, 0xf << 28), (DOOR,),
                          (DOOR,), (DOOR,)),
    'garbage': bank(16, *spis, (DOOR,), *[(SPOIL, 0, i, 0xffffffff) for i in range(0, 208, 4)],
                    (DOOR,), (DOOR,), (DOOR,)),
    'dies': bank(4, *spis, (DOOR,), (GUEST, IAR), (DIE,), (DOOR,), (DOOR,)),
    'changed-meanwhile': bank(4, *spis, (DOOR,), (GUEST, IAR), (GIC, 0, 0x184, 0xffff),
                              (GIC, 0, 0x384, 0xffff), (CLEAR,), (DOOR,), (DOOR,)),
    'reset-in-guest': bank(4, *spis, (DOOR,), (GUEST, IAR), (SEGMENT, 0), (DOOR,), (DOOR,)),
    'other-vcpu': bank(4, *spis, (OTHER, IAR), (DOOR,), (OTHER, EOIR | 64, 0, 35), (GUEST, IAR),
                       (DOOR,), (OTHER, DIR | 64, 0, 40)),
    'eoi-mode': bank(1, (GUEST, CTLR | 64, 0, 2), *spis, (DOOR,), (GUEST, IAR),
                     (GUEST, EOIR | 64, 0, 40), (GUEST, DIR | 64, 0, 40), (DOOR,)),
    'scribbled': bank(4, *spis, (DOOR,), *[(SEGMENT, 7, i * 7, i * 0x1234567) for i in range(60)],
                      (DOOR,), (DOOR,), (DIE,)),
}


def main():
    corpus = sys.argv[1]
    for name, (state, client, before, payload, fds) in SESSIONS.items():
        request = name.upper().replace('-', '_')
        write(corpus + '/session', name, bytes([state]) + before +
              frame(client, request, payload, fds))
        write(corpus + '/message', name, head(request, payload))
    for name, (state, steps) in MORE.items():
        write(corpus + '/session', name, bytes([state]) + steps)
    for name, data in CLIENTS.items():
        write(corpus + '/client', name, data)
    for page in range(5, 9): # fuzz-segment.c: the area of the vCPUs near the end, or behind it
        write(corpus + '/segment', f'area-at-{page}', b'\0\1' + (160).to_bytes(3, 'little') +
              (page << 12).to_bytes(8, 'little'))
    for name, data in BANKS.items():
        write(corpus + '/bank', name, data)
    for name in EVENTS:
        write(corpus + '/message', name.lower().replace('_', '-'),
              head(name, message(f1=32), flags=1))


main()
