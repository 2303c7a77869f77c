/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUIRED_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static_assert(offsetof(struct shm_ring_queue, tail) == 0, "ring queue: tail");
static_assert(offsetof(struct shm_ring_queue, wants_room) == 4, "ring queue: wants_room");
static_assert(offsetof(struct shm_ring_queue, head) == 64, "ring queue: head");
static_assert(offsetof(struct shm_ring_queue, wanted) == 68, "ring queue: wanted");
static_assert(offsetof(struct shm_ring_queue, entries) == 128, "ring queue: entries");
static_assert(sizeof(struct shm_ring_queue) == 128 + 8 * SHM_RING_ENTRIES, "ring queue");
static_assert(offsetof(struct shm_ring_page, magic) == 0, "ring: magic");
static_assert(offsetof(struct shm_ring_page, version) == 8, "ring: version");
static_assert(offsetof(struct shm_ring_page, n_entries) == 12, "ring: n_entries");
static_assert(offsetof(struct shm_ring_page, to_daemon) == 64, "ring: to_daemon");
static_assert(offsetof(struct shm_ring_page, to_client) == 2240, "ring: to_client");
static_assert(sizeof(struct shm_ring_page) <= SHM_RING_BYTES, "the ring fits its pages");

/* Both sides run this code: what is out for one is in for the other. */
static void set_ends(struct shm_ring *ring, struct shm_ring_page *page, bool is_daemon)
{
        *ring = (struct shm_ring) {
                .page = page,
                .out = { is_daemon ? &page->to_client : &page->to_daemon, 0, false },
                .in = { is_daemon ? &page->to_daemon : &page->to_client, 0, false },
        };
}

static struct shm_ring_page *map_page(int fd)
{
        void *page = mmap(NULL, SHM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        return page == MAP_FAILED ? NULL : page;
}

int shm_ring_create(int *ret_fd, struct shm_ring *ret_ring)
{
        int fd = memfd_create("vgic-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        struct shm_ring_page *page = NULL;
        int error;

        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0 || ftruncate(fd, SHM_RING_BYTES) < 0 ||
            fcntl(fd, F_ADD_SEALS, REQUIRED_SEALS) < 0 ||
            !(page = map_page(fd))) {
                error = -errno;
                close(fd);
                return error;
        }
        page->magic = SHM_RING_MAGIC;
        page->version = 1;
        page->n_entries = SHM_RING_ENTRIES;
        shm_init(&page->to_daemon.wanted, 1);
        shm_init(&page->to_client.wanted, 1);
        set_ends(ret_ring, page, true);
        *ret_fd = fd;
        return 0;
}

int shm_ring_map(int fd, struct shm_ring *ret_ring)
{
        int seals = fcntl(fd, F_GET_SEALS);
        struct shm_ring_page *page;
        struct stat st;

        if (seals < 0 || (seals & REQUIRED_SEALS) != REQUIRED_SEALS || fstat(fd, &st) < 0 ||
            st.st_size != SHM_RING_BYTES)
                return -EBADMSG;
        page = map_page(fd);
        if (!page)
                return -errno;
        if (page->magic != SHM_RING_MAGIC || page->version != 1 ||
            page->n_entries != SHM_RING_ENTRIES) {
                munmap(page, SHM_RING_BYTES);
                return -EBADMSG;
        }
        set_ends(ret_ring, page, false);
        return 0;
}

void shm_ring_unmap(struct shm_ring *ring)
{
        if (ring->page)
                munmap(ring->page, SHM_RING_BYTES);
        *ring = (struct shm_ring) { 0 };
}

/* Full, it seems: say so, then look again. Return: how many are in it. */
static uint32_t want_room(struct shm_ring *ring)
{
        struct shm_ring_queue *q = ring->out.queue;

        shm_store(&q->wants_room, 1, RING_R4);
        return ring->out.index - shm_load(&q->head, RING_A5);
}

int shm_ring_put(struct shm_ring *ring, uint64_t entry)
{
        struct shm_ring_queue *q = ring->out.queue;
        /* RING-A2: the consumer has read what it gave back. */
        uint32_t used = ring->out.index - shm_load(&q->head, RING_A2);

        if (used == SHM_RING_ENTRIES)
                used = want_room(ring);
        if (used > SHM_RING_ENTRIES)
                return -EBADMSG;
        if (used == SHM_RING_ENTRIES)
                return -EAGAIN;
        shm_store(&q->entries[ring->out.index % SHM_RING_ENTRIES], entry, RING_X1);
        ring->out.index++;
        /* RING-R1; sequentially consistent against the consumer's wanted (RING-R3, RING-A3). */
        shm_store(&q->tail, ring->out.index, RING_R1);
        return shm_load(&q->wanted, RING_A4) ? 1 : 0;
}

int shm_ring_get(struct shm_ring *ring, uint64_t *ret_entry)
{
        struct shm_ring_queue *q = ring->in.queue;
        uint32_t filled = shm_load(&q->tail, RING_A1) - ring->in.index;

        if (filled > SHM_RING_ENTRIES)
                return -EBADMSG;
        if (!filled)
                return 0;
        if (filled == SHM_RING_ENTRIES)
                ring->in.was_full = true;
        *ret_entry = shm_load(&q->entries[ring->in.index % SHM_RING_ENTRIES], RING_X2);
        ring->in.index++;
        shm_store(&q->head, ring->in.index, RING_R2);
        return 1;
}

bool shm_ring_owes_room(struct shm_ring *ring)
{
        bool was_full = ring->in.was_full;

        ring->in.was_full = false;
        if (!shm_load(&ring->in.queue->wants_room, RING_A6))
                return was_full;
        shm_store(&ring->in.queue->wants_room, 0, RING_X4);
        return true;
}

int shm_ring_sleep(struct shm_ring *ring)
{
        struct shm_ring_queue *q = ring->in.queue;
        uint32_t filled;

        shm_store(&q->wanted, 1, RING_R3);
        filled = shm_load(&q->tail, RING_A3) - ring->in.index;
        if (filled > SHM_RING_ENTRIES)
                return -EBADMSG;
        return filled != 0;
}

void shm_ring_wake(struct shm_ring *ring)
{
        shm_store(&ring->in.queue->wanted, 0, RING_X3);
}
