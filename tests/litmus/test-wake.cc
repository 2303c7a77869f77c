/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Wake-up: whoever gives a vCPU something to do, against the vCPU that goes to sleep
 */
#include "litmus-world.h"

#define SPI GIC_SPI_FIRST

static bool was_pending(uint32_t intid)
{
        return gic_word_pending(world_word(intid));
}

/*
 * Two devices against a vCPU that parks. A candidate is left over from before, so that its last
 * look clears candidate and class under the injectors' hands.
 */
static void wake_setup(void)
{
        world_build(1, 3, 0);
        shm_word_mark(&world.vcpus[0], SPI + 2, world_word(SPI + 2));
}

static void wake_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(15);
                shm_line_pulse(&world, 0, SPI + index);
        } else if (!world_park(0)) {
                litmus_saw(0);
        }
}

static void wake_after(void)
{
        if (world_asleep[0] && world_rung[0])
                litmus_saw(1);
        if (!(world.vcpus[0].candidates[0].cell.value >> (SPI + 2) & 1))
                litmus_saw(2);
        litmus_check(was_pending(SPI) && was_pending(SPI + 1), "an injection is lost");
        world_settle();
}

LITMUS_SCENARIO(wake, .name = "wake", .what = "two injectors against a vCPU that parks",
                .n_threads = 3, .setup = wake_setup, .before = world_reset, .thread = wake_thread,
                .after = wake_after,
                .saw = { "it found an interrupt and did not sleep", "it slept and was rung",
                         "it cleared what was left over" },
                .executions = 60000, .next = NULL);

/* The same with nothing left over: no class is marked to begin with. */
static void clean_setup(void)
{
        world_build(1, 2, 0);
}

static void clean_after(void)
{
        if (world_asleep[0] && world_rung[0])
                litmus_saw(1);
        litmus_check(was_pending(SPI) && was_pending(SPI + 1), "an injection is lost");
        world_settle();
}

LITMUS_SCENARIO(clean, .name = "wake-clean",
                .what = "two injectors against a vCPU that parks, no candidate before",
                .n_threads = 3, .setup = clean_setup, .before = world_reset, .thread = wake_thread,
                .after = clean_after,
                .saw = { "it found an interrupt and did not sleep", "it slept and was rung" },
                .executions = 60000, .next = NULL);

/*
 * The class of an interrupt that was taken before is still marked: the injector, which finds it so,
 * has only the candidate to set, while the vCPU finds the class empty and takes the mark off.
 */
static void class_setup(void)
{
        world_build(1, 1, 0);
        shm_word_mark(&world.vcpus[0], SPI, world_word(SPI));
        world.vcpus[0].candidates[SPI / 64].cell.value = 0;
}

static bool was_found;

static void class_before(void)
{
        world_reset();
        was_found = false;
}

static void class_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(15);
                shm_line_pulse(&world, 0, SPI);
        } else {
                was_found = shm_cpuif_lines(&world, 0);
                world_park(0);
        }
}

static void class_after(void)
{
        if (was_found)
                litmus_saw(0);
        if (!was_found && !world_asleep[0])
                litmus_saw(1);
        if (world_asleep[0] && world_rung[0])
                litmus_saw(2);
        world_settle();
}

LITMUS_SCENARIO(left_class, .name = "wake-class",
                .what = "an injector against a vCPU that finds a class without candidates",
                .n_threads = 2, .setup = class_setup, .before = class_before,
                .thread = class_thread, .after = class_after,
                .saw = { "its first look found it", "its last look found it",
                         "it slept and was rung" },
                .executions = 40000, .next = NULL);

/* It is pending all the time, and may be had at both priorities: so every look finds it. */
static void priority_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static uint64_t raise_priority(uint64_t w, uint64_t)
{
        return gic_word_set_priority(w, 0x20);
}

static void priority_thread(unsigned index)
{
        if (index == 0) {
                shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, raise_priority, 0);
        } else {
                was_found = shm_cpuif_lines(&world, 0);
                litmus_check(was_found, "what is pending is hidden by a change of its priority");
                world_park(0);
        }
}

static void priority_after(void)
{
        uint64_t class_of_old = world.vcpus[0].classes.cell.value >> (0x80 / (256 / SHM_N_CLASSES));

        litmus_saw(class_of_old & 1 ? 0 : 1);
        world_settle();
}

LITMUS_SCENARIO(new_class, .name = "wake-priority",
                .what = "a change of priority against the vCPU that chooses",
                .n_threads = 2, .setup = priority_setup, .before = class_before,
                .thread = priority_thread, .after = priority_after,
                .saw = { "it was chosen by its old class", "its old class was found empty" },
                .executions = 40000, .next = NULL);


/*
 * The first injector is stopped for ever in the middle; the second makes the same interrupt
 * pending: it is delivered, and TDIR is set, although nobody repairs.
 */
static void stopped_setup(void)
{
        world_build(1, 1, 0);
}

static bool is_stopped;

static void stopped_before(void)
{
        world_reset();
        is_stopped = false;
}

static void stopped_thread(unsigned index)
{
        if (index == 0) {
                is_stopped = true;
                litmus_mortal(12);
                shm_line_pulse(&world, 0, SPI);
                is_stopped = false;
        } else if (index == 1) {
                litmus_wait(15);
                shm_line_pulse(&world, 0, SPI);
        } else if (!world_park(0)) {
                litmus_saw(0);
        }
}

static void stopped_after(void)
{
        if (is_stopped)
                litmus_saw(1);
        if (is_stopped && world_asleep[0] && world_rung[0])
                litmus_saw(2);
        litmus_check(was_pending(SPI), "an injection is lost");
        world_settle();
}

LITMUS_SCENARIO(stopped, .name = "wake-stopped",
                .what = "an injector that is stopped, another injector, a vCPU that parks",
                .n_threads = 3, .setup = stopped_setup, .before = stopped_before,
                .thread = stopped_thread, .after = stopped_after,
                .saw = { "it found the interrupt and did not sleep", "the first never went on",
                         "so it was, and the vCPU was rung" },
                .executions = 40000, .next = NULL);

/* A device pulses again while the vCPU takes its first pulse, ends it and parks. */
static struct litmus_plain written;

static void again_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static unsigned n_taken;
static bool saw_second;

static void again_before(void)
{
        world_reset();
        n_taken = 0;
        saw_second = false;
}

static void take(uint32_t vcpu)
{
        uint32_t intid = shm_cpuif_ack(&world, vcpu, 1);

        if (intid == GIC_INTID_SPURIOUS)
                return;
        n_taken++;
        saw_second = litmus_read(&written) == 1;
        shm_cpuif_eoi(&world, vcpu, 1, intid);
}

static void again_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(100);
                litmus_write(&written, 1);
                shm_line_pulse(&world, 0, SPI);
                return;
        }
        take(0);
        if (world_park(0))
                return;
        shm_park_end(&world, 0);
        take(0);
        litmus_check(saw_second, "the handler ran without the device's writes");
        litmus_saw(0);
}

static void again_after(void)
{
        if (world_asleep[0] && world_rung[0])
                litmus_saw(1);
        if (n_taken == 1 && !was_pending(SPI)) {
                litmus_check(saw_second, "an edge is lost");
                litmus_saw(2);
        }
        world_settle();
}

LITMUS_SCENARIO(again, .name = "again", .what = "a second pulse against acknowledge, end and park",
                .n_threads = 2, .setup = again_setup, .before = again_before,
                .thread = again_thread, .after = again_after,
                .saw = { "it was taken before it slept", "it slept and was rung",
                         "both pulses were one" },
                .executions = 60000, .next = NULL);

/* The distributor's gate, opened by another vCPU: GICD_CTLR */
static void gate_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        world.header->gicd_ctlr.cell.value = 0;
}

static void gate_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                world_write(GICD_REG_CTLR, 0, 0, 2);
        } else if (!world_park(0)) {
                litmus_saw(0);
        }
}

static void gate_after(void)
{
        if (world_asleep[0] && world_rung[0])
                litmus_saw(1);
        world_settle();
}

LITMUS_SCENARIO(gate, .name = "gate", .what = "GICD_CTLR opened against a vCPU that parks",
                .n_threads = 2, .setup = gate_setup, .before = world_reset, .thread = gate_thread,
                .after = gate_after,
                .saw = { "it saw the gate open and did not sleep", "it slept and was rung" },
                .executions = 40000, .next = NULL);

/* Its own gate, opened by another vCPU: GICR_WAKER */
static void waker_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        world.vcpus[0].cpuif.cell.value |= SHM_CPUIF_ASLEEP;
}

static void waker_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                world_write(GICR_REG_WAKER, 0, 0, 0);
        } else if (!world_park(0)) {
                litmus_saw(0);
        }
}

LITMUS_SCENARIO(waker, .name = "waker",
                .what = "GICR_WAKER opened by another vCPU against a vCPU that parks",
                .n_threads = 2, .setup = waker_setup, .before = world_reset, .thread = waker_thread,
                .after = gate_after,
                .saw = { "it saw the gate open and did not sleep", "it slept and was rung" },
                .executions = 40000, .next = NULL);

/*
 * WakeRequest: the vCPU is asleep (GICR_WAKER), its CPU interface off, and parks; a device pulses,
 * and GICD_CTLR is opened.
 */
static void request_setup(void)
{
        world_build(1, 1, 0);
        world.header->gicd_ctlr.cell.value = 0;
        world.vcpus[0].cpuif.cell.value &= ~(UINT64_C(3) << SHM_CPUIF_GRPEN_SHIFT);
}

static void request_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(10);
                world_write(GICD_REG_CTLR, 0, 0, 2);
        } else {
                world_write(GICR_REG_WAKER, 0, 0, 2);
                world_asleep[0] = !shm_park_is_due(&world, 0,
                                                   shm_park_begin(&world, 0, SHM_PARK_PARKED));
                if (!world_asleep[0])
                        litmus_saw(0);
        }
}

static void request_after(void)
{
        if (world_asleep[0] && world_rung[0])
                litmus_saw(1);
        litmus_check(!world_asleep[0] || world_rung[0], "a WakeRequest is slept through");
        world_settle();
}

LITMUS_SCENARIO(request, .name = "wake-request",
                .what = "a pulse and GICD_CTLR against a vCPU that goes to sleep and parks",
                .n_threads = 3, .setup = request_setup, .before = world_reset,
                .thread = request_thread, .after = request_after,
                .saw = { "it was asked to wake before it slept", "it slept and was rung" },
                .executions = 40000, .next = NULL);

/* A wake-up that is asked for, as by vgic_vcpu_wake(), against the vCPU's park. */
static void asked_setup(void)
{
        world_build(1, 0, 0);
}

static bool took_wanted;

static void asked_before(void)
{
        world_reset();
        took_wanted = false;
}

static void asked_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                shm_park_wake(&world, 0);
                return;
        }
        for (unsigned i = 0; i < 2 && world_park(0); i++) {
                if (!shm_park_wanted(&world, 0))
                        return;
                litmus_saw(0);
                took_wanted = true;
                shm_park_end(&world, 0);
                world_asleep[0] = false;
        }
}

static void asked_after(void)
{
        bool asked = world.vcpus[0].request.cell.value & SHM_REQUEST_WAKE;

        if (asked && world_rung[0])
                litmus_saw(1);
        litmus_check(asked || took_wanted, "the request is gone");
        litmus_check(!asked || !world_asleep[0] || world_rung[0], "a request is slept through");
}

LITMUS_SCENARIO(asked, .name = "asked",
                .what = "a wake-up that is asked for against a vCPU that parks", .n_threads = 2,
                .setup = asked_setup, .before = asked_before, .thread = asked_thread,
                .after = asked_after,
                .saw = { "it was seen by the look before sleep", "it slept and was rung" },
                .executions = 40000, .next = NULL);

/*
 * A reset that an outsider posts against the vCPU's service and park; and a second one, so that one
 * can come while the first is served.
 */
static void posted_setup(void)
{
        world_build(1, 0, 0);
}

static void posted_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(60);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
                return;
        }
        if (litmus_random(2))
                shm_cpuif_serve(&world, 0);
        world_park(0);
}

static void posted_after(void)
{
        bool pending = world.vcpus[0].request.cell.value & SHM_REQUEST_RESET;
        uint64_t n = world.vcpus[0].counters.resets.cell.value;

        if (n && pending)
                litmus_saw(0);
        if (pending && world_asleep[0] && world_rung[0])
                litmus_saw(1);
        if (n == 2)
                litmus_saw(2);
        litmus_check(n || pending, "a reset is lost");
        litmus_check(!pending || !world_asleep[0] || world_rung[0], "a reset is slept through");
        litmus_check(pending || world.vcpus[0].cpuif.cell.value & SHM_CPUIF_ASLEEP,
                     "reset, and not reset");
}

LITMUS_SCENARIO(posted, .name = "posted",
                .what = "resets that are posted to a vCPU that serves them and parks",
                .n_threads = 3, .setup = posted_setup, .before = world_reset,
                .thread = posted_thread, .after = posted_after,
                .saw = { "one was served and one came later", "it slept and was rung",
                         "both were served, one by one" },
                .executions = 30000, .next = NULL);
