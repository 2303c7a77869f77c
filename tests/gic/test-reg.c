/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The register tables: form (sorted, apart, reachable, reasons given) and content (offsets, sizes,
 * access from IHI 0069 chapter 12)
 */
#include <string.h>

#include "gic-reg.h"
#include "gic-spec.h"
#include "tap.h"

/* Access widths as digits of bytes; access: B both, R read-only, W write-only, 0 RES0. */
struct expected {
        const char *name;
        uint32_t offset, bytes;
        const char *widths;
        char access;
        uint8_t bits;           /* a view of words: bits per interrupt */
        uint32_t first_intid;
};

/*
 * IHI 0069 section 12.8, the distributor register map,
 * as far as one security state with affinity routing has it
 */
static const struct expected gicd[] = {
        { "GICD_CTLR", 0x0000, 4, "4", 'B', 0, 0 }, { "GICD_TYPER", 0x0004, 4, "4", 'R', 0, 0 },
        { "GICD_IIDR", 0x0008, 4, "4", 'R', 0, 0 }, { "GICD_TYPER2", 0x000c, 4, "4", 'R', 0, 0 },
        { "GICD_STATUSR", 0x0010, 4, "4", 'B', 0, 0 },
        { "GICD_SETSPI_NSR", 0x0040, 4, "24", 'W', 0, 0 },
        { "GICD_CLRSPI_NSR", 0x0048, 4, "24", 'W', 0, 0 },
        { "GICD_SETSPI_SR", 0x0050, 4, "24", '0', 0, 0 },
        { "GICD_CLRSPI_SR", 0x0058, 4, "24", '0', 0, 0 },
        { "GICD_IGROUPR", 0x0080, 128, "4", 'B', 1, 0 },
        { "GICD_ISENABLER", 0x0100, 128, "4", 'B', 1, 0 },
        { "GICD_ICENABLER", 0x0180, 128, "4", 'B', 1, 0 },
        { "GICD_ISPENDR", 0x0200, 128, "4", 'B', 1, 0 },
        { "GICD_ICPENDR", 0x0280, 128, "4", 'B', 1, 0 },
        { "GICD_ISACTIVER", 0x0300, 128, "4", 'B', 1, 0 },
        { "GICD_ICACTIVER", 0x0380, 128, "4", 'B', 1, 0 },
        { "GICD_IPRIORITYR", 0x0400, 1024, "14", 'B', 8, 0 },
        { "GICD_ITARGETSR", 0x0800, 1024, "14", '0', 0, 0 },
        { "GICD_ICFGR", 0x0c00, 256, "4", 'B', 2, 0 },
        { "GICD_IGRPMODR", 0x0d00, 128, "4", '0', 0, 0 },
        { "GICD_NSACR", 0x0e00, 256, "4", '0', 0, 0 },
        { "GICD_SGIR", 0x0f00, 4, "4", '0', 0, 0 },
        { "GICD_CPENDSGIR", 0x0f10, 16, "14", '0', 0, 0 },
        { "GICD_SPENDSGIR", 0x0f20, 16, "14", '0', 0, 0 },
        { "GICD_INMIR", 0x0f80, 128, "4", '0', 0, 0 },
        { "GICD_IGROUPR<n>E", 0x1000, 128, "4", 'B', 1, 4096 },
        { "GICD_ISENABLER<n>E", 0x1200, 128, "4", 'B', 1, 4096 },
        { "GICD_ICENABLER<n>E", 0x1400, 128, "4", 'B', 1, 4096 },
        { "GICD_ISPENDR<n>E", 0x1600, 128, "4", 'B', 1, 4096 },
        { "GICD_ICPENDR<n>E", 0x1800, 128, "4", 'B', 1, 4096 },
        { "GICD_ISACTIVER<n>E", 0x1a00, 128, "4", 'B', 1, 4096 },
        { "GICD_ICACTIVER<n>E", 0x1c00, 128, "4", 'B', 1, 4096 },
        { "GICD_IPRIORITYR<n>E", 0x2000, 1024, "14", 'B', 8, 4096 },
        { "GICD_ICFGR<n>E", 0x3000, 256, "4", 'B', 2, 4096 },
        { "GICD_IGRPMODR<n>E", 0x3400, 128, "4", '0', 0, 0 },
        { "GICD_NSACR<n>E", 0x3600, 256, "4", '0', 0, 0 },
        { "GICD_INMIR<n>E", 0x3b00, 128, "4", '0', 0, 0 },
        { "GICD_IROUTER", 0x6100, 988 * 8, "48", 'B', 0, 32 },
        { "GICD_IROUTER<n>E", 0x8000, 1024 * 8, "48", 'B', 0, 4096 },
        { "GICD_PIDR4", 0xffd0, 4, "4", 'R', 0, 0 }, { "GICD_PIDR5", 0xffd4, 4, "4", 'R', 0, 0 },
        { "GICD_PIDR6", 0xffd8, 4, "4", 'R', 0, 0 }, { "GICD_PIDR7", 0xffdc, 4, "4", 'R', 0, 0 },
        { "GICD_PIDR0", 0xffe0, 4, "4", 'R', 0, 0 }, { "GICD_PIDR1", 0xffe4, 4, "4", 'R', 0, 0 },
        { "GICD_PIDR2", 0xffe8, 4, "4", 'R', 0, 0 }, { "GICD_PIDR3", 0xffec, 4, "4", 'R', 0, 0 },
        { "GICD_CIDR0", 0xfff0, 4, "4", 'R', 0, 0 }, { "GICD_CIDR1", 0xfff4, 4, "4", 'R', 0, 0 },
        { "GICD_CIDR2", 0xfff8, 4, "4", 'R', 0, 0 }, { "GICD_CIDR3", 0xfffc, 4, "4", 'R', 0, 0 },
};

/* Section 12.10: RD_base and SGI_base of a GICv3 redistributor */
static const struct expected gicr_rd[] = {
        { "GICR_CTLR", 0x0000, 4, "4", 'B', 0, 0 }, { "GICR_IIDR", 0x0004, 4, "4", 'R', 0, 0 },
        { "GICR_TYPER", 0x0008, 8, "48", 'R', 0, 0 }, { "GICR_STATUSR", 0x0010, 4, "4", 'B', 0, 0 },
        { "GICR_WAKER", 0x0014, 4, "4", 'B', 0, 0 }, { "GICR_MPAMIDR", 0x0018, 4, "4", '0', 0, 0 },
        { "GICR_PARTIDR", 0x001c, 4, "4", '0', 0, 0 },
        { "GICR_SETLPIR", 0x0040, 8, "48", '0', 0, 0 },
        { "GICR_CLRLPIR", 0x0048, 8, "48", '0', 0, 0 },
        { "GICR_PROPBASER", 0x0070, 8, "48", '0', 0, 0 },
        { "GICR_PENDBASER", 0x0078, 8, "48", '0', 0, 0 },
        { "GICR_INVLPIR", 0x00a0, 8, "48", '0', 0, 0 },
        { "GICR_INVALLR", 0x00b0, 8, "48", '0', 0, 0 }, { "GICR_SYNCR", 0x00c0, 4, "4", '0', 0, 0 },
        { "GICR_PIDR4", 0xffd0, 4, "4", 'R', 0, 0 }, { "GICR_PIDR5", 0xffd4, 4, "4", 'R', 0, 0 },
        { "GICR_PIDR6", 0xffd8, 4, "4", 'R', 0, 0 }, { "GICR_PIDR7", 0xffdc, 4, "4", 'R', 0, 0 },
        { "GICR_PIDR0", 0xffe0, 4, "4", 'R', 0, 0 }, { "GICR_PIDR1", 0xffe4, 4, "4", 'R', 0, 0 },
        { "GICR_PIDR2", 0xffe8, 4, "4", 'R', 0, 0 }, { "GICR_PIDR3", 0xffec, 4, "4", 'R', 0, 0 },
        { "GICR_CIDR0", 0xfff0, 4, "4", 'R', 0, 0 }, { "GICR_CIDR1", 0xfff4, 4, "4", 'R', 0, 0 },
        { "GICR_CIDR2", 0xfff8, 4, "4", 'R', 0, 0 }, { "GICR_CIDR3", 0xfffc, 4, "4", 'R', 0, 0 },
};
static const struct expected gicr_sgi[] = {
        { "GICR_IGROUPR0", 0x0080, 4, "4", 'B', 1, 0 },
        { "GICR_IGROUPR<n>E", 0x0084, 8, "4", 'B', 1, 1056 },
        { "GICR_ISENABLER0", 0x0100, 4, "4", 'B', 1, 0 },
        { "GICR_ISENABLER<n>E", 0x0104, 8, "4", 'B', 1, 1056 },
        { "GICR_ICENABLER0", 0x0180, 4, "4", 'B', 1, 0 },
        { "GICR_ICENABLER<n>E", 0x0184, 8, "4", 'B', 1, 1056 },
        { "GICR_ISPENDR0", 0x0200, 4, "4", 'B', 1, 0 },
        { "GICR_ISPENDR<n>E", 0x0204, 8, "4", 'B', 1, 1056 },
        { "GICR_ICPENDR0", 0x0280, 4, "4", 'B', 1, 0 },
        { "GICR_ICPENDR<n>E", 0x0284, 8, "4", 'B', 1, 1056 },
        { "GICR_ISACTIVER0", 0x0300, 4, "4", 'B', 1, 0 },
        { "GICR_ISACTIVER<n>E", 0x0304, 8, "4", 'B', 1, 1056 },
        { "GICR_ICACTIVER0", 0x0380, 4, "4", 'B', 1, 0 },
        { "GICR_ICACTIVER<n>E", 0x0384, 8, "4", 'B', 1, 1056 },
        { "GICR_IPRIORITYR", 0x0400, 32, "14", 'B', 8, 0 },
        { "GICR_IPRIORITYR<n>E", 0x0420, 64, "14", 'B', 8, 1056 },
        { "GICR_ICFGR0", 0x0c00, 4, "4", 'B', 2, 0 }, { "GICR_ICFGR1", 0x0c04, 4, "4", 'B', 2, 16 },
        { "GICR_ICFGR<n>E", 0x0c08, 16, "4", 'B', 2, 1056 },
        { "GICR_IGRPMODR0", 0x0d00, 4, "4", '0', 0, 0 },
        { "GICR_IGRPMODR<n>E", 0x0d04, 8, "4", '0', 0, 0 },
        { "GICR_NSACR", 0x0e00, 4, "4", '0', 0, 0 },
        { "GICR_INMIR0", 0x0f80, 4, "4", '0', 0, 0 },
        { "GICR_INMIR<n>E", 0x0f84, 8, "4", '0', 0, 0 },
};

static bool allowed(const struct gic_reg *reg, unsigned len)
{
        return reg->widths & len; /* GIC_REG_W8, W16, W32, W64 are 1, 2, 4, 8 */
}

static void check_form(const struct gic_reg_table *table)
{
        unsigned order = 0, shape = 0, reason = 0, reset = 0;

        for (size_t i = 0; i < table->n_rows; i++) {
                const struct gic_reg *reg = &table->rows[i];
                bool is_res0 = reg->access == GIC_ACCESS_RES0;
                bool is_fixed = reg->access == GIC_ACCESS_RW && reg->bits && !reg->set;

                order += i > 0 &&
                         reg->offset < table->rows[i - 1].offset + table->rows[i - 1].bytes;
                shape += reg->bytes == 0 || reg->bytes % 4 || reg->offset % 4 ||
                         reg->offset + reg->bytes > 0x10000;
                shape += (reg->bits != 0) != (reg->get != GIC_FIELD_NONE) ||
                         (reg->set && !reg->get) || !reg->widths;
                shape += (reg->bits && reg->id != GIC_REG_NONE) ||
                         (reg->is_priority && reg->bits != 8);
                shape += !reg->section || !reg->name || strncmp(reg->name, table->frame, 4);
                shape += (reg->widths & GIC_REG_W64) && reg->bytes % 8;
                shape += is_res0 != (reg->bits == 0 && reg->id == GIC_REG_NONE) ||
                         reg->id >= GIC_N_REGS;
                shape += reg->id == GIC_REG_CONSTANT && reg->access != GIC_ACCESS_RO;
                reason += (is_res0 || is_fixed) && !reg->why;
                reset += reg->reset && (is_res0 || reg->access == GIC_ACCESS_WO);
        }
        tap_eq(order, 0, "%s: rows are sorted and apart", table->frame);
        tap_eq(shape, 0, "%s: rows are well-formed", table->frame);
        tap_eq(reason, 0, "%s: rows that are RES0 or fixed give a reason", table->frame);
        tap_eq(reset, 0, "%s: RES0 and write-only rows read 0", table->frame);
}

/* Every access of the frame finds what a walk over the rows finds. */
static void check_find(const struct gic_reg_table *table)
{
        static const unsigned lens[] = { 1, 2, 4, 8 };
        unsigned broken = 0, n_reached = 0;
        bool reached[128] = { false };

        for (uint32_t offset = 0; offset < 0x10010; offset++) {
                for (unsigned l = 0; l < 4; l++) {
                        const struct gic_reg *want = NULL;

                        for (size_t i = 0; i < table->n_rows; i++) {
                                const struct gic_reg *reg = &table->rows[i];

                                if (offset - reg->offset >= reg->bytes || offset % lens[l] ||
                                    !allowed(reg, lens[l]))
                                        continue;
                                want = reg;
                                reached[i] = true;
                        }
                        broken += gic_reg_find(table, offset, lens[l]) != want;
                }
        }
        for (size_t i = 0; i < table->n_rows; i++)
                n_reached += reached[i];
        tap_eq(broken, 0,
               "%s: every offset and width finds its row, or none (12.1.3; conformance 21)",
               table->frame);
        tap_eq(n_reached, (int64_t)table->n_rows, "%s: every row can be reached", table->frame);
        tap_ok(!gic_reg_find(table, UINT32_MAX - 3, 4) && !gic_reg_find(table, 0x20000, 4),
               "%s: nothing outside the frame", table->frame);
}

static const struct gic_reg *by_name(const struct gic_reg_table *table, const char *name)
{
        for (size_t i = 0; i < table->n_rows; i++)
                if (!strcmp(table->rows[i].name, name))
                        return &table->rows[i];
        return NULL;
}

/* A row that is missing, or one too many, fails here. */
static void check_content(const struct gic_reg_table *table, const struct expected *list, size_t n)
{
        static const struct { uint8_t access; char letter; } letters[] = {
                { GIC_ACCESS_RW, 'B' }, { GIC_ACCESS_RO, 'R' }, { GIC_ACCESS_WO, 'W' },
                { GIC_ACCESS_RES0, '0' },
        };

        for (size_t i = 0; i < n; i++) {
                const struct expected *e = &list[i];
                const struct gic_reg *reg = by_name(table, e->name);
                unsigned widths = 0;
                char access = 0;

                for (const char *w = e->widths; *w; w++)
                        /* GIC_REG_W8, W16, W32, W64 are 1, 2, 4, 8 */
                        widths |= (unsigned)(*w - '0');
                for (unsigned l = 0; reg && l < 4; l++)
                        if (letters[l].access == reg->access)
                                access = letters[l].letter;
                tap_ok(reg && reg->offset == e->offset && reg->bytes == e->bytes &&
                       reg->widths == widths && access == e->access &&
                       reg->bits == e->bits && reg->first_intid == e->first_intid,
                       "12.8, 12.10: %s at 0x%04x, %u bytes, its widths, access and fields",
                       e->name, e->offset, e->bytes);
        }
        tap_eq((int64_t)table->n_rows, (int64_t)n, "%s: no other row", table->frame);
}

/* JEP106 identity of Arm in PIDR1, PIDR2 and PIDR4; the fixed component identity (12.1.13) */
static void check_identity(const struct gic_reg_table *table)
{
        static const struct { uint32_t offset, mask, value; } ids[] = {
                { 0xffe4, 0xf0, 0xb0 }, { 0xffe8, 0x0f, 0x0b }, { 0xffd0, 0x0f, 0x04 },
                { 0xfff0, 0xff, 0x0d }, { 0xfff4, 0xff, 0xf0 }, { 0xfff8, 0xff, 0x05 },
                { 0xfffc, 0xff, 0xb1 },
        };
        const struct gic_reg *pidr2 = gic_reg_find(table, 0xffe8, 4);
        unsigned broken = 0;

        for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
                const struct gic_reg *reg = gic_reg_find(table, ids[i].offset, 4);

                broken += !reg || (reg->reset & ids[i].mask) != ids[i].value;
        }
        tap_eq(broken, 0, "12.1.13 %s: JEP106 code and component identity", table->frame);
        tap_ok(pidr2 && (pidr2->reset & 0xf0) == 0x30, "12.1.13 %s_PIDR2: ArchRev says GICv3",
               table->frame);
}

int main(void)
{
        const struct gic_reg *sgi_config = gic_reg_find(&gic_redist_sgi_table, 0xc00, 4);

        check_form(&gic_dist_table);
        check_form(&gic_redist_rd_table);
        check_form(&gic_redist_sgi_table);
        check_find(&gic_dist_table);
        check_find(&gic_redist_rd_table);
        check_find(&gic_redist_sgi_table);
        check_content(&gic_dist_table, gicd, sizeof gicd / sizeof gicd[0]);
        check_content(&gic_redist_rd_table, gicr_rd, sizeof gicr_rd / sizeof gicr_rd[0]);
        check_content(&gic_redist_sgi_table, gicr_sgi, sizeof gicr_sgi / sizeof gicr_sgi[0]);
        check_identity(&gic_dist_table);
        check_identity(&gic_redist_rd_table);
        tap_ok(sgi_config && !sgi_config->set,
               "12.11.7 GICR_ICFGR0: SGIs are edge-triggered, writes are ignored");
        return tap_done();
}
