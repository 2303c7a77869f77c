/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_MAP_H
#define VMM_MAP_H

/*
 * Map: what a vCPU's engine finds at each address
 */
#include <stdbool.h>
#include <unicorn/unicorn.h>

struct vmm_cpu;
struct vmm_machine;

uc_err vmm_map_all(struct vmm_cpu *cpu);

/* Whether neither memory nor a device is at that physical address. */
bool vmm_map_is_hole(const struct vmm_machine *machine, uint64_t address);

/* Once everything is mapped. */
uc_err vmm_map_hook(struct vmm_cpu *cpu);

#endif
