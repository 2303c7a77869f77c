/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_READ_H
#define SHM_READ_H

/*
 * Reading from outside: wait-free, on read-only mappings too, whatever the vCPUs are doing
 *
 * Each value is of one moment (one atomic load; ICC_CTLR_EL1, two: what was asked of the vCPU, then
 * the value); two values may be of different moments. Threads: any.
 */
#include <errno.h>

#include "base-bits.h"
#include "shm-gic.h"

struct shm_icc_ctlr {
        uint32_t arch_default, configured, live;
        uint32_t valid;         /* bit 0: default, 1: configured, 2: live */
};

struct shm_irq_state {
        uint32_t intid, vcpu, holder;   /* UINT32_MAX: none */
        bool enabled, pending, active, edge, line, latch, one_of_n;
        bool stale;                     /* its vCPU, in guest, may have gone on: shm-fold.h */
        uint8_t group, priority;
        uint64_t acknowledged;
};

struct shm_vcpu_state {
        bool powered, parked, asleep;
        uint32_t affinity;
        uint32_t owner_pid;
        uint8_t pmr, running_priority, group_enables;
        uint64_t acknowledged, parks, resets;
};

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

/* Here, because it is read most: a call and a copy would cost more than the load. Return: 0; -EINVAL no such vCPU. */
static inline int shm_read_icc_ctlr(const struct shm_gic *gic, uint32_t vcpu, struct shm_icc_ctlr *ret_ctlr)
{
        uint64_t w;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        w = shm_icc_ctlr_load(&gic->vcpus[vcpu]);
        *ret_ctlr = (struct shm_icc_ctlr) {
                .arch_default = (uint32_t)base_field_get(w, SHM_ICC_CTLR_DEFAULT_SHIFT, SHM_ICC_CTLR_BITS),
                .configured = (uint32_t)base_field_get(w, SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS),
                /* A mirror, which has no live value, keeps another count there. */
                .live = (w & SHM_ICC_CTLR_LIVE_VALID)
                        ? (uint32_t)base_field_get(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS) : 0,
                .valid = ((w & SHM_ICC_CTLR_DEFAULT_VALID) ? 1u : 0) | ((w & SHM_ICC_CTLR_CONFIGURED_VALID) ? 2u : 0) |
                         ((w & SHM_ICC_CTLR_LIVE_VALID) ? 4u : 0),
        };
        return 0;
}

/*
 * shm_read_irq() - as of the last fold; shm_read_irq_folded() - waits for the next.
 * Return: 0; -EINVAL no such vCPU or interrupt.
 */
int shm_read_irq(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, struct shm_irq_state *ret_state);
int shm_read_irq_folded(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        struct shm_irq_state *ret_state);
int shm_read_vcpu(const struct shm_gic *gic, uint32_t vcpu, struct shm_vcpu_state *ret_state);
int shm_read_count(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t *ret_count);
uint64_t shm_read_guest_errors(const struct shm_gic *gic);

#endif
