/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_PARK_H
#define SHM_PARK_H

/*
 * Parking: a vCPU says that it no longer looks for itself
 *
 * PARK-R1 (SC store of park), then a look at the candidates with SC loads (CAND-A1), against an
 * injector's SC change of a candidate, then an SC load of park (PARK-A1): one of the two sees the
 * other, so no wake-up is lost. What ends its sleep are the lines of its CPU interface; while
 * GICR_WAKER.ProcessorSleep is set, when there are none, the WakeRequest of its redistributor: the
 * same candidates, by other gates.
 * Threads: the vCPU's own thread.
 */
#include "shm-cpuif.h"

/*
 * shm_park_begin() - publish @state (SHM_PARK_PARKED or _IN_GUEST) and look. Return: SHM_LINE_*
 * asserted now.
 */
static inline unsigned shm_park_begin(struct shm_gic *gic, uint32_t vcpu, uint32_t state)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_store(&self->park, state, PARK_R1);
        return shm_cpuif_lines(gic, vcpu);
}

/*
 * shm_park_is_due() - after shm_park_begin() returned @lines: is there a reason not to sleep, but
 * for shm_park_wanted()?
 */
static inline bool shm_park_is_due(struct shm_gic *gic, uint32_t vcpu, unsigned lines)
{
        return lines || shm_cpuif_asks_to_wake(gic, vcpu);
}

static inline void shm_park_end(struct shm_gic *gic, uint32_t vcpu)
{
        /* Relaxed: late news of it cost a ring too many. */
        shm_store(&gic->vcpus[vcpu].park, SHM_PARK_RUNNING, PARK_X2);
}

/* shm_park_state() - SHM_PARK_*, for who heard its doorbell (PARK-A1). Threads: any. */
static inline uint32_t shm_park_state(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_load(&gic->vcpus[vcpu].park, PARK_A1);
}

/* shm_park_wanted() - take a wake-up that was asked for by shm_park_wake(). */
static inline bool shm_park_wanted(struct shm_gic *gic, uint32_t vcpu)
{
        shm_atomic(uint32_t) *request = &gic->vcpus[vcpu].request;

        if (!(shm_load(request, REQUEST_A2) & SHM_REQUEST_WAKE))
                return false;
        shm_and(request, ~SHM_REQUEST_WAKE, REQUEST_A1);
        return true;
}

/* COUNT-R2: who sees the count sees what the vCPU did before this park (SNAP-A1). */
static inline void shm_park_count(struct shm_gic *gic, uint32_t vcpu)
{
        shm_atomic(uint64_t) *parks = &gic->vcpus[vcpu].counters.parks;

        shm_store(parks, shm_load(parks, COUNT_X1) + 1, COUNT_R2);
}

/*
 * shm_park_stop() - the host has stopped it: as parked, whatever is pending. The count tells a
 * later stop from this one.
 */
static inline void shm_park_stop(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_park_count(gic, vcpu);
        shm_store(&self->park, SHM_PARK_PARKED, PARK_R1);
}

/*
 * Doorbells are counted: rings before each write, heard by what was read. So who leaves the guest
 * knows without a system call that its doorbell is empty, and whoever dies between the count and
 * the write costs a read at each exit, never a doorbell that is readable for ever.
 * shm_bell_ringing(): any thread; the others: the vCPU's own.
 */
static inline void shm_bell_ringing(struct shm_gic *gic, uint32_t vcpu)
{
        shm_add(&gic->vcpus[vcpu].rings, 1, RUNG_X1);
}

static inline bool shm_bell_is_rung(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_load(&gic->vcpus[vcpu].rings, RUNG_X2) !=
               shm_load(&gic->vcpus[vcpu].heard, RUNG_X2);
}

static inline void shm_bell_heard(struct shm_gic *gic, uint32_t vcpu, uint64_t n)
{
        shm_atomic(uint32_t) *heard = &gic->vcpus[vcpu].heard;

        if (n)
                shm_store(heard, shm_load(heard, RUNG_X2) + (uint32_t)n, RUNG_X3);
}

/* shm_park_wake() - end a park, or kick out of the guest. Threads: any. */
static inline void shm_park_wake(struct shm_gic *gic, uint32_t vcpu)
{
        shm_or(&gic->vcpus[vcpu].request, SHM_REQUEST_WAKE, REQUEST_R1);
        shm_word_ring(gic, vcpu);
}

#endif
