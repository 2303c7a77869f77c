/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The guest's registers one by one: which there are, what they keep, what traps them. IHI 0069
 * sections 12.3 (ICV_*_EL1), 12.4 (ICH_HCR_EL2, ICH_VMCR_EL2).
 */
#include <string.h>

#include "icv-fixture.h"

#define R  1u
#define W  2u

/* Letters of what traps it: c TC, 0 TALL0, 1 TALL1, d TDIR, s always. */
static const struct { const char *name, *traps; uint32_t reg; unsigned access, n_apr; } rows[] = {
        { "PMR", "c", 3 << 14 | 4 << 7 | 6 << 3 | 0, R | W, 0 },
        { "IAR0", "0", 3 << 14 | 12 << 7 | 8 << 3 | 0, R, 0 },
        { "EOIR0", "0", 3 << 14 | 12 << 7 | 8 << 3 | 1, W, 0 },
        { "HPPIR0", "0", 3 << 14 | 12 << 7 | 8 << 3 | 2, R, 0 },
        { "BPR0", "0", 3 << 14 | 12 << 7 | 8 << 3 | 3, R | W, 0 },
        { "AP0R0", "0", 3 << 14 | 12 << 7 | 8 << 3 | 4, R | W, 1 },
        { "AP0R1", "0", 3 << 14 | 12 << 7 | 8 << 3 | 5, R | W, 2 },
        { "AP0R2", "0", 3 << 14 | 12 << 7 | 8 << 3 | 6, R | W, 4 },
        { "AP0R3", "0", 3 << 14 | 12 << 7 | 8 << 3 | 7, R | W, 4 },
        { "AP1R0", "1", 3 << 14 | 12 << 7 | 9 << 3 | 0, R | W, 1 },
        { "AP1R1", "1", 3 << 14 | 12 << 7 | 9 << 3 | 1, R | W, 2 },
        { "AP1R2", "1", 3 << 14 | 12 << 7 | 9 << 3 | 2, R | W, 4 },
        { "AP1R3", "1", 3 << 14 | 12 << 7 | 9 << 3 | 3, R | W, 4 },
        { "DIR", "cd", 3 << 14 | 12 << 7 | 11 << 3 | 1, W, 0 },
        { "RPR", "c", 3 << 14 | 12 << 7 | 11 << 3 | 3, R, 0 },
        { "SGI1R", "s", 3 << 14 | 12 << 7 | 11 << 3 | 5, W, 0 },
        { "ASGI1R", "s", 3 << 14 | 12 << 7 | 11 << 3 | 6, W, 0 },
        { "SGI0R", "s", 3 << 14 | 12 << 7 | 11 << 3 | 7, W, 0 },
        { "IAR1", "1", 3 << 14 | 12 << 7 | 12 << 3 | 0, R, 0 },
        { "EOIR1", "1", 3 << 14 | 12 << 7 | 12 << 3 | 1, W, 0 },
        { "HPPIR1", "1", 3 << 14 | 12 << 7 | 12 << 3 | 2, R, 0 },
        { "BPR1", "1", 3 << 14 | 12 << 7 | 12 << 3 | 3, R | W, 0 },
        { "CTLR", "c", 3 << 14 | 12 << 7 | 12 << 3 | 4, R | W, 0 },
        { "SRE", "", 3 << 14 | 12 << 7 | 12 << 3 | 5, R | W, 0 },
        { "IGRPEN0", "0", 3 << 14 | 12 << 7 | 12 << 3 | 6, R | W, 0 },
        { "IGRPEN1", "1", 3 << 14 | 12 << 7 | 12 << 3 | 7, R | W, 0 },
};

static bool trap_expected(const char *traps, uint64_t hcr)
{
        return strchr(traps, 's') || (strchr(traps, 'c') && (hcr >> 10 & 1)) ||
               (strchr(traps, '0') && (hcr >> 11 & 1)) || (strchr(traps, '1') && (hcr >> 12 & 1)) ||
               (strchr(traps, 'd') && (hcr >> 14 & 1));
}

/* Each register under each setting of the four traps: done, or trapped and nothing done. */
static void traps_are_those_of_hcr(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unsigned wrong = 0, changed = 0;

                for (unsigned traps = 0; traps < 32; traps++) {
                        struct fixture f = fixture(4, 8), before;
                        enum icv_result want;
                        uint64_t value = 0x123;

                        f.bank.ich_hcr |= (uint64_t)traps << 10;
                        f.bank.ich_lr[0] = lr(40, 0x80, 1, PENDING);
                        f.bank.ich_lr[1] = lr(41, 0x80, 0, ACTIVE);
                        f.bank.ich_vmcr |= 1 << 9;
                        before = f;
                        want = trap_expected(rows[i].traps, f.bank.ich_hcr) ? ICV_TRAPPED
                                                                            : ICV_DONE;
                        wrong += icv_read(&f.params, &f.bank, rows[i].reg, &value) !=
                                 (rows[i].access & R ? want : ICV_UNDEFINED);
                        if (want != ICV_DONE)
                                changed += value != 0x123 ||
                                           memcmp(&f.bank, &before.bank, sizeof(f.bank)) != 0;
                        f = before;
                        wrong += icv_write(&f.params, &f.bank, rows[i].reg, 41) !=
                                 (rows[i].access & W ? want : ICV_UNDEFINED);
                        if (want != ICV_DONE || !(rows[i].access & W))
                                changed += memcmp(&f.bank, &before.bank, sizeof(f.bank)) != 0;
                }
                tap_eq(wrong, 0,
                       "ICH_HCR_EL2: which of TC, TALL0, TALL1, TDIR trap %s; read WO, write RO: "
                       "UNDEFINED", rows[i].name);
                tap_eq(changed, 0, "%s: what is trapped or UNDEFINED changes nothing",
                       rows[i].name);
        }
}

static void registers_are_those_implemented(void)
{
        unsigned wrong = 0, stray = 0;
        uint64_t value;

        for (unsigned bits = 4; bits <= 8; bits++) {
                struct fixture f = fixture(4, bits);
                unsigned n_apr = bits <= 5 ? 1 : bits == 6 ? 2 : 4;

                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                        if (rows[i].n_apr)
                                wrong += (icv_read(&f.params, &f.bank, rows[i].reg, &value) ==
                                          ICV_DONE) != (rows[i].n_apr <= n_apr);
                f.bank.ich_hcr |= 3 << 11;
                wrong += bits == 5 && icv_read(&f.params, &f.bank, VGIC_ICC_AP1R_EL1(1), &value) !=
                                              ICV_UNDEFINED;
        }
        tap_eq(wrong, 0,
               "ICV_AP<g>R<n>: 1, 2 or 4 by preemption bits; others are UNDEFINED, not trapped");
        for (uint32_t reg = 0; reg < 1 << 16; reg++) {
                struct fixture f = fixture(4, 8);
                bool known = false;

                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                        known |= rows[i].reg == reg;
                stray += !known && (icv_read(&f.params, &f.bank, reg, &value) != ICV_UNDEFINED ||
                                    icv_write(&f.params, &f.bank, reg, 0) != ICV_UNDEFINED);
        }
        tap_eq(stray, 0, "an encoding that is no register of the GIC is UNDEFINED");
}

static void binary_points_have_minima(void)
{
        static const unsigned minimum[9] = { [4] = 3, [5] = 2, [6] = 1, [7] = 0, [8] = 0 };

        for (unsigned bits = 4; bits <= 8; bits++) {
                struct fixture f = fixture(1, bits);
                unsigned wrong = 0, common = 0;

                for (unsigned i = 0; i < 16; i++) {
                        unsigned value = i & 7, low = minimum[bits];

                        set(&f, VGIC_ICC_CTLR_EL1, 0);
                        set(&f, VGIC_ICC_BPR0_EL1, i);
                        set(&f, VGIC_ICC_BPR1_EL1, i);
                        wrong += get(&f, VGIC_ICC_BPR0_EL1) != (value < low ? low : value);
                        wrong += get(&f, VGIC_ICC_BPR1_EL1) != (value < low + 1 ? low + 1 : value);
                        wrong += (f.bank.ich_vmcr >> 21 & 7) != get(&f, VGIC_ICC_BPR0_EL1);
                        wrong += (f.bank.ich_vmcr >> 18 & 7) != get(&f, VGIC_ICC_BPR1_EL1);
                        value = (unsigned)get(&f, VGIC_ICC_BPR0_EL1);
                        set(&f, VGIC_ICC_CTLR_EL1, 1);
                        common += get(&f, VGIC_ICC_BPR1_EL1) != (value < 7 ? value + 1 : 7);
                        low = f.bank.ich_vmcr >> 18 & 7;
                        set(&f, VGIC_ICC_BPR1_EL1, i + 3);
                        common += (f.bank.ich_vmcr >> 18 & 7) != low ||
                                  (f.bank.ich_vmcr >> 21 & 7) != value;
                        set(&f, VGIC_ICC_CTLR_EL1, 0);
                        common += get(&f, VGIC_ICC_BPR1_EL1) != low;
                }
                tap_eq(wrong, 0,
                       "ICV_BPR0, ICV_BPR1: %u bits: at least 7 - preemption bits, and one more; "
                       "alias of ICH_VMCR_EL2 (conformance 14)", bits);
                tap_eq(common, 0,
                       "ICV_CTLR.CBPR: %u bits: ICV_BPR1 reads as ICV_BPR0 + 1, at most 7; writes "
                       "ignored; it comes back", bits);
        }
}

static void values_keep_implemented_bits(void)
{
        struct fixture f = fixture(1, 5);
        unsigned wrong = 0;

        set(&f, VGIC_ICC_PMR_EL1, 0xfff);
        tap_eq((int64_t)get(&f, VGIC_ICC_PMR_EL1), 0xf8,
               "ICV_PMR: unimplemented bits are RAZ/WI (conformance 12)");
        tap_eq(f.bank.ich_vmcr >> 24, 0xf8, "ICV_PMR written: ICH_VMCR_EL2.VPMR is the same");
        f.params.n_priority_bits = 4;
        tap_eq((int64_t)get(&f, VGIC_ICC_PMR_EL1), 0xf0,
               "ICV_PMR: 4 priority bits: 3:0 are RAZ/WI");
        set(&f, VGIC_ICC_AP0R_EL1(0), 0xffffffff);
        tap_eq((int64_t)get(&f, VGIC_ICC_AP0R_EL1(0)), 0xffff,
               "ICV_AP0R0: 4 preemption bits: 16 levels");
        f = fixture(1, 5);
        set(&f, VGIC_ICC_AP0R_EL1(0), UINT64_C(0x1ffffffff));
        tap_eq((int64_t)get(&f, VGIC_ICC_AP0R_EL1(0)), 0xffffffff,
               "ICV_AP0R0: 5 preemption bits: 32 levels; bits 63:32 are RES0");
        tap_eq(f.bank.ich_ap0r[0], 0xffffffff, "ICV_AP0R0 written: ICH_AP0R0_EL2 is the same");

        f = fixture(1, 5);
        f.params.ctlr = UINT32_MAX;
        set(&f, VGIC_ICC_CTLR_EL1, ~UINT64_C(0) ^ 3);
        tap_eq((int64_t)get(&f, VGIC_ICC_CTLR_EL1), 0xcfc00,
               "ICV_CTLR: PRIbits from the priorities, the read-only fields as given, PMHE and the "
               "rest 0");
        set(&f, VGIC_ICC_CTLR_EL1, 3);
        tap_eq((int64_t)get(&f, VGIC_ICC_CTLR_EL1), 0xcfc03,
               "ICV_CTLR: CBPR and EOImode are written");
        tap_eq(f.bank.ich_vmcr & 0x210, 0x210,
               "ICV_CTLR written: ICH_VMCR_EL2.VCBPR, VEOIM are CBPR, EOImode");
        f.params.ctlr = 0;
        set(&f, VGIC_ICC_CTLR_EL1, 0);
        tap_eq((int64_t)get(&f, VGIC_ICC_CTLR_EL1), 0x400,
               "ICV_CTLR: 5 priority bits, 16 of INTID");
        for (unsigned i = 0; i < 4; i++) {
                set(&f, VGIC_ICC_IGRPEN0_EL1, i & 1);
                set(&f, VGIC_ICC_IGRPEN1_EL1, (i & 2) | i >> 1);
                wrong += get(&f, VGIC_ICC_IGRPEN0_EL1) != (i & 1) ||
                         get(&f, VGIC_ICC_IGRPEN1_EL1) != i >> 1 || (f.bank.ich_vmcr & 3) != i;
        }
        tap_eq(wrong, 0, "ICV_IGRPEN0, ICV_IGRPEN1: bit 0; ICH_VMCR_EL2.VENG0, VENG1");
        set(&f, VGIC_ICC_SRE_EL1, 0);
        tap_eq((int64_t)get(&f, VGIC_ICC_SRE_EL1), 7, "ICC_SRE_EL1: SRE, DFB, DIB are RAO/WI");
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0xff, "ICV_RPR: 0xff with nothing active");
        f.params.ctlr = 1 << 11;
        f.bank.ich_vmcr |= 3;
        f.bank.ich_lr[0] = lr(0xabcdef, 0x80, 1, PENDING);
        tap_eq(hppir(&f, 1), 0xabcdef, "ICV_CTLR.IDbits 1: 24 bits of INTID");
        f.params.ctlr = 0;
        tap_eq(hppir(&f, 1), 0xcdef, "ICV_CTLR.IDbits 0: 16 bits of INTID");
}

/* More bits of priority than of preemption. */
static void preemption_bits_may_be_fewer(void)
{
        struct fixture f = { .params = { .n_list_registers = 2, .n_priority_bits = 7,
                                         .n_preemption_bits = 5 } };

        icv_reset(&f.params, &f.bank);
        f.bank.ich_hcr = 1;
        f.bank.ich_vmcr |= 3;
        set(&f, VGIC_ICC_PMR_EL1, 0xff);
        tap_eq((int64_t)get(&f, VGIC_ICC_PMR_EL1), 0xfe, "ICH_VTR_EL2.PRIbits 7: the mask has 7");
        tap_eq((int64_t)get(&f, VGIC_ICC_BPR0_EL1), 2,
               "ICH_VTR_EL2.PREbits 5: the smallest binary point");
        f.bank.ich_lr[0] = lr(40, 0x86, 1, PENDING);
        f.bank.ich_lr[1] = lr(41, 0x82, 1, PENDING);
        tap_eq(iar(&f, 1), 41, "subpriorities choose");
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0x80, "subpriorities are not in ICV_RPR_EL1");
        tap_eq(f.bank.ich_ap1r[0], 1 << 16, "ICH_AP1R0_EL2: 32 levels");
        f.params.choices = ICV_CHOICE_EOI_CHECKS_LR;
        eoi(&f, 1, 41);
        tap_eq(state_of(&f, 1), FREE, "EOI finds it by its group priority");
}

int main(void)
{
        traps_are_those_of_hcr();
        registers_are_those_implemented();
        binary_points_have_minima();
        values_keep_implemented_bits();
        preemption_bits_may_be_fewer();
        return tap_done();
}
