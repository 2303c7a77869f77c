/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_CPU_H
#define VMM_CPU_H

/*
 * CPU: the registers and the memory of one vCPU, for those who do what its guest asked for
 *
 * Threads The one thread; the engine is stopped, or in a hook.
 */
#include <stdbool.h>
#include <stdint.h>

struct vmm_cpu;

/* Start (again) from reset at an address, with a value in x0; the caller tells the library. */
void vmm_cpu_start(struct vmm_cpu *cpu, uint64_t entry, uint64_t x0);

uint64_t vmm_cpu_get(const struct vmm_cpu *cpu, int unicorn_register);
void vmm_cpu_set(const struct vmm_cpu *cpu, int unicorn_register, uint64_t value);
/* x0 to x30 by number; 31 reads as zero and ignores writes. */
uint64_t vmm_cpu_get_x(const struct vmm_cpu *cpu, unsigned number);
void vmm_cpu_set_x(const struct vmm_cpu *cpu, unsigned number, uint64_t value);
unsigned vmm_cpu_exception_level(const struct vmm_cpu *cpu);

/* The guest's memory at a virtual address. Return: false if it is not mapped to memory. */
bool vmm_cpu_fetch(const struct vmm_cpu *cpu, uint64_t address, uint32_t *ret_insn);

#endif
