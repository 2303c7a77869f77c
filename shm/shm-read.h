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

#include "shm-gic.h"
#include "shm-icc-ctlr.h"

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

/* Return: 0; -EINVAL no such vCPU. */
static inline int shm_read_icc_ctlr(const struct shm_gic *gic, uint32_t vcpu,
                                    struct shm_icc_ctlr *ret_ctlr)
{
        uint64_t w;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        w = shm_icc_ctlr_load(&gic->vcpus[vcpu]);
        *ret_ctlr = (struct shm_icc_ctlr) {
                .arch_default = (uint32_t)base_field_get(w, SHM_ICC_CTLR_DEFAULT_SHIFT,
                                                         SHM_ICC_CTLR_BITS),
                .configured = (uint32_t)base_field_get(w, SHM_ICC_CTLR_CONFIGURED_SHIFT,
                                                       SHM_ICC_CTLR_BITS),
                /* A mirror, which has no live value, keeps another count there. */
                .live = (w & SHM_ICC_CTLR_LIVE_VALID)
                        ? (uint32_t)base_field_get(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS)
                                : 0,
                .valid = ((w & SHM_ICC_CTLR_DEFAULT_VALID) ? 1u : 0) |
                ((w & SHM_ICC_CTLR_CONFIGURED_VALID) ? 2u : 0) |
                         ((w & SHM_ICC_CTLR_LIVE_VALID) ? 4u : 0),
        };
        return 0;
}

/*
 * shm_read_irq() - as of the last fold; shm_read_irq_folded() - waits for the next.
 * Return: 0; -EINVAL no such vCPU or interrupt.
 */
int shm_read_irq(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                 struct shm_irq_state *ret_state);
int shm_read_irq_folded(struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                        struct shm_irq_state *ret_state);
int shm_read_vcpu(const struct shm_gic *gic, uint32_t vcpu, struct shm_vcpu_state *ret_state);
int shm_read_count(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t *ret_count);
uint64_t shm_read_guest_errors(const struct shm_gic *gic);

#endif
