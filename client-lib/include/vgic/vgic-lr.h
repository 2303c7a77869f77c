/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_LR_H
#define VGIC_LR_H

/**
 * libvgic: list registers, in the formats of the architecture
 *
 * What a hypervisor programs before a vCPU runs and reads when it has run: ICH_LR<n>_EL2,
 * ICH_AP0R<n>_EL2, ICH_AP1R<n>_EL2, ICH_VMCR_EL2, ICH_HCR_EL2 (IHI 0069 section 12.4), and what the
 * virtual CPU interface tells of them: ICH_VTR_EL2, ICH_MISR_EL2, ICH_EISR_EL2, ICH_ELRSR_EL2.
 * Names, positions and meanings are the architecture's. Registers are named by their encoding, as
 * in <vgic/vgic-vcpu.h>.
 */
#include <stdint.h>

#include <vgic/vgic-vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define VGIC_MAX_LIST_REGISTERS  16

/** What a virtual CPU interface holds of one vCPU: the registers of EL2, by name. */
struct vgic_lr_bank {
        uint64_t ich_lr[VGIC_MAX_LIST_REGISTERS]; /* those behind the last implemented one are 0 */
        uint32_t ich_ap0r[4];           /* 1, 2 or 4 of them, for 5, 6 or 7 preemption bits */
        uint32_t ich_ap1r[4];
        uint64_t ich_vmcr;
        uint64_t ich_hcr;
};

#define VGIC_ICH_AP0R_EL2(n)  VGIC_SYSREG(3, 4, 12, 8, (n))
#define VGIC_ICH_AP1R_EL2(n)  VGIC_SYSREG(3, 4, 12, 9, (n))
#define VGIC_ICH_HCR_EL2      VGIC_SYSREG(3, 4, 12, 11, 0)
#define VGIC_ICH_VTR_EL2      VGIC_SYSREG(3, 4, 12, 11, 1)
#define VGIC_ICH_MISR_EL2     VGIC_SYSREG(3, 4, 12, 11, 2)
#define VGIC_ICH_EISR_EL2     VGIC_SYSREG(3, 4, 12, 11, 3)
#define VGIC_ICH_ELRSR_EL2    VGIC_SYSREG(3, 4, 12, 11, 5)
#define VGIC_ICH_VMCR_EL2     VGIC_SYSREG(3, 4, 12, 11, 7)
#define VGIC_ICH_LR_EL2(n)    VGIC_SYSREG(3, 4, 12, 12 + (n) / 8, (n) % 8)

/*
 * ICH_LR<n>_EL2. pINTID counts while HW is 1: then the deactivation of the virtual interrupt
 * deactivates that physical one. While HW is 0 its bit 41 is EOI: a maintenance interrupt when the
 * virtual interrupt is deactivated.
 */
#define VGIC_ICH_LR_VINTID         UINT64_C(0xffffffff)
#define VGIC_ICH_LR_PINTID_SHIFT   32
#define VGIC_ICH_LR_PINTID         (UINT64_C(0x1fff) << 32)
#define VGIC_ICH_LR_EOI            (UINT64_C(1) << 41)
#define VGIC_ICH_LR_PRIORITY_SHIFT 48
#define VGIC_ICH_LR_PRIORITY       (UINT64_C(0xff) << 48)
#define VGIC_ICH_LR_NMI            (UINT64_C(1) << 59)  /* FEAT_GICv3_NMI; else RES0 */
#define VGIC_ICH_LR_GROUP1         (UINT64_C(1) << 60)  /* Group: 1, or 0 */
#define VGIC_ICH_LR_HW             (UINT64_C(1) << 61)
#define VGIC_ICH_LR_STATE_SHIFT    62
#define VGIC_ICH_LR_STATE          (UINT64_C(3) << 62)  /* 0: inactive, the register is free */
#define VGIC_ICH_LR_PENDING        (UINT64_C(1) << 62)
#define VGIC_ICH_LR_ACTIVE         (UINT64_C(1) << 63)  /* with PENDING: pending and active */

/* ICH_HCR_EL2 */
#define VGIC_ICH_HCR_EN            (UINT64_C(1) << 0)
/* maintenance: fewer than two list registers in use */
#define VGIC_ICH_HCR_UIE           (UINT64_C(1) << 1)
#define VGIC_ICH_HCR_LRENPIE       (UINT64_C(1) << 2)   /* EOIcount is not 0 */
#define VGIC_ICH_HCR_NPIE          (UINT64_C(1) << 3)   /* none is pending */
#define VGIC_ICH_HCR_VGRP0EIE      (UINT64_C(1) << 4)   /* the guest has Group 0 enabled */
#define VGIC_ICH_HCR_VGRP0DIE      (UINT64_C(1) << 5)   /* disabled */
#define VGIC_ICH_HCR_VGRP1EIE      (UINT64_C(1) << 6)
#define VGIC_ICH_HCR_VGRP1DIE      (UINT64_C(1) << 7)
#define VGIC_ICH_HCR_VSGIEOICOUNT  (UINT64_C(1) << 8)   /* GICv4.1; else RES0 */
/* trap what both groups share: CTLR, DIR, PMR, RPR, SGIs */
#define VGIC_ICH_HCR_TC            (UINT64_C(1) << 10)
#define VGIC_ICH_HCR_TALL0         (UINT64_C(1) << 11)  /* trap the registers of Group 0 */
#define VGIC_ICH_HCR_TALL1         (UINT64_C(1) << 12)
#define VGIC_ICH_HCR_TSEI          (UINT64_C(1) << 13)  /* RES0 where ICH_VTR_EL2.SEIS is 0 */
#define VGIC_ICH_HCR_TDIR          (UINT64_C(1) << 14)  /* trap ICC_DIR_EL1 */
#define VGIC_ICH_HCR_DVIM          (UINT64_C(1) << 15)  /* RES0 where ICH_VTR_EL2.DVIM is 0 */
#define VGIC_ICH_HCR_EOICOUNT_SHIFT 27
/* deactivations that found no list register, modulo 32 */
#define VGIC_ICH_HCR_EOICOUNT      (UINT64_C(0x1f) << 27)

/*
 * ICH_VMCR_EL2: aliases of what the guest sees in ICC_IGRPEN<n>_EL1, ICC_CTLR_EL1,
 * ICC_BPR<n>_EL1, ICC_PMR_EL1
 */
#define VGIC_ICH_VMCR_VENG0        (UINT64_C(1) << 0)
#define VGIC_ICH_VMCR_VENG1        (UINT64_C(1) << 1)
#define VGIC_ICH_VMCR_VACKCTL      (UINT64_C(1) << 2)   /* RES0 where ICC_SRE_EL1.SRE is always 1 */
#define VGIC_ICH_VMCR_VFIQEN       (UINT64_C(1) << 3)   /* RES1 there: Group 0 is FIQ */
#define VGIC_ICH_VMCR_VCBPR        (UINT64_C(1) << 4)
#define VGIC_ICH_VMCR_VEOIM        (UINT64_C(1) << 9)
#define VGIC_ICH_VMCR_VBPR1_SHIFT  18
#define VGIC_ICH_VMCR_VBPR1        (UINT64_C(7) << 18)
#define VGIC_ICH_VMCR_VBPR0_SHIFT  21
#define VGIC_ICH_VMCR_VBPR0        (UINT64_C(7) << 21)
#define VGIC_ICH_VMCR_VPMR_SHIFT   24
#define VGIC_ICH_VMCR_VPMR         (UINT64_C(0xff) << 24)

/*
 * ICH_MISR_EL2: which maintenance interrupts are asserted; ICH_EISR_EL2,
 * ICH_ELRSR_EL2: one bit per list register
 */
#define VGIC_ICH_MISR_EOI          (UINT32_C(1) << 0)
#define VGIC_ICH_MISR_U            (UINT32_C(1) << 1)
#define VGIC_ICH_MISR_LRENP        (UINT32_C(1) << 2)
#define VGIC_ICH_MISR_NP           (UINT32_C(1) << 3)
#define VGIC_ICH_MISR_VGRP0E       (UINT32_C(1) << 4)
#define VGIC_ICH_MISR_VGRP0D       (UINT32_C(1) << 5)
#define VGIC_ICH_MISR_VGRP1E       (UINT32_C(1) << 6)
#define VGIC_ICH_MISR_VGRP1D       (UINT32_C(1) << 7)

/* ICH_VTR_EL2: numbers are one less than what they count */
#define VGIC_ICH_VTR_LISTREGS      UINT32_C(0x1f)
#define VGIC_ICH_VTR_DVIM          (UINT32_C(1) << 18)
#define VGIC_ICH_VTR_TDS           (UINT32_C(1) << 19)  /* there is ICH_HCR_EL2.TDIR */
#define VGIC_ICH_VTR_NV4           (UINT32_C(1) << 20)  /* no direct injection */
#define VGIC_ICH_VTR_A3V           (UINT32_C(1) << 21)
#define VGIC_ICH_VTR_SEIS          (UINT32_C(1) << 22)
#define VGIC_ICH_VTR_IDBITS_SHIFT  23
#define VGIC_ICH_VTR_IDBITS        (UINT32_C(7) << 23)  /* 0: 16 bits of INTID, 1: 24 */
#define VGIC_ICH_VTR_PREBITS_SHIFT 26
#define VGIC_ICH_VTR_PREBITS       (UINT32_C(7) << 26)
#define VGIC_ICH_VTR_PRIBITS_SHIFT 29
#define VGIC_ICH_VTR_PRIBITS       (UINT32_C(7) << 29)

/**
 * A list-register port is a vCPU that was registered with list registers (struct
 * vgic_vcpu_options). Its CPU model runs the virtual CPU interface on a bank; it calls
 * vgic_lr_enter() before guest code runs and vgic_lr_exit() after.
 *
 * Between the two the guest's ICC_*_EL1 accesses work on the bank, without the library, but for
 * what ICH_HCR_EL2 traps (TDIR, TALL0, TALL1) and for ICC_SGI*R_EL1. To complete one of those:
 * exit, vgic_vcpu_sysreg_read() or vgic_vcpu_sysreg_write(), enter. The same after a
 * maintenance interrupt, and whenever the vCPU is kicked or its doorbell is readable: the exit
 * empties the doorbell. While it is out, everything of <vgic/vgic-vcpu.h> works as for a trap port:
 * parking, resets, lines.
 *
 * The bank that vgic_lr_enter() was given stays valid, at its address, until vgic_lr_exit() was
 * called. The library never writes it in between, and reads it only if the thread that called
 * vgic_lr_enter() itself asks for the state of an interrupt (vgic_gicd_read(), vgic_gicr_read(),
 * an attribute, vgic_vm_irq_state()): no guest code of that vCPU runs then, and what it took or
 * ended in a list register is answered from there. A host on hardware that has not read its list
 * registers back yet gets the answer as of the entry; vgic_irq_state.stale says so.
 *
 * Interrupts of one VM may be taken through either kind of port, and a guest cannot tell which it
 * has, but that what happens in a list register is seen from other vCPUs when it is folded: who
 * asks for it makes the vCPU leave the guest soon.
 */

/**
 * vgic_lr_enter() - fill a bank: the pending interrupts of the highest priorities, then active
 * ones, as many as there are list registers; with ICH_VMCR_EL2,
 * ICH_AP*R and ICH_HCR_EL2 to go with them
 *
 * ICH_HCR_EL2 asks for a maintenance interrupt where there is more than could be listed (NPIE, UIE,
 * LRENPIE, and VGrp<g>DIE of the groups behind which something waits), where an enable of the
 * guest's would make something deliverable (VGrp<g>EIE), where a disable has to send a 1-of-N
 * interrupt elsewhere (VGrp<g>DIE), and for TDIR while an SPI is in flight, or an interrupt of this
 * vCPU is active outside of the list registers. A list register asks for one (EOI) if what it has
 * may be pending again at its end.
 *
 * It traps the registers of both groups (TALL0, TALL1) while the guest may end an interrupt of
 * which only the write of ICC_EOIR<n>_EL1 tells the INTID: after a restore, or when somebody else
 * has deactivated what it runs a handler of; with EOImode 1 also while the vCPU runs a handler and
 * holds more than it has list registers for, or holds another interrupt whose priority it has
 * dropped. The host completes such an access as any that traps (above): IAR, EOIR, HPPIR, BPR,
 * AP<n>R, IGRPEN of either group. Only a guest that keeps to EOImode 0, and that nobody restored
 * and nobody interferes with, never traps so: a host has to complete these.
 *
 * @ret_bank: has to stay valid, at this address, until vgic_lr_exit() or vgic_vcpu_unregister().
 *         The thread that is in guest cannot wait for its own fold, and yet has to be told what its
 *         guest did: a Linux guest that waits until a handler has ended (synchronize_irq) reads
 *         GICD_ISACTIVER<n>, and the host has left the guest for that access. A host that keeps
 *         list registers elsewhere (in hardware, or in a structure of its own) gives a bank that
 *         lives as long as the vCPU, and may leave it as it was filled: it is answered as of the
 *         entry, and told so. A bank on the stack of a function that returns before the exit is an
 *         error: the library would read what is there then.
 *
 * Return: 0; -EOPNOTSUPP a trap port: register the vCPU with list_registers; -EBUSY it is in guest:
 *         vgic_lr_exit() first; -EINVAL an argument is NULL, or the vCPU is not registered (any
 *         more).
 * Threads: vcpu.  System calls: none, but a doorbell write to who waits for this vCPU to trap
 * ICC_DIR_EL1, and to those for whom this one waits.
 */
int vgic_lr_enter(struct vgic_vcpu *vcpu, struct vgic_lr_bank *ret_bank);

/**
 * vgic_lr_exit() - fold the bank (that of the entry, or a copy) as the guest left it: with
 * ICH_HCR_EL2.EOIcount. An entry of another INTID than was listed counts as unchanged.
 *
 * To be called after each exit, before what the guest exited for is done: while it is in guest
 * GICD_CTLR.RWP, GICR_CTLR.RWP and GICR_WAKER.ChildrenAsleep say that it may still take what is
 * listed.
 *
 * A bank may hold anything: what is RES0 or cannot be is not looked at, and the VM that it belongs
 * to gets what it says.
 *
 * Return: 0; -EOPNOTSUPP a trap port; -EINVAL it is not in guest, an argument is NULL, or the vCPU
 *         is not registered (any more): nothing was folded.
 * Threads: vcpu.  System calls: none, but a read if its own doorbell was rung, and doorbell writes
 * to vCPUs that have something new to look at.
 */
int vgic_lr_exit(struct vgic_vcpu *vcpu, const struct vgic_lr_bank *bank);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
