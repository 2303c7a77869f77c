/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_WORD_H
#define GIC_WORD_H

/*
 * The interrupt word: all delivery state of one interrupt in 64 bits
 *
 * What    Every SGI, PPI and SPI is one such word, of the extended ranges, too; so will be LPIs. A
 *         register of the architecture is a view of one field of many words.
 * ABI     The positions below are part of the segment's layout (shm-layout.h): a change of meaning
 *         raises its major version. Bits that a participant does not know keep their value.
 * Derived "Pending", "in flight" and "deliverable" are functions of the word and never stored.
 *
 *   63 62 | 61     | 60  | 59..54 | 53   52  51    | 50   49    48     47     | 46   | 45 44 | 43
 *   42     41       |
 *   salt  | notify | nmi | wires  | edge msg latch | cfg  group enable active | fold | salt  |
 *         ended listed resident |
 *   40..25 | 24  | 23..8 | 7..0
 *   holder | irm | route | priority
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base-bits.h"

#define GIC_WORD_PRIORITY_SHIFT    0
#define GIC_WORD_PRIORITY_WIDTH    8
/* vCPU that the affinity names, or that was chosen (1-of-N), or GIC_NO_VCPU */
#define GIC_WORD_ROUTE_SHIFT       8
#define GIC_WORD_ROUTE_WIDTH      16
#define GIC_WORD_IRM        (UINT64_C(1) << 24) /* 1-of-N: any eligible vCPU */
/* vCPU on which it is active or resident; else without meaning, but for a repair */
#define GIC_WORD_HOLDER_SHIFT     25
#define GIC_WORD_HOLDER_WIDTH     16
#define GIC_WORD_HOLDER     (UINT64_C(0xffff) << GIC_WORD_HOLDER_SHIFT)
/* in a list register of the holder, which may be running: gic-lr.h */
#define GIC_WORD_RESIDENT   (UINT64_C(1) << 41)
/* resident: its latched request is in the list register, or was taken from there */
#define GIC_WORD_LISTED     (UINT64_C(1) << 42)
/* resident: ACTIVE was assigned from elsewhere since: deactivated, or made active */
#define GIC_WORD_ACTIVE_OVERRIDDEN      (UINT64_C(1) << 43)
/* resident: changed since, so the holder was asked to fold */
#define GIC_WORD_FOLD       (UINT64_C(1) << 46)
#define GIC_WORD_ACTIVE     (UINT64_C(1) << 47)
#define GIC_WORD_ENABLE     (UINT64_C(1) << 48)
#define GIC_WORD_GROUP1     (UINT64_C(1) << 49)
#define GIC_WORD_EDGE_CFG   (UINT64_C(1) << 50) /* ICFGR: edge-triggered */
#define GIC_WORD_LATCH      (UINT64_C(1) << 51) /* ISPENDR */
#define GIC_WORD_MESSAGE    (UINT64_C(1) << 52) /* level held by SETSPI, dropped by CLRSPI */
#define GIC_WORD_EDGE       (UINT64_C(1) << 53) /* an edge was seen */
#define GIC_WORD_WIRE_SHIFT       54  /* one bit per source, each owned by one party */
#define GIC_N_WIRES                6
#define GIC_WORD_WIRES      (UINT64_C(0x3f) << GIC_WORD_WIRE_SHIFT)
#define GIC_WORD_NMI        (UINT64_C(1) << 60) /* reserved for FEAT_GICv3_NMI */
#define GIC_WORD_NOTIFY     (UINT64_C(1) << 61) /* somebody wants to hear of the end of interrupt */

/*
 * Four bits that only count, so that a change which was decided before they moved fails:
 * shm-takeover.h. The two at the top are the low ones.
 */
#define GIC_WORD_SALT_SHIFT       62
#define GIC_WORD_SALT_HIGH_SHIFT  44
#define GIC_WORD_SALT \
        (UINT64_C(3) << GIC_WORD_SALT_SHIFT | UINT64_C(3) << GIC_WORD_SALT_HIGH_SHIFT)

/* The ABI, position by position: each field begins where the one below it ends. */
static_assert(GIC_WORD_PRIORITY_SHIFT == 0 && GIC_WORD_PRIORITY_WIDTH == 8, "word: priority");
static_assert(GIC_WORD_ROUTE_SHIFT == 8 && GIC_WORD_ROUTE_WIDTH == 16, "word: route");
static_assert(GIC_WORD_IRM == UINT64_C(1) << 24, "word: IRM"); /* gic_word_target() */
static_assert(GIC_WORD_HOLDER_SHIFT == 25 && GIC_WORD_HOLDER_WIDTH == 16, "word: holder");
static_assert(GIC_WORD_RESIDENT == UINT64_C(1) << 41, "word: resident");
static_assert(GIC_WORD_LISTED == UINT64_C(1) << 42, "word: listed");
static_assert(GIC_WORD_ACTIVE_OVERRIDDEN == UINT64_C(1) << 43, "word: ended");
static_assert(GIC_WORD_FOLD == UINT64_C(1) << 46, "word: fold");
static_assert(GIC_WORD_ACTIVE == UINT64_C(1) << 47, "word: active");
static_assert(GIC_WORD_ENABLE == UINT64_C(1) << 48, "word: enable");
static_assert(GIC_WORD_GROUP1 == UINT64_C(1) << 49, "word: group");
static_assert(GIC_WORD_EDGE_CFG == UINT64_C(1) << 50, "word: trigger");
static_assert(GIC_WORD_LATCH == UINT64_C(1) << 51, "word: latch");
static_assert(GIC_WORD_MESSAGE == UINT64_C(1) << 52, "word: message level");
static_assert(GIC_WORD_EDGE == UINT64_C(1) << 53, "word: edge");
static_assert(GIC_WORD_WIRE_SHIFT == 54 && GIC_N_WIRES == 6, "word: wires");
static_assert(GIC_WORD_WIRES == UINT64_C(0x3f) << 54, "word: the mask of all wires");
static_assert(GIC_WORD_NMI == UINT64_C(1) << 60, "word: NMI");
static_assert(GIC_WORD_NOTIFY == UINT64_C(1) << 61, "word: notify");
static_assert(GIC_WORD_SALT_SHIFT == 62 && GIC_WORD_SALT_HIGH_SHIFT == 44, "word: salt");

#define GIC_NO_VCPU          0xffffu

/* Who drives which wire. A party that dies lowers its own wire only. */
#define GIC_WIRE_VMM             0
#define GIC_WIRE_TOOL            1  /* socket messages of tools */
#define GIC_WIRE_FIRST_GRANT     2  /* the others: one per device grant on that interrupt */

/* The word with its salt moved on: the same after sixteen of these, not before. */
static inline uint64_t gic_word_salted(uint64_t w)
{
        uint64_t salt = (w >> GIC_WORD_SALT_SHIFT) | (w >> GIC_WORD_SALT_HIGH_SHIFT & 3) << 2;

        salt++;
        return (w & ~GIC_WORD_SALT) | salt << GIC_WORD_SALT_SHIFT |
               (salt >> 2 & 3) << GIC_WORD_SALT_HIGH_SHIFT;
}

static inline uint8_t gic_word_priority(uint64_t w)
{
        return (uint8_t)(w >> GIC_WORD_PRIORITY_SHIFT);
}

static inline uint16_t gic_word_route(uint64_t w)
{
        return (uint16_t)(w >> GIC_WORD_ROUTE_SHIFT);
}

/* The vCPU that it is for by its affinity; for no vCPU, and 1-of-N, a number that none has. */
static inline uint32_t gic_word_target(uint64_t w)
{
        return (uint32_t)w >> GIC_WORD_ROUTE_SHIFT & 0x1ffff;
}

static inline uint16_t gic_word_holder(uint64_t w)
{
        return (uint16_t)(w >> GIC_WORD_HOLDER_SHIFT);
}

static inline unsigned gic_word_group(uint64_t w)
{
        return (w & GIC_WORD_GROUP1) ? 1 : 0;
}

static inline uint64_t gic_word_set_priority(uint64_t w, uint8_t priority)
{
        return base_field_set(w, GIC_WORD_PRIORITY_SHIFT, GIC_WORD_PRIORITY_WIDTH, priority);
}

static inline uint64_t gic_word_set_route(uint64_t w, uint16_t vcpu)
{
        return base_field_set(w, GIC_WORD_ROUTE_SHIFT, GIC_WORD_ROUTE_WIDTH, vcpu);
}

static inline uint64_t gic_word_set_holder(uint64_t w, uint16_t vcpu)
{
        return base_field_set(w, GIC_WORD_HOLDER_SHIFT, GIC_WORD_HOLDER_WIDTH, vcpu);
}

static inline uint64_t gic_word_wire(unsigned wire)
{
        return UINT64_C(1) << (GIC_WORD_WIRE_SHIFT + wire);
}

/*
 * The flags lie in the upper half, so that a test of them is one of 32 bits: an instruction has no
 * room for a constant of 64. @bits: of GIC_WORD_*, none of them a number's.
 */
#define GIC_WORD_UPPER(bits)  ((uint32_t)((bits) >> 32))
#define GIC_WORD_LATCHED      (GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_LISTED)
#define GIC_WORD_LEVELS       (GIC_WORD_WIRES | GIC_WORD_MESSAGE)
static_assert(GIC_WORD_RESIDENT >> 32, "word: flags are in the upper half");

static inline bool gic_word_has(uint64_t w, uint64_t bits)
{
        return (GIC_WORD_UPPER(w) & GIC_WORD_UPPER(bits)) != 0;
}

/* Of the flags @of it has just @bits. */
static inline bool gic_word_has_just(uint64_t w, uint64_t of, uint64_t bits)
{
        return (GIC_WORD_UPPER(w) & GIC_WORD_UPPER(of)) == GIC_WORD_UPPER(bits);
}

/*
 * Pending (IHI 0069 section 4.1.2): a latched request of either trigger kind; for a
 * level-sensitive interrupt also any source that still holds its level. Of a resident one: as far
 * as is known.
 */
static inline bool gic_word_pending(uint64_t w)
{
        return gic_word_has(w, GIC_WORD_LATCHED) ||
               (!gic_word_has(w, GIC_WORD_EDGE_CFG) && gic_word_has(w, GIC_WORD_LEVELS));
}

/* Wants to be delivered: pending, enabled, not active, not in a list register. */
static inline bool gic_word_wanting(uint64_t w)
{
        return gic_word_has_just(w, GIC_WORD_ENABLE | GIC_WORD_ACTIVE | GIC_WORD_RESIDENT,
                                 GIC_WORD_ENABLE) && gic_word_pending(w);
}

/*
 * Deliverable by its own word alone: it wants to be, and has a target. Gates of the distributor and
 * of the CPU interface come on top, and are never part of it.
 */
static inline bool gic_word_deliverable(uint64_t w)
{
        return gic_word_wanting(w) && gic_word_route(w) != GIC_NO_VCPU;
}

/*
 * In flight, the condition behind TDIR: active, or resident, or pending and enabled with a target.
 */
static inline bool gic_word_in_flight(uint64_t w)
{
        if (gic_word_has(w, GIC_WORD_ACTIVE | GIC_WORD_RESIDENT))
                return true;
        return gic_word_has(w, GIC_WORD_ENABLE) && gic_word_route(w) != GIC_NO_VCPU &&
               gic_word_pending(w);
}

#endif
