/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_ENGINE_H
#define VMM_ENGINE_H

/*
 * Engine: one vCPU as a Unicorn engine: made, run for a slice, its exceptions taken
 *
 * What    Everything that the guest can do comes through here and goes on to PSCI, the system
 *         registers or the map; those know a vCPU's registers (vmm-cpu.h), and no engine.
 */
struct vmm_cpu;

/*
 * Return: 0, or -errno after a complaint. The machine's memory exists; it is scratch for the length
 * of the call.
 */
int vmm_engine_open(struct vmm_cpu *cpu);
void vmm_engine_close(struct vmm_cpu *cpu);

/* Run until the slice is over or the guest waits. Ends the machine if the guest cannot go on. */
void vmm_engine_run(struct vmm_cpu *cpu);

#endif
