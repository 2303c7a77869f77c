/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: WakeRequest, what a redistributor asks of a PE that sleeps (12.11.42)
 *
 * vCPU 0 sleeps: GICR_WAKER.ProcessorSleep is set. Its lines stay 0 whatever arrives.
 */
#include <poll.h>

#include "conf-tables.h"

static bool is_rung(struct conf *c)
{
        struct pollfd doorbell = { .fd = vgic_vcpu_fd(c->vcpus[0]), .events = POLLIN };

        return poll(&doorbell, 1, 0) == 1;
}

/* vCPU 0 sleeps: does it ask to wake? A host that would put it to rest is told the same. */
static void expect_request(struct conf *c, bool request)
{
        struct vgic_vcpu *vcpu = c->vcpus[0];

        EQ(c, lines(c, 0), 0);
        EQ(c, vgic_vcpu_wake_requested(vcpu), request);
        EQ(c, vgic_vcpu_park_begin(vcpu), request);
        if (!request)
                EQ(c, vgic_vcpu_park_end(vcpu), 0);
        EQ(c, ack(c, 0, 0), SPURIOUS);
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void set_asleep(struct conf *c)
{
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
}

static void each_kind(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < 2 * n; i++) {
                uint32_t intid = intids[i / 2];

                conf_where(c, "INTID %u, group %u", intid, i & 1);
                irq_setup(c, 0, intid, i & 1, 0x80);
                set_asleep(c);
                expect_request(c, false);
                irq_set(c, 0, ISPENDR, intid, 1);
                expect_request(c, true);
                irq_set(c, 0, ICPENDR, intid, 1);
                expect_request(c, false);
                irq_set(c, 0, ISPENDR, intid, 1);
                gicr_w(c, 0, GICR_WAKER, 0); /* awake: it is signalled instead */
                EQ(c, vgic_vcpu_wake_requested(c->vcpus[0]), 0);
                EQ(c, lines(c, 0), i & 1 ? VGIC_LINE_IRQ : VGIC_LINE_FIQ);
                EQ(c, ack(c, 0, i & 1), intid);
                eoi(c, 0, i & 1, intid);
        }
}

/* A level asks as long as it is high; an SGI comes from another vCPU. */
static void sources(struct conf *c)
{
        static const uint32_t wires[] = { 27, 40, 1060, 4100 };

        irq_setup(c, 0, 3, 1, 0x80);
        set_asleep(c);
        for (unsigned i = 0; i < 4; i++) {
                irq_setup(c, 0, wires[i], 1, 0x80);
                conf_where(c, "INTID %u", wires[i]);
                wire(c, 0, wires[i], true);
                expect_request(c, true);
                wire(c, 0, wires[i], false);
                expect_request(c, false);
        }
        icc_w(c, 1, SGI1R, sgi_to(3, 1));
        expect_request(c, true);
}

static void dist_group(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++) {
                conf_where(c, "group %u", group);
                gicr_w(c, 0, GICR_WAKER, 0);
                irq_setup(c, 0, 40, group, 0x80);
                set_asleep(c);
                gicd_w(c, GICD_CTLR, group ? CTLR_GRP0 : CTLR_GRP1); /* the other one */
                irq_set(c, 0, ISPENDR, 40, 1);
                expect_request(c, false);
                gicd_w(c, GICD_CTLR, group ? CTLR_GRP1 : CTLR_GRP0);
                expect_request(c, true);
                gicd_w(c, GICD_CTLR, 0);
                expect_request(c, false);
                irq_set(c, 0, ICPENDR, 40, 1);
        }
}

/* ICC_PMR_EL1, ICC_IGRPEN<n>_EL1 and the running priority are the CPU interface's, which is off. */
static void interface_has_no_say(struct conf *c)
{
        irq_setup(c, 0, 41, 1, 0);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 0, 1), 41); /* priority 0 runs: nothing preempts it */
        icc_w(c, 0, PMR, 0);
        icc_w(c, 0, IGRPEN0, 0);
        icc_w(c, 0, IGRPEN1, 0);
        set_asleep(c);
        expect_request(c, false); /* what is active asks for nothing */
        for (unsigned group = 0; group < 2; group++) {
                conf_where(c, "group %u", group);
                irq_setup(c, 0, 40, group, 0xf8);
                irq_set(c, 0, ISPENDR, 40, 1);
                expect_request(c, true);
                irq_set(c, 0, ICPENDR, 40, 1);
                expect_request(c, false);
        }
}

/* Not what is disabled, active, or routed to another PE or to none. */
static void not_for_it(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICENABLER, 40, 1);
        set_asleep(c);
        irq_set(c, 0, ISPENDR, 40, 1);
        expect_request(c, false);
        irq_set(c, 0, ISENABLER, 40, 1);
        expect_request(c, true);
        irq_set(c, 0, ISACTIVER, 40, 1);
        expect_request(c, false);
        irq_set(c, 0, ICACTIVER, 40, 1);
        expect_request(c, true);
        route_w(c, 40, affinity_of(c, 1));
        expect_request(c, false);
        EQ(c, vgic_vcpu_wake_requested(c->vcpus[1]), 0); /* that one is awake */
        EQ(c, lines(c, 1), VGIC_LINE_IRQ);
        route_w(c, 40, 0xee);
        expect_request(c, false);
        route_w(c, 40, affinity_of(c, 0));
        expect_request(c, true);
}

/* GICD_CTLR.E1NWF is RAZ/WI: a 1-of-N interrupt waits, though no PE is awake. */
static void one_of_n(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        route_w(c, 40, IROUTER_IRM);
        for (unsigned i = 0; i < 2; i++)
                gicr_w(c, i, GICR_WAKER, WAKER_SLEEP);
        irq_set(c, 0, ISPENDR, 40, 1);
        expect_request(c, false);
        EQ(c, vgic_vcpu_wake_requested(c->vcpus[1]), 0);
        EQ(c, is_pending(c, 0, 40), true);
}

static void close_group(struct conf *c, bool open)
{
        gicd_w(c, GICD_CTLR, open ? CTLR_GRP1 : 0);
}

static void close_enable(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ISENABLER : ICENABLER, 40, 1);
}

static void close_pending(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ISPENDR : ICPENDR, 40, 1);
}

static void close_active(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ICACTIVER : ISACTIVER, 40, 1);
}

static void close_route(struct conf *c, bool open)
{
        route_w(c, 40, affinity_of(c, open ? 0 : 1));
}

/* Whatever makes it ask rings its host, which has put it to rest. */
static void rings(struct conf *c)
{
        static void (*const gates[])(struct conf *c, bool open) = {
                close_group, close_enable, close_pending, close_active, close_route,
        };

        irq_setup(c, 0, 40, 1, 0x80);
        icc_w(c, 0, PMR, 0);
        set_asleep(c);
        irq_set(c, 0, ISPENDR, 40, 1);
        for (unsigned i = 0; i < 5; i++) {
                conf_where(c, "gate %u", i);
                gates[i](c, false);
                expect_request(c, false);
                EQ(c, vgic_vcpu_park_begin(c->vcpus[0]), 0);
                gates[i](c, true);
                EQ(c, is_rung(c), true);
                EQ(c, vgic_vcpu_park_end(c->vcpus[0]), 0);
                expect_request(c, true);
        }
}

/* Parked awake, behind ICC_PMR_EL1, and put to sleep by another vCPU: now what is masked asks. */
static void put_to_sleep(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        icc_w(c, 0, PMR, 0);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, vgic_vcpu_wake_requested(c->vcpus[0]), 0);
        EQ(c, vgic_vcpu_park_begin(c->vcpus[0]), 0);
        set_asleep(c);
        EQ(c, is_rung(c), true);
        EQ(c, vgic_vcpu_park_end(c->vcpus[0]), 0);
        expect_request(c, true);
}

#define TWO { .n_vcpus = 2, ALL_KINDS }
const struct conf_test conf_wake_tests[] = {
        { "wake-request", "12.11.42",
          "a pending interrupt of a PE that sleeps asks it to wake; no line is asserted",
          TWO, each_kind },
        { "wake-request-sources", "12.11.42",
          "wires ask as long as they are high; an SGI from another PE asks", TWO, sources },
        { "wake-request-group", "12.11.42",
          "not while its group is disabled in GICD_CTLR", TWO, dist_group },
        { "wake-request-interface", "12.11.42",
          "ICC_PMR_EL1, ICC_IGRPEN<n>_EL1 and the running priority do not count",
          TWO, interface_has_no_say },
        { "wake-request-not-for-it", "12.11.42",
          "not what is disabled, active, or routed to another PE or none", TWO, not_for_it },
        { "wake-request-1-of-n", "2.3.2", "not a 1-of-N interrupt: E1NWF is 0", TWO, one_of_n },
        { "wake-request-rings", "12.11.42", "whatever makes it ask wakes who waits", TWO, rings },
        { "wake-request-put-to-sleep", "12.11.42",
          "who waits behind ICC_PMR_EL1 and is put to sleep asks", TWO, put_to_sleep },
        { 0 },
};
