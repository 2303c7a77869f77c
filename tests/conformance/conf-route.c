/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: routing of SPIs by affinity (IHI 0069 sections 2.3, 12.9, GICD_IROUTER<n>)
 */
#include "conf-tables.h"

#define ALL_AFFINITIES UINT64_C(0xff00ffffff)
static const uint32_t spis[] = { 32, 95, 4096, 4159 };

static void irouter_reset(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++) {
                EQ(c, route(c, spis[i]), 0);
                EQ(c, irq_state(c, 0, spis[i]).vcpu, 0); /* the vCPU of affinity 0 */
        }
}

static void irouter_fields(struct conf *c)
{
        uint64_t irm = c->config.flags & VGIC_VM_NO_1_OF_N ? 0 : IROUTER_IRM;
        uint64_t mask = (c->config.affinity_levels == 3 ? ALL_AFFINITIES & UINT32_MAX
                                                        : ALL_AFFINITIES) |
                        irm;

        for (unsigned i = 0; i < 4; i++) {
                conf_where(c, "INTID %u", spis[i]);
                route_w(c, spis[i], UINT64_MAX);
                EQ(c, route(c, spis[i]), mask);
                route_w(c, spis[i], ~IROUTER_IRM);
                EQ(c, route(c, spis[i]), mask & ~IROUTER_IRM);
                route_w(c, spis[i], 0x1234567890 & mask);
                EQ(c, route(c, spis[i]), 0x1234567890 & mask);
        }
}

static void irouter_halves(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++) {
                uint64_t o = route_offset(spis[i]);

                conf_where(c, "INTID %u", spis[i]);
                gicd_w(c, o, 0x00112233);
                EQ(c, route(c, spis[i]), 0x0000112233);
                gicd_w(c, o + 4, 0x44);
                EQ(c, route(c, spis[i]), 0x4400112233);
                gicd_w(c, o, 0x00556677);
                EQ(c, route(c, spis[i]), 0x4400556677);
                EQ(c, gicd(c, o), 0x00556677);
                EQ(c, gicd(c, o + 4), 0x44);
                gicd_w(c, o + 4, 0xffffff00);
                EQ(c, route(c, spis[i]), 0x0000556677);
        }
        EQ(c, guest_errors(c), 0);
}

/* Each INTID's register is at its place and is its own. */
static void irouter_each(struct conf *c)
{
        for (unsigned pass = 0; pass < 2; pass++) {
                uint32_t first = pass ? VGIC_ESPI_FIRST : 32,
                         n = pass ? c->config.n_espis : c->config.n_spis;

                for (uint32_t i = first; i < first + n; i++)
                        route_w(c, i, i);
                for (uint32_t i = first; i < first + n; i++) {
                        conf_where(c, "INTID %u", i);
                        EQ(c, route(c, i), i);
                }
        }
}

static void routed_there(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++)
                for (unsigned target = 0; target < c->config.n_vcpus; target++) {
                        conf_where(c, "INTID %u to vCPU %u", spis[i], target);
                        irq_setup(c, target, spis[i], 1, 0x80);
                        irq_set(c, 0, ISPENDR, spis[i], 1);
                        EQ(c, irq_state(c, 0, spis[i]).vcpu, target);
                        for (unsigned other = 0; other < c->config.n_vcpus; other++) {
                                EQ(c, lines(c, other), other == target ? VGIC_LINE_IRQ : 0);
                                if (other != target)
                                        EQ(c, ack(c, other, 1), SPURIOUS);
                        }
                        EQ(c, ack(c, target, 1), spis[i]);
                        eoi(c, target, 1, spis[i]);
                }
}

static const uint64_t levels[] = {
        0x0000000000, 0x0000000001, 0x0000000100, 0x0000010000, 0x0100000000, 0xff00fefdfc,
};

/* The register is the distributor's: who writes it does not matter. */
static void pend_by_other(struct conf *c)
{
        struct conf *writer = c;

        irq_setup(c, 0, 40, 1, 0x80);
        EQ(c, vgic_gicd_write(writer->vm, GICD_ISPENDR + 4, 4, 1u << 8), 0);
        EQ(c, lines(c, 1), 0);
        EQ(c, ack(c, 1, 1), SPURIOUS);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 1, ISPENDR, 40, 1);
        eoi(c, 0, 1, 40);
        EQ(c, ack(c, 1, 1), SPURIOUS);
        EQ(c, ack(c, 0, 1), 40);
}

static void reroute_pending(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++) {
                conf_where(c, "INTID %u", spis[i]);
                irq_setup(c, 0, spis[i], 1, 0x80);
                irq_set(c, 0, ISPENDR, spis[i], 1);
                EQ(c, lines(c, 0), VGIC_LINE_IRQ);
                route_w(c, spis[i], affinity_of(c, 1));
                EQ(c, lines(c, 0), 0);
                EQ(c, lines(c, 1), VGIC_LINE_IRQ);
                EQ(c, ack(c, 0, 1), SPURIOUS);
                EQ(c, ack(c, 1, 1), spis[i]);
                eoi(c, 1, 1, spis[i]);
        }
}

/* Active at vCPU 0, routed to vCPU 1: it ends at vCPU 0; what comes next goes to vCPU 1. */
static void reroute_active(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++) {
                conf_where(c, "INTID %u", spis[i]);
                irq_setup(c, 0, spis[i], 1, 0x80);
                irq_set(c, 0, ICFGR, spis[i], EDGE);
                pulse(c, 0, spis[i]);
                EQ(c, ack(c, 0, 1), spis[i]);
                route_w(c, spis[i], affinity_of(c, 1));
                EQ(c, irq_state(c, 0, spis[i]).holder, 0);
                pulse(c, 0, spis[i]);
                EQ(c, lines(c, 1), 0); /* not while it is active */
                eoi(c, 0, 1, spis[i]);
                EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, lines(c, 0), 0);
                EQ(c, ack(c, 1, 1), spis[i]);
                eoi(c, 1, 1, spis[i]);
        }
}

static void no_target(struct conf *c)
{
        for (unsigned i = 0; i < 4; i++) {
                conf_where(c, "INTID %u", spis[i]);
                irq_setup(c, 0, spis[i], 1, 0x80);
                route_w(c, spis[i], 0x0000000077); /* nobody */
                EQ(c, irq_state(c, 0, spis[i]).vcpu, VGIC_NO_VCPU);
                wire(c, 0, spis[i], true);
                EQ(c, is_pending(c, 0, spis[i]), true);
                EQ(c, lines(c, 0) | lines(c, 1), 0);
                route_w(c, spis[i], affinity_of(c, 1));
                EQ(c, ack(c, 1, 1), spis[i]);
                wire(c, 0, spis[i], false);
                eoi(c, 1, 1, spis[i]);
        }
}

/* The half-way value of two 32-bit writes names nobody here: nothing may be lost on the way. */
static void halves_on_the_way(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        gicd_w(c, route_offset(40) + 4, 1); /* 1.0.0.0: vCPU 4 */
        EQ(c, lines(c, 4), VGIC_LINE_IRQ);
        EQ(c, lines(c, 0), 0);
        gicd_w(c, route_offset(40), 0x100); /* 1.0.1.0: nobody */
        EQ(c, lines(c, 4), 0);
        EQ(c, is_pending(c, 0, 40), true);
        gicd_w(c, route_offset(40) + 4, 0); /* 0.0.1.0: vCPU 2 */
        EQ(c, ack(c, 2, 1), 40);
}

static void aff3_res0(struct conf *c)
{
        irq_setup(c, 1, 40, 1, 0x80);
        gicd_w(c, route_offset(40) + 4, 0xff);
        EQ(c, route(c, 40), 1);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 1, 1), 40);
}

static void irm_res0(struct conf *c)
{
        irq_setup(c, 1, 40, 1, 0x80);
        route_w(c, 40, IROUTER_IRM | 1);
        EQ(c, route(c, 40), 1);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 1, 1), 40);
}

static void private_routes(struct conf *c)
{
        static const uint64_t offsets[] = { GICD_IROUTER, GICD_IROUTER + 8 * 31 };

        for (unsigned i = 0; i < 2; i++) {
                gicd_xw(c, offsets[i], 8, 1);
                EQ(c, gicd_x(c, offsets[i], 8), 0);
        }
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD | STATUSR_WRD); /* there is no GICD_IROUTER0..31 */
}

/* Changes of everything while it waits: what counts is what it is when it is taken. */
static void change_everything(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        irq_set(c, 0, IGROUPR, 40, 0);
        irq_set(c, 0, IPRIORITYR, 40, 0x30);
        route_w(c, 40, affinity_of(c, 1));
        EQ(c, lines(c, 0), 0);
        EQ(c, lines(c, 1), VGIC_LINE_FIQ);
        EQ(c, ack(c, 1, 0), 40);
        EQ(c, icc(c, 1, RPR), 0x30);
        route_w(c, 40, affinity_of(c, 0));
        irq_set(c, 0, IGROUPR, 40, 1);
        irq_set(c, 0, IPRIORITYR, 40, 0xa0);
        irq_set(c, 0, ICENABLER, 40, 1);
        eoi(c, 1, 0, 40);
        EQ(c, icc(c, 1, RPR), 0xff);
        EQ(c, is_active(c, 0, 40), false);
}

#define SPREAD { .n_vcpus = 6, .mpidrs = levels, ALL_KINDS }
const struct conf_test conf_route_tests[] = {
        { "irouter-reset", "12.9.22", "GICD_IROUTER<n> resets to 0: the vCPU of affinity 0.0.0.0",
          { .n_vcpus = 2, .cold = true, ALL_KINDS }, irouter_reset },
        { "irouter-fields", "12.9.22",
          "GICD_IROUTER<n>: Aff3..Aff0 and IRM are writable, the rest RES0",
          { ALL_KINDS }, irouter_fields },
        { "irouter-fields-aff3", "12.9.22", "A3V = 0: Aff3 is RES0",
          { .affinity_levels = 3, ALL_KINDS }, irouter_fields },
        { "irouter-fields-irm", "12.9.22", "No1N = 1: Interrupt_Routing_Mode is RES0",
          { .flags = VGIC_VM_NO_1_OF_N, ALL_KINDS }, irouter_fields },
        { "irouter-halves", "12.1.3", "two 32-bit halves are one register: neither loses the other",
          { ALL_KINDS }, irouter_halves },
        { "irouter-each", "12.9.22", "988 SPIs and 1024 extended SPIs: each has its register",
          { .n_spis = 988, .n_espis = 1024 }, irouter_each },
        { "routed-there", "2.3", "an SPI goes to the vCPU that its affinity names, and to no other",
          SPREAD, routed_there },
        { "pend-by-other", "12.9.28",
          "GICD_ISPENDR<n> makes it pending where it is routed, whoever writes",
          { .n_vcpus = 2 }, pend_by_other },
        { "reroute-pending", "12.9.22", "a pending SPI moves with its route",
          { .n_vcpus = 2, ALL_KINDS }, reroute_pending },
        { "reroute-active", "12.9.22",
          "an active SPI ends where it was taken; the next goes to the new route",
          { .n_vcpus = 2, ALL_KINDS }, reroute_active },
        { "route-nobody", "12.9.22",
          "an affinity that no vCPU has: pending without target, until it is routed",
          { .n_vcpus = 2, ALL_KINDS }, no_target },
        { "route-halves-pending", "12.1.3",
          "a pending SPI survives the half-way route of two 32-bit writes", SPREAD,
          halves_on_the_way },
        { "route-aff3-res0", "12.9.22", "A3V = 0: a written Aff3 does not route",
          { .n_vcpus = 2, .affinity_levels = 3 }, aff3_res0 },
        { "route-irm-res0", "12.9.22", "No1N = 1: a written IRM does not route",
          { .n_vcpus = 2, .flags = VGIC_VM_NO_1_OF_N }, irm_res0 },
        { "route-private", "12.8", "private interrupts have no GICD_IROUTER<n>", { 0 },
          private_routes },
        { "change-everything", "12.9",
          "group, priority and route of a pending, then of the active interrupt",
          { .n_vcpus = 2 }, change_everything },
        { 0 },
};
