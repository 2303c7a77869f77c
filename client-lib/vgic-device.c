/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Device role: granted SPIs (of both ranges) driven by ring, without mapping the segment
 *
 * What    A call is one entry in the ring, and one eventfd write if the daemon sleeps.
 * Full    Levels and pulses are state: what found the ring full is kept as bits (a later level
 *         replaces an earlier one, but for a rising edge in between; edges and pulses coalesce as
 *         those of a pending interrupt do) and sent before anything newer of the same interrupt.
 *         The daemon rings once there is room (shm-ring.h).
 * Gone    A daemon that is dead takes nothing from the ring, and no entry tells. So each call says
 *         so that comes after the connection was found closed, and who finds the ring full looks.
 */
#include <poll.h>
#include <string.h>

#include "base-clock.h"
#include "vgic-conn.h"
#include "vgic-device.h"
#include "vgic-doorbell.h"

static uint64_t bit_of(uint32_t index)
{
        return UINT64_C(1) << (index % 64);
}

/* Return: 0; -EAGAIN; -EBADMSG. */
static int send_entry(struct vgic_vm *vm, uint32_t kind, uint32_t intid)
{
        int r = shm_ring_put(&vm->ring, SHM_RING_ENTRY(kind, intid));

        if (r == 1)
                vgic_doorbell_ring(vm->ring_to_daemon);
        return r < 0 ? r : 0;
}

/* Once a high level is in the ring, the rising edge that was kept is told with it. */
static int send_level(struct vgic_vm *vm, uint32_t intid, bool is_high)
{
        struct vgic_device *d = &vm->device;
        uint32_t index = gic_shared_index(intid);
        int r = send_entry(vm, is_high ? SHM_RING_ASSERT : SHM_RING_DEASSERT, intid);

        if (r == 0 && is_high)
                d->risen[index / 64] &= ~bit_of(index);
        return r;
}

/*
 * The shortest sequence of levels that has a rising edge if there was one, and ends with the last
 * level: an edge-triggered interrupt latches the edge, a level-sensitive one has no request left.
 * An edge begins low, whatever was sent before: a restore may have set the wire since.
 */
static int send_levels(struct vgic_vm *vm, uint32_t intid)
{
        struct vgic_device *d = &vm->device;
        uint32_t index = gic_shared_index(intid), i = index / 64;
        uint64_t bit = bit_of(index);
        int r = 0;

        if (d->risen[i] & bit)
                r = send_level(vm, intid, false);
        if (r == 0 && (d->risen[i] & ~d->level[i]) & bit)
                r = send_level(vm, intid, true);
        return r < 0 ? r : send_level(vm, intid, d->level[i] & bit);
}

/* Send the kept state of one interrupt, by its gic_shared_index(). */
static int send_kept(struct vgic_vm *vm, uint32_t index)
{
        struct vgic_device *d = &vm->device;
        uint32_t intid = gic_shared_intid(index), i = index / 64;
        uint64_t bit = bit_of(index);
        int r;

        if (d->pulses[i] & bit) {
                r = send_entry(vm, SHM_RING_PULSE, intid);
                if (r < 0)
                        return r;
                d->pulses[i] &= ~bit;
        }
        if (d->unsent[i] & bit) {
                r = send_levels(vm, intid);
                if (r < 0)
                        return r;
                d->unsent[i] &= ~bit;
        }
        return 0;
}

/*
 * Send what found the ring full. It stops where the ring is full again, and the rest stays kept.
 * Return: 0; -EAGAIN; -EBADMSG.
 */
static int send_all_kept(struct vgic_vm *vm)
{
        for (uint32_t i = 0; i < GIC_SHARED_WORDS; i++) {
                uint64_t kept = vm->device.pulses[i] | vm->device.unsent[i];

                for (; kept; kept &= kept - 1) {
                        int r = send_kept(vm, i * 64 + (uint32_t)__builtin_ctzll(kept));

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Is the daemon gone? What is not heard of otherwise before vgic_conn_process(). */
static bool is_hung_up(struct vgic_conn *conn)
{
        struct pollfd pollfd = { .fd = conn->socket };

        return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & (POLLHUP | POLLERR));
}

/*
 * The level is noted before it is sent, so that a full ring loses nothing: send_kept() then sends
 * it after what was kept of the same interrupt. Return: 0; -EAGAIN; -EBADMSG.
 */
static int drive_level(struct vgic_vm *vm, uint32_t index, bool is_high)
{
        struct vgic_device *d = &vm->device;
        uint64_t bit = bit_of(index), *unsent = &d->unsent[index / 64];
        uint64_t *level = &d->level[index / 64];
        int r;

        if (is_high)
                d->risen[index / 64] |= bit & ~*level;
        *level = is_high ? *level | bit : *level & ~bit;
        if (*unsent & bit)
                return send_kept(vm, index);
        r = send_level(vm, gic_shared_intid(index), is_high);
        if (r < 0)
                *unsent |= bit;
        return r;
}

int vgic_device_drive(struct vgic_vm *vm, uint32_t intid, enum vgic_line_op op)
{
        struct vgic_device *d = &vm->device;
        uint32_t index = gic_shared_index(intid);
        int r;

        if (!vgic_vm_has_spi(vm, intid))
                return -EINVAL;
        if (!(d->granted[index / 64] & bit_of(index)))
                return -EACCES;
        if (!vm->ring.page || vm->conn->gone)
                return -ENOTCONN;
        if (op == VGIC_LINE_PULSE) {
                d->pulses[index / 64] |= bit_of(index);
                r = send_kept(vm, index);
        } else {
                r = drive_level(vm, index, op == VGIC_LINE_ASSERT);
        }
        return r == -EAGAIN && is_hung_up(vm->conn) ? -ENOTCONN : r;
}

void vgic_device_flush(struct vgic_vm *vm, unsigned timeout_ms)
{
        uint64_t deadline = base_clock_ns() + timeout_ms * UINT64_C(1000000);
        struct pollfd pollfds[] = {
                { .fd = vm->ring_to_client, .events = POLLIN }, { .fd = vm->conn->socket },
        };

        while (vm->ring.page && !vm->conn->gone && send_all_kept(vm) == -EAGAIN &&
               !is_hung_up(vm->conn)) {
                struct timespec left = base_clock_left(deadline);

                if (left.tv_sec == 0 && left.tv_nsec == 0)
                        return;
                ppoll(pollfds, 2, &left, NULL);
                vgic_doorbell_drain(vm->ring_to_client);
        }
}

int vgic_device_granted(struct vgic_vm *vm, uint32_t intid)
{
        uint32_t index = gic_shared_index(intid);

        if (!vgic_vm_has_spi(vm, intid))
                return -EINVAL;
        vm->device.granted[index / 64] |= bit_of(index);
        return 0;
}

void vgic_device_revoked(struct vgic_vm *vm, uint32_t intid)
{
        uint32_t index = gic_shared_index(intid);

        if (intid == 0)
                memset(vm->device.granted, 0, sizeof(vm->device.granted));
        else if (index < GIC_N_SHARED)
                vm->device.granted[index / 64] &= ~bit_of(index);
}

/*
 * One notification of the daemon's, as an event for the host. What a newer daemon tells beyond
 * these kinds is skipped (doc/protocol.md section 7).
 */
static void take_entry(struct vgic_vm *vm, uint64_t entry)
{
        struct vgic_event event = { 0 };
        uint32_t intid = SHM_RING_ENTRY_INTID(entry);

        switch (SHM_RING_ENTRY_KIND(entry)) {
        case SHM_RING_TDIR:
                event.kind = VGIC_EVENT_TDIR;
                event.tdir = entry >> 8 & 1;
                event.generation = entry >> 16;
                break;
        case SHM_RING_EOI:
                event.kind = VGIC_EVENT_EOI;
                event.intid = intid;
                break;
        case SHM_RING_REVOKED:
                event.kind = VGIC_EVENT_REVOKED;
                event.intid = intid;
                vgic_device_revoked(vm, intid);
                break;
        default:
                return; /* a newer daemon's kind */
        }
        vgic_conn_queue_event(vm->conn, &event);
}

int vgic_device_process(struct vgic_vm *vm)
{
        unsigned turns = 4;
        uint64_t entry;
        int r;

        vgic_doorbell_drain(vm->ring_to_client);
        shm_ring_wake(&vm->ring);
        do {
                for (unsigned i = 0;
                     i < SHM_RING_ENTRIES && (r = shm_ring_get(&vm->ring, &entry)) == 1; i++)
                        take_entry(vm, entry);
                if (r == 0)
                        r = shm_ring_sleep(&vm->ring);
        } while (r == 1 && --turns);
        /* more than honest notes can be: stay readable, and let the host do something else first */
        if (r == 1)
                vgic_doorbell_ring(vm->ring_to_client);
        if (r < 0)
                return -EPROTO;
        if (shm_ring_owes_room(&vm->ring)) /* for notes that found none */
                vgic_doorbell_ring(vm->ring_to_daemon);
        r = send_all_kept(vm);
        return r == -EBADMSG ? -EPROTO : 0;
}
