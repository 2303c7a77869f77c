/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-reg.h"

#include "gic-irq.h"

/*
 * Registers: what a write of a field makes of the word
 *
 * Set- and clear-type registers change nothing where a 0 is written; the others assign.
 */

/* IHI 0069 section 12.9.13, GICD_IGROUPR<n> */
uint64_t gic_field_set_group(uint64_t w, uint64_t field)
{
        return base_bit_assign(w, GIC_WORD_GROUP1, field & 1);
}

/* GICD_ISENABLER<n>, GICD_ICENABLER<n>: 12.9.26, 12.9.7 */
uint64_t gic_field_set_enable(uint64_t w, uint64_t field)
{
        return (field & 1) ? w | GIC_WORD_ENABLE : w;
}

uint64_t gic_field_clear_enable(uint64_t w, uint64_t field)
{
        return (field & 1) ? w & ~GIC_WORD_ENABLE : w;
}

/*
 * GICD_ISPENDR<n>, GICD_ICPENDR<n> (12.9.28, 12.9.11): a latch of its own; a level that is held
 * survives a clear.
 */
uint64_t gic_field_set_pending(uint64_t w, uint64_t field)
{
        return (field & 1) ? w | GIC_WORD_LATCH : w;
}

uint64_t gic_field_clear_pending(uint64_t w, uint64_t field)
{
        return (field & 1) ? w & ~(GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_LISTED) : w;
}

/* GICD_ISACTIVER<n>, GICD_ICACTIVER<n>: 12.9.24, 12.9.5 */
uint64_t gic_field_set_active(uint64_t w, uint64_t field)
{
        if (!(field & 1))
                return w;
        /*
         * Its guest may have ended it in the list register, and nobody knows yet: this write is
         * after that.
         */
        if (w & GIC_WORD_RESIDENT)
                return w | GIC_WORD_ACTIVE | GIC_WORD_ACTIVE_OVERRIDDEN;
        if (w & GIC_WORD_ACTIVE)
                return w;
        /* Nobody acknowledged it: so a reset of a vCPU does not take it for its own. */
        return gic_word_set_holder(w | GIC_WORD_ACTIVE, GIC_NO_VCPU);
}

uint64_t gic_field_clear_active(uint64_t w, uint64_t field)
{
        return (field & 1) ? gic_irq_deactivate_outside(w) : w;
}

/* GICD_IPRIORITYR<n> (12.9.20); the caller has masked the unimplemented bits. */
uint64_t gic_field_set_priority(uint64_t w, uint64_t field)
{
        return gic_word_set_priority(w, (uint8_t)field);
}

/* GICD_ICFGR<n> (12.9.9): bit 1 of each pair; bit 0 is RES0. */
uint64_t gic_field_set_config(uint64_t w, uint64_t field)
{
        return base_bit_assign(w, GIC_WORD_EDGE_CFG, (field & 2) != 0);
}
