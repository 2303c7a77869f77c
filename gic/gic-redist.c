/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-reg.h"

/*
 * A redistributor's registers (IHI 0069 section 12.11, RD_base and SGI_base), without LPIs
 */
static const struct gic_reg rd_rows[] = {
        { .name = "GICR_CTLR", .offset = 0x0000, .bytes = 4, .widths = GIC_REG_W32, .section = "12.11",
          .why = "no LPIs, no DPG bits; RWP and UWP read 0: writes take effect at once" },
        { .name = "GICR_IIDR", .offset = 0x0004, .bytes = 4, .widths = GIC_REG_W32,
          .id = GICR_REG_IIDR, .section = "12.11" },
        { .name = "GICR_TYPER", .offset = 0x0008, .bytes = 8, .widths = GIC_REG_W32 | GIC_REG_W64,
          .id = GICR_REG_TYPER, .section = "12.11" },
        { .name = "GICR_STATUSR", .offset = 0x0010, .bytes = 4, .widths = GIC_REG_W32, .section = "12.11",
          .why = "optional; accesses in error are counted for the host instead" },
        { .name = "GICR_WAKER", .offset = 0x0014, .bytes = 4, .widths = GIC_REG_W32,
          .id = GICR_REG_WAKER, .section = "12.11" },
        { .name = "GICR_PIDR4", .offset = 0xffd0, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0x44, .section = "12.11" },
        { .name = "GICR_PIDR0", .offset = 0xffe0, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0x93, .section = "12.11" },
        { .name = "GICR_PIDR1", .offset = 0xffe4, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0xb4, .section = "12.11" },
        { .name = "GICR_PIDR2", .offset = 0xffe8, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0x3b, .section = "12.11" },
        { .name = "GICR_CIDR0", .offset = 0xfff0, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0x0d, .section = "12.11" },
        { .name = "GICR_CIDR1", .offset = 0xfff4, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0xf0, .section = "12.11" },
        { .name = "GICR_CIDR2", .offset = 0xfff8, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0x05, .section = "12.11" },
        { .name = "GICR_CIDR3", .offset = 0xfffc, .bytes = 4, .widths = GIC_REG_W32,
          .id = GIC_REG_CONSTANT, .value = 0xb1, .section = "12.11" },
};

static const struct gic_reg sgi_rows[] = {
        { .name = "GICR_IGROUPR0", .offset = 0x0080, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_group, .set = gic_field_set_group, .section = "12.11" },
        { .name = "GICR_ISENABLER0", .offset = 0x0100, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_enable, .set = gic_field_set_enable, .section = "12.11" },
        { .name = "GICR_ICENABLER0", .offset = 0x0180, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_enable, .set = gic_field_clear_enable, .section = "12.11" },
        { .name = "GICR_ISPENDR0", .offset = 0x0200, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_pending, .set = gic_field_set_pending, .section = "12.11" },
        { .name = "GICR_ICPENDR0", .offset = 0x0280, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_pending, .set = gic_field_clear_pending, .section = "12.11" },
        { .name = "GICR_ISACTIVER0", .offset = 0x0300, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_active, .set = gic_field_set_active, .section = "12.11" },
        { .name = "GICR_ICACTIVER0", .offset = 0x0380, .bytes = 4, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_active, .set = gic_field_clear_active, .section = "12.11" },
        { .name = "GICR_IPRIORITYR", .offset = 0x0400, .bytes = 32, .widths = GIC_REG_W8 | GIC_REG_W32, .bits = 8,
          .is_priority = 1, .get = gic_field_priority, .set = gic_field_set_priority, .section = "12.11" },
        { .name = "GICR_ICFGR0", .offset = 0x0c00, .bytes = 4, .widths = GIC_REG_W32, .bits = 2,
          .get = gic_field_config, .section = "12.11" },
        { .name = "GICR_ICFGR1", .offset = 0x0c04, .bytes = 4, .widths = GIC_REG_W32, .bits = 2, .first_intid = 16,
          .get = gic_field_config, .set = gic_field_set_config, .section = "12.11" },
        { .name = "GICR_IGRPMODR0", .offset = 0x0d00, .bytes = 4, .widths = GIC_REG_W32, .section = "12.11",
          .why = "one security state" },
        { .name = "GICR_NSACR", .offset = 0x0e00, .bytes = 4, .widths = GIC_REG_W32, .section = "12.11",
          .why = "one security state" },
};

const struct gic_reg_table gic_redist_rd_table = { "GICR", rd_rows, sizeof rd_rows / sizeof rd_rows[0] };
const struct gic_reg_table gic_redist_sgi_table = { "GICR SGI", sgi_rows, sizeof sgi_rows / sizeof sgi_rows[0] };
