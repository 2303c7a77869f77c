/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-candidate.h"

#include "shm-cpuif-admit.h"
#include "shm-oneofn.h"
#include "shm-word-step.h"

/*
 * While the mark was off, a writer that closed a gate of that vCPU did not find a 1-of-N interrupt
 * there, and did not move it. shm_oneofn_keep() looks at the gate after it marks, and moves it
 * then.
 */
static void mark_at(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        if (w & GIC_WORD_IRM)
                shm_oneofn_keep(gic, vcpu, intid, w);
        else
                shm_word_mark(&gic->vcpus[vcpu], intid, w);
}

/*
 * Somebody routed an SPI from here to @vcpu, or is about to route a 1-of-N interrupt from there to
 * here. Who did it marks it there and rings, but may stand still before that: then nobody would
 * have it.
 */
static void mark_elsewhere(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        if (gic_intid_is_private(intid))
                return;
        if (vcpu >= gic->n_vcpus) {
                if (w & GIC_WORD_IRM)
                        shm_oneofn_stay(gic, vcpu, intid);
                return;
        }
        mark_at(gic, vcpu, intid, w);
        shm_cpuif_ring_again(gic, vcpu, w);
}

void shm_candidate_mark_again(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        uint32_t route = gic_word_route(w);

        if (!gic_word_wanting(w))
                return;
        if (route == vcpu)
                mark_at(gic, vcpu, intid, w);
        else
                mark_elsewhere(gic, route, intid, w);
}

/*
 * CAND-R3: clear the candidate, then load its word. An injector changes the word before it sets the
 * bit: either its bit comes after this clear, or this load sees its word. The other way round an
 * interrupt would be pending without a candidate, and never be chosen.
 */
void shm_candidate_drop(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        const shm_atomic(uint64_t) *word)
{
        uint32_t index = shm_candidate_index(intid);
        uint64_t w;

        shm_and(&gic->vcpus[vcpu].candidates[index / 64], ~(UINT64_C(1) << (index % 64)), CAND_R3);
        w = word ? shm_word_load(word) : 0;
        shm_candidate_mark_again(gic, vcpu, intid, w);
}

/*
 * The second look, after CAND-R4 has cleared a class or words of one: mark again what is under it
 * (CAND-A1), in the class that it has by now: who changed its priority marks it there, but may
 * stand still before that, and then no other mark would lead to it. 1-of-N always: that the class
 * is marked says nothing of who closed a gate before another interrupt marked it again.
 *
 * An injector sets its candidate and then loads the levels above (CAND-A2): either it finds the bit
 * clear and sets it, or it came before the clear, and this finds its candidate. Otherwise a
 * candidate would be left that no level above tells of, and never be looked at.
 */
static void look_again(struct shm_gic *gic, uint32_t vcpu, uint64_t words)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t classes = shm_load(&self->classes, CAND_A1); /* nobody else clears any */

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        uint32_t intid = shm_candidate_intid(i * 64 +
                                                             (unsigned)__builtin_ctzll(bits));
                        const shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = word ? shm_word_load(word) : 0;
                        unsigned c = shm_word_class(w);

                        if (!(w & GIC_WORD_IRM) && (classes >> c & 1) &&
                            (shm_load(&self->class_words[c], CAND_A1) >> i & 1))
                                continue; /* a choice from that class comes to it */
                        if (shm_word_is_deliverable_at(w, vcpu))
                                shm_candidate_mark_again(gic, vcpu, intid, w);
                        else
                                shm_candidate_drop(gic, vcpu, intid, word);
                }
        }
}

/* class_words stays: the next interrupt of this class is likely to be in one of its words. */
void shm_candidate_drop_class(struct shm_gic *gic, uint32_t vcpu, unsigned c)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_and(&self->classes, ~(UINT64_C(1) << c), CAND_R4);
        look_again(gic, vcpu, shm_load(&self->class_words[c], CAND_A1));
}

/* Without this each choice from the class would look at the words that it once had. */
void shm_candidate_drop_words(struct shm_gic *gic, uint32_t vcpu, unsigned c, uint64_t words)
{
        shm_and(&gic->vcpus[vcpu].class_words[c], ~words, CAND_R4);
        look_again(gic, vcpu, words);
}
