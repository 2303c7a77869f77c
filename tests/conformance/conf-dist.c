/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: the distributor's own registers (IHI 0069 sections 12.8, 12.9)
 */
#include "conf-tables.h"

static void ctlr_reset(struct conf *c)
{
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS);
}

static void ctlr_are_ds(struct conf *c)
{
        gicd_w(c, GICD_CTLR, 0);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS);
}

static void ctlr_reserved(struct conf *c)
{
        gicd_w(c, GICD_CTLR, UINT32_MAX);
        EQ(c, gicd(c, GICD_CTLR), CTLR_GRP0 | CTLR_GRP1 | CTLR_ARE | CTLR_DS);
        gicd_w(c, GICD_CTLR, ~(CTLR_GRP0 | CTLR_GRP1));
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS);
}

static void ctlr_groups(struct conf *c)
{
        gicd_w(c, GICD_CTLR, CTLR_GRP0);
        EQ(c, gicd(c, GICD_CTLR), CTLR_GRP0 | CTLR_ARE | CTLR_DS);
        gicd_w(c, GICD_CTLR, CTLR_GRP1);
        EQ(c, gicd(c, GICD_CTLR), CTLR_GRP1 | CTLR_ARE | CTLR_DS);
}

static void ctlr_rwp(struct conf *c)
{
        gicd_w(c, GICD_CTLR, CTLR_GRP0 | CTLR_GRP1);
        EQ(c, gicd(c, GICD_CTLR) & CTLR_RWP, 0);
        gicd_w(c, GICD_ICENABLER + 4, UINT32_MAX);
        EQ(c, gicd(c, GICD_CTLR) & CTLR_RWP, 0);
        gicd_w(c, GICD_CTLR, 0);
        EQ(c, gicd(c, GICD_CTLR) & CTLR_RWP, 0);
}

static void typer_lines(struct conf *c)
{
        static const struct {
                unsigned n_spis, it_lines;
        } cases[] = { { 0, 0 }, { 1, 1 }, { 31, 1 }, { 32, 1 }, { 33, 2 }, { 64, 2 }, { 960, 30 },
                      { 961, 31 }, { 988,
                31 } };

        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct conf_config config = { .n_spis = cases[i].n_spis,
                                              .no_spis = cases[i].n_spis == 0 };
                struct conf other;

                conf_where(c, "%u SPIs", cases[i].n_spis);
                conf_open(&other, c->name, &config);
                EQ(c, gicd(&other, GICD_TYPER) & 0x1f, cases[i].it_lines);
                conf_close(&other);
        }
}

/* Bits 15:11 num_LPIs, 10 SecurityExtn, 9 NMI, 8 ESPI, 7:5 CPUNumber, 16 MBIS, 17 LPIS, 18 DVIS. */
static void typer_fixed(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER) & 0x0007ffe0, 1u << 16);
        EQ(c, gicd(c, GICD_TYPER) >> 27, 0);
}

static void typer_idbits(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER) >> 19 & 0x1f, c->config.argument);
}

static void typer2(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER2), 0);
        EQ(c, guest_errors(c), 0);
}

static void read_only(struct conf *c)
{
        static const uint16_t offsets[] = {
                GICD_TYPER, GICD_IIDR, GICD_TYPER2, 0xffd0, 0xffe0, 0xffe4, 0xffe8, 0xfff0, 0xfff4,
                0xfff8, 0xfffc,
        };

        for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
                uint32_t before = gicd(c, offsets[i]);

                conf_where(c, "offset 0x%x", offsets[i]);
                gicd_w(c, offsets[i], ~before);
                EQ(c, gicd(c, offsets[i]), before);
        }
}

/* GICD_IIDR: Implementer 11:0, Revision 15:12, Variant 19:16, ProductID 31:24; 23:20 RES0. */
static void iidr(struct conf *c)
{
        EQ(c, gicd(c, GICD_IIDR) & 0x00f00000, 0);
        OK(c, (gicd(c, GICD_IIDR) & 0xfff) != 0);
        EQ(c, gicd(c, GICD_IIDR), gicr(c, 0, GICR_IIDR));
}

static void pidr2(struct conf *c)
{
        EQ(c, gicd(c, GICD_PIDR2) >> 4, 3);
        EQ(c, gicr(c, 0, GICR_PIDR2) >> 4, 3);
}

/*
 * Identification registers: component class 0xb105f00d byte by byte;
 * designer JEP106 code 0x3b, bank 4.
 */
static void pidr_cidr(struct conf *c)
{
        static const struct {
                uint16_t offset;
                uint8_t value, mask;
        } cases[] = {
                { 0xfff0, 0x0d, 0xff }, { 0xfff4, 0xf0, 0xff }, { 0xfff8, 0x05, 0xff },
                { 0xfffc, 0xb1, 0xff },
                { 0xffe4, 0xb0, 0xf0 }, { 0xffe8, 0x0b, 0x0f }, { 0xffd0, 0x04, 0x0f },
                { 0xffd4, 0, 0xff }, { 0xffd8, 0, 0xff }, { 0xffdc, 0, 0xff }, { 0xffec, 0, 0 },
        };

        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                conf_where(c, "offset 0x%x", cases[i].offset);
                EQ(c, gicd(c, cases[i].offset) & cases[i].mask, cases[i].value);
                EQ(c, gicr(c, 0, cases[i].offset) & cases[i].mask, cases[i].value);
                EQ(c, gicd(c, cases[i].offset) >> 8, 0);
                EQ(c, gicr(c, 0, cases[i].offset) >> 8, 0);
        }
        OK(c, gicd(c, 0xffe0) != 0);
        OK(c, gicr(c, 0, 0xffe0) != 0);
        EQ(c, guest_errors(c), 0);
}

/* With affinity routing the distributor's copies of the private interrupts' fields are RES0. */
static void private_raz(struct conf *c)
{
        static const struct {
                uint32_t offset, bytes;
        } spans[] = {
                { GICD_IGROUPR, 4 }, { GICD_ISENABLER, 4 }, { GICD_ICENABLER, 4 },
                { GICD_ISPENDR, 4 },
                { GICD_ICPENDR, 4 }, { GICD_ISACTIVER, 4 }, { GICD_ICACTIVER, 4 },
                { GICD_IPRIORITYR, 32 },
                { GICD_ICFGR, 8 },
        };

        gicr_w(c, 0, GICR_ISENABLER0, 0x00ff00ff); /* something to destroy */
        gicr_w(c, 0, GICR_ISPENDR0, 0x0f000000);
        gicr_w(c, 0, GICR_ISACTIVER0, 0x00f00000);
        for (unsigned i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
                for (uint32_t o = spans[i].offset; o < spans[i].offset + spans[i].bytes; o += 4) {
                        conf_where(c, "offset 0x%x", o);
                        EQ(c, gicd(c, o), 0);
                        gicd_w(c, o, UINT32_MAX);
                        EQ(c, gicd(c, o), 0);
                }
        EQ(c, gicr(c, 0, GICR_IGROUPR0), 0);
        EQ(c, gicr(c, 0, GICR_ISENABLER0), 0x00ff00ff);
        EQ(c, gicr(c, 0, GICR_ISPENDR0), 0x0f000000);
        EQ(c, gicr(c, 0, GICR_ISACTIVER0), 0x00f00000);
        EQ(c, gicr(c, 0, GICR_IPRIORITYR), 0);
        EQ(c, guest_errors(c), 0);
}

static void setspi_level(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        gicd_w(c, GICD_SETSPI_NSR, 40);
        EQ(c, ack(c, 0, 1), 40);
        EQ(c, is_pending(c, 0, 40), true); /* a level: held */
        eoi(c, 0, 1, 40);
        EQ(c, ack(c, 0, 1), 40);
        gicd_w(c, GICD_CLRSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), false);
        eoi(c, 0, 1, 40);
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void setspi_edge(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICFGR, 40, EDGE);
        gicd_w(c, GICD_SETSPI_NSR, 40);
        EQ(c, ack(c, 0, 1), 40);
        EQ(c, is_pending(c, 0, 40), false);
        gicd_w(c, GICD_SETSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), true);
        gicd_w(c, GICD_CLRSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), false);
        eoi(c, 0, 1, 40);
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

/* The message level, the wire and the latch are three sources: each clears only its own. */
static void setspi_sources(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        gicd_w(c, GICD_SETSPI_NSR, 40);
        wire(c, 0, 40, true);
        gicd_w(c, GICD_CLRSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), true);
        gicd_w(c, GICD_SETSPI_NSR, 40);
        wire(c, 0, 40, false);
        EQ(c, is_pending(c, 0, 40), true);
        irq_set(c, 0, ICPENDR, 40, 1);
        EQ(c, is_pending(c, 0, 40), true); /* the message level is still up */
        gicd_w(c, GICD_CLRSPI_NSR, 40);
        EQ(c, is_pending(c, 0, 40), false);
        irq_set(c, 0, ISPENDR, 40, 1);
        gicd_w(c, GICD_CLRSPI_NSR, 40);
        /* a level-sensitive interrupt's latch is not the message */
        EQ(c, is_pending(c, 0, 40), true);
}

static void setspi_half(struct conf *c)
{
        gicd_xw(c, GICD_SETSPI_NSR, 2, 40);
        EQ(c, is_pending(c, 0, 40), true);
        gicd_xw(c, GICD_CLRSPI_NSR + 2, 2, 40); /* bits 31:16 name nothing */
        EQ(c, is_pending(c, 0, 40), true);
        gicd_xw(c, GICD_CLRSPI_NSR, 2, 40);
        EQ(c, is_pending(c, 0, 40), false);
        gicd_xw(c, GICD_SETSPI_NSR + 2, 2, 40);
        EQ(c, is_pending(c, 0, 40), false);
        EQ(c, guest_errors(c), 2);
}

static void setspi_no_spi(struct conf *c)
{
        static const uint32_t values[] = { 0, 15, 16, 31, 96, 1019, 1020, 1023, 1024, 1056, 4095,
                                           4096, 5119, 8191 };

        gicr_w(c, 0, GICR_ISENABLER0, UINT32_MAX);
        for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                conf_where(c, "INTID %u", values[i]);
                gicd_w(c, GICD_SETSPI_NSR, values[i]);
                gicd_w(c, GICD_CLRSPI_NSR, values[i]);
                EQ(c, guest_errors(c), 2 * (i + 1));
        }
        EQ(c, gicr(c, 0, GICR_ISPENDR0), 0);
        EQ(c, lines(c, 0), 0);
}

const struct conf_test conf_dist_tests[] = {
        { "ctlr-reset", "12.9.4", "GICD_CTLR resets with both groups disabled, ARE and DS set",
          { .cold = true }, ctlr_reset },
        { "ctlr-are-ds", "12.9.4", "GICD_CTLR.ARE and .DS are RAO/WI", { 0 }, ctlr_are_ds },
        { "ctlr-reserved", "12.9.4",
          "GICD_CTLR: only the group enables can be written; RWP, E1NWF and reserved bits read 0",
          { 0 }, ctlr_reserved },
        { "ctlr-groups", "12.9.4", "GICD_CTLR: the two group enables are independent", { 0 },
          ctlr_groups },
        { "ctlr-rwp", "12.9.4", "GICD_CTLR.RWP reads 0 once a write is done", { 0 }, ctlr_rwp },
        { "typer-lines", "12.9.38", "GICD_TYPER.ITLinesNumber covers the SPIs, rounded up to 32",
          { 0 }, typer_lines },
        { "typer-fixed", "12.9.38",
          "GICD_TYPER: MBIS 1; no LPIs, no security states, no NMI, no extended SPIs",
          { 0 }, typer_fixed },
        { "typer-idbits", "12.9.38", "GICD_TYPER.IDbits: 10 bits for INTIDs up to 1019",
          { .argument = 9 }, typer_idbits },
        { "typer2", "12.9.39", "GICD_TYPER2 reads 0: no vPEID", { 0 }, typer2 },
        { "dist-read-only", "12.9", "TYPER, IIDR, TYPER2, PIDR and CIDR ignore writes", { 0 },
          read_only },
        { "iidr", "12.9.17",
          "GICD_IIDR has an implementer, RES0 in 23:20, and GICR_IIDR is the same", { 0 }, iidr },
        { "pidr2-archrev", "12.1.13", "GICD_PIDR2 and GICR_PIDR2: ArchRev 3 (GICv3)", { 0 },
          pidr2 },
        { "pidr-cidr", "12.1.13", "identification registers of both frames", { 0 }, pidr_cidr },
        { "private-raz", "12.9", "GICD fields of SGIs and PPIs are RAZ/WI, without error", { 0 },
          private_raz },
        { "setspi-level", "12.9.33",
          "GICD_SETSPI_NSR on a level-sensitive SPI holds it until GICD_CLRSPI_NSR",
          { 0 }, setspi_level },
        { "setspi-edge", "12.9.33", "GICD_SETSPI_NSR on an edge-triggered SPI is one edge", { 0 },
          setspi_edge },
        { "setspi-sources", "12.9.33",
          "message level, wire and ISPENDR latch are OR-ed and cleared apart",
          { 0 }, setspi_sources },
        { "setspi-half", "12.1.3", "GICD_SETSPI_NSR and GICD_CLRSPI_NSR take 16-bit writes", { 0 },
          setspi_half },
        { "setspi-no-spi", "12.9.33",
          "GICD_SETSPI_NSR with an INTID that is no SPI has no effect, and is counted",
          { 0 }, setspi_no_spi },
        { 0 },
};
