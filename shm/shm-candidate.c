/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-candidate.h"

#include "shm-oneofn.h"
#include "shm-word-step.h"

/* Meanwhile who made this vCPU ineligible has not found a 1-of-N interrupt here. */
uint32_t shm_candidate_mark_again(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        if (!gic_word_wanting(w) || gic_word_route(w) != vcpu)
                return intid;
        if (w & GIC_WORD_IRM)
                shm_oneofn_keep(gic, vcpu, intid, w);
        else
                shm_word_mark(&gic->vcpus[vcpu], intid, w);
        return intid;
}

/*
 * CAND-R3: clear a candidate, then re-read its word: an injector changes the word before it sets
 * the bit, so either its bit comes after this clear, or this load sees its word.
 */
void shm_candidate_drop(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        const shm_atomic(uint64_t) *word)
{
        uint32_t index = shm_candidate_index(intid);
        uint64_t w;

        shm_and(&gic->vcpus[vcpu].candidates[index / 64], ~(UINT64_C(1) << (index % 64)), CAND_R3);
        w = word ? shm_word_load(word) : 0;
        if (gic_word_wanting(w))
                (void)shm_candidate_mark_again(gic, vcpu, intid, w);
}

/*
 * CAND-R4: clear a bit, then look again at what it covers (CAND-A1). An injector sets the candidate
 * and then looks for that bit (CAND-A2): either it finds it clear and sets it, or it came before
 * the clear, and its candidate and word are seen here.
 */
static void look_again(struct shm_gic *gic, uint32_t vcpu, unsigned c, uint64_t words)
{
        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&gic->vcpus[vcpu].candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        uint32_t index = i * 64 + (unsigned)__builtin_ctzll(bits);
                        uint32_t intid = shm_candidate_intid(index);
                        const shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = word ? shm_word_load(word) : 0;

                        if (gic_word_wanting(w) && shm_word_class(w) == c)
                                (void)shm_candidate_mark_again(gic, vcpu, intid, w);
                }
        }
}

/* Its words keep their bits: the next interrupt of this class is likely to be in one of them. */
void shm_candidate_drop_class(struct shm_gic *gic, uint32_t vcpu, unsigned c)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_and(&self->classes, ~(UINT64_C(1) << c), CAND_R4);
        look_again(gic, vcpu, c, shm_load(&self->class_words[c], CAND_A1));
}

/* Words that a class, which has candidates in others, was marked in before. */
void shm_candidate_drop_words(struct shm_gic *gic, uint32_t vcpu, unsigned c, uint64_t words)
{
        shm_and(&gic->vcpus[vcpu].class_words[c], ~words, CAND_R4);
        look_again(gic, vcpu, c, words);
}
