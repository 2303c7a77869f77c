/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Take-over: outsiders that reset a vCPU which does not run,
 * against its owner that turns it on or off
 */
#include "litmus-world.h"
#include "shm-read.h"
#include "shm-repair.h"

#define SPI GIC_SPI_FIRST
#define PPI 1u

/* What a guest has left in it: an SPI and a priority that are active, a PPI that is enabled. */
static void used(bool on)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        if (!on)
                world.vcpus[0].cpuif.cell.value = (world.vcpus[0].cpuif.cell.value &
                                                   ~SHM_CPUIF_POWERED) |
                                                  SHM_CPUIF_OFF;
}

static uint64_t cpuif(void)
{
        return world.vcpus[0].cpuif.cell.value;
}

static bool is_asked(void)
{
        return world.vcpus[0].request.cell.value & SHM_REQUEST_RESET;
}

static uint64_t n_resets(void)
{
        return world.vcpus[0].counters.resets.cell.value;
}

static uint64_t set_priority(uint64_t w, uint64_t priority)
{
        return gic_word_set_priority(w, (uint8_t)priority);
}

/* The guest's first steps on a vCPU that was turned on. */
static void configure(void)
{
        shm_cpuif_serve(&world, 0);
        shm_word_update(&world, &world.vcpus[0].words[PPI], PPI, set_priority, 0x20);
        shm_cpuif_set(&world, 0, SHM_CPUIF_PMR_SHIFT, 8, 0xf0);
        shm_word_update(&world, &world.vcpus[0].words[0], 0, set_priority, 0x28);
}

static void check_configured(void)
{
        litmus_check(gic_word_priority(world.vcpus[0].words[PPI].cell.value) == 0x20 &&
                     gic_word_priority(world.vcpus[0].words[0].cell.value) == 0x28 &&
                     base_field_get(cpuif(), SHM_CPUIF_PMR_SHIFT, 8) == 0xf0,
                     "a late outsider reset a vCPU that runs");
}

/* --- an outsider against power on --- */

static void on_setup(void)
{
        used(false);
}

static void on_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        } else {
                litmus_wait(80);
                shm_power(&world, 0, true);
                configure();
        }
}

static void on_after(void)
{
        litmus_check(!(cpuif() & SHM_CPUIF_SEIZED), "it stays taken");
        litmus_check(n_resets() || is_asked(), "a reset is lost");
        check_configured();
        if (!is_asked())
                litmus_check(!(world_word(SPI) & GIC_WORD_ACTIVE),
                             "a reset left an interrupt active");
        litmus_saw(is_asked() ? 0 : 1);
        if (world.vcpus[0].words[PPI].cell.value & GIC_WORD_SALT)
                litmus_saw(2);
}

LITMUS_SCENARIO(on, .name = "take-on", .what = "an outsider's reset against power on",
                .n_threads = 2, .setup = on_setup, .before = world_reset, .thread = on_thread,
                .after = on_after,
                .saw = { "it was asked of a vCPU that runs", "it was reset before it ran",
                         "its owner took it back" },
                .executions = 40000, .next = NULL);

/* --- an outsider against power off --- */

static void off_setup(void)
{
        used(true);
}

static void off_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        } else {
                litmus_wait(20);
                shm_power(&world, 0, false);
        }
}

static void off_after(void)
{
        litmus_check(!(cpuif() & SHM_CPUIF_SEIZED), "it stays taken");
        litmus_check(n_resets() && !is_asked(),
                     "a posted reset stays with a vCPU that nobody runs");
        litmus_check(!(world_word(SPI) & GIC_WORD_ACTIVE) &&
                     !(world.vcpus[0].words[PPI].cell.value & GIC_WORD_ENABLE),
                     "it is half reset");
        litmus_saw(world_rung[0] ? 0 : 1);
}

LITMUS_SCENARIO(off, .name = "take-off", .what = "an outsider's reset against power off",
                .n_threads = 2, .setup = off_setup, .before = world_reset, .thread = off_thread,
                .after = off_after, .saw = { "(it was parked)", "it was off or running" },
                .executions = 40000, .next = NULL);

/* --- two outsiders, and power off --- */

static void both_setup(void)
{
        used(true);
}

static void both_thread(unsigned index)
{
        litmus_wait(30);
        if (index < 2)
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        else
                shm_power(&world, 0, false);
}

LITMUS_SCENARIO(both, .name = "take-both", .what = "two outsiders and power off", .n_threads = 3,
                .setup = both_setup, .before = world_reset, .thread = both_thread,
                .after = off_after, .saw = { "(it was parked)", "it was off or running" },
                .executions = 20000, .next = NULL);

/* --- one outsider has it; the guest has configured it when another one asks --- */

static struct litmus_plain configured;
static bool asked_after;

static void later_before(void)
{
        world_reset();
        asked_after = false;
}

static void later_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        } else if (index == 1) {
                litmus_wait(60);
                shm_power(&world, 0, true);
                configure();
                litmus_tell(&configured, 1);
        } else {
                for (unsigned i = 0; i < 4 && !asked_after; i++) {
                        litmus_wait(60);
                        asked_after = litmus_told(&configured);
                }
                if (asked_after)
                        shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        }
}

static void later_after(void)
{
        litmus_check(!(cpuif() & SHM_CPUIF_SEIZED), "it stays taken");
        check_configured();
        if (!asked_after)
                return;
        litmus_saw(n_resets() ? 0 : 1);
        litmus_check(is_asked(), "what was asked of the owner was taken from it");
}

LITMUS_SCENARIO(later, .name = "take-later",
                .what = "a slow outsider against a reset that is asked of the owner",
                .n_threads = 3, .setup = on_setup, .before = later_before, .thread = later_thread,
                .after = later_after, .saw = { "after one reset", "after none" },
                .executions = 40000, .next = NULL);

/* --- who dies in the middle of it --- */

static bool died;

static void dead_before(void)
{
        world_reset();
        died = false;
}

static void dead_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                try {
                        litmus_mortal(60);
                        shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
                        litmus_returned();
                } catch (const litmus_death &) {
                        died = true;
                        shm_repair_words(&world); /* the daemon, which heard of it */
                }
        } else {
                litmus_wait(100);
                shm_power(&world, 0, true);
                configure();
        }
}

static void dead_after(void)
{
        litmus_check(!(cpuif() & SHM_CPUIF_SEIZED), "it stays taken");
        check_configured();
        if (!died)
                litmus_check(n_resets() || is_asked(), "a reset is lost");
        if (n_resets() && !is_asked())
                litmus_check(!(world_word(SPI) & GIC_WORD_ACTIVE),
                             "a reset left an interrupt active");
        litmus_saw(!died ? 0 : n_resets() ? 1 : 2);
}

LITMUS_SCENARIO(dead, .name = "take-dead",
                .what = "an outsider that dies in its reset, and power on", .n_threads = 2,
                .setup = on_setup, .before = dead_before, .thread = dead_thread,
                .after = dead_after,
                .saw = { "it lived", "it died, and it was reset",
                         "it died, and nothing or a request was left" },
                .executions = 30000, .next = NULL);

/* --- the active priorities of a vCPU that was reset by an outsider, as a reader sees them --- */

static void stale_setup(void)
{
        used(false);
        shm_apr_post(&world, 0, 1, 0, 0x50);
}

static void stale_thread(unsigned index)
{
        uint32_t first, second;

        if (index == 0) {
                litmus_wait(20);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
        } else if (index == 1) {
                litmus_wait(150);
                shm_power(&world, 0, true);
        } else {
                struct shm_vcpu_state state;

                litmus_wait(150);
                shm_read_vcpu(&world, 0, &state);
                first = shm_apr_read(&world, 0, 1, 0);
                litmus_check(first == 0 || first == 0x50,
                             "a reader is told active priorities from before");
                if (first == 0)
                        litmus_saw(0);
                if (state.resets) {
                        struct shm_irq_state irq;

                        litmus_saw(1);
                        litmus_check(first == 0, "a reader was told of the reset, and not of the "
                                                 "active priorities");
                        shm_read_irq(&world, 0, PPI, &irq);
                        litmus_check(!irq.enabled, "a reader was told of the reset, and finds an "
                                                   "interrupt from before");
                        shm_read_irq(&world, 0, SPI, &irq);
                        litmus_check(!irq.active, "a reader was told of the reset, and finds an "
                                                  "interrupt from before");
                }
                litmus_wait(20);
                second = shm_apr_read(&world, 0, 1, 0);
                litmus_check(second == 0 || (first == 0x50 && second == 0x50),
                             "a reader is told them, and then those before");
        }
}

LITMUS_SCENARIO(stale, .name = "take-apr",
                .what = "active priorities of a vCPU that an outsider resets, as read by others",
                .n_threads = 3, .setup = stale_setup, .before = world_reset, .thread = stale_thread,
                .after = NULL, .saw = { "they were read as reset", "the reset was heard of" },
                .executions = 40000, .next = NULL);

/* --- an outsider that has come as far as the words, and is late --- */

bool litmus_change_words(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket);

static uint64_t ticket;

static void late_setup(void)
{
        used(false);
        shm_takeover_seize(&world, 0, &ticket);
}

static void late_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(120);
                litmus_change_words(&world, 0, ticket);
        } else {
                shm_power(&world, 0, true);
                configure();
        }
}

static void late_after(void)
{
        check_configured();
        litmus_saw(0);
}

LITMUS_SCENARIO(late, .name = "take-late",
                .what = "an outsider comes to the words while power on takes the vCPU back",
                .n_threads = 2, .setup = late_setup, .before = world_reset, .thread = late_thread,
                .after = late_after, .saw = { "it runs" }, .executions = 60000, .next = NULL);

/*
 * --- an outsider lets go, then power on, while the death of another one is repaired by who sees,
 * unordered, that it let go ---
 */

static bool has_let_go(void)
{
        uint64_t w = litmus_cell_load(&world.vcpus[0].cpuif.cell, LITMUS_PLAIN);

        return (w & SHM_CPUIF_SEIZES) && !(w & SHM_CPUIF_SEIZED);
}

static void repair_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
                litmus_tell(&configured, 1);
        } else if (index == 1) {
                for (unsigned i = 0; i < 6 && !litmus_told(&configured); i++)
                        litmus_wait(60);
                if (!litmus_told(&configured))
                        return;
                litmus_saw(0);
                shm_power(&world, 0, true);
                configure();
                asked_after = true;
        } else {
                bool sees = false;

                for (unsigned i = 0; i < 6 && !sees; i++) {
                        litmus_wait(60);
                        sees = has_let_go();
                }
                if (!sees)
                        return;
                litmus_saw(1);
                shm_repair_words(&world);
        }
}

static void repair_after(void)
{
        if (!asked_after)
                return;
        litmus_check(!is_asked(), "a reset that was done is asked for again");
        check_configured();
}

LITMUS_SCENARIO(repair, .name = "take-repair",
                .what = "an outsider's reset, then power on, while another one's death is repaired",
                .n_threads = 3, .setup = on_setup, .before = later_before, .thread = repair_thread,
                .after = repair_after,
                .saw = { "it was turned on after the reset", "it was repaired" },
                .executions = 60000, .next = NULL);
