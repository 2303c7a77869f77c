/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Timers: the generic timer of one vCPU
 *
 * What    Three views of one compare value, an enable and a mask (Arm ARM D11.2). The line is a
 *         level: it is recomputed at the start of each slice, after each write, and before CTL is
 *         read, so that ISTATUS never says what the line does not; and told to the library only
 *         when it changes.
 */
#include "vmm-timer.h"

#include <time.h>
#include <vgic/vgic.h>

#include "vmm-machine.h"

#define CTL_ENABLE   (1u << 0)
#define CTL_IMASK    (1u << 1)
#define CTL_ISTATUS  (1u << 2)

static const uint32_t timer_intid[VMM_N_TIMERS] = {
        [VMM_TIMER_VIRTUAL] = VMM_PPI_VTIMER,
        [VMM_TIMER_PHYSICAL] = VMM_PPI_PTIMER,
};

uint64_t vmm_now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t counter(void)
{
        return vmm_now_ns() / VMM_COUNTER_NS;
}

/*
 * Only a change is told to the library, which keeps the level: this runs before each turn of a
 * vCPU.
 */
static void set_line(struct vmm_cpu *cpu, enum vmm_timer_kind kind, bool line)
{
        if (cpu->timers[kind].line == line)
                return;
        cpu->timers[kind].line = line;
        if (line)
                vgic_ppi_assert(cpu->machine->vm, cpu->index, timer_intid[kind]);
        else
                vgic_ppi_deassert(cpu->machine->vm, cpu->index, timer_intid[kind]);
}

static bool is_due(const struct vmm_timer *timer, uint64_t now)
{
        return timer->enabled && !timer->masked && now >= timer->compare;
}

void vmm_timer_update(struct vmm_cpu *cpu)
{
        uint64_t now = counter();

        for (unsigned kind = 0; kind < VMM_N_TIMERS; kind++) {
                set_line(cpu, kind, is_due(&cpu->timers[kind], now));
        }
}

void vmm_timer_reset(struct vmm_cpu *cpu)
{
        for (unsigned kind = 0; kind < VMM_N_TIMERS; kind++) {
                set_line(cpu, kind, false);
                cpu->timers[kind] = (struct vmm_timer){ 0 };
        }
}

/* TVAL is what is left until CVAL, as a signed 32-bit number. ISTATUS does not depend on IMASK. */
uint64_t vmm_timer_read(struct vmm_cpu *cpu, enum vmm_timer_kind kind, enum vmm_timer_reg reg)
{
        const struct vmm_timer *timer = &cpu->timers[kind];
        uint64_t now = counter();

        switch (reg) {
        case VMM_TIMER_TVAL:
                return (uint32_t)(timer->compare - now);
        case VMM_TIMER_CTL:
                set_line(cpu, kind, is_due(timer, now)); /* what ISTATUS says has happened */
                return (timer->enabled ? CTL_ENABLE : 0) | (timer->masked ? CTL_IMASK : 0) |
                       (timer->enabled && now >= timer->compare ? CTL_ISTATUS : 0);
        default:
                return timer->compare;
        }
}

/* TVAL is sign-extended: a negative one is due at once (Arm ARM D11.2). */
void vmm_timer_write(struct vmm_cpu *cpu, enum vmm_timer_kind kind, enum vmm_timer_reg reg,
                     uint64_t value)
{
        struct vmm_timer *timer = &cpu->timers[kind];

        switch (reg) {
        case VMM_TIMER_TVAL:
                timer->compare = counter() + (uint64_t)(int64_t)(int32_t)value;
                break;
        case VMM_TIMER_CTL:
                timer->enabled = value & CTL_ENABLE;
                timer->masked = value & CTL_IMASK;
                break;
        default:
                timer->compare = value;
                break;
        }
        vmm_timer_update(cpu);
}

/*
 * A line that is high needs no deadline: whom it can wake, it has woken. A compare value whose time
 * in ns would not fit into 64 bits never comes.
 */
uint64_t vmm_timer_deadline_ns(const struct vmm_cpu *cpu)
{
        uint64_t earliest = VGIC_NO_DEADLINE;

        for (unsigned kind = 0; kind < VMM_N_TIMERS; kind++) {
                const struct vmm_timer *timer = &cpu->timers[kind];

                if (!timer->enabled || timer->masked || timer->line)
                        continue;
                if (timer->compare < earliest / VMM_COUNTER_NS)
                        earliest = timer->compare * VMM_COUNTER_NS;
        }
        return earliest;
}
