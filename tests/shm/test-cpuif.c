/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The CPU interface, by behaviours that real models got wrong:
 * each point names its section of IHI 0069
 */
#include <errno.h>

#include "rig.h"
#include "shm-sysreg.h"

static struct rig rig;

static void fresh(void)
{
        rig_destroy(&rig);
        rig_create(&rig, 4, 64, 5);
        rig_boot(&rig);
}

/* 1, 2 */
static void levels_follow_their_line(void)
{
        fresh();
        enable(&rig, 0, 40);
        high(&rig, 40);
        tap_eq(ack(&rig, 0), 40, "4.1.2 level: a high line is delivered");
        tap_eq(ack(&rig, 0), NONE, "4.1.2 level: not twice while it is active");
        eoi(&rig, 0, 40);
        tap_eq(ack(&rig, 0), 40, "4.1.2 level: a line that is high at EOI is pending again");
        low(&rig, 40);
        eoi(&rig, 0, 40);
        tap_eq(ack(&rig, 0), NONE, "4.1.2 level: a line that is low at EOI is not");

        set_bit(&rig, 0, ISPENDR, 40);
        high(&rig, 40);
        low(&rig, 40);
        tap_eq(get_bit(&rig, 0, ISPENDR, 40), 1,
               "12.9 GICD_ISPENDR: its latch survives a line that goes low");
        tap_eq(ack(&rig, 0), 40, "12.9 GICD_ISPENDR: and is delivered");
        eoi(&rig, 0, 40);
        tap_eq(ack(&rig, 0), NONE, "12.9 GICD_ISPENDR: once");
        high(&rig, 40);
        set_bit(&rig, 0, ICPENDR, 40);
        tap_eq(ack(&rig, 0), 40, "12.9 GICD_ICPENDR: leaves a high level pending");
        low(&rig, 40);
        eoi(&rig, 0, 40);
}

/* 3 */
static void edges_are_taken_once(void)
{
        fresh();
        set_edge(&rig, 0, 41, true);
        enable(&rig, 0, 41);
        pulse(&rig, 41);
        tap_eq(ack(&rig, 0), 41, "4.1.2 edge: one pulse is delivered");
        pulse(&rig, 41);
        pulse(&rig, 41);
        tap_ok(get_bit(&rig, 0, ISPENDR, 41) && get_bit(&rig, 0, ISACTIVER, 41),
               "4.1.2 edge: active and pending");
        tap_eq(ack(&rig, 0), NONE, "4.1.2 edge: not delivered while active");
        eoi(&rig, 0, 41);
        tap_eq(ack(&rig, 0), 41, "4.1.2 edge: delivered again after EOI");
        eoi(&rig, 0, 41);
        tap_eq(ack(&rig, 0), NONE, "4.1.2 edge: exactly once");
        pulse(&rig, 41);
        set_bit(&rig, 0, ICPENDR, 41);
        tap_eq(ack(&rig, 0), NONE, "12.9 GICD_ICPENDR: takes an edge away");
}

/* 4 */
static void disabled_ones_are_kept_not_taken(void)
{
        fresh();
        set_edge(&rig, 0, 42, true);
        pulse(&rig, 42);
        tap_ok(ack(&rig, 0) == NONE && get_bit(&rig, 0, ISPENDR, 42),
               "4.1.2: asserted while disabled stays pending");
        enable(&rig, 0, 42);
        tap_eq(ack(&rig, 0), 42, "12.9 GICD_ISENABLER: enabling delivers it");
        set_bit(&rig, 0, ICENABLER, 42);
        tap_eq(get_bit(&rig, 0, ISACTIVER, 42), 1,
               "12.9 GICD_ICENABLER: a disabled one stays active");
        eoi(&rig, 0, 42);
        tap_ok(!get_bit(&rig, 0, ISACTIVER, 42) && mrs(&rig, 0, ICC_RPR) == 0xff,
               "12.9 GICD_ICENABLER: and can be ended");
}

/* 5, 6 */
static void groups_and_special(void)
{
        fresh();
        enable(&rig, 0, 43);
        high(&rig, 43);
        msr(&rig, 0, ICC_IGRPEN1, 0);
        tap_ok(ack(&rig, 0) == NONE && mrs(&rig, 0, ICC_HPPIR1) == NONE,
               "4.6 ICC_IGRPEN1_EL1 = 0: neither acknowledged nor in ICC_HPPIR1_EL1");
        tap_eq(get_bit(&rig, 0, ISPENDR, 43), 1, "4.6: pending is kept");
        msr(&rig, 0, ICC_IGRPEN1, 1);
        gicd(&rig, 0, 1);
        tap_ok(ack(&rig, 0) == NONE && mrs(&rig, 0, ICC_HPPIR1) == NONE,
               "4.6 GICD_CTLR.EnableGrp1 = 0: the same");
        gicd(&rig, 0, 3);
        tap_eq((int64_t)mrs(&rig, 0, ICC_HPPIR1), 43, "12.2 ICC_HPPIR1_EL1 shows it again");
        tap_eq((int64_t)mrs(&rig, 0, ICC_HPPIR0), NONE,
               "12.2 ICC_HPPIR0_EL1 does not show Group 1");
        tap_eq((int64_t)mrs(&rig, 0, ICC_IAR0), NONE, "12.2 ICC_IAR0_EL1 does not take Group 1");
        tap_eq(shm_cpuif_lines(&rig.gic, 0), SHM_LINE_IRQ, "4.6: Group 1 is IRQ");
        set_group(&rig, 0, 43, 0);
        tap_eq(shm_cpuif_lines(&rig.gic, 0), SHM_LINE_FIQ, "4.6: Group 0 is FIQ");
        tap_ok(ack(&rig, 0) == NONE && mrs(&rig, 0, ICC_IAR0) == 43,
               "12.2: Group 0 is taken by ICC_IAR0_EL1 only");
        msr(&rig, 0, ICC_EOIR1, 43);
        tap_eq(get_bit(&rig, 0, ISACTIVER, 43), 1, "12.2 ICC_EOIR1_EL1 does not end Group 0");
        for (uint32_t i = 1020; i < 1024; i++)
                msr(&rig, 0, ICC_EOIR0, i);
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0xa0,
               "12.2 ICC_EOIR0_EL1: 1020 to 1023 drop no priority");
        low(&rig, 43);
        msr(&rig, 0, ICC_EOIR0, 43);
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0xff, "12.2 ICC_RPR_EL1: idle");
}

/* 7 */
static void eoi_mode(void)
{
        fresh();
        set_edge(&rig, 0, 44, true);
        enable(&rig, 0, 44);
        pulse(&rig, 44);
        ack(&rig, 0);
        msr(&rig, 0, ICC_DIR, 44);
        tap_eq(get_bit(&rig, 0, ISACTIVER, 44), 1, "12.2 ICC_DIR_EL1: ignored with EOImode 0");
        eoi(&rig, 0, 44);
        msr(&rig, 0, ICC_CTLR, 2);
        msr(&rig, 1, ICC_CTLR, 2);
        pulse(&rig, 44);
        ack(&rig, 0);
        eoi(&rig, 0, 44);
        tap_ok(mrs(&rig, 0, ICC_RPR) == 0xff && get_bit(&rig, 0, ISACTIVER, 44),
               "4.2.3 EOImode 1: EOIR drops the priority only");
        pulse(&rig, 44);
        tap_eq(ack(&rig, 0), NONE, "4.2.3 EOImode 1: not delivered again before deactivation");
        for (uint32_t i = 1020; i < 1024; i++)
                msr(&rig, 1, ICC_DIR, i);
        msr(&rig, 1, ICC_DIR, 44);
        tap_eq(get_bit(&rig, 0, ISACTIVER, 44), 0, "4.2.3 EOImode 1: another vCPU deactivates it");
        tap_eq(ack(&rig, 0), 44, "4.2.3 EOImode 1: then it is delivered again");
        route(&rig, 44, 2);
        eoi(&rig, 0, 44);
        msr(&rig, 0, ICC_DIR, 44);
        pulse(&rig, 44);
        tap_ok(ack(&rig, 0) == NONE && ack(&rig, 2) == 44,
               "12.9 GICD_IROUTER: EOI and DIR go by INTID, the next delivery by the route");
}

/* 12, 13, 18 */
static void priorities_decide_who_is_next(void)
{
        fresh();
        for (uint32_t i = 50; i < 56; i++) {
                set_edge(&rig, 0, i, true);
                enable(&rig, 0, i);
        }
        set_priority(&rig, 0, 50, 0x80);
        set_priority(&rig, 0, 51, 0x40);
        set_priority(&rig, 0, 52, 0x40);
        set_priority(&rig, 0, 53, 0xf0);
        pulse(&rig, 50);
        tap_eq(ack(&rig, 0), 50, "4.8: the only one");
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0x80, "12.2 ICC_RPR_EL1: its priority");
        pulse(&rig, 52);
        pulse(&rig, 51);
        tap_eq(ack(&rig, 0), 51, "4.8: lower value first, then lower INTID; it preempts");
        tap_eq(ack(&rig, 0), NONE, "4.8.3: an equal priority does not preempt");
        eoi(&rig, 0, 51);
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0x80, "4.8.4: EOI drops to the preempted priority");
        tap_eq(ack(&rig, 0), 52, "4.8.3: then the other one preempts");
        eoi(&rig, 0, 52);
        eoi(&rig, 0, 50);
        pulse(&rig, 53);
        tap_eq(ack(&rig, 0), NONE, "4.8.6 ICC_PMR_EL1: an equal priority is masked");
        tap_eq((int64_t)mrs(&rig, 0, ICC_HPPIR1), 53,
               "12.2 ICC_HPPIR1_EL1: does not look at ICC_PMR_EL1");
        msr(&rig, 0, ICC_PMR, 0xff);
        tap_eq((int64_t)mrs(&rig, 0, ICC_PMR), 0xf8,
               "4.8.1 ICC_PMR_EL1: unimplemented low bits are RAZ/WI");
        tap_eq(ack(&rig, 0), 53, "4.8.6 ICC_PMR_EL1: a lower mask lets it through");
        eoi(&rig, 0, 53);
        set_priority(&rig, 0, 54, 0x90);
        set_priority(&rig, 0, 55, 0x80);
        msr(&rig, 0, ICC_BPR1, 6);
        pulse(&rig, 54);
        ack(&rig, 0);
        pulse(&rig, 55);
        tap_eq(ack(&rig, 0), NONE, "4.8.2 ICC_BPR1_EL1 = 6: 0x80 and 0x90 are one group priority");
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0x80, "12.2 ICC_RPR_EL1: the group priority");
        msr(&rig, 0, ICC_BPR1, 3);
        tap_eq(ack(&rig, 0), NONE,
               "4.8.3: the running priority stays what the older binary point made it");
        set_priority(&rig, 0, 55, 0x78);
        tap_eq(ack(&rig, 0), 55,
               "12.9 GICD_IPRIORITYR: a better priority for a pending one counts at once");
        msr(&rig, 0, ICC_EOIR1, 55);
        msr(&rig, 0, ICC_EOIR1, 54);

        set_group(&rig, 0, 50, 0);
        set_priority(&rig, 0, 50, 0x60);
        pulse(&rig, 50);
        tap_eq((int64_t)mrs(&rig, 0, ICC_IAR0), 50, "4.8.4: Group 0 active");
        pulse(&rig, 54);
        tap_eq(ack(&rig, 0), NONE, "4.8.4: an active priority of Group 0 holds Group 1 back");
        eoi(&rig, 0, 54);
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0x60,
               "12.2 ICC_EOIR1_EL1: ignored while the highest active priority is of Group 0");
        msr(&rig, 0, ICC_EOIR0, 50);
        tap_eq(ack(&rig, 0), 54, "4.8.4: afterwards it comes");
}

/* 14 */
static void binary_points(void)
{
        for (uint32_t bits = 4; bits <= 8; bits++) {
                uint32_t minimum = bits > 6 ? 0 : 7 - bits;
                struct rig r;

                rig_create(&r, 1, 0, bits);
                msr(&r, 0, ICC_BPR0, 0);
                msr(&r, 0, ICC_BPR1, 0);
                tap_ok(mrs(&r, 0, ICC_BPR0) == minimum && mrs(&r, 0, ICC_BPR1) == minimum + 1,
                       "12.2 ICC_BPR<n>_EL1: %u bits: the minimum is %u and %u", bits, minimum,
                       minimum + 1);
                msr(&r, 0, ICC_CTLR, 1);
                msr(&r, 0, ICC_BPR0, 5);
                msr(&r, 0, ICC_BPR1, 7);
                tap_eq((int64_t)mrs(&r, 0, ICC_BPR1), 6,
                       "12.2 ICC_BPR1_EL1: with CBPR it reads ICC_BPR0_EL1 + 1 and ignores writes");
                msr(&r, 0, ICC_BPR0, 7);
                tap_eq((int64_t)mrs(&r, 0, ICC_BPR1), 7, "12.2 ICC_BPR1_EL1: with CBPR at most 7");
                msr(&r, 0, ICC_CTLR, 0);
                tap_eq((int64_t)mrs(&r, 0, ICC_BPR1), minimum + 1,
                       "12.2 ICC_BPR1_EL1: its own value comes back");
                rig_destroy(&r);
        }
}

/* 19 */
static void sgis_reach_whom_they_name(void)
{
        fresh();
        for (uint32_t v = 0; v < 4; v++)
                gicr(&rig, v, ISENABLER, 0xffff);
        msr(&rig, 1, ICC_SGI1R, UINT64_C(3) << 24 | 0x3);
        tap_ok(ack(&rig, 0) == 3 && ack(&rig, 1) == 3 && ack(&rig, 2) == NONE,
               "12.2 ICC_SGI1R_EL1: the list, self included");
        eoi(&rig, 0, 3);
        eoi(&rig, 1, 3);
        msr(&rig, 1, ICC_SGI1R, UINT64_C(1) << 40 | UINT64_C(4) << 24 | 0x3);
        tap_ok(ack(&rig, 0) == 4 && ack(&rig, 1) == NONE && ack(&rig, 2) == 4 && ack(&rig, 3) == 4,
               "12.2 ICC_SGI1R_EL1.IRM: all but self");
        for (uint32_t v = 0; v < 4; v++)
                eoi(&rig, v, 4);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(1) << 44 | UINT64_C(5) << 24 | 0xf);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(1) << 16 | UINT64_C(5) << 24 | 0xf);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(1) << 32 | UINT64_C(5) << 24 | 0xf);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(1) << 48 | UINT64_C(5) << 24 | 0xf);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(5) << 24 | 0xfff0);
        tap_ok(ack(&rig, 0) == NONE && ack(&rig, 1) == NONE && ack(&rig, 2) == NONE &&
               ack(&rig, 3) == NONE,
               "12.2 ICC_SGI1R_EL1: RS, Aff1, Aff2, Aff3 and list that name nobody");
        msr(&rig, 0, ICC_SGI0R, UINT64_C(6) << 24 | 0x1);
        msr(&rig, 0, ICC_ASGI1R, UINT64_C(6) << 24 | 0x1);
        tap_eq(get_bit(&rig, 0, ISPENDR, 6), 0,
               "12.2 ICC_SGI0R_EL1, ICC_ASGI1R_EL1: an SGI in Group 1 is not generated");
        set_group(&rig, 0, 7, 0);
        msr(&rig, 0, ICC_SGI0R, UINT64_C(7) << 24 | 0x1);
        tap_eq((int64_t)mrs(&rig, 0, ICC_IAR0), 7, "12.2 ICC_SGI0R_EL1: an SGI in Group 0 is");
        msr(&rig, 0, ICC_EOIR0, 7);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(7) << 24 | 0x1);
        tap_eq((int64_t)mrs(&rig, 0, ICC_IAR0), 7,
               "12.2 ICC_SGI1R_EL1: one security state: it generates both groups");
        msr(&rig, 0, ICC_EOIR0, 7);
        msr(&rig, 0, ICC_SGI1R, UINT64_C(8) << 24 | 0x1);
        tap_eq(ack(&rig, 0), 8, "SGI: taken");
        msr(&rig, 0, ICC_SGI1R, UINT64_C(8) << 24 | 0x1);
        eoi(&rig, 0, 8);
        tap_eq(ack(&rig, 0), 8, "4.1.2: an SGI sent while active comes again");
        eoi(&rig, 0, 8);
}

/* 23, 20, 31 */
static void waking_and_refusals(void)
{
        uint64_t value;

        fresh();
        enable(&rig, 0, 45);
        waker(&rig, 0, 2);
        tap_eq((int64_t)shm_gicr_read(&rig.gic, 0x14, 4), 6,
               "11.1 GICR_WAKER: ProcessorSleep makes ChildrenAsleep");
        high(&rig, 45);
        tap_eq(ack(&rig, 0), NONE, "11.1 GICR_WAKER: nothing reaches a sleeping PE");
        waker(&rig, 0, 0);
        tap_ok(shm_gicr_read(&rig.gic, 0x14, 4) == 0 && ack(&rig, 0) == 45,
               "11.1 GICR_WAKER: waking delivers what waited");
        tap_ok(shm_line_set(&rig.gic, 0, 1020, 0, true) == -EINVAL &&
               shm_line_set(&rig.gic, 0, 1024, 0, true) == -EINVAL &&
               shm_line_set(&rig.gic, 0, 5120, 0, true) == -EINVAL &&
               shm_line_set(&rig.gic, 0, UINT32_MAX, 0, true) == -EINVAL &&
               shm_line_set(&rig.gic, 0, 96, 0, true) == -EINVAL &&
               shm_line_set(&rig.gic, 0, 3, 0, true) == -EINVAL &&
               shm_line_pulse(&rig.gic, 4, 27) == -EINVAL &&
               shm_line_set(&rig.gic, 0, 40, GIC_N_WIRES, true) == -EINVAL,
               "2.2: no line of 1020, 1024, 5120, ~0, an SPI or vCPU that is not there, an SGI, a "
               "seventh wire");
        tap_ok(shm_sysreg_read(&rig.gic, 0, ICC_EOIR1, &value) == -ENOENT &&
               shm_sysreg_write(&rig.gic, 0, ICC_IAR1, 0) == -ENOENT &&
               shm_sysreg_read(&rig.gic, 0, SYSREG(12, 10, 0), &value) == -ENOENT &&
               shm_sysreg_read(&rig.gic, 0, 0, &value) == -ENOENT,
               "12.2: write-only, read-only and unknown registers are refused");
        tap_ok(shm_sysreg_read(&rig.gic, 0, ICC_AP1R(0), &value) == 0 &&
               shm_sysreg_read(&rig.gic, 0, ICC_AP1R(1), &value) == -ENOENT,
               "12.2 ICC_AP1R<n>_EL1: with 5 priority bits only n = 0 exists");
        tap_eq((int64_t)mrs(&rig, 0, ICC_SRE), 7, "12.2 ICC_SRE_EL1: system registers only");
}

static void ppis_are_of_one_vcpu(void)
{
        fresh();
        enable(&rig, 1, 27);
        shm_line_set(&rig.gic, 1, 27, GIC_WIRE_VMM, true);
        tap_ok(ack(&rig, 0) == NONE && ack(&rig, 1) == 27, "2.2.1: a PPI belongs to one PE");
        shm_line_set(&rig.gic, 1, 27, GIC_WIRE_VMM, false);
        eoi(&rig, 1, 27);
        enable(&rig, 2, 27);
        shm_line_pulse(&rig.gic, 2, 27);
        tap_eq(ack(&rig, 2), 27, "2.2.1: pulse of a level PPI: one delivery");
        msr(&rig, 1, ICC_CTLR, 2);
        msr(&rig, 1, ICC_DIR, 27);
        tap_eq(get_bit(&rig, 2, ISACTIVER, 27), 1, "12.2 ICC_DIR_EL1: of a PPI means one's own");
}

int main(void)
{
        int n_fds = tap_fd_count();

        rig_create(&rig, 1, 0, 8);
        levels_follow_their_line();
        edges_are_taken_once();
        disabled_ones_are_kept_not_taken();
        groups_and_special();
        eoi_mode();
        priorities_decide_who_is_next();
        binary_points();
        sgis_reach_whom_they_name();
        waking_and_refusals();
        ppis_are_of_one_vcpu();
        rig_destroy(&rig);
        tap_eq(tap_fd_count(), n_fds, "no descriptor leaks");
        return tap_done();
}
