/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_TIMER_H
#define VMM_TIMER_H

/*
 * Timers: the generic timer of one vCPU
 *
 * What    The EL1 virtual and physical timers. The counter is Unicorn's own (CLOCK_MONOTONIC / 16),
 *         which the guest reads natively; only the timers' registers are ours.
 */
#include <stdbool.h>
#include <stdint.h>

#define VMM_COUNTER_NS   16 /* nanoseconds per tick */
#define VMM_COUNTER_HZ   (1000000000 / VMM_COUNTER_NS)

#define VMM_PPI_VTIMER   27
#define VMM_PPI_PTIMER   30

struct vmm_cpu;

enum vmm_timer_kind { VMM_TIMER_VIRTUAL, VMM_TIMER_PHYSICAL, VMM_N_TIMERS };
enum vmm_timer_reg { VMM_TIMER_TVAL, VMM_TIMER_CTL, VMM_TIMER_CVAL };

struct vmm_timer {
        uint64_t compare;
        bool enabled, masked;
        bool line;              /* as told to the library last */
};

uint64_t vmm_now_ns(void);

void vmm_timer_reset(struct vmm_cpu *cpu);
uint64_t vmm_timer_read(struct vmm_cpu *cpu, enum vmm_timer_kind kind, enum vmm_timer_reg reg);
void vmm_timer_write(struct vmm_cpu *cpu, enum vmm_timer_kind kind, enum vmm_timer_reg reg,
                     uint64_t value);

/* Bring the lines up to date. */
void vmm_timer_update(struct vmm_cpu *cpu);

/* When a line that is low will rise, on CLOCK_MONOTONIC; VGIC_NO_DEADLINE if never. */
uint64_t vmm_timer_deadline_ns(const struct vmm_cpu *cpu);

#endif
