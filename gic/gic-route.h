/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_ROUTE_H
#define GIC_ROUTE_H

/*
 * Affinities: MPIDR_EL1, GICD_IROUTER<n> and the SGI registers name PEs in three formats; inside it
 * is always Aff3.Aff2.Aff1.Aff0, a byte each (IHI 0069 section 3.1).
 */
#include <stdbool.h>
#include <stdint.h>

#define GIC_IROUTER_IRM        (UINT64_C(1) << 31)
#define GIC_IROUTER_AFFINITIES UINT64_C(0x000000ff00ffffff)

/* MPIDR_EL1 and GICD_IROUTER<n> keep Aff3 in bits 39..32 and the others in 23..0. */
static inline uint32_t gic_route_affinity(uint64_t mpidr)
{
        return (uint32_t)(mpidr & 0xffffff) | (uint32_t)(mpidr >> 32 & 0xff) << 24;
}

static inline uint64_t gic_route_mpidr(uint32_t affinity)
{
        return (affinity & 0xffffff) | (uint64_t)(affinity >> 24) << 32;
}

/*
 * The numbering that KVM gives its vCPUs: 16 per Aff0, since an SGI's target list has 16 bits
 * without range selector.
 */
static inline uint32_t gic_route_default_affinity(uint32_t vcpu)
{
        return (vcpu & 0xf) | (vcpu >> 4 & 0xff) << 8 | (vcpu >> 12 & 0xff) << 16;
}

/* The vCPU that has this affinity if the default numbering is in use. */
static inline uint32_t gic_route_default_vcpu(uint32_t affinity)
{
        return (affinity & 0xf) | (affinity >> 8 & 0xff) << 4 | (affinity >> 16 & 0xff) << 12;
}

/*
 * An SGI as written to ICC_SGI0R_EL1, ICC_SGI1R_EL1 or ICC_ASGI1R_EL1 (sections 12.2.21, 12.2.22,
 * 12.2.3).
 */
struct gic_sgi {
        uint32_t intid;
        bool all_but_self;      /* IRM */
        /* of the first target of the list; bit i of it names affinity + i */
        uint32_t affinity;
        uint16_t targets;
};

static inline struct gic_sgi gic_route_sgi(uint64_t value)
{
        return (struct gic_sgi) {
                .intid = (uint32_t)(value >> 24 & 0xf),
                .all_but_self = value >> 40 & 1,
                .affinity = (uint32_t)(value >> 48 & 0xff) << 24 |
                (uint32_t)(value >> 32 & 0xff) << 16 |
                            (uint32_t)(value >> 16 & 0xff) << 8 |
                            (uint32_t)(value >> 44 & 0xf) << 4,
                .targets = (uint16_t)value,
        };
}

#endif
