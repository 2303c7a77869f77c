/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_SHARED_H
#define GIC_SHARED_H

/*
 * Shared peripheral interrupts in one numbering without a gap: SPIs first, then extended SPIs (IHI
 * 0069 section 2.2)
 *
 * For tables and bitmaps of what devices can drive. It says which INTIDs can be, not which a VM
 * has.
 */
#include "gic-spec.h"

#define GIC_N_SHARED       (GIC_MAX_SPIS + GIC_MAX_ESPIS)
#define GIC_SHARED_WORDS   ((GIC_N_SHARED + 63u) / 64u)    /* 64-bit words of a bitmap */

/*
 * Return: 0..GIC_N_SHARED-1; GIC_N_SHARED: @intid is neither an SPI nor an extended one. Any value
 * is allowed.
 */
static inline uint32_t gic_shared_index(uint32_t intid)
{
        if (intid - GIC_SPI_FIRST < GIC_MAX_SPIS)
                return intid - GIC_SPI_FIRST;
        if (intid - GIC_ESPI_FIRST < GIC_MAX_ESPIS)
                return intid - GIC_ESPI_FIRST + GIC_MAX_SPIS;
        return GIC_N_SHARED;
}

/* The INTID of an index below GIC_N_SHARED. */
static inline uint32_t gic_shared_intid(uint32_t index)
{
        return index < GIC_MAX_SPIS ? GIC_SPI_FIRST + index : GIC_ESPI_FIRST +
               (index - GIC_MAX_SPIS);
}

#endif
