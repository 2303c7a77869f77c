/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ICV_H
#define ICV_H

/*
 * The virtual CPU interface: what hardware does with list registers
 *
 * What    The other side of <vgic/vgic-lr.h>, for CPU models and tests: the guest's accesses to
 *         ICC_*_EL1, which HCR_EL2.IMO and FMO make accesses to ICV_*_EL1 (IHI 0069 section 12.3),
 *         on a bank; the interrupts it signals to the guest; its traps and maintenance interrupts
 *         (ICH_*_EL2, section 12.4; chapter 6, virtual interrupt handling, and its pseudocode).
 * Pure    A function changes the bank it is given and nothing else: no atomics, no allocation, no
 *         system call.
 * Threads A bank is for one thread at a time.
 * Trust   A bank may hold anything: RES0 bits are not looked at, binary points below the minimum
 *         count as the minimum.
 * Limits  One security state, system registers only (ICC_SRE_EL1.SRE is 1), no NMIs, no direct
 *         injection (GICv4), no SEIs. There are no physical interrupts: ICH_LR<n>_EL2.HW makes a
 *         list register behave as the architecture says of the virtual interrupt, and the
 *         deactivation of the physical one is dropped.
 *
 * The architecture leaves some answers open. A hypervisor has to live with each, so that the model
 * can give each: enum icv_tie and ICV_CHOICE_*. All zero is what a guest sees of a vCPU whose
 * accesses are trapped (libvgic's trap port).
 */
#include <stdbool.h>
#include <stdint.h>

#include <vgic/vgic-lr.h>

/* Of pending interrupts of one priority which is the highest (IMPLEMENTATION DEFINED). */
enum icv_tie {
        ICV_TIE_INTID,          /* the lowest virtual INTID */
        ICV_TIE_FIRST,  /* the one in the lowest list register, as the pseudocode's loop finds it */
        ICV_TIE_LAST,           /* in the highest */
};

/*
 * EOIR<g> while the highest active priority is of the other group (UNPREDICTABLE: no IAR<g> was the
 * most recent): it is dropped all the same. Else the write is ignored.
 */
#define ICV_CHOICE_EOI_ANY_GROUP   (1u << 0)
/*
 * EOIR<g> ends only a list register of group g and of the priority that was dropped (UNPREDICTABLE
 * otherwise).
 */
#define ICV_CHOICE_EOI_CHECKS_LR   (1u << 1)
/*
 * EOIR<g> without an active priority to drop goes on all the same: it deactivates a list register
 * (UNPREDICTABLE), or increments EOIcount (CONSTRAINED UNPREDICTABLE: ICH_HCR_EL2.EOIcount). Else
 * it is ignored.
 */
#define ICV_CHOICE_EOI_UNDROPPED   (1u << 2)
/*
 * The list register of an LPI is active until its EOI, in either EOI mode.
 * Else acknowledging empties it.
 */
#define ICV_CHOICE_LPI_ACTIVE      (1u << 3)
/* A pending interrupt of priority 0xff is not seen by HPPIR<g>; nothing can signal it anyway. */
#define ICV_CHOICE_FF_IS_IDLE      (1u << 4)
/*
 * EOIR<g> that finds no list register increments EOIcount with EOI mode 1 too (not permitted;
 * QEMU does it).
 */
#define ICV_CHOICE_EOI_COUNTS      (1u << 5)

struct icv_params {
        uint8_t n_list_registers;       /* 1..16 */
        /*
         * 4..8. An implementation has 5..8. 4 is for VMs that libvgic gives 4: then ICH_VTR_EL2
         * tells 4, and the guest has the 16 levels that it would have on a trap port.
         */
        uint8_t n_priority_bits;
        /*
         * 4..7, not more than n_priority_bits; 0 or more than that: as many as can be, for 8
         * priority bits 7. An implementation has 5..7: the 8-bit priority's bit 0 is never part of
         * the group priority.
         */
        uint8_t n_preemption_bits;
        enum icv_tie ties;
        uint32_t choices;               /* ICV_CHOICE_* */
        uint32_t ctlr;             /* of ICV_CTLR_EL1 the fields IDbits, SEIS, A3V, RSS, ExtRange */
};

/* What became of an access. */
enum icv_result {
        ICV_DONE = 0,
        /* to EL2, and nothing was done: ICH_HCR_EL2.TC, TALL0, TALL1, TDIR; SGIs always */
        ICV_TRAPPED,
        ICV_UNDEFINED,          /* no such register, or not to be read (written) */
};

/**
 * icv_read(), icv_write() - the guest's MRS, MSR of @reg, a VGIC_ICC_*.
 * Reading IAR<g> acknowledges.
 */
enum icv_result icv_read(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg,
                         uint64_t *ret_value);
enum icv_result icv_write(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg,
                          uint64_t value);

/** icv_lines() - which virtual interrupts are signalled: VGIC_LINE_*. */
unsigned icv_lines(const struct icv_params *params, const struct vgic_lr_bank *bank);

/** icv_maintenance() - whether the maintenance interrupt, a level, is asserted. */
bool icv_maintenance(const struct icv_params *params, const struct vgic_lr_bank *bank);

/* ICH_VTR_EL2, ICH_MISR_EL2, ICH_EISR_EL2, ICH_ELRSR_EL2 */
uint32_t icv_vtr(const struct icv_params *params);
uint32_t icv_misr(const struct icv_params *params, const struct vgic_lr_bank *bank);
uint32_t icv_eisr(const struct icv_params *params, const struct vgic_lr_bank *bank);
uint32_t icv_elrsr(const struct icv_params *params, const struct vgic_lr_bank *bank);

/** icv_reset() - a bank that holds nothing: EN is 0, binary points at their minima, all else 0. */
void icv_reset(const struct icv_params *params, struct vgic_lr_bank *ret_bank);

/**
 * icv_hyp_read(), icv_hyp_write() - the hypervisor's MRS, MSR of @reg, a VGIC_ICH_*: kept as
 * hardware keeps it.
 */
enum icv_result icv_hyp_read(const struct icv_params *params, const struct vgic_lr_bank *bank,
                             uint32_t reg, uint64_t *ret_value);
enum icv_result icv_hyp_write(const struct icv_params *params, struct vgic_lr_bank *bank,
                              uint32_t reg, uint64_t value);

/**
 * icv_settle() - write a whole bank as the hypervisor would: each register through icv_hyp_write().
 */
void icv_settle(const struct icv_params *params, struct vgic_lr_bank *bank);

#endif
