/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_WORD_H
#define SHM_WORD_H

/*
 * Words: changing one, and paying what the change owes
 *
 * What    shm_word_update() applies a pure transition (gic/) to a word; shm_word_inject() is the
 *         same for a device's assertion. Both pay (shm-word-pay.h).
 * How     Load, transition, compare-and-swap, and on success the payment. The compare-and-swap is
 *         the linearisation point. A loop repeats only when somebody else has changed the same
 *         word: lock-free. A bounded view (the daemon's) gives up after SHM_TRIES.
 * Beside  What a caller has to keep apart (X) and what may run at any moment beside what (-):
 *
 *                          inject  register  operation  reset of  repair of  save  restore
 *                                  write     of vCPU v  vCPU v    vCPU v
 *         inject             -        -         -          -         -        -       -
 *         register write     -        -         -          -         -        -       X
 *         operation of v     -        -         X          - (1)     X        - (2)   X
 *         reset of v         -        -         - (1)      -         -        -       X
 *         repair of v        -        -         X          -         X        - (2)   X
 *         save               -        -         - (2)      -         - (2)    -       X
 *         restore            -        X         X          X         X        X       X
 *
 *         An operation of a vCPU is an acknowledge, an end, an entry, an exit: one thread at a
 *         time. (1) An outsider's reset is posted to a vCPU that runs: shm-takeover.h.
 *         (2) The image is not exact then, and says so.
 * Order   shm-word-step.h; the labels are in doc/memory-order.md, "word, candidate, park".
 * Threads Any, within that table.
 */
#include "shm-word-pay.h"

typedef uint64_t (*shm_transition)(uint64_t word, uint64_t argument);

/*
 * shm_word_note() - before a change from outside of a word that has a holder: that vCPU may be in
 * the middle of acknowledging it, and then the change goes into its slot, too (shm-slot.h,
 * Undelivered)
 * @old: the word; then what it is by now. @now: what is to become of it; then what instead.
 *
 * Return: false if it has changed: start over.
 */
bool shm_word_note(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid, uint64_t *old,
                   uint64_t *now, shm_transition transition, uint64_t argument);

/*
 * shm_word_claim() - for a deactivation by @vcpu, which is in its slot as @op: claim what another
 * vCPU holds, or end what that one is in the middle of acknowledging. Return: 0 if it is ended;
 * else the word to go on with.
 */
uint64_t shm_word_claim(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                        uint32_t intid, uint64_t op, uint64_t old);

/*
 * The loop of all three. @announces: it says that what the caller stored before is there
 * (shm_word_inject()). @notes: the transition may clear requests, or assign ACTIVE
 * (shm_word_note()).
 */
static inline __attribute__((always_inline)) bool
shm_word_change(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                shm_transition transition, uint64_t argument, bool announces, bool notes)
{
        uint64_t old = shm_word_load(word);
        unsigned tries = 0;

        for (;;) {
                uint64_t now = gic_lr_mark(old, transition(old, argument));

                if (notes && __builtin_expect(gic_word_holder(old) < gic->n_vcpus, 0) &&
                    !shm_word_note(gic, word, intid, &old, &now, transition, argument)) {
                        if (!shm_gic_retry(gic, &tries))
                                return false;
                        continue;
                }
                if (now == old) {
                        if (!announces || shm_cas(word, &old, old, WORD_R2)) {
                                if (shm_word_owes(old))
                                        shm_word_pay_again(gic, intid, old);
                                return true;
                        }
                } else if (shm_word_cas(word, &old, now)) {
                        unsigned paid = shm_word_pay_effects(gic, intid, old, now);

                        if (notes && __builtin_expect(!(paid & GIC_EFFECT_FLIGHT) &&
                                                      !shm_word_is_at_rest(now), 0))
                                shm_word_pay_rest(gic, intid, now, paid);
                        else if (!notes && __builtin_expect(shm_word_may_be_unpaid(old, now, paid),
                                                            0))
                                shm_word_pay_again(gic, intid, now);
                        else if (announces && (now & GIC_WORD_ACTIVE) &&
                                 !gic_intid_is_private(intid))
                                shm_tdir_raise(gic, intid); /* for who made it active */
                        return true;
                }
                if (!shm_gic_retry(gic, &tries))
                        return false;
        }
}

/*
 * Apply a pure transition with one argument until it holds. Return: false if a bounded view gave
 * up.
 */
static inline bool shm_word_update(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                   shm_transition transition, uint64_t argument)
{
        return shm_word_change(gic, word, intid, transition, argument, false, true);
}

/*
 * The same for a device's assertion, which also says "what I stored before is there". WORD-R2: if
 * it finds the interrupt pending already, it still publishes, so that who acknowledges the older
 * assertion from now on sees those stores: without, this load could pass them, and no further
 * interrupt would tell of them.
 */
static inline __attribute__((always_inline)) bool
shm_word_inject(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                shm_transition transition, uint64_t argument)
{
        return shm_word_change(gic, word, intid, transition, argument, true, false);
}

/* The same for the end of a level: it clears no request. */
static inline bool shm_word_lower(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                  shm_transition transition, uint64_t argument)
{
        return shm_word_change(gic, word, intid, transition, argument, false, false);
}

#endif
