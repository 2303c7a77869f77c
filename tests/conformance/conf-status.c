/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: GICD_STATUSR and GICR_STATUSR (IHI 0069 sections 12.9, 12.11)
 *
 * Which accesses are told as errors, at which frame, and that nothing else is. One function for
 * each rule; its row at the end of the file gives it a name and the section.
 */
#include "conf-tables.h"

static void status_reset(struct conf *c)
{
        EQ(c, gicd(c, GICD_STATUSR), 0);
        EQ(c, gicr(c, 0, GICR_STATUSR), 0);
}

/* One error of each kind at a frame. */
static void all_errors(struct conf *c)
{
        gicd(c, 0x44);
        gicd_w(c, 0x44, 0);
        gicd(c, GICD_SETSPI_NSR);
        gicd_w(c, GICD_TYPER, 0);
}

static void status_gicd(struct conf *c)
{
        gicd(c, 0x44);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD);
        gicd_w(c, 0x44, 1);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD | STATUSR_WRD);
        EQ(c, gicd(c, GICD_SETSPI_NSR), 0);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD | STATUSR_WRD | STATUSR_RWOD);
        gicd_w(c, GICD_TYPER, 0);
        EQ(c, gicd(c, GICD_STATUSR), 15);
        EQ(c, guest_errors(c), 4);
        gicd(c, 0x44); /* they stay set, and are counted again */
        EQ(c, gicd(c, GICD_STATUSR), 15);
        EQ(c, guest_errors(c), 5);
}

static void status_w1c(struct conf *c)
{
        all_errors(c);
        gicd_w(c, GICD_STATUSR, 0);
        EQ(c, gicd(c, GICD_STATUSR), 15);
        gicd_w(c, GICD_STATUSR, STATUSR_WRD);
        EQ(c, gicd(c, GICD_STATUSR), 15 & ~STATUSR_WRD);
        gicd_w(c, GICD_STATUSR, ~STATUSR_RWOD);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RWOD);
        gicd_w(c, GICD_STATUSR, UINT32_MAX);
        EQ(c, gicd(c, GICD_STATUSR), 0);
        gicd_w(c, GICD_STATUSR, UINT32_MAX); /* writing sets none */
        EQ(c, gicd(c, GICD_STATUSR), 0);
}

static void status_gicr(struct conf *c)
{
        gicr(c, 1, 0x24);
        EQ(c, gicr(c, 1, GICR_STATUSR), STATUSR_RRD);
        gicr_w(c, 1, GICR_SGI + 0x10, 1); /* SGI_base reports to the same register */
        EQ(c, gicr(c, 1, GICR_STATUSR), STATUSR_RRD | STATUSR_WRD);
        gicr_w(c, 1, GICR_TYPER, 0);
        EQ(c, gicr(c, 1, GICR_STATUSR), STATUSR_RRD | STATUSR_WRD | STATUSR_WROD);
        EQ(c, gicr(c, 0, GICR_STATUSR), 0);
        EQ(c, gicr(c, 2, GICR_STATUSR), 0);
        EQ(c, gicd(c, GICD_STATUSR), 0);
        gicr_w(c, 1, GICR_STATUSR, STATUSR_RRD);
        EQ(c, gicr(c, 1, GICR_STATUSR), STATUSR_WRD | STATUSR_WROD);
        gicr_w(c, 1, GICR_STATUSR, UINT32_MAX);
        EQ(c, gicr(c, 1, GICR_STATUSR), 0);
        EQ(c, guest_errors(c), 3);
        gicd(c, 0x44);
        EQ(c, gicr(c, 1, GICR_STATUSR), 0); /* the distributor's are its own */
}

static void status_width(struct conf *c)
{
        gicd_xw(c, GICD_ISENABLER + 4, 4, 0xff);
        EQ(c, gicd_x(c, GICD_ISENABLER + 4, 1), 0);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD);
        gicd_xw(c, GICD_ICENABLER + 4, 1, 0xff); /* must not clear a byte, nor 32 bits */
        gicd_xw(c, GICD_ICENABLER + 4, 2, 0xffff);
        gicd_xw(c, GICD_ICENABLER + 4, 8, UINT64_MAX);
        gicd_xw(c, GICD_ICENABLER + 5, 4, UINT32_MAX); /* misaligned */
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD | STATUSR_WRD);
        EQ(c, gicd(c, GICD_ISENABLER + 4), 0xff);
        EQ(c, guest_errors(c), 5);
        gicd_xw(c, GICD_IPRIORITYR + 40, 2, 0x1010);
        EQ(c, gicd(c, GICD_IPRIORITYR + 40), 0);
        gicd_xw(c, GICD_SETSPI_NSR, 1, 40);
        EQ(c, is_pending(c, 0, 40), false);
        gicd_xw(c, GICD_CTLR, 1, 0);
        EQ(c, gicd(c, GICD_CTLR) & 3, 3);
        EQ(c, guest_errors(c), 8);
}

/*
 * A read-only register written with a width that it does not take is a reserved access, not WROD.
 */
static void status_width_first(struct conf *c)
{
        gicd_xw(c, GICD_TYPER, 8, 0);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_WRD);
        gicd_w(c, GICD_STATUSR, 15);
        EQ(c, gicd_x(c, GICD_SETSPI_NSR, 8), 0);
        EQ(c, gicd(c, GICD_STATUSR), STATUSR_RRD);
}

static void status_none(struct conf *c)
{
        gicd_w(c, GICD_SETSPI_NSR, 5); /* no SPI: counted, no STATUSR bit */
        EQ(c, gicr(c, 3, GICR_CTLR), 0); /* there is no redistributor 3 */
        gicr_w(c, 3, GICR_WAKER, 0);
        EQ(c, gicr(c, 400, GICR_TYPER), 0);
        EQ(c, gicd(c, GICD_STATUSR), 0);
        for (unsigned i = 0; i < 3; i++)
                EQ(c, gicr(c, i, GICR_STATUSR), 0);
        EQ(c, guest_errors(c), 4);
}

static void status_beyond_frame(struct conf *c)
{
        static const uint64_t offsets[] = { 0x10000, 0x10008, 0x1000000, UINT64_C(1) << 32,
                                            (UINT64_C(1) << 32) + 4,
                UINT64_MAX - 3 };

        for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
                conf_where(c, "offset 0x%llx", (unsigned long long)offsets[i]);
                EQ(c, gicd(c, offsets[i]), 0);
                gicd_w(c, offsets[i], UINT32_MAX);
                EQ(c, guest_errors(c), 2 * (i + 1));
        }
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS | 3);
}

/* A program of accesses in error and not, counted exactly. */
static void errors_exact(struct conf *c)
{
        static const struct {
                uint32_t offset;
                unsigned len, errors;
        } writes[] = {
                { GICD_CTLR, 4, 0 }, { GICD_CTLR, 2, 1 }, { GICD_IROUTER + 8 * 40, 8, 0 },
                { GICD_IROUTER + 8 * 40 + 4, 4, 0 },
                { GICD_IROUTER + 8 * 40 + 2, 2, 1 }, { GICD_IROUTER + 8 * 31, 8, 1 },
                { GICD_IPRIORITYR + 43, 1, 0 },
                { GICD_IPRIORITYR + 43, 4, 1 }, { GICD_ITARGETSR + 40, 1, 0 }, { GICD_SGIR, 4, 0 },
                { GICD_SGIR, 1, 1 },
                { 0xffff, 1, 1 }, { 0xfffc, 4, 1 }, { GICD_IIDR, 4, 1 }, { GICD_STATUSR, 4, 0 },
                { 0x14, 4, 1 },
        };
        uint64_t want = 0;

        for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
                conf_where(c, "offset 0x%x, %u bytes", writes[i].offset, writes[i].len);
                gicd_xw(c, writes[i].offset, writes[i].len, 0);
                want += writes[i].errors;
                EQ(c, guest_errors(c), want);
        }
}

const struct conf_test conf_status_tests[] = {
        { "status-reset", "12.9.37", "STATUSR resets to 0", { .cold = true }, status_reset },
        { "status-gicd", "12.9.37",
          "GICD_STATUSR: RRD, WRD, RWOD and WROD, each set by its error and counted",
          { 0 }, status_gicd },
        { "status-w1c", "12.9.37", "GICD_STATUSR: writing 1 clears, writing 0 does not", { 0 },
          status_w1c },
        { "status-gicr", "12.11.35",
          "GICR_STATUSR is each redistributor's own, for both of its frames",
          { .n_vcpus = 3 }, status_gicr },
        { "status-width", "12.1.3",
          "accesses of a reserved width or alignment change nothing, and are reported",
          { 0 }, status_width },
        { "status-width-first", "12.9.37", "a reserved width is RRD or WRD, whatever the register",
          { 0 }, status_width_first },
        { "status-none", "12.9.37",
          "SETSPI of no SPI, and what lies behind the last redistributor, set no bit "
          "but are counted",
          { .n_vcpus = 3 }, status_none },
        { "status-beyond-frame", "12.8", "offsets behind the distributor's frame, up to 2^64",
          { 0 }, status_beyond_frame },
        { "errors-exact", "12.1.3", "guest errors are counted exactly", { 0 }, errors_exact },
        { 0 },
};
