/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_CANDIDATE_H
#define SHM_CANDIDATE_H

/*
 * Candidates: what a vCPU may have to take, by classes of priority
 *
 * What    Three levels of bits (shm-layout.h): the classes of priority that have candidates, of
 *         each class the words that have any, in each word the interrupts.
 * Why     A choice that looks at every pending interrupt takes 50 times as long with 900 of a
 *         lower priority. By classes it looks at the words of candidates of the highest one only.
 * How     Each bit says "may be", and the interrupt's word decides. shm_word_mark() sets all three
 *         for an interrupt that is to be delivered. A candidate is cleared when its interrupt is
 *         acknowledged or its word does not bear it out; the two levels above stay set for the
 *         next interrupt, until a choice finds nothing under them. Every clear is followed by a
 *         second look, which sets again what came in between.
 * Threads Any thread sets; only the vCPU's own thread clears, that is, calls these. @vcpu is a
 *         checked index.
 * Order   CAND-* in doc/memory-order.md.
 * Trust   A peer may set or clear any bit: a bit too many costs a look, one too few an interrupt
 *         of that VM. Each call looks once at what it finds; none waits for a bit to change.
 */
#include "shm-word-step.h"

/*
 * shm_candidate_drop() - clear the candidate of an interrupt that is not deliverable here; mark it
 * again if it is by now. @word: NULL, of no interrupt.
 */
void shm_candidate_drop(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        const shm_atomic(uint64_t) *word);

/*
 * shm_candidate_mark_again() - mark an interrupt whose candidate, or a level above it, was just
 * cleared here, if its word @w is deliverable: here, or at the vCPU to which it is routed by now,
 * which is rung
 */
void shm_candidate_mark_again(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w);

/*
 * shm_candidate_clear() - the same, in line, of an interrupt that this vCPU has just taken, and
 * whose candidate is most likely to stay clear
 */
static inline void shm_candidate_clear(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                                       const shm_atomic(uint64_t) *word)
{
        uint32_t index = shm_candidate_index(intid);
        uint64_t w;

        shm_and(&gic->vcpus[vcpu].candidates[index / 64], ~(UINT64_C(1) << (index % 64)), CAND_R3);
        w = shm_word_load(word);
        if (__builtin_expect(gic_word_wanting(w), 0))
                shm_candidate_mark_again(gic, vcpu, intid, w);
}

/*
 * shm_candidate_drop_class() - the same for the mark of class @c, which has no candidates
 * shm_candidate_drop_words() - the same for @words of class @c, which has candidates in others only
 *
 * What is found under it is marked in the class that it has by then.
 */
void shm_candidate_drop_class(struct shm_gic *gic, uint32_t vcpu, unsigned c);
void shm_candidate_drop_words(struct shm_gic *gic, uint32_t vcpu, unsigned c, uint64_t words);

#endif
