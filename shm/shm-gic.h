/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_GIC_H
#define SHM_GIC_H

/*
 * A process's view of one segment
 *
 * What    Pointers into the mapping, and this process's own, checked copy of the sizes. Every index
 *         into the segment is checked against the copy, never against the segment.
 * Owner   shm_segment_create() or shm_segment_map() fill it; shm_segment_unmap() ends it.
 * Threads Constant after that, but for the hooks, which are set before the first data-path call.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm-layout.h"

/* What has to be in line: a call would save registers that the straight way does not need. */
#define SHM_IN_LINE  static inline __attribute__((always_inline))

struct shm_gic {
        struct shm_header *header;
        const struct shm_affinity *affinities;
        struct shm_vcpu *vcpus;
        struct shm_spi *spis;
        struct shm_spi *espis;
        uint8_t *counters;
        size_t bytes;
        uint32_t counter_stride;
        uint32_t n_vcpus;
        uint32_t n_spis;
        uint32_t n_espis;
        uint32_t n_eppis;
        uint32_t n_priority_bits;
        uint32_t features;      /* SHM_FEATURE_* */
        bool mirror;            /* no delivering controller: shm-mirror.h only */
        bool awake;             /* SHM_FLAG_AWAKE: what GICR_WAKER resets to */
        bool writable;
        bool has_locks;         /* its lock file says who lives: shm-lock.h */
        /*
         * the daemon: give up a retry loop after SHM_TRIES, since a hostile peer could feed it for
         * ever
         */
        bool bounded;

        /*
         * Ring vCPU @vcpu, whose park word read as @park (SHM_PARK_PARKED or SHM_PARK_IN_GUEST).
         * Called after the state that it has to see is published. Must not block.
         */
        void (*ring)(void *ctx, uint32_t vcpu, uint32_t park);
        /* TDIR turned SET and somebody is interested: ring the daemon. Must not block. */
        void (*raised)(void *ctx);
        /*
         * This process's own: the generation of TDIR for which it has called that last. NULL: it
         * does not remember, and calls once too often rather than not.
         */
        shm_atomic(uint64_t) *told;
        /*
         * A bounded view has spent its looks: a 1-of-N interrupt is left where it is, and
         * shm_oneofn_catch_up() is owed. NULL: looks are not counted.
         */
        void (*put_off)(void *ctx);
        /*
         * A vCPU was refused at the gate of TDIR: look whether the daemon, which would take a dead
         * port out, is dead itself. NULL: it is the daemon's affair. Must not block.
         */
        void (*refused)(void *ctx);
        /*
         * Vcpu @vcpu is to fold: wait a little; *since is 0 at first, and the hook's to keep.
         * Return: false to give up. NULL: nobody waits, and what is read may be old. shm-fold.h
         */
        bool (*wait)(void *ctx, uint32_t vcpu, uint64_t *since);
        /*
         * The list registers of vCPU @vcpu (SHM_N_LIST_REGISTERS of them) as its host has them in
         * memory, if the calling thread itself has it in guest, so that no guest code of it runs
         * now. NULL, here or from it: nothing is known of them. shm-fold.h
         */
        const uint64_t *(*own)(void *ctx, uint32_t vcpu);
        void *hook_ctx;
        uint32_t looks_left;    /* at vCPUs, to choose among them: shm-oneofn.h */
        /*
         * The vCPUs of a dead process are given up, and shm_repair_words() follows: what that does
         * for all of them is not done for each. And at most SHM_MAX_PASSES of their operations that
         * look at all words are finished; n_passes counts them.
         */
        bool is_bulk_release;
        uint32_t n_passes;
};

/*
 * As many as a process can have been in the middle of. A hostile one may pretend to more, each of
 * which costs a pass over all SPIs: those wait until their vCPU is taken, turned on or reset again.
 */
#define SHM_MAX_PASSES  64u

/* What a controller is made of; see shm_segment_check_shape(). */
struct shm_shape {
        uint64_t vm_id;
        char name[SHM_NAME_BYTES];
        uint32_t n_vcpus;               /* 1..SHM_MAX_VCPUS */
        uint32_t n_spis;                /* 0..988 */
        uint32_t n_priority_bits;       /* 4..8 */
        const uint64_t *mpidrs;         /* n_vcpus affinities, or NULL: as KVM numbers them */
        uint32_t n_espis;               /* 0..1024, a multiple of 32 */
        uint32_t n_eppis;               /* 0, 32, 64 */
        uint32_t features;              /* SHM_FEATURE_* */
        /* n_redist_regions numbers of vCPUs, n_vcpus together, or NULL: one region */
        const uint32_t *redist_regions;
        uint32_t n_redist_regions;
        uint32_t iidr_revision;         /* of GICD_IIDR: 0..3 */
        uint32_t gicd_typer2;
        uint32_t flags;                 /* SHM_FLAG_* */
};

#define SHM_TRIES  4096u

/* May a compare-and-swap loop go round again? An honest peer never makes it fail so often. */
static inline bool shm_gic_retry(const struct shm_gic *gic, unsigned *tries)
{
        return !gic->bounded || ++*tries < SHM_TRIES;
}

/* May one more operation be finished for who died that looks at all words: a reset? */
static inline bool shm_gic_may_pass(struct shm_gic *gic)
{
        return !gic->is_bulk_release || gic->n_passes++ < SHM_MAX_PASSES;
}

/*
 * Is it an SPI that is not an extended one? That there are no more than GIC_MAX_SPIS was checked
 * when the segment was mapped; a compiler that knows it has less to compare.
 */
static inline bool shm_gic_is_plain_spi(const struct shm_gic *gic, uint32_t intid)
{
        if (gic->n_spis > GIC_MAX_SPIS)
                __builtin_unreachable();
        return intid - GIC_SPI_FIRST < gic->n_spis;
}

/*
 * The word of an interrupt that is not extended, for straight paths: an SPI, or an SGI or PPI of
 * @vcpu. Return: false: it is extended, or there is none: shm_gic_word() tells.
 */
SHM_IN_LINE bool shm_gic_find_plain(const struct shm_gic *gic, struct shm_vcpu *vcpu,
                                    uint32_t intid, shm_atomic(uint64_t) **ret_word)
{
        if (__builtin_expect(shm_gic_is_plain_spi(gic, intid), 1))
                *ret_word = &gic->spis[intid - GIC_SPI_FIRST].word;
        else if (intid < GIC_N_PRIVATE)
                *ret_word = &vcpu->words[intid];
        else
                return false;
        return true;
}

/* One SPI or extended SPI; NULL: there is no such interrupt. */
static inline struct shm_spi *shm_gic_spi(const struct shm_gic *gic, uint32_t intid)
{
        if (intid - GIC_SPI_FIRST < gic->n_spis)
                return &gic->spis[intid - GIC_SPI_FIRST];
        if (intid - GIC_ESPI_FIRST < gic->n_espis)
                return &gic->espis[intid - GIC_ESPI_FIRST];
        return NULL;
}

static inline bool shm_gic_is_spi(const struct shm_gic *gic, uint32_t intid)
{
        return shm_gic_spi(gic, intid) != NULL;
}

/*
 * The word of an interrupt: SGIs and (extended) PPIs of vCPU @vcpu, (extended) SPIs of all. NULL:
 * there is no such interrupt.
 */
static inline shm_atomic(uint64_t) *shm_gic_word(const struct shm_gic *gic, uint32_t vcpu,
                                                 uint32_t intid)
{
        /* In the order of how often they come; SPIs first, since candidates are mostly those. */
        if (intid - GIC_SPI_FIRST < gic->n_spis)
                return &gic->spis[intid - GIC_SPI_FIRST].word;
        if (intid < GIC_N_PRIVATE)
                return vcpu < gic->n_vcpus ? &gic->vcpus[vcpu].words[intid] : NULL;
        if (intid - GIC_ESPI_FIRST < gic->n_espis)
                return &gic->espis[intid - GIC_ESPI_FIRST].word;
        if (intid >= GIC_EPPI_FIRST && intid - GIC_EPPI_FIRST < gic->n_eppis && vcpu < gic->n_vcpus)
                return &gic->vcpus[vcpu].words[GIC_N_PRIVATE + intid - GIC_EPPI_FIRST];
        return NULL;
}

/*
 * To go through all of them: for (i = 0; i < shm_gic_n_spis(gic); i++) intid = shm_gic_nth_spi(gic,
 * i); the same for the private interrupts of one vCPU.
 */
static inline uint32_t shm_gic_n_spis(const struct shm_gic *gic)
{
        return gic->n_spis + gic->n_espis;
}

static inline uint32_t shm_gic_nth_spi(const struct shm_gic *gic, uint32_t i)
{
        return i < gic->n_spis ? GIC_SPI_FIRST + i : GIC_ESPI_FIRST + (i - gic->n_spis);
}

static inline uint32_t shm_gic_n_private(const struct shm_gic *gic)
{
        return GIC_N_PRIVATE + gic->n_eppis;
}

/*
 * Whether a vCPU is a list-register port. The word also says how it stands at the gate, of either
 * kind.
 */
static inline bool shm_gic_is_port(const struct shm_vcpu *vcpu)
{
        return shm_load(&vcpu->port, PORT_X1) >> SHM_PORT_N_SHIFT;
}

/* PARK-A1: it may take what it has listed; from PARK-R1, before it lists, until its exit. */
static inline bool shm_gic_is_port_in_guest(const struct shm_vcpu *vcpu)
{
        return shm_gic_is_port(vcpu) && shm_load(&vcpu->park, PARK_A1) == SHM_PARK_IN_GUEST;
}

static inline uint32_t shm_gic_nth_private(uint32_t i)
{
        return i < GIC_N_PRIVATE ? i : GIC_EPPI_FIRST + (i - GIC_N_PRIVATE);
}

/*
 * How often vCPU @vcpu acknowledged @intid; both already checked. In a row of counters: SGIs and
 * PPIs, SPIs, extended PPIs, extended SPIs.
 */
static inline shm_atomic(uint64_t) *shm_gic_counter(const struct shm_gic *gic, uint32_t vcpu,
                                                    uint32_t intid)
{
        shm_atomic(uint64_t) *row;
        uint32_t index = intid;

        if (intid >= GIC_ESPI_FIRST)
                index = GIC_N_PRIVATE + gic->n_spis + gic->n_eppis + (intid - GIC_ESPI_FIRST);
        else if (intid >= GIC_EPPI_FIRST)
                index = GIC_N_PRIVATE + gic->n_spis + (intid - GIC_EPPI_FIRST);
        row = (shm_atomic(uint64_t) *)(void *)(gic->counters + (size_t)vcpu * gic->counter_stride);
        return &row[index];
}

#endif
