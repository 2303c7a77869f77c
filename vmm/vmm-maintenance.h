/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_MAINTENANCE_H
#define VMM_MAINTENANCE_H

/*
 * Maintenance: TLB and instruction-cache instructions that concern more than the engine
 * that runs them
 */
#include <unicorn/unicorn.h>

struct vmm_cpu;

uc_err vmm_maintenance_hook(struct vmm_cpu *cpu);

#endif
