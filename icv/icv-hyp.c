/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The hypervisor's side: ICH_*_EL2 (IHI 0069 section 12.4) and the maintenance interrupt
 *
 * What a bank's registers tell (ICH_VTR, EISR, ELRSR, MISR), and what they keep of what is written:
 * as hardware does, so that software which counts on RES0 bits is found out here.
 */
#include "icv-bank.h"

uint32_t icv_vtr(const struct icv_params *params)
{
        return (icv_n_list_registers(params) - 1) | VGIC_ICH_VTR_TDS | VGIC_ICH_VTR_NV4 |
               (params->ctlr & ICV_CTLR_A3V ? VGIC_ICH_VTR_A3V : 0) |
               (params->ctlr & ICV_CTLR_SEIS ? VGIC_ICH_VTR_SEIS : 0) |
               (params->ctlr & ICV_CTLR_IDBITS) >> ICV_CTLR_IDBITS_SHIFT
               << VGIC_ICH_VTR_IDBITS_SHIFT |
               (icv_n_preemption_bits(params) - 1) << VGIC_ICH_VTR_PREBITS_SHIFT |
               (params->n_priority_bits - 1u) << VGIC_ICH_VTR_PRIBITS_SHIFT;
}

/*
 * ICH_EISR_EL2: the interrupt ended, and its list register asked to be told.
 * With HW bit 41 is part of pINTID.
 */
uint32_t icv_eisr(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        uint32_t status = 0;

        for (unsigned n = 0; n < icv_n_list_registers(params); n++)
                if ((bank->ich_lr[n] & (VGIC_ICH_LR_STATE | VGIC_ICH_LR_HW | VGIC_ICH_LR_EOI)) ==
                    VGIC_ICH_LR_EOI)
                        status |= UINT32_C(1) << n;
        return status;
}

/* ICH_ELRSR_EL2: usable without losing an interrupt or the news of its end. */
uint32_t icv_elrsr(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        uint32_t status = 0;

        for (unsigned n = 0; n < icv_n_list_registers(params); n++)
                if (!(bank->ich_lr[n] & VGIC_ICH_LR_STATE))
                        status |= UINT32_C(1) << n;
        return status & ~icv_eisr(params, bank);
}

/*
 * ICH_MISR_EL2. Pending is State 0b01 only: what is pending and active does not count for NP, but
 * is in use for U.
 */
uint32_t icv_misr(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        static const struct { uint32_t misr; uint64_t hcr, vmcr; bool set; } groups[] = {
                { VGIC_ICH_MISR_VGRP0E, VGIC_ICH_HCR_VGRP0EIE, VGIC_ICH_VMCR_VENG0, true },
                { VGIC_ICH_MISR_VGRP0D, VGIC_ICH_HCR_VGRP0DIE, VGIC_ICH_VMCR_VENG0, false },
                { VGIC_ICH_MISR_VGRP1E, VGIC_ICH_HCR_VGRP1EIE, VGIC_ICH_VMCR_VENG1, true },
                { VGIC_ICH_MISR_VGRP1D, VGIC_ICH_HCR_VGRP1DIE, VGIC_ICH_VMCR_VENG1, false },
        };
        uint32_t misr = icv_eisr(params, bank) ? VGIC_ICH_MISR_EOI : 0;
        unsigned n_valid = 0, n_pending = 0;

        for (unsigned n = 0; n < icv_n_list_registers(params); n++) {
                n_valid += (bank->ich_lr[n] & VGIC_ICH_LR_STATE) != 0;
                n_pending += (bank->ich_lr[n] & VGIC_ICH_LR_STATE) == VGIC_ICH_LR_PENDING;
        }
        if ((bank->ich_hcr & VGIC_ICH_HCR_UIE) && n_valid <= 1)
                misr |= VGIC_ICH_MISR_U;
        if ((bank->ich_hcr & VGIC_ICH_HCR_LRENPIE) && (bank->ich_hcr & VGIC_ICH_HCR_EOICOUNT))
                misr |= VGIC_ICH_MISR_LRENP;
        if ((bank->ich_hcr & VGIC_ICH_HCR_NPIE) && n_pending == 0)
                misr |= VGIC_ICH_MISR_NP;
        for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
                if ((bank->ich_hcr & groups[i].hcr) &&
                    !!(bank->ich_vmcr & groups[i].vmcr) == groups[i].set)
                        misr |= groups[i].misr;
        return misr;
}

/*
 * ICH_HCR_EL2.En: without it no maintenance interrupt is signalled,
 * though ICH_MISR_EL2 tells of them.
 */
bool icv_maintenance(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        return (bank->ich_hcr & VGIC_ICH_HCR_EN) && icv_misr(params, bank);
}

/* ---- What the registers keep of what is written ---- */

/* ICH_LR<n>_EL2: bits that are not implemented are RES0, so is pINTID without HW, but for EOI. */
static uint64_t keep_lr(const struct icv_params *params, uint64_t value)
{
        uint64_t keep = VGIC_ICH_LR_STATE | VGIC_ICH_LR_HW | VGIC_ICH_LR_GROUP1 |
                        icv_intid_mask(params) |
                        (uint64_t)icv_priority_mask(params) << VGIC_ICH_LR_PRIORITY_SHIFT;

        return value & (keep | (value & VGIC_ICH_LR_HW ? VGIC_ICH_LR_PINTID : VGIC_ICH_LR_EOI));
}

/* ICH_HCR_EL2: no SEIs, GICv4.1 or direct injection here. */
static uint64_t keep_hcr(uint64_t value)
{
        return value &
               (VGIC_ICH_HCR_EN | VGIC_ICH_HCR_UIE | VGIC_ICH_HCR_LRENPIE | VGIC_ICH_HCR_NPIE |
                VGIC_ICH_HCR_VGRP0EIE | VGIC_ICH_HCR_VGRP0DIE | VGIC_ICH_HCR_VGRP1EIE |
                VGIC_ICH_HCR_VGRP1DIE | VGIC_ICH_HCR_TC | VGIC_ICH_HCR_TALL0 | VGIC_ICH_HCR_TALL1 |
                VGIC_ICH_HCR_TDIR | VGIC_ICH_HCR_EOICOUNT);
}

/*
 * ICH_VMCR_EL2: a binary point below its minimum sets the minimum, VBPR1 whatever VCBPR says;
 * VFIQEn is RES1, VAckCtl RES0.
 */
static uint64_t keep_vmcr(const struct icv_params *params, uint64_t value)
{
        struct vgic_lr_bank bank = { .ich_vmcr = value };

        return (value & (VGIC_ICH_VMCR_VENG0 | VGIC_ICH_VMCR_VENG1 | VGIC_ICH_VMCR_VCBPR |
                         VGIC_ICH_VMCR_VEOIM |
                         (uint64_t)icv_priority_mask(params) << VGIC_ICH_VMCR_VPMR_SHIFT)) |
               VGIC_ICH_VMCR_VFIQEN |
               (uint64_t)icv_bpr(params, &bank, 0) << VGIC_ICH_VMCR_VBPR0_SHIFT |
               (uint64_t)icv_bpr(params, &bank, 1) << VGIC_ICH_VMCR_VBPR1_SHIFT;
}

/* ---- Access by encoding ---- */

/* A list register that is implemented; NULL: not one. */
static uint64_t *find_lr(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg)
{
        uint32_t n = reg - VGIC_ICH_LR_EL2(0);

        return n < icv_n_list_registers(params) ? &bank->ich_lr[n] : NULL;
}

static uint32_t *find_apr(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg)
{
        if (reg - VGIC_ICH_AP0R_EL2(0) < icv_n_apr(params))
                return &bank->ich_ap0r[reg - VGIC_ICH_AP0R_EL2(0)];
        if (reg - VGIC_ICH_AP1R_EL2(0) < icv_n_apr(params))
                return &bank->ich_ap1r[reg - VGIC_ICH_AP1R_EL2(0)];
        return NULL;
}

enum icv_result icv_hyp_read(const struct icv_params *params, const struct vgic_lr_bank *bank,
                             uint32_t reg, uint64_t *ret_value)
{
        struct vgic_lr_bank copy = *bank;
        const uint64_t *lr = find_lr(params, &copy, reg);
        const uint32_t *apr = find_apr(params, &copy, reg);

        if (lr)
                *ret_value = *lr;
        else if (apr)
                *ret_value = *apr;
        else if (reg == VGIC_ICH_HCR_EL2)
                *ret_value = bank->ich_hcr;
        else if (reg == VGIC_ICH_VMCR_EL2)
                *ret_value = bank->ich_vmcr;
        else if (reg == VGIC_ICH_VTR_EL2)
                *ret_value = icv_vtr(params);
        else if (reg == VGIC_ICH_MISR_EL2)
                *ret_value = icv_misr(params, bank);
        else if (reg == VGIC_ICH_EISR_EL2)
                *ret_value = icv_eisr(params, bank);
        else if (reg == VGIC_ICH_ELRSR_EL2)
                *ret_value = icv_elrsr(params, bank);
        else
                return ICV_UNDEFINED;
        return ICV_DONE;
}

enum icv_result icv_hyp_write(const struct icv_params *params, struct vgic_lr_bank *bank,
                              uint32_t reg, uint64_t value)
{
        uint64_t *lr = find_lr(params, bank, reg);
        uint32_t *apr = find_apr(params, bank, reg);

        if (lr)
                *lr = keep_lr(params, value);
        else if (apr)
                *apr = (uint32_t)value & icv_apr_mask(params);
        else if (reg == VGIC_ICH_HCR_EL2)
                bank->ich_hcr = keep_hcr(value);
        else if (reg == VGIC_ICH_VMCR_EL2)
                bank->ich_vmcr = keep_vmcr(params, value);
        else
                return ICV_UNDEFINED;
        return ICV_DONE;
}

void icv_settle(const struct icv_params *params, struct vgic_lr_bank *bank)
{
        struct vgic_lr_bank from = *bank;

        *bank = (struct vgic_lr_bank){
                .ich_hcr = keep_hcr(from.ich_hcr), .ich_vmcr = keep_vmcr(params, from.ich_vmcr),
        };
        for (unsigned n = 0; n < icv_n_list_registers(params); n++)
                bank->ich_lr[n] = keep_lr(params, from.ich_lr[n]);
        for (unsigned n = 0; n < icv_n_apr(params); n++) {
                bank->ich_ap0r[n] = from.ich_ap0r[n] & icv_apr_mask(params);
                bank->ich_ap1r[n] = from.ich_ap1r[n] & icv_apr_mask(params);
        }
}

void icv_reset(const struct icv_params *params, struct vgic_lr_bank *ret_bank)
{
        *ret_bank = (struct vgic_lr_bank){ .ich_hcr = 0 };
        icv_settle(params, ret_bank);
}
