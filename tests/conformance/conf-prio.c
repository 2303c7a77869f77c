/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: priorities, masking and preemption (IHI 0069 section 4.8)
 *
 * One function for each rule; its row at the end of the file gives it a name and the section.
 */
#include "conf-tables.h"

static void lower_wins(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0xa0);
        irq_setup(c, 0, 41, 1, 0x20);
        irq_setup(c, 0, 42, 1, 0x60);
        for (uint32_t i = 40; i <= 42; i++)
                pulse(c, 0, i);
        EQ(c, hppi(c, 0, 1), 41);
        EQ(c, ack(c, 0, 1), 41);
        eoi(c, 0, 1, 41);
        EQ(c, ack(c, 0, 1), 42);
        eoi(c, 0, 1, 42);
        EQ(c, ack(c, 0, 1), 40);
}

/* Of equal priorities any may come first (IMPLEMENTATION DEFINED); here it is the lowest INTID. */
static void tie_intid(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids), group = 1;

        for (unsigned i = n; i-- > 0;) {
                irq_setup(c, 0, intids[i], group, 0x80);
                irq_set(c, 0, ISPENDR, intids[i], 1);
        }
        for (unsigned i = 0; i < n; i++) {
                EQ(c, ack(c, 0, 1), intids[i]);
                eoi(c, 0, 1, intids[i]);
        }
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void sorted(struct conf *c)
{
        uint32_t last_priority = 0, last_intid = 0, seed = 12345;

        for (uint32_t i = 32; i < 32 + c->config.n_spis; i++) {
                seed = seed * 1103515245 + 12345;
                irq_setup(c, 0, i, 1, (seed >> 24) & 0x78);
                irq_set(c, 0, ISPENDR, i, 1);
        }
        for (unsigned n = 0; n < c->config.n_spis; n++) {
                uint32_t intid = ack(c, 0, 1), priority = irq_get(c, 0, IPRIORITYR, intid);

                OK(c, intid >= 32 && intid < 32 + c->config.n_spis);
                OK(c, priority > last_priority ||
                      (priority == last_priority && intid > last_intid));
                last_priority = priority;
                last_intid = intid;
                eoi(c, 0, 1, intid);
        }
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void pmr_compare(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        icc_w(c, 0, PMR, 0x78);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        icc_w(c, 0, PMR, 0x80); /* equal: masked */
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        EQ(c, is_pending(c, 0, 40), true);
        icc_w(c, 0, PMR, 0x88);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        EQ(c, ack(c, 0, 1), 40);
}

/*
 * Not the group priority: with a binary point that makes all of them one group,
 * PMR still tells them apart.
 */
static void pmr_whole(struct conf *c)
{
        icc_w(c, 0, BPR0, 7);
        icc_w(c, 0, BPR1, 7);
        for (unsigned group = 0; group < 2; group++) {
                irq_setup(c, 0, 40 + group, group, 0x48);
                irq_set(c, 0, ISPENDR, 40 + group, 1);
                icc_w(c, 0, PMR, 0x48);
                EQ(c, ack(c, 0, group), SPURIOUS);
                icc_w(c, 0, PMR, 0x50);
                EQ(c, ack(c, 0, group), 40 + group);
                eoi(c, 0, group, 40 + group);
        }
}

static void pmr_zero(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0);
        irq_setup(c, 0, 41, 0, 0);
        irq_set(c, 0, ISPENDR, 40, 1);
        irq_set(c, 0, ISPENDR, 41, 1);
        icc_w(c, 0, PMR, 0);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 0), SPURIOUS);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        EQ(c, hppi(c, 0, 0) == 41 || hppi(c, 0, 1) == 40, true);
}

/* 0xff written to PMR is the lowest implemented priority, and equality masks. */
static void lowest_never(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0xff);
        EQ(c, irq_get(c, 0, IPRIORITYR, 40), 0xf8);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, IPRIORITYR, 40, 0xf0);
        EQ(c, ack(c, 0, 1), 40);
}

static void priority_bits(struct conf *c)
{
        for (unsigned bits = 4; bits <= 8; bits++) {
                struct conf_config config = { .n_priority_bits = bits };
                uint32_t mask = 0xffu << (8 - bits) & 0xff;
                struct conf o;

                conf_where(c, "%u priority bits", bits);
                conf_open(&o, c->name, &config);
                gicd_w(&o, GICD_IPRIORITYR + 40, UINT32_MAX);
                EQ(c, gicd(&o, GICD_IPRIORITYR + 40), mask * 0x01010101);
                gicr_xw(&o, 0, GICR_IPRIORITYR + 3, 1, 0xff);
                EQ(c, gicr(&o, 0, GICR_IPRIORITYR), mask << 24);
                c->n_failures += o.n_failures;
                conf_close(&o);
        }
}

/*
 * Section 4.8.2: with ICC_BPR0_EL1 = n the group priority is bits 7:n+1; Group 1 with ICC_BPR1_EL1
 * = n: bits 7:n. Every pair of priorities, every binary point: preempts if and only if the group
 * priority is strictly higher.
 */
static void preempt_table(struct conf *c)
{
        unsigned group = c->config.argument & 1, step = 256u >> c->config.n_priority_bits;
        /* Group 1 by its own binary point, not by CBPR */
        bool own = group && c->config.argument < 2;

        c->quiet = true;
        irq_setup(c, 0, 40, group, 0);
        irq_setup(c, 0, 41, group, 0);
        icc_w(c, 0, CTLR, group && !own ? ICC_CBPR : 0);
        for (unsigned bpr = 0; bpr < 8; bpr++) {
                unsigned now, low;

                icc_w(c, 0, own ? BPR1 : BPR0, bpr);
                now = (unsigned)icc(c, 0, own ? BPR1 : BPR0);
                low = own ? now : now + 1; /* the lowest bit of the group priority */
                for (unsigned running = 0; running < 256 - step; running += step)
                        for (unsigned candidate = 0; candidate < 256 - step; candidate += step) {
                                bool beats = candidate >> low < running >> low;

                                conf_where(c, "BPR%u %u, running 0x%x, candidate 0x%x", own, now,
                                           running, candidate);
                                gicd_xw(c, GICD_IPRIORITYR + 40, 1, running);
                                gicd_xw(c, GICD_IPRIORITYR + 41, 1, candidate);
                                irq_set(c, 0, ISPENDR, 40, 1);
                                EQ(c, ack(c, 0, group), 40);
                                EQ(c, icc(c, 0, RPR), running >> low << low);
                                irq_set(c, 0, ISPENDR, 41, 1);
                                EQ(c, ack(c, 0, group), beats ? 41 : SPURIOUS);
                                if (beats)
                                        eoi(c, 0, group, 41);
                                irq_set(c, 0, ICPENDR, 41, 1);
                                eoi(c, 0, group, 40);
                        }
        }
        EQ(c, icc(c, 0, RPR), 0xff);
}

/* @running of one group against @candidate of the other, with the two binary points. */
static bool cross(struct conf *c, unsigned running_group, unsigned running, unsigned candidate)
{
        unsigned group = !running_group;
        bool beats;

        irq_setup(c, 0, 40, running_group, running);
        irq_setup(c, 0, 41, group, candidate);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, running_group), 40);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, lines(c, 0) & (group ? VGIC_LINE_FIQ : VGIC_LINE_IRQ), 0);
        beats = lines(c, 0) != 0;
        EQ(c, ack(c, 0, group), beats ? 41 : SPURIOUS);
        if (beats)
                eoi(c, 0, group, 41);
        irq_set(c, 0, ICPENDR, 41, 1);
        eoi(c, 0, running_group, 40);
        return beats;
}

/* The candidate's own binary point decides, also over what the other group runs. */
static void preempt_candidates_bpr(struct conf *c)
{
        icc_w(c, 0, BPR0, 2); /* Group 0: bits 7:3 */
        icc_w(c, 0, BPR1, 6); /* Group 1: bits 7:6 */
        EQ(c, cross(c, 0, 0xb8, 0x80), false); /* Group 1 sees 0x80 and 0x80 */
        EQ(c, cross(c, 0, 0xb8, 0x78), true);
        EQ(c, cross(c, 1, 0xb8, 0x80), false); /* it runs at 0x80: Group 0 at 0x80 is equal */
        EQ(c, cross(c, 1, 0xb8, 0x78), true);
        icc_w(c, 0, BPR0, 5); /* Group 0: bits 7:6 */
        icc_w(c, 0, BPR1, 3); /* Group 1: bits 7:3 */
        EQ(c, cross(c, 1, 0xb8, 0x80), false); /* Group 0 sees 0x80 and 0x80 */
        EQ(c, cross(c, 1, 0xb8, 0x78), true);
        EQ(c, cross(c, 0, 0xb8, 0x80), false); /* it runs at 0x80 */
}

static void preempt_cbpr(struct conf *c)
{
        icc_w(c, 0, BPR0, 5); /* bits 7:6 */
        icc_w(c, 0, BPR1, 3);
        irq_setup(c, 0, 40, 1, 0xb8);
        irq_setup(c, 0, 41, 1, 0x88);
        irq_set(c, 0, ISPENDR, 40, 1);
        icc_w(c, 0, CTLR, ICC_CBPR);
        EQ(c, ack(c, 0, 1), 40);
        EQ(c, icc(c, 0, RPR), 0x80);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        eoi(c, 0, 1, 40);
        icc_w(c, 0, CTLR, 0);
        irq_set(c, 0, ICPENDR, 41, 1);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 0, 1), 41); /* by BPR1 it preempts */
}

/* Active priorities that software wrote stop what they should, of both groups. */
static void preempt_written(struct conf *c)
{
        for (unsigned written = 0; written < 2; written++)
                for (unsigned group = 0; group < 2; group++) {
                        conf_where(c, "AP%uR0, group %u", written, group);
                        icc_w(c, 0, written ? AP1R0 : AP0R0, 1u << 8); /* 0x40 */
                        irq_setup(c, 0, 40, group, 0x40);
                        irq_set(c, 0, ISPENDR, 40, 1);
                        EQ(c, lines(c, 0), 0);
                        EQ(c, ack(c, 0, group), SPURIOUS);
                        irq_set(c, 0, IPRIORITYR, 40, 0x38);
                        EQ(c, ack(c, 0, group), 40);
                        EQ(c, icc(c, 0, RPR), 0x38);
                        eoi(c, 0, group, 40);
                        EQ(c, icc(c, 0, RPR), 0x40);
                        icc_w(c, 0, written ? AP1R0 : AP0R0, 0);
                        EQ(c, icc(c, 0, RPR), 0xff);
                }
}

static void nested(struct conf *c)
{
        static const unsigned priorities[] = { 0xe0, 0xa0, 0x60, 0x20 };

        for (unsigned i = 0; i < 4; i++) {
                unsigned group = i & 1;

                irq_setup(c, 0, 40 + i, group, priorities[i]);
                pulse(c, 0, 40 + i);
                EQ(c, ack(c, 0, group), 40 + i);
                EQ(c, icc(c, 0, RPR), priorities[i]);
        }
        for (unsigned i = 4; i-- > 0;) {
                eoi(c, 0, i & 1, 40 + i);
                EQ(c, icc(c, 0, RPR), i ? priorities[i - 1] : 0xff);
        }
}

static void priority_of_active(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_setup(c, 0, 41, 1, 0x60);
        pulse(c, 0, 40);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 0, IPRIORITYR, 40, 0x10);
        EQ(c, icc(c, 0, RPR), 0x80);
        pulse(c, 0, 41);
        EQ(c, ack(c, 0, 1), 41); /* it runs at what it was acknowledged with */
        eoi(c, 0, 1, 41);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, is_active(c, 0, 40), false);
}

static void priority_of_pending(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_setup(c, 0, 41, 1, 0x40);
        irq_set(c, 0, ISPENDR, 40, 1);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, hppi(c, 0, 1), 41);
        irq_set(c, 0, IPRIORITYR, 40, 0x20);
        EQ(c, hppi(c, 0, 1), 40);
        irq_set(c, 0, IPRIORITYR, 40, 0xc0);
        EQ(c, hppi(c, 0, 1), 41);
        icc_w(c, 0, PMR, 0x40);
        EQ(c, lines(c, 0), 0);
        irq_set(c, 0, IPRIORITYR, 40, 0x38);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        EQ(c, ack(c, 0, 1), 40);
}

/* Within one group priority the subpriority orders what is pending, but preempts nothing. */
static void subpriority(struct conf *c)
{
        icc_w(c, 0, BPR1, 7); /* bit 7 is the group priority */
        irq_setup(c, 0, 40, 1, 0x70);
        irq_setup(c, 0, 41, 1, 0x10);
        irq_set(c, 0, ISPENDR, 40, 1);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 0, 1), 41);
        EQ(c, icc(c, 0, RPR), 0);
        eoi(c, 0, 1, 41);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, hppi(c, 0, 1), 41);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        eoi(c, 0, 1, 40);
        EQ(c, ack(c, 0, 1), 41);
}

const struct conf_test conf_prio_tests[] = {
        { "lower-wins", "4.8", "a lower value is a higher priority", { 0 }, lower_wins },
        { "tie-intid", "4.8", "of equal priorities the lowest INTID is taken, across all kinds",
          { ALL_KINDS }, tie_intid },
        { "sorted", "4.8", "988 pending SPIs are taken in the order of their priorities",
          { .n_spis = 988 }, sorted },
        { "pmr-compare", "4.8.5", "ICC_PMR_EL1 masks what is not strictly higher; pending stays",
          { 0 }, pmr_compare },
        { "pmr-whole", "4.8.5", "ICC_PMR_EL1 compares the whole priority, not the group priority",
          { 0 }, pmr_whole },
        { "pmr-zero", "4.8.5", "ICC_PMR_EL1 = 0 masks everything, priority 0 too", { 0 },
          pmr_zero },
        { "lowest-never", "4.8.5", "the lowest implemented priority is never signalled", { 0 },
          lowest_never },
        { "priority-bits", "4.8",
          "unimplemented low bits of IPRIORITYR are RAZ/WI, for 4 to 8 bits",
          { 0 }, priority_bits },
        { "preempt-group0", "4.8.2", "Group 0: all pairs of priorities, all binary points",
          { .argument = 0 }, preempt_table },
        { "preempt-group1", "4.8.2", "Group 1: all pairs of priorities, all binary points",
          { .argument = 1 }, preempt_table },
        { "preempt-cbpr-all", "4.8.2",
          "Group 1 with CBPR = 1: all pairs, all values of ICC_BPR0_EL1",
          { .argument = 3 }, preempt_table },
        { "preempt-group0-4", "4.8.2", "the same with 4 priority bits",
          { .n_priority_bits = 4, .argument = 0 }, preempt_table },
        { "preempt-group1-6", "4.8.2", "the same with 6 priority bits",
          { .n_priority_bits = 6, .argument = 1 }, preempt_table },
        { "preempt-candidates-bpr", "4.8.4",
          "the binary point of the candidate's group decides over the running priority",
          { 0 }, preempt_candidates_bpr },
        { "preempt-cbpr", "4.8.2", "CBPR = 1: ICC_BPR0_EL1 counts for Group 1 too", { 0 },
          preempt_cbpr },
        { "preempt-written", "4.8.3", "active priorities written by software count for preemption",
          { 0 }, preempt_written },
        { "nested", "4.8.3",
          "four nested interrupts of both groups: each EOI restores the priority before",
          { 0 }, nested },
        { "priority-of-active", "4.8.7",
          "changing an active interrupt's priority does not change the running priority",
          { 0 }, priority_of_active },
        { "priority-of-pending", "4.8.7", "changing a pending interrupt's priority counts at once",
          { 0 }, priority_of_pending },
        { "subpriority", "4.8.2", "subpriority orders pending interrupts but does not preempt",
          { 0 }, subpriority },
        { 0 },
};
