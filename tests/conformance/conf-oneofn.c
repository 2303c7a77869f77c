/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: 1-of-N interrupts,
 * GICD_IROUTER<n>.Interrupt_Routing_Mode (IHI 0069 sections 1.2.3, 2.3.2, 12.11)
 */
#include "conf-oneofn.h"
#include "conf-tables.h"

#define NOBODY VGIC_NO_VCPU
static const uint32_t spis[] = { 40, 4100 };

void oneofn_setup(struct conf *c, uint32_t intid, unsigned group)
{
        irq_setup(c, 0, intid, group, 0x80);
        irq_set(c, 0, ICFGR, intid, EDGE);
        route_w(c, intid, IROUTER_IRM);
}

uint32_t oneofn_chosen(struct conf *c, uint32_t intid)
{
        uint32_t who = NOBODY, n = 0;

        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                if (c->vcpus[i] && lines(c, i)) {
                        who = i;
                        n++;
                }
        EQ(c, n <= 1, true);
        EQ(c, irq_state(c, 0, intid).vcpu, who);
        return who;
}

void oneofn_take(struct conf *c, uint32_t who, uint32_t intid, unsigned group)
{
        if (who == NOBODY) {
                EQ(c, who, 0);
                return;
        }
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                if (i != who && c->vcpus[i])
                        EQ(c, ack(c, i, group), SPURIOUS);
        EQ(c, ack(c, who, group), intid);
        EQ(c, irq_state(c, 0, intid).holder, who);
        eoi(c, who, group, intid);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                if (c->vcpus[i])
                        EQ(c, ack(c, i, group), SPURIOUS);
}

static void exactly_one(struct conf *c)
{
        for (unsigned k = 0; k < 2; k++)
                for (unsigned group = 0; group < 2; group++)
                        for (unsigned round = 0; round < 20; round++) {
                                conf_where(c, "INTID %u, group %u", spis[k], group);
                                oneofn_setup(c, spis[k], group);
                                pulse(c, 0, spis[k]);
                                oneofn_take(c, oneofn_chosen(c, spis[k]), spis[k], group);
                                EQ(c, is_pending(c, 0, spis[k]) || is_active(c, 0, spis[k]), false);
                        }
}

static void affinity_ignored(struct conf *c)
{
        oneofn_setup(c, 40, 1);
        route_w(c, 40, IROUTER_IRM | UINT64_C(0xff00123456));
        pulse(c, 0, 40);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
        route_w(c, 40, IROUTER_IRM | 1); /* nor is it a hint that binds */
        gicr_w(c, 1, GICR_WAKER, WAKER_SLEEP);
        pulse(c, 0, 40);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
}

/* --- what makes a vCPU ineligible, and eligible again --- */

static void by_waker(struct conf *c, unsigned vcpu, unsigned group, bool in)
{
        (void)group;
        gicr_w(c, vcpu, GICR_WAKER, in ? 0 : WAKER_SLEEP);
}

static void by_group(struct conf *c, unsigned vcpu, unsigned group, bool in)
{
        icc_w(c, vcpu, group ? IGRPEN1 : IGRPEN0, in);
}

static void by_dpg(struct conf *c, unsigned vcpu, unsigned group, bool in)
{
        gicr_w(c, vcpu, GICR_CTLR, in ? 0 : group ? GICR_DPG1NS : GICR_DPG0);
}

static void by_power(struct conf *c, unsigned vcpu, unsigned group, bool in)
{
        (void)group;
        vgic_vcpu_power(c->vcpus[vcpu], in);
}

static void by_owner(struct conf *c, unsigned vcpu, unsigned group, bool in)
{
        (void)group;
        if (!in) {
                EQ(c, vgic_vcpu_unregister(c->vcpus[vcpu]), 0);
                c->vcpus[vcpu] = NULL;
        } else {
                EQ(c, port_register(c->vm, vcpu, NULL, &c->vcpus[vcpu]), 0);
        }
}

static void (*const ways[])(struct conf *c, unsigned vcpu, unsigned group, bool in) = {
        by_waker, by_group, by_dpg, by_power, by_owner,
};

/* All but one are ineligible: that one is chosen. */
static void only_eligible(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++)
                for (unsigned who = 0; who < c->config.n_vcpus; who++) {
                        conf_where(c, "vCPU %u, group %u", who, group);
                        oneofn_setup(c, 40, group);
                        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                                if (i != who)
                                        ways[c->config.argument](c, i, group, false);
                        pulse(c, 0, 40);
                        EQ(c, oneofn_chosen(c, 40), who);
                        oneofn_take(c, who, 40, group);
                        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                                if (i != who)
                                        ways[c->config.argument](c, i, group, true);
                }
}

/*
 * Whoever was chosen leaves: another is chosen, until nobody is left;
 * then the first to come back takes it.
 */
static void moved(struct conf *c)
{
        unsigned n = c->config.n_vcpus;

        for (unsigned group = 0; group < 2; group++)
                for (unsigned back = 0; back < n; back++) {
                        uint32_t seen = 0, who;

                        conf_where(c, "vCPU %u comes back, group %u", back, group);
                        oneofn_setup(c, 40, group);
                        pulse(c, 0, 40);
                        for (unsigned i = 0; i < n; i++) {
                                who = oneofn_chosen(c, 40);
                                EQ(c, who < n && !(seen & 1u << who), true);
                                if (who >= n)
                                        return;
                                seen |= 1u << who;
                                ways[c->config.argument](c, who, group, false);
                        }
                        EQ(c, oneofn_chosen(c, 40), NOBODY);
                        EQ(c, is_pending(c, 0, 40), true);
                        ways[c->config.argument](c, back, group, true);
                        EQ(c, oneofn_chosen(c, 40), back);
                        oneofn_take(c, back, 40, group);
                        for (unsigned i = 0; i < n; i++)
                                if (i != back)
                                        ways[c->config.argument](c, i, group, true);
                }
}

/* Once active it stays with its holder, whatever becomes of it. */
static void active_stays(struct conf *c)
{
        uint32_t who;

        oneofn_setup(c, 40, 1);
        pulse(c, 0, 40);
        who = oneofn_chosen(c, 40);
        EQ(c, ack(c, who, 1), 40);
        pulse(c, 0, 40);
        gicr_w(c, who, GICR_WAKER, WAKER_SLEEP);
        gicr_w(c, who, GICR_CTLR, GICR_DPG1NS);
        EQ(c, irq_state(c, 0, 40).holder, who);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                EQ(c, lines(c, i), 0);
        eoi(c, who, 1, 40); /* now the second edge is chosen for: another */
        EQ(c, is_active(c, 0, 40), false);
        OK(c, oneofn_chosen(c, 40) != who);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
}

static void level_again(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        route_w(c, 40, IROUTER_IRM);
        wire(c, 0, 40, true);
        for (unsigned round = 0; round < 5; round++) {
                uint32_t who = oneofn_chosen(c, 40);

                EQ(c, ack(c, who, 1), 40);
                if (round == 4)
                        wire(c, 0, 40, false);
                eoi(c, who, 1, 40);
        }
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                EQ(c, lines(c, i), 0);
}

/* Closed gates of the interrupt itself: it is placed when they open. */
static void enable_later(struct conf *c)
{
        oneofn_setup(c, 40, 1);
        irq_set(c, 0, ICENABLER, 40, 1);
        pulse(c, 0, 40);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                EQ(c, lines(c, i), 0);
        irq_set(c, 0, ISENABLER, 40, 1);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
        gicd_w(c, GICD_CTLR, CTLR_GRP0);
        pulse(c, 0, 40);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                EQ(c, lines(c, i), 0);
        gicd_w(c, GICD_CTLR, 3);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
}

static void many_at_once(struct conf *c)
{
        uint32_t n_taken = 0;

        for (uint32_t i = 32; i < 96; i++) {
                oneofn_setup(c, i, 1);
                pulse(c, 0, i);
        }
        for (unsigned round = 0; round < 64; round++)
                for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                        uint32_t intid = ack(c, i, 1);

                        if (intid == SPURIOUS)
                                continue;
                        n_taken++;
                        eoi(c, i, 1, intid);
                }
        EQ(c, n_taken, 64);
        EQ(c, gicd(c, GICD_ISPENDR + 4) | gicd(c, GICD_ISPENDR + 8), 0);
}

/* All that was chosen for a vCPU moves on, not only the first. */
static void all_moved(struct conf *c)
{
        unsigned n = 0;

        for (uint32_t i = 32; i < 96; i++) {
                oneofn_setup(c, i, i & 1);
                irq_set(c, 0, IPRIORITYR, i, i & 0x78);
                pulse(c, 0, i);
        }
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                if (i != 2)
                        ways[i](c, i, 1, false);
        /*
         * DPG1NS and ICC_IGRPEN1_EL1 stop Group 1 only. In turns:
         * what waits may move to who is idle.
         */
        for (unsigned k = 0; k < 64; k++)
                for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                        uint32_t fiq = ack(c, i, 0), irq;

                        if (fiq != SPURIOUS)
                                eoi(c, i, 0, fiq);
                        irq = ack(c, i, 1);
                        if (irq != SPURIOUS)
                                eoi(c, i, 1, irq);
                        EQ(c, i == 2 || irq == SPURIOUS, true);
                        n += (fiq != SPURIOUS) + (irq != SPURIOUS);
                }
        EQ(c, n, 64);
}

static void reset_moves(struct conf *c)
{
        uint32_t who;

        oneofn_setup(c, 40, 1);
        pulse(c, 0, 40);
        who = oneofn_chosen(c, 40);
        EQ(c, vgic_vcpu_reset(c->vcpus[who]), 0); /* asleep, groups disabled */
        OK(c, oneofn_chosen(c, 40) != who && oneofn_chosen(c, 40) != NOBODY);
        oneofn_take(c, oneofn_chosen(c, 40), 40, 1);
}

#define FOUR(n) { .n_vcpus = 4, ALL_KINDS, .argument = n }
const struct conf_test conf_oneofn_tests[] = {
        { "oneofn-exactly-one", "1.2.3", "IRM = 1: exactly one vCPU is signalled and takes it",
          FOUR(0), exactly_one },
        { "oneofn-affinity", "12.9.22", "IRM = 1: the affinity fields do not count", FOUR(0),
          affinity_ignored },
        { "oneofn-only-waker", "2.3.2", "never a vCPU that sleeps (GICR_WAKER)", FOUR(0),
          only_eligible },
        { "oneofn-only-group", "2.3.2", "never a vCPU whose CPU interface has the group disabled",
          FOUR(1), only_eligible },
        { "oneofn-only-dpg", "12.11.2", "never a vCPU with GICR_CTLR.DPG set for the group",
          FOUR(2), only_eligible },
        { "oneofn-only-power", "11.1", "never a vCPU that is powered off", FOUR(3), only_eligible },
        { "oneofn-only-owner", "11.1", "never a vCPU that nobody runs", FOUR(4), only_eligible },
        { "oneofn-moved-waker", "2.3.2",
          "moved on when the chosen one sleeps; waits for the next to wake", FOUR(0), moved },
        { "oneofn-moved-group", "2.3.2", "moved on when the chosen one disables the group", FOUR(1),
          moved },
        { "oneofn-moved-dpg", "12.11.2", "moved on when the chosen one sets DPG", FOUR(2), moved },
        { "oneofn-moved-power", "11.1", "moved on when the chosen one is powered off", FOUR(3),
          moved },
        { "oneofn-moved-owner", "11.1", "moved on when the chosen one's owner gives it back",
          FOUR(4), moved },
        { "oneofn-active", "4.1.2", "active: it stays with its holder, also when that sleeps",
          FOUR(0), active_stays },
        { "oneofn-level", "4.1.2", "level-sensitive: chosen again after each EOI", FOUR(0),
          level_again },
        { "oneofn-enable-later", "4.7", "pending while disabled: one is chosen when it is enabled",
          FOUR(0), enable_later },
        { "oneofn-many", "1.2.3", "64 at once: each is taken once", FOUR(0), many_at_once },
        { "oneofn-moved-all", "2.3.2",
          "64 pending in both groups: everything that has to moves on, nothing is lost",
          { .n_vcpus = 4 }, all_moved },
        { "oneofn-reset", "2.3.2", "moved on when the chosen vCPU is reset", FOUR(0), reset_moves },
        { 0 },
};
