/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "icv-program.h"

#include <stddef.h>

#define N_LRS  4u

const uint32_t icv_dump[ICV_N_DUMP] = {
        VGIC_ICH_LR_EL2(0), VGIC_ICH_LR_EL2(1), VGIC_ICH_LR_EL2(2), VGIC_ICH_LR_EL2(3),
        VGIC_ICH_AP0R_EL2(0), VGIC_ICH_AP1R_EL2(0), VGIC_ICH_HCR_EL2, VGIC_ICH_VMCR_EL2,
        VGIC_ICH_MISR_EL2, VGIC_ICH_EISR_EL2, VGIC_ICH_ELRSR_EL2,
};

/* QEMU's machine, and its choices: 24 bits of INTID, A3V. */
static const struct icv_params qemu = {
        .n_list_registers = N_LRS, .n_priority_bits = 5, .ties = ICV_TIE_FIRST,
        .ctlr = 1 << 15 | 1 << 11,
        .choices = ICV_CHOICE_EOI_ANY_GROUP | ICV_CHOICE_EOI_CHECKS_LR | ICV_CHOICE_EOI_COUNTS,
};

struct generator {
        uint64_t state;
        struct vgic_lr_bank bank;
        struct icv_counts *counts;
};

static uint32_t roll(struct generator *g, uint32_t n)
{
        g->state = g->state * UINT64_C(6364136223846793005) + 1442695040888963407;
        return (uint32_t)(g->state >> 33) % n;
}

/* ---- The hypervisor ---- */

/* An INTID that no list register has: two with one are UNPREDICTABLE. */
static uint32_t new_intid(struct generator *g)
{
        for (;;) {
                uint32_t intid = roll(g, 12) == 0 ? (roll(g, 2) ? 1016 + roll(g, 8) : roll(g, 1020))
                                                  : roll(g, 48);
                bool used = false;

                for (unsigned n = 0; n < N_LRS; n++)
                        used |= (uint32_t)g->bank.ich_lr[n] == intid;
                if (!used)
                        return intid;
        }
}

static uint64_t new_lr(struct generator *g)
{
        uint64_t state = roll(g, 8) < 5 ? 1 : roll(g, 4);
        uint64_t priority = roll(g, 3) ? roll(g, 6) * 0x20 + 0x20 : roll(g, 256);
        uint64_t lr = state << 62 | (uint64_t)roll(g, 2) << 60 | priority << 48 | new_intid(g);

        if (roll(g, 6) == 0)
                return lr | VGIC_ICH_LR_HW | (uint64_t)(32 + roll(g, 200)) << 32;
        return roll(g, 3) ? lr : lr | VGIC_ICH_LR_EOI;
}

static uint64_t new_hcr(struct generator *g)
{
        uint64_t hcr = roll(g, 16) ? VGIC_ICH_HCR_EN : 0;

        hcr |= roll(g, 2) ? roll(g, 128) << 1 : 0;
        if (roll(g, 4) == 0)
                hcr |= roll(g, 3) ? VGIC_ICH_HCR_TDIR
                                  : (uint64_t)roll(g, 32) << 10 & ~VGIC_ICH_HCR_TSEI;
        return hcr |
               (roll(g, 3) ? g->bank.ich_hcr & VGIC_ICH_HCR_EOICOUNT : (uint64_t)roll(g, 32) << 27);
}

static uint64_t new_vmcr(struct generator *g)
{
        return (uint64_t)(roll(g, 3) ? 0xf8 : roll(g, 32) << 3) << 24 |
               (uint64_t)(roll(g, 3) ? 0 : roll(g, 8)) << 21 |
               (uint64_t)(roll(g, 3) ? 0 : roll(g, 8)) << 18 | (uint64_t)roll(g, 2) << 9 |
               (roll(g, 4) ? 0 : 1 << 4) | VGIC_ICH_VMCR_VFIQEN | (roll(g, 5) ? 3 : roll(g, 4));
}

static uint64_t new_apr(struct generator *g)
{
        return roll(g, 2) ? 0 : UINT64_C(1) << roll(g, 32) | UINT64_C(1) << roll(g, 32);
}

static void hypervise(struct generator *g, struct icv_step *step)
{
        unsigned n = roll(g, N_LRS);

        step->kind = ICV_STEP_HYP;
        for (unsigned i = 0; i < N_LRS && roll(g, 8) && (g->bank.ich_lr[n] & VGIC_ICH_LR_STATE);
             i++)
                n = (n + 1) % N_LRS;
        switch (roll(g, 10)) {
        case 0:
                step->reg = VGIC_ICH_HCR_EL2;
                step->value = new_hcr(g);
                break;
        case 1:
                step->reg = VGIC_ICH_VMCR_EL2;
                step->value = new_vmcr(g);
                break;
        case 2: /* the line of what is active is high */
                step->reg = VGIC_ICH_LR_EL2(n);
                step->value = g->bank.ich_lr[n] | VGIC_ICH_LR_PENDING;
                break;
        case 3:
                step->reg = roll(g, 4)   ? VGIC_ICH_LR_EL2(n)
                            : roll(g, 2) ? VGIC_ICH_AP0R_EL2(0)
                                         : VGIC_ICH_AP1R_EL2(0);
                step->value = step->reg == VGIC_ICH_LR_EL2(n) ? 0 : new_apr(g);
                break;
        default:
                step->reg = VGIC_ICH_LR_EL2(n);
                step->value = new_lr(g);
        }
}

/* ---- The guest ---- */

static uint32_t some_intid(struct generator *g)
{
        uint32_t any = roll(g, 8);

        if (any == 0)
                return 1020 + roll(g, 4);
        return any < 6 ? (uint32_t)g->bank.ich_lr[roll(g, N_LRS)]
                       : roll(g, 1024) | roll(g, 256) << 24;
}

/* The one whose priority runs, if a list register has it. */
static void end(struct generator *g, struct icv_step *step)
{
        uint64_t rpr = 0;
        struct vgic_lr_bank copy = g->bank;
        unsigned group = roll(g, 2);
        uint32_t intid = some_intid(g);

        copy.ich_hcr = 0;
        icv_read(&qemu, &copy, VGIC_ICC_RPR_EL1, &rpr);
        if (roll(g, 8) && rpr != 0xff) {
                group = !(copy.ich_ap0r[0] >> (rpr >> 3) & 1);
                for (unsigned n = 0; n < N_LRS; n++)
                        if ((copy.ich_lr[n] & VGIC_ICH_LR_ACTIVE) &&
                            !!(copy.ich_lr[n] & VGIC_ICH_LR_GROUP1) == group &&
                            (copy.ich_lr[n] >> 48 & 0xff) >= rpr)
                                intid = (uint32_t)copy.ich_lr[n];
        }
        step->reg = group ? VGIC_ICC_EOIR1_EL1 : VGIC_ICC_EOIR0_EL1;
        step->value = intid;
}

static void guest_write(struct generator *g, struct icv_step *step)
{
        static const uint32_t others[] = {
                VGIC_ICC_PMR_EL1, VGIC_ICC_BPR0_EL1, VGIC_ICC_BPR1_EL1, VGIC_ICC_CTLR_EL1,
                VGIC_ICC_IGRPEN0_EL1, VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_AP0R_EL1(0),
                VGIC_ICC_AP1R_EL1(0), VGIC_ICC_AP0R_EL1(1), VGIC_ICC_SGI1R_EL1, VGIC_ICC_SGI0R_EL1,
                VGIC_ICC_ASGI1R_EL1, VGIC_ICC_RPR_EL1, VGIC_ICC_IAR0_EL1,
        };

        step->kind = ICV_STEP_WRITE;
        if (roll(g, 4)) {
                step->reg = VGIC_ICC_DIR_EL1;
                step->value = some_intid(g);
                if (roll(g, 3))
                        end(g, step);
                return;
        }
        step->reg = others[roll(g, sizeof(others) / sizeof(others[0]))];
        step->value = roll(g, 256);
        if (step->reg == VGIC_ICC_PMR_EL1)
                step->value |= roll(g, 4) ? 0xe0 : roll(g, 4) ? 0 : 0xf00;
        else if (step->reg == VGIC_ICC_BPR0_EL1 || step->reg == VGIC_ICC_BPR1_EL1)
                step->value &= roll(g, 2) ? 7 : 3;
        else if (step->reg == VGIC_ICC_IGRPEN0_EL1 || step->reg == VGIC_ICC_IGRPEN1_EL1)
                step->value = roll(g, 4) != 0;
        else if (step->reg == VGIC_ICC_AP0R_EL1(0) || step->reg == VGIC_ICC_AP1R_EL1(0))
                step->value = new_apr(g);
}

static void guest_read(struct generator *g, struct icv_step *step)
{
        static const uint32_t others[] = {
                VGIC_ICC_PMR_EL1, VGIC_ICC_BPR0_EL1, VGIC_ICC_BPR1_EL1, VGIC_ICC_CTLR_EL1,
                VGIC_ICC_IGRPEN0_EL1, VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_AP0R_EL1(0),
                VGIC_ICC_AP1R_EL1(0), VGIC_ICC_AP1R_EL1(1), VGIC_ICC_RPR_EL1, VGIC_ICC_HPPIR0_EL1,
                VGIC_ICC_HPPIR1_EL1, VGIC_ICC_SRE_EL1, VGIC_ICC_DIR_EL1,
        };
        unsigned lines = icv_lines(&qemu, &g->bank);

        step->kind = ICV_STEP_READ;
        if (lines && roll(g, 8))
                step->reg = lines & VGIC_LINE_IRQ ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1;
        else if (roll(g, 3) == 0)
                step->reg = roll(g, 2) ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1;
        else
                step->reg = others[roll(g, sizeof(others) / sizeof(others[0]))];
}

/* ---- Steps on the model ---- */

static unsigned eoicount(const struct vgic_lr_bank *bank)
{
        return bank->ich_hcr >> 27 & 31;
}

static void count(struct generator *g, const struct icv_step *step,
                  const struct vgic_lr_bank *before)
{
        bool ended = false;

        for (unsigned n = 0; n < N_LRS; n++)
                ended |= before->ich_lr[n] & ~g->bank.ich_lr[n] & VGIC_ICH_LR_ACTIVE;
        g->counts->trapped += step->result == ICV_TRAPPED;
        g->counts->maintained += step->maintenance && !icv_maintenance(&qemu, before);
        if (step->kind == ICV_STEP_HYP || step->result != ICV_DONE)
                return;
        g->counts->counted += eoicount(&g->bank) != eoicount(before);
        g->counts->ended += ended;
        g->counts->deactivated += ended && step->reg == VGIC_ICC_DIR_EL1;
        if ((step->reg == VGIC_ICC_IAR0_EL1 || step->reg == VGIC_ICC_IAR1_EL1) &&
            step->read != 1023) {
                g->counts->acknowledged++;
                g->counts->nested += (before->ich_ap0r[0] | before->ich_ap1r[0]) != 0;
        }
}

/* What QEMU 7.2 makes of ICH_MISR_EL2 (doc/qemu-differences.md, "Virtual CPU interface"). */
static uint32_t qemu_misr(struct generator *g, const struct vgic_lr_bank *bank)
{
        uint32_t misr = icv_misr(&qemu, bank), right = misr;

        misr &= ~VGIC_ICH_MISR_VGRP0D;
        if ((bank->ich_hcr & VGIC_ICH_HCR_VGRP0DIE) && !(bank->ich_vmcr & VGIC_ICH_VMCR_VENG1))
                misr |= VGIC_ICH_MISR_VGRP0D;
        g->counts->quirk_vgrp0d += misr != right;
        return misr;
}

static void perform(struct generator *g, struct icv_step *step)
{
        struct vgic_lr_bank before = g->bank;

        if (step->kind == ICV_STEP_READ)
                step->result = icv_read(&qemu, &g->bank, step->reg, &step->read);
        else if (step->kind == ICV_STEP_WRITE)
                step->result = icv_write(&qemu, &g->bank, step->reg, step->value);
        else
                step->result = icv_hyp_write(&qemu, &g->bank, step->reg, step->value);
        step->lines = icv_lines(&qemu, &g->bank);
        for (unsigned i = 0; i < ICV_N_DUMP; i++)
                icv_hyp_read(&qemu, &g->bank, icv_dump[i], &step->dump[i]);
        step->dump[ICV_DUMP_MISR] = qemu_misr(g, &g->bank);
        step->maintenance = (g->bank.ich_hcr & VGIC_ICH_HCR_EN) && step->dump[ICV_DUMP_MISR];
        count(g, step, &before);
}

void icv_program_generate(uint64_t seed, struct icv_step *steps, unsigned n,
                          struct icv_counts *counts)
{
        struct generator g = { .state = seed * UINT64_C(0x9e3779b97f4a7c15), .counts = counts };

        icv_reset(&qemu, &g.bank);
        for (unsigned i = 0; i < n; i++) {
                struct icv_step *step = &steps[i];

                *step = (struct icv_step){ .kind = ICV_STEP_HYP, .known = i >= 7 };
                if (i < 8) { /* what the program before left */
                        step->reg = icv_dump[7 - i];
                        step->value = i == 0 ? 0xf8000003 : i == 1 ? 1 : 0;
                } else if (roll(&g, 3) == 0) {
                        hypervise(&g, step);
                } else if (roll(&g, 2)) {
                        guest_read(&g, step);
                } else {
                        guest_write(&g, step);
                }
                perform(&g, step);
        }
}

const char *icv_step_name(uint32_t reg)
{
        static const struct { uint32_t reg; const char *name; } names[] = {
                { VGIC_ICH_LR_EL2(0), "ICH_LR0" }, { VGIC_ICH_LR_EL2(1), "ICH_LR1" },
                { VGIC_ICH_LR_EL2(2), "ICH_LR2" },
                { VGIC_ICH_LR_EL2(3), "ICH_LR3" }, { VGIC_ICH_AP0R_EL2(0), "ICH_AP0R0" },
                { VGIC_ICH_AP1R_EL2(0), "ICH_AP1R0" }, { VGIC_ICH_HCR_EL2, "ICH_HCR" },
                { VGIC_ICH_VMCR_EL2, "ICH_VMCR" },
                { VGIC_ICH_MISR_EL2, "ICH_MISR" },
                { VGIC_ICH_EISR_EL2, "ICH_EISR" }, { VGIC_ICH_ELRSR_EL2, "ICH_ELRSR" },
                { VGIC_ICC_PMR_EL1, "PMR" },
                { VGIC_ICC_BPR0_EL1, "BPR0" }, { VGIC_ICC_BPR1_EL1, "BPR1" },
                { VGIC_ICC_CTLR_EL1, "CTLR" },
                { VGIC_ICC_IGRPEN0_EL1, "IGRPEN0" }, { VGIC_ICC_IGRPEN1_EL1, "IGRPEN1" },
                { VGIC_ICC_AP0R_EL1(0), "AP0R0" }, { VGIC_ICC_AP1R_EL1(0), "AP1R0" },
                { VGIC_ICC_AP0R_EL1(1), "AP0R1" },
                { VGIC_ICC_AP1R_EL1(1), "AP1R1" },
                { VGIC_ICC_RPR_EL1, "RPR" }, { VGIC_ICC_HPPIR0_EL1, "HPPIR0" },
                { VGIC_ICC_HPPIR1_EL1, "HPPIR1" },
                { VGIC_ICC_SRE_EL1, "SRE" }, { VGIC_ICC_DIR_EL1, "DIR" },
                { VGIC_ICC_EOIR0_EL1, "EOIR0" },
                { VGIC_ICC_EOIR1_EL1, "EOIR1" }, { VGIC_ICC_IAR0_EL1, "IAR0" },
                { VGIC_ICC_IAR1_EL1, "IAR1" },
                { VGIC_ICC_SGI0R_EL1, "SGI0R" }, { VGIC_ICC_SGI1R_EL1, "SGI1R" },
                { VGIC_ICC_ASGI1R_EL1, "ASGI1R" },
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (names[i].reg == reg)
                        return names[i].name;
        return "?";
}
