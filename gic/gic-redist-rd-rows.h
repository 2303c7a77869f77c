/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
/*
 * A redistributor's registers in RD_base (IHI 0069 sections 12.10 and 12.11), without LPIs:
 * gic-redist.c makes a table and an index of them (gic-row.h)
 */

ROW(CTLR, 0x0000, 4, .name = "GICR_CTLR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .id = GICR_REG_CTLR, .section = "12.11.2",
    .why = "DPG0 and DPG1NS with 1-of-N only; DPG1S and EnableLPIs RAZ/WI; "
           "RWP as GICD_CTLR's; UWP reads 0")
ROW(IIDR, 0x0004, 4, .name = "GICR_IIDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_IIDR, .reset = GIC_RESET_CONFIG, .section = "12.11.16")
ROW(TYPER, 0x0008, 8, .name = "GICR_TYPER", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RO, .id = GICR_REG_TYPER, .reset = GIC_RESET_CONFIG, .section = "12.11.37",
    .why = "the fields of LPIs are 0")
ROW(STATUSR, 0x0010, 4, .name = "GICR_STATUSR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .id = GICR_REG_STATUSR, .section = "12.11.35")
ROW(WAKER, 0x0014, 4, .name = "GICR_WAKER", .widths = GIC_REG_W32, .access = GIC_ACCESS_RW,
    .id = GICR_REG_WAKER, .reset = GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP,
    .section = "12.11.42")
ROW(MPAMIDR, 0x0018, 4, .name = "GICR_MPAMIDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.29", .why = "no MPAM")
ROW(PARTIDR, 0x001c, 4, .name = "GICR_PARTIDR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.31", .why = "no MPAM")
ROW(SETLPIR, 0x0040, 8, .name = "GICR_SETLPIR", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.34", .why = "no LPIs")
ROW(CLRLPIR, 0x0048, 8, .name = "GICR_CLRLPIR", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.1", .why = "no LPIs")
ROW(PROPBASER, 0x0070, 8, .name = "GICR_PROPBASER", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.33", .why = "no LPIs")
ROW(PENDBASER, 0x0078, 8, .name = "GICR_PENDBASER", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.32", .why = "no LPIs")
ROW(INVLPIR, 0x00a0, 8, .name = "GICR_INVLPIR", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.20", .why = "no LPIs")
ROW(INVALLR, 0x00b0, 8, .name = "GICR_INVALLR", .widths = GIC_REG_W32 | GIC_REG_W64,
    .access = GIC_ACCESS_RES0, .section = "12.11.19", .why = "no LPIs")
ROW(SYNCR, 0x00c0, 4, .name = "GICR_SYNCR", .widths = GIC_REG_W32, .access = GIC_ACCESS_RES0,
    .section = "12.11.36", .why = "no LPIs")
ROW(PIDR4, 0xffd0, 4, .name = "GICR_PIDR4", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x44, .section = "12.1.13")
ROW(PIDR5, 0xffd4, 4, .name = "GICR_PIDR5", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR6, 0xffd8, 4, .name = "GICR_PIDR6", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR7, 0xffdc, 4, .name = "GICR_PIDR7", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(PIDR0, 0xffe0, 4, .name = "GICR_PIDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x93, .section = "12.1.13")
ROW(PIDR1, 0xffe4, 4, .name = "GICR_PIDR1", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xb4, .section = "12.1.13")
ROW(PIDR2, 0xffe8, 4, .name = "GICR_PIDR2", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x3b, .section = "12.1.13")
ROW(PIDR3, 0xffec, 4, .name = "GICR_PIDR3", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x00, .section = "12.1.13")
ROW(CIDR0, 0xfff0, 4, .name = "GICR_CIDR0", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x0d, .section = "12.1.13")
ROW(CIDR1, 0xfff4, 4, .name = "GICR_CIDR1", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xf0, .section = "12.1.13")
ROW(CIDR2, 0xfff8, 4, .name = "GICR_CIDR2", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0x05, .section = "12.1.13")
ROW(CIDR3, 0xfffc, 4, .name = "GICR_CIDR3", .widths = GIC_REG_W32, .access = GIC_ACCESS_RO,
    .id = GIC_REG_CONSTANT, .reset = 0xb1, .section = "12.1.13")
