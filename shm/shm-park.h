/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_PARK_H
#define SHM_PARK_H

/*
 * Parking: a vCPU says that it no longer looks for itself
 *
 * PARK-R1 (SC store of park), then a look at the candidates with SC loads (CAND-A1), against an injector's SC change
 * of a candidate, then an SC load of park (PARK-A1): one of the two sees the other, so no wake-up is lost.
 * Threads: the vCPU's own thread.
 */
#include "shm-cpuif.h"

/* shm_park_begin() - publish @state (SHM_PARK_PARKED or _IN_GUEST) and look. Return: SHM_LINE_* asserted now. */
static inline unsigned shm_park_begin(struct shm_gic *gic, uint32_t vcpu, uint32_t state)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        atomic_store_explicit(&self->park, state, memory_order_seq_cst);
        return shm_cpuif_lines(gic, vcpu);
}

static inline void shm_park_end(struct shm_gic *gic, uint32_t vcpu)
{
        /*
         * PARK-R2: release. Late news of it cost a ring too many, and PARK-R1 of the next park comes after it in any
         * case.
         */
        atomic_store_explicit(&gic->vcpus[vcpu].park, SHM_PARK_RUNNING, memory_order_release);
}

/* shm_park_wanted() - take a wake-up that was asked for by shm_park_wake(). */
static inline bool shm_park_wanted(struct shm_gic *gic, uint32_t vcpu)
{
        _Atomic uint32_t *request = &gic->vcpus[vcpu].request;

        if (!(atomic_load_explicit(request, memory_order_seq_cst) & SHM_REQUEST_WAKE))
                return false;
        atomic_fetch_and_explicit(request, ~SHM_REQUEST_WAKE, memory_order_seq_cst);
        return true;
}

static inline void shm_park_count(struct shm_gic *gic, uint32_t vcpu)
{
        _Atomic uint64_t *parks = &gic->vcpus[vcpu].counters.parks;

        atomic_store_explicit(parks, atomic_load_explicit(parks, memory_order_relaxed) + 1, memory_order_relaxed);
}

/*
 * shm_park_stop() - the host has stopped it: as parked, whatever is pending. The count tells a later stop from this
 * one.
 */
static inline void shm_park_stop(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_park_count(gic, vcpu);
        atomic_store_explicit(&self->park, SHM_PARK_PARKED, memory_order_seq_cst);
}

/* shm_park_wake() - end a park, or kick out of the guest. Threads: any. */
void shm_park_wake(struct shm_gic *gic, uint32_t vcpu);

#endif
