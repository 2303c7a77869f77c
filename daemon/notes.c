/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Notes: see notes.h
 */
#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "notes.h"
#include "proto-table.h"
#include "ring.h"
#include "loop.h"
#include "session.h"
#include "shm-ring.h"
#include "vm.h"

#define RETRY_FIRST_US   500u
#define RETRY_LAST_US  10000u

/*
 * A way to the client: each tells one note. Return: 0; -EAGAIN there is no room now; other: the
 * session is dead.
 */
struct way {
        int (*tdir)(struct session *session, const struct vm_tdir *tdir);
        int (*intid)(struct session *session, uint32_t request, uint32_t intid);
};

/*
 * Nothing is queued behind a frame that waits: the state may be another one by the time it is sent,
 * and a client that does not read would collect events.
 */
static int socket_tdir(struct session *session, const struct vm_tdir *tdir)
{
        Vgic__EventTdir event = VGIC__EVENT_TDIR__INIT;

        event.set = tdir->set;
        event.generation = tdir->generation;
        event.cause = tdir->cause;
        if (proto_tx_waits(&session->tx))
                return -EAGAIN;
        return session_send(session, PROTO_EVENT_TDIR, 0, &event.base, NULL, 0);
}

/* As socket_tdir(). @request: PROTO_EVENT_EOI or PROTO_EVENT_REVOKED. */
static int socket_intid(struct session *session, uint32_t request, uint32_t intid)
{
        Vgic__EventIntid event = VGIC__EVENT_INTID__INIT;

        event.intid = intid;
        if (proto_tx_waits(&session->tx))
                return -EAGAIN;
        return session_send(session, request, 0, &event.base, NULL, 0);
}

static int ring_tdir(struct session *session, const struct vm_tdir *tdir)
{
        return ring_put(session->member.ring, SHM_RING_TDIR_ENTRY(tdir->set, tdir->generation));
}

static int ring_intid(struct session *session, uint32_t request, uint32_t intid)
{
        return ring_put(session->member.ring,
                        SHM_RING_ENTRY(request == PROTO_EVENT_EOI ? SHM_RING_EOI : SHM_RING_REVOKED,
                                       intid));
}

static const struct way by_socket = { .tdir = socket_tdir, .intid = socket_intid };
static const struct way by_ring = { .tdir = ring_tdir, .intid = ring_intid };

/*
 * One event for each interrupt of the map. What found no room is put back, and is told when
 * there is some.
 */
static int tell_map(struct session *session, const struct way *way, uint32_t request,
                    uint64_t map[INTID_MAP_WORDS])
{
        uint32_t intid;

        while ((intid = intid_map_take(map)) != UINT32_MAX) {
                int r = way->intid(session, request, intid);

                if (r < 0) {
                        intid_map_set(map, intid);
                        return r;
                }
        }
        return 0;
}

/*
 * In the order that matters: that the VM is gone, what was taken away, what has ended, then TDIR
 * as it is now.
 */
static int tell_all(struct session *session, const struct way *way)
{
        struct notes *notes = &session->member.notes;
        int r;

        if (notes->vm_gone) {
                r = way->intid(session, PROTO_EVENT_REVOKED, 0);
                if (r < 0)
                        return r;
                notes->vm_gone = false;
        }
        r = tell_map(session, way, PROTO_EVENT_REVOKED, notes->revoked);
        if (r == 0)
                r = tell_map(session, way, PROTO_EVENT_EOI, notes->eoi);
        if (r == 0 && notes->tdir && session->member.vm) {
                r = way->tdir(session, &session->member.vm->tdir);
                if (r == 0)
                        notes->tdir = false;
        }
        return r;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        notes_ask(arg);
}

/*
 * The way is full. A socket says when it is writable; a ring's client rings, or is too old for
 * that: look again soon.
 */
static void arm_retry(struct session *session)
{
        struct notes *notes = &session->member.notes;
        struct timeval distance;

        if (!notes->retry)
                notes->retry = evtimer_new(session->loop->base, on_retry, session);
        if (!notes->retry) {
                session_kill(session, "out of memory");
                return;
        }
        notes->retry_us = notes->retry_us ? notes->retry_us * 2 : RETRY_FIRST_US;
        if (notes->retry_us > RETRY_LAST_US)
                notes->retry_us = RETRY_LAST_US;
        distance = (struct timeval){ .tv_usec = notes->retry_us };
        evtimer_add(notes->retry, &distance);
}

void notes_flush(struct session *session)
{
        struct notes *notes = &session->member.notes;
        bool ring = session->member.ring;
        int r;

        if (!notes->waiting || session->dying)
                return;
        r = tell_all(session, ring ? &by_ring : &by_socket);
        if (ring)
                ring_bell(session->member.ring);
        if (r == 0) {
                notes->waiting = false;
                notes->retry_us = 0;
        } else if (r == -EAGAIN && ring) {
                arm_retry(session);
        } else if (r == -EBADMSG) {
                session_kill(session, "its ring is corrupt");
        } else if (r == -ENOMEM) {
                arm_retry(session);
        }
}

/* struct turn.serve */
static bool serve(void *arg)
{
        notes_flush(arg);
        return false;
}

void notes_ask(struct session *session)
{
        struct turn *turn = &session->member.notes.turn;

        if (session->dying || turn->asked)
                return;
        *turn = (struct turn){ .user = session->user, .serve = serve, .arg = session };
        turns_ask(&session->loop->turns, turn);
}

void notes_tdir(struct session *session)
{
        session->member.notes.tdir = session->member.notes.waiting = true;
        notes_ask(session);
}

void notes_eoi(struct session *session, uint32_t intid)
{
        intid_map_set(session->member.notes.eoi, intid);
        session->member.notes.waiting = true;
}

void notes_revoked(struct session *session, uint32_t intid)
{
        intid_map_set(session->member.notes.revoked, intid);
        session->member.notes.waiting = true;
}

void notes_vm_gone(struct session *session)
{
        session->member.notes.vm_gone = session->member.notes.waiting = true;
}

void notes_forget(struct session *session)
{
        struct notes *notes = &session->member.notes;

        memset(notes->eoi, 0, sizeof(notes->eoi));
        memset(notes->revoked, 0, sizeof(notes->revoked));
        notes->tdir = false;
        notes->waiting = notes->vm_gone;
}

void notes_close(struct session *session)
{
        turns_drop(&session->loop->turns, &session->member.notes.turn);
        if (session->member.notes.retry)
                event_free(session->member.notes.retry);
        session->member.notes.retry = NULL;
}
