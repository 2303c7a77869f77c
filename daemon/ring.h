/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef RING_H
#define RING_H

/*
 * Rings: the daemon's end of a session's ring pair
 *
 * What    In: assertions of the session's grant. Out: its notes (notes.h).
 * Polling After dense traffic the daemon looks for RING_SPIN_US before it asks for a doorbell
 *         again; a turn (turns.h) takes RING_BATCH entries and TURN_US at most. Idle costs nothing.
 * Trust   Entries are copied once and checked: an INTID that is not granted is counted and ignored,
 *         an unknown kind or an impossible index ends the session.
 */
#include <stdbool.h>
#include <stdint.h>

#include "shm-ring.h"
#include "turns.h"

struct base_error;
struct event;
struct session;

#define RING_FDS      3u        /* its memory and two doorbells */
#define RING_BYTES    (sizeof(struct ring) + SHM_RING_BYTES)
#define RING_BATCH      256u
#define RING_SPIN_US     50u
#define RING_DENSE_US   100u    /* entries that follow each other faster are dense ... */
#define RING_N_DENSE      4u    /* ... after so many of them */

struct ring;

/* What is done with an entry of its client's. Return: 0; -EBADMSG it ends the session. */
typedef int (*ring_entry_fn)(struct ring *ring, uint64_t entry);

struct ring {
        struct session *session;
        ring_entry_fn entry;
        struct shm_ring shm;
        int memfd;
        int bell_in;                    /* the client rings the daemon */
        int bell_out;                   /* the daemon rings the client */
        struct event *event;
        struct turn turn;
        bool owes_bell;
        uint32_t n_dense;
        uint64_t last_entry_ns;
        uint64_t n_ignored;
};

/*
 * ring_open() - @entry is called for each entry that comes. Return: 0; -EEXIST; -ENOSPC with words;
 * -EMFILE, -ENFILE, -ENOMEM.
 */
int ring_open(struct session *session, ring_entry_fn entry, struct base_error *why);

/* ring_close() - Idempotent. */
void ring_close(struct session *session);

/*
 * ring_drain() - what its client had put before it died, though it may not have rung: its calls had
 * returned.
 */
void ring_drain(struct session *session);

/* ring_put() - one note. Return: 0; -EAGAIN full; -EBADMSG. ring_bell() follows. */
int ring_put(struct ring *ring, uint64_t entry);

/* ring_bell() - ring the client if what was put asks for it. */
void ring_bell(struct ring *ring);

#endif
