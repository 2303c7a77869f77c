/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Inputs of a vCPU that its host keeps: set by whoever is told that something is due, by the
 * vCPU's own thread after what it did, while the vCPU stays entered all the time
 *
 * Both ways of <vgic/vgic-vcpu.h>: by a lock, under which whoever has news asks and stores; and
 * without one, where a kick puts the input up, and the owner takes it down before it calls.
 */
#include "litmus-world.h"
#include "shm-lines.h"

#define SPI  GIC_SPI_FIRST

static litmus_atomic<uint32_t> lock, input;
static bool gave_up;
static void (*kick)(void);

static void ring(void *, uint32_t, uint32_t)
{
        kick();
}

/*
 * It stays in guest. It has taken the first interrupt, whose priority keeps the other back: EOImode
 * 1, so that nothing but the drop of that priority lets it through.
 */
static void setup(void)
{
        world_build(1, 2, 0);
        world.ring = ring;
        shm_init(&world.vcpus[0].icc_ctlr,
                 world.vcpus[0].icc_ctlr.cell.value | ICC_CTLR_EOIMODE);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        shm_init(&world.vcpus[0].park, SHM_PARK_IN_GUEST);
}

static void before(void)
{
        world_reset();
        shm_init(&lock, 0);
        shm_init(&input, 0);
        gave_up = false;
}

/*
 * The host's lock: nobody in it waits for anybody. Who finds it taken for too long gives up, and
 * the execution tells nothing.
 */
static bool take_lock(void)
{
        for (unsigned i = 0; i < 12; i++) {
                uint64_t old = 0;

                if (litmus_cell_cas(&lock.cell, &old, 1, LITMUS_TOLD))
                        return true;
                litmus_wait(20);
        }
        gave_up = true;
        return false;
}

static void publish(void)
{
        unsigned lines = 0;

        if (litmus_has_fault(LITMUS_LINES_BEFORE_LOCK))
                lines = shm_lines_peek(&world, 0);
        if (!take_lock())
                return;
        if (!litmus_has_fault(LITMUS_LINES_BEFORE_LOCK))
                lines = shm_lines_peek(&world, 0);
        litmus_cell_store(&input.cell, lines, LITMUS_PLAIN);
        litmus_cell_store(&lock.cell, 0, LITMUS_TOLD);
}

static void locked_thread(unsigned index)
{
        kick = publish;
        litmus_wait(30);
        if (index == 0) {
                shm_line_pulse(&world, 0, SPI + 1);
                return;
        }
        shm_cpuif_eoi(&world, 0, 1, SPI);
        litmus_returned();
        publish();
}

static bool is_up(void)
{
        return input.cell.value & SHM_LINE_IRQ;
}

static void locked_after(void)
{
        litmus_check(shm_lines_peek(&world, 0) == SHM_LINE_IRQ, "the line is not asserted");
        if (gave_up)
                return;
        litmus_saw(0);
        litmus_check(is_up(), "the line is asserted, and its input is low");
        world_settle();
}

LITMUS_SCENARIO(locked, .name = "lines-locked",
                .what = "an input set under a lock, by a kick and after an end of interrupt",
                .n_threads = 2, .setup = setup, .before = before, .thread = locked_thread,
                .after = locked_after, .saw = { "both had the lock" },
                .executions = 40000, .next = NULL);

/* Without a lock. */
static void put_up(void)
{
        litmus_cell_rmw(&input.cell, LITMUS_OR, SHM_LINE_IRQ, LITMUS_TOLD);
}

static void take_down(void)
{
        litmus_cell_rmw(&input.cell, LITMUS_EXCHANGE, 0, LITMUS_TOLD);
}

static bool was_found;

static void flagged_thread(unsigned index)
{
        kick = put_up;
        litmus_wait(30);
        if (index == 0) {
                shm_line_pulse(&world, 0, SPI + 1);
                return;
        }
        if (!litmus_has_fault(LITMUS_LINES_DOWN_LATE))
                take_down();
        shm_cpuif_eoi(&world, 0, 1, SPI);
        was_found = shm_cpuif_lines(&world, 0);
        litmus_returned();
        if (litmus_has_fault(LITMUS_LINES_DOWN_LATE))
                take_down();
        if (was_found)
                put_up();
}

static void flagged_after(void)
{
        litmus_saw(was_found ? 0 : 1);
        litmus_check(is_up(), "the line is asserted, and its input is low");
        world_settle();
}

LITMUS_SCENARIO(flagged, .name = "lines-flagged",
                .what = "an input without a lock: put up by a kick, taken down before an access",
                .n_threads = 2, .setup = setup, .before = before, .thread = flagged_thread,
                .after = flagged_after,
                .saw = { "the owner found it", "the kick alone put it up" },
                .executions = 40000, .next = NULL);
