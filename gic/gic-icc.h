/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_ICC_H
#define GIC_ICC_H

/*
 * System registers of the CPU interface as a table: ICC_*_EL1 (IHI 0069 section 12.2)
 *
 * A register is named by its encoding: op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2. Its
 * number here follows from that: a table indexed by it, this one or the handlers of shm/, needs one
 * look and no search.
 */
#include <stdint.h>

#include "gic-reg.h"

#define GIC_ICC_ENCODING(crn, crm, op2)  (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define GIC_ICC_FIRST  GIC_ICC_ENCODING(12u, 8u, 0u)
#define GIC_ICC_PMR    GIC_ICC_ENCODING(4u, 6u, 0u)

/* CRn = 12: (CRm - 8) * 8 + op2. ICC_PMR_EL1, whose CRn is 4, comes last. */
enum gic_icc_id {
        GIC_ICC_IAR0_EL1 = 0,
        GIC_ICC_EOIR0_EL1 = 1,
        GIC_ICC_HPPIR0_EL1 = 2,
        GIC_ICC_BPR0_EL1 = 3,
        GIC_ICC_AP0R0_EL1 = 4,
        GIC_ICC_AP0R1_EL1 = 5,
        GIC_ICC_AP0R2_EL1 = 6,
        GIC_ICC_AP0R3_EL1 = 7,
        GIC_ICC_AP1R0_EL1 = 8,
        GIC_ICC_AP1R1_EL1 = 9,
        GIC_ICC_AP1R2_EL1 = 10,
        GIC_ICC_AP1R3_EL1 = 11,
        GIC_ICC_DIR_EL1 = 25,
        GIC_ICC_RPR_EL1 = 27,
        GIC_ICC_SGI1R_EL1 = 29,
        GIC_ICC_ASGI1R_EL1 = 30,
        GIC_ICC_SGI0R_EL1 = 31,
        GIC_ICC_IAR1_EL1 = 32,
        GIC_ICC_EOIR1_EL1 = 33,
        GIC_ICC_HPPIR1_EL1 = 34,
        GIC_ICC_BPR1_EL1 = 35,
        GIC_ICC_CTLR_EL1 = 36,
        GIC_ICC_SRE_EL1 = 37,
        GIC_ICC_IGRPEN0_EL1 = 38,
        GIC_ICC_IGRPEN1_EL1 = 39,
        GIC_ICC_PMR_EL1 = 40,
        GIC_N_ICCS
};

struct gic_icc_reg {
        const char *name;               /* NULL: no register of the GIC */
        uint32_t encoding;
        /* enum gic_access; reading a WO, writing an RO one is UNDEFINED */
        uint8_t access;
        /* UNDEFINED with fewer active-priority registers per group than this */
        uint8_t n_apr;
        uint64_t reset;                 /* what it reads at reset; or GIC_RESET_CONFIG */
        const char *section;            /* of IHI 0069 */
        const char *why;                /* what is missing or fixed, and why; or NULL */
};

extern const struct gic_icc_reg gic_icc_table[GIC_N_ICCS]; /* by enum gic_icc_id */

/*
 * The number of an encoding; GIC_N_ICCS or more: it cannot be one. A number below that may still
 * have no row.
 */
static inline uint32_t gic_icc_id(uint32_t encoding)
{
        return encoding == GIC_ICC_PMR ? (uint32_t)GIC_ICC_PMR_EL1
               : encoding - GIC_ICC_FIRST < GIC_ICC_PMR_EL1 ? encoding - GIC_ICC_FIRST
                       : (uint32_t)GIC_N_ICCS;
}

#endif
