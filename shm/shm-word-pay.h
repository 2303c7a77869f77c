/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_WORD_PAY_H
#define SHM_WORD_PAY_H

/*
 * Paying: what a change of a word owes to others, and to whom
 *
 * What    A change of a word may owe that TDIR is set, that its target has a candidate and is rung,
 *         that a 1-of-N interrupt has a place, that a device hears of an end, that a port folds
 *         (gic_irq_effects()). Whoever changed the word pays, after the compare-and-swap.
 * Again   A writer that finds the word as it wants it cannot know whether the one that made it so
 *         has paid: that process may be stopped, or dead, between its compare-and-swap and its last
 *         store. So whoever leaves a word that owes something pays it again. Paid twice it costs a
 *         ring at most.
 * Order   TDIR before the candidate, the candidate before the ring: shm_word_pay_effects().
 * Threads Any.
 */
#include "gic-lr.h"
#include "shm-cpuif-admit.h"
#include "shm-oneofn.h"
#include "shm-tdir.h"

/*
 * List-register ports: who has the interrupt in a list register folds; and one that is in guest has
 * to trap the end of a private one that was made active from outside. (Of SPIs:
 * shm_gate_passed_by().)
 */
static inline void shm_word_tell_port(struct shm_gic *gic, uint32_t intid, unsigned effects,
                                      uint64_t now)
{
        uint32_t target = gic_word_route(now), holder = gic_word_holder(now);

        if ((effects & GIC_EFFECT_ACTIVE) && gic_intid_is_private(intid) && target < gic->n_vcpus &&
            shm_gic_is_port(&gic->vcpus[target]))
                shm_word_ring(gic, target);
        if ((effects & GIC_EFFECT_FOLD) && holder < gic->n_vcpus)
                shm_word_ring(gic, holder);
}

/*
 * shm_word_raise() - TDIR is set if the word says so. For a writer that did not bring the SPI into
 * flight: who did may be stopped, or dead, in front of that. Threads: any.
 */
void shm_word_raise(struct shm_gic *gic, uint32_t intid, uint64_t w);

/*
 * Pay the effects of a change that was published. TDIR goes up before the target can hear of the
 * interrupt, so that no deactivation can come before it (INVARIANT of TDIR). In line: a call would
 * save each register, at each injection and each end. Return: what was paid, GIC_EFFECT_*.
 */
SHM_IN_LINE unsigned shm_word_pay_effects(struct shm_gic *gic, uint32_t intid, uint64_t old,
                                          uint64_t now)
{
        unsigned effects = gic_irq_effects(old, now);
        uint32_t target = gic_word_route(now);

        shm_cpuif_tell_withdrawn(gic, old, now);
        if (__builtin_expect(gic_word_has(now, GIC_WORD_NOTIFY), 0))
                shm_tdir_tell_end(gic, intid, now);
        if (!effects)
                return 0;
        if (effects & GIC_EFFECT_FLIGHT) {
                if (!gic_intid_is_private(intid))
                        shm_tdir_raise(gic, intid);
        } else if (__builtin_expect((effects & GIC_EFFECT_DELIVER) && !(old & GIC_WORD_RESIDENT),
                                    0)) {
                shm_word_raise(gic, intid, now); /* what a port has listed has raised it */
        }
        if (__builtin_expect((effects & GIC_EFFECT_DELIVER) && (now & GIC_WORD_IRM), 0)) {
                shm_oneofn_place(gic, intid);
        } else if ((effects & GIC_EFFECT_DELIVER) && target < gic->n_vcpus) {
                shm_word_mark(&gic->vcpus[target], intid, now);
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
 * the candidate and its class, a place (1-of-N), the ring. Paid twice it costs a ring at
 * most. Threads: any; after the load or the change that found @w.
 */
void shm_word_pay_again(struct shm_gic *gic, uint32_t intid, uint64_t w);

/* Does the word owe something to anybody, as it is? */
static inline bool shm_word_owes(uint64_t w)
{
        return gic_irq_is_owed(w) || (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT | GIC_WORD_FOLD));
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

/*
 * The same for a write of a register or an attribute, where who brought the interrupt into flight
 * before it may not have raised TDIR either, nor told the daemon. Of one at rest nothing is owed.
 */
static inline bool shm_word_is_at_rest(uint64_t w)
{
        return !(w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT | GIC_WORD_FOLD | GIC_WORD_LATCH |
                      GIC_WORD_EDGE | GIC_WORD_LISTED | GIC_WORD_WIRES | GIC_WORD_MESSAGE));
}

/* shm_word_pay_rest() - pay again what a write that paid @paid, and made @w, has not. */
void shm_word_pay_rest(struct shm_gic *gic, uint32_t intid, uint64_t w, unsigned paid);

#endif
