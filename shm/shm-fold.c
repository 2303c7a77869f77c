/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-fold.h"

#include "gic-lr.h"
#include "shm-word.h"

/* NULL: not in a list register, or in one of somebody else's. */
static const uint64_t *own_bank(const struct shm_gic *gic, uint64_t w)
{
        uint32_t vcpu = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT) || vcpu >= gic->n_vcpus || !gic->own)
                return NULL;
        return gic->own(gic->hook_ctx, vcpu);
}

/* As shm_port_exit() has it: an entry of another INTID than was listed counts as unchanged. */
bool shm_fold_own(const struct shm_gic *gic, uint64_t *w, uint32_t intid)
{
        const uint64_t *lr = own_bank(gic, *w);
        const struct shm_bank *bank;
        bool ended;

        if (!lr)
                return false;
        bank = &gic->vcpus[gic_word_holder(*w)].bank;
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                uint64_t listed = shm_load(&bank->ich_lr[i], BANK_X2);

                if (!(listed & GICH_LR_STATE) || (uint32_t)listed != intid)
                        continue;
                if ((uint32_t)lr[i] != intid || !((lr[i] ^ listed) & GICH_LR_STATE))
                        return false;
                *w = gic_lr_fold(*w, listed, lr[i], &ended);
                return true;
        }
        return false;
}

void shm_fold_note(const struct shm_gic *gic, struct shm_fold *fold, shm_atomic(uint64_t) *at,
                   uint32_t intid)
{
        uint64_t w = shm_word_load(at);
        uint32_t vcpu = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT) || vcpu >= gic->n_vcpus || fold->n == SHM_FOLD_MAX)
                return;
        if (own_bank(gic, w))
                return;
        fold->words[fold->n++] = (struct shm_fold_word) {
                .at = at, .intid = intid, .vcpu = vcpu,
                .count = shm_load(&gic->vcpus[vcpu].folds, FOLD_A1),
        };
}

/* It is where it was noted, and has not been folded since it was asked for. */
static bool is_to_fold(const struct shm_gic *gic, const struct shm_fold_word *word)
{
        const uint64_t both = GIC_WORD_RESIDENT | GIC_WORD_FOLD;
        uint64_t w = shm_word_load(word->at);

        return (w & both) == both && gic_word_holder(w) == word->vcpu &&
               shm_load(&gic->vcpus[word->vcpu].folds, FOLD_A1) == word->count;
}

bool shm_fold_wait(const struct shm_gic *gic, const struct shm_fold *fold)
{
        uint64_t since = 0;
        bool all = true;

        for (unsigned i = 0; i < fold->n; i++)
                while (is_to_fold(gic, &fold->words[i]))
                        if (!gic->wait || !gic->wait(gic->hook_ctx, fold->words[i].vcpu, &since)) {
                                all = false; /* others may be ready */
                                break;
                        }
        return all;
}

bool shm_fold_ask(struct shm_gic *gic, const struct shm_fold *fold)
{
        for (unsigned i = 0; i < fold->n; i++)
                shm_word_update(gic, fold->words[i].at, fold->words[i].intid, gic_lr_ask, 0);
        return shm_fold_wait(gic, fold);
}
