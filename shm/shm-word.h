/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_WORD_H
#define SHM_WORD_H

/*
 * Words: changing one, and paying what the change owes
 *
 * What    shm_word_update() applies a pure transition (gic/) to a word; shm_word_request() is the
 *         same for one that makes a request, shm_word_inject() for a device's assertion. All pay
 *         (shm-word-pay.h).
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
#include <errno.h>

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

/* What a transition needs beside its compare-and-swap. */
#define SHM_WORD_ANNOUNCES  (1u << 0)   /* a device's assertion: shm_word_inject() */
#define SHM_WORD_NOTES      (1u << 1)   /* may clear requests, assign ACTIVE: shm_word_note() */

/*
 * The loop of all: apply a pure transition with one argument until it holds, and pay what that
 * owes. @needs: SHM_WORD_*. Return: 0; -EIO: a bounded view gave up.
 */
SHM_IN_LINE int shm_word_change(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                shm_transition transition, uint64_t argument, unsigned needs)
{
        uint64_t old = shm_word_load(word);
        unsigned tries = 0;

        for (;;) {
                uint64_t now = gic_lr_mark(old, transition(old, argument));

                if ((needs & SHM_WORD_NOTES) &&
                    __builtin_expect(gic_word_holder(old) < gic->n_vcpus, 0) &&
                    !shm_word_note(gic, word, intid, &old, &now, transition, argument)) {
                        if (!shm_gic_retry(gic, &tries))
                                return -EIO;
                        continue;
                }
                if (now == old) {
                        if (!(needs & SHM_WORD_ANNOUNCES) || shm_cas(word, &old, old, WORD_R2)) {
                                if (shm_word_owes(old))
                                        shm_word_pay_again(gic, intid, old);
                                return 0;
                        }
                } else if (shm_word_cas(word, &old, now)) {
                        unsigned paid = shm_word_pay_effects(gic, intid, old, now);

                        if ((needs & SHM_WORD_NOTES) &&
                            __builtin_expect(!(paid & GIC_EFFECT_FLIGHT) &&
                                             !shm_word_is_at_rest(now), 0))
                                shm_word_pay_rest(gic, intid, now, paid);
                        else if (!(needs & SHM_WORD_NOTES) &&
                                 __builtin_expect(shm_word_may_be_unpaid(old, now, paid), 0))
                                shm_word_pay_again(gic, intid, now);
                        else if ((needs & SHM_WORD_ANNOUNCES) && (now & GIC_WORD_ACTIVE) &&
                                 !gic_intid_is_private(intid))
                                shm_tdir_raise(gic, intid); /* for who made it active */
                        return 0;
                }
                if (!shm_gic_retry(gic, &tries))
                        return -EIO;
        }
}

/* Return: false if a bounded view gave up. */
static inline bool shm_word_update(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                   shm_transition transition, uint64_t argument)
{
        return shm_word_change(gic, word, intid, transition, argument, SHM_WORD_NOTES) == 0;
}

/*
 * Straight paths, in line where the transition is known: what most changes are, with as few
 * instructions as they need. Whatever else a word or its vCPU asks for is a call of one of these,
 * with nothing to do after it: so no register is saved for it.
 */
int shm_word_change_slowly(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                           shm_transition transition, uint64_t argument, unsigned needs);
int shm_word_pay_slowly(struct shm_gic *gic, uint32_t intid, uint64_t old, uint64_t now);
int shm_word_ring_slowly(struct shm_gic *gic, uint32_t vcpu, uint32_t park);

/* shm_word_pay_effects(), of a request for which gic_irq_awaits_request(). */
SHM_IN_LINE int shm_word_pay_request(struct shm_gic *gic, uint32_t intid, bool is_private,
                                     uint64_t old, uint64_t now)
{
        struct shm_vcpu *target = &gic->vcpus[gic_word_route(now)];
        uint32_t park;

        if (!is_private &&
            __builtin_expect(!shm_tdir_is_set(shm_load(&gic->header->tdir, TDIR_A1)), 0))
                return shm_word_pay_slowly(gic, intid, old, now);
        shm_word_mark(target, intid, now);
        park = shm_load(&target->park, PARK_A1);
        if (__builtin_expect(park == SHM_PARK_RUNNING, 1))
                return 0;
        return shm_word_ring_slowly(gic, gic_word_route(now), park);
}

/*
 * A transition that makes a request, or leaves the word as it is. It clears none, and assigns no
 * ACTIVE. @is_private: gic_intid_is_private(@intid). Return: 0; -EIO.
 */
SHM_IN_LINE int shm_word_request(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                 bool is_private, shm_transition transition, uint64_t argument,
                                 unsigned needs)
{
        uint64_t old, now;

        shm_fetch_to_write(word);
        old = shm_word_load(word);
        now = transition(old, argument);
        if (__builtin_expect(gic_irq_awaits_request(old) && now != old &&
                             gic_word_target(now) < gic->n_vcpus, 1) &&
            shm_word_cas(word, &old, now))
                return shm_word_pay_request(gic, intid, is_private, old, now);
        return shm_word_change_slowly(gic, word, intid, transition, argument, needs);
}

/*
 * The same for a device's assertion, which also says "what I stored before is there". WORD-R2: if
 * it finds the interrupt pending already, it still publishes, so that who acknowledges the older
 * assertion from now on sees those stores: without, this load could pass them, and no further
 * interrupt would tell of them.
 */
SHM_IN_LINE int shm_word_inject(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                bool is_private, shm_transition transition, uint64_t argument)
{
        return shm_word_request(gic, word, intid, is_private, transition, argument,
                                SHM_WORD_ANNOUNCES);
}

/*
 * The end of a level: it clears no request. Of an interrupt that is being handled nobody has to
 * hear of it.
 */
SHM_IN_LINE int shm_word_lower(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                               shm_transition transition, uint64_t argument)
{
        uint64_t old = shm_word_load(word), now = transition(old, argument);

        if (__builtin_expect(gic_irq_is_handled(old) && now != old, 1) &&
            shm_word_cas(word, &old, now))
                return 0;
        return shm_word_change_slowly(gic, word, intid, transition, argument, 0);
}

#endif
