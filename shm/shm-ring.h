/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RING_H
#define SHM_RING_H

/*
 * Rings: a pair of single-producer, single-consumer queues between one client and the daemon
 *
 * What    A sealed memfd of one page pair: to_daemon (assertions) and to_client (notifications).
 *         Free-running 32-bit indices; an entry is one 64-bit word. Each side has a doorbell
 *         eventfd.
 * Order   RING-R1 (entries before tail) pairs with RING-A1; RING-R2 (head after the entries are
 *         read) with RING-A2; a consumer that goes to sleep stores wanted = 1 (SC) and looks once
 *         more (SC); a producer stores tail (SC) and reads wanted (SC): one of the two sees the
 *         other.
 * Full    A producer that finds it full keeps its state, stores wants_room = 1 (SC) and looks at
 *         head once more (SC); a consumer stores head (SC) and, after it took what it wants for
 *         now, looks at wants_room (SC): one of the two sees the other. Then it rings the
 *         producer's doorbell: there is room again. Either side may be older than wants_room, which
 *         was spare: so a daemon that has seen a queue full rings in any case, and looks again by
 *         itself where nobody rings.
 * Trust   The other side may store anything. Indices are used modulo SHM_RING_ENTRIES only; more
 *         than that many entries "in" the ring is -EBADMSG; each side keeps its own index
 *         privately.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm-atomic.h"

#define SHM_RING_MAGIC    UINT64_C(0x31474e5243494756) /* "VGICRNG1" */
#define SHM_RING_ENTRIES  256u
#define SHM_RING_BYTES    8192u

/*
 * An entry: kind in bits 7..0, INTID in bits 39..8; TDIR: state in bit 8, generation from bit 16 on
 */
enum shm_ring_kind {
        SHM_RING_ASSERT = 1,    /* to the daemon */
        SHM_RING_DEASSERT,
        SHM_RING_PULSE,
        SHM_RING_TDIR = 16,     /* to the client */
        SHM_RING_EOI,
        SHM_RING_REVOKED,
};
#define SHM_RING_ENTRY(kind, intid)      ((uint64_t)(kind) | (uint64_t)(intid) << 8)
#define SHM_RING_TDIR_ENTRY(set, generation) \
        ((uint64_t)SHM_RING_TDIR | (uint64_t)!!(set) << 8 | (uint64_t)(generation) << 16)
#define SHM_RING_ENTRY_KIND(e)           ((uint32_t)((e) & 0xff))
#define SHM_RING_ENTRY_INTID(e)          ((uint32_t)((e) >> 8))

struct shm_ring_queue {
        /* 0: the producer; wants_room: 1 = I found it full, ring me. The consumer takes it back */
        _Alignas(64) shm_atomic(uint32_t) tail;
        shm_atomic(uint32_t) wants_room;
        /* 64: the consumer; wanted: 1 = ring me, 0 = I am polling */
        _Alignas(64) shm_atomic(uint32_t) head;
        shm_atomic(uint32_t) wanted;
        /* 128 */
        _Alignas(64) shm_atomic(uint64_t) entries[SHM_RING_ENTRIES];
};

struct shm_ring_page {
        uint64_t magic;
        uint32_t version;       /* 1 */
        uint32_t n_entries;     /* SHM_RING_ENTRIES */
        struct shm_ring_queue to_daemon;  /* 64 */
        struct shm_ring_queue to_client;  /* 2240 */
};

/* One end of one queue, private to a process. */
struct shm_ring_end {
        struct shm_ring_queue *queue;
        uint32_t index;         /* own tail (producer) or head (consumer) */
        bool was_full;          /* consumer: found it full since shm_ring_owes_room() */
};

struct shm_ring {
        struct shm_ring_page *page;
        struct shm_ring_end out; /* producer end */
        struct shm_ring_end in;  /* consumer end */
};

/*
 * shm_ring_create() - the daemon: a new sealed memfd, mapped as the daemon's side. Return: 0;
 * -EMFILE, -ENFILE, -ENOMEM.
 */
int shm_ring_create(int *ret_fd, struct shm_ring *ret_ring);
/* shm_ring_map() - the client: check and map; @fd is not consumed. Return: 0; -EBADMSG; -ENOMEM. */
int shm_ring_map(int fd, struct shm_ring *ret_ring);
void shm_ring_unmap(struct shm_ring *ring);

/*
 * shm_ring_put() - Return: 1 stored, ring the consumer's doorbell; 0 stored, the consumer is
 * polling; -EAGAIN full: the consumer rings once there is room; -EBADMSG the peer's index is
 * impossible.
 */
int shm_ring_put(struct shm_ring *ring, uint64_t entry);
/* shm_ring_get() - Return: 1 and an entry; 0 empty; -EBADMSG. */
int shm_ring_get(struct shm_ring *ring, uint64_t *ret_entry);
/*
 * shm_ring_sleep() - the consumer is about to sleep. Return: 1 something came, do not; 0 published;
 * -EBADMSG.
 */
int shm_ring_sleep(struct shm_ring *ring);
/*
 * shm_ring_owes_room() - after shm_ring_get() for now: ring the producer, which found the queue
 * full (and take that back), or may have found it full, as far as this side has seen. Whoever
 * stores it anew all the time is rung once a call.
 */
bool shm_ring_owes_room(struct shm_ring *ring);
/* shm_ring_wake() - the consumer polls from now on: no doorbells, please. */
void shm_ring_wake(struct shm_ring *ring);

#endif
