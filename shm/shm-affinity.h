/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_AFFINITY_H
#define SHM_AFFINITY_H

/*
 * Affinities: which vCPU has one
 *
 * GICD_IROUTER<n> and the system registers that generate SGIs name a vCPU by its affinity. The
 * default numbering answers in one look; any other by the sorted table of the segment.
 */
#include "shm-gic.h"

/* shm_affinity_find() - the vCPU with this affinity, or GIC_NO_VCPU. Threads: any. */
uint32_t shm_affinity_find(const struct shm_gic *gic, uint32_t affinity);

#endif
