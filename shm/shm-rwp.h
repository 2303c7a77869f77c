/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RWP_H
#define SHM_RWP_H

/*
 * GICD_CTLR.RWP, GICR_CTLR.RWP: a disable that a list-register port in guest has not heard of yet
 *
 * What    An interrupt, or its group, is disabled at once, but a port in guest may still take what it has listed as pending,
 *         until it folds: it was rung. RWP reads 1 as long (IHI 0069 sections 12.9.4 and 12.11.2). Where there are only
 *         trap ports every write takes effect at once.
 * Order   The writer's change of the word, or of GICD_CTLR, comes before its look here; a port reads both after it has listed
 *         (WORD-R1, GATE-A2): either this sees it listed, or the port sees the change.
 *         GICR_WAKER.ChildrenAsleep is the same of a vCPU that was put to sleep (section 11.1).
 * Threads Any.
 */
#include "shm-gic.h"

/* shm_rwp_of_distributor() - of GICD_ICENABLER<n>, and of a group enable that GICD_CTLR cleared. */
bool shm_rwp_of_distributor(struct shm_gic *gic);

/* shm_rwp_of_redistributor() - of GICR_ICENABLER0 (and <n>E) of @vcpu, a checked index. */
bool shm_rwp_of_redistributor(struct shm_gic *gic, uint32_t vcpu);

/* shm_rwp_of_waker() - of GICR_WAKER.ProcessorSleep of @vcpu: it may still take something. */
bool shm_rwp_of_waker(struct shm_gic *gic, uint32_t vcpu);

#endif
