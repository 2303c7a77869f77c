/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_MAP_H
#define VMM_MAP_H

/*
 * Map: what a vCPU's engine finds at each address
 */
#include <unicorn/unicorn.h>

struct vmm_cpu;

uc_err vmm_map_all(struct vmm_cpu *cpu);

/* Once everything is mapped. */
uc_err vmm_map_hook(struct vmm_cpu *cpu);

#endif
