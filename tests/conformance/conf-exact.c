/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: exactly that, and nothing beside it
 *
 * Rules that a model can break by one: the last register of a row, the vCPU behind the last, one
 * bit of an identity.
 */
#include "conf-tables.h"

/*
 * PIDR and CIDR: Arm's JEP106 identity, the part numbers of its GICv3,
 * a 64 KiB component (class 0xf).
 */
static void identity(struct conf *c)
{
        const struct { uint32_t offset; uint32_t gicd, gicr; } ids[] = {
                { 0xffd0, 0x44, 0x44 }, { 0xffd4, 0, 0 }, { 0xffd8, 0, 0 }, { 0xffdc, 0, 0 },
                { 0xffe0, 0x92, 0x93 }, { 0xffe4, 0xb4, 0xb4 }, { 0xffe8, 0x3b, 0x3b },
                { 0xffec, 0, 0 },
                { 0xfff0, 0x0d, 0x0d }, { 0xfff4, 0xf0, 0xf0 }, { 0xfff8, 0x05, 0x05 },
                { 0xfffc, 0xb1, 0xb1 },
        };

        for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                conf_where(c, "offset 0x%x", ids[i].offset);
                EQ(c, gicd(c, ids[i].offset), ids[i].gicd);
                EQ(c, gicr(c, 1, ids[i].offset), ids[i].gicr);
        }
}

static void every_apr(struct conf *c)
{
        const enum icc aprs[] = { AP0R0, AP0R1, AP0R2, AP0R3, AP1R0, AP1R1, AP1R2, AP1R3 };

        for (unsigned vcpu = 0; vcpu < 2; vcpu++)
                for (unsigned i = 0; i < 8; i++)
                        icc_w(c, vcpu, aprs[i], 1u << i | 1u << 31);
        EQ(c, vgic_vcpu_reset(c->vcpus[0]), 0);
        for (unsigned i = 0; i < 8; i++) {
                conf_where(c, "register %u", i);
                EQ(c, icc(c, 0, aprs[i]), 0);
                EQ(c, icc(c, 1, aprs[i]), 1u << i | 1u << 31);
        }
        EQ(c, icc(c, 0, RPR), 0xff);
}

/* Which interrupts of the whole VM are pending or active, as a sum over all of them. */
static unsigned disturbed(struct conf *c)
{
        unsigned n = 0;

        for (unsigned vcpu = 0; vcpu < c->config.n_vcpus; vcpu++)
                n += (unsigned)__builtin_popcount(gicr(c, vcpu, GICR_ISPENDR0)) +
                     (unsigned)__builtin_popcount(gicr(c, vcpu, GICR_ISACTIVER0));
        for (uint32_t i = 1; i <= c->config.n_spis / 32; i++)
                n += (unsigned)__builtin_popcount(gicd(c, GICD_ISPENDR + 4 * i)) +
                     (unsigned)__builtin_popcount(gicd(c, GICD_ISACTIVER + 4 * i));
        for (uint32_t i = 0; i < c->config.n_espis / 32; i++)
                n += (unsigned)__builtin_popcount(gicd(c, GICD_ISPENDRE + 4 * i));
        return n;
}

/*
 * An SGI to all others, to a list, to nobody: each is pending where it was sent, and nothing else
 * changes anywhere.
 */
static void sgi_only(struct conf *c)
{
        const unsigned n = c->config.n_vcpus;

        for (uint32_t sgi = 0; sgi < 16; sgi++) {
                conf_where(c, "SGI %u of %u vCPUs", sgi, n);
                icc_w(c, 0, SGI1R, UINT64_C(1) << 40 | sgi << 24);
                EQ(c, disturbed(c), n - 1);
                for (unsigned vcpu = 1; vcpu < n; vcpu++)
                        irq_set(c, vcpu, ICPENDR, sgi, 1);
                EQ(c, disturbed(c), 0);
                icc_w(c, 0, SGI1R, sgi_to(sgi, 1));
                EQ(c, gicr(c, 0, GICR_ISPENDR0), 1u << sgi);
                EQ(c, disturbed(c), 1);
                irq_set(c, 0, ICPENDR, sgi, 1);
                icc_w(c, 0, SGI1R, sgi_to(sgi, 1u << n)); /* behind the last vCPU */
                EQ(c, disturbed(c), 0);
        }
}

static void activate_40(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
}

/*
 * Each of the 24 bits of INTID counts: with any other bit set it is another interrupt,
 * which does not exist.
 */
static void intid_field(struct conf *c)
{
        activate_40(c);
        for (unsigned bit = 13; bit < 24; bit++) {
                conf_where(c, "bit %u", bit);
                icc_w(c, 0, EOIR1, 1u << bit | 40);
                EQ(c, icc(c, 0, RPR), 0x80);
                EQ(c, is_active(c, 0, 40), true);
        }
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        icc_w(c, 0, EOIR1, 40);
        for (unsigned bit = 13; bit < 24; bit++) {
                conf_where(c, "DIR, bit %u", bit);
                icc_w(c, 0, DIR, 1u << bit | 40);
                EQ(c, is_active(c, 0, 40), true);
        }
        icc_w(c, 0, DIR, UINT64_C(0xffffffffff000000) | 40); /* RES0 */
        EQ(c, is_active(c, 0, 40), false);
}

/* GICD_SETSPI_NSR, GICD_CLRSPI_NSR: INTID is bits 12:0; the others are RES0. */
static void message_field(struct conf *c)
{
        for (unsigned bit = 6; bit < 32; bit++) {
                conf_where(c, "bit %u", bit);
                gicd_w(c, GICD_SETSPI_NSR, 1u << bit | 40);
                EQ(c, is_pending(c, 0, 40), bit >= 13);
                gicd_w(c, GICD_SETSPI_NSR, 40);
                gicd_w(c, GICD_CLRSPI_NSR, 1u << bit | 40);
                EQ(c, is_pending(c, 0, 40), bit < 13);
                gicd_w(c, GICD_CLRSPI_NSR, 40);
        }
}

const struct conf_test conf_exact_tests[] = {
        { "intid-field", "12.2.10",
          "ICC_EOIR1_EL1 and ICC_DIR_EL1 take all 24 bits of INTID, and no more",
          { 0 }, intid_field },
        { "message-field", "12.9.33",
          "GICD_SETSPI_NSR and CLRSPI_NSR take all 13 bits of INTID, and no more",
          { .n_spis = 32 }, message_field },
        { "pidr-identity", "12.1.13", "PIDR and CIDR of both kinds of frame, every byte",
          { .n_vcpus = 2 }, identity },
        { "reset-every-apr", "12.2.1",
          "reset of a vCPU: each of its active-priority registers, and no other vCPU's",
          { .n_vcpus = 2, .n_priority_bits = 8 }, every_apr },
        { "sgi-only-1", "12.2.22", "SGIs reach whom they name: one vCPU",
          { .n_spis = 960, ALL_KINDS }, sgi_only },
        { "sgi-only-2", "12.2.22", "SGIs reach whom they name: two vCPUs",
          { .n_vcpus = 2, .n_spis = 960, ALL_KINDS }, sgi_only },
        { "sgi-only-8", "12.2.22", "SGIs reach whom they name: eight vCPUs",
          { .n_vcpus = 8, .n_spis = 960, ALL_KINDS }, sgi_only },
        { 0 },
};
