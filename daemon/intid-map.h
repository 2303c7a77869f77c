/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef INTID_MAP_H
#define INTID_MAP_H

/*
 * Maps of shared interrupts: one bit for each SPI and extended SPI, by gic_shared_index()
 *
 * What    "Which of them" as plain data: which ends are still to be told, which a device has
 *         raised.
 * Trust   Any value of an INTID is allowed. What is no such INTID has no bit.
 */
#include <stdint.h>

#include "gic-shared.h"

#define INTID_MAP_WORDS  GIC_SHARED_WORDS

static inline void intid_map_set(uint64_t map[INTID_MAP_WORDS], uint32_t intid)
{
        uint32_t i = gic_shared_index(intid);

        if (i < GIC_N_SHARED)
                map[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void intid_map_clear(uint64_t map[INTID_MAP_WORDS], uint32_t intid)
{
        uint32_t i = gic_shared_index(intid);

        if (i < GIC_N_SHARED)
                map[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* Take the lowest INTID out. Return: it; UINT32_MAX: the map is empty. */
static inline uint32_t intid_map_take(uint64_t map[INTID_MAP_WORDS])
{
        for (uint32_t i = 0; i < INTID_MAP_WORDS; i++) {
                if (map[i]) {
                        uint32_t bit = (uint32_t)__builtin_ctzll(map[i]);

                        map[i] &= map[i] - 1;
                        return gic_shared_intid(i * 64 + bit);
                }
        }
        return UINT32_MAX;
}

#endif
