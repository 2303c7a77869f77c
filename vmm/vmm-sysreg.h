/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_SYSREG_H
#define VMM_SYSREG_H

/*
 * System registers that Unicorn does not have, or has wrong
 */
#include <stdbool.h>
#include <unicorn/unicorn.h>
#include <vgic/vgic.h>

#define VMM_SYSREG(op0, op1, crn, crm, op2)  VGIC_SYSREG(op0, op1, crn, crm, op2)

struct vmm_cpu;

/* Registers that Unicorn knows: hook them. */
uc_err vmm_sysreg_hook(struct vmm_cpu *cpu);

/*
 * Registers that it does not know: called at an undefined instruction. Return: true if it was an
 * MRS or MSR that is done now; false: let the guest have its exception.
 */
bool vmm_sysreg_emulate(struct vmm_cpu *cpu);

#endif
