/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-read.h"

#include <errno.h>

#include "gic-word.h"
#include "shm-cpuif-admit.h"
#include "shm-fold.h"

static uint32_t vcpu_or_none(uint32_t vcpu)
{
        return vcpu == GIC_NO_VCPU ? UINT32_MAX : vcpu;
}

/* Each vCPU counts what it acknowledges by itself, so that no two write one counter. */
static uint64_t sum_of_counts(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        uint64_t sum = 0;

        if (gic_intid_is_private(intid))
                return shm_load(shm_gic_counter(gic, vcpu, intid), COUNT_X1);
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                sum += shm_load(shm_gic_counter(gic, i, intid), COUNT_X1);
        return sum;
}

/*
 * What one value of a word says, for people and tools. @w was loaded once: all of it is of a
 * moment.
 */
static struct shm_irq_state state_of(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                                     uint64_t w)
{
        return (struct shm_irq_state) {
                .intid = intid,
                /* A 1-of-N interrupt has a target while it waits for it. */
                .vcpu = (w & GIC_WORD_IRM) && !gic_word_wanting(w) ? UINT32_MAX
                        : vcpu_or_none(gic_word_route(w)),
                .holder = (w & GIC_WORD_ACTIVE) ? vcpu_or_none(gic_word_holder(w)) : UINT32_MAX,
                .enabled = w & GIC_WORD_ENABLE,
                .pending = gic_word_pending(w),
                .active = w & GIC_WORD_ACTIVE,
                .edge = w & GIC_WORD_EDGE_CFG,
                .line = w & (GIC_WORD_WIRES | GIC_WORD_MESSAGE),
                .latch = w & (GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_LISTED),
                .one_of_n = w & GIC_WORD_IRM,
                .stale = w & GIC_WORD_RESIDENT,
                .group = (uint8_t)gic_word_group(w),
                .priority = gic_word_priority(w),
                .acknowledged = sum_of_counts(gic, vcpu, intid),
        };
}

int shm_read_irq(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                 struct shm_irq_state *ret_state)
{
        const shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);

        if (!word)
                return -EINVAL;
        *ret_state = state_of(gic, vcpu, intid, shm_load(word, READ_A1));
        return 0;
}

int shm_read_irq_folded(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        struct shm_irq_state *ret_state)
{
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        struct shm_fold fold;
        bool folded;
        uint64_t w;

        if (!word)
                return -EINVAL;
        fold.n = 0;
        if (gic->writable)
                shm_fold_note(gic, &fold, word, intid);
        folded = shm_fold_ask(gic, &fold);
        w = shm_load(word, READ_A1);
        (void)shm_fold_own(gic, &w, intid);
        *ret_state = state_of(gic, vcpu, intid, w);
        if (fold.n && folded)
                ret_state->stale = false; /* listed again, as of a moment in this call */
        return 0;
}

/* Of several moments: each value is loaded once, and none depends on another. */
int shm_read_vcpu(const struct shm_gic *gic, uint32_t vcpu, struct shm_vcpu_state *ret_state)
{
        const struct shm_vcpu *self;
        uint64_t cpuif;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        self = &gic->vcpus[vcpu];
        cpuif = shm_load(&self->cpuif, READ_A2);
        *ret_state = (struct shm_vcpu_state) {
                .powered = cpuif & SHM_CPUIF_POWERED,
                .parked = shm_load(&self->park, PARK_X1) == SHM_PARK_PARKED,
                .asleep = cpuif & SHM_CPUIF_ASLEEP,
                .affinity = self->affinity,
                .owner_pid = shm_load(&self->owner_pid, OWNER_X1),
                .pmr = (uint8_t)(cpuif >> SHM_CPUIF_PMR_SHIFT),
                .running_priority = (cpuif & SHM_CPUIF_STALE) ? GIC_PRIORITY_IDLE
                : shm_cpuif_running_priority(gic, vcpu),
                .group_enables = (uint8_t)(cpuif >> SHM_CPUIF_GRPEN_SHIFT & 3),
                .acknowledged = shm_load(&self->counters.acknowledged, COUNT_X1),
                .parks = shm_load(&self->counters.parks, COUNT_X1),
                .resets = shm_load(&self->counters.resets, COUNT_A1),
        };
        return 0;
}

int shm_read_count(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t *ret_count)
{
        if (vcpu >= gic->n_vcpus || !shm_gic_word(gic, vcpu, intid))
                return -EINVAL;
        *ret_count = shm_load(shm_gic_counter(gic, vcpu, intid), COUNT_X1);
        return 0;
}

uint64_t shm_read_guest_errors(const struct shm_gic *gic)
{
        return shm_load(&gic->header->guest_errors, COUNT_X1);
}
