/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ICC_CTLR_H
#define SHM_ICC_CTLR_H

/*
 * ICC_CTLR_EL1: three values in one word, and what a reset and a write make of them
 *
 * What    What the architecture resets it to, what the guest configured, and what is live, each
 *         with a bit that says whether it is known (struct shm_icc_ctlr tells them apart).
 * Why     They change together, in one compare-and-swap: a reader sees all of a change or nothing.
 * Threads Any.
 */
#include "base-bits.h"
#include "shm-gic.h"

/*
 * Pure: ICC_CTLR_EL1 after a reset; @forget: nothing of the guest before is left to read
 * (doc/resets.md).
 */
static inline uint64_t shm_icc_ctlr_reset(uint64_t w, bool forget)
{
        uint64_t to = base_field_get(w, SHM_ICC_CTLR_DEFAULT_SHIFT, SHM_ICC_CTLR_BITS);

        w = base_field_set(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS, to) |
            SHM_ICC_CTLR_LIVE_VALID;
        if (!forget)
                return w;
        w = base_field_set(w, SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS, 0);
        return w & ~SHM_ICC_CTLR_CONFIGURED_VALID;
}

/* After a write of the guest: it is what it configured, too. */
static inline uint64_t shm_icc_ctlr_written(uint64_t w, uint64_t live)
{
        w = base_field_set(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS, live);
        w = base_field_set(w, SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS, live);
        return w | SHM_ICC_CTLR_LIVE_VALID | SHM_ICC_CTLR_CONFIGURED_VALID;
}

/*
 * The three values of ICC_CTLR_EL1. A reset that was asked for shows at once, though its owner has
 * still to apply it. REQUEST-A2 before CTLR-A1: who applies it changes the values before it strikes
 * the request off, so that a reader who misses the request has the values.
 */
static inline uint64_t shm_icc_ctlr_load(const struct shm_vcpu *vcpu)
{
        uint32_t request = shm_load(&vcpu->request, REQUEST_A2);
        uint64_t w = shm_load(&vcpu->icc_ctlr, CTLR_A1);

        if (__builtin_expect(request & SHM_REQUEST_RESET, 0))
                return shm_icc_ctlr_reset(w, request & SHM_REQUEST_FORGET);
        return w;
}

#endif
