/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_SPEC_H
#define GIC_SPEC_H

/*
 * Numbers of the architecture (Arm IHI 0069, "GICv3 and GICv4"), and nothing else.
 *
 * INTID ranges: IHI 0069 section 2.2, table "INTIDs".
 */
#include <stdbool.h>
#include <stdint.h>

#define GIC_SGI_FIRST            0u
#define GIC_N_SGIS              16u
#define GIC_PPI_FIRST           16u
#define GIC_N_PPIS              16u
#define GIC_N_PRIVATE           32u   /* SGIs and PPIs of one PE */
#define GIC_SPI_FIRST           32u
#define GIC_MAX_SPIS           988u   /* INTIDs 32..1019 */
#define GIC_INTID_SPECIAL     1020u   /* 1020..1023 are special INTIDs */
#define GIC_INTID_SPURIOUS    1023u
#define GIC_EPPI_FIRST        1056u
#define GIC_MAX_EPPIS           64u
#define GIC_ESPI_FIRST        4096u
#define GIC_MAX_ESPIS         1024u
#define GIC_EXTENDED_STEP       32u   /* extended ranges come in whole registers */

/* SGIs and (extended) PPIs belong to one PE; all others are shared. */
static inline bool gic_intid_is_private(uint32_t intid)
{
        return intid < GIC_N_PRIVATE || intid - GIC_EPPI_FIRST < GIC_MAX_EPPIS;
}

#define GIC_PRIORITY_IDLE     0xffu   /* ICC_RPR_EL1 with no active priority */
#define GIC_MIN_PRIORITY_BITS    4u
#define GIC_MAX_PRIORITY_BITS    8u

/*
 * Frames (IHI 0069 sections 12.8, 12.10): GICD 64 KiB; RD_base and SGI_base, 64 KiB each, per PE.
 */
#define GICD_FRAME_SIZE    0x10000u
#define GICR_FRAME_SIZE    0x10000u
#define GICR_STRIDE        0x20000u

/* ICC_CTLR_EL1 (IHI 0069 section 12.2.6): all of its defined fields lie in bits 19..0. */
#define ICC_CTLR_CBPR              (1u << 0)
#define ICC_CTLR_EOIMODE           (1u << 1)
#define ICC_CTLR_PMHE              (1u << 6)
#define ICC_CTLR_PRIBITS_SHIFT     8
#define ICC_CTLR_IDBITS_SHIFT     11
#define ICC_CTLR_SEIS             (1u << 14)
#define ICC_CTLR_A3V              (1u << 15)
#define ICC_CTLR_RSS              (1u << 18)
#define ICC_CTLR_EXTRANGE         (1u << 19)
#define ICC_CTLR_WRITABLE         (ICC_CTLR_CBPR | ICC_CTLR_EOIMODE | ICC_CTLR_PMHE)

#define ICC_SRE_SYSTEM  7u  /* SRE, DFB, DIB (section 12.2.23) */

/* GICD_CTLR with one security state (IHI 0069 section 12.9.4). */
#define GICD_CTLR_ENABLE_GRP0      (1u << 0)
#define GICD_CTLR_ENABLE_GRP1      (1u << 1)
#define GICD_CTLR_ARE              (1u << 4)
#define GICD_CTLR_DS               (1u << 6)
#define GICD_CTLR_RWP              (1u << 31)

/* GICD_TYPER (section 12.9.38) */
#define GICD_TYPER_ESPI            (1u << 8)
#define GICD_TYPER_MBIS            (1u << 16)
#define GICD_TYPER_IDBITS_SHIFT    19
#define GICD_TYPER_A3V             (1u << 24)
#define GICD_TYPER_NO1N            (1u << 25)
#define GICD_TYPER_RSS             (1u << 26)
#define GICD_TYPER_ESPI_RANGE_SHIFT 27

/*
 * GICD_IIDR (section 12.9.17): product 'V', variant 0, implementer Arm, as other models have it;
 * the revision is the VMM's
 */
#define GICD_IIDR_DEFAULT          0x5600043bu
#define GICD_IIDR_REVISION_SHIFT   12
#define GICD_IIDR_REVISION         (0xfu << GICD_IIDR_REVISION_SHIFT)
#define GICD_IIDR_REVISION_LAST    3u   /* doc/attributes.md */

/* GICD_TYPER2 (section 12.9.39): nASSGIcap, VIL, VID */
#define GICD_TYPER2_FIELDS         0x19fu

/* GICD_STATUSR, GICR_STATUSR (sections 12.9.37, 12.11.35) */
#define GIC_STATUSR_RRD            (1u << 0)   /* read of a reserved location */
#define GIC_STATUSR_WRD            (1u << 1)   /* write to one */
#define GIC_STATUSR_RWOD           (1u << 2)   /* read of a write-only location */
#define GIC_STATUSR_WROD           (1u << 3)   /* write to a read-only location */
#define GIC_STATUSR_ALL            0xfu

/* GICR_CTLR (section 12.11.2): bit 24 for Group 0, 25 for Group 1 */
#define GICR_CTLR_RWP              (1u << 3)
#define GICR_CTLR_DPG_SHIFT        24
#define GICR_CTLR_DPG              (3u << GICR_CTLR_DPG_SHIFT)

/* GICR_TYPER (section 12.11.37) */
#define GICR_TYPER_LAST            (UINT64_C(1) << 4)
#define GICR_TYPER_DPGS            (UINT64_C(1) << 5)
#define GICR_TYPER_NUMBER_SHIFT    8
#define GICR_TYPER_PPINUM_SHIFT    27
#define GICR_TYPER_AFFINITY_SHIFT  32

#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)

#endif
