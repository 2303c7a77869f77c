/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Resets: what they give, what they keep, whom they touch
 *
 * Each kind of reset against IHI 0069's reset values and doc/resets.md, of vCPUs that run, that are
 * off, and of all; wires keep their level, and other vCPUs all they have.
 */
#include <errno.h>

#include "rig.h"

static struct rig rig;

static void fresh(void)
{
        rig_destroy(&rig);
        rig_create(&rig, 3, 32, 5);
        rig_boot(&rig);
}

static void reset_gives_the_architectures_values(void)
{
        struct shm_icc_ctlr ctlr;

        fresh();
        msr(&rig, 0, ICC_CTLR, 3);
        enable(&rig, 0, 27);
        enable(&rig, 0, 2);
        shm_line_set(&rig.gic, 0, 27, 0, true);
        tap_eq(ack(&rig, 0), 27, "active before the reset");
        shm_reset_vcpu(&rig.gic, 0);
        tap_ok(mrs(&rig, 0, ICC_PMR) == 0 && mrs(&rig, 0, ICC_BPR0) == 2 &&
               mrs(&rig, 0, ICC_BPR1) == 3 && mrs(&rig, 0, ICC_IGRPEN0) == 0 &&
               mrs(&rig, 0, ICC_IGRPEN1) == 0 && mrs(&rig, 0, ICC_RPR) == 0xff,
               "12.2: reset values of the CPU interface");
        tap_ok(gicr_get(&rig, 0, ISENABLER) == 0 && gicr_get(&rig, 0, ISACTIVER) == 0 &&
               gicr_get(&rig, 0, IPRIORITYR + 24) == 0,
               "12.11: private interrupts disabled, inactive, priority 0");
        tap_eq(gicr_get(&rig, 0, ISPENDR), 1u << 27, "a reset keeps the wires");
        tap_eq((int64_t)shm_gicr_read(&rig.gic, 0x14, 4), 6, "11.1 GICR_WAKER: asleep");
        shm_read_icc_ctlr(&rig.gic, 0, &ctlr);
        tap_ok(ctlr.live == ctlr.arch_default && (ctlr.live & 3) == 0 &&
               ctlr.configured == (ctlr.arch_default | 3) && ctlr.valid == 7,
               "ICC_CTLR_EL1: live is the default again, what was configured stays readable");
        tap_eq((int64_t)(ctlr.arch_default >> 8 & 7), 4,
               "12.2 ICC_CTLR_EL1.PRIbits: one less than the bits");
        tap_ok(mrs(&rig, 1, ICC_PMR) == 0xf0 && mrs(&rig, 1, ICC_IGRPEN1) == 1 &&
               gicd_get(&rig, 0) == 0x53,
               "no other vCPU is touched");
}

/* A vCPU that is on: posted, applied before its next operation, whichever that is. */
static void posted_resets_are_served_first(void)
{
        struct shm_icc_ctlr ctlr;
        struct shm_vcpu_state state;

        fresh();
        msr(&rig, 0, ICC_CTLR, 2);
        tap_eq(shm_reset_request(&rig.gic, 3, SHM_RESET_CPU_ON), -EINVAL,
               "reset of a vCPU that the VM does not have: refused");
        shm_park_begin(&rig.gic, 0, SHM_PARK_IN_GUEST);
        memset(rig.rings, 0, sizeof rig.rings);
        shm_reset_request(&rig.gic, 0, SHM_RESET_CPU_ON);
        shm_read_icc_ctlr(&rig.gic, 0, &ctlr);
        shm_read_vcpu(&rig.gic, 0, &state);
        tap_ok(ctlr.live == ctlr.arch_default && state.pmr == 0xf0 && rig.rings[0] == 1,
               "posted: ICC_CTLR_EL1 at once, the vCPU is rung, the rest waits for it");
        shm_park_end(&rig.gic, 0);
        msr(&rig, 0, ICC_CTLR, 2);
        msr(&rig, 0, ICC_PMR, 0x80);
        shm_cpuif_lines(&rig.gic, 0);
        tap_ok(mrs(&rig, 0, ICC_PMR) == 0x80 && (mrs(&rig, 0, ICC_CTLR) & 2),
               "posted: applied before the next register write, not over it");
        shm_read_vcpu(&rig.gic, 0, &state);
        tap_eq((int64_t)state.resets, 1, "posted: applied once");
        shm_reset_request(&rig.gic, 0, SHM_RESET_CPU_ON);
        tap_eq((int64_t)mrs(&rig, 0, ICC_PMR), 0, "posted: applied before a register read");

        shm_reset_request(&rig.gic, 1, SHM_RESET_CPU_ON);
        shm_reset_vcpu(&rig.gic, 1);
        msr(&rig, 1, ICC_PMR, 0x40);
        shm_read_vcpu(&rig.gic, 1, &state);
        tap_ok(state.powered && state.asleep, "a reset does not turn a vCPU off");
        tap_ok(mrs(&rig, 1, ICC_PMR) == 0x40 && state.resets == 1,
               "a reset is also the one that was asked for before it");

        shm_cpuif_set(&rig.gic, 2, SHM_CPUIF_POWERED_SHIFT, 1, 0);
        shm_reset_request(&rig.gic, 2, SHM_RESET_CPU_ON);
        shm_read_vcpu(&rig.gic, 2, &state);
        tap_ok(state.resets == 1 && state.pmr == 0, "a vCPU that is off is reset at once");
}

static void whole_system(void)
{
        fresh();
        enable(&rig, 0, 40);
        route(&rig, 40, 2);
        set_edge(&rig, 0, 41, true);
        enable(&rig, 0, 41);
        pulse(&rig, 41);
        high(&rig, 40);
        ack(&rig, 2);
        shm_reset_all(&rig.gic);
        tap_ok(gicd_get(&rig, 0) == 0x50 && gicd_get(&rig, ISENABLER + 4) == 0 &&
               gicd_get(&rig, ISACTIVER + 4) == 0 &&
               shm_gicd_read(&rig.gic, IROUTER + 8 * 40, 8) == 0,
               "12.9: the distributor's reset values");
        tap_eq(gicd_get(&rig, ISPENDR + 4), 1u << 8, "the wires stay, edges go");
        rig_boot(&rig);
        enable(&rig, 0, 40);
        tap_ok(ack(&rig, 2) == NONE && ack(&rig, 0) == 40,
               "routed to 0.0.0.0 again, and delivered there");
}

/* doc/resets.md, row by row. */
static void kinds_of_reset_differ(void)
{
        static const struct {
                enum shm_reset_kind kind;
                const char *name;
                bool forgets, resets;
                uint32_t live;
        } all[] = {
                { SHM_RESET_CPU_ON, "CPU_ON", false, true, 0 },
                { SHM_RESET_SYSTEM, "SYSTEM", true, true, 0 },
                { SHM_RESET_POST_LOAD, "POST_LOAD", false, false, 2 },
                { SHM_RESET_LAZY, "LAZY", true, true, 0 },
        };

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                struct shm_icc_ctlr ctlr = { 0 }, other = { 0 };
                uint32_t cpuif = 0;

                fresh();
                for (uint32_t v = 0; v < 2; v++) {
                        msr(&rig, v, ICC_CTLR, 2);
                        enable(&rig, v, 27);
                }
                /* what was loaded has another live value */
                atomic_fetch_and(&rig.gic.vcpus[0].icc_ctlr, ~UINT64_C(2));
                tap_eq(shm_reset_request(&rig.gic, 0, all[i].kind), 0, "%s is asked for",
                       all[i].name);
                cpuif = (uint32_t)mrs(&rig, 0, ICC_PMR);
                shm_read_icc_ctlr(&rig.gic, 0, &ctlr);
                shm_read_icc_ctlr(&rig.gic, 1, &other);
                tap_ok(ctlr.live == (ctlr.arch_default | all[i].live) &&
                       ctlr.valid == (all[i].forgets ? 5 : 7) &&
                       (all[i].forgets || ctlr.configured == (ctlr.arch_default | 2)),
                       "%s: which of the three values it gives", all[i].name);
                tap_ok(all[i].resets ? cpuif == 0 && !get_bit(&rig, 0, ISENABLER, 27)
                                     : cpuif == 0xf0 && get_bit(&rig, 0, ISENABLER, 27),
                       "%s: %s", all[i].name,
                       all[i].resets ? "interface and private interrupts are reset"
                                     : "nothing else is reset");
                tap_ok(other.live == (other.arch_default | 2) && other.valid == 7 &&
                       mrs(&rig, 1, ICC_PMR) == 0xf0 && get_bit(&rig, 1, ISENABLER, 27) &&
                       gicd_get(&rig, 0) == 0x53,
                       "%s: no other vCPU is touched", all[i].name);
        }
        tap_eq(shm_reset_request(&rig.gic, 0, (enum shm_reset_kind)0), -EINVAL,
               "reset of kind 0, which is none: refused");
        tap_eq(shm_reset_request(&rig.gic, 0, (enum shm_reset_kind)5), -EINVAL,
               "reset of kind 5, which is none: refused");

        fresh();
        shm_reset_request(&rig.gic, 0, SHM_RESET_POST_LOAD);
        tap_eq((int64_t)(mrs(&rig, 0, ICC_CTLR) & 3), 0,
               "POST_LOAD, nothing configured: the default");
        enable(&rig, 0, 40);
        pulse(&rig, 40);
        atomic_store(&rig.gic.vcpus[0].candidates[0], 0);
        atomic_store(&rig.gic.vcpus[0].classes, 0);
        shm_reset_request(&rig.gic, 0, SHM_RESET_POST_LOAD);
        tap_eq(ack(&rig, 0), 40, "POST_LOAD: candidates are derived again");
}

/*
 * Of SPIs: those that the vCPU had acknowledged end; a level pends again; a device hears of it;
 * software's stay.
 */
static void held_spis(void)
{
        uint32_t due[4];

        fresh();
        for (uint32_t intid = 40; intid <= 43; intid++)
                enable(&rig, 0, intid);
        route(&rig, 41, 1);
        route(&rig, 43, 0);
        high(&rig, 40);
        set_edge(&rig, 0, 41, true);
        pulse(&rig, 41);
        set_bit(&rig, 0, ISACTIVER, 42);
        shm_line_notify(&rig.gic, 40, true);
        tap_ok(ack(&rig, 0) == 40 && ack(&rig, 1) == 41, "each has one");
        shm_eoi_take(&rig.gic, due, 4);
        shm_reset_request(&rig.gic, 0, SHM_RESET_CPU_ON);
        tap_ok(get_bit(&rig, 0, ISACTIVER, 40), "posted: it is active until its owner looks");
        shm_cpuif_lines(&rig.gic, 0);
        tap_ok(!get_bit(&rig, 0, ISACTIVER, 40) && get_bit(&rig, 0, ISACTIVER, 41) &&
               get_bit(&rig, 0, ISACTIVER, 42),
               "what it had acknowledged ends; another vCPU's and software's stay active");
        tap_ok(shm_eoi_take(&rig.gic, due, 4) == 1 && due[0] == 40, "the device hears of the end");
        waker(&rig, 0, 0);
        msr(&rig, 0, ICC_PMR, 0xf0);
        msr(&rig, 0, ICC_IGRPEN1, 1);
        tap_eq(ack(&rig, 0), 40, "reset, its level still high: pending again");
}

/*
 * Asked by an outsider: at once what is off, before its next operation what runs;
 * the distributor at once.
 */
static void system_from_outside(void)
{
        struct shm_vcpu_state on, off;

        fresh();
        shm_power(&rig.gic, 1, false);
        enable(&rig, 0, 40);
        shm_reset_request_all(&rig.gic);
        shm_read_vcpu(&rig.gic, 0, &on);
        shm_read_vcpu(&rig.gic, 1, &off);
        tap_ok(gicd_get(&rig, 0) == 0x50 && !get_bit(&rig, 0, ISENABLER, 40) && off.pmr == 0 &&
               on.pmr == 0xf0,
               "system reset from outside: the distributor and what is off, at once");
        tap_eq((int64_t)mrs(&rig, 0, ICC_PMR), 0,
               "system reset from outside: what runs, before its next operation");
}

int main(void)
{
        rig_create(&rig, 1, 0, 5);
        reset_gives_the_architectures_values();
        posted_resets_are_served_first();
        whole_system();
        kinds_of_reset_differ();
        held_spis();
        system_from_outside();
        rig_destroy(&rig);
        return tap_done();
}
