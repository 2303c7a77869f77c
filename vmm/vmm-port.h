/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_PORT_H
#define VMM_PORT_H

/*
 * Port: the GIC's CPU interface of one vCPU, as this machine has it
 *
 * What    --cpu-interface=trap: each ICC_*_EL1 access goes to the library. --cpu-interface=lr: the
 *         vCPU has list registers; the library fills them when the guest is entered and folds them
 *         when it is left, and in between the guest's accesses work on them,
 *         as hardware would have it (icv/).
 */
#include <stdbool.h>
#include <stdint.h>
#include <vgic/vgic.h>

#include "icv.h"

struct vmm_cpu;
struct vmm_machine;

struct vmm_port {
        bool in_guest;          /* the bank is the vCPU's; else the library's words are */
        bool kicked;            /* the library wants it out of the guest */
        struct icv_params params;
        struct vgic_lr_bank bank;
        uint64_t n_taken, n_exits, n_maintenance, n_kicks, n_dir_traps;
};

/* Register the vCPU at the library. Return: 0 or its error. */
int vmm_port_open(struct vmm_cpu *cpu);

/*
 * Bracket all that changes the vCPU from outside of the guest. With trapped accesses, and when it
 * is so already: nothing.
 */
void vmm_port_leave(struct vmm_cpu *cpu);
void vmm_port_leave_all(struct vmm_machine *machine);
void vmm_port_enter(struct vmm_cpu *cpu);

/*
 * What hardware would now interrupt the guest for, at the hypervisor: a maintenance interrupt,
 * or a kick.
 */
void vmm_port_serve(struct vmm_cpu *cpu);

/* The lines that the guest's CPU sees: VGIC_LINE_*. */
unsigned vmm_port_lines(struct vmm_cpu *cpu);

/* After anything the guest did that may have raised or lowered its own lines. */
void vmm_port_look(struct vmm_cpu *cpu);

/*
 * The guest's MRS and MSR; attention.lines are those after it. Return: false if it is no such
 * register of the GIC.
 */
bool vmm_port_read(struct vmm_cpu *cpu, uint32_t reg, uint64_t *ret_value);
bool vmm_port_write(struct vmm_cpu *cpu, uint32_t reg, uint64_t value);

void vmm_port_print_stats(const struct vmm_cpu *cpu);

#endif
