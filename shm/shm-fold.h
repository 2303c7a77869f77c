/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_FOLD_H
#define SHM_FOLD_H

/*
 * Waiting for folds: what a guest does with its list registers, for who reads it from elsewhere
 *
 * What    Of what is in a list register of a vCPU in guest the word has the state as it was listed.
 *         Who needs it as it is notes the word, asks for a fold (FOLD, which rings the holder), and
 *         waits until that port has folded, as often as somebody else may have asked meanwhile.
 *         Nobody else is made to leave.
 * Order   FOLD-R1: the port counts a fold after the last word of it; FOLD-A1: who sees another
 *         count than it noted sees those words. It noted the count after it had seen the word in a
 *         list register (WORD-A1), and before it asked: a fold that is counted after that ended
 *         while it waited, and what the word has since is of this time.
 * Bound   The hook shm_gic.wait says how long. Without one (the daemon; a process that cannot
 *         write) nobody waits, and what is read may be old: shm_read_irq() says so.
 * Own     A thread that has the port in guest itself must not wait for it. No guest code of that
 *         vCPU runs meanwhile, so that its list registers in the host's memory (shm_gic.own) tell
 *         what a fold would make of the word now: that is read, and nothing is folded.
 * Threads Any.
 */
#include "gic-lr.h"
#include "shm-word.h"

#define SHM_FOLD_MAX  32u       /* interrupts of one access */

struct shm_fold_word {
        shm_atomic(uint64_t) *at;
        uint32_t intid, vcpu, count;
};

struct shm_fold {
        unsigned n;
        struct shm_fold_word words[SHM_FOLD_MAX];
};

/* NULL: not in a list register, or in one of somebody else's. */
static inline const uint64_t *shm_fold_own_bank(const struct shm_gic *gic, uint64_t w)
{
        uint32_t vcpu = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT) || vcpu >= gic->n_vcpus || !gic->own)
                return NULL;
        return gic->own(gic->hook_ctx, vcpu);
}

/*
 * shm_fold_own() - @w, of @intid, if it is in a list register of the calling thread's own, becomes
 * what a fold now would make of it. As shm_port_exit() has it, an entry of another INTID than was
 * listed counts as unchanged.
 * Return: false: it is not; or it is there as it was listed, and stays as it is: whether a host has
 * read that register back from its hardware is not known here.
 */
static inline bool shm_fold_own(const struct shm_gic *gic, uint64_t *w, uint32_t intid)
{
        const uint64_t *lr = shm_fold_own_bank(gic, *w);
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

/*
 * shm_fold_note() - @at may be in a list register: to be waited for, if it is, and not the calling
 * thread's own.
 */
static inline void shm_fold_note(const struct shm_gic *gic, struct shm_fold *fold,
                                 shm_atomic(uint64_t) *at, uint32_t intid)
{
        uint64_t w = shm_word_load(at);
        uint32_t vcpu = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT) || vcpu >= gic->n_vcpus || fold->n == SHM_FOLD_MAX)
                return;
        if (shm_fold_own_bank(gic, w))
                return;
        fold->words[fold->n++] = (struct shm_fold_word) {
                .at = at, .intid = intid, .vcpu = vcpu,
                .count = shm_load(&gic->vcpus[vcpu].folds, FOLD_A1),
        };
}

/* It is where it was noted, and has not been folded since it was asked for. */
static inline bool shm_fold_is_due(const struct shm_gic *gic, const struct shm_fold_word *word)
{
        const uint64_t both = GIC_WORD_RESIDENT | GIC_WORD_FOLD;
        uint64_t w = shm_word_load(word->at);

        return (w & both) == both && gic_word_holder(w) == word->vcpu &&
               shm_load(&gic->vcpus[word->vcpu].folds, FOLD_A1) == word->count;
}

/*
 * shm_fold_wait() - for all that was noted, and is to fold. Nothing waits without shm_gic.wait.
 * Return: false if it gave up.
 */
static inline bool shm_fold_wait(const struct shm_gic *gic, const struct shm_fold *fold)
{
        uint64_t since = 0;
        bool all = true;

        for (unsigned i = 0; i < fold->n; i++)
                while (shm_fold_is_due(gic, &fold->words[i]))
                        if (!gic->wait || !gic->wait(gic->hook_ctx, fold->words[i].vcpu, &since)) {
                                all = false; /* others may be ready */
                                break;
                        }
        return all;
}

/* shm_fold_ask() - ask for all that was noted, and wait. Return: as above. */
static inline bool shm_fold_ask(struct shm_gic *gic, const struct shm_fold *fold)
{
        for (unsigned i = 0; i < fold->n; i++)
                shm_word_update(gic, fold->words[i].at, fold->words[i].intid, gic_lr_ask, 0);
        return shm_fold_wait(gic, fold);
}

/* shm_fold_count() - the owner of a port has folded. */
static inline void shm_fold_count(struct shm_vcpu *self)
{
        shm_store(&self->folds, shm_load(&self->folds, PORT_X1) + 1, FOLD_R1);
}

/*
 * shm_fold_ask_spis() - before a clear, soon enough for those who are asked: what is in a list
 * register may have ended there, while its vCPU goes on in guest; it is rung to fold. Threads: any.
 */
void shm_fold_ask_spis(struct shm_gic *gic);

/*
 * shm_fold_is_asked() - whether one that was asked, by anybody, has not folded yet. Threads: any.
 */
bool shm_fold_is_asked(const struct shm_gic *gic);

#endif
