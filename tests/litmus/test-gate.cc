/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The gate of TDIR: a vCPU takes an SPI while a list-register port enters the guest, or leaves it
 *
 * vCPU 0 is a trap port, to which the SPI is routed; vCPU 1 is a list-register port.
 */
#include "litmus-world.h"
#include "shm-gate.h"
#include "shm-port.h"

#define SPI GIC_SPI_FIRST

static uint32_t taken;
static bool entered_open;

static void set_port(uint32_t port)
{
        shm_init(&world.vcpus[1].port, port);
}

static void enter_setup(void)
{
        world_build(2, 1, 0);
        world.header->tdir.cell.value = SHM_TDIR_CLEAR | SHM_TDIR_PORTS;
        world.vcpus[1].port.cell.value = 1u << SHM_PORT_N_SHIFT;
}

static void enter_before(void)
{
        world_reset();
        taken = GIC_INTID_SPURIOUS;
        entered_open = false;
}

static void enter_thread(unsigned index)
{
        struct shm_port_bank bank;

        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
                taken = shm_cpuif_ack(&world, 0, 1);
        } else {
                litmus_wait(6);
                shm_port_enter(&world, 1, &bank);
                entered_open = !(bank.ich_hcr & UINT64_C(1) << 14);
        }
}

static void enter_after(void)
{
        litmus_check(!(taken == SPI && entered_open), "an SPI was taken while a port was in guest without trapping");
        if (taken == SPI)
                litmus_saw(0);
        if (entered_open)
                litmus_saw(1);
        /* Refused only by a port that will leave: or nobody rings. */
        litmus_check(taken == SPI || entered_open || (world.header->tdir.cell.value & SHM_TDIR_SETTLED) || world_rung[0],
                     "it was refused, and nobody will ring");
}

LITMUS_SCENARIO(enter, .name = "gate-enter", .what = "a port enters the guest while an SPI is taken", .n_threads = 2,
                .setup = enter_setup, .before = enter_before, .thread = enter_thread, .after = enter_after,
                .saw = { "it was taken", "the port entered without trapping" }, .executions = 40000, .next = NULL);

/* The port is in guest without trapping. Who is refused sleeps. */
static void leave_before(void)
{
        world_reset();
        taken = GIC_INTID_SPURIOUS;
        set_port(1u << SHM_PORT_N_SHIFT | SHM_PORT_IN);
}

static void leave_thread(unsigned index)
{
        struct shm_port_bank bank = {};

        if (index == 0) {
                litmus_wait(12);
                shm_line_pulse(&world, 0, SPI);
                taken = shm_cpuif_ack(&world, 0, 1);
                if (taken != SPI && world_park(0))
                        litmus_saw(1);
        } else {
                litmus_wait(12);
                shm_port_exit(&world, 1, &bank);
        }
}

static void leave_after(void)
{
        if (taken == SPI)
                litmus_saw(0);
        world_settle();
}

LITMUS_SCENARIO(leave_, .name = "gate-leave", .what = "the last port leaves while an SPI is refused", .n_threads = 2,
                .setup = enter_setup, .before = leave_before, .thread = leave_thread, .after = leave_after,
                .saw = { "it was taken", "it was refused, and its vCPU slept" }, .executions = 40000, .next = NULL);
