/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_IROUTER_H
#define SHM_IROUTER_H

/*
 * GICD_IROUTER<n>: from the register as written to the route in the word (IHI 0069 sections 3.1 and 12.9.22)
 */
#include "shm-gic.h"

/* shm_irouter_reroute() - derive the route of an SPI, after its GICD_IROUTER<n> changed. Threads: any. */
void shm_irouter_reroute(struct shm_gic *gic, uint32_t intid);

/* shm_irouter_mask() - the bits of GICD_IROUTER<n> that are there in a controller of these SHM_FEATURE_*. */
uint64_t shm_irouter_mask(uint32_t features);

#endif
