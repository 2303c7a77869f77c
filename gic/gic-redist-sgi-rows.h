/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
/*
 * A redistributor's registers in SGI_base (IHI 0069 sections 12.10 and 12.11): gic-redist.c makes
 * a table and an index of them (gic-row.h)
 *
 * The rows named <n>E belong to extended PPIs: INTIDs 1056..1119.
 */

ROW(IGROUPR0, 0x0080, 4, .name = "GICR_IGROUPR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_GROUP, .set = gic_field_set_group, .section = "12.11.12")
ROW(IGROUPRnE, 0x0084, 8, .name = "GICR_IGROUPR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_GROUP,
    .set = gic_field_set_group, .section = "12.11.13")
ROW(ISENABLER0, 0x0100, 4, .name = "GICR_ISENABLER0", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ENABLE, .set = gic_field_set_enable,
    .write_one = 1, .section = "12.11.25")
ROW(ISENABLERnE, 0x0104, 8, .name = "GICR_ISENABLER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_ENABLE,
    .set = gic_field_set_enable, .write_one = 1, .section = "12.11.26")
ROW(ICENABLER0, 0x0180, 4, .name = "GICR_ICENABLER0", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ENABLE, .set = gic_field_clear_enable,
    .write_one = 1, .section = "12.11.5")
ROW(ICENABLERnE, 0x0184, 8, .name = "GICR_ICENABLER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_ENABLE,
    .set = gic_field_clear_enable, .write_one = 1, .section = "12.11.6")
ROW(ISPENDR0, 0x0200, 4, .name = "GICR_ISPENDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_PENDING, .set = gic_field_set_pending, .write_one = 1,
    .section = "12.11.27")
ROW(ISPENDRnE, 0x0204, 8, .name = "GICR_ISPENDR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_PENDING,
    .set = gic_field_set_pending, .write_one = 1, .section = "12.11.28")
ROW(ICPENDR0, 0x0280, 4, .name = "GICR_ICPENDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_PENDING, .set = gic_field_clear_pending, .write_one = 1,
    .section = "12.11.10")
ROW(ICPENDRnE, 0x0284, 8, .name = "GICR_ICPENDR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_PENDING,
    .set = gic_field_clear_pending, .write_one = 1, .section = "12.11.11")
ROW(ISACTIVER0, 0x0300, 4, .name = "GICR_ISACTIVER0", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ACTIVE, .set = gic_field_set_active,
    .write_one = 1, .section = "12.11.23")
ROW(ISACTIVERnE, 0x0304, 8, .name = "GICR_ISACTIVER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_ACTIVE,
    .set = gic_field_set_active, .write_one = 1, .section = "12.11.24")
ROW(ICACTIVER0, 0x0380, 4, .name = "GICR_ICACTIVER0", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ACTIVE, .set = gic_field_clear_active,
    .write_one = 1, .section = "12.11.3")
ROW(ICACTIVERnE, 0x0384, 8, .name = "GICR_ICACTIVER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_ACTIVE,
    .set = gic_field_clear_active, .write_one = 1, .section = "12.11.4")
ROW(IPRIORITYR, 0x0400, 0x20, .name = "GICR_IPRIORITYR", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 8, .is_priority = 1, .get = GIC_FIELD_PRIORITY,
    .set = gic_field_set_priority, .section = "12.11.21")
ROW(IPRIORITYRnE, 0x0420, 0x40, .name = "GICR_IPRIORITYR<n>E", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 8, .first_intid = GIC_EPPI_FIRST, .is_priority = 1,
    .get = GIC_FIELD_PRIORITY, .set = gic_field_set_priority, .section = "12.11.22")
ROW(ICFGR0, 0x0c00, 4, .name = "GICR_ICFGR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 2, .get = GIC_FIELD_CONFIG, .reset = 0xaaaaaaaa, .section = "12.11.7",
    .why = "SGIs are edge-triggered")
ROW(ICFGR1, 0x0c04, 4, .name = "GICR_ICFGR1", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 2, .first_intid = GIC_PPI_FIRST, .get = GIC_FIELD_CONFIG, .set = gic_field_set_config,
    .section = "12.11.8")
ROW(ICFGRnE, 0x0c08, 0x10, .name = "GICR_ICFGR<n>E", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 2, .first_intid = GIC_EPPI_FIRST, .get = GIC_FIELD_CONFIG, .set = gic_field_set_config,
    .section = "12.11.9")
ROW(IGRPMODR0, 0x0d00, 4, .name = "GICR_IGRPMODR0", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.11.14", .why = "one security state")
ROW(IGRPMODRnE, 0x0d04, 8, .name = "GICR_IGRPMODR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.11.15", .why = "one security state")
ROW(NSACR, 0x0e00, 4, .name = "GICR_NSACR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.30", .why = "one security state")
ROW(INMIR0, 0x0f80, 4, .name = "GICR_INMIR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.17", .why = "no FEAT_GICv3_NMI")
ROW(INMIRnE, 0x0f84, 8, .name = "GICR_INMIR<n>E", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.18", .why = "no FEAT_GICv3_NMI")
