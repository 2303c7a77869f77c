/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "icv-bank.h"

#include <stddef.h>

/*
 * The guest's side: ICV_*_EL1 as a table, one row per register,
 * and the traps (IHI 0069 section 12.3)
 */
struct icv_register {
        uint32_t reg;
        uint64_t traps;         /* bits of ICH_HCR_EL2, any of which traps it; UINT64_MAX: always */
        uint64_t (*read)(const struct icv_params *params, struct vgic_lr_bank *bank,
                         unsigned argument);
        void (*write)(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned argument,
                      uint64_t value);
        unsigned argument;      /* group, or group << 2 | n of ICV_AP<group>R<n>_EL1 */
};

static uint64_t read_iar(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group)
{
        return icv_bank_acknowledge(params, bank, group);
}

static void write_eoir(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group,
                       uint64_t value)
{
        icv_bank_eoi(params, bank, group, (uint32_t)value & icv_intid_mask(params));
}

static uint64_t read_hppir(const struct icv_params *params, struct vgic_lr_bank *bank,
                           unsigned group)
{
        return icv_bank_pending(params, bank, group);
}

static void write_dir(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned unused,
                      uint64_t value)
{
        (void)unused;
        icv_bank_deactivate(params, bank, (uint32_t)value & icv_intid_mask(params));
}

static uint64_t read_rpr(const struct icv_params *params, struct vgic_lr_bank *bank,
                         unsigned unused)
{
        (void)unused;
        return icv_bank_running(params, bank);
}

static uint64_t read_pmr(const struct icv_params *params, struct vgic_lr_bank *bank,
                         unsigned unused)
{
        (void)unused;
        return bank->ich_vmcr >> VGIC_ICH_VMCR_VPMR_SHIFT & icv_priority_mask(params);
}

/* ICV_PMR_EL1: unimplemented bits are RAZ/WI. */
static void write_pmr(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned unused,
                      uint64_t value)
{
        (void)unused;
        bank->ich_vmcr = (bank->ich_vmcr & ~VGIC_ICH_VMCR_VPMR) |
                         (value & icv_priority_mask(params)) << VGIC_ICH_VMCR_VPMR_SHIFT;
}

/* ICV_BPR1_EL1: with CBPR it reads as ICV_BPR0_EL1 plus one, at most 7. */
static uint64_t read_bpr(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group)
{
        unsigned bpr0 = icv_bpr(params, bank, 0);

        if (group && (bank->ich_vmcr & VGIC_ICH_VMCR_VCBPR))
                return bpr0 < 7 ? bpr0 + 1 : 7;
        return icv_bpr(params, bank, group);
}

/* A value below the minimum sets the minimum; with CBPR a write to ICV_BPR1_EL1 is ignored. */
static void write_bpr(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group,
                      uint64_t value)
{
        uint64_t field = group ? VGIC_ICH_VMCR_VBPR1 : VGIC_ICH_VMCR_VBPR0;
        unsigned shift = group ? VGIC_ICH_VMCR_VBPR1_SHIFT : VGIC_ICH_VMCR_VBPR0_SHIFT;
        unsigned minimum = icv_min_bpr(params, group);

        if (group && (bank->ich_vmcr & VGIC_ICH_VMCR_VCBPR))
                return;
        value &= 7;
        bank->ich_vmcr = (bank->ich_vmcr & ~field) | (value > minimum ? value : minimum) << shift;
}

/* ICV_CTLR_EL1: there is no PMHE in it. */
static uint64_t read_ctlr(const struct icv_params *params, struct vgic_lr_bank *bank,
                          unsigned unused)
{
        (void)unused;
        return (bank->ich_vmcr & VGIC_ICH_VMCR_VCBPR ? ICV_CTLR_CBPR : 0) |
               (bank->ich_vmcr & VGIC_ICH_VMCR_VEOIM ? ICV_CTLR_EOIMODE : 0) |
               (params->n_priority_bits - 1u) << ICV_CTLR_PRIBITS_SHIFT |
               (params->ctlr & (ICV_CTLR_IDBITS | ICV_CTLR_SEIS | ICV_CTLR_A3V | ICV_CTLR_RSS |
                                ICV_CTLR_EXTRANGE));
}

static void write_ctlr(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned unused,
                       uint64_t value)
{
        (void)params;
        (void)unused;
        bank->ich_vmcr = (bank->ich_vmcr & ~(VGIC_ICH_VMCR_VCBPR | VGIC_ICH_VMCR_VEOIM)) |
                         (value & ICV_CTLR_CBPR ? VGIC_ICH_VMCR_VCBPR : 0) |
                         (value & ICV_CTLR_EOIMODE ? VGIC_ICH_VMCR_VEOIM : 0);
}

static uint64_t read_igrpen(const struct icv_params *params, struct vgic_lr_bank *bank,
                            unsigned group)
{
        (void)params;
        return bank->ich_vmcr >> group & 1;
}

static void write_igrpen(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group,
                         uint64_t value)
{
        uint64_t bit = group ? VGIC_ICH_VMCR_VENG1 : VGIC_ICH_VMCR_VENG0;

        (void)params;
        bank->ich_vmcr = value & 1 ? bank->ich_vmcr | bit : bank->ich_vmcr & ~bit;
}

static uint64_t read_apr(const struct icv_params *params, struct vgic_lr_bank *bank,
                         unsigned argument)
{
        return (argument >> 2 ? bank->ich_ap1r : bank->ich_ap0r)[argument & 3] &
               icv_apr_mask(params);
}

static void write_apr(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned argument,
                      uint64_t value)
{
        (argument >> 2 ? bank->ich_ap1r : bank->ich_ap0r)[argument & 3] =
                (uint32_t)value & icv_apr_mask(params);
}

/* ICC_SRE_EL1 has no virtual counterpart: SRE, DFB and DIB are RAO/WI. */
static uint64_t read_sre(const struct icv_params *params, struct vgic_lr_bank *bank,
                         unsigned unused)
{
        (void)params;
        (void)bank;
        (void)unused;
        return 7;
}

static void write_ignored(const struct icv_params *params, struct vgic_lr_bank *bank,
                          unsigned unused, uint64_t value)
{
        (void)params;
        (void)bank;
        (void)unused;
        (void)value;
}

#define T0  VGIC_ICH_HCR_TALL0
#define T1  VGIC_ICH_HCR_TALL1
#define TC  VGIC_ICH_HCR_TC
#define AP(group, n)  ((group) << 2 | (n))

/*
 * 12.4, ICH_HCR_EL2: TALL<g> covers the registers of group g, TC those of both, TDIR one of these.
 * SGIs always trap.
 */
static const struct icv_register registers[] = {
        { VGIC_ICC_PMR_EL1, TC, read_pmr, write_pmr, 0 },
        { VGIC_ICC_IAR0_EL1, T0, read_iar, NULL, 0 },
        { VGIC_ICC_EOIR0_EL1, T0, NULL, write_eoir, 0 },
        { VGIC_ICC_HPPIR0_EL1, T0, read_hppir, NULL, 0 },
        { VGIC_ICC_BPR0_EL1, T0, read_bpr, write_bpr, 0 },
        { VGIC_ICC_AP0R_EL1(0), T0, read_apr, write_apr, AP(0, 0) },
        { VGIC_ICC_AP0R_EL1(1), T0, read_apr, write_apr, AP(0, 1) },
        { VGIC_ICC_AP0R_EL1(2), T0, read_apr, write_apr, AP(0, 2) },
        { VGIC_ICC_AP0R_EL1(3), T0, read_apr, write_apr, AP(0, 3) },
        { VGIC_ICC_AP1R_EL1(0), T1, read_apr, write_apr, AP(1, 0) },
        { VGIC_ICC_AP1R_EL1(1), T1, read_apr, write_apr, AP(1, 1) },
        { VGIC_ICC_AP1R_EL1(2), T1, read_apr, write_apr, AP(1, 2) },
        { VGIC_ICC_AP1R_EL1(3), T1, read_apr, write_apr, AP(1, 3) },
        { VGIC_ICC_DIR_EL1, TC | VGIC_ICH_HCR_TDIR, NULL, write_dir, 0 },
        { VGIC_ICC_RPR_EL1, TC, read_rpr, NULL, 0 },
        { VGIC_ICC_SGI1R_EL1, UINT64_MAX, NULL, write_ignored, 0 },
        { VGIC_ICC_ASGI1R_EL1, UINT64_MAX, NULL, write_ignored, 0 },
        { VGIC_ICC_SGI0R_EL1, UINT64_MAX, NULL, write_ignored, 0 },
        { VGIC_ICC_IAR1_EL1, T1, read_iar, NULL, 1 },
        { VGIC_ICC_EOIR1_EL1, T1, NULL, write_eoir, 1 },
        { VGIC_ICC_HPPIR1_EL1, T1, read_hppir, NULL, 1 },
        { VGIC_ICC_BPR1_EL1, T1, read_bpr, write_bpr, 1 },
        { VGIC_ICC_CTLR_EL1, TC, read_ctlr, write_ctlr, 0 },
        { VGIC_ICC_SRE_EL1, 0, read_sre, write_ignored, 0 },
        { VGIC_ICC_IGRPEN0_EL1, T0, read_igrpen, write_igrpen, 0 },
        { VGIC_ICC_IGRPEN1_EL1, T1, read_igrpen, write_igrpen, 1 },
};

/* NULL: UNDEFINED, as are active-priority registers beyond the implemented preemption levels. */
static const struct icv_register *find(const struct icv_params *params, uint32_t reg)
{
        for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
                if (registers[i].reg == reg)
                        return registers[i].read != read_apr ||
                               (registers[i].argument & 3) < icv_n_apr(params)
                               ? &registers[i] : NULL;
        return NULL;
}

static bool trapped(const struct icv_register *r, const struct vgic_lr_bank *bank)
{
        return r->traps == UINT64_MAX || (bank->ich_hcr & r->traps);
}

enum icv_result icv_read(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg,
                         uint64_t *ret_value)
{
        const struct icv_register *r = find(params, reg);

        if (!r || !r->read)
                return ICV_UNDEFINED;
        if (trapped(r, bank))
                return ICV_TRAPPED;
        *ret_value = r->read(params, bank, r->argument);
        return ICV_DONE;
}

enum icv_result icv_write(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t reg,
                          uint64_t value)
{
        const struct icv_register *r = find(params, reg);

        if (!r || !r->write)
                return ICV_UNDEFINED;
        if (trapped(r, bank))
                return ICV_TRAPPED;
        r->write(params, bank, r->argument, value);
        return ICV_DONE;
}

/* Group 0 is FIQ, Group 1 IRQ (ICH_VMCR_EL2.VFIQEn is RES1). */
unsigned icv_lines(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        int group = icv_bank_signalled(params, bank);

        return group < 0 ? 0 : group ? VGIC_LINE_IRQ : VGIC_LINE_FIQ;
}
