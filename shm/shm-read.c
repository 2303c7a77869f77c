/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-read.h"

#include <errno.h>

#include "gic-word.h"
#include "shm-cpuif.h"

/* CTLR-A1: pairs with CTLR-R1 and CTLR-R2. */
static uint32_t vcpu_or_none(uint32_t vcpu)
{
        return vcpu == GIC_NO_VCPU ? UINT32_MAX : vcpu;
}

static uint64_t sum_of_counts(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        uint64_t sum = 0;

        if (gic_intid_is_private(intid))
                return atomic_load_explicit(shm_gic_counter(gic, vcpu, intid), memory_order_relaxed);
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                sum += atomic_load_explicit(shm_gic_counter(gic, i, intid), memory_order_relaxed);
        return sum;
}

int shm_read_irq(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, struct shm_irq_state *ret_state)
{
        const _Atomic uint64_t *word = shm_gic_word(gic, vcpu, intid);
        uint64_t w;

        if (!word)
                return -EINVAL;
        w = atomic_load_explicit(word, memory_order_acquire);
        *ret_state = (struct shm_irq_state) {
                .intid = intid,
                /* A 1-of-N interrupt has a target while it waits for it. */
                .vcpu = (w & GIC_WORD_IRM) && !gic_word_wanting(w) ? UINT32_MAX : vcpu_or_none(gic_word_route(w)),
                .one_of_n = w & GIC_WORD_IRM,
                .holder = (w & GIC_WORD_ACTIVE) ? vcpu_or_none(gic_word_holder(w)) : UINT32_MAX,
                .enabled = w & GIC_WORD_ENABLE,
                .pending = gic_word_pending(w),
                .active = w & GIC_WORD_ACTIVE,
                .edge = w & GIC_WORD_EDGE_CFG,
                .line = w & (GIC_WORD_WIRES | GIC_WORD_MESSAGE),
                .latch = w & (GIC_WORD_LATCH | GIC_WORD_EDGE),
                .group = (uint8_t)gic_word_group(w),
                .priority = gic_word_priority(w),
                .acknowledged = sum_of_counts(gic, vcpu, intid),
        };
        return 0;
}

int shm_read_vcpu(const struct shm_gic *gic, uint32_t vcpu, struct shm_vcpu_state *ret_state)
{
        const struct shm_vcpu *self;
        uint64_t cpuif;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        self = &gic->vcpus[vcpu];
        cpuif = atomic_load_explicit(&self->cpuif, memory_order_acquire);
        *ret_state = (struct shm_vcpu_state) {
                .powered = cpuif & SHM_CPUIF_POWERED,
                .asleep = cpuif & SHM_CPUIF_ASLEEP,
                .parked = atomic_load_explicit(&self->park, memory_order_relaxed) == SHM_PARK_PARKED,
                .affinity = self->affinity,
                .owner_pid = atomic_load_explicit(&self->owner_pid, memory_order_relaxed),
                .pmr = (uint8_t)(cpuif >> SHM_CPUIF_PMR_SHIFT),
                .running_priority = (cpuif & SHM_CPUIF_STALE) ? GIC_PRIORITY_IDLE : shm_cpuif_running_priority(gic, vcpu),
                .group_enables = (uint8_t)(cpuif >> SHM_CPUIF_GRPEN_SHIFT & 3),
                .acknowledged = atomic_load_explicit(&self->counters.acknowledged, memory_order_relaxed),
                .parks = atomic_load_explicit(&self->counters.parks, memory_order_relaxed),
                .resets = atomic_load_explicit(&self->counters.resets, memory_order_acquire),
        };
        return 0;
}

int shm_read_count(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t *ret_count)
{
        if (vcpu >= gic->n_vcpus || !shm_gic_word(gic, vcpu, intid))
                return -EINVAL;
        *ret_count = atomic_load_explicit(shm_gic_counter(gic, vcpu, intid), memory_order_relaxed);
        return 0;
}

uint64_t shm_read_guest_errors(const struct shm_gic *gic)
{
        return atomic_load_explicit(&gic->header->guest_errors, memory_order_relaxed);
}
