/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_IRQ_H
#define GIC_IRQ_H

/*
 * One interrupt: the transitions of its word, and what each owes
 *
 * What    Each event is a pure function old word -> new word. shm/ applies it by compare-and-swap
 *         and then pays what gic_irq_effects(old, new) names. Same inputs, same answer, no side
 *         effect, any thread.
 * Order   The events are those of the state machine in IHI 0069 section 4.1.2 (inactive, pending,
 *         active, active and pending).
 */
#include "gic-word.h"

/*
 * A source raises its wire. An edge-triggered interrupt latches the rising edge (IHI 0069 section
 * 1.2.1).
 */
static inline uint64_t gic_irq_raise(uint64_t w, unsigned wire)
{
        uint64_t bit = gic_word_wire(wire);

        if ((w & GIC_WORD_EDGE_CFG) && !(w & bit))
                w |= GIC_WORD_EDGE;
        return w | bit;
}

static inline uint64_t gic_irq_lower(uint64_t w, unsigned wire)
{
        return w & ~gic_word_wire(wire);
}

/*
 * A rising edge of a wire that is low again. A level-sensitive interrupt remembers it as one
 * request.
 */
static inline uint64_t gic_irq_pulse(uint64_t w)
{
        if (__builtin_expect(gic_word_has(w, GIC_WORD_EDGE_CFG), 1))
                return w | GIC_WORD_EDGE;
        return w | GIC_WORD_LATCH;
}

/*
 * GICD_SETSPI_NSR (IHI 0069 section 12.9.33): an edge, or a level that holds until GICD_CLRSPI_NSR.
 */
static inline uint64_t gic_irq_message_set(uint64_t w)
{
        return w | ((w & GIC_WORD_EDGE_CFG) ? GIC_WORD_EDGE : GIC_WORD_MESSAGE);
}

static inline uint64_t gic_irq_message_clear(uint64_t w)
{
        return w & ~((w & GIC_WORD_EDGE_CFG) ? GIC_WORD_EDGE | GIC_WORD_LATCH | GIC_WORD_LISTED
                     : GIC_WORD_MESSAGE);
}

/*
 * Acknowledge: pending requests that do not hold a level are consumed (IHI 0069 section 4.1.2,
 * transition B).
 */
static inline uint64_t gic_irq_acknowledge(uint64_t w, uint16_t vcpu)
{
        w &= ~(GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_HOLDER);
        return w | GIC_WORD_ACTIVE | (uint64_t)vcpu << GIC_WORD_HOLDER_SHIFT;
}

/*
 * GICD_IROUTER<n>: @vcpu has the affinity that was written. With Interrupt_Routing_Mode the vCPU
 * chosen last stays until the interrupt is placed anew.
 */
static inline uint64_t gic_irq_route(uint64_t w, uint16_t vcpu)
{
        return gic_word_set_route(w & ~GIC_WORD_IRM, vcpu);
}

static inline uint64_t gic_irq_route_any(uint64_t w)
{
        return w | GIC_WORD_IRM;
}

/*
 * Deactivate (transition E): an interrupt whose level is still held is pending again by that very
 * word. One that is in a list register may be active there already: what it is, its holder finds
 * when it folds (gic-lr.h). The salt moves with that: so the repair of who was ending it, and died,
 * knows whether this came through (shm-repair.c), whatever has become of the interrupt since.
 */
static inline uint64_t gic_irq_deactivate(uint64_t w)
{
        if ((w & GIC_WORD_RESIDENT) &&
            (w & (GIC_WORD_ACTIVE | GIC_WORD_ACTIVE_OVERRIDDEN)) == GIC_WORD_ACTIVE_OVERRIDDEN)
                return w;
        if (w & GIC_WORD_RESIDENT)
                return gic_word_salted((w & ~GIC_WORD_ACTIVE) | GIC_WORD_ACTIVE_OVERRIDDEN);
        if (!(w & GIC_WORD_ACTIVE))
                return w;
        return gic_word_set_holder(w & ~GIC_WORD_ACTIVE, GIC_NO_VCPU);
}

/*
 * The same by a writer from outside that changes the state and ends nothing (GICD_ICACTIVER, a
 * reset of the vCPU that acknowledged it). The holder stays, and means one thing only: to the
 * repair of a vCPU that died in the middle of its acknowledge, that the acknowledge had come so far
 * (shm-repair.c).
 */
static inline uint64_t gic_irq_deactivate_outside(uint64_t w)
{
        return (w & GIC_WORD_RESIDENT) ? gic_irq_deactivate(w) : w & ~GIC_WORD_ACTIVE;
}

/*
 * An acknowledge that was not delivered never was: the requests that it had consumed are pending
 * again, and it is active if a write made it so meanwhile. The salt moves: who was about to take
 * back the same, and stood still, does not take back what is acknowledged next.
 */
static inline uint64_t gic_irq_take_back(uint64_t w, uint64_t requests, bool active)
{
        w = gic_word_salted(gic_word_set_holder(w, GIC_NO_VCPU));
        return base_bit_assign(w | requests, GIC_WORD_ACTIVE, active);
}

/*
 * A reset of the controller's registers: back to disabled, level-sensitive (an SGI: edge), Group 0,
 * priority 0, neither active nor latched (IHI 0069 section 12.9, reset values). Wires belong to the
 * devices and keep their level; so do bits that this code does not know.
 */
static inline uint64_t gic_irq_reset(uint64_t w, bool is_sgi)
{
        w &= ~(base_mask(GIC_WORD_PRIORITY_WIDTH) | GIC_WORD_IRM | GIC_WORD_FOLD | GIC_WORD_ACTIVE |
               GIC_WORD_ENABLE |
               GIC_WORD_GROUP1 | GIC_WORD_EDGE_CFG | GIC_WORD_LATCH | GIC_WORD_MESSAGE |
               GIC_WORD_EDGE | GIC_WORD_NMI |
               GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_ACTIVE_OVERRIDDEN);
        w = base_bit_assign(w, GIC_WORD_EDGE_CFG, is_sgi);
        return gic_word_set_holder(w, GIC_NO_VCPU);
}

/* What a change of a word owes to others. */
#define GIC_EFFECT_DELIVER  (1u << 0)  /* its target has something new to look at */
#define GIC_EFFECT_FLIGHT   (1u << 1)  /* it came into flight */
#define GIC_EFFECT_EOI      (1u << 2)  /* its end of interrupt is owed to somebody */
#define GIC_EFFECT_FOLD     (1u << 3)  /* its holder, which has it in a list register, is to fold */
#define GIC_EFFECT_ACTIVE   (1u << 4)  /* it became active, and is in no list register */

/* A 1-of-N interrupt without a target is owed one. */
static inline bool gic_irq_is_owed(uint64_t w)
{
        return gic_word_wanting(w) && (gic_word_route(w) != GIC_NO_VCPU || (w & GIC_WORD_IRM));
}

/*
 * At rest: enabled, and neither pending, active nor in a list register. A request then owes just
 * GIC_EFFECT_FLIGHT and GIC_EFFECT_DELIVER, to gic_word_target().
 */
static inline bool gic_irq_awaits_request(uint64_t w)
{
        return gic_word_has_just(w, GIC_WORD_ENABLE | GIC_WORD_ACTIVE | GIC_WORD_RESIDENT |
                                 GIC_WORD_LATCHED, GIC_WORD_ENABLE) &&
               (gic_word_has(w, GIC_WORD_EDGE_CFG) || !gic_word_has(w, GIC_WORD_LEVELS));
}

/* Active, and in no list register: who changes its sources owes nothing. */
static inline bool gic_irq_is_handled(uint64_t w)
{
        return gic_word_has_just(w, GIC_WORD_ACTIVE | GIC_WORD_RESIDENT | GIC_WORD_FOLD,
                                 GIC_WORD_ACTIVE);
}

/* gic_irq_deactivate(), of what is handled. */
static inline uint64_t gic_irq_end(uint64_t w)
{
        return (w & ~GIC_WORD_ACTIVE) | GIC_WORD_HOLDER; /* GIC_NO_VCPU */
}

/* Handled, and its end owes nothing: nobody asked for it, and it is not pending again. */
static inline bool gic_irq_ends_quietly(uint64_t w)
{
        return gic_word_has_just(w, GIC_WORD_ACTIVE | GIC_WORD_RESIDENT | GIC_WORD_FOLD |
                                 GIC_WORD_NOTIFY | GIC_WORD_LATCHED, GIC_WORD_ACTIVE) &&
               (gic_word_has(w, GIC_WORD_EDGE_CFG) || !gic_word_has(w, GIC_WORD_LEVELS));
}

static inline unsigned gic_irq_effects(uint64_t old, uint64_t now)
{
        const uint64_t where = base_mask(GIC_WORD_PRIORITY_WIDTH) |
                               base_mask(GIC_WORD_ROUTE_WIDTH) << GIC_WORD_ROUTE_SHIFT |
                               GIC_WORD_GROUP1 | GIC_WORD_IRM;
        unsigned effects = 0;

        if (gic_irq_is_owed(now) && (!gic_irq_is_owed(old) || ((old ^ now) & where)))
                effects |= GIC_EFFECT_DELIVER;
        if (gic_word_in_flight(now) && !gic_word_in_flight(old))
                effects |= GIC_EFFECT_FLIGHT;
        if ((old & GIC_WORD_ACTIVE) && !(now & GIC_WORD_ACTIVE) && (now & GIC_WORD_NOTIFY))
                effects |= GIC_EFFECT_EOI;
        if (__builtin_expect(now & ~old & (GIC_WORD_FOLD | GIC_WORD_ACTIVE), 0)) {
                if (now & ~old & GIC_WORD_FOLD)
                        effects |= GIC_EFFECT_FOLD;
                if ((now & ~old & GIC_WORD_ACTIVE) && !(now & GIC_WORD_RESIDENT))
                        effects |= GIC_EFFECT_ACTIVE;
        }
        return effects;
}

#endif
