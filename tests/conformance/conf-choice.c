/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: 1-of-N interrupts: whom they choose, and changes of their mode (IHI 0069 sections
 * 1.2.3, 12.9.22)
 */
#include "conf-oneofn.h"
#include "conf-tables.h"

static const uint32_t spis[] = { 40, 4100 };

/*
 * One that can take it at once is preferred: not one that runs something more urgent,
 * nor one that masks it.
 */
static void idle_preferred(struct conf *c)
{
        for (unsigned free = 0; free < c->config.n_vcpus; free++) {
                conf_where(c, "vCPU %u is free", free);
                for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                        if (i == free)
                                continue;
                        if (i & 1) {
                                irq_setup(c, i, 20, 1, 0x40);
                                irq_set(c, i, ISPENDR, 20, 1);
                                EQ(c, ack(c, i, 1), 20);
                        } else {
                                icc_w(c, i, PMR, 0x80);
                        }
                }
                oneofn_setup(c, 40, 1);
                pulse(c, 0, 40);
                EQ(c, irq_state(c, 0, 40).vcpu, free);
                EQ(c, ack(c, free, 1), 40);
                eoi(c, free, 1, 40);
                for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                        icc_w(c, i, PMR, 0xff);
                        eoi(c, i, 1, 20);
                }
        }
}

/* Of those the one that waits in WFI. */
static void parked_preferred(struct conf *c)
{
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                conf_where(c, "vCPU %u is parked", i);
                oneofn_setup(c, 40, 1);
                EQ(c, vgic_vcpu_park_begin(c->vcpus[i]), 0);
                pulse(c, 0, 40);
                EQ(c, irq_state(c, 0, 40).vcpu, i);
                EQ(c, vgic_vcpu_park_end(c->vcpus[i]), VGIC_LINE_IRQ);
                oneofn_take(c, i, 40, 1);
        }
}

/* In WFI with the interrupt masked by ICC_PMR_EL1 it could not take it: one that runs is better. */
static void parked_masked(struct conf *c)
{
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                conf_where(c, "vCPU %u is parked", i);
                oneofn_setup(c, 40, 1);
                icc_w(c, i, PMR, 0x80);
                EQ(c, vgic_vcpu_park_begin(c->vcpus[i]), 0);
                pulse(c, 0, 40);
                OK(c, irq_state(c, 0, 40).vcpu != i);
                EQ(c, vgic_vcpu_park_end(c->vcpus[i]), 0);
                oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
                icc_w(c, i, PMR, 0xff);
        }
}

/*
 * One that was woken for another interrupt is idle no longer, though it has taken none yet: one
 * after the other.
 */
static void idle_each(struct conf *c)
{
        const uint32_t n = c->config.n_vcpus;

        for (unsigned parked = 0; parked < 2; parked++) {
                uint32_t seen = 0;

                conf_where(c, parked ? "all are parked" : "all run");
                for (uint32_t i = 0; i < n; i++) {
                        oneofn_setup(c, 40 + i, 1);
                        if (parked)
                                EQ(c, vgic_vcpu_park_begin(c->vcpus[i]), 0);
                }
                for (uint32_t i = 0; i < n; i++)
                        pulse(c, 0, 40 + i);
                for (uint32_t i = 0; i < n; i++)
                        seen |= 1u << irq_state(c, 0, 40 + i).vcpu;
                EQ(c, seen, (1u << n) - 1);
                for (uint32_t i = 0; i < n; i++) {
                        uint32_t intid;

                        if (parked)
                                EQ(c, vgic_vcpu_park_end(c->vcpus[i]), VGIC_LINE_IRQ);
                        intid = ack(c, i, 1);
                        OK(c, intid >= 40 && intid < 40 + n);
                        EQ(c, ack(c, i, 1), 1023);
                        eoi(c, i, 1, intid);
                }
        }
}

/*
 * vCPU 1 waits in WFI, the others run. What it cannot take, or not any more, is nothing to do; what
 * it can take is.
 */
enum work {
        WORK_NONE,
        WORK_MASKED,
        WORK_DISABLED,
        WORK_ROUTED_AWAY,
        WORK_CLEARED,
        WORK_TO_TAKE,
        N_WORKS
};

static void parked_work(struct conf *c)
{
        for (unsigned work = WORK_NONE; work < N_WORKS; work++) {
                conf_where(c, "work %u", work);
                oneofn_setup(c, 40, 1);
                oneofn_setup(c, 50, 1);
                route_w(c, 50, affinity_of(c, 1));
                irq_set(c, 0, IPRIORITYR, 50, work == WORK_MASKED ? 0xe0 : 0x80);
                icc_w(c, 1, PMR, 0xc0);
                EQ(c, vgic_vcpu_park_begin(c->vcpus[1]), 0);
                if (work != WORK_NONE)
                        pulse(c, 0, 50);
                if (work == WORK_DISABLED)
                        irq_set(c, 0, ICENABLER, 50, 1);
                if (work == WORK_ROUTED_AWAY)
                        route_w(c, 50, affinity_of(c, 0));
                if (work == WORK_CLEARED)
                        irq_set(c, 0, ICPENDR, 50, 1);
                pulse(c, 0, 40);
                OK(c, (irq_state(c, 0, 40).vcpu == 1) == (work != WORK_TO_TAKE));
                vgic_vcpu_park_end(c->vcpus[1]);
                irq_set(c, 0, ICPENDR, 40, 1);
                irq_set(c, 0, ICPENDR, 50, 1);
                icc_w(c, 1, PMR, 0xff);
        }
}

/*
 * Chosen again, it does not count as the work of its own vCPU:
 * of equals the one that has it keeps it.
 */
static void stays(struct conf *c)
{
        for (unsigned parked = 0; parked < 2; parked++) {
                for (uint32_t i = 0; i < c->config.n_vcpus; i++) {
                        conf_where(c, "vCPU %u %s", i, parked ? "is parked" : "runs");
                        oneofn_setup(c, 40, 1);
                        for (uint32_t k = 0; k < c->config.n_vcpus; k++) {
                                gicr_w(c, k, GICR_CTLR, k == i ? 0 : GICR_DPG1NS);
                                if (parked)
                                        EQ(c, vgic_vcpu_park_begin(c->vcpus[k]), 0);
                        }
                        pulse(c, 0, 40);
                        EQ(c, irq_state(c, 0, 40).vcpu, i);
                        for (uint32_t k = 0; k < c->config.n_vcpus; k++)
                                gicr_w(c, k, GICR_CTLR, 0);
                        irq_set(c, 0, IPRIORITYR, 40, 0x60);
                        EQ(c, irq_state(c, 0, 40).vcpu, i);
                        irq_set(c, 0, IGROUPR, 40, 0);
                        EQ(c, irq_state(c, 0, 40).vcpu, i);
                        if (parked)
                                for (uint32_t k = 0; k < c->config.n_vcpus; k++)
                                        EQ(c, vgic_vcpu_park_end(c->vcpus[k]),
                                           k == i ? VGIC_LINE_FIQ : 0);
                        oneofn_take(c, i, 40, 0);
                }
        }
}

/* The mode can be read back from outside. */
static void mode_told(struct conf *c)
{
        for (unsigned k = 0; k < 2; k++) {
                oneofn_setup(c, spis[k], 1);
                EQ(c, irq_state(c, 0, spis[k]).one_of_n, 1);
                EQ(c, irq_state(c, 0, spis[k] + 1).one_of_n, 0);
                route_w(c, spis[k], affinity_of(c, 1));
                EQ(c, irq_state(c, 0, spis[k]).one_of_n, 0);
                EQ(c, irq_state(c, 0, spis[k]).vcpu, 1);
        }
}

/* A group change of what is pending: eligibility is asked for the new group. */
static void group_change(struct conf *c)
{
        oneofn_setup(c, 40, 1);
        gicr_w(c, 0, GICR_CTLR, GICR_DPG1NS);
        gicr_w(c, 1, GICR_CTLR, GICR_DPG0);
        pulse(c, 0, 40);
        EQ(c, oneofn_chosen(c, 40), 1);
        irq_set(c, 0, IGROUPR, 40, 0);
        EQ(c, oneofn_chosen(c, 40), 0);
        oneofn_take(c, 0, 40, 0);
}

static void mode_change(struct conf *c)
{
        for (unsigned target = 0; target < c->config.n_vcpus; target++) {
                conf_where(c, "vCPU %u", target);
                oneofn_setup(c, 40, 1);
                pulse(c, 0, 40);
                route_w(c, 40, affinity_of(c, target));
                EQ(c, oneofn_chosen(c, 40), target);
                gicr_w(c, target, GICR_CTLR, GICR_DPG1NS); /* a targeted one does not move */
                EQ(c, oneofn_chosen(c, 40), target);
                route_w(c, 40, IROUTER_IRM | affinity_of(c, target));
                OK(c, oneofn_chosen(c, 40) != target);
                oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
                gicr_w(c, target, GICR_CTLR, 0);
        }
}

#define FOUR(n) { .n_vcpus = 4, ALL_KINDS, .argument = n }
const struct conf_test conf_choice_tests[] = {
        { "oneofn-idle", "1.2.3", "one that can take it at once is preferred", FOUR(0),
          idle_preferred },
        { "oneofn-parked", "1.2.3", "of these one that waits in WFI", FOUR(0), parked_preferred },
        { "oneofn-parked-masked", "1.2.3", "one in WFI that masks it is not preferred", FOUR(0),
          parked_masked },
        { "oneofn-idle-each", "1.2.3", "one that is woken for another is idle no longer", FOUR(0),
          idle_each },
        { "oneofn-parked-work", "1.2.3", "what one in WFI cannot take does not make it busy",
          FOUR(0), parked_work },
        { "oneofn-stays", "1.2.3", "chosen again, it stays if nobody is better", FOUR(0), stays },
        { "oneofn-mode-told", "12.9.22", "the mode of each SPI can be seen from outside", FOUR(0),
          mode_told },
        { "oneofn-group-change", "12.9.13",
          "IGROUPR of a pending one: chosen again for the new group",
          { .n_vcpus = 2 }, group_change },
        { "oneofn-mode-change", "12.9.22", "IRM cleared and set while pending", FOUR(0),
          mode_change },
        { 0 },
};
