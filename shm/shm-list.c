/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-list.h"

#include "shm-candidate.h"
#include "shm-cpuif.h"

static bool is_before(const struct shm_list_choice *a, const struct shm_list_choice *b)
{
        uint8_t x = gic_word_priority(a->word), y = gic_word_priority(b->word);

        return x < y || (x == y && a->intid < b->intid);
}

/* Keep @choice, which is before another, among the best @max so far. */
static __attribute__((noinline)) void insert_choice(struct shm_list_choices *c,
                                                    struct shm_list_choice choice)
{
        unsigned i;

        for (i = c->n < c->max ? c->n++ : c->n - 1; i && is_before(&choice, &c->best[i - 1]); i--)
                c->best[i] = c->best[i - 1];
        c->best[i] = choice;
}

/*
 * Keep @choice among the best @max so far. They come by INTID: of one priority in order, so that
 * the priority alone says whether this one is before the last.
 */
static inline void offer_choice(struct shm_list_choices *c, struct shm_list_choice choice)
{
        unsigned n = c->n;

        if (n && gic_word_priority(choice.word) < gic_word_priority(c->best[n - 1].word)) {
                c->n_left += n == c->max;
                insert_choice(c, choice);
        } else if (__builtin_expect(n < c->max, 1)) {
                c->best[n] = choice;
                c->n = n + 1;
        } else {
                c->n_left++;
        }
}

#define FEW_WORDS  3u   /* whose marks are left for the next interrupt: dropping costs more */

/*
 * Marks that led to nothing: the classes of @empty_classes have no candidates, and the words of
 * @empty_words none of any class. Else each entry would look at all the words that a class once
 * had.
 */
static void drop_empty(struct shm_gic *gic, uint32_t vcpu, uint64_t classes, uint64_t empty_classes,
                       uint64_t empty_words)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        for (; classes; classes &= classes - 1) {
                unsigned c = (unsigned)__builtin_ctzll(classes);
                uint64_t stale = shm_load(&self->class_words[c], CAND_A1) & empty_words;

                if (empty_classes >> c & 1)
                        shm_candidate_drop_class(gic, vcpu, c);
                else if (stale)
                        shm_candidate_drop_words(gic, vcpu, c, stale);
        }
}

/*
 * Walk the candidates as the choice of a trap port does (CAND-A1), but of all classes:
 * what is not listed counts, too. Those that their words do not bear out are dropped.
 */
unsigned shm_list_offer_pending(struct shm_gic *gic, uint32_t vcpu, uint64_t classes,
                                struct shm_list_groups groups, struct shm_list_choices *c)
{
        const struct shm_list_plain plain = shm_list_plain_of(vcpu, groups);
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t seen = 0, empty = 0;
        unsigned disabled = 0, n_empty = 0;

        for (uint64_t words = shm_word_candidates(self); words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                if (!bits) {
                        empty |= UINT64_C(1) << i;
                        n_empty++;
                }
                for (; bits; bits &= bits - 1) {
                        uint32_t intid = shm_candidate_intid(i * 64 +
                                                             (unsigned)__builtin_ctzll(bits));
                        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = at ? shm_word_load(at) : 0;
                        bool is_plain = (w & plain.of) == plain.is && gic_word_pending(w);

                        if (__builtin_expect(!is_plain && !shm_word_is_deliverable_at(w, vcpu),
                                             0)) {
                                shm_candidate_drop(gic, vcpu, intid, at);
                                continue;
                        }
                        seen |= UINT64_C(1) << shm_word_class(w);
                        if (c->no_spis && !gic_intid_is_private(intid))
                                continue;
                        else if (is_plain || shm_list_has_group(w, groups.listable))
                                offer_choice(c, (struct shm_list_choice) { at, w, intid });
                        else if (shm_list_has_group(w, groups.enabled))
                                disabled |= 1u << gic_word_group(w);
                }
        }
        if (__builtin_expect((classes & ~seen) || n_empty > FEW_WORDS, 0))
                drop_empty(gic, vcpu, classes, classes & ~seen, empty);
        return disabled;
}

void shm_list_offer_active(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        for (uint64_t left = shm_load(&self->actives_summary, PORT_X1); left; left &= left - 1) {
                unsigned i = (unsigned)__builtin_ctzll(left);
                uint64_t bits = shm_load(&self->actives[i], PORT_X1), gone = 0;

                for (uint64_t rest = bits; rest; rest &= rest - 1) {
                        unsigned b = (unsigned)__builtin_ctzll(rest);
                        uint32_t intid = shm_candidate_intid(i * 64 + b);
                        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = at ? shm_word_load(at) : 0;

                        if (shm_held_is_own_active(w, vcpu))
                                offer_choice(c, (struct shm_list_choice) { at, w, intid });
                        else
                                gone |= UINT64_C(1) << b;
                }
                if (gone)
                        shm_and(&self->actives[i], ~gone, PORT_X2);
                if (bits == gone)
                        shm_and(&self->actives_summary, ~(UINT64_C(1) << i), PORT_X2);
        }
}
