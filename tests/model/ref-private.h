/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REF_PRIVATE_H
#define REF_PRIVATE_H

/*
 * The reference model's state, for ref-*.c only: what the architecture names,
 * one variable for each thing
 */
#include "ref-gic.h"

#define REF_N_SGIS        16
#define REF_N_PRIVATE     32
#define REF_FIRST_EPPI    1056
#define REF_FIRST_ESPI    4096
#define REF_N_INTIDS      5120  /* INTIDs 0..5119; most of them do not exist */
#define REF_SPURIOUS      1023
#define REF_IDLE          0xff  /* running priority of a PE that runs no interrupt */
#define REF_MAX_LEVELS    128   /* preemption levels with 7 preemption bits */

/* One interrupt: of the whole GIC (SPI, ESPI), or of one PE (SGI, PPI, EPPI). Section 4.1.2. */
struct ref_irq {
        bool enabled;
        bool group1;
        bool edge;
        bool latch;            /* pending by an edge, by an SGI, or by software (GICD_ISPENDR<n>) */
        bool line;              /* the wire */
        bool message;           /* the level that GICD_SETSPI_NSR holds */
        bool active;
        uint32_t holder;      /* who acknowledged it; REF_NO_VCPU: it was made active by software */
        uint32_t priority;
        uint64_t route;         /* GICD_IROUTER<n> */
        uint64_t route_res0;    /* its RES0 bits, where they are stored: REF_QUIRK_IROUTER_RES0 */
        uint32_t chosen;        /* 1-of-N: where it is now */
        uint64_t acknowledged;
};

struct ref_pe {
        bool registered, powered, parked;
        /* Redistributor, section 12.11 */
        bool processor_sleep;
        bool dpg[2];            /* GICR_CTLR.DPG0, DPG1NS */
        uint32_t statusr;
        /* CPU interface, section 12.2 */
        uint32_t pmr, bpr[2];
        bool group_enable[2];   /* ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1 */
        bool cbpr, eoi_mode, pmhe;
        bool active_priority[2][REF_MAX_LEVELS]; /* ICC_AP<group>R<n>_EL1, one bit each */
        uint32_t ap_upper[2][4];        /* bits 63:32 of each: RES0, but see REF_QUIRK_AP_SIGN */
        uint64_t acknowledged;
        struct ref_irq private[REF_N_PRIVATE];
        struct ref_irq eppi[64];
};

struct ref_gic {
        struct ref_config config;
        uint32_t quirks;
        bool group_enable[2];   /* GICD_CTLR.EnableGrp0, EnableGrp1 */
        uint32_t statusr;
        uint64_t guest_errors;
        struct ref_irq spi[988];
        struct ref_irq espi[1024];
        struct ref_pe pe[REF_MAX_VCPUS];
};

/* The interrupt, or NULL if there is none of that number. @vcpu: whose, for private ones. */
struct ref_irq *ref_irq(struct ref_gic *gic, uint32_t vcpu, uint32_t intid);
/* the next that exists; REF_N_INTIDS: none */
uint32_t ref_next(const struct ref_gic *gic, uint32_t intid);
bool ref_is_private(uint32_t intid);
bool ref_is_spi(const struct ref_gic *gic, uint32_t intid);
bool ref_pending(const struct ref_irq *irq);
uint32_t ref_target(struct ref_gic *gic, uint32_t vcpu, uint32_t intid);
uint64_t ref_affinity(const struct ref_gic *gic, uint32_t vcpu);

/* Which bits of a priority exist. */
uint32_t ref_priority_bits(const struct ref_gic *gic);
uint32_t ref_preemption_bits(const struct ref_gic *gic);
uint32_t ref_running_priority(struct ref_gic *gic, uint32_t vcpu);
bool ref_can_take(struct ref_gic *gic, uint32_t vcpu, const struct ref_irq *irq);
void ref_reset_cpu_interface(struct ref_gic *gic, uint32_t vcpu);

#endif
