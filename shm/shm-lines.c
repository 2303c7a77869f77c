/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-lines.h"

#include "shm-apr.h"
#include "shm-cpuif.h"

#define ANY_CLASS   SHM_N_CLASSES
#define NONE_FOUND  256u                /* lower than any priority */

struct peek {
        const struct shm_gic *gic;
        uint32_t vcpu;
        uint32_t groups;                /* shm_cpuif_groups() */
        unsigned priority;              /* of the best so far, or NONE_FOUND */
        unsigned group;                 /* its group */
};

/* Return: it is a candidate of class @c. */
static bool look_at(struct peek *peek, unsigned c, uint32_t index)
{
        uint32_t intid = shm_candidate_intid(index);
        const shm_atomic(uint64_t) *word = shm_gic_word(peek->gic, peek->vcpu, intid);
        uint64_t w = word ? shm_word_load(word) : 0;

        if (!shm_word_is_deliverable_at(w, peek->vcpu) ||
            (c != ANY_CLASS && !shm_word_is_of_class(w, c)))
                return false;
        if (shm_cpuif_has_group(peek->groups, w) && gic_word_priority(w) < peek->priority) {
                peek->priority = gic_word_priority(w);
                peek->group = gic_word_group(w);
        }
        return true;
}

/* With up to 5 priority bits a class is one priority: the first of it is the best. */
static bool look_in(struct peek *peek, unsigned c, uint64_t words)
{
        const struct shm_vcpu *self = &peek->gic->vcpus[peek->vcpu];
        bool first_is_best = c != ANY_CLASS && peek->gic->n_priority_bits <= 5, seen = false;

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        seen |= look_at(peek, c, i * 64 + (unsigned)__builtin_ctzll(bits));
                        if (first_is_best && peek->priority != NONE_FOUND)
                                return true;
                }
        }
        return seen;
}

/*
 * As pick_of_groups() in shm-cpuif.c, which clears what it finds left over: the first class that
 * has candidates has the best, unless none of them may be had: then all are looked at, once.
 */
static void look(struct peek *peek)
{
        const struct shm_vcpu *self = &peek->gic->vcpus[peek->vcpu];
        uint64_t classes = shm_load(&self->classes, CAND_A1) & base_mask(SHM_N_CLASSES);

        for (; classes; classes &= classes - 1) {
                unsigned c = (unsigned)__builtin_ctzll(classes);

                if (!look_in(peek, c, shm_load(&self->class_words[c], CAND_A1)))
                        continue;
                if (peek->priority == NONE_FOUND)
                        look_in(peek, ANY_CLASS, shm_word_candidates(self));
                return;
        }
}

/* The running priority as the owner's next operation finds it. */
static uint8_t running_priority(const struct shm_gic *gic, uint32_t vcpu)
{
        unsigned n = gic_prio_n_apr(gic->n_priority_bits);

        for (unsigned i = 0; i < n; i++) {
                uint32_t both = shm_apr_read(gic, vcpu, 0, i) | shm_apr_read(gic, vcpu, 1, i);

                if (both)
                        return gic_prio_of_apr_bit(i * 32 + (unsigned)__builtin_ctz(both),
                                                   gic->n_priority_bits);
        }
        return GIC_PRIORITY_IDLE;
}

unsigned shm_lines_peek(const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct shm_cpuif_gates gates;
        struct peek peek = {
                .gic = gic, .vcpu = vcpu, .priority = NONE_FOUND,
        };

        if ((shm_load(&self->request, REQUEST_A2) & SHM_REQUEST_RESET) ||
            shm_gic_is_port_in_guest(self))
                return 0;
        gates = shm_cpuif_read_gates(gic, self);
        peek.groups = shm_cpuif_groups(&gates);
        look(&peek);
        if (peek.priority == NONE_FOUND ||
            !gic_prio_preempts((uint8_t)peek.priority,
                               (uint8_t)(gates.cpuif >> SHM_CPUIF_PMR_SHIFT),
                               running_priority(gic, vcpu),
                               shm_cpuif_group_mask(&gates, peek.group)))
                return 0;
        return peek.group ? SHM_LINE_IRQ : SHM_LINE_FIQ;
}
