/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_BITS_H
#define BASE_BITS_H

/*
 * Bits: fields of 64-bit words
 *
 * A field is named by its shift and width; both ends of an ABI use the same two numbers, so that
 * a reader can hold a definition against the specification's bit table.
 */
#include <stdint.h>

static inline uint64_t base_mask(unsigned width)
{
        return width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static inline uint64_t base_field_get(uint64_t word, unsigned shift, unsigned width)
{
        return (word >> shift) & base_mask(width);
}

static inline uint64_t base_field_set(uint64_t word, unsigned shift, unsigned width, uint64_t value)
{
        uint64_t mask = base_mask(width) << shift;

        return (word & ~mask) | ((value << shift) & mask);
}

static inline uint64_t base_bit_assign(uint64_t word, uint64_t bit, int on)
{
        return on ? word | bit : word & ~bit;
}

#endif
