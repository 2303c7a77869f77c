/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The register tables: form (sorted, apart, reachable, reasons given) and content (offsets and sizes from IHI 0069 chapter 12)
 */
#include <string.h>

#include "gic-reg.h"
#include "gic-spec.h"
#include "tap.h"

struct expected {
        const char *name;
        uint32_t offset, bytes;
        bool byte_access, wide_access;
};

/* IHI 0069 section 12.8, table of the distributor's registers (what one security state with affinity routing has) */
static const struct expected gicd[] = {
        { "GICD_CTLR", 0x0000, 4, false, false }, { "GICD_TYPER", 0x0004, 4, false, false }, { "GICD_IIDR", 0x0008, 4, false, false },
        { "GICD_TYPER2", 0x000c, 4, false, false }, { "GICD_STATUSR", 0x0010, 4, false, false },
        { "GICD_SETSPI_NSR", 0x0040, 4, false, false }, { "GICD_CLRSPI_NSR", 0x0048, 4, false, false },
        { "GICD_SETSPI_SR", 0x0050, 4, false, false }, { "GICD_CLRSPI_SR", 0x0058, 4, false, false },
        { "GICD_IGROUPR", 0x0080, 128, false, false }, { "GICD_ISENABLER", 0x0100, 128, false, false },
        { "GICD_ICENABLER", 0x0180, 128, false, false }, { "GICD_ISPENDR", 0x0200, 128, false, false },
        { "GICD_ICPENDR", 0x0280, 128, false, false }, { "GICD_ISACTIVER", 0x0300, 128, false, false },
        { "GICD_ICACTIVER", 0x0380, 128, false, false }, { "GICD_IPRIORITYR", 0x0400, 1024, true, false },
        { "GICD_ITARGETSR", 0x0800, 1024, true, false }, { "GICD_ICFGR", 0x0c00, 256, false, false },
        { "GICD_IGRPMODR", 0x0d00, 128, false, false }, { "GICD_NSACR", 0x0e00, 256, false, false },
        { "GICD_SGIR", 0x0f00, 4, false, false }, { "GICD_CPENDSGIR", 0x0f10, 16, true, false },
        { "GICD_SPENDSGIR", 0x0f20, 16, true, false }, { "GICD_IROUTER", 0x6100, 988 * 8, false, true },
        { "GICD_PIDR2", 0xffe8, 4, false, false },
};

/* Section 12.10: RD_base and SGI_base */
static const struct expected gicr_rd[] = {
        { "GICR_CTLR", 0x0000, 4, false, false }, { "GICR_IIDR", 0x0004, 4, false, false }, { "GICR_TYPER", 0x0008, 8, false, true },
        { "GICR_STATUSR", 0x0010, 4, false, false }, { "GICR_WAKER", 0x0014, 4, false, false }, { "GICR_PIDR2", 0xffe8, 4, false, false },
};
static const struct expected gicr_sgi[] = {
        { "GICR_IGROUPR0", 0x0080, 4, false, false }, { "GICR_ISENABLER0", 0x0100, 4, false, false },
        { "GICR_ICENABLER0", 0x0180, 4, false, false }, { "GICR_ISPENDR0", 0x0200, 4, false, false },
        { "GICR_ICPENDR0", 0x0280, 4, false, false }, { "GICR_ISACTIVER0", 0x0300, 4, false, false },
        { "GICR_ICACTIVER0", 0x0380, 4, false, false }, { "GICR_IPRIORITYR", 0x0400, 32, true, false },
        { "GICR_ICFGR0", 0x0c00, 4, false, false }, { "GICR_ICFGR1", 0x0c04, 4, false, false },
        { "GICR_IGRPMODR0", 0x0d00, 4, false, false }, { "GICR_NSACR", 0x0e00, 4, false, false },
};

static bool allowed(const struct gic_reg *reg, unsigned len)
{
        return (len == 1 && (reg->widths & GIC_REG_W8)) || (len == 2 && (reg->widths & GIC_REG_W16)) || (len == 4 && (reg->widths & GIC_REG_W32)) ||
               (len == 8 && (reg->widths & GIC_REG_W64));
}

static void check_form(const struct gic_reg_table *table)
{
        unsigned order = 0, shape = 0, reason = 0;

        for (size_t i = 0; i < table->n_rows; i++) {
                const struct gic_reg *reg = &table->rows[i];
                bool is_raz_wi = reg->bits == 0 && reg->id == GIC_REG_NONE;

                order += i > 0 && reg->offset < table->rows[i - 1].offset + table->rows[i - 1].bytes;
                shape += reg->bytes == 0 || reg->bytes % 4 || reg->offset % 4 || reg->offset + reg->bytes > 0x10000 || !reg->widths;
                shape += (reg->bits != 0) != (reg->get != NULL) || (reg->set && !reg->get) || (reg->bits && reg->id != GIC_REG_NONE);
                shape += (reg->is_priority && reg->bits != 8) || !reg->section || !reg->name || strncmp(reg->name, table->frame, 4);
                shape += (reg->widths & GIC_REG_W64) && reg->bytes % 8;
                reason += is_raz_wi != (reg->why != NULL);
        }
        tap_eq(order, 0, "%s: rows are sorted and apart", table->frame);
        tap_eq(shape, 0, "%s: rows are well-formed", table->frame);
        tap_eq(reason, 0, "%s: exactly the RAZ/WI rows give a reason", table->frame);
}

/* Every access of the frame finds what a walk over the rows finds. */
static void check_find(const struct gic_reg_table *table)
{
        static const unsigned lens[] = { 1, 2, 4, 8 };
        unsigned broken = 0, n_reached = 0;
        bool reached[64] = { false };

        for (uint32_t offset = 0; offset < 0x10010; offset++) {
                for (unsigned l = 0; l < 4; l++) {
                        const struct gic_reg *want = NULL;

                        for (size_t i = 0; i < table->n_rows; i++) {
                                const struct gic_reg *reg = &table->rows[i];

                                if (offset >= reg->offset && offset < reg->offset + reg->bytes && offset % lens[l] == 0 &&
                                    allowed(reg, lens[l])) {
                                        want = reg;
                                        reached[i] = true;
                                }
                        }
                        broken += gic_reg_find(table, offset, lens[l]) != want;
                }
        }
        for (size_t i = 0; i < table->n_rows; i++)
                n_reached += reached[i];
        tap_eq(broken, 0, "%s: every offset and width finds its row, or none (12.1.3; conformance 21)", table->frame);
        tap_eq(n_reached, (int64_t)table->n_rows, "%s: every row can be reached", table->frame);
        tap_ok(!gic_reg_find(table, UINT32_MAX - 3, 4) && !gic_reg_find(table, 0x20000, 4), "%s: nothing outside the frame", table->frame);
}

static void check_content(const struct gic_reg_table *table, const struct expected *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const struct expected *e = &list[i];
                const struct gic_reg *reg = gic_reg_find(table, e->offset, 4);
                /* 12.1.3: the message registers take halfwords */
                bool half_access = strstr(e->name, "SETSPI") || strstr(e->name, "CLRSPI");
                uint8_t widths = (uint8_t)(GIC_REG_W32 | (half_access ? GIC_REG_W16 : 0) | (e->byte_access ? GIC_REG_W8 : 0) |
                                           (e->wide_access ? GIC_REG_W64 : 0));

                tap_ok(reg && !strcmp(reg->name, e->name) && reg->offset == e->offset && reg->bytes == e->bytes && reg->widths == widths,
                       "12.8: %s at 0x%04x, %u bytes, its access widths", e->name, e->offset, e->bytes);
        }
}

static void check_arrays(const struct gic_reg_table *table, unsigned n_intids)
{
        unsigned broken = 0;

        for (size_t i = 0; i < table->n_rows; i++) {
                const struct gic_reg *reg = &table->rows[i];
                unsigned n = reg->bits == 2 && n_intids == 32 ? 16 : n_intids; /* ICFGR0 and ICFGR1 are rows of their own */

                broken += reg->bits && reg->bytes * 8 / reg->bits != n;
        }
        tap_eq(broken, 0, "%s: an array has one field per INTID", table->frame);
}

int main(void)
{
        const struct gic_reg *sgi_config = gic_reg_find(&gic_redist_sgi_table, 0xc00, 4);
        const struct gic_reg *pidr2 = gic_reg_find(&gic_dist_table, 0xffe8, 4);

        check_form(&gic_dist_table);
        check_form(&gic_redist_rd_table);
        check_form(&gic_redist_sgi_table);
        check_find(&gic_dist_table);
        check_find(&gic_redist_rd_table);
        check_find(&gic_redist_sgi_table);
        check_content(&gic_dist_table, gicd, sizeof gicd / sizeof gicd[0]);
        check_content(&gic_redist_rd_table, gicr_rd, sizeof gicr_rd / sizeof gicr_rd[0]);
        check_content(&gic_redist_sgi_table, gicr_sgi, sizeof gicr_sgi / sizeof gicr_sgi[0]);
        check_arrays(&gic_dist_table, 1024);
        check_arrays(&gic_redist_sgi_table, 32);
        tap_ok(sgi_config && !sgi_config->set, "12.11 GICR_ICFGR0: SGIs are edge-triggered, the register is read-only");
        tap_ok(pidr2 && (pidr2->value & 0xf0) == 0x30, "12.9 GICD_PIDR2: ArchRev says GICv3");
        return tap_done();
}
