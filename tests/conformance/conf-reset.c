/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: reset (IHI 0069 sections 12.2, 12.9, 12.11: reset values; 4.1.2)
 */
#include "conf-tables.h"

static const enum array state[] = { IGROUPR, ISENABLER, ISPENDR, ISACTIVER, IPRIORITYR, ICFGR };
#define N_STATE (sizeof(state) / sizeof(state[0]))

/* Make everything of an interrupt other than what a reset leaves. */
static void disturb(struct conf *c, unsigned vcpu, uint32_t intid)
{
        irq_setup(c, vcpu, intid, 1, 0xa8);
        if (intid >= 16)
                irq_set(c, vcpu, ICFGR, intid, EDGE);
        irq_set(c, vcpu, ISPENDR, intid, 1);
        irq_set(c, vcpu, ISACTIVER, intid, 1);
}

static void expect_reset(struct conf *c, unsigned vcpu, uint32_t intid)
{
        conf_where(c, "INTID %u of vCPU %u", intid, vcpu);
        for (unsigned i = 0; i < N_STATE; i++)
                EQ(c, irq_get(c, vcpu, state[i], intid),
                   state[i] == ICFGR && intid < 16 ? EDGE : 0);
}

static void expect_disturbed(struct conf *c, unsigned vcpu, uint32_t intid)
{
        conf_where(c, "INTID %u of vCPU %u", intid, vcpu);
        for (unsigned i = 0; i < N_STATE; i++)
                EQ(c, irq_get(c, vcpu, state[i], intid),
                   state[i] == IPRIORITYR ? 0xa8
                   : state[i] == ICFGR    ? EDGE
                                          : 1);
}

static void disturb_cpuif(struct conf *c, unsigned vcpu)
{
        icc_w(c, vcpu, BPR0, 5);
        icc_w(c, vcpu, BPR1, 6);
        icc_w(c, vcpu, AP0R0, 1u << 30);
        icc_w(c, vcpu, AP1R0, 1u << 29);
        icc_w(c, vcpu, CTLR, ICC_EOIMODE | ICC_CBPR);
        gicr_w(c, vcpu, GICR_CTLR, GICR_DPG0 | GICR_DPG1NS);
        gicr(c, vcpu, 0x24); /* GICR_STATUSR.RRD */
}

static void expect_cpuif(struct conf *c, unsigned vcpu, bool is_reset)
{
        conf_where(c, "vCPU %u", vcpu);
        EQ(c, icc(c, vcpu, PMR), is_reset ? 0 : 0xf8);
        EQ(c, icc(c, vcpu, BPR0), is_reset ? 2 : 5);
        EQ(c, icc(c, vcpu, AP0R0), is_reset ? 0 : 1u << 30);
        EQ(c, icc(c, vcpu, AP1R0), is_reset ? 0 : 1u << 29);
        EQ(c, icc(c, vcpu, CTLR) & (ICC_EOIMODE | ICC_CBPR), is_reset ? 0 : ICC_EOIMODE | ICC_CBPR);
        EQ(c, icc(c, vcpu, BPR1), is_reset ? 3 : 6);
        EQ(c, icc(c, vcpu, IGRPEN0), is_reset ? 0 : 1);
        EQ(c, icc(c, vcpu, IGRPEN1), is_reset ? 0 : 1);
        EQ(c, gicr(c, vcpu, GICR_WAKER), is_reset ? WAKER_SLEEP | WAKER_ASLEEP : 0);
        EQ(c, gicr(c, vcpu, GICR_CTLR), is_reset ? 0 : GICR_DPG0 | GICR_DPG1NS);
        EQ(c, gicr(c, vcpu, GICR_STATUSR), is_reset ? 0 : STATUSR_RRD);
}

static void reset_system(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned v = 0; v < 2; v++) {
                disturb_cpuif(c, v);
                for (unsigned i = 0; i < n; i++)
                        disturb(c, v, intids[i]);
        }
        gicd(c, 0x44); /* GICD_STATUSR.RRD */
        EQ(c, vgic_vm_reset(c->vm), 0);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS);
        EQ(c, gicd(c, GICD_STATUSR), 0);
        for (unsigned v = 0; v < 2; v++) {
                expect_cpuif(c, v, true);
                for (unsigned i = 0; i < n; i++)
                        expect_reset(c, v, intids[i]);
        }
        for (unsigned i = 0; i < n; i++)
                if (!is_private(intids[i]))
                        EQ(c, route(c, intids[i]), 0);
}

/* One vCPU is reset: its interface and its private interrupts; no other vCPU, no SPI. */
static void reset_one(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned v = 0; v < 2; v++)
                for (unsigned i = 0; i < n; i++)
                        disturb(c, v, intids[i]);
        disturb_cpuif(c, 0);
        disturb_cpuif(c, 1);
        EQ(c, vgic_vcpu_reset(c->vcpus[0]), 0);
        expect_cpuif(c, 0, true);
        for (unsigned i = 0; i < n; i++) {
                if (is_private(intids[i]))
                        expect_reset(c, 0, intids[i]);
                expect_disturbed(c, 1, intids[i]); /* SPIs as well */
        }
        expect_cpuif(c, 1, false);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS | 3);
}

/* Wires belong to the devices: a high one is pending again after the reset. */
static void reset_wires(struct conf *c)
{
        static const uint32_t intids[] = { 20, 40, 1060, 4100 };

        for (unsigned i = 0; i < 4; i++) {
                irq_setup(c, 0, intids[i], 1, 0x80);
                wire(c, 0, intids[i], true);
        }
        EQ(c, vgic_vm_reset(c->vm), 0);
        gicd_w(c, GICD_CTLR, 3);
        gicr_w(c, 0, GICR_WAKER, 0);
        icc_w(c, 0, PMR, 0xff);
        icc_w(c, 0, IGRPEN1, 1);
        for (unsigned i = 0; i < 4; i++) {
                conf_where(c, "INTID %u", intids[i]);
                EQ(c, irq_state(c, 0, intids[i]).line, 1);
                EQ(c, is_pending(c, 0, intids[i]), true);
                irq_setup(c, 0, intids[i], 1, 0x80);
                EQ(c, ack(c, 0, 1), intids[i]);
                wire(c, 0, intids[i], false);
                eoi(c, 0, 1, intids[i]);
        }
}

/* A message level is the register's, not a wire's. */
static void reset_message(struct conf *c)
{
        gicd_w(c, GICD_SETSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), true);
        EQ(c, vgic_vm_reset(c->vm), 0);
        EQ(c, is_pending(c, 0, 40), false);
}

static void reset_from_outside(struct conf *c)
{
        disturb_cpuif(c, 1);
        EQ(c, vgic_vm_reset_vcpu(c->vm, 1), 0);
        expect_cpuif(c, 1, true);
        icc_w(c, 0, PMR, 0x50);
        EQ(c, icc(c, 0, PMR), 0x50); /* the other one is not concerned */
}

/*
 * Asked for while the vCPU runs: ICC_CTLR_EL1 at once, the rest before its next operation,
 * whichever that is.
 */
static void reset_running(struct conf *c)
{
        struct vgic_icc_ctlr ctlr = { 0 };

        for (unsigned op = 0; op < 7; op++) {
                struct vgic_vcpu *vcpu = c->vcpus[0];

                conf_where(c, "operation %u", op);
                gicr_w(c, 0, GICR_WAKER, 0);
                icc_w(c, 0, PMR, 0xff);
                icc_w(c, 0, IGRPEN1, 1);
                icc_w(c, 0, CTLR, ICC_EOIMODE);
                vgic_vcpu_power(vcpu, 1);
                irq_setup(c, 0, 40, 1, 0x80);
                irq_set(c, 0, ISPENDR, 40, 1);
                EQ(c, port_ack(vcpu, 1), 40);
                irq_setup(c, 0, 41, 1, 0x40);
                irq_set(c, 0, ISPENDR, 41, 1);
                EQ(c, vgic_vcpu_lines(vcpu), VGIC_LINE_IRQ);
                EQ(c, vgic_vm_reset_vcpu(c->vm, 0), 0);
                EQ(c, vgic_vm_icc_ctlr(c->vm, 0, &ctlr), 0);
                EQ(c, ctlr.live, ctlr.arch_default);
                EQ(c, ctlr.configured & ICC_EOIMODE, ICC_EOIMODE);
                if (op == 0)
                        EQ(c, port_ack(vcpu, 1), SPURIOUS);
                else if (op == 1)
                        EQ(c, vgic_vcpu_lines(vcpu), 0);
                else if (op == 2)
                        port_eoi(vcpu, 1, 40); /* nothing runs any more: ignored */
                else if (op == 3)
                        port_dir(vcpu, 40);
                else if (op == 4)
                        EQ(c, vgic_vcpu_park_begin(vcpu), 1); /* INTID 41 asks it to wake */
                else if (op == 5)
                        EQ(c, vgic_vcpu_wake_requested(vcpu), 1);
                else
                        EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, is_active(c, 0, 40), false); /* what it had acknowledged ends with it */
                EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, icc(c, 0, PMR), 0);
                EQ(c, gicr(c, 0, GICR_WAKER), WAKER_SLEEP | WAKER_ASLEEP);
                EQ(c, vgic_vcpu_lines(vcpu), 0);
                irq_set(c, 0, ICACTIVER, 40, 1);
                irq_set(c, 0, ICPENDR, 41, 1);
                EQ(c, vgic_vcpu_wake_requested(vcpu), 0); /* nothing is pending any more */
                EQ(c, vgic_vcpu_park_begin(vcpu), 0);
                EQ(c, vgic_vcpu_park_end(vcpu), 0);
        }
}

const struct conf_test conf_reset_tests[] = {
        { "reset-system", "12.9", "system reset: every register as after power-on",
          { .n_vcpus = 2, ALL_KINDS }, reset_system },
        { "reset-vcpu", "12.2",
          "reset of one vCPU: its interface and private interrupts, nothing else",
          { .n_vcpus = 2, ALL_KINDS }, reset_one },
        { "reset-wires", "4.1.2", "wires keep their level through a reset", { ALL_KINDS },
          reset_wires },
        { "reset-message", "12.9.33", "the level of GICD_SETSPI_NSR ends with a reset", { 0 },
          reset_message },
        { "reset-running", "12.2",
          "a running vCPU is reset from outside: before its next operation, whichever that is",
          { 0 }, reset_running },
        { "reset-outside", "12.2", "a vCPU is reset from outside", { .n_vcpus = 2 },
          reset_from_outside },
        { 0 },
};
