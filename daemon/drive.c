/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Drive: see drive.h
 */
#include <errno.h>
#include <inttypes.h>

#include "drive.h"
#include "eoi.h"
#include "loop.h"
#include "notes.h"
#include "ring.h"
#include "session.h"
#include "shm-line.h"

int drive_wire(struct grant *grant, uint32_t intid, enum drive_op op)
{
        unsigned wire = grant_wire(grant, intid);
        struct vm *vm = grant->vm;
        int r = -EINVAL;

        if (wire == GRANT_NO_WIRE)
                return -EACCES;
        if (op == DRIVE_ASSERT || op == DRIVE_DEASSERT)
                r = shm_line_set(&vm->gic, 0, intid, wire, op == DRIVE_ASSERT);
        else if (op == DRIVE_PULSE)
                r = shm_line_pulse(&vm->gic, 0, intid);
        if (r == 0 && op != DRIVE_DEASSERT)
                eoi_watch(grant, intid);
        return r;
}

void drive_revoke(struct grant *grant)
{
        struct session *device = grant->device;
        uint32_t i = 0, intid;

        if (device) {
                while ((intid = grant_next(grant, &i)) != UINT32_MAX)
                        notes_revoked(device, intid);
                grant_detach(grant);
                notes_ask(device);
        }
        grant_free(grant);
}

int drive_ring_entry(struct ring *ring, uint64_t entry)
{
        static const enum drive_op ops[] = {
                [SHM_RING_ASSERT] = DRIVE_ASSERT, [SHM_RING_DEASSERT] = DRIVE_DEASSERT,
                [SHM_RING_PULSE] = DRIVE_PULSE,
        };
        static const enum metrics_op counted_as[] = {
                [SHM_RING_ASSERT] = METRICS_ASSERT, [SHM_RING_DEASSERT] = METRICS_DEASSERT,
                [SHM_RING_PULSE] = METRICS_PULSE,
        };
        uint32_t kind = SHM_RING_ENTRY_KIND(entry);
        struct session *session = ring->session;

        if (kind < SHM_RING_ASSERT || kind > SHM_RING_PULSE)
                return -EBADMSG;
        if (!session->member.grant ||
            drive_wire(session->member.grant, SHM_RING_ENTRY_INTID(entry), ops[kind]) < 0) {
                struct log_about about = session_about(session);

                about.has_intid = true;
                about.intid = SHM_RING_ENTRY_INTID(entry);
                session->loop->metrics.n_ring_ignored++;
                if (ring->n_ignored++ == 0)
                        log_client(LOG_NOTICE, LOG_KIND_IGNORED, &about,
                                   "its ring asks for INTID %" PRIu32
                                   ", which it was not granted: ignored",
                                   SHM_RING_ENTRY_INTID(entry));
                return 0;
        }
        session->member.grant->vm->n_injections_ring++;
        metrics_injected(&session->loop->metrics, METRICS_BY_RING, SHM_RING_ENTRY_INTID(entry),
                         counted_as[kind]);
        return 0;
}
