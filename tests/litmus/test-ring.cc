/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Rings, and the ends of interrupt that vCPUs owe to the daemon
 */
#include <cerrno>

#include "litmus-world.h"

static struct shm_ring_page page;
static struct shm_ring producer, consumer;
static uint64_t n_put, n_got;
static int rang;
static bool asleep;

/* The indices are about to wrap, and have gone through the ring before. */
static const uint32_t begin_at = UINT32_MAX - 1;

static uint64_t entry(uint64_t n)
{
        return SHM_RING_ENTRY(SHM_RING_ASSERT, 100 + n);
}

static void connect(uint32_t head, uint32_t tail)
{
        struct shm_ring_queue *q = &page.to_daemon;

        std::memset(&page, 0, sizeof page);
        producer = consumer = shm_ring();
        producer.out.queue = consumer.in.queue = q;
        producer.out.index = tail;
        consumer.in.index = head;
        shm_init(&q->head, head);
        shm_init(&q->tail, tail);
        for (uint32_t i = 0; i < SHM_RING_ENTRIES; i++)
                /* if it is full: in their order */
                shm_init(&q->entries[(head + i) % SHM_RING_ENTRIES], entry(i));
}

static void put(void)
{
        int r = shm_ring_put(&producer, entry(n_put));

        litmus_check(r == 0 || r == 1 || r == -EAGAIN, "the producer takes the ring for damaged");
        if (r < 0) {
                litmus_saw(1);
                return;
        }
        n_put++;
        rang |= r;
}

static void get(void)
{
        uint64_t e;
        int r = shm_ring_get(&consumer, &e);

        litmus_check(r == 0 || r == 1, "the consumer takes the ring for damaged");
        if (r == 0) {
                litmus_saw(2);
                return;
        }
        litmus_check(e == entry(n_got), "an entry is not the one that was put");
        n_got++;
}

static void drain(void)
{
        litmus_check(n_put >= n_got, "more came out than went in");
        while (n_got < n_put)
                get();
}

/* Empty, across the wrap-around. */
static void empty_setup(void)
{
        connect(begin_at, begin_at);
        n_put = 0;
}

static void empty_before(void)
{
        n_put = n_got = 0;
        rang = 0;
        asleep = false;
        producer.out.index = consumer.in.index = begin_at;
        for (uint32_t i = 0; i < 4; i++)
                shm_init(&page.to_daemon.entries[(begin_at + i) % SHM_RING_ENTRIES], 0);
}

static void empty_thread(unsigned index)
{
        litmus_wait(5);
        for (unsigned i = 0; i < 3; i++)
                index == 0 ? put() : get();
}

static void empty_after(void)
{
        if (n_got == 3)
                litmus_saw(0);
        drain();
}

LITMUS_SCENARIO(empty, .name = "ring",
                .what = "three entries through a ring whose indices wrap around", .n_threads = 2,
                .setup = empty_setup, .before = empty_before, .thread = empty_thread,
                .after = empty_after, .saw = { "all were got", "(never full)", "it was empty" },
                .executions = 60000, .next = NULL);

/* Full: what the consumer gives back is used again. */
static void full_setup(void)
{
        connect(begin_at, begin_at + SHM_RING_ENTRIES);
}

static void full_before(void)
{
        n_put = SHM_RING_ENTRIES;
        n_got = 0;
        producer.out.index = begin_at + SHM_RING_ENTRIES;
        consumer.in.index = begin_at;
        for (uint32_t i = 0; i < 3; i++)
                litmus_exclusive(&page.to_daemon.entries[(begin_at + i) % SHM_RING_ENTRIES].cell);
}

static void full_thread(unsigned index)
{
        litmus_wait(5);
        for (unsigned i = 0; i < 3; i++)
                index == 0 ? put() : get();
}

static void full_after(void)
{
        if (n_put > SHM_RING_ENTRIES)
                litmus_saw(0);
        drain();
}

LITMUS_SCENARIO(full, .name = "ring-full",
                .what = "a full ring: the producer uses entries again that the consumer has read",
                .n_threads = 2, .setup = full_setup, .before = full_before, .thread = full_thread,
                .after = full_after, .saw = { "an entry was used again", "it was full" },
                .executions = 30000, .next = NULL);

/*
 * Full, and the consumer empties it while the producer puts one more: that finds room, or is told
 * of it.
 */
static bool refused, told;

static void room_before(void)
{
        full_before();
        refused = told = false;
        shm_init(&page.to_daemon.wants_room, 0);
        /* One short of full: the consumer need not see it full. */
        n_put = SHM_RING_ENTRIES - 1;
        producer.out.index = begin_at + SHM_RING_ENTRIES - 1;
        shm_init(&page.to_daemon.tail, producer.out.index);
}

static void room_thread(unsigned index)
{
        litmus_wait(5);
        if (index == 0) {
                put();
                refused = shm_ring_put(&producer, entry(n_put)) == -EAGAIN;
        } else {
                get();
                told = shm_ring_owes_room(&consumer);
        }
}

static void room_after(void)
{
        if (refused && told)
                litmus_saw(0);
        if (!refused)
                litmus_saw(1);
        litmus_check(!refused || told,
                     "the queue was full, and its producer is not told of the room");
}

LITMUS_SCENARIO(room, .name = "ring-room",
                .what = "a producer that finds no room against the consumer that makes it",
                .n_threads = 2, .setup = full_setup, .before = room_before,
                .thread = room_thread, .after = room_after,
                .saw = { "it was refused and told", "it found room" },
                .executions = 30000, .next = NULL);

/* The consumer stops polling. */
static void sleep_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(6);
                put();
                return;
        }
        get();
        asleep = shm_ring_sleep(&consumer) == 0;
        if (asleep)
                return;
        shm_ring_wake(&consumer);
        get();
}

static void sleep_after(void)
{
        if (asleep && rang)
                litmus_saw(0);
        if (!asleep && !rang)
                litmus_saw(3);
        litmus_check(!asleep || rang || n_got == n_put,
                     "the consumer sleeps with an entry in the ring");
        drain();
}

LITMUS_SCENARIO(sleeping, .name = "ring-sleep",
                .what = "an entry against a consumer that stops polling", .n_threads = 2,
                .setup = empty_setup, .before = empty_before, .thread = sleep_thread,
                .after = sleep_after,
                .saw = { "it slept and was rung", "(never full)", "it was empty",
                         "it stayed awake and was not rung" },
                .executions = 60000, .next = NULL);

/* Two vCPUs end interrupts whose devices want to hear of it; the daemon polls. */
#define SPI GIC_SPI_FIRST

static struct litmus_plain handled[2];
static unsigned heard;

static void eoi_setup(void)
{
        world_build(2, 2, 0);
        for (uint32_t v = 0; v < 2; v++) {
                world_set_word(0, SPI + v, gic_word_set_route(world_word(SPI + v), (uint16_t)v));
                shm_line_notify(&world, SPI + v, true);
                shm_line_pulse(&world, 0, SPI + v);
                shm_cpuif_ack(&world, v, 1);
        }
}

static void eoi_before(void)
{
        world_reset();
        heard = 0;
}

static void hear(bool first)
{
        uint32_t intids[4];
        size_t n = shm_eoi_take(&world, intids, 4);

        for (size_t i = 0; i < n; i++) {
                heard |= 1u << (intids[i] - SPI);
                litmus_check(litmus_read(&handled[intids[i] - SPI]) == 1,
                             "an end is heard before what the handler did");
        }
        if (n && first)
                litmus_saw(0);
}

static void eoi_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(20);
                litmus_write(&handled[index], 1);
                shm_cpuif_eoi(&world, index, 1, SPI + index);
        } else {
                litmus_wait(25);
                hear(true);
                hear(false);
        }
}

static void eoi_after(void)
{
        if (heard == 3)
                litmus_saw(1);
        if (heard == 0)
                litmus_saw(2);
        hear(false);
        litmus_check(heard == 3, "an end of interrupt is not heard");
}

LITMUS_SCENARIO(eoi, .name = "eoi", .what = "two ends of interrupt against the daemon's poll",
                .n_threads = 3, .setup = eoi_setup, .before = eoi_before, .thread = eoi_thread,
                .after = eoi_after,
                .saw = { "the first poll heard one", "the polls heard both", "they heard none" },
                .executions = 30000, .next = NULL);
