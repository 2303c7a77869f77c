/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: the register maps, offset by offset and width by width
 * (IHI 0069 sections 12.1.3, 12.8, 12.10)
 *
 * The maps below are those of the specification. Every offset of the three frames is accessed with
 * every width: what the map has takes it without error, what it has not is RAZ/WI, sets STATUSR and
 * counts one guest error.
 */
#include "conf-tables.h"

enum { B = 1, H = 2, W = 4, D = 8 }; /* widths, bytes */
enum access { RW, RO, WO, RES0 };

struct map_row {
        uint32_t offset, bytes;
        unsigned widths;
        enum access access;
};

/* Section 12.8 */
static const struct map_row gicd_map[] = {
        { 0x0000, 4, W, RW }, { 0x0004, 12, W, RO }, { 0x0010, 4, W, RW },
        { 0x0040, 4, H | W, WO }, { 0x0048, 4, H | W, WO }, { 0x0050, 4, H | W, RES0 },
        { 0x0058, 4, H | W, RES0 },
        { 0x0080, 0x380, W, RW },               /* IGROUPR to ICACTIVER */
        { 0x0400, 0x400, B | W, RW }, { 0x0800, 0x400, B | W, RES0 }, { 0x0c00, 0x100, W, RW },
        { 0x0d00, 0x80, W, RES0 }, { 0x0e00, 0x100, W, RES0 }, { 0x0f00, 4, W, RES0 },
        { 0x0f10, 0x20, B | W, RES0 },          /* CPENDSGIR, SPENDSGIR */
        { 0x0f80, 0x80, W, RES0 },              /* INMIR */
        { 0x1000, 0x80, W, RW }, { 0x1200, 0x80, W, RW }, { 0x1400, 0x80, W, RW },
        { 0x1600, 0x80, W, RW },
        { 0x1800, 0x80, W, RW }, { 0x1a00, 0x80, W, RW }, { 0x1c00, 0x80, W, RW },
        { 0x2000, 0x400, B | W, RW }, { 0x3000, 0x100, W, RW }, { 0x3400, 0x80, W, RES0 },
        { 0x3600, 0x100, W, RES0 },
        { 0x3b00, 0x80, W, RES0 },              /* INMIR<n>E */
        { 0x6100, 0x1ee0, W | D, RW },          /* IROUTER32 to IROUTER1019 */
        { 0x8000, 0x2000, W | D, RW }, { 0xffd0, 0x30, W, RO },
};

/* Section 12.10, RD_base */
static const struct map_row rd_map[] = {
        { 0x0000, 4, W, RW }, { 0x0004, 4, W, RO }, { 0x0008, 8, W | D, RO }, { 0x0010, 8, W, RW },
        { 0x0018, 8, W, RES0 },                 /* MPAMIDR, PARTIDR */
        { 0x0040, 16, W | D, RES0 }, { 0x0070, 16, W | D, RES0 }, { 0x00a0, 8, W | D, RES0 },
        { 0x00b0, 8, W | D, RES0 },
        { 0x00c0, 4, W, RES0 },      /* LPIs: SETLPIR, CLRLPIR, PROPBASER, PENDBASER, INV*, SYNCR */
        { 0xffd0, 0x30, W, RO },
};

/* Section 12.10, SGI_base: register 0, and 1 and 2 of the extended PPIs */
static const struct map_row sgi_map[] = {
        { 0x0080, 12, W, RW }, { 0x0100, 12, W, RW }, { 0x0180, 12, W, RW }, { 0x0200, 12, W, RW },
        { 0x0280, 12, W, RW },
        { 0x0300, 12, W, RW }, { 0x0380, 12, W, RW }, { 0x0400, 0x60, B | W, RW },
        { 0x0c00, 0x18, W, RW },
        { 0x0d00, 12, W, RES0 }, { 0x0e00, 4, W, RES0 }, { 0x0f80, 12, W, RES0 },
};

#define SIZE(map) (sizeof(map) / sizeof((map)[0]))
static const struct frame {
        const struct map_row *rows;
        size_t n_rows;
        bool is_gicr;
        uint32_t base;
} frames[] = {
        { gicd_map, SIZE(gicd_map), false, 0 }, { rd_map, SIZE(rd_map), true, 0 },
        { sgi_map, SIZE(sgi_map), true, GICR_SGI },
};

static const struct map_row *find(const struct frame *f, uint32_t offset)
{
        for (size_t i = 0; i < f->n_rows; i++)
                if (offset >= f->rows[i].offset && offset - f->rows[i].offset < f->rows[i].bytes)
                        return &f->rows[i];
        return NULL;
}

static uint64_t read_at(struct conf *c, const struct frame *f, uint32_t offset, unsigned len)
{
        return f->is_gicr ? gicr_x(c, 1, f->base + offset, len) : gicd_x(c, offset, len);
}

static void write_at(struct conf *c, const struct frame *f, uint32_t offset, unsigned len,
                     uint64_t value)
{
        if (f->is_gicr)
                gicr_xw(c, 1, f->base + offset, len, value);
        else
                gicd_xw(c, offset, len, value);
}

/* STATUSR of the frame, which is cleared. */
static uint32_t take_status(struct conf *c, const struct frame *f)
{
        bool quiet = c->quiet;
        uint32_t status;

        c->quiet = true;
        status = f->is_gicr ? gicr(c, 1, GICR_STATUSR) : gicd(c, GICD_STATUSR);
        if (status && f->is_gicr)
                gicr_w(c, 1, GICR_STATUSR, status);
        else if (status)
                gicd_w(c, GICD_STATUSR, status);
        c->quiet = quiet;
        return status;
}

/* Return: how many errors the sweep had to cause. */
static uint64_t sweep(struct conf *c, const struct frame *f, bool writes)
{
        uint64_t n_errors = 0;

        for (unsigned len = 1; len <= 8; len *= 2)
                for (uint32_t offset = 0; offset < 0x10000; offset++) {
                        const struct map_row *row = find(f, offset);
                        bool allowed = row && (row->widths & len) && offset % len == 0;
                        uint32_t want = allowed ? 0 : writes ? STATUSR_WRD : STATUSR_RRD;
                        uint64_t value = 0;

                        if (allowed && row->access == (writes ? RO : WO))
                                want = writes ? STATUSR_WROD : STATUSR_RWOD;
                        c->quiet = !(allowed && (offset == row->offset ||
                                                 offset == row->offset + row->bytes - len));
                        conf_where(c, "offset 0x%x, %u bytes", f->base + offset, len);
                        if (writes)
                                write_at(c, f, offset, len, 0);
                        else
                                value = read_at(c, f, offset, len);
                        EQ(c, take_status(c, f), want);
                        if (want || row->access == RES0)
                                EQ(c, value, 0);
                        /* INTID 0 is no SPI */
                        n_errors += want != 0 || (writes && allowed && row->access == WO);
                }
        return n_errors;
}

static void map_test(struct conf *c)
{
        uint64_t want = sweep(c, &frames[c->config.argument >> 1], c->config.argument & 1);

        conf_where(c, "%s", "");
        EQ(c, guest_errors(c), want);
}

/* Ones written to what is RES0 leave nothing behind. */
static void res0_written(struct conf *c)
{
        for (unsigned k = 0; k < SIZE(frames); k++) {
                const struct frame *f = &frames[k];

                for (size_t i = 0; i < f->n_rows; i++)
                        for (uint32_t o = 0; f->rows[i].access == RES0 && o < f->rows[i].bytes;
                             o += 4) {
                                conf_where(c, "offset 0x%x", f->base + f->rows[i].offset + o);
                                write_at(c, f, f->rows[i].offset + o, 4, UINT32_MAX);
                                EQ(c, read_at(c, f, f->rows[i].offset + o, 4), 0);
                        }
        }
        for (uint32_t intid = 0; intid < 96; intid++) {
                struct vgic_irq_state state = irq_state(c, 0, intid);

                conf_where(c, "INTID %u", intid);
                EQ(c, state.pending | state.active | state.enabled | state.group | state.priority,
                   0);
        }
        EQ(c, guest_errors(c), 0);
}

/* What a fresh VM reads, register by register, where it is not zero. */
static void reset_values(struct conf *c)
{
        static const struct {
                unsigned frame;
                uint32_t offset, bytes;
        } excepted[] = {
                { 0, 0x0000, 0x10 }, { 0, 0xffd0, 0x30 }, /* ctlr-reset, typer-*, iidr, pidr-cidr */
                { 1, 0x0000, 0x18 }, { 1, 0xffd0, 0x30 },       /* gicr-*, waker-reset */
                { 2, 0x0c00, 0x04 },                            /* sgi-icfgr */
        };

        for (unsigned k = 0; k < SIZE(frames); k++) {
                const struct frame *f = &frames[k];

                for (size_t i = 0; i < f->n_rows; i++)
                        for (uint32_t o = f->rows[i].offset;
                             o < f->rows[i].offset + f->rows[i].bytes; o += 4) {
                                bool skip = f->rows[i].access == WO;

                                for (unsigned e = 0; e < SIZE(excepted); e++)
                                        skip |= excepted[e].frame == k &&
                                                o - excepted[e].offset < excepted[e].bytes;
                                conf_where(c, "offset 0x%x", f->base + o);
                                if (!skip)
                                        EQ(c, read_at(c, f, o, 4), 0);
                        }
        }
}

#define MAPPED .n_vcpus = 3, .n_spis = 988, .n_espis = 1024, .n_eppis = 64
const struct conf_test conf_map_tests[] = {
        { "map-gicd-read", "12.8",
          "GICD: every offset, every width: known ones read, others are RAZ, RRD, counted",
          { MAPPED, .argument = 0 }, map_test },
        { "map-gicd-write", "12.8",
          "GICD: every offset, every width: known ones are written, others are WI, WRD, counted",
          { MAPPED, .argument = 1 }, map_test },
        { "map-rd-read", "12.10", "RD_base: every offset, every width, read",
          { MAPPED, .argument = 2 }, map_test },
        { "map-rd-write", "12.10", "RD_base: every offset, every width, written",
          { MAPPED, .argument = 3 }, map_test },
        { "map-sgi-read", "12.10", "SGI_base: every offset, every width, read",
          { MAPPED, .argument = 4 }, map_test },
        { "map-sgi-write", "12.10", "SGI_base: every offset, every width, written",
          { MAPPED, .argument = 5 }, map_test },
        { "map-res0", "12.8",
          "registers that are RES0 here ignore ones, change nothing, and are no error",
          { .n_vcpus = 3, .cold = true }, res0_written },
        { "map-no-ranges", "12.8",
          "the extended arrays of a VM without extended ranges are RAZ/WI, without error",
          { .n_vcpus = 2, .argument = 0 }, map_test },
        { "map-no-ranges-sgi", "12.10", "the same for the extended PPIs",
          { .n_vcpus = 2, .argument = 4 }, map_test },
        { "map-reset", "12.8", "every other register resets to 0", { MAPPED, .cold = true },
          reset_values },
        { 0 },
};
