/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_PRIO_H
#define GIC_PRIO_H

/*
 * Priorities: group priority, binary point, preemption (IHI 0069 section 4.8)
 *
 * A lower value is a higher priority. With one security state Group 1 uses ICC_BPR1_EL1 shifted by
 * one place: its value n splits where n - 1 in ICC_BPR0_EL1 would (section 4.8.2, "Priority
 * grouping").
 */
#include <stdbool.h>
#include <stdint.h>

#include "gic-spec.h"

/* Implemented bits of a priority: the high ones. */
static inline uint8_t gic_prio_mask(unsigned n_priority_bits)
{
        return (uint8_t)(0xff00u >> n_priority_bits);
}

/*
 * Preemption bits: at most 7 (section 4.8.2). Each preemption level is one bit of the
 * active-priority registers.
 */
static inline unsigned gic_prio_preemption_bits(unsigned n_priority_bits)
{
        return n_priority_bits > 7 ? 7 : n_priority_bits;
}

static inline unsigned gic_prio_min_bpr0(unsigned n_priority_bits)
{
        return 7 - gic_prio_preemption_bits(n_priority_bits);
}

/* Number of 32-bit active-priority registers per group: ICC_AP0R<n>_EL1, "Configurations". */
static inline unsigned gic_prio_n_apr(unsigned n_priority_bits)
{
        return 1u << (gic_prio_preemption_bits(n_priority_bits) > 5
                      ? gic_prio_preemption_bits(n_priority_bits) - 5 : 0);
}

/*
 * Bits of an active-priorities register that stand for a priority; the rest is RES0: with 4
 * preemption bits it has 16.
 */
static inline uint32_t gic_prio_apr_mask(unsigned n_priority_bits)
{
        return gic_prio_preemption_bits(n_priority_bits) < 5 ? 0xffff : UINT32_MAX;
}

/* The group-priority part of a priority, for a binary point as ICC_BPR0_EL1 counts it. */
static inline uint8_t gic_prio_group_mask(unsigned bpr0)
{
        return (uint8_t)(0xffu << (bpr0 + 1));
}

/* The binary point that counts for @group, in ICC_BPR0_EL1's count. */
static inline unsigned gic_prio_bpr(unsigned group, unsigned bpr0, unsigned bpr1, bool cbpr)
{
        if (group == 0 || cbpr)
                return bpr0;
        return bpr1 ? bpr1 - 1 : 0;
}

/* Does @priority beat the mask and the running priority? Equal never does (section 4.8.6). */
static inline bool gic_prio_preempts(uint8_t priority, uint8_t pmr, uint8_t running,
                                     uint8_t group_mask)
{
        if (priority >= pmr)
                return false;
        return running == GIC_PRIORITY_IDLE || (priority & group_mask) < (running & group_mask);
}

/* The bit of the active-priority registers that stands for a priority: 0 is the highest. */
static inline unsigned gic_prio_apr_bit(uint8_t priority, uint8_t group_mask,
                                        unsigned n_priority_bits)
{
        return (unsigned)(priority & group_mask) >> (8 - gic_prio_preemption_bits(n_priority_bits));
}

static inline uint8_t gic_prio_of_apr_bit(unsigned bit, unsigned n_priority_bits)
{
        return (uint8_t)(bit << (8 - gic_prio_preemption_bits(n_priority_bits)));
}

#endif
