/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CONF_REGS_H
#define CONF_REGS_H

/*
 * Register offsets and fields, copied from the register maps of Arm IHI 0069 (sections 12.2,
 * 12.8 to 12.11)
 *
 * Written from the specification, not from gic/: the suite shares no constant with what it tests.
 */
#include <vgic/vgic.h>

/*
 * Distributor (section 12.8). Arrays are named by their base;
 * register n of a 32-bit array lies at base + 4 * n.
 */
enum {
        GICD_CTLR = 0x0000, GICD_TYPER = 0x0004, GICD_IIDR = 0x0008, GICD_TYPER2 = 0x000c,
        GICD_STATUSR = 0x0010, GICD_SETSPI_NSR = 0x0040, GICD_CLRSPI_NSR = 0x0048,
        GICD_SETSPI_SR = 0x0050, GICD_CLRSPI_SR = 0x0058, GICD_IGROUPR = 0x0080,
        GICD_ISENABLER = 0x0100, GICD_ICENABLER = 0x0180, GICD_ISPENDR = 0x0200,
        GICD_ICPENDR = 0x0280, GICD_ISACTIVER = 0x0300, GICD_ICACTIVER = 0x0380,
        GICD_IPRIORITYR = 0x0400, GICD_ITARGETSR = 0x0800, GICD_ICFGR = 0x0c00,
        GICD_IGRPMODR = 0x0d00, GICD_NSACR = 0x0e00, GICD_SGIR = 0x0f00, GICD_CPENDSGIR = 0x0f10,
        GICD_SPENDSGIR = 0x0f20, GICD_IGROUPRE = 0x1000, GICD_ISENABLERE = 0x1200,
        GICD_ICENABLERE = 0x1400, GICD_ISPENDRE = 0x1600, GICD_ICPENDRE = 0x1800,
        GICD_ISACTIVERE = 0x1a00, GICD_ICACTIVERE = 0x1c00, GICD_IPRIORITYRE = 0x2000,
        GICD_ICFGRE = 0x3000, GICD_IGRPMODRE = 0x3400, GICD_NSACRE = 0x3600, GICD_IROUTER = 0x6000,
        GICD_IROUTERE = 0x8000, GICD_PIDR2 = 0xffe8, GICD_SIZE = 0x10000,
};

/* Redistributor: offsets from RD_base; SGI_base is RD_base + 64 KiB (section 12.10). */
enum {
        GICR_CTLR = 0x0000, GICR_IIDR = 0x0004, GICR_TYPER = 0x0008, GICR_STATUSR = 0x0010,
        GICR_WAKER = 0x0014, GICR_SETLPIR = 0x0040, GICR_PROPBASER = 0x0070,
        GICR_PENDBASER = 0x0078, GICR_PIDR2 = 0xffe8, GICR_SGI = 0x10000,
        GICR_IGROUPR0 = GICR_SGI + 0x0080, GICR_ISENABLER0 = GICR_SGI + 0x0100,
        GICR_ICENABLER0 = GICR_SGI + 0x0180, GICR_ISPENDR0 = GICR_SGI + 0x0200,
        GICR_ICPENDR0 = GICR_SGI + 0x0280, GICR_ISACTIVER0 = GICR_SGI + 0x0300,
        GICR_ICACTIVER0 = GICR_SGI + 0x0380, GICR_IPRIORITYR = GICR_SGI + 0x0400,
        GICR_ICFGR0 = GICR_SGI + 0x0c00, GICR_ICFGR1 = GICR_SGI + 0x0c04,
        GICR_IGRPMODR0 = GICR_SGI + 0x0d00, GICR_NSACR = GICR_SGI + 0x0e00, GICR_SIZE = 0x20000,
};

/* Fields */
#define CTLR_GRP0         (1u << 0)   /* GICD_CTLR, one security state */
#define CTLR_GRP1         (1u << 1)
#define CTLR_ARE          (1u << 4)
#define CTLR_DS           (1u << 6)
#define CTLR_E1NWF        (1u << 7)
#define CTLR_RWP          (1u << 31)
#define STATUSR_RRD       (1u << 0)
#define STATUSR_WRD       (1u << 1)
#define STATUSR_RWOD      (1u << 2)
#define STATUSR_WROD      (1u << 3)
#define WAKER_SLEEP       (1u << 1)   /* ProcessorSleep */
#define WAKER_ASLEEP      (1u << 2)   /* ChildrenAsleep */
#define GICR_DPG0         (1u << 24)
#define GICR_DPG1NS       (1u << 25)
#define GICR_DPG1S        (1u << 26)
#define IROUTER_IRM       (UINT64_C(1) << 31)
#define ICC_CBPR          (1u << 0)   /* ICC_CTLR_EL1 */
#define ICC_EOIMODE       (1u << 1)
#define ICC_PMHE          (1u << 6)
#define ICC_A3V           (1u << 15)
#define ICC_RSS           (1u << 18)
#define ICC_EXTRANGE      (1u << 19)
#define EDGE              2u          /* a field of GICD_ICFGR<n> */
#define LEVEL             0u
#define SPURIOUS          1023u

/* System registers, by their short names. */
enum icc {
        PMR = VGIC_ICC_PMR_EL1, IAR0 = VGIC_ICC_IAR0_EL1, EOIR0 = VGIC_ICC_EOIR0_EL1,
        HPPIR0 = VGIC_ICC_HPPIR0_EL1, BPR0 = VGIC_ICC_BPR0_EL1, AP0R0 = VGIC_ICC_AP0R_EL1(0),
        AP0R1 = VGIC_ICC_AP0R_EL1(1), AP0R2 = VGIC_ICC_AP0R_EL1(2), AP0R3 = VGIC_ICC_AP0R_EL1(3),
        AP1R0 = VGIC_ICC_AP1R_EL1(0), AP1R1 = VGIC_ICC_AP1R_EL1(1), AP1R2 = VGIC_ICC_AP1R_EL1(2),
        AP1R3 = VGIC_ICC_AP1R_EL1(3), DIR = VGIC_ICC_DIR_EL1, RPR = VGIC_ICC_RPR_EL1,
        SGI1R = VGIC_ICC_SGI1R_EL1, ASGI1R = VGIC_ICC_ASGI1R_EL1, SGI0R = VGIC_ICC_SGI0R_EL1,
        IAR1 = VGIC_ICC_IAR1_EL1, EOIR1 = VGIC_ICC_EOIR1_EL1, HPPIR1 = VGIC_ICC_HPPIR1_EL1,
        BPR1 = VGIC_ICC_BPR1_EL1, CTLR = VGIC_ICC_CTLR_EL1, SRE = VGIC_ICC_SRE_EL1,
        IGRPEN0 = VGIC_ICC_IGRPEN0_EL1, IGRPEN1 = VGIC_ICC_IGRPEN1_EL1,
};

#endif
