/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rings: see ring.h
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base-clock.h"
#include "base-fd.h"
#include "doorbell.h"
#include "ring.h"
#include "loop.h"
#include "session.h"
#include "user.h"

#define NS_PER_US  UINT64_C(1000)

/* In a spin loop: leaves the core to its other thread, which may be the client that fills it. */
static void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
}

/* Look a bounded time whether more comes. Return: as shm_ring_get(). */
static int spin_for_entry(struct ring *ring, uint64_t *ret_entry)
{
        uint64_t end = base_clock_ns() + RING_SPIN_US * NS_PER_US;

        do {
                for (unsigned i = 0; i < 32; i++) {
                        int r = shm_ring_get(&ring->shm, ret_entry);

                        if (r != 0)
                                return r;
                        pause_cpu();
                }
        } while (base_clock_ns() < end);
        ring->n_dense = 0;
        return 0;
}

/* Empty it, within the limits of one turn. Return: 1 there may be more; 0 empty; -EBADMSG. */
static int take_entries(struct ring *ring)
{
        uint64_t start = base_clock_ns(), now = start, entry;

        for (unsigned n = 0; n < RING_BATCH && !turn_is_over(start, now); n++) {
                int r = shm_ring_get(&ring->shm, &entry);

                if (r == 0 && ring->n_dense >= RING_N_DENSE)
                        r = spin_for_entry(ring, &entry);
                if (r <= 0)
                        return r;
                r = ring->entry(ring, entry);
                if (r < 0)
                        return r;
                now = base_clock_ns();
                if (now - ring->last_entry_ns < RING_DENSE_US * NS_PER_US)
                        ring->n_dense += ring->n_dense < RING_N_DENSE;
                else
                        ring->n_dense = 0;
                ring->last_entry_ns = now;
        }
        return 1;
}

/*
 * One turn: take what is there, tell a producer that found it full, and sleep. Of a session that
 * was killed since it asked for the turn nothing is taken: it is for life.c to say whether what it
 * had put still counts. Return: there may be more.
 */
static bool serve(void *arg)
{
        struct ring *ring = arg;
        int r;

        if (ring->session->dying)
                return false;
        /* It may have rung because what found no room in its queue has it now. */
        ring->session->all->writable(ring->session);
        shm_ring_wake(&ring->shm);
        r = take_entries(ring);
        if (r >= 0 && shm_ring_owes_room(&ring->shm)) { /* its producer keeps what found no room */
                ring->owes_bell = true;
                ring_bell(ring);
        }
        if (r == 0)
                r = shm_ring_sleep(&ring->shm);
        if (r < 0)
                session_kill(ring->session, "its ring is corrupt");
        return r == 1;
}

/* Edge-triggered: the counter of the doorbell is never read, each write of it is an event. */
static void on_bell(evutil_socket_t fd, short what, void *arg)
{
        struct ring *ring = arg;

        (void)fd;
        (void)what;
        turns_ask(&ring->session->loop->turns, &ring->turn);
}

/* Return: 0; -ENOSPC with words. */
static int charge(struct user *user, struct base_error *why)
{
        int r = user_charge_fds(user, RING_FDS, why);

        if (r < 0)
                return r;
        r = user_charge_bytes(user, RING_BYTES, why);
        if (r < 0)
                user_refund_fds(user, RING_FDS);
        return r;
}

static void refund(struct user *user)
{
        user_refund_bytes(user, RING_BYTES);
        user_refund_fds(user, RING_FDS);
}

int ring_open(struct session *session, ring_entry_fn entry, struct base_error *why)
{
        struct ring *ring;
        int r;

        if (session->member.ring)
                return -EEXIST;
        r = charge(session->user, why);
        if (r < 0)
                return r;
        ring = calloc(1, sizeof(*ring));
        if (!ring) {
                refund(session->user);
                return -ENOMEM;
        }
        ring->session = session;
        ring->entry = entry;
        ring->turn = (struct turn){ .user = session->user, .serve = serve, .arg = ring };
        ring->memfd = -1;
        ring->bell_in = base_fd_eventfd();
        ring->bell_out = base_fd_eventfd();
        session->member.ring = ring;
        r = ring->bell_in < 0 ? ring->bell_in : ring->bell_out < 0 ? ring->bell_out : 0;
        if (r == 0)
                r = shm_ring_create(&ring->memfd, &ring->shm);
        if (r == 0) {
                ring->event =
                        event_new(session->loop->base, ring->bell_in, EV_READ | EV_PERSIST | EV_ET,
                                  on_bell, ring);
                if (!ring->event || event_add(ring->event, NULL) < 0)
                        r = -ENOMEM;
        }
        if (r < 0)
                ring_close(session);
        return r;
}

void ring_drain(struct session *session)
{
        struct ring *ring = session->member.ring;
        uint64_t entry;

        for (unsigned n = 0; ring && n < SHM_RING_ENTRIES && shm_ring_get(&ring->shm, &entry) == 1;
             n++)
                if (ring->entry(ring, entry) < 0)
                        return;
}

void ring_close(struct session *session)
{
        struct ring *ring = session->member.ring;

        if (!ring)
                return;
        if (ring->event)
                event_free(ring->event);
        turns_drop(&session->loop->turns, &ring->turn);
        shm_ring_unmap(&ring->shm);
        base_fd_close(ring->memfd);
        base_fd_close(ring->bell_in);
        base_fd_close(ring->bell_out);
        refund(session->user);
        free(ring);
        session->member.ring = NULL;
}

int ring_put(struct ring *ring, uint64_t entry)
{
        int r = shm_ring_put(&ring->shm, entry);

        if (r < 0)
                return r;
        ring->owes_bell |= r == 1;
        return 0;
}

void ring_bell(struct ring *ring)
{
        if (!ring->owes_bell)
                return;
        ring->owes_bell = false;
        if (doorbell_ring(&ring->session->loop->guard, ring->bell_out) == -EPERM)
                session_kill(ring->session, "its ring's doorbell was made to block");
}
