/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_CPU_H
#define VMM_CPU_H

/*
 * CPU: one vCPU as a Unicorn engine
 */
#include <stdbool.h>
#include <stdint.h>

struct vmm_cpu;

/* Return: 0, or -errno after a complaint. The machine's memory exists; it is scratch for the length of the call. */
int vmm_cpu_open(struct vmm_cpu *cpu);
void vmm_cpu_close(struct vmm_cpu *cpu);

/* Start (again) from reset at an address, with a value in x0; the caller tells the library. */
void vmm_cpu_start(struct vmm_cpu *cpu, uint64_t entry, uint64_t x0);

/* Run until the slice is over or the guest waits. Ends the machine if the guest cannot go on. */
void vmm_cpu_run(struct vmm_cpu *cpu);

/* After anything the guest did that may have raised or lowered its own lines. */
void vmm_cpu_look(struct vmm_cpu *cpu);

uint64_t vmm_cpu_get(const struct vmm_cpu *cpu, int unicorn_register);
void vmm_cpu_set(const struct vmm_cpu *cpu, int unicorn_register, uint64_t value);
/* x0 to x30 by number; 31 reads as zero and ignores writes. */
uint64_t vmm_cpu_get_x(const struct vmm_cpu *cpu, unsigned number);
void vmm_cpu_set_x(const struct vmm_cpu *cpu, unsigned number, uint64_t value);
unsigned vmm_cpu_exception_level(const struct vmm_cpu *cpu);

/* The guest's memory at a virtual address. Return: false if it is not mapped to memory. */
bool vmm_cpu_fetch(const struct vmm_cpu *cpu, uint64_t address, uint32_t *ret_insn);

#endif
