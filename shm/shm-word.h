/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_WORD_H
#define SHM_WORD_H

/*
 * Words: changing one, and paying what the change owes
 *
 * Each change is: load, pure transition (gic/), compare-and-swap, and on success
 * shm_word_pay_effects(). The CAS is the linearisation point. A loop repeats only when somebody
 * else changed the same word: lock-free.
 *
 * A writer that finds the word as it wants it cannot know whether the one that made it so has paid:
 * that process may be stopped, or dead, between its compare-and-swap and its last store. So whoever
 * leaves a word that owes something pays it again.
 *
 * Orders (doc/memory-order.md, "word, candidate, park"): words, summaries, park and the gates are sequentially
 * consistent. That is the store-buffering argument of every protocol here: "I changed X, then looked at Y" against "I
 * changed Y, then looked at X"; in one total order one of the two sees the other. Candidates pass messages.
 */
#include "gic-lr.h"
#include "shm-cpuif.h"
#include "shm-gic.h"
#include "shm-oneofn.h"
#include "shm-tdir.h"

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

/* Ring vCPU @vcpu unless it looks for itself. PARK-A1: after a sequentially consistent store; pairs with PARK-R1. */
static inline void shm_word_ring(struct shm_gic *gic, uint32_t vcpu)
{
        uint32_t park = shm_load(&gic->vcpus[vcpu].park, PARK_A1);

        if (park != SHM_PARK_RUNNING && gic->ring)
                gic->ring(gic->hook_ctx, vcpu, park);
}

/* CAND-R1, CAND-R2: the candidate before its summary bit; the summary by an unconditional read-modify-write. */
static inline void shm_word_mark(struct shm_vcpu *vcpu, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid);

        shm_or(&vcpu->candidates[index / 64], UINT64_C(1) << (index % 64), CAND_R1);
        shm_or(&vcpu->summary, UINT64_C(1) << (index / 64), CAND_R2);
}

/* Owe an end of interrupt to the daemon: EOI-R1, EOI-R2. No system call: the daemon polls while it expects one. */
static inline void shm_word_owe_eoi(struct shm_gic *gic, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid);

        shm_or(&gic->header->eoi[index / 64], UINT64_C(1) << (index % 64), EOI_R1);
        shm_or(&gic->header->eoi_summary, UINT64_C(1) << (index / 64), EOI_R2);
}

/* Was it offered to a vCPU, and is it no more? Then that one has to hear of it: shm_cpuif_withdrawn(). */
static inline void shm_cpuif_tell_withdrawn(struct shm_gic *gic, uint64_t old, uint64_t now)
{
        uint32_t target = gic_word_route(old);

        if (gic_word_wanting(old) && target < gic->n_vcpus && !(gic_word_wanting(now) && gic_word_route(now) == target))
                shm_cpuif_withdrawn(gic, target);
}

/*
 * List-register ports: who has the interrupt in a list register folds; and one that is in guest has to trap the end of a private one
 * that was made active from outside. (Of SPIs: shm_gate_passed_by().)
 */
static inline void shm_word_tell_port(struct shm_gic *gic, uint32_t intid, unsigned effects, uint64_t now)
{
        uint32_t target = gic_word_route(now), holder = gic_word_holder(now);

        if ((effects & GIC_EFFECT_ACTIVE) && gic_intid_is_private(intid) && target < gic->n_vcpus && shm_gic_is_port(&gic->vcpus[target]))
                shm_word_ring(gic, target);
        if ((effects & GIC_EFFECT_FOLD) && holder < gic->n_vcpus)
                shm_word_ring(gic, holder);
}

/*
 * Pay the effects of a change that was published. TDIR goes up before the target can hear of the interrupt, so that no
 * deactivation can come before it (INVARIANT of TDIR). In line: a call would save each register, at
 * each injection and each end. Return: what was paid, GIC_EFFECT_*.
 */
static inline __attribute__((always_inline)) unsigned shm_word_pay_effects(struct shm_gic *gic,
                                                                      uint32_t intid,
                                                                      uint64_t old, uint64_t now)
{
        unsigned effects = gic_irq_effects(old, now);
        uint32_t target = gic_word_route(now);

        shm_cpuif_tell_withdrawn(gic, old, now);
        if (!effects)
                return 0;
        if ((effects & GIC_EFFECT_FLIGHT) && !gic_intid_is_private(intid))
                shm_tdir_raise(gic, intid);
        if (__builtin_expect((effects & GIC_EFFECT_DELIVER) && (now & GIC_WORD_IRM), 0)) {
                shm_oneofn_place(gic, intid);
        } else if ((effects & GIC_EFFECT_DELIVER) && target < gic->n_vcpus) {
                shm_word_mark(&gic->vcpus[target], intid);
                shm_word_ring(gic, target);
        }
        if (effects & GIC_EFFECT_EOI)
                shm_word_owe_eoi(gic, intid);
        if (__builtin_expect(effects & (GIC_EFFECT_ACTIVE | GIC_EFFECT_FOLD), 0))
                shm_word_tell_port(gic, intid, effects, now);
        return effects;
}

/*
 * shm_word_pay_again() - pay what the word @w owes and another writer may have left unpaid: TDIR,
 * the candidate and its summary bit, a place (1-of-N), the ring. Paid twice it costs a ring at
 * most. Threads: any; after the load or the change that found @w.
 */
void shm_word_pay_again(struct shm_gic *gic, uint32_t intid, uint64_t w);

/* Does the word owe something to anybody, as it is? */
static inline bool shm_word_owes(uint64_t w)
{
        return gic_irq_is_owed(w) || (w & (GIC_WORD_ACTIVE | GIC_WORD_FOLD));
}

/*
 * After a change for which shm_word_pay_effects() paid @paid: did another writer make the word
 * wanting (or ask for a fold) before it, so that this change had nothing new to pay?
 */
static inline bool shm_word_may_be_unpaid(uint64_t old, uint64_t now, unsigned paid)
{
        return !(paid & (GIC_EFFECT_DELIVER | GIC_EFFECT_FOLD)) &&
               (gic_irq_is_owed(now) || (old & now & GIC_WORD_FOLD));
}

typedef uint64_t (*shm_transition)(uint64_t word, uint64_t argument);

/*
 * shm_word_note() - before a change from outside of a word that has a holder: who may be in the
 * middle of acknowledging it (shm-slot.h, Undelivered)
 * @old: the word; then what it is by now. @now: what is to become of it; then what instead.
 *
 * Return: false if it has changed: start over. In shm-repair.c.
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

/* @announces: shm_word_inject(). @notes: it may clear requests, or assign ACTIVE: shm_word_note(). */
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

                        if (__builtin_expect(shm_word_may_be_unpaid(old, now, paid), 0))
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

/* Apply a pure transition with one argument until it holds. Return: false if a bounded view gave up. */
static inline bool shm_word_update(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid, shm_transition transition,
                                   uint64_t argument)
{
        return shm_word_change(gic, word, intid, transition, argument, false, true);
}

/*
 * The same for a device's assertion, which also says "what I stored before is there". WORD-R2: if it finds the interrupt
 * pending already, it still publishes, so that who acknowledges the older assertion from now on sees those stores:
 * without, this load could pass them, and no further interrupt would tell of them.
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
