/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_PSCI_H
#define VMM_PSCI_H

/*
 * PSCI 1.1: the firmware interface by which the guest turns vCPUs and the machine on and off
 */
struct vmm_cpu;

/* The guest executed HVC or SMC: serve the call and put the result into x0. */
void vmm_psci_call(struct vmm_cpu *cpu);

#endif
