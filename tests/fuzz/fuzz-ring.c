/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rings: both ends, the daemon's as it was made and the client's as it was mapped,
 * and scribbles in between
 *
 *   step     bits 2..0: what; bit 3: whose end; then what that takes (0 to 6 bytes);
 *            bits 7..4: + 1 times
 *
 * Laws     Until somebody scribbles: a queue, in order, of SHM_RING_ENTRIES at most, and whoever
 *          asked to be woken is. After that: every call answers with one of its documented values,
 *          and no more entries come out than a ring holds per turn.
 *          A page with another head is not mapped.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fuzz-input.h"
#include "shm-ring.h"

enum { QUEUE_MAX = 1 << 16 };

/* What one end has sent and the other has not taken. */
struct queue {
        uint64_t entries[QUEUE_MAX];
        uint32_t first, end;
        bool wanted;            /* its consumer said so last */
};

struct world {
        struct shm_ring ends[2]; /* the daemon's; the client's */
        struct queue from[2];
        int fd;
        bool scribbled;
};

static void put(struct world *world, unsigned end, uint64_t entry)
{
        struct queue *q = &world->from[end];
        int r = shm_ring_put(&world->ends[end], entry);

        FUZZ_ASSERT(r == 0 || r == 1 || r == -EAGAIN || r == -EBADMSG);
        if (world->scribbled || q->end == QUEUE_MAX)
                return;
        FUZZ_ASSERT(r == (q->end - q->first == SHM_RING_ENTRIES ? -EAGAIN : q->wanted));
        if (r >= 0)
                q->entries[q->end++] = entry;
}

static int get(struct world *world, unsigned end)
{
        struct queue *q = &world->from[!end];
        uint64_t entry = 0;
        int r = shm_ring_get(&world->ends[end], &entry);

        FUZZ_ASSERT(r == 0 || r == 1 || r == -EBADMSG);
        if (world->scribbled || q->end == QUEUE_MAX)
                return r;
        FUZZ_ASSERT(r == (q->first != q->end));
        if (r == 1)
                FUZZ_ASSERT(entry == q->entries[q->first++]);
        return r;
}

static void sleep_once(struct world *world, unsigned end)
{
        struct queue *q = &world->from[!end];
        int r = shm_ring_sleep(&world->ends[end]);

        FUZZ_ASSERT(r == 0 || r == 1 || r == -EBADMSG);
        if (world->scribbled || q->end == QUEUE_MAX)
                return;
        FUZZ_ASSERT(r == (q->first != q->end));
        q->wanted = true;
}

static void wake(struct world *world, unsigned end)
{
        shm_ring_wake(&world->ends[end]);
        shm_ring_owes_room(&world->ends[end]);
        world->from[!end].wanted = false;
}

static void drain(struct world *world, unsigned end)
{
        for (unsigned i = 0; i <= SHM_RING_ENTRIES; i++)
                if (get(world, end) != 1)
                        return;
        FUZZ_ASSERT(!"more than a ring holds, and nobody put anything");
}

static void scribble(struct world *world, struct fuzz_input *in)
{
        uint64_t where = fuzz_take(in, 2) % (SHM_RING_BYTES - 4), what = fuzz_take(in, 4);

        memcpy((uint8_t *)world->ends[0].page + where, &what, 4);
        world->scribbled = true;
}

/* Whoever maps it now finds what it should be, or is told that it is none. */
static void map_again(struct world *world)
{
        const struct shm_ring_page *page = world->ends[0].page;
        struct shm_ring other = { 0 };
        int r = shm_ring_map(world->fd, &other);

        FUZZ_ASSERT(r == (page->magic == SHM_RING_MAGIC && page->version == 1 &&
                          page->n_entries == SHM_RING_ENTRIES
                                  ? 0
                                  : -EBADMSG));
        shm_ring_unmap(&other);
}

static void make_step(struct world *world, struct fuzz_input *in)
{
        uint64_t op = fuzz_take(in, 1), entry = 0;
        unsigned end = op >> 3 & 1;

        switch (op & 7) {
        case 0:
                for (uint64_t i = 0; i <= op >> 4; i++)
                        get(world, end);
                break;
        case 1:
        case 2:
                entry = fuzz_take(in, 2);
                for (uint64_t i = 0; i <= (op >> 4) * ((op & 7) == 1 ? 1 : 20); i++)
                        put(world, end, entry + i);
                break;
        case 3:
                sleep_once(world, end);
                break;
        case 4:
                wake(world, end);
                break;
        case 5:
                drain(world, end);
                break;
        case 6:
                scribble(world, in);
                break;
        default:
                map_again(world);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct world world;
        struct fuzz_input in = { data, size };

        world.scribbled = false;
        for (unsigned i = 0; i < 2; i++) {
                world.from[i].first = world.from[i].end = 0;
                world.from[i].wanted = true;
        }
        FUZZ_ASSERT(shm_ring_create(&world.fd, &world.ends[0]) == 0);
        FUZZ_ASSERT(shm_ring_map(world.fd, &world.ends[1]) == 0);
        while (in.size)
                make_step(&world, &in);
        shm_ring_unmap(&world.ends[1]);
        shm_ring_unmap(&world.ends[0]);
        close(world.fd);
        return 0;
}
