/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: software generated interrupts (IHI 0069 sections 4.4, 12.1.10, 12.2)
 */
#include "conf-tables.h"

#define AFF1(n) ((uint64_t)(n) << 16)
#define AFF2(n) ((uint64_t)(n) << 32)
#define AFF3(n) ((uint64_t)(n) << 48)
#define RS(n)   ((uint64_t)(n) << 44)
#define IRM     (UINT64_C(1) << 40)

/* All SGIs of all vCPUs in Group 1, enabled. */
static void open_sgis(struct conf *c)
{
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                gicr_w(c, i, GICR_IGROUPR0, UINT32_MAX);
                gicr_w(c, i, GICR_ISENABLER0, 0xffff);
        }
}

/* Which vCPUs have SGI @intid pending; it is taken away again. */
static uint64_t take(struct conf *c, uint32_t intid)
{
        uint64_t who = 0;

        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                who |= (uint64_t)is_pending(c, i, intid) << i;
                irq_set(c, i, ICPENDR, intid, 1);
                EQ(c, gicr(c, i, GICR_ISPENDR0), 0); /* and no other */
        }
        return who;
}

static void sgi_list(struct conf *c)
{
        open_sgis(c);
        for (unsigned sender = 0; sender < 4; sender++)
                for (uint32_t list = 0; list < 16; list++) {
                        conf_where(c, "sender %u, list 0x%x", sender, list);
                        icc_w(c, sender, SGI1R, sgi_to(list, list));
                        EQ(c, take(c, list), list);
                }
        icc_w(c, 0, SGI1R, sgi_to(3, 0xfff0)); /* vCPUs that are not there */
        EQ(c, take(c, 3), 0);
}

static void sgi_intids(struct conf *c)
{
        open_sgis(c);
        for (uint32_t intid = 0; intid < 16; intid++) {
                icc_w(c, 1, SGI1R, sgi_to(intid, 1));
                EQ(c, gicr(c, 0, GICR_ISPENDR0), 1u << intid);
                EQ(c, ack(c, 0, 1), intid); /* the architecture says nothing of the sender */
                eoi(c, 0, 1, intid);
        }
        EQ(c, gicr(c, 1, GICR_ISPENDR0), 0);
}

static void sgi_irm(struct conf *c)
{
        uint64_t all = (UINT64_C(1) << c->config.n_vcpus) - 1;

        open_sgis(c);
        for (unsigned sender = 0; sender < c->config.n_vcpus; sender++) {
                conf_where(c, "sender %u", sender);
                icc_w(c, sender, SGI1R, sgi_to(5, 0) | IRM);
                EQ(c, take(c, 5), all & ~(UINT64_C(1) << sender));
                /* the list and the affinity do not count */
                icc_w(c, sender, SGI1R,
                      sgi_to(5, 0xffff) | IRM | AFF1(7) | AFF2(9) | AFF3(1) | RS(3));
                EQ(c, take(c, 5), all & ~(UINT64_C(1) << sender));
        }
}

/* Aff3.Aff2.Aff1 all have to match. */
static const uint64_t levels[] = { 0x0000000000, 0x0000000001, 0x0000000100, 0x0000010000,
                                   0x0100000000, 0x0101010100 };

static void sgi_affinity(struct conf *c)
{
        static const struct {
                uint64_t value;
                uint64_t who;
        } cases[] = {
                { 0x3, 0x3 }, { AFF1(1) | 0x3, 0x4 }, { AFF2(1) | 0x3, 0x8 },
                { AFF3(1) | 0x3, 0x10 },
                { AFF3(1) | AFF2(1) | AFF1(1) | 0x3, 0x20 }, { AFF2(1) | AFF1(1) | 1, 0 },
                { AFF3(1) | AFF2(1) | 1, 0 },
                { AFF1(0xff) | 0xffff, 0 }, { AFF2(0xff) | 0xffff, 0 }, { AFF3(0xff) | 0xffff, 0 },
        };

        open_sgis(c);
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                conf_where(c, "value 0x%llx", (unsigned long long)cases[i].value);
                icc_w(c, 0, SGI1R, cases[i].value);
                EQ(c, take(c, 0), cases[i].who);
        }
}

static const uint64_t wide[] = { 0, 15, 16, 31, 32, 255 };

static void sgi_rs(struct conf *c)
{
        open_sgis(c);
        for (unsigned rs = 0; rs < 16; rs++) {
                uint64_t want = 0;

                for (unsigned i = 0; i < 6; i++)
                        want |= (uint64_t)(wide[i] / 16 == rs) << i;
                conf_where(c, "RS %u", rs);
                icc_w(c, 1, SGI1R, sgi_to(9, 0xffff) | RS(rs));
                EQ(c, take(c, 9), want);
        }
        icc_w(c, 0, SGI1R, sgi_to(9, 1) | RS(1));
        EQ(c, take(c, 9), 1u << 2);
        icc_w(c, 0, SGI1R, sgi_to(9, 0x8000) | RS(15));
        EQ(c, take(c, 9), 1u << 5);
}

static void sgi_no_rss(struct conf *c)
{
        open_sgis(c);
        for (unsigned rs = 1; rs < 16; rs++) {
                conf_where(c, "RS %u", rs);
                icc_w(c, 0, SGI1R, sgi_to(9, 0xffff) | RS(rs));
                EQ(c, take(c, 9), 0);
        }
        icc_w(c, 0, SGI1R, sgi_to(9, 0xffff));
        EQ(c, take(c, 9), 3);
}

/*
 * One security state: ICC_SGI1R_EL1 generates Group 1 and Group 0 SGIs, ICC_SGI0R_EL1 and
 * ICC_ASGI1R_EL1 where the target has it in Group 0 only (section 12.1.10).
 */
static void sgi_groups(struct conf *c)
{
        static const struct {
                enum icc reg;
                bool to_group[2];
        } cases[] = { { SGI1R, { true, true } }, { SGI0R, { true, false } },
                      { ASGI1R, { true, false } } };

        open_sgis(c);
        for (unsigned i = 0; i < 3; i++)
                for (unsigned group = 0; group < 2; group++) {
                        conf_where(c, "register 0x%x, group %u", cases[i].reg, group);
                        irq_set(c, 0, IGROUPR, 4, group);
                        irq_set(c, 1, IGROUPR, 4, !group);
                        icc_w(c, 0, cases[i].reg, sgi_to(4, 3));
                        EQ(c, take(c, 4),
                           (cases[i].to_group[group] ? 1 : 0) |
                           (cases[i].to_group[!group] ? 2 : 0));
                        icc_w(c, 0, cases[i].reg, sgi_to(4, 0) | IRM);
                        EQ(c, take(c, 4), cases[i].to_group[!group] ? 2 : 0);
                }
}

static void sgi_res0(struct conf *c)
{
        const uint64_t res0 = UINT64_C(0xf) << 28 | UINT64_C(7) << 41 | UINT64_C(0xff) << 56;

        open_sgis(c);
        icc_w(c, 0, SGI1R, sgi_to(7, 3) | res0);
        EQ(c, take(c, 7), 3);
        irq_set(c, 1, IGROUPR, 7, 0);
        icc_w(c, 0, SGI0R, sgi_to(7, 3) | res0);
        EQ(c, take(c, 7), 2);
}

/* With three levels Aff3 is RES0: it does not name another vCPU. */
static void sgi_aff3_res0(struct conf *c)
{
        open_sgis(c);
        icc_w(c, 0, SGI1R, sgi_to(7, 3) | AFF3(5));
        EQ(c, take(c, 7), 3);
}

static void sgi_once(struct conf *c)
{
        open_sgis(c);
        icc_w(c, 1, SGI1R, sgi_to(2, 1));
        icc_w(c, 2, SGI1R, sgi_to(2, 1)); /* two senders, one pending state */
        EQ(c, ack(c, 0, 1), 2);
        EQ(c, is_pending(c, 0, 2), false);
        icc_w(c, 1, SGI1R, sgi_to(2, 1)); /* while active */
        icc_w(c, 0, SGI1R, sgi_to(2, 1));
        EQ(c, is_pending(c, 0, 2), true);
        EQ(c, is_active(c, 0, 2), true);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        eoi(c, 0, 1, 2);
        EQ(c, ack(c, 0, 1), 2);
        eoi(c, 0, 1, 2);
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void sgi_disabled(struct conf *c)
{
        open_sgis(c);
        irq_set(c, 0, ICENABLER, 2, 1);
        icc_w(c, 1, SGI1R, sgi_to(2, 1));
        EQ(c, is_pending(c, 0, 2), true);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ISENABLER, 2, 1);
        EQ(c, ack(c, 0, 1), 2);
}

static void sgi_asleep(struct conf *c)
{
        open_sgis(c);
        gicr_w(c, 1, GICR_WAKER, WAKER_SLEEP);
        icc_w(c, 0, SGI1R, sgi_to(2, 2));
        icc_w(c, 0, SGI1R, sgi_to(3, 0) | IRM);
        EQ(c, lines(c, 1), 0);
        EQ(c, gicr(c, 1, GICR_ISPENDR0), 1u << 2 | 1u << 3);
        gicr_w(c, 1, GICR_WAKER, 0);
        EQ(c, ack(c, 1, 1), 2);
}

/* An SGI that the target has not enabled in its CPU interface is generated all the same. */
static void sgi_group_off(struct conf *c)
{
        open_sgis(c);
        icc_w(c, 1, IGRPEN1, 0);
        icc_w(c, 0, SGI1R, sgi_to(2, 2));
        EQ(c, is_pending(c, 1, 2), true);
        EQ(c, ack(c, 1, 1), SPURIOUS);
        icc_w(c, 1, IGRPEN1, 1);
        EQ(c, ack(c, 1, 1), 2);
}

static void sgi_pend_registers(struct conf *c)
{
        open_sgis(c);
        gicr_w(c, 0, GICR_ISPENDR0, 1u << 6);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        gicr_w(c, 0, GICR_ICPENDR0, 1u << 6);
        EQ(c, lines(c, 0), 0);
        icc_w(c, 0, SGI1R, sgi_to(6, 1));
        gicr_w(c, 0, GICR_ISPENDR0, 1u << 6); /* one pending state */
        EQ(c, ack(c, 0, 1), 6);
        EQ(c, is_pending(c, 0, 6), false);
}

static void sgi_priority(struct conf *c)
{
        open_sgis(c);
        irq_set(c, 0, IPRIORITYR, 3, 0x40);
        irq_set(c, 0, IPRIORITYR, 5, 0x20);
        irq_set(c, 1, IPRIORITYR, 3, 0x10);
        irq_set(c, 1, IPRIORITYR, 5, 0x30);
        icc_w(c, 0, SGI1R, sgi_to(3, 3));
        icc_w(c, 0, SGI1R, sgi_to(5, 3));
        EQ(c, ack(c, 0, 1), 5);
        EQ(c, icc(c, 0, RPR), 0x20);
        EQ(c, ack(c, 1, 1), 3);
        EQ(c, icc(c, 1, RPR), 0x10);
}

/* 16 vCPUs to an Aff1: the numbering that KVM gives, if none is asked for. */
static void sgi_default_affinity(struct conf *c)
{
        open_sgis(c);
        for (unsigned target = 0; target < c->config.n_vcpus; target++) {
                conf_where(c, "vCPU %u", target);
                icc_w(c, 0, SGI1R, sgi_to(8, 1u << target % 16) | AFF1(target / 16));
                EQ(c, take(c, 8), UINT64_C(1) << target);
        }
}

/* Any 64 bits in the generators: what is addressed comes, all else changes nothing. */
static void sgi_any_value(struct conf *c)
{
        static const enum icc regs[] = { SGI1R, SGI0R, ASGI1R };
        uint64_t seed = 88172645463325252u;

        c->quiet = true;
        open_sgis(c);
        for (unsigned i = 0; i < 20000; i++) {
                uint64_t want = 0, who = 0, v;

                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                v = seed;
                if (v & IRM)
                        want = 6; /* all but vCPU 0 */
                else if ((v >> 48 & 0xff) == 0 && (v >> 32 & 0xff) == 0 && (v >> 16 & 0xff) == 0 &&
                         (v >> 44 & 15) == 0)
                        want = v & 7;
                if (i % 3)
                        want = 0; /* they are in Group 1 */
                icc_w(c, 0, regs[i % 3], v);
                for (unsigned k = 0; k < 3; k++) {
                        uint32_t pending = gicr(c, k, GICR_ISPENDR0);

                        who |= (uint64_t)(pending != 0) << k;
                        EQ(c, pending & ~(1u << (v >> 24 & 15)), 0);
                        gicr_w(c, k, GICR_ICPENDR0, UINT32_MAX);
                }
                conf_where(c, "register 0x%x, value 0x%llx", regs[i % 3], (unsigned long long)v);
                EQ(c, who, want);
        }
}

const struct conf_test conf_sgi_tests[] = {
        { "sgi-list", "12.2.22",
          "ICC_SGI1R_EL1: exactly the vCPUs of the target list, the sender too",
          { .n_vcpus = 4 }, sgi_list },
        { "sgi-intids", "12.2.22", "ICC_SGI1R_EL1: INTIDs 0 to 15", { .n_vcpus = 2 }, sgi_intids },
        { "sgi-irm", "12.2.22",
          "ICC_SGI1R_EL1.IRM = 1: all vCPUs but the sender, whatever the list",
          { .n_vcpus = 36 }, sgi_irm },
        { "sgi-affinity", "12.2.22", "ICC_SGI1R_EL1: Aff3, Aff2 and Aff1 have to match",
          { .n_vcpus = 6, .mpidrs = levels }, sgi_affinity },
        { "sgi-rs", "12.2.22", "ICC_SGI1R_EL1.RS selects Aff0 RS*16..RS*16+15",
          { .n_vcpus = 6, .mpidrs = wide }, sgi_rs },
        { "sgi-no-rss", "12.2.22", "RSS = 0: a range selector other than 0 generates nothing",
          { .n_vcpus = 2, .flags = VGIC_VM_NO_RSS }, sgi_no_rss },
        { "sgi-groups", "12.1.10",
          "SGI1R reaches both groups, SGI0R and ASGI1R targets in Group 0 only",
          { .n_vcpus = 2 }, sgi_groups },
        { "sgi-res0", "12.2.22", "ICC_SGI1R_EL1, SGI0R: reserved bits do not count",
          { .n_vcpus = 2 }, sgi_res0 },
        { "sgi-aff3-res0", "12.2.22", "three affinity levels: Aff3 is RES0",
          { .n_vcpus = 2, .affinity_levels = 3 }, sgi_aff3_res0 },
        { "sgi-once", "4.4", "an SGI sent again is one; sent while active comes exactly once more",
          { .n_vcpus = 3 }, sgi_once },
        { "sgi-disabled", "4.4", "an SGI sent while disabled waits for ISENABLER0",
          { .n_vcpus = 2 }, sgi_disabled },
        { "sgi-asleep", "11.1", "an SGI to a sleeping vCPU waits for its wake", { .n_vcpus = 2 },
          sgi_asleep },
        { "sgi-group-off", "4.7",
          "an SGI to a vCPU whose group is disabled waits for ICC_IGRPEN1_EL1",
          { .n_vcpus = 2 }, sgi_group_off },
        { "sgi-pend-registers", "12.11.27", "GICR_ISPENDR0 and ICPENDR0 work on SGIs", { 0 },
          sgi_pend_registers },
        { "sgi-priority", "12.11.21", "an SGI's priority is the target's", { .n_vcpus = 2 },
          sgi_priority },
        { "sgi-default-affinity", "2.3",
          "without affinities of the host's: vCPU n is 0.0.n/16.n%16",
          { .n_vcpus = 36 }, sgi_default_affinity },
        { "sgi-any-value", "12.2.22",
          "20000 random values of the generators: exactly what they name",
          { .n_vcpus = 3 }, sgi_any_value },
        { 0 },
};
