/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_WORD_STEP_H
#define SHM_WORD_STEP_H

/*
 * Steps: the single accesses of which every operation on an interrupt is made
 *
 * What    Load a word, publish a change of it, mark a candidate, ring its vCPU, owe an end of
 *         interrupt to the daemon. A step pays for nothing: shm-word.h has the changes that do.
 * Why     Paying a change needs to know who is eligible, how the gates stand and whether TDIR is
 *         set; those in turn load words and ring. So what all of them share lies below them.
 * Order   Words, candidates, park and the gates are sequentially consistent. That is the
 *         store-buffering argument of every protocol here: "I changed X, then looked at Y" against
 *         "I changed Y, then looked at X": in one total order one of the two sees the other.
 *         doc/memory-order.md, "word, candidate, park".
 * Threads Any.
 */
#include "gic-word.h"
#include "shm-gic.h"

/* WORD-A1: a word, to decide on. Pairs with WORD-R1. */
static inline uint64_t shm_word_load(const shm_atomic(uint64_t) *word)
{
        return shm_load(word, WORD_A1);
}

/* WORD-R1: publish @now if the word still is *old; else *old is what it is now. */
static inline bool shm_word_cas(shm_atomic(uint64_t) *word, uint64_t *old, uint64_t now)
{
        return shm_cas(word, old, now, WORD_R1);
}

/* The class of priority that a word belongs to: SHM_N_CLASSES; 0 is the highest. */
static inline unsigned shm_word_class(uint64_t w)
{
        return gic_word_priority(w) / (256 / SHM_N_CLASSES);
}

static inline bool shm_word_is_of_class(uint64_t w, unsigned c)
{
        const unsigned size = 256 / SHM_N_CLASSES;

        return (w & (256 - size)) == c * size; /* the priority is the word's lowest byte */
}

/*
 * Routed to @vcpu by its affinity, not as 1-of-N, and held by nobody: what this vCPU had
 * acknowledged before, and somebody else has deactivated, still names it.
 */
static inline bool shm_word_is_plain(uint64_t w, uint32_t vcpu)
{
        const uint64_t where = GIC_WORD_HOLDER | GIC_WORD_IRM |
                               UINT64_C(0xffff) << GIC_WORD_ROUTE_SHIFT;

        return (w & where) == (GIC_WORD_HOLDER | vcpu << GIC_WORD_ROUTE_SHIFT);
}

/*
 * Mark a candidate whose word is @w. CAND-R1: always by a read-modify-write, which the vCPU's look
 * is ordered with. Above it only what is not set already (CAND-A2): it stays set from one interrupt
 * to the next.
 */
static inline void shm_word_mark(struct shm_vcpu *vcpu, uint32_t intid, uint64_t w)
{
        uint32_t index = shm_candidate_index(intid), i = index / 64;
        unsigned c = shm_word_class(w);

        shm_or(&vcpu->candidates[i], UINT64_C(1) << (index % 64), CAND_R1);
        if (__builtin_expect(!(shm_load(&vcpu->class_words[c], CAND_A2) >> i & 1), 0))
                shm_or(&vcpu->class_words[c], UINT64_C(1) << i, CAND_R2);
        if (__builtin_expect(!(shm_load(&vcpu->classes, CAND_A2) >> c & 1), 0))
                shm_or(&vcpu->classes, UINT64_C(1) << c, CAND_R2);
}

/* CAND-A1: the words that may have candidates, of whatever class: bit i is word i. */
static inline uint64_t shm_word_candidates(const struct shm_vcpu *vcpu)
{
        uint64_t classes = shm_load(&vcpu->classes, CAND_A1) & base_mask(SHM_N_CLASSES), words = 0;

        for (; classes; classes &= classes - 1)
                words |= shm_load(&vcpu->class_words[__builtin_ctzll(classes)], CAND_A1);
        return words;
}

/*
 * Ring vCPU @vcpu unless it looks for itself. PARK-A1: after a sequentially consistent store; pairs
 * with PARK-R1.
 */
static inline void shm_word_ring(struct shm_gic *gic, uint32_t vcpu)
{
        uint32_t park = shm_load(&gic->vcpus[vcpu].park, PARK_A1);

        if (park != SHM_PARK_RUNNING && gic->ring)
                gic->ring(gic->hook_ctx, vcpu, park);
}

/*
 * Owe an end of interrupt to the daemon: EOI-R1, EOI-R2. No system call: the daemon polls while it
 * expects one.
 */
static inline void shm_word_owe_eoi(struct shm_gic *gic, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid);

        shm_or(&gic->header->eoi[index / 64], UINT64_C(1) << (index % 64), EOI_R1);
        shm_or(&gic->header->eoi_summary, UINT64_C(1) << (index / 64), EOI_R2);
}

/* May @vcpu take the interrupt, whose word is @w, as far as that word says? */
static inline bool shm_word_is_deliverable_at(uint64_t w, uint32_t vcpu)
{
        return gic_word_wanting(w) && gic_word_route(w) == vcpu;
}

#endif
