/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RWP_H
#define SHM_RWP_H

/*
 * GICD_CTLR.RWP, GICR_CTLR.RWP: a disable that a vCPU has not heard of yet
 *
 * What    An interrupt, or its group, is disabled at once, but a port in guest may still take what
 *         it has listed as pending, until it folds: it was rung. And a trap port that found the
 *         gates open may be in the middle of its acknowledge: its slot says so. RWP reads 1 as long
 *         (IHI 0069 sections 12.9.4 and 12.11.2).
 * Ends    An acknowledge takes some nanoseconds, and ends or starts over whatever others do. If its
 *         thread is stopped in the middle of it (SIGSTOP, a debugger), that acknowledge may still
 *         come when it goes on, and RWP says so until then. Of a dead one the repair empties the
 *         slot. What was not disabled does not count: a busy VM's RWP reads 0.
 * Order   The writer's change of the word, of GICD_CTLR, or of GICR_CTLR.DPG<n> comes before its
 *         look here; a port reads them after it has listed (WORD-R1, GATE-A2, GATE-A1): either this
 *         sees it listed, or the port sees the change. A trap port looks at the gates after its
 *         slot (SLOT-R3): either this sees the slot (SLOT-A2), or the trap port sees the change.
 *         GICR_WAKER.ChildrenAsleep is the same of a vCPU that was put to sleep (section 11.1).
 * Threads Any.
 */
#include "shm-gic.h"

/* shm_rwp_of_distributor() - of GICD_ICENABLER<n>, and of a group enable that GICD_CTLR cleared. */
bool shm_rwp_of_distributor(struct shm_gic *gic);

/* shm_rwp_of_redistributor() - GICR_ICENABLER0 (and <n>E), GICR_CTLR.DPG<n> of @vcpu, checked. */
bool shm_rwp_of_redistributor(struct shm_gic *gic, uint32_t vcpu);

/* shm_rwp_of_waker() - of GICR_WAKER.ProcessorSleep of @vcpu: it may still take something. */
bool shm_rwp_of_waker(struct shm_gic *gic, uint32_t vcpu);

#endif
