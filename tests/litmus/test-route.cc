/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Who gets an SPI: GICD_IROUTER<n>, and 1-of-N
 */
#include "litmus-world.h"

#define SPI GIC_SPI_FIRST

static uint64_t raw(void)
{
        return world.spis[0].irouter.cell.value;
}

static bool is_wanting(uint32_t intid)
{
        return gic_word_wanting(world_word(intid));
}

/* Two writers of one register; the interrupt is pending. */
static void writers_setup(void)
{
        world_build(2, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static void writers_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(12);
                world_write(GICD_REG_IROUTER, 0, SPI, index);
        }
}

static void writers_after(void)
{
        litmus_saw(raw() ? 0 : 1);
        litmus_check(gic_word_route(world_word(SPI)) == raw(),
                     "the route is not what the register says");
        world_settle();
}

LITMUS_SCENARIO(writers, .name = "route", .what = "two writers of GICD_IROUTER<n>", .n_threads = 2,
                .setup = writers_setup, .before = world_reset, .thread = writers_thread,
                .after = writers_after,
                .saw = { "the second vCPU's came last", "the first vCPU's came last" },
                .executions = 60000, .next = NULL);

/* A writer against an injection; both vCPUs park. */
static void moved_setup(void)
{
        world_build(2, 1, 0);
}

static void moved_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(12);
                world_write(GICD_REG_IROUTER, 0, SPI, 1);
        } else {
                litmus_wait(12);
                world_park(index - 2);
        }
}

static void moved_after(void)
{
        if (world_asleep[1] && world_rung[1])
                litmus_saw(0);
        if (!world_asleep[1])
                litmus_saw(1);
        if (world_rung[0])
                litmus_saw(2);
        litmus_check(is_wanting(SPI) && gic_word_route(world_word(SPI)) == 1,
                     "an injection is lost on its way");
        world_settle();
}

LITMUS_SCENARIO(moved, .name = "route-inject",
                .what = "an interrupt is routed elsewhere while it is injected", .n_threads = 4,
                .setup = moved_setup, .before = world_reset, .thread = moved_thread,
                .after = moved_after,
                .saw = { "its new vCPU slept and was rung", "its new vCPU did not sleep",
                         "its old vCPU was rung" },
                .executions = 40000, .next = NULL);

/* --- 1-of-N --- */

static void one_of_n(uint32_t n_spis)
{
        world_build(2, n_spis, SHM_FEATURE_1_OF_N);
        for (uint32_t i = 0; i < n_spis; i++) {
                world.spis[i].word.cell.value |= GIC_WORD_IRM;
                world.spis[i].irouter.cell.value = GIC_IROUTER_IRM;
        }
}

static bool is_awake(uint32_t vcpu)
{
        return !(world.vcpus[vcpu].cpuif.cell.value & SHM_CPUIF_ASLEEP);
}

static void wake_up(uint32_t vcpu, bool awake)
{
        world_write(GICR_REG_WAKER, vcpu, 0, awake ? 0 : GICR_WAKER_PROCESSOR_SLEEP);
}

/* With anybody eligible, each that is pending is with one that is. */
static void placed(uint32_t intid)
{
        uint32_t route = gic_word_route(world_word(intid));

        if (!is_wanting(intid) || (!is_awake(0) && !is_awake(1)))
                return;
        litmus_check(route < 2, "it stays without a target although a vCPU is eligible");
        litmus_check(is_awake(route), "it stays with a vCPU that will not take it");
}

/*
 * It is placed while the vCPU that is preferred closes its gate. By GICR_CTLR.DPG*, it looks once
 * (CAND-A1); who sets GICR_WAKER.ProcessorSleep looks once before, for what asks to wake.
 */
static bool by_waker;

static void closed_setup(void)
{
        one_of_n(1);
        world.vcpus[1].cpuif.cell.value &= ~UINT64_C(0xff); /* PMR: vCPU 0 is preferred */
}

static void closed_before(void)
{
        world_reset();
        by_waker = litmus_random(2);
        /* of another interrupt in the same word, or none yet */
        world.header->noted_summary.cell.value = litmus_random(2);
        if (litmus_random(2)) /* who was chosen last */
                world.spis[0].word.cell.value |= UINT64_C(1) << GIC_WORD_ROUTE_SHIFT;
}

static void closed_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(60);
                shm_line_pulse(&world, 0, SPI);
        } else {
                litmus_wait(50);
                if (by_waker)
                        wake_up(0, false);
                else
                        world_write(GICR_REG_CTLR, 0, 0, GICR_CTLR_DPG);
        }
}

static void closed_after(void)
{
        bool to_one = gic_word_route(world_word(SPI)) == 1;

        litmus_saw(to_one && world.vcpus[0].candidates[0].cell.value ? 0 : 1);
        litmus_check(is_wanting(SPI), "an injection is lost");
        litmus_check(gic_word_route(world_word(SPI)) == 1,
                     "it stays with a vCPU that will not take it");
        world_settle();
}

LITMUS_SCENARIO(closed, .name = "oneofn-close",
                .what = "a gate closes while an interrupt is placed behind it", .n_threads = 2,
                .setup = closed_setup, .before = closed_before, .thread = closed_thread,
                .after = closed_after, .saw = { "it was moved", "it was placed elsewhere at once" },
                .executions = 60000, .next = NULL);

/* Who closes the gate stands still right behind that: shm_oneofn_closed() is not called. */
static void stands_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(60);
                shm_line_pulse(&world, 0, SPI);
        } else {
                litmus_wait(50);
                shm_cpuif_set_gate(&world, 0, SHM_CPUIF_ASLEEP_SHIFT, 1, 1);
        }
}

LITMUS_SCENARIO(stands, .name = "oneofn-stand",
                .what = "the same, and who closes it stands still behind that", .n_threads = 2,
                .setup = closed_setup, .before = closed_before, .thread = stands_thread,
                .after = closed_after, .saw = { "it was moved", "it was placed elsewhere at once" },
                .executions = 60000, .next = NULL);

/* It finds nobody while a vCPU opens its gate. */
static void opened_setup(void)
{
        one_of_n(1);
        for (uint32_t v = 0; v < 2; v++)
                world.vcpus[v].cpuif.cell.value |= SHM_CPUIF_ASLEEP;
}

static void opened_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(40);
                wake_up(0, true);
        } else {
                litmus_wait(60);
                world_park(0);
        }
}

static void opened_after(void)
{
        litmus_saw(world_rung[0] ? 0 : 1);
        litmus_check(is_wanting(SPI), "an injection is lost");
        placed(SPI);
        world_settle();
}

LITMUS_SCENARIO(opened, .name = "oneofn-open",
                .what = "a gate opens while an interrupt finds nobody", .n_threads = 3,
                .setup = opened_setup, .before = world_reset, .thread = opened_thread,
                .after = opened_after,
                .saw = { "its vCPU slept and was rung", "its vCPU did not sleep" },
                .executions = 60000, .next = NULL);

/*
 * A gate opens and closes again: what it took up has to be there for the next one. Another
 * interrupt has its mark in the same word, so that this one's mark can
 * be taken before its summary bit is set.
 */
static void passed_setup(void)
{
        one_of_n(2);
        for (uint32_t v = 0; v < 2; v++)
                world.vcpus[v].cpuif.cell.value |= SHM_CPUIF_ASLEEP;
        shm_line_pulse(&world, 0, SPI + 1);
}

static void passed_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(10);
                wake_up(0, true);
                wake_up(0, false);
        } else {
                litmus_wait(150);
                wake_up(1, true);
        }
}

static void passed_after(void)
{
        for (uint32_t i = 0; i < 2; i++) {
                litmus_check(is_wanting(SPI + i), "an injection is lost");
                placed(SPI + i);
        }
        if (world.vcpus[0].candidates[0].cell.value >> SPI & 1)
                litmus_saw(0);
        world_settle();
}

LITMUS_SCENARIO(passed, .name = "oneofn-pass",
                .what = "a gate opens and closes again, another one opens", .n_threads = 3,
                .setup = passed_setup, .before = world_reset, .thread = passed_thread,
                .after = passed_after, .saw = { "it had been with the first" }, .executions = 60000,
                .next = NULL);

/*
 * The same where the first finds the summary bit of a mark that was taken before: it may take this
 * one's mark before its summary bit, or miss both.
 */
static void left_setup(void)
{
        one_of_n(1);
        for (uint32_t v = 0; v < 2; v++)
                world.vcpus[v].cpuif.cell.value |= SHM_CPUIF_ASLEEP;
        world.header->noted_summary.cell.value = 1;
}

static void left_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                shm_line_pulse(&world, 0, SPI);
        } else {
                litmus_wait(30);
                wake_up(0, true);
                wake_up(0, false);
        }
}

static void left_after(void)
{
        litmus_check(is_wanting(SPI), "an injection is lost");
        litmus_saw(world.vcpus[0].candidates[0].cell.value >> SPI & 1 ? 0 : 1);
        wake_up(1, true);
        placed(SPI);
        world_settle();
}

LITMUS_SCENARIO(
        left_over, .name = "oneofn-left",
        .what = "a gate opens and closes, a summary bit is left over; then another one opens",
        .n_threads = 2, .setup = left_setup, .before = world_reset, .thread = left_thread,
        .after = left_after, .saw = { "it had been with the first", "it had not" },
        .executions = 60000, .next = NULL);
