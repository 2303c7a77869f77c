/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-reg.h"

/*
 * The distributor's registers (IHI 0069 section 12.9), one security state, affinity routing always on
 *
 * Fields of SGIs and PPIs in the first register of each array are RAZ/WI here: with affinity routing they live in the
 * redistributors (section 12.9, "GICD_ISENABLER<n>").
 */
static const struct gic_reg rows[] = {
        { .name = "GICD_CTLR", .offset = 0x0000, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_CTLR, .section = "12.9" },
        { .name = "GICD_TYPER", .offset = 0x0004, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_TYPER, .section = "12.9" },
        { .name = "GICD_IIDR", .offset = 0x0008, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_IIDR, .section = "12.9" },
        { .name = "GICD_TYPER2", .offset = 0x000c, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_TYPER2, .section = "12.9" },
        { .name = "GICD_STATUSR", .offset = 0x0010, .bytes = 4, .widths = GIC_REG_W32, .section = "12.9",
          .why = "optional; accesses in error are counted for the host instead" },
        { .name = "GICD_SETSPI_NSR", .offset = 0x0040, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_SETSPI, .section = "12.9" },
        { .name = "GICD_CLRSPI_NSR", .offset = 0x0048, .bytes = 4, .widths = GIC_REG_W32, .id = GICD_REG_CLRSPI, .section = "12.9" },
        { .name = "GICD_SETSPI_SR", .offset = 0x0050, .bytes = 4, .widths = GIC_REG_W32, .section = "12.9",
          .why = "one security state" },
        { .name = "GICD_CLRSPI_SR", .offset = 0x0058, .bytes = 4, .widths = GIC_REG_W32, .section = "12.9",
          .why = "one security state" },
        { .name = "GICD_IGROUPR", .offset = 0x0080, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_group, .set = gic_field_set_group, .section = "12.9" },
        { .name = "GICD_ISENABLER", .offset = 0x0100, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_enable, .set = gic_field_set_enable, .section = "12.9" },
        { .name = "GICD_ICENABLER", .offset = 0x0180, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_enable, .set = gic_field_clear_enable, .section = "12.9" },
        { .name = "GICD_ISPENDR", .offset = 0x0200, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_pending, .set = gic_field_set_pending, .section = "12.9" },
        { .name = "GICD_ICPENDR", .offset = 0x0280, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_pending, .set = gic_field_clear_pending, .section = "12.9" },
        { .name = "GICD_ISACTIVER", .offset = 0x0300, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_active, .set = gic_field_set_active, .section = "12.9" },
        { .name = "GICD_ICACTIVER", .offset = 0x0380, .bytes = 0x80, .widths = GIC_REG_W32, .bits = 1,
          .get = gic_field_active, .set = gic_field_clear_active, .section = "12.9" },
        { .name = "GICD_IPRIORITYR", .offset = 0x0400, .bytes = 0x400, .widths = GIC_REG_W8 | GIC_REG_W32, .bits = 8,
          .is_priority = 1, .get = gic_field_priority, .set = gic_field_set_priority, .section = "12.9" },
        { .name = "GICD_ITARGETSR", .offset = 0x0800, .bytes = 0x400, .widths = GIC_REG_W8 | GIC_REG_W32, .section = "12.9",
          .why = "affinity routing is always enabled" },
        { .name = "GICD_ICFGR", .offset = 0x0c00, .bytes = 0x100, .widths = GIC_REG_W32, .bits = 2,
          .get = gic_field_config, .set = gic_field_set_config, .section = "12.9" },
        { .name = "GICD_IGRPMODR", .offset = 0x0d00, .bytes = 0x80, .widths = GIC_REG_W32, .section = "12.9",
          .why = "one security state" },
        { .name = "GICD_NSACR", .offset = 0x0e00, .bytes = 0x100, .widths = GIC_REG_W32, .section = "12.9",
          .why = "one security state" },
        { .name = "GICD_SGIR", .offset = 0x0f00, .bytes = 4, .widths = GIC_REG_W32, .section = "12.9",
          .why = "affinity routing is always enabled" },
        { .name = "GICD_CPENDSGIR", .offset = 0x0f10, .bytes = 0x10, .widths = GIC_REG_W8 | GIC_REG_W32, .section = "12.9",
          .why = "affinity routing is always enabled" },
        { .name = "GICD_SPENDSGIR", .offset = 0x0f20, .bytes = 0x10, .widths = GIC_REG_W8 | GIC_REG_W32, .section = "12.9",
          .why = "affinity routing is always enabled" },
        { .name = "GICD_IROUTER", .offset = 0x6100, .bytes = 0x1ee0, .widths = GIC_REG_W32 | GIC_REG_W64,
          .id = GICD_REG_IROUTER, .section = "12.9" },
        { .name = "GICD_PIDR4", .offset = 0xffd0, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0x44, .section = "12.9" },
        { .name = "GICD_PIDR0", .offset = 0xffe0, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0x92, .section = "12.9" },
        { .name = "GICD_PIDR1", .offset = 0xffe4, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0xb4, .section = "12.9" },
        { .name = "GICD_PIDR2", .offset = 0xffe8, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0x3b, .section = "12.9" },
        { .name = "GICD_CIDR0", .offset = 0xfff0, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0x0d, .section = "12.9" },
        { .name = "GICD_CIDR1", .offset = 0xfff4, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0xf0, .section = "12.9" },
        { .name = "GICD_CIDR2", .offset = 0xfff8, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0x05, .section = "12.9" },
        { .name = "GICD_CIDR3", .offset = 0xfffc, .bytes = 4, .widths = GIC_REG_W32, .id = GIC_REG_CONSTANT, .value = 0xb1, .section = "12.9" },
};

const struct gic_reg_table gic_dist_table = { "GICD", rows, sizeof rows / sizeof rows[0] };
