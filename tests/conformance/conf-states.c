/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: the states of an interrupt, walked by registers, wires and the CPU interface
 * together (IHI 0069 sections 4.1, 4.8, 12.9)
 */
#include "conf-tables.h"

/*
 * Run @rule on every kind of interrupt, edge-triggered if it is not an SGI, Group 1, priority 0x80.
 */
static void for_all(struct conf *c, void (*rule)(struct conf *c, uint32_t intid))
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++) {
                conf_where(c, "INTID %u", intids[i]);
                irq_setup(c, 0, intids[i], 1, 0x80);
                if (intids[i] >= 16)
                        irq_set(c, 0, ICFGR, intids[i], EDGE);
                rule(c, intids[i]);
                conf_where(c, "INTID %u, afterwards", intids[i]);
                EQ(c, ack(c, 0, 1), SPURIOUS);
                EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, is_active(c, 0, intids[i]) || is_pending(c, 0, intids[i]), false);
        }
}

static void take(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ISPENDR, intid, 1);
        EQ(c, ack(c, 0, 1), intid);
}

static void pend_active(struct conf *c, uint32_t intid)
{
        take(c, intid);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ISPENDR, intid, 1);
        EQ(c, is_active(c, 0, intid) && is_pending(c, 0, intid), true);
        EQ(c, hppi(c, 0, 1), SPURIOUS);
        eoi(c, 0, 1, intid);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
}

static void active_pending(struct conf *c)
{
        for_all(c, pend_active);
}

static void unpend_active(struct conf *c, uint32_t intid)
{
        take(c, intid);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), false);
        EQ(c, is_active(c, 0, intid), true); /* only the pending part went */
        eoi(c, 0, 1, intid);
}

static void active_unpended(struct conf *c)
{
        for_all(c, unpend_active);
}

/* Freed by ICACTIVER while its priority still runs: pending, but equal does not preempt. */
static void free_running(struct conf *c, uint32_t intid)
{
        take(c, intid);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ICACTIVER, intid, 1);
        EQ(c, hppi(c, 0, 1), intid);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        eoi(c, 0, 1, 1023); /* ignored */
        EQ(c, lines(c, 0), 0);
        eoi(c, 0, 1, intid);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
}

static void icactiver_running(struct conf *c)
{
        for_all(c, free_running);
}

static void disabled_eoi(struct conf *c, uint32_t intid)
{
        take(c, intid);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ICENABLER, intid, 1);
        eoi(c, 0, 1, intid);
        EQ(c, is_pending(c, 0, intid), true);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ISENABLER, intid, 1);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
}

static void disabled_while_pending_again(struct conf *c)
{
        for_all(c, disabled_eoi);
}

static void drop_then_next(struct conf *c, uint32_t intid)
{
        uint32_t other = intid == 5 ? 6 : 5;

        irq_setup(c, 0, other, 1, 0x80);
        take(c, intid);
        irq_set(c, 0, ISPENDR, other, 1);
        EQ(c, ack(c, 0, 1), SPURIOUS); /* equal */
        eoi(c, 0, 1, intid);
        EQ(c, is_active(c, 0, intid), true);
        EQ(c, ack(c, 0, 1), other); /* the priority was dropped */
        dir(c, 0, intid);
        EQ(c, icc(c, 0, RPR), 0x80); /* DIR drops none */
        EQ(c, is_active(c, 0, other), true);
        eoi(c, 0, 1, other);
        dir(c, 0, other);
}

static void eoimode1_next(struct conf *c)
{
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        for_all(c, drop_then_next);
}

/*
 * With EOImode 1 the INTID of EOIR does not matter for the drop, and nothing is deactivated by it.
 */
static void eoimode1_other_intid(struct conf *c)
{
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_setup(c, 0, 41, 1, 0x40);
        take(c, 40);
        take(c, 41);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0x80);
        EQ(c, is_active(c, 0, 40) && is_active(c, 0, 41), true);
        eoi(c, 0, 1, 41);
        EQ(c, icc(c, 0, RPR), 0xff);
        dir(c, 0, 41);
        EQ(c, is_active(c, 0, 40), true);
        EQ(c, is_active(c, 0, 41), false);
}

/* The binary point counts when the next one is looked at, not when the running one was taken. */
static void bpr_while_running(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x58);
        irq_setup(c, 0, 41, 1, 0x48);
        icc_w(c, 0, BPR1, 3);
        take(c, 40);
        EQ(c, icc(c, 0, RPR), 0x58);
        icc_w(c, 0, BPR1, 6);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, lines(c, 0), 0); /* bits 7:6 of both are equal */
        icc_w(c, 0, BPR1, 3);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        icc_w(c, 0, BPR1, 6);
        EQ(c, icc(c, 0, RPR), 0x58); /* what was taken keeps its active priority */
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, ack(c, 0, 1), 41);
        EQ(c, icc(c, 0, RPR), 0x40);
}

static void pmr_while_running(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        take(c, 40);
        icc_w(c, 0, PMR, 0x40);
        EQ(c, icc(c, 0, RPR), 0x80);
        EQ(c, is_active(c, 0, 40), true);
        eoi(c, 0, 1, 40); /* PMR does not stop an EOI */
        EQ(c, is_active(c, 0, 40), false);
}

/* Several parties, each with a wire of its own: the interrupt sees them OR-ed. */
static void wires_ored(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        wire(c, 0, 40, true);
        EQ(c, vgic_msg_inject(c->conn, c->vm_name, 0, 40, VGIC_LINE_ASSERT), 0);
        wire(c, 0, 40, false);
        EQ(c, is_pending(c, 0, 40), true);
        EQ(c, irq_state(c, 0, 40).line, 1);
        EQ(c, ack(c, 0, 1), 40);
        EQ(c, vgic_msg_inject(c->conn, c->vm_name, 0, 40, VGIC_LINE_DEASSERT), 0);
        eoi(c, 0, 1, 40);
        EQ(c, is_pending(c, 0, 40), false);
        irq_set(c, 0, ICFGR, 40, EDGE);
        wire(c, 0, 40, true);
        EQ(c, ack(c, 0, 1), 40);
        /* an edge of that wire */
        EQ(c, vgic_msg_inject(c->conn, c->vm_name, 0, 40, VGIC_LINE_ASSERT), 0);
        EQ(c, is_pending(c, 0, 40), true);
}

/* ICC_CTLR_EL1 of a vCPU as anybody may read it: the same as the vCPU reads. */
static void icc_ctlr_outside(struct conf *c)
{
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t initial = icc(c, 1, CTLR);

        EQ(c, vgic_vm_icc_ctlr(c->vm, 1, &ctlr), 0);
        EQ(c, ctlr.arch_default, initial);
        EQ(c, ctlr.live, initial);
        icc_w(c, 1, CTLR, ICC_EOIMODE | ICC_CBPR);
        EQ(c, vgic_vm_icc_ctlr(c->vm, 1, &ctlr), 0);
        EQ(c, ctlr.live, icc(c, 1, CTLR));
        EQ(c, ctlr.live, initial | ICC_EOIMODE | ICC_CBPR);
        EQ(c, ctlr.configured, ctlr.live);
        EQ(c, ctlr.arch_default, initial);
}

const struct conf_test conf_state_tests[] = {
        { "active-pending", "4.1.2", "ISPENDR of an active interrupt: delivered exactly once more",
          { ALL_KINDS }, active_pending },
        { "active-unpended", "4.1.2", "ICPENDR of an active and pending one leaves it active",
          { ALL_KINDS }, active_unpended },
        { "icactiver-running", "4.8.4",
          "ICACTIVER does not drop the priority: pending again, it waits for EOI",
          { ALL_KINDS }, icactiver_running },
        { "disabled-pending-again", "4.1.2",
          "disabled while active and pending: waits, after EOI, for ISENABLER",
          { ALL_KINDS }, disabled_while_pending_again },
        { "eoimode1-next", "4.1.1",
          "EOImode 1: after EOIR one of equal priority is taken; DIR drops no priority",
          { ALL_KINDS }, eoimode1_next },
        { "eoimode1-other-intid", "12.2.10",
          "EOImode 1: EOIR of another INTID drops the highest priority, deactivates none",
          { 0 }, eoimode1_other_intid },
        { "bpr-while-running", "4.8.2",
          "a changed binary point counts for what comes, not for what runs",
          { 0 }, bpr_while_running },
        { "pmr-while-running", "4.8.5", "ICC_PMR_EL1 changes nothing of what is active", { 0 },
          pmr_while_running },
        { "wires-ored", "1.2.1", "wires of several parties are OR-ed; each has its edges", { 0 },
          wires_ored },
        { "icc-ctlr-outside", "12.2.6", "ICC_CTLR_EL1 as others read it is what the vCPU reads",
          { .n_vcpus = 2 }, icc_ctlr_outside },
        { 0 },
};
