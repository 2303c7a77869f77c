/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: the registers of the CPU interface (IHI 0069 section 12.2)
 */
#include <errno.h>

#include "conf-tables.h"

/* Priority bits 4 to 8: the preemption bits are the same, at most 7 (section 4.8.2). */
static const struct {
        unsigned bits, pmr, bpr0_min, n_ap;
        uint32_t ap_mask;
} sizes[] = {
        { 4, 0xf0, 3, 1, 0xffff }, { 5, 0xf8, 2, 1, UINT32_MAX }, { 6, 0xfc, 1, 2, UINT32_MAX },
        { 7, 0xfe, 0, 4, UINT32_MAX }, { 8, 0xff, 0, 4, UINT32_MAX },
};
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void open_size(struct conf *c, struct conf *other, unsigned i, bool cold)
{
        struct conf_config config = { .n_priority_bits = sizes[i].bits, .cold = cold };

        conf_where(c, "%u priority bits", sizes[i].bits);
        conf_open(other, c->name, &config);
        conf_where(other, "%u priority bits", sizes[i].bits);
}

static void close_size(struct conf *c, struct conf *other)
{
        c->n_failures += other->n_failures;
        conf_close(other);
}

static void icc_reset(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                struct conf o;

                open_size(c, &o, i, true);
                EQ(&o, icc(&o, 0, PMR), 0);
                EQ(&o, icc(&o, 0, BPR0), sizes[i].bpr0_min);
                EQ(&o, icc(&o, 0, BPR1), sizes[i].bpr0_min + 1);
                EQ(&o, icc(&o, 0, IGRPEN0), 0);
                EQ(&o, icc(&o, 0, IGRPEN1), 0);
                EQ(&o, icc(&o, 0, CTLR) & (ICC_CBPR | ICC_EOIMODE | ICC_PMHE), 0);
                EQ(&o, icc(&o, 0, RPR), 0xff);
                EQ(&o, icc(&o, 0, AP0R0), 0);
                EQ(&o, icc(&o, 0, AP1R0), 0);
                EQ(&o, hppi(&o, 0, 0), SPURIOUS);
                EQ(&o, hppi(&o, 0, 1), SPURIOUS);
                close_size(c, &o);
        }
}

static void pmr_bits(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                struct conf o;

                open_size(c, &o, i, true);
                icc_w(&o, 0, PMR, 0xff);
                EQ(&o, icc(&o, 0, PMR), sizes[i].pmr);
                icc_w(&o, 0, PMR, (uint8_t)~sizes[i].pmr);
                EQ(&o, icc(&o, 0, PMR), 0);
                icc_w(&o, 0, PMR, UINT64_MAX << 8 | 0x50);
                EQ(&o, icc(&o, 0, PMR), 0x50);
                close_size(c, &o);
        }
}

static void bpr_minimum(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                struct conf o;

                open_size(c, &o, i, true);
                for (unsigned value = 0; value < 8; value++) {
                        unsigned min0 = sizes[i].bpr0_min, min1 = min0 + 1;

                        icc_w(&o, 0, BPR0, value);
                        EQ(&o, icc(&o, 0, BPR0), value < min0 ? min0 : value);
                        icc_w(&o, 0, BPR1, UINT64_MAX << 3 | value); /* 63:3 are RES0 */
                        EQ(&o, icc(&o, 0, BPR1), value < min1 ? min1 : value);
                }
                close_size(c, &o);
        }
}

static void bpr1_cbpr(struct conf *c)
{
        icc_w(c, 0, BPR1, 4);
        icc_w(c, 0, CTLR, ICC_CBPR);
        for (unsigned value = 2; value < 8; value++) {
                icc_w(c, 0, BPR0, value);
                icc_w(c, 0, BPR1, 3); /* ignored */
                EQ(c, icc(c, 0, BPR1), value < 7 ? value + 1 : 7);
                EQ(c, icc(c, 0, BPR0), value);
        }
        icc_w(c, 0, CTLR, 0);
        EQ(c, icc(c, 0, BPR1), 4); /* its own value was kept */
}

static void icc_ctlr_fields(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                struct conf o;
                uint64_t fixed;

                open_size(c, &o, i, true);
                fixed = icc(&o, 0, CTLR);
                EQ(&o, fixed >> 8 & 7, sizes[i].bits - 1);      /* PRIbits */
                EQ(&o, fixed >> 11 & 7, 0);                     /* IDbits: 16 */
                EQ(&o, fixed >> 14 & 1, 0);                     /* SEIS */
                EQ(&o, fixed >> 20, 0);
                EQ(&o, fixed & 0x300bc, 0);                     /* RES0 */
                icc_w(&o, 0, CTLR, UINT64_MAX);
                EQ(&o, icc(&o, 0, CTLR), fixed | ICC_CBPR | ICC_EOIMODE | ICC_PMHE);
                icc_w(&o, 0, CTLR, 0);
                EQ(&o, icc(&o, 0, CTLR), fixed);
                close_size(c, &o);
        }
}

static void icc_ctlr_writable(struct conf *c)
{
        static const uint32_t fields[] = { ICC_CBPR, ICC_EOIMODE, ICC_PMHE };

        for (unsigned i = 0; i < 3; i++) {
                icc_w(c, 0, CTLR, fields[i]);
                EQ(c, icc(c, 0, CTLR) & (ICC_CBPR | ICC_EOIMODE | ICC_PMHE), fields[i]);
        }
}

static void sre(struct conf *c)
{
        EQ(c, icc(c, 0, SRE), 7);
        icc_w(c, 0, SRE, 0);
        EQ(c, icc(c, 0, SRE), 7);
}

static void igrpen(struct conf *c)
{
        icc_w(c, 0, IGRPEN0, UINT64_MAX - 1);
        EQ(c, icc(c, 0, IGRPEN0), 0);
        EQ(c, icc(c, 0, IGRPEN1), 1);
        icc_w(c, 0, IGRPEN0, UINT64_MAX);
        icc_w(c, 0, IGRPEN1, 0);
        EQ(c, icc(c, 0, IGRPEN0), 1);
        EQ(c, icc(c, 0, IGRPEN1), 0);
}

/* What one vCPU writes the other does not see. */
static void icc_banked(struct conf *c)
{
        static const struct {
                enum icc reg;
                uint32_t value;
        } regs[] = {
                { PMR, 0x70 }, { BPR0, 5 }, { BPR1, 6 }, { AP0R0, 8 }, { AP1R0, 16 },
                { IGRPEN0, 1 }, { IGRPEN1, 1 },
        };

        for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
                uint64_t before = icc(c, 1, regs[i].reg);

                icc_w(c, 0, regs[i].reg, regs[i].value);
                EQ(c, icc(c, 0, regs[i].reg), regs[i].value);
                EQ(c, icc(c, 1, regs[i].reg), before);
        }
        icc_w(c, 0, CTLR, ICC_EOIMODE | ICC_CBPR);
        EQ(c, icc(c, 1, CTLR) & (ICC_EOIMODE | ICC_CBPR), 0);
        EQ(c, icc(c, 1, RPR), 0xff);
}

static void ap_count(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                struct conf o;

                open_size(c, &o, i, false);
                for (unsigned n = 0; n < 4; n++) {
                        int want = n < sizes[i].n_ap ? 0 : -ENOENT;

                        EQ(&o, icc_try(&o, 0, VGIC_ICC_AP0R_EL1(n)), want);
                        EQ(&o, icc_try(&o, 0, VGIC_ICC_AP1R_EL1(n)), want);
                        EQ(&o, icc_try_w(&o, 0, VGIC_ICC_AP0R_EL1(n), 0), want);
                        EQ(&o, icc_try_w(&o, 0, VGIC_ICC_AP1R_EL1(n), 0), want);
                }
                close_size(c, &o);
        }
}

/* Each bit is one preemption level: ICC_RPR_EL1 shows the highest, of both groups. */
static void ap_bits(struct conf *c)
{
        for (unsigned i = 0; i < N_SIZES; i++) {
                unsigned levels = sizes[i].bits > 7 ? 128 : 1u << sizes[i].bits;
                struct conf o;

                open_size(c, &o, i, false);
                for (unsigned group = 0; group < 2; group++)
                        for (unsigned level = 0; level < levels; level++) {
                                /* the encodings are in a row */
                                enum icc reg = (enum icc)((group ? AP1R0 : AP0R0) + level / 32);

                                icc_w(&o, 0, reg, 1u << level % 32);
                                EQ(&o, icc(&o, 0, reg), 1u << level % 32);
                                EQ(&o, icc(&o, 0, RPR), level * (256 / levels));
                                icc_w(&o, 0, reg, 0);
                                EQ(&o, icc(&o, 0, RPR), 0xff);
                        }
                icc_w(&o, 0, AP0R0, UINT32_MAX);
                icc_w(&o, 0, AP1R0, UINT32_MAX);
                EQ(&o, icc(&o, 0, AP0R0), sizes[i].ap_mask);
                EQ(&o, icc(&o, 0, AP1R0), sizes[i].ap_mask);
                close_size(c, &o);
        }
}

static void ap_both(struct conf *c)
{
        icc_w(c, 0, AP0R0, 1u << 20);
        icc_w(c, 0, AP1R0, 1u << 9);
        EQ(c, icc(c, 0, RPR), 9 * 8);
        icc_w(c, 0, AP0R0, 1u << 20 | 1u << 3);
        EQ(c, icc(c, 0, RPR), 3 * 8);
}

static void ap_follow(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x90);
        irq_setup(c, 0, 41, 0, 0x50);
        pulse(c, 0, 40);
        EQ(c, ack(c, 0, 1), 40);
        EQ(c, icc(c, 0, AP1R0), 1u << 0x90 / 8);
        EQ(c, icc(c, 0, AP0R0), 0);
        pulse(c, 0, 41);
        EQ(c, ack(c, 0, 0), 41);
        EQ(c, icc(c, 0, AP1R0), 1u << 0x90 / 8);
        EQ(c, icc(c, 0, AP0R0), 1u << 0x50 / 8);
        eoi(c, 0, 0, 41);
        EQ(c, icc(c, 0, AP0R0), 0);
        EQ(c, icc(c, 0, AP1R0), 1u << 0x90 / 8);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, AP1R0), 0);
}

/*
 * Registers of chapter 12.2 that one security state without EL2 and EL3 has:
 * r readable, w writable.
 */
static const struct {
        enum icc reg;
        bool r, w;
} known[] = {
        { PMR, true, true }, { IAR0, true, false }, { EOIR0, false, true }, { HPPIR0, true, false },
        { BPR0, true, true }, { AP0R0, true, true }, { AP1R0, true, true }, { DIR, false, true },
        { RPR, true, false }, { SGI1R, false, true }, { ASGI1R, false, true },
        { SGI0R, false, true },
        { IAR1, true, false }, { EOIR1, false, true }, { HPPIR1, true, false },
        { BPR1, true, true },
        { CTLR, true, true }, { SRE, true, true }, { IGRPEN0, true, true }, { IGRPEN1, true, true },
};

static void sysreg_directions(struct conf *c)
{
        for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                conf_where(c, "encoding 0x%x", known[i].reg);
                EQ(c, icc_try(c, 0, known[i].reg), known[i].r ? 0 : -ENOENT);
                EQ(c, icc_try_w(c, 0, known[i].reg, 0), known[i].w ? 0 : -ENOENT);
        }
}

static void sysreg_exact(struct conf *c)
{
        c->quiet = true;
        for (uint32_t reg = 0; reg < 1u << 16; reg++) {
                int r = -ENOENT, w = -ENOENT;

                for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                        if (known[i].reg == reg) {
                                r = known[i].r ? 0 : -ENOENT;
                                w = known[i].w ? 0 : -ENOENT;
                        }
                conf_where(c, "encoding 0x%x", reg);
                EQ(c, icc_try(c, 0, reg), r);
                EQ(c, icc_try_w(c, 0, reg, 0), w);
                EQ(c, icc_try(c, 0, reg | 1u << 16), -ENOENT);
                EQ(c, icc_try_w(c, 0, reg | 1u << 31, 0), -ENOENT);
        }
}

/* The calls for hosts that decode the common registers themselves. */
static void short_calls(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_setup(c, 0, 41, 0, 0x40);
        pulse(c, 0, 40);
        pulse(c, 0, 41);
        EQ(c, port_ack(c->vcpus[0], 1), SPURIOUS);
        EQ(c, port_ack(c->vcpus[0], 0), 41);
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        port_eoi(c->vcpus[0], 0, 41);
        EQ(c, is_active(c, 0, 41), true);
        EQ(c, icc(c, 0, RPR), 0xff);
        port_dir(c->vcpus[0], 41);
        EQ(c, is_active(c, 0, 41), false);
        EQ(c, port_ack(c->vcpus[0], 1), 40);
        icc_w(c, 0, CTLR, 0);
        port_eoi(c->vcpus[0], 1, 40);
        EQ(c, is_active(c, 0, 40), false);
}

const struct conf_test conf_cpuif_tests[] = {
        { "icc-reset", "12.2", "reset values of the CPU interface, for 4 to 8 priority bits", { 0 },
          icc_reset },
        { "pmr-bits", "12.2.19", "ICC_PMR_EL1: unimplemented low bits are RAZ/WI", { 0 },
          pmr_bits },
        { "bpr-minimum", "12.2.4",
          "ICC_BPR0/1_EL1: a value below the minimum sets the minimum; BPR1's is one more",
          { 0 }, bpr_minimum },
        { "bpr1-cbpr", "12.2.5",
          "CBPR = 1: ICC_BPR1_EL1 reads BPR0 + 1, at most 7, and ignores writes",
          { 0 }, bpr1_cbpr },
        { "icc-ctlr-fields", "12.2.6",
          "ICC_CTLR_EL1: PRIbits, IDbits, SEIS; only CBPR, EOImode and PMHE change",
          { 0 }, icc_ctlr_fields },
        { "icc-ctlr-writable", "12.2.6", "ICC_CTLR_EL1: CBPR, EOImode and PMHE are independent",
          { 0 }, icc_ctlr_writable },
        { "sre", "12.2.23", "ICC_SRE_EL1: SRE, DFB and DIB are RAO/WI", { 0 }, sre },
        { "igrpen", "12.2.15", "ICC_IGRPEN0/1_EL1 have bit 0 only and are independent", { 0 },
          igrpen },
        { "icc-banked", "12.2", "each vCPU has a CPU interface of its own",
          { .n_vcpus = 2, .cold = true }, icc_banked },
        { "ap-count", "12.2.1",
          "as many ICC_AP<g>R<n>_EL1 as preemption bits need; the others are UNDEFINED",
          { 0 }, ap_count },
        { "ap-bits", "12.2.1",
          "each active-priority bit is one preemption level; ICC_RPR_EL1 shows it",
          { 0 }, ap_bits },
        { "ap-both", "4.8.3",
          "the running priority is the highest of both groups' active priorities", { 0 }, ap_both },
        { "ap-follow", "4.8.3",
          "an acknowledge sets the bit of its priority in its group's register, EOI clears it",
          { 0 }, ap_follow },
        { "sysreg-directions", "12.2",
          "reads of write-only and writes of read-only registers are UNDEFINED",
          { 0 }, sysreg_directions },
        { "sysreg-exact", "12.2", "of all encodings exactly the registers of the GIC are accepted",
          { 0 }, sysreg_exact },
        { "short-calls", "12.2", "port_ack(), _eoi() and _dir() are ICC_IAR, EOIR and DIR", { 0 },
          short_calls },
        { 0 },
};
