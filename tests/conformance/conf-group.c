/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: interrupt groups (IHI 0069 sections 4.6, 4.7): Group 0 is FIQ, Group 1 is IRQ, one
 * security state
 */
#include "conf-tables.h"

static unsigned line_of(unsigned group)
{
        return group ? VGIC_LINE_IRQ : VGIC_LINE_FIQ;
}

static void group_lines(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++)
                for (unsigned group = 0; group < 2; group++) {
                        conf_where(c, "INTID %u, group %u", intids[i], group);
                        irq_setup(c, 0, intids[i], group, 0x80);
                        irq_set(c, 0, ISPENDR, intids[i], 1);
                        EQ(c, lines(c, 0), line_of(group));
                        EQ(c, ack(c, 0, group), intids[i]);
                        EQ(c, lines(c, 0), 0);
                        eoi(c, 0, group, intids[i]);
                }
}

static void both_pending(struct conf *c)
{
        irq_setup(c, 0, 40, 0, 0x80);
        irq_setup(c, 0, 41, 1, 0x40);
        irq_set(c, 0, ISPENDR, 40, 1);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ); /* the highest priority one is signalled, and no other */
        EQ(c, hppi(c, 0, 0), SPURIOUS);
        EQ(c, ack(c, 0, 0), SPURIOUS);
        EQ(c, ack(c, 0, 1), 41);
        EQ(c, lines(c, 0), 0);
        eoi(c, 0, 1, 41);
        EQ(c, lines(c, 0), VGIC_LINE_FIQ);
        EQ(c, ack(c, 0, 0), 40);
}

/* @off and @on close and open the gate of @group. */
static void gate(struct conf *c, void (*set)(struct conf *c, unsigned group, bool on))
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++)
                for (unsigned group = 0; group < 2; group++) {
                        conf_where(c, "INTID %u, group %u", intids[i], group);
                        irq_setup(c, 0, intids[i], group, 0x80);
                        set(c, group, false);
                        irq_set(c, 0, ISPENDR, intids[i], 1);
                        EQ(c, lines(c, 0), 0);
                        EQ(c, hppi(c, 0, group), SPURIOUS);
                        EQ(c, ack(c, 0, group), SPURIOUS);
                        EQ(c, is_pending(c, 0, intids[i]), true);
                        set(c, group, true);
                        EQ(c, hppi(c, 0, group), intids[i]);
                        EQ(c, lines(c, 0), line_of(group));
                        set(c, group, false);
                        EQ(c, lines(c, 0), 0); /* taken back */
                        set(c, group, true);
                        EQ(c, ack(c, 0, group), intids[i]);
                        set(c, group, false);
                        EQ(c, is_active(c, 0, intids[i]), true);
                        eoi(c, 0, group, intids[i]); /* EOI works with the group disabled */
                        EQ(c, is_active(c, 0, intids[i]), false);
                        EQ(c, icc(c, 0, RPR), 0xff);
                        set(c, group, true);
                }
}

static void set_dist(struct conf *c, unsigned group, bool on)
{
        gicd_w(c, GICD_CTLR, on ? 3 : 3 & ~(1u << group));
}

static void dist_gate(struct conf *c)
{
        gate(c, set_dist);
}

static void set_cpuif(struct conf *c, unsigned group, bool on)
{
        icc_w(c, 0, group ? IGRPEN1 : IGRPEN0, on);
}

static void cpuif_gate(struct conf *c)
{
        gate(c, set_cpuif);
}

/* A disabled group's higher priority interrupt hides nothing of the other. */
static void disabled_hides_nothing(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++)
                for (unsigned where = 0; where < 2; where++) {
                        void (*set)(struct conf *c, unsigned group, bool on) =
                                where ? set_cpuif : set_dist;

                        conf_where(c, "group %u, %s", group,
                                   where ? "CPU interface" : "distributor");
                        irq_setup(c, 0, 40, group, 0x10);
                        irq_setup(c, 0, 41, !group, 0x90);
                        set(c, group, false);
                        irq_set(c, 0, ISPENDR, 40, 1);
                        irq_set(c, 0, ISPENDR, 41, 1);
                        EQ(c, hppi(c, 0, !group), 41);
                        EQ(c, lines(c, 0), line_of(!group));
                        EQ(c, ack(c, 0, !group), 41);
                        eoi(c, 0, !group, 41);
                        set(c, group, true);
                        EQ(c, ack(c, 0, group), 40);
                        eoi(c, 0, group, 40);
                }
}

static void group_of_pending(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++) {
                conf_where(c, "INTID %u", intids[i]);
                irq_setup(c, 0, intids[i], 1, 0x80);
                irq_set(c, 0, ISPENDR, intids[i], 1);
                EQ(c, lines(c, 0), VGIC_LINE_IRQ);
                irq_set(c, 0, IGROUPR, intids[i], 0);
                EQ(c, lines(c, 0), VGIC_LINE_FIQ);
                EQ(c, ack(c, 0, 1), SPURIOUS);
                EQ(c, ack(c, 0, 0), intids[i]);
                eoi(c, 0, 0, intids[i]);
        }
}

/* It ends in the group in which it was acknowledged. */
static void group_of_active(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 0, IGROUPR, 40, 0);
        EQ(c, icc(c, 0, AP1R0), 1u << 16);
        EQ(c, icc(c, 0, AP0R0), 0);
        eoi(c, 0, 0, 40);
        EQ(c, is_active(c, 0, 40), true);
        eoi(c, 0, 1, 40);
        EQ(c, is_active(c, 0, 40), false);
        EQ(c, icc(c, 0, RPR), 0xff);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 0), 40);
}

static void cpuif_gate_own(struct conf *c)
{
        for (unsigned i = 0; i < 2; i++)
                irq_setup(c, i, 20, 1, 0x80);
        icc_w(c, 0, IGRPEN1, 0);
        irq_set(c, 0, ISPENDR, 20, 1);
        irq_set(c, 1, ISPENDR, 20, 1);
        EQ(c, lines(c, 0), 0);
        EQ(c, lines(c, 1), VGIC_LINE_IRQ);
        EQ(c, ack(c, 1, 1), 20);
        icc_w(c, 0, IGRPEN1, 1);
        EQ(c, ack(c, 0, 1), 20);
}

/* The distributor's gate is everybody's. */
static void dist_gate_all(struct conf *c)
{
        gicd_w(c, GICD_CTLR, 0);
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                irq_setup(c, i, 20, 1, 0x80);
                irq_set(c, i, ISPENDR, 20, 1);
                EQ(c, lines(c, i), 0);
        }
        gicd_w(c, GICD_CTLR, CTLR_GRP1);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                EQ(c, ack(c, i, 1), 20);
}

static void cold_group0(struct conf *c)
{
        gicr_w(c, 0, GICR_WAKER, 0);
        icc_w(c, 0, PMR, 0xff);
        irq_set(c, 0, ISENABLER, 20, 1);
        irq_set(c, 0, ISPENDR, 20, 1);
        EQ(c, lines(c, 0), 0);
        gicd_w(c, GICD_CTLR, 3);
        EQ(c, lines(c, 0), 0);
        icc_w(c, 0, IGRPEN1, 1);
        EQ(c, lines(c, 0), 0);
        icc_w(c, 0, IGRPEN0, 1);
        EQ(c, lines(c, 0), VGIC_LINE_FIQ);
}

const struct conf_test conf_group_tests[] = {
        { "group-lines", "4.6", "Group 0 is signalled as FIQ, Group 1 as IRQ, for every kind",
          { ALL_KINDS }, group_lines },
        { "group-both", "4.6",
          "pending in both groups: the one of the highest priority is signalled, alone",
          { 0 }, both_pending },
        { "group-gate-dist", "4.7",
          "GICD_CTLR: a disabled group is neither signalled nor taken, and stays pending",
          { ALL_KINDS }, dist_gate },
        { "group-gate-cpuif", "4.7", "ICC_IGRPEN<g>_EL1: the same", { ALL_KINDS }, cpuif_gate },
        { "group-hides-nothing", "4.7",
          "a disabled group's interrupt does not hide one of the other group",
          { 0 }, disabled_hides_nothing },
        { "group-of-pending", "12.9.13",
          "changing a pending interrupt's group moves it to the other line",
          { ALL_KINDS }, group_of_pending },
        { "group-of-active", "12.9.13",
          "an active interrupt ends in the group in which it was taken",
          { 0 }, group_of_active },
        { "group-cpuif-own", "4.7", "ICC_IGRPEN1_EL1 gates its own vCPU only", { .n_vcpus = 2 },
          cpuif_gate_own },
        { "group-dist-all", "4.7", "GICD_CTLR gates every vCPU", { .n_vcpus = 4 }, dist_gate_all },
        { "group-cold", "4.6", "after reset all interrupts are Group 0 and every gate is closed",
          { .cold = true }, cold_group0 },
        { 0 },
};
