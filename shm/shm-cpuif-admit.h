/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_CPUIF_ADMIT_H
#define SHM_CPUIF_ADMIT_H

/*
 * What a vCPU's gates let through: would it take this interrupt now?
 *
 * What    The gates are GICR_WAKER, the group enables of the distributor and of the CPU interface,
 *         the priority mask and the running priority. An interrupt's word says nothing of them.
 * Why     Two kinds of callers ask. The vCPU itself, which chooses (shm-cpuif.c). And whoever made
 *         an interrupt pending, or took one away, and wants to know whether the vCPU has to be rung
 *         for it, or is a good choice for a 1-of-N interrupt: below everything that pays for a
 *         change of a word, since all of that asks here.
 * Order   GATE-A1, GATE-A2: after the change of the word that is asked for. Who opens a gate stores
 *         it first, and looks at the words or rings afterwards.
 * Threads Any. Of another thread's vCPU the answer is a hint: its gates may change meanwhile.
 */
#include "gic-icc.h"
#include "gic-prio.h"
#include "shm-word-step.h"

/* What choosing needs of the vCPU, read once. */
struct shm_cpuif_gates { /* 16 bytes, so that it is returned in registers */
        uint64_t cpuif;
        uint32_t ctlr;          /* live */
        uint32_t enabled;       /* GICD_CTLR */
};

/*
 * shm_cpuif_read_gates() - GATE-A1, GATE-A2: once, so that one choice is made by one state of the
 * gates.
 */
SHM_IN_LINE struct shm_cpuif_gates shm_cpuif_read_gates(const struct shm_gic *gic,
                                                        const struct shm_vcpu *vcpu)
{
        uint64_t cpuif = shm_load(&vcpu->cpuif, GATE_A1);
        uint64_t ctlr = shm_load(&vcpu->icc_ctlr, CTLR_X1);
        uint32_t enabled = shm_load(&gic->header->gicd_ctlr, GATE_A2);

        return (struct shm_cpuif_gates) {
                .cpuif = cpuif, .ctlr = (uint32_t)ctlr, .enabled = enabled,
        };
}

/* Beside the groups: GICR_CTLR.DPG<n> keeps 1-of-N interrupts of group @g away. */
#define SHM_CPUIF_NO_1_OF_N(g)  (1u << (SHM_CPUIF_DPG_SHIFT - SHM_CPUIF_GRPEN_SHIFT + (g)))

/*
 * Bit g: group g is enabled here and at the distributor; SHM_CPUIF_NO_1_OF_N(g). IHI 0069 section
 * 11.1: nothing is forwarded to a sleeping PE.
 */
static inline uint32_t shm_cpuif_groups(const struct shm_cpuif_gates *gates)
{
        if (gates->cpuif & SHM_CPUIF_ASLEEP)
                return 0;
        return ((gates->enabled & 3) | SHM_CPUIF_NO_1_OF_N(0) | SHM_CPUIF_NO_1_OF_N(1)) &
               (uint32_t)(gates->cpuif >> SHM_CPUIF_GRPEN_SHIFT);
}

/* May an interrupt like @w be of these groups? One that DPG<n> excludes is placed anew. */
static inline bool shm_cpuif_has_group(uint32_t groups, uint64_t w)
{
        unsigned group = gic_word_group(w);

        return (groups & (1u << group)) &&
               !(__builtin_expect(w & GIC_WORD_IRM, 0) && (groups & SHM_CPUIF_NO_1_OF_N(group)));
}

/* The same for one group. */
SHM_IN_LINE bool shm_cpuif_lets_through(const struct shm_cpuif_gates *gates, unsigned group)
{
        return !(gates->cpuif & SHM_CPUIF_ASLEEP) &&
               ((gates->enabled & (uint32_t)(gates->cpuif >> SHM_CPUIF_GRPEN_SHIFT)) >> group & 1);
}

/* Which bits of a priority of @group count for preemption. */
SHM_IN_LINE uint8_t shm_cpuif_group_mask(const struct shm_cpuif_gates *gates, unsigned group)
{
        bool is_common = group == 0 || (gates->ctlr & ICC_CTLR_CBPR);
        unsigned shift = is_common ? SHM_CPUIF_BPR0_SHIFT : SHM_CPUIF_BPR1_SHIFT;
        unsigned bpr = (unsigned)(gates->cpuif >> shift) & 7;

        return gic_prio_group_mask(gic_prio_bpr(!is_common, bpr, bpr, false));
}

/* Index of the highest active priority of both groups, or -1. @n: gic_prio_n_apr() */
SHM_IN_LINE int shm_cpuif_highest_active(const struct shm_vcpu *vcpu, unsigned n,
                                         unsigned *ret_group)
{
        for (unsigned i = 0; i < n; i++) {
                uint32_t group0 = shm_load(&vcpu->ap0r[i], APR_X1);
                uint32_t both = group0 | shm_load(&vcpu->ap1r[i], APR_X1);

                if (!both)
                        continue;
                *ret_group = (group0 & both & -both) ? 0 : 1;
                return (int)(i * 32) + __builtin_ctz(both);
        }
        return -1;
}

SHM_IN_LINE uint8_t shm_cpuif_running(const struct shm_vcpu *vcpu, unsigned n,
                                      unsigned n_priority_bits)
{
        unsigned group;
        int bit = shm_cpuif_highest_active(vcpu, n, &group);

        return bit < 0 ? GIC_PRIORITY_IDLE : gic_prio_of_apr_bit((unsigned)bit, n_priority_bits);
}

/*
 * shm_cpuif_running_priority() - ICC_RPR_EL1: from the active-priority registers of both groups.
 * Threads: any.
 */
static inline uint8_t shm_cpuif_running_priority(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_cpuif_running(&gic->vcpus[vcpu], gic_prio_n_apr(gic->n_priority_bits),
                                 gic->n_priority_bits);
}

/* May an interrupt of this priority and group interrupt what runs now? */
static inline bool shm_cpuif_preempts(const struct shm_gic *gic, uint32_t vcpu,
                                      const struct shm_cpuif_gates *gates, uint8_t priority,
                                      unsigned group)
{
        return gic_prio_preempts(priority, (uint8_t)(gates->cpuif >> SHM_CPUIF_PMR_SHIFT),
                                 shm_cpuif_running_priority(gic, vcpu),
                                 shm_cpuif_group_mask(gates, group));
}

/*
 * shm_cpuif_apr_bit() - of ICC_AP<group>R<n>_EL1, that stands for an interrupt of @priority: by the
 * binary point as it is now.
 */
unsigned shm_cpuif_apr_bit(const struct shm_gic *gic, uint32_t vcpu, uint8_t priority,
                           unsigned group);

/*
 * shm_cpuif_admits() - could vCPU @vcpu take an interrupt whose word is @w at once, by its groups,
 * PMR and running priority? A hint if asked by another thread. Threads: any.
 */
bool shm_cpuif_admits(const struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * shm_cpuif_waking_groups() - the groups of which an interrupt ends the sleep of @vcpu
 * (GICR_WAKER.ProcessorSleep), a bit each.
 *
 * shm_cpuif_would_wake() - does an interrupt whose word is @w, deliverable to @vcpu, end its sleep:
 * signalled to it, or asking it to wake? A hint if asked by another thread. Threads: any.
 */
uint32_t shm_cpuif_waking_groups(const struct shm_gic *gic, uint32_t vcpu);
bool shm_cpuif_would_wake(const struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * shm_cpuif_has_masked() - has something arrived at the redistributor that the CPU interface, were
 * it awake, would not take now? For it the vCPU was not woken, or sleeps again. Threads: any.
 */
bool shm_cpuif_has_masked(const struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_withdrawn() - an interrupt that vCPU @vcpu was offered has gone: ring if that can
 * matter
 *
 * It may have hidden another one: of the other group, whose binary point lets it preempt what runs
 * while the first did not. With nothing running PMR alone decides, which masks what was hidden,
 * too. Threads: any; after the change.
 */
void shm_cpuif_withdrawn(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_ring_again() - ring @vcpu, which has the interrupt whose word is @w as a candidate, if
 * it may not have been rung for it
 *
 * One that is parked and would not take the interrupt need not wake: its gates are as it parked
 * with them, and whoever opens one from outside rings by itself. One that executes guest code may
 * be changing its gates. Threads: any; after the candidate.
 */
void shm_cpuif_ring_again(struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * Was it offered to a vCPU, and is it no more? Then that one has to hear of it:
 * shm_cpuif_withdrawn().
 */
static inline void shm_cpuif_tell_withdrawn(struct shm_gic *gic, uint64_t old, uint64_t now)
{
        uint32_t target = gic_word_route(old);

        if (gic_word_wanting(old) && target < gic->n_vcpus &&
            !(gic_word_wanting(now) && gic_word_route(now) == target))
                shm_cpuif_withdrawn(gic, target);
}

#endif
