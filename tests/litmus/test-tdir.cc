/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR: raised by whoever brings an SPI into flight, cleared by the daemon after a scan
 */
#include "litmus-fault.h"
#include "litmus-world.h"

#define SPI GIC_SPI_FIRST

static uint32_t state_of(void)
{
        return SHM_TDIR_STATE(world.header->tdir.cell.value);
}

static void two_setup(void)
{
        world_build(1, 2, 0);
}

/* As the last clear left it, or as one that died in the middle. */
static void two_before(void)
{
        world_reset();
        shm_init(&world.header->tdir, litmus_random(3));
        if (state_of() == SHM_TDIR_CLEAR)
                litmus_saw(2);
}

static int cleared;

static void two_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(6);
                shm_line_pulse(&world, 0, SPI + index);
        } else {
                cleared = shm_tdir_try_clear(&world);
        }
}

static void two_after(void)
{
        if (cleared)
                litmus_saw(0);
        else
                litmus_saw(1);
        world_settle();
}

LITMUS_SCENARIO(two, .name = "tdir", .what = "two raisers against a clear", .n_threads = 3,
                .setup = two_setup, .before = two_before, .thread = two_thread, .after = two_after,
                .saw = { "it was cleared, and set again", "it stayed set", "it was clear" },
                .executions = 60000, .next = NULL);

static void one_setup(void)
{
        world_build(1, 1, 0);
        world.header->tdir.cell.value = SHM_TDIR_SET;
}

static void one_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(4);
                shm_line_pulse(&world, 0, SPI);
        } else {
                cleared = shm_tdir_try_clear(&world);
        }
}

LITMUS_SCENARIO(one, .name = "tdir-one", .what = "one raiser against a clear", .n_threads = 2,
                .setup = one_setup, .before = world_reset, .thread = one_thread, .after = two_after,
                .saw = { "it was cleared, and set again", "it stayed set" }, .executions = 60000,
                .next = NULL);

/*
 * The daemon's place changes hands (shm-lock.h) while an SPI comes: whoever has it may clear, one
 * after the other. Of two clears at once, the first would end what the second began: both store the
 * same CLEARING, and a raise in between is not seen by the first one's scan.
 */
static struct litmus_plain given_back;

static void places_before(void)
{
        world_reset();
        cleared = 0;
}

static void places_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(6);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                cleared = shm_tdir_try_clear(&world);
                litmus_tell(&given_back, 1);
        } else {
                litmus_wait(10);
                if (!litmus_told(&given_back) && !litmus_has_fault(LITMUS_TWO_CLEARS))
                        return;
                litmus_saw(1);
                shm_tdir_try_clear(&world);
        }
}

static void places_after(void)
{
        if (cleared)
                litmus_saw(0);
        world_settle();
}

LITMUS_SCENARIO(places, .name = "tdir-places", .what = "one clears TDIR, then another",
                .n_threads = 3, .setup = one_setup, .before = places_before,
                .thread = places_thread, .after = places_after,
                .saw = { "the first cleared it", "the second had the place" },
                .executions = 60000, .next = NULL);

/*
 * A vCPU has acknowledged the SPI and tells another one, which would deactivate it: as long as it
 * is in flight, that one must find TDIR set. The SPI was in flight before, found by a candidate bit
 * of its own: its raiser may not have come to TDIR yet when it is acknowledged.
 */
static struct litmus_plain told;

static void reader_setup(void)
{
        world_build(2, 1, 0);
}

static void reader_before(void)
{
        world_reset();
        shm_init(&world.header->tdir, litmus_random(2) ? SHM_TDIR_SET : SHM_TDIR_CLEAR);
        if (litmus_random(2))
                /* left over: it is looked at before its raiser marks it */
                shm_word_mark(&world.vcpus[0], SPI, world_word(SPI));
}

static void reader_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(6);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(10);
                if (shm_cpuif_ack(&world, 0, 1) != SPI)
                        return;
                litmus_tell(&told, 1);
                litmus_saw(0);
        } else if (index == 2) {
                litmus_wait(40);
                if (!litmus_told(&told))
                        return;
                litmus_saw(1);
                litmus_check(shm_tdir_get(&world, NULL, NULL), "a deactivation was not trapped");
        } else {
                litmus_wait(20);
                cleared = shm_tdir_try_clear(&world);
        }
}

static void reader_after(void)
{
        if (cleared)
                litmus_saw(2);
        world_settle();
}

LITMUS_SCENARIO(reader, .name = "tdir-reader",
                .what = "a vCPU that was told of an active SPI sees TDIR set", .n_threads = 4,
                .setup = reader_setup, .before = reader_before, .thread = reader_thread,
                .after = reader_after,
                .saw = { "it was acknowledged", "it was told", "it was cleared meanwhile" },
                .executions = 60000, .next = NULL);

/* Somebody begins to take an interest while it turns set. */
static uint32_t seen;

static void interest_setup(void)
{
        world_build(1, 1, 0);
        world.header->tdir.cell.value = SHM_TDIR_CLEAR;
        world.header->tdir_interest.cell.value = 0;
}

static void interest_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(4);
                shm_line_pulse(&world, 0, SPI);
                return;
        }
        shm_tdir_set_interest(&world, 1);
        shm_tdir_try_clear(&world);
        seen = shm_tdir_get(&world, NULL, NULL);
}

static void interest_after(void)
{
        if (seen)
                litmus_saw(0);
        if (world_daemon_rung)
                litmus_saw(1);
        litmus_check(seen || world_daemon_rung, "the daemon does not hear that TDIR is set");
        world_settle();
}

LITMUS_SCENARIO(interest, .name = "tdir-interest",
                .what = "TDIR turns set while somebody begins to subscribe", .n_threads = 2,
                .setup = interest_setup, .before = world_reset, .thread = interest_thread,
                .after = interest_after,
                .saw = { "the daemon saw it", "the raiser saw the interest" }, .executions = 40000,
                .next = NULL);
