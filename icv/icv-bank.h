/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ICV_BANK_H
#define ICV_BANK_H

/*
 * What the parts of icv/ share: shape, fields of a bank as the hardware reads them, and the four
 * operations on list registers
 */
#include "icv.h"

#define ICV_PRIORITY_IDLE   0xffu
#define ICV_INTID_SPURIOUS  1023u
#define ICV_INTID_LPI       8192u

/* ICV_CTLR_EL1 */
#define ICV_CTLR_CBPR           UINT32_C(1)
#define ICV_CTLR_EOIMODE        UINT32_C(2)
#define ICV_CTLR_PRIBITS_SHIFT  8
#define ICV_CTLR_IDBITS_SHIFT   11
#define ICV_CTLR_IDBITS         (UINT32_C(7) << 11)
#define ICV_CTLR_SEIS           (UINT32_C(1) << 14)
#define ICV_CTLR_A3V            (UINT32_C(1) << 15)
#define ICV_CTLR_RSS            (UINT32_C(1) << 18)
#define ICV_CTLR_EXTRANGE       (UINT32_C(1) << 19)

static inline unsigned icv_n_list_registers(const struct icv_params *params)
{
        return params->n_list_registers < VGIC_MAX_LIST_REGISTERS ? params->n_list_registers
                                                                  : VGIC_MAX_LIST_REGISTERS;
}

static inline unsigned icv_n_preemption_bits(const struct icv_params *params)
{
        unsigned most = params->n_priority_bits < 7 ? params->n_priority_bits : 7;

        return params->n_preemption_bits && params->n_preemption_bits < most
               ? params->n_preemption_bits : most;
}

/* ICH_AP0R<n>_EL2: registers per group, and the bits of each. */
static inline unsigned icv_n_apr(const struct icv_params *params)
{
        unsigned n = icv_n_preemption_bits(params);

        return n > 5 ? 1u << (n - 5) : 1;
}

static inline uint32_t icv_apr_mask(const struct icv_params *params)
{
        return icv_n_preemption_bits(params) < 5 ? UINT32_C(0xffff) : UINT32_MAX;
}

/* Implemented bits of a priority are the high ones. */
static inline unsigned icv_priority_mask(const struct icv_params *params)
{
        return 0xff00u >> params->n_priority_bits & 0xff;
}

static inline uint32_t icv_intid_mask(const struct icv_params *params)
{
        return params->ctlr & ICV_CTLR_IDBITS ? UINT32_C(0xffffff) : UINT32_C(0xffff);
}

static inline unsigned icv_min_bpr(const struct icv_params *params, unsigned group)
{
        return 7 - icv_n_preemption_bits(params) + group;
}

/* ICH_VMCR_EL2.VBPR<group>, never below its minimum. */
static inline unsigned icv_bpr(const struct icv_params *params, const struct vgic_lr_bank *bank,
                               unsigned group)
{
        unsigned shift = group ? VGIC_ICH_VMCR_VBPR1_SHIFT : VGIC_ICH_VMCR_VBPR0_SHIFT;
        unsigned value = bank->ich_vmcr >> shift & 7;

        return value > icv_min_bpr(params, group) ? value : icv_min_bpr(params, group);
}

static inline bool icv_intid_is_special(uint32_t intid)
{
        return intid >= 1020 && intid <= 1023;
}

/* ICV_HPPIR<group>: 1023, or an INTID. */
uint32_t icv_bank_pending(const struct icv_params *params, const struct vgic_lr_bank *bank,
                          unsigned group);

/* Group of the interrupt that is signalled now; -1: none. */
int icv_bank_signalled(const struct icv_params *params, const struct vgic_lr_bank *bank);

/* ICV_RPR */
unsigned icv_bank_running(const struct icv_params *params, const struct vgic_lr_bank *bank);

uint32_t icv_bank_acknowledge(const struct icv_params *params, struct vgic_lr_bank *bank,
                              unsigned group);
void icv_bank_eoi(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group,
                  uint32_t intid);
void icv_bank_deactivate(const struct icv_params *params, struct vgic_lr_bank *bank,
                         uint32_t intid);

#endif
