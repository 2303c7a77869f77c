/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-cpuif-admit.h"

bool shm_cpuif_admits(const struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        struct shm_cpuif_gates gates = shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]);
        unsigned group = gic_word_group(w);

        return shm_cpuif_lets_through(&gates, group) &&
               shm_cpuif_preempts(gic, vcpu, &gates, gic_word_priority(w), group);
}

/*
 * Groups whose interrupts ask a sleeping vCPU to wake. One that is off, or that nobody runs, is not
 * woken by interrupts.
 */
uint32_t shm_cpuif_waking_groups(const struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1);
        uint32_t enabled = shm_load(&gic->header->gicd_ctlr, GATE_A2) & 3;

        cpuif &= SHM_CPUIF_ASLEEP | SHM_CPUIF_OFF | SHM_CPUIF_ABSENT;
        return cpuif == SHM_CPUIF_ASLEEP ? enabled : 0;
}

bool shm_cpuif_would_wake(const struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        return shm_cpuif_admits(gic, vcpu, w) ||
               (shm_cpuif_waking_groups(gic, vcpu) & (1u << gic_word_group(w)));
}

/* Awake, it would not take an interrupt with this word that arrived. */
static bool is_masked(const struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        struct shm_cpuif_gates gates = shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]);
        unsigned group = gic_word_group(w);

        return shm_word_is_deliverable_at(w, vcpu) &&
               (shm_cpuif_waking_groups(gic, vcpu) & (1u << group)) &&
               !((gates.cpuif >> SHM_CPUIF_GRPEN_SHIFT >> group & 1) &&
                 shm_cpuif_preempts(gic, vcpu, &gates, gic_word_priority(w), group));
}

bool shm_cpuif_has_masked(const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t words = shm_word_candidates(self);

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        uint32_t index = i * 64 + (unsigned)__builtin_ctzll(bits);
                        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu,
                                                                  shm_candidate_intid(index));

                        if (word && is_masked(gic, vcpu, shm_word_load(word)))
                                return true;
                }
        }
        return false;
}

unsigned shm_cpuif_apr_bit(const struct shm_gic *gic, uint32_t vcpu, uint8_t priority,
                           unsigned group)
{
        struct shm_cpuif_gates gates = shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]);

        return gic_prio_apr_bit(priority, shm_cpuif_group_mask(&gates, group),
                                gic->n_priority_bits);
}

/* PARK-A1 before the active priorities: a vCPU that sleeps changed its own before PARK-R1. */
void shm_cpuif_withdrawn(struct shm_gic *gic, uint32_t vcpu)
{
        if (shm_load(&gic->vcpus[vcpu].park, PARK_A1) != SHM_PARK_RUNNING &&
            shm_cpuif_running_priority(gic, vcpu) != GIC_PRIORITY_IDLE)
                shm_word_ring(gic, vcpu);
}

void shm_cpuif_ring_again(struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        uint32_t park = shm_load(&gic->vcpus[vcpu].park, PARK_A1);

        if (park == SHM_PARK_IN_GUEST ||
            (park == SHM_PARK_PARKED && shm_cpuif_would_wake(gic, vcpu, w)))
                shm_word_ring(gic, vcpu);
}
