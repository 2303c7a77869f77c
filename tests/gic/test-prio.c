/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Priorities against a plain restatement of IHI 0069 section 4.8: the table of binary points is
 * spelled out, and every comparison is made on group priorities cut out letter by letter.
 */
#include "gic-prio.h"
#include "tap.h"

/* Section 4.8.2, "Priority grouping", Group 0: g is the group priority field, s the subpriority. */
static const char *const grouping[8] = {
        "ggggggg.s", "gggggg.ss", "ggggg.sss", "gggg.ssss", "ggg.sssss", "gg.ssssss", "g.sssssss",
        ".ssssssss",
};

static unsigned group_priority(unsigned priority, unsigned bpr0)
{
        unsigned value = 0, bit = 7;

        for (const char *p = grouping[bpr0]; *p; p++) {
                if (*p == 'g')
                        value |= priority & (1u << bit);
                if (*p != '.')
                        bit--;
        }
        return value;
}

static void check_sizes(void)
{
        static const struct { unsigned bits, mask, min_bpr0, n_apr; } want[] = {
                { 4, 0xf0, 3, 1 }, { 5, 0xf8, 2, 1 }, { 6, 0xfc, 1, 2 }, { 7, 0xfe, 0, 4 },
                { 8, 0xff, 0, 4 },
        };

        for (unsigned i = 0; i < 5; i++) {
                tap_eq(gic_prio_mask(want[i].bits), want[i].mask,
                       "4.8.1: %u bits: the implemented ones are the high ones", want[i].bits);
                tap_eq(gic_prio_min_bpr0(want[i].bits), want[i].min_bpr0,
                       "4.8.2: %u bits: smallest ICC_BPR0_EL1", want[i].bits);
                tap_eq(gic_prio_n_apr(want[i].bits), want[i].n_apr,
                       "ICC_AP0R<n>_EL1: %u bits: number of registers", want[i].bits);
        }
}

static void check_masks(void)
{
        unsigned broken = 0;

        for (unsigned bpr0 = 0; bpr0 < 8; bpr0++)
                for (unsigned p = 0; p < 256; p++)
                        broken += (p & gic_prio_group_mask(bpr0)) != group_priority(p, bpr0);
        tap_eq(broken, 0, "4.8.2: the group priority of every priority at every binary point");

        broken = 0;
        for (unsigned bpr0 = 0; bpr0 < 8; bpr0++) {
                for (unsigned bpr1 = 0; bpr1 < 8; bpr1++) {
                        broken += gic_prio_bpr(0, bpr0, bpr1, false) != bpr0 ||
                                  gic_prio_bpr(0, bpr0, bpr1, true) != bpr0;
                        broken += gic_prio_bpr(1, bpr0, bpr1, true) != bpr0;
                        /* Group 1: ICC_BPR1_EL1 = n keeps bits 7..n; 0 behaves as 1. */
                        broken += gic_prio_group_mask(gic_prio_bpr(1, bpr0, bpr1, false)) !=
                                  (0xff << (bpr1 ? bpr1 : 1) & 0xff);
                }
        }
        tap_eq(broken, 0,
               "4.8.2: Group 1 uses ICC_BPR1_EL1 shifted by one, or ICC_BPR0_EL1 with CBPR "
               "(conformance 14)");
}

/*
 * Does @p interrupt, as the text says it? @running is a priority that was acknowledged with the
 * same binary point, or -1.
 */
static bool may_interrupt(unsigned p, unsigned pmr, int running, unsigned bpr0)
{
        if (!(p < pmr))
                return false;
        return running < 0 || group_priority(p, bpr0) < group_priority((unsigned)running, bpr0);
}

/* What the active-priority registers keep of @acknowledged, or of nothing: -1. */
static uint8_t running_priority(int acknowledged, uint8_t group_mask, unsigned n_bits)
{
        if (acknowledged < 0)
                return GIC_PRIORITY_IDLE;
        return gic_prio_of_apr_bit(gic_prio_apr_bit((uint8_t)acknowledged, group_mask, n_bits),
                                   n_bits);
}

static void check_preemption(unsigned n_bits)
{
        static const uint8_t masks[] = { 0x00, 0x01, 0x10, 0x80, 0xa0, 0xf0, 0xfe, 0xff };
        unsigned step = 1u << (8 - n_bits), broken = 0, equal = 0, rpr = 0;

        for (unsigned bpr0 = gic_prio_min_bpr0(n_bits); bpr0 < 8; bpr0++) {
                uint8_t group_mask = gic_prio_group_mask(bpr0);

                for (int r = -1; r < 256; r = r < 0 ? 0 : r + (int)step) {
                        uint8_t running = running_priority(r, group_mask, n_bits);

                        rpr += r >= 0 && running != group_priority((unsigned)r, bpr0);
                        equal += r >= 0 && gic_prio_preempts((uint8_t)r, 0xff, running, group_mask);
                        for (unsigned p = 0; p < 256; p += step)
                                for (unsigned m = 0; m < sizeof masks; m++)
                                        broken += gic_prio_preempts((uint8_t)p, masks[m], running,
                                                                    group_mask) !=
                                                  may_interrupt(p, masks[m], r, bpr0);
                }
        }
        tap_eq(broken, 0,
               "4.8.3: %u bits: preemption of every priority by every priority, every binary point "
               "(conformance 13, 18)",
               n_bits);
        tap_eq(equal, 0, "4.8.3: %u bits: an equal priority never preempts (conformance 13)",
               n_bits);
        tap_eq(rpr, 0, "ICC_RPR_EL1: %u bits: the running priority is the group priority", n_bits);
}

static void check_mask_register(void)
{
        unsigned broken = 0;

        for (unsigned bpr0 = 0; bpr0 < 8; bpr0++) {
                uint8_t mask = gic_prio_group_mask(bpr0);

                for (unsigned p = 0; p < 256; p++)
                        for (unsigned pmr = 0; pmr < 256; pmr++)
                                broken += gic_prio_preempts((uint8_t)p, (uint8_t)pmr,
                                                            GIC_PRIORITY_IDLE, mask) != (p < pmr);
        }
        tap_eq(broken, 0,
               "4.8.6: ICC_PMR_EL1 compares the whole priority, equal is masked (conformance 12)");
}

static void check_apr_bits(unsigned n_bits)
{
        unsigned preemption = n_bits > 7 ? 7 : n_bits, broken = 0;

        for (unsigned bit = 0; bit < 1u << preemption; bit++) {
                uint8_t priority = gic_prio_of_apr_bit(bit, n_bits);

                broken += gic_prio_apr_bit(priority, gic_prio_group_mask(gic_prio_min_bpr0(n_bits)),
                                           n_bits) != bit;
                broken += bit / 32 >= gic_prio_n_apr(n_bits);
                broken += priority == GIC_PRIORITY_IDLE;
        }
        tap_eq(broken, 0, "ICC_AP<g>R<n>_EL1: %u bits: each preemption level has a bit of its own",
               n_bits);
}

int main(void)
{
        check_sizes();
        check_masks();
        check_mask_register();
        for (unsigned n_bits = GIC_MIN_PRIORITY_BITS; n_bits <= GIC_MAX_PRIORITY_BITS; n_bits++) {
                check_preemption(n_bits);
                check_apr_bits(n_bits);
        }
        return tap_done();
}
