/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
/*
 * The distributor's registers (IHI 0069 sections 12.8 and 12.9), one security state, affinity
 * routing always on: gic-dist.c makes a table and an index of them (gic-row.h)
 *
 * Fields of SGIs and PPIs in the first register of each array are RAZ/WI here: with affinity
 * routing they live in the redistributors (section 12.9.26, GICD_ISENABLER<n>, and its kin).
 */

ROW(CTLR, 0x0000, 4, .name = "GICD_CTLR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .id = GICD_REG_CTLR, .reset = GICD_CTLR_ARE | GICD_CTLR_DS, .section = "12.9.4",
    .why = "ARE and DS are RAO/WI, E1NWF RAZ/WI; "
           "RWP reads 1 while what was disabled may still be taken")
ROW(TYPER, 0x0004, 4, .name = "GICD_TYPER", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GICD_REG_TYPER, .reset = GIC_RESET_CONFIG, .section = "12.9.38",
    .why = "LPIS, DVIS, num_LPIs, NMI, SecurityExtn and CPUNumber are 0")
ROW(IIDR, 0x0008, 4, .name = "GICD_IIDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_IIDR, .reset = GIC_RESET_CONFIG, .section = "12.9.17")
ROW(TYPER2, 0x000c, 4, .name = "GICD_TYPER2", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GICD_REG_TYPER2, .section = "12.9.39", .why = "no GICv4.1: 0 unless the VMM has set it")
ROW(STATUSR, 0x0010, 4, .name = "GICD_STATUSR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .id = GICD_REG_STATUSR, .section = "12.9.37")
ROW(SETSPI_NSR, 0x0040, 4, .name = "GICD_SETSPI_NSR", .widths = GIC_REG_W16 | GIC_REG_W32,
    .access = GIC_ACCESS_WO, .id = GICD_REG_SETSPI, .section = "12.9.33")
ROW(CLRSPI_NSR, 0x0048, 4, .name = "GICD_CLRSPI_NSR", .widths = GIC_REG_W16 | GIC_REG_W32,
    .access = GIC_ACCESS_WO, .id = GICD_REG_CLRSPI, .section = "12.9.1")
ROW(SETSPI_SR, 0x0050, 4, .name = "GICD_SETSPI_SR", .widths = GIC_REG_W16 | GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.34", .why = "one security state")
ROW(CLRSPI_SR, 0x0058, 4, .name = "GICD_CLRSPI_SR", .widths = GIC_REG_W16 | GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.2", .why = "one security state")
ROW(IGROUPR, 0x0080, 0x80, .name = "GICD_IGROUPR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_GROUP, .set = gic_field_set_group, .section = "12.9.13")
ROW(ISENABLER, 0x0100, 0x80, .name = "GICD_ISENABLER", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ENABLE, .set = gic_field_set_enable,
    .write_one = 1, .section = "12.9.26")
ROW(ICENABLER, 0x0180, 0x80, .name = "GICD_ICENABLER", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ENABLE, .set = gic_field_clear_enable,
    .write_one = 1, .section = "12.9.7")
ROW(ISPENDR, 0x0200, 0x80, .name = "GICD_ISPENDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_PENDING, .set = gic_field_set_pending, .write_one = 1,
    .section = "12.9.28")
ROW(ICPENDR, 0x0280, 0x80, .name = "GICD_ICPENDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 1, .get = GIC_FIELD_PENDING, .set = gic_field_clear_pending, .write_one = 1,
    .section = "12.9.11")
ROW(ISACTIVER, 0x0300, 0x80, .name = "GICD_ISACTIVER", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ACTIVE, .set = gic_field_set_active,
    .write_one = 1, .section = "12.9.24")
ROW(ICACTIVER, 0x0380, 0x80, .name = "GICD_ICACTIVER", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .get = GIC_FIELD_ACTIVE, .set = gic_field_clear_active,
    .write_one = 1, .section = "12.9.5")
ROW(IPRIORITYR, 0x0400, 0x400, .name = "GICD_IPRIORITYR", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 8, .is_priority = 1, .get = GIC_FIELD_PRIORITY,
    .set = gic_field_set_priority, .section = "12.9.20")
ROW(ITARGETSR, 0x0800, 0x400, .name = "GICD_ITARGETSR", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.30", .why = "affinity routing is always enabled")
ROW(ICFGR, 0x0c00, 0x100, .name = "GICD_ICFGR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .bits = 2, .get = GIC_FIELD_CONFIG, .set = gic_field_set_config, .section = "12.9.9")
ROW(IGRPMODR, 0x0d00, 0x80, .name = "GICD_IGRPMODR", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.15", .why = "one security state")
ROW(NSACR, 0x0e00, 0x100, .name = "GICD_NSACR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.9.31", .why = "one security state")
ROW(SGIR, 0x0f00, 4, .name = "GICD_SGIR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.9.35", .why = "affinity routing is always enabled")
ROW(CPENDSGIR, 0x0f10, 0x10, .name = "GICD_CPENDSGIR", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.3", .why = "affinity routing is always enabled")
ROW(SPENDSGIR, 0x0f20, 0x10, .name = "GICD_SPENDSGIR", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.36", .why = "affinity routing is always enabled")
ROW(INMIR, 0x0f80, 0x80, .name = "GICD_INMIR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.9.18", .why = "no FEAT_GICv3_NMI")

/* extended SPIs: INTIDs 4096..5119 */
ROW(IGROUPRnE, 0x1000, 0x80, .name = "GICD_IGROUPR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_GROUP,
    .set = gic_field_set_group, .section = "12.9.14")
ROW(ISENABLERnE, 0x1200, 0x80, .name = "GICD_ISENABLER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_ENABLE,
    .set = gic_field_set_enable, .write_one = 1, .section = "12.9.27")
ROW(ICENABLERnE, 0x1400, 0x80, .name = "GICD_ICENABLER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_ENABLE,
    .set = gic_field_clear_enable, .write_one = 1, .section = "12.9.8")
ROW(ISPENDRnE, 0x1600, 0x80, .name = "GICD_ISPENDR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_PENDING,
    .set = gic_field_set_pending, .write_one = 1, .section = "12.9.29")
ROW(ICPENDRnE, 0x1800, 0x80, .name = "GICD_ICPENDR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_PENDING,
    .set = gic_field_clear_pending, .write_one = 1, .section = "12.9.12")
ROW(ISACTIVERnE, 0x1a00, 0x80, .name = "GICD_ISACTIVER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_ACTIVE,
    .set = gic_field_set_active, .write_one = 1, .section = "12.9.25")
ROW(ICACTIVERnE, 0x1c00, 0x80, .name = "GICD_ICACTIVER<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 1, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_ACTIVE,
    .set = gic_field_clear_active, .write_one = 1, .section = "12.9.6")
ROW(IPRIORITYRnE, 0x2000, 0x400, .name = "GICD_IPRIORITYR<n>E", .widths = GIC_REG_W8 | GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 8, .first_intid = GIC_ESPI_FIRST, .is_priority = 1,
    .get = GIC_FIELD_PRIORITY, .set = gic_field_set_priority, .section = "12.9.21")
ROW(ICFGRnE, 0x3000, 0x100, .name = "GICD_ICFGR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RW, .bits = 2, .first_intid = GIC_ESPI_FIRST, .get = GIC_FIELD_CONFIG,
    .set = gic_field_set_config, .section = "12.9.10")
ROW(IGRPMODRnE, 0x3400, 0x80, .name = "GICD_IGRPMODR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.16", .why = "one security state")
ROW(NSACRnE, 0x3600, 0x100, .name = "GICD_NSACR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.32", .why = "one security state")
ROW(INMIRnE, 0x3b00, 0x80, .name = "GICD_INMIR<n>E", .widths = GIC_REG_W32,
    .access = GIC_ACCESS_RES0, .section = "12.9.19", .why = "no FEAT_GICv3_NMI")
ROW(IROUTER, 0x6100, 0x1ee0, .name = "GICD_IROUTER", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RW, .id = GICD_REG_IROUTER, .first_intid = GIC_SPI_FIRST,
    .section = "12.9.22",
    .why = "Interrupt_Routing_Mode is RES0 without 1-of-N, Aff3 with 3 affinity levels")
ROW(IROUTERnE, 0x8000, 0x2000, .name = "GICD_IROUTER<n>E", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RW, .id = GICD_REG_IROUTER, .first_intid = GIC_ESPI_FIRST,
    .section = "12.9.23",
    .why = "Interrupt_Routing_Mode is RES0 without 1-of-N, Aff3 with 3 affinity levels")

/* identification registers: JEP106 code of Arm, ArchRev 3 (GICv3), component class 0xf */
ROW(PIDR4, 0xffd0, 4, .name = "GICD_PIDR4", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x44, .section = "12.1.13")
ROW(PIDR5, 0xffd4, 4, .name = "GICD_PIDR5", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR6, 0xffd8, 4, .name = "GICD_PIDR6", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR7, 0xffdc, 4, .name = "GICD_PIDR7", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR0, 0xffe0, 4, .name = "GICD_PIDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x92, .section = "12.1.13")
ROW(PIDR1, 0xffe4, 4, .name = "GICD_PIDR1", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xb4, .section = "12.1.13")
ROW(PIDR2, 0xffe8, 4, .name = "GICD_PIDR2", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x3b, .section = "12.1.13")
ROW(PIDR3, 0xffec, 4, .name = "GICD_PIDR3", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(CIDR0, 0xfff0, 4, .name = "GICD_CIDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x0d, .section = "12.1.13")
ROW(CIDR1, 0xfff4, 4, .name = "GICD_CIDR1", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xf0, .section = "12.1.13")
ROW(CIDR2, 0xfff8, 4, .name = "GICD_CIDR2", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x05, .section = "12.1.13")
ROW(CIDR3, 0xfffc, 4, .name = "GICD_CIDR3", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xb1, .section = "12.1.13")
