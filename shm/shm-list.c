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

/* Keep @choice among the best @max so far, by insertion: there are at most 16. */
static void offer_choice(struct shm_list_choices *c, struct shm_list_choice choice)
{
        unsigned i;

        c->n_offered++;
        if (c->n == c->max && (!c->n || !is_before(&choice, &c->best[c->n - 1])))
                return;
        for (i = c->n < c->max ? c->n++ : c->n - 1; i && is_before(&choice, &c->best[i - 1]); i--)
                c->best[i] = c->best[i - 1];
        c->best[i] = choice;
}

/*
 * Which groups the vCPU may be given now. A port fills its bank by this and asks once more: a gate
 * that was closed in between shows then (fill_bank()).
 */
struct shm_list_groups shm_list_groups_of(const struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1);
        unsigned enabled = (unsigned)shm_load(&gic->header->gicd_ctlr, GATE_A2) & 3;
        unsigned excluded = (unsigned)(cpuif >> SHM_CPUIF_DPG_SHIFT) & 3;
        unsigned here = (unsigned)(cpuif >> SHM_CPUIF_GRPEN_SHIFT) & 3;

        if (cpuif & SHM_CPUIF_ASLEEP)
                enabled = 0;
        enabled |= (enabled & ~excluded) << 2;
        return (struct shm_list_groups) { enabled, enabled & (here | here << 2) };
}

bool shm_list_is_listable(uint64_t w, uint32_t vcpu, unsigned groups)
{
        return gic_word_wanting(w) && gic_word_route(w) == vcpu &&
               shm_list_has_group(w, groups);
}

/*
 * Walk the candidates as the choice of a trap port does (CAND-A1), but of all classes:
 * what is not listed counts, too. Those that their words do not bear out are dropped.
 */
unsigned shm_list_offer_pending(struct shm_gic *gic, uint32_t vcpu, struct shm_list_groups groups,
                                struct shm_list_choices *c)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t classes = shm_load(&self->classes, CAND_A1) & base_mask(SHM_N_CLASSES), seen = 0;
        unsigned disabled = 0;

        for (uint64_t words = shm_word_candidates(self); words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        uint32_t intid = shm_candidate_intid(i * 64 +
                                                             (unsigned)__builtin_ctzll(bits));
                        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = at ? shm_word_load(at) : 0;

                        if (!gic_word_wanting(w) || gic_word_route(w) != vcpu) {
                                shm_candidate_drop(gic, vcpu, intid, at);
                                continue;
                        }
                        seen |= UINT64_C(1) << shm_word_class(w);
                        if (c->no_spis && !gic_intid_is_private(intid))
                                continue;
                        else if (shm_list_is_listable(w, vcpu, groups.listable))
                                offer_choice(c, (struct shm_list_choice) { at, w, intid });
                        else if (shm_list_is_listable(w, vcpu, groups.enabled))
                                disabled |= 1u << gic_word_group(w);
                }
        }
        for (classes &= ~seen; classes; classes &= classes - 1)
                shm_candidate_drop_class(gic, vcpu, (unsigned)__builtin_ctzll(classes));
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
