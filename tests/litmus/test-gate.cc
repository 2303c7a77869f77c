/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The gate of TDIR: a vCPU takes an SPI while a list-register port enters the guest, or leaves it
 *
 * vCPU 0, to which the SPI is routed, is a trap port, or a list-register port if the scenario says
 * so; vCPU 1 is a list-register port. "Open" is a port in guest that does not trap ICC_DIR_EL1.
 */
#include "litmus-world.h"
#include "shm-gate.h"
#include "shm-owner.h"
#include "shm-port.h"
#include "shm-repair.h"

#define SPI GIC_SPI_FIRST

#define HCR_TDIR  (UINT64_C(1) << 14)
#define ONE_REGISTER  (1u << SHM_PORT_N_SHIFT)

static bool has_spi;            /* the guest of vCPU 0 */
static bool is_open;            /* vCPU 1 is in guest */
static bool is_in[2];
static struct shm_port_bank banks[2];

/* The law: at no instant both. */
static void judge(void)
{
        litmus_check(!has_spi || !is_open,
                     "an SPI was taken while a port was in guest without trapping");
}

static void gate_before(void)
{
        world_reset();
        has_spi = is_open = is_in[0] = is_in[1] = false;
}

static void gate_setup(void)
{
        world_build(2, 1, 0);
        world.header->tdir.cell.value = SHM_TDIR_CLEAR | SHM_TDIR_PORTS;
        world.vcpus[1].port.cell.value = ONE_REGISTER;
}

static void enter(uint32_t vcpu)
{
        banks[vcpu] = {};
        shm_port_enter(&world, vcpu, &banks[vcpu]);
        is_in[vcpu] = true;
        if (vcpu == 1)
                is_open = !(banks[1].ich_hcr & HCR_TDIR);
        else
                has_spi = banks[0].ich_lr[0] != 0;
        judge();
}

static void leave(uint32_t vcpu)
{
        if (vcpu == 1)
                is_open = false;
        else
                has_spi = false;
        is_in[vcpu] = false;
        shm_port_exit(&world, vcpu, &banks[vcpu]);
}

/* A trap port; if it gets none it sleeps. One that goes to sleep anyway looks once. */
static void take(void)
{
        if (litmus_random(4))
                has_spi = shm_cpuif_ack(&world, 0, 1) == SPI;
        judge();
        if (!has_spi)
                world_park(0);
}

/*
 * In after(): whoever is in guest without trapping leaves, as it does when TDIR's broadcast reaches
 * it. Then nobody waits.
 */
static void settle(void)
{
        if (is_open)
                leave(1);
        world_settle();
}

/* --- a port enters --- */

static void enter_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
                take();
        } else {
                litmus_wait(6);
                enter(1);
        }
}

static void enter_after(void)
{
        if (has_spi)
                litmus_saw(0);
        if (is_open)
                litmus_saw(1);
        /* No daemon broadcasts here. */
        litmus_check(has_spi || !is_open || world_rung[1],
                     "it was refused, and nobody makes the port leave");
        /* Refused only by a port that will leave: or nobody rings. */
        litmus_check(has_spi || is_open || (world.header->tdir.cell.value & SHM_TDIR_SETTLED) ||
                     world_rung[0] || !world_asleep[0],
                     "it was refused, and nobody will ring");
        settle();
}

LITMUS_SCENARIO(enters, .name = "gate-enter",
                .what = "a port enters the guest while an SPI is taken", .n_threads = 2,
                .setup = gate_setup, .before = gate_before, .thread = enter_thread,
                .after = enter_after,
                .saw = { "it was taken", "the port entered without trapping" }, .executions = 40000,
                .next = NULL);

/* --- the port is in guest without trapping, and leaves --- */

static void leave_before(void)
{
        gate_before();
        shm_init(&world.vcpus[1].port, ONE_REGISTER | SHM_PORT_IN);
        is_open = is_in[1] = true;
        banks[1] = {};
}

static void leave_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
                take();
        } else {
                litmus_wait(12);
                leave(1);
        }
}

static void leave_after(void)
{
        if (has_spi)
                litmus_saw(0);
        if (world_asleep[0])
                litmus_saw(1);
        settle();
}

LITMUS_SCENARIO(leaves, .name = "gate-leave",
                .what = "the last port leaves while an SPI is refused", .n_threads = 2,
                .setup = gate_setup, .before = leave_before, .thread = leave_thread,
                .after = leave_after,
                .saw = { "it was taken", "it was refused, and its vCPU slept" },
                .executions = 40000, .next = NULL);

/* --- it comes in and goes out, and again: what was settled before is not settled now --- */

static void again_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(60);
                shm_line_pulse(&world, 0, SPI);
                take();
        } else {
                enter(1);
                litmus_wait(30);
                leave(1);
                enter(1);
        }
}

static void again_after(void)
{
        if (has_spi)
                litmus_saw(0);
        if (world_asleep[0])
                litmus_saw(1);
        settle();
}

LITMUS_SCENARIO(again, .name = "gate-again",
                .what = "a port enters, leaves and enters while an SPI is taken", .n_threads = 2,
                .setup = gate_setup, .before = gate_before, .thread = again_thread,
                .after = again_after,
                .saw = { "it was taken", "it was refused, and its vCPU slept" },
                .executions = 40000, .next = NULL);

/* --- two list-register ports: the SPI becomes resident in one --- */

static void list_setup(void)
{
        gate_setup();
        world.vcpus[0].port.cell.value = ONE_REGISTER;
}

static void list_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
                enter(0);
        } else {
                litmus_wait(20);
                enter(1);
                litmus_wait(20);
                if (litmus_random(2))
                        leave(1);
        }
}

static void list_after(void)
{
        litmus_saw(has_spi ? 0 : 1);
        if (is_open) {
                litmus_saw(2);
                leave(1);
        }
        litmus_check(has_spi || world_rung[0],
                     "an SPI was refused to a port in guest, and nobody rings it");
        litmus_check(!has_spi == !(world_word(SPI) & GIC_WORD_RESIDENT),
                     "what is in a list register is not resident, or the reverse");
        world_settle();
}

LITMUS_SCENARIO(lists, .name = "gate-list",
                .what = "an SPI is listed while another port enters and leaves", .n_threads = 2,
                .setup = list_setup, .before = gate_before, .thread = list_thread,
                .after = list_after,
                .saw = { "it was listed", "it was refused", "the other port did not trap" },
                .executions = 40000, .next = NULL);

/* --- the daemon clears --- */

static int cleared;

/* As the last clear left it, or set for an SPI that has ended since. */
static void clear_before(void)
{
        gate_before();
        if (litmus_random(2))
                shm_init(&world.header->tdir,
                         SHM_TDIR_SET | SHM_TDIR_PORTS | (litmus_random(2) ? SHM_TDIR_SETTLED : 0));
        cleared = 0;
}

static void clear_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(40);
                shm_line_pulse(&world, 0, SPI);
                take();
                if (has_spi && litmus_random(2)) {
                        litmus_wait(20);
                        has_spi = false;
                        shm_cpuif_eoi(&world, 0, 1, SPI);
                }
        } else if (index == 1) {
                litmus_wait(60);
                enter(1);
                litmus_wait(20);
                if (litmus_random(2))
                        leave(1);
        } else {
                litmus_wait(60);
                cleared = shm_tdir_try_clear(&world);
        }
}

static void clear_after(void)
{
        if (cleared)
                litmus_saw(0);
        if (has_spi)
                litmus_saw(1);
        if (world_asleep[0])
                litmus_saw(2);
        if (is_open)
                litmus_saw(3);
        settle();
}

LITMUS_SCENARIO(clears, .name = "gate-clear",
                .what = "TDIR is cleared while an SPI is taken and a port enters and leaves",
                .n_threads = 3, .setup = gate_setup, .before = clear_before, .thread = clear_thread,
                .after = clear_after,
                .saw = { "it was cleared", "the SPI was taken",
                         "it was refused, and its vCPU slept", "the port did not trap" },
                .executions = 60000, .next = NULL);

/*
 * The first port of the VM: cleared from outside, the SPI lets TDIR be cleared, the port is
 * registered and enters, and an injector has made the SPI what it was before TDIR hears of it.
 */
static uint64_t clear_pending(uint64_t w, uint64_t)
{
        return w & ~(GIC_WORD_EDGE | GIC_WORD_LATCH);
}

static void first_setup(void)
{
        world_build(2, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static void first_before(void)
{
        gate_before();
        cleared = 0;
}

static void first_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(30);
                take();
                return;
        }
        litmus_wait(30);
        shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, clear_pending, 0);
        cleared = shm_tdir_try_clear(&world);
        shm_port_configure(&world, 1, 1);
        enter(1);
        shm_line_pulse(&world, 0, SPI);
}

static void first_after(void)
{
        if (cleared)
                litmus_saw(0);
        if (has_spi)
                litmus_saw(1);
        if (is_open)
                litmus_saw(2);
        settle();
}

LITMUS_SCENARIO(first, .name = "gate-first",
                .what = "the first port is registered and enters while an SPI is acknowledged",
                .n_threads = 2, .setup = first_setup, .before = first_before,
                .thread = first_thread, .after = first_after,
                .saw = { "TDIR was cleared", "the SPI was taken", "the port did not trap" },
                .executions = 60000, .next = NULL);

/*
 * The SPI that waited was disabled, so TDIR is cleared, while the port that leaves still looks
 * whether it was the last: vCPU 2 enters, and then the SPI is enabled again.
 * What the look found is no longer so.
 */
static void stale_setup(void)
{
        world_build(3, 1, 0);
        world.vcpus[0].port.cell.value = SHM_PORT_GATED;
        world.vcpus[1].port.cell.value = ONE_REGISTER | SHM_PORT_IN;
        world.vcpus[2].port.cell.value = ONE_REGISTER;
        world.header->tdir.cell.value = SHM_TDIR_PORTS;
        shm_line_pulse(&world, 0, SPI);
        world.header->tdir.cell.value = SHM_TDIR_SET | SHM_TDIR_PORTS | SHM_TDIR_GATED;
}

static void stale_before(void)
{
        gate_before();
        shm_init(&world.vcpus[2].park, SHM_PARK_IN_GUEST);
        banks[1] = {};
        cleared = 0;
}

static uint64_t assign_enable(uint64_t w, uint64_t on)
{
        return base_bit_assign(w, GIC_WORD_ENABLE, on != 0);
}

static void stale_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                shm_and(&world.vcpus[1].port, ~SHM_PORT_IN, PORT_R3);
                shm_gate_left(&world);
                return;
        }
        litmus_wait(20);
        shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, assign_enable, 0);
        cleared = shm_tdir_try_clear(&world);
        /*
         * The end of an entry; all of it would leave too little to happen beside the other's look.
         */
        shm_store(&world.vcpus[2].port, ONE_REGISTER | SHM_PORT_IN, PORT_R1);
        is_open = SHM_TDIR_STATE(shm_load(&world.header->tdir, TDIR_A4)) == SHM_TDIR_CLEAR;
        shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, assign_enable, 1);
        take();
}

static void stale_after(void)
{
        if (cleared)
                litmus_saw(0);
        if (has_spi)
                litmus_saw(1);
        if (is_open) {
                litmus_saw(2);
                litmus_check(has_spi || world_rung[2],
                             "refused once more, and nobody makes the port leave");
                is_open = false;
                shm_port_exit(&world, 2, &banks[1]);
        }
        world_settle();
}

LITMUS_SCENARIO(stale, .name = "gate-stale",
                .what = "the last port leaves while TDIR is cleared and set again", .n_threads = 2,
                .setup = stale_setup, .before = stale_before, .thread = stale_thread,
                .after = stale_after,
                .saw = { "it was cleared", "(the SPI was taken)", "a port did not trap" },
                .executions = 240000, .next = NULL);

/*
 * --- the daemon broadcasts: it is rung, as by an eventfd, and rings the ports that do not trap ---
 */

static struct litmus_plain bell;
static bool was_told;

static void tell_daemon(void *)
{
        litmus_tell(&bell, 1);
}

static void late_setup(void)
{
        gate_setup();
        world.raised = tell_daemon;
}

static void late_before(void)
{
        gate_before();
        was_told = false;
}

static void late_thread(unsigned index)
{
        if (index < 2) {
                enter_thread(index);
                return;
        }
        for (unsigned i = 0; i < 4 && !was_told; i++) {
                litmus_wait(30);
                was_told = litmus_told(&bell);
        }
        if (was_told && shm_tdir_get(&world, NULL, NULL))
                shm_gate_ring_untrapped(&world);
}

static void late_after(void)
{
        if (is_open && was_told) {
                litmus_saw(0);
                litmus_check(world_rung[1], "a port that does not trap was not rung");
        }
        settle();
}

LITMUS_SCENARIO(late, .name = "gate-late",
                .what = "TDIR's broadcast finds a port that entered before", .n_threads = 3,
                .setup = late_setup, .before = late_before, .thread = late_thread,
                .after = late_after, .saw = { "the port did not trap" }, .executions = 60000,
                .next = NULL);

/*
 * --- no daemon, and the port's thread is killed in guest, or on its way:
 * the next daemon repairs it ---
 */

static bool died;

static void dead_before(void)
{
        gate_before();
        died = false;
}

static void dead_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(120);
                shm_line_pulse(&world, 0, SPI);
                take();
                return;
        }
        try {
                litmus_mortal(120);
                enter(1);
                litmus_returned();
                litmus_wait(60);
                litmus_returned(); /* or killed in guest */
                leave(1);
        } catch (const litmus_death &) {
                died = true;
                is_open = is_in[1] = false;
                shm_vcpu_release(&world, 1);
                shm_vcpu_repair(&world, 1);
                shm_repair_words(&world);
        }
}

static void dead_after(void)
{
        if (died && world_asleep[0])
                litmus_saw(0);
        if (has_spi)
                litmus_saw(1);
        litmus_check(!(world.vcpus[1].port.cell.value & SHM_PORT_IN),
                     "a dead port counts as in guest");
        world_settle();
}

LITMUS_SCENARIO(dead, .name = "gate-dead",
                .what = "the thread of a port is killed while an SPI is refused", .n_threads = 2,
                .setup = gate_setup, .before = dead_before, .thread = dead_thread,
                .after = dead_after,
                .saw = { "it died, and the vCPU that was refused slept", "it was taken" },
                .executions = 40000, .next = NULL);
