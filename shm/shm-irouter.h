/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_IROUTER_H
#define SHM_IROUTER_H

/*
 * GICD_IROUTER<n>: from the register as written to the route in the word (IHI 0069 sections 3.1 and
 * 12.9.22)
 */
#include "gic-route.h"
#include "shm-gic.h"

/*
 * shm_irouter_reroute() - derive the route of an SPI, after its GICD_IROUTER<n> changed. Threads:
 * any.
 */
void shm_irouter_reroute(struct shm_gic *gic, uint32_t intid);

/*
 * shm_irouter_mask() - the bits of GICD_IROUTER<n> that are there in a controller of these
 * SHM_FEATURE_*.
 */
static inline uint64_t shm_irouter_mask(uint32_t features)
{
        /*
         * Section 12.9.22: Interrupt_Routing_Mode is RES0 if GICD_TYPER.No1N, Aff3 if not
         * GICD_TYPER.A3V.
         */
        return ((features & SHM_FEATURE_AFF3) ? GIC_IROUTER_AFFINITIES
                : GIC_IROUTER_AFFINITIES & UINT32_MAX) |
               ((features & SHM_FEATURE_1_OF_N) ? GIC_IROUTER_IRM : 0);
}

#endif
