/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_APR_H
#define SHM_APR_H

/*
 * Active priorities written by somebody else than their owner
 *
 * What    ICC_AP<group>R<n>_EL1 has one writer, the owner's thread, so that an acknowledge needs no
 *         read-modify-write for it. An outsider posts: the value goes to a word beside it, and
 *         SHM_REQUEST_APR asks the owner to take it before its next operation. Until then readers
 *         are shown the posted value: no operation of the vCPU will ever see the old one again, but
 *         for one that is under way.
 * Order   APR-R1: the taker stores the register, then clears the posted word by a compare-and-swap
 *         with release: a reader that finds it empty (APR-A1, acquire) sees the register as posted,
 *         or newer. APR-R2: the poster stores the word, then the request, both sequentially
 *         consistent, then looks whether to ring, as an injector does.
 * Death   Who dies between taking the request and the values leaves the words: shm_vcpu_repair()
 *         takes them.
 */
#include "shm-held.h"

#define SHM_APR_POSTED  (UINT64_C(1) << 32)     /* bits 31..0 are the value */

static inline shm_atomic(uint32_t) *shm_apr_at(struct shm_vcpu *vcpu, unsigned group, unsigned n)
{
        return group ? &vcpu->ap1r[n % SHM_N_APR] : &vcpu->ap0r[n % SHM_N_APR];
}

static inline shm_atomic(uint64_t) *shm_apr_posted_at(struct shm_vcpu *vcpu, unsigned group,
                                                      unsigned n)
{
        return &vcpu->posted_apr[(group ? SHM_N_APR : 0) + n % SHM_N_APR];
}

/*
 * shm_apr_read() - the register, as the vCPU's next operation finds it. Threads: any; read-only
 * mappings too.
 */
static inline uint32_t shm_apr_read(const struct shm_gic *gic, uint32_t vcpu, unsigned group,
                                    unsigned n)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t posted = shm_load(shm_apr_posted_at(self, group, n), APR_A1);

        if (posted & SHM_APR_POSTED)
                return (uint32_t)posted;
        if (shm_load(&self->cpuif, APR_A2) & SHM_CPUIF_STALE)
                return 0;
        return shm_load(shm_apr_at(self, group, n), APR_A3);
}

/* shm_apr_post() - have the owner take @value. The caller rings. Threads: any. */
static inline void shm_apr_post(struct shm_gic *gic, uint32_t vcpu, unsigned group, unsigned n,
                                uint32_t value)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_store(shm_apr_posted_at(self, group, n), value | SHM_APR_POSTED, APR_X4);
        shm_or(&self->request, SHM_REQUEST_APR, REQUEST_R1);
}

/* shm_apr_ask() - for who posted, and died before it asked. The caller rings. Threads: any. */
static inline void shm_apr_ask(struct shm_vcpu *self)
{
        for (unsigned i = 0; i < 2 * SHM_N_APR; i++)
                if (shm_load(&self->posted_apr[i], APR_A1) & SHM_APR_POSTED) {
                        shm_or(&self->request, SHM_REQUEST_APR, REQUEST_R1);
                        return;
                }
}

/*
 * shm_apr_clear() - a reset's part of the registers. Threads: the owner, or who repairs after its
 * death.
 */
static inline void shm_apr_clear(struct shm_vcpu *vcpu)
{
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                shm_store(&vcpu->ap0r[i], 0, APR_X2);
                shm_store(&vcpu->ap1r[i], 0, APR_X2);
        }
}

/*
 * shm_apr_apply_posted() - clear what a reset by an outsider left to be cleared (shm-takeover.h),
 * then take what was posted.
 * Threads: the owner, or who repairs after its death.
 */
static inline void shm_apr_apply_posted(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        unsigned tries = 0;

        shm_and(&self->request, ~SHM_REQUEST_APR, REQUEST_A1);
        if (shm_load(&self->cpuif, CPUIF_X1) & SHM_CPUIF_STALE) {
                shm_apr_clear(self);
                shm_and(&self->cpuif, ~SHM_CPUIF_STALE, APR_R2);
        }
        for (unsigned i = 0; i < 2 * SHM_N_APR; i++) {
                shm_atomic(uint64_t) *at = &self->posted_apr[i];
                uint64_t posted = shm_load(at, APR_A1);

                while (posted & SHM_APR_POSTED) {
                        shm_held_doubt(self);
                        shm_store(shm_apr_at(self, i / SHM_N_APR, i), (uint32_t)posted, APR_X2);
                        if (shm_cas(at, &posted, 0, APR_R1) ||
                            !shm_gic_retry(gic, &tries))
                                break;
                }
        }
}

/* shm_apr_drop_posted() - a reset voids what was posted before it. Threads: who resets. */
static inline void shm_apr_drop_posted(struct shm_vcpu *vcpu)
{
        for (unsigned i = 0; i < 2 * SHM_N_APR; i++)
                shm_store(&vcpu->posted_apr[i], 0, APR_R3);
}

#endif
