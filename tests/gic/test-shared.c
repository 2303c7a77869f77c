/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * SPIs and extended SPIs in one numbering (IHI 0069 section 2.2: 32..1019, 4096..5119)
 */
#include "gic-shared.h"
#include "tap.h"

static void every_shared_interrupt(void)
{
        uint32_t next = 0;
        unsigned wrong = 0;

        for (uint32_t intid = 32; intid <= 1019; intid++, next++)
                wrong += gic_shared_index(intid) != next || gic_shared_intid(next) != intid;
        for (uint32_t intid = 4096; intid <= 5119; intid++, next++)
                wrong += gic_shared_index(intid) != next || gic_shared_intid(next) != intid;
        tap_eq(wrong, 0,
               "section 2.2: SPIs 32..1019, then 4096..5119, numbered without a gap, there and "
               "back");
        tap_eq(next, GIC_N_SHARED, "gic_shared_index(): as many indices as there can be SPIs");
        tap_ok(GIC_SHARED_WORDS * 64u >= next && GIC_SHARED_WORDS * 64u < next + 64,
               "as many words as that takes");
}

static void nothing_else(void)
{
        const uint32_t wide[] = { 5120, 8191, 8192, 65536, 0x1000020, UINT32_MAX - 1, UINT32_MAX };
        unsigned wrong = 0;

        for (uint32_t intid = 0; intid < 32; intid++)
                wrong += gic_shared_index(intid) != GIC_N_SHARED;
        for (uint32_t intid = 1020; intid < 4096; intid++)
                wrong += gic_shared_index(intid) != GIC_N_SHARED;
        for (unsigned i = 0; i < sizeof wide / sizeof wide[0]; i++)
                wrong += gic_shared_index(wide[i]) != GIC_N_SHARED;
        tap_eq(wrong, 0,
               "section 2.2: SGIs, PPIs, special INTIDs, extended PPIs, LPIs and what is reserved "
               "are not shared");
}

int main(void)
{
        every_shared_interrupt();
        nothing_else();
        return tap_done();
}
