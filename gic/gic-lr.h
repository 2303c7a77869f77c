/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_LR_H
#define GIC_LR_H

/*
 * One interrupt in a list register: from its word into ICH_LR<n>_EL2, and back
 *
 * What    Listing moves a latched request (LATCH, EDGE) out of the word into the list register and
 *         marks the word resident; folding brings back what the virtual CPU interface made of it.
 *         In between the word has what is known of it: ACTIVE as listed, or with ACTIVE_OVERRIDDEN,
 *         as somebody else has assigned it since; LISTED while the request is not cleared; new
 *         requests set LATCH and EDGE as ever. Whoever changes a resident word sets FOLD with it
 *         (gic_lr_mark()), and asks the holder to fold.
 * Level   A level-sensitive interrupt is pending by its wires, which stay in the word; its list
 *         register asks for a maintenance interrupt at its end (EOI), so that it is listed again
 *         while the level is held.
 * Later   So does that of any interrupt which is listed as active only, and has a request that
 *         stays in the word: only the fold after its end makes that one known to whom it is for.
 * Pure    Same inputs, same answer, any thread.
 */
#include "gic-irq.h"

/* ICH_LR<n>_EL2 (IHI 0069 section 12.4.9). No physical interrupt is linked: HW is 0. */
#define GICH_LR_VINTID          UINT64_C(0xffffffff)
/* maintenance interrupt when it becomes inactive by EOI */
#define GICH_LR_EOI             (UINT64_C(1) << 41)
#define GICH_LR_PRIORITY_SHIFT  48
#define GICH_LR_GROUP1          (UINT64_C(1) << 60)
static_assert(GIC_WORD_GROUP1 << 11 == GICH_LR_GROUP1, "gic_lr_list() moves the group");
#define GICH_LR_PENDING         (UINT64_C(1) << 62)
#define GICH_LR_ACTIVE          (UINT64_C(1) << 63)
#define GICH_LR_STATE           (GICH_LR_PENDING | GICH_LR_ACTIVE)
/* ICH_HCR_EL2 (section 12.4.8) */
#define GICH_HCR_LRENPIE        (UINT64_C(1) << 2)   /* maintenance while EOIcount is not 0 */
#define GICH_HCR_TALL           (UINT64_C(3) << 11)  /* TALL0, TALL1: trap both groups */
#define GICH_VMCR_VEOIM         (UINT64_C(1) << 9)   /* ICH_VMCR_EL2 (section 12.4.13): EOImode */

/*
 * gic_lr_list() - list an interrupt that vCPU @vcpu holds (active) or that is to be delivered to it
 * @deliver: its pending state may be listed: it is wanting, and its group may be signalled
 *
 * An interrupt that is active and pending is listed as both if it is edge-triggered: it is
 * delivered again without an exit. Whatever else stays pending in the word while it is active here
 * (a level, or a request that may not be listed now, or is for another vCPU) is looked at when it
 * ends: its list register asks for a maintenance interrupt then.
 *
 * Return: the word, resident at @vcpu; *ret_lr: its list register.
 */
static inline uint64_t gic_lr_list(uint64_t w, uint32_t intid, uint16_t vcpu, bool deliver,
                                   uint64_t *ret_lr)
{
        const uint64_t latched = GIC_WORD_LATCH | GIC_WORD_EDGE;
        bool active = w & GIC_WORD_ACTIVE;
        bool pending = deliver && (active ? (w & GIC_WORD_EDGE_CFG) && (w & latched)
                                   : gic_word_pending(w));
        uint64_t now = (w & ~GIC_WORD_HOLDER) | (uint64_t)vcpu << GIC_WORD_HOLDER_SHIFT |
                       GIC_WORD_RESIDENT;

        *ret_lr = intid | (uint64_t)gic_word_priority(w) << GICH_LR_PRIORITY_SHIFT |
                  (w & GIC_WORD_GROUP1) << 11;
        if (deliver && __builtin_expect(gic_word_has(w, latched) && !active, 1)) {
                *ret_lr |= GICH_LR_PENDING;
                if (!gic_word_has(w, GIC_WORD_EDGE_CFG) || gic_word_has(w, GIC_WORD_NOTIFY))
                        *ret_lr |= GICH_LR_EOI;
                return (now & ~latched) | GIC_WORD_LISTED;
        }
        if (active)
                *ret_lr |= GICH_LR_ACTIVE;
        if (pending)
                *ret_lr |= GICH_LR_PENDING;
        if (!(w & GIC_WORD_EDGE_CFG) || (w & GIC_WORD_NOTIFY) || (!pending && gic_word_pending(w)))
                *ret_lr |= GICH_LR_EOI;
        if (pending && (w & latched))
                now = (now & ~latched) | GIC_WORD_LISTED;
        return now;
}

/* A change of a resident word by somebody else, from @old to @now: the mark that goes with it. */
static inline uint64_t gic_lr_mark(uint64_t old, uint64_t now)
{
        return (old & now & GIC_WORD_RESIDENT) && old != now ? now | GIC_WORD_FOLD : now;
}

/* Ask the holder to fold, and change nothing: what is known of a resident interrupt is old. */
static inline uint64_t gic_lr_ask(uint64_t w, uint64_t unused)
{
        (void)unused;
        return (w & GIC_WORD_RESIDENT) ? w | GIC_WORD_FOLD : w;
}

static inline uint64_t gic_lr_unmark(uint64_t w)
{
        return w & ~(GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_ACTIVE_OVERRIDDEN |
                     GIC_WORD_FOLD | GIC_WORD_ACTIVE);
}

/*
 * gic_lr_fold() - a resident word after its list register was read back
 * @listed: the list register as it was written; @lr: as it is now
 *
 * What others did meanwhile counts: a request that was cleared does not come back, an interrupt
 * that was deactivated is not active, one that was made active (GICD_ISACTIVER<n>) is; that nobody
 * holds, unless its guest has taken it.
 *
 * Return: the word, not resident; *ret_ended: an activation ended here that nobody has been told
 * of.
 */
static inline uint64_t gic_lr_fold(uint64_t w, uint64_t listed, uint64_t lr, bool *ret_ended)
{
        bool taken = (listed & GICH_LR_PENDING) && !(lr & GICH_LR_PENDING);
        bool was_active = (listed & GICH_LR_ACTIVE) || taken;
        bool active = (w & GIC_WORD_ACTIVE_OVERRIDDEN) ? (w & GIC_WORD_ACTIVE) != 0
                      : (lr & GICH_LR_ACTIVE) != 0;
        /*
         * The end from elsewhere was told as it was written; not that of what the guest took since.
         */
        bool told = (w & GIC_WORD_ACTIVE_OVERRIDDEN) && (listed & GICH_LR_ACTIVE) && !taken;

        if ((w & GIC_WORD_LISTED) && (lr & GICH_LR_PENDING))
                w |= (w & GIC_WORD_EDGE_CFG) ? GIC_WORD_EDGE : GIC_WORD_LATCH;
        w = gic_lr_unmark(w);
        *ret_ended = was_active && !active && !told && (w & GIC_WORD_NOTIFY);
        if (active)
                w |= GIC_WORD_ACTIVE;
        return active && (lr & GICH_LR_ACTIVE) ? w : gic_word_set_holder(w, GIC_NO_VCPU);
}

/*
 * gic_lr_folds_straight() - is @w, folded at @vcpu from a list register in @state, one that is not
 * active anywhere, that is still for this vCPU alone, and that has not ended, or whose end nobody
 * waits for?
 * gic_lr_fold_straight() - gic_lr_fold() of that one: nothing of it ended that somebody is told of.
 */
static inline bool gic_lr_folds_straight(uint64_t w, uint32_t vcpu, uint64_t state)
{
        const uint64_t of = GIC_WORD_RESIDENT | GIC_WORD_ACTIVE | GIC_WORD_ACTIVE_OVERRIDDEN |
                            GIC_WORD_ENABLE | GIC_WORD_IRM | GIC_WORD_HOLDER |
                            base_mask(GIC_WORD_ROUTE_WIDTH) << GIC_WORD_ROUTE_SHIFT;

        return (w & of) == (GIC_WORD_RESIDENT | GIC_WORD_ENABLE |
                            (uint64_t)vcpu << GIC_WORD_HOLDER_SHIFT |
                            (uint64_t)vcpu << GIC_WORD_ROUTE_SHIFT) &&
               !(state & GICH_LR_ACTIVE) &&
               (!gic_word_has(w, GIC_WORD_NOTIFY) || (gic_word_has(w, GIC_WORD_LISTED) && state));
}

static inline uint64_t gic_lr_fold_straight(uint64_t w, uint64_t state)
{
        uint64_t now = (w & ~(GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_FOLD)) |
                       GIC_WORD_HOLDER; /* GIC_NO_VCPU */

        if (gic_word_has(w, GIC_WORD_LISTED) && state)
                now |= gic_word_has(w, GIC_WORD_EDGE_CFG) ? GIC_WORD_EDGE : GIC_WORD_LATCH;
        return now;
}

/*
 * gic_lr_lost() - a resident word whose list register is lost: its holder died in guest
 *
 * The documented exception to "nothing twice": a request that was listed is pending again, though
 * the guest may have taken it.
 */
static inline uint64_t gic_lr_lost(uint64_t w)
{
        bool active = w & GIC_WORD_ACTIVE;

        if (w & GIC_WORD_LISTED)
                w |= (w & GIC_WORD_EDGE_CFG) ? GIC_WORD_EDGE : GIC_WORD_LATCH;
        w = gic_lr_unmark(w);
        return active ? w | GIC_WORD_ACTIVE : gic_word_set_holder(w, GIC_NO_VCPU);
}

#endif
