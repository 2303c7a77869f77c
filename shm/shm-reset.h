/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RESET_H
#define SHM_RESET_H

/*
 * Resets: of a vCPU by its owner or by an outsider, of a whole controller; power on and off
 *
 * A reset keeps the wires; each word resets by one CAS, so an injection lands before or after it.
 */
#include "shm-gic.h"

enum shm_reset_kind {
        /* CPU interface and private interrupts; SPIs that it acknowledged are ended */
        SHM_RESET_CPU_ON = 1,
        SHM_RESET_SYSTEM,       /* the same, and what the guest configured is forgotten */
        /* what was configured is live; nothing else changes, what is derived is derived again */
        SHM_RESET_POST_LOAD,
        SHM_RESET_LAZY,         /* of a vCPU that comes late: as SYSTEM, of this one */
};

/*
 * shm_reset_vcpu() - SHM_RESET_CPU_ON by the owner. Threads: the owner; or the process that owns
 * it, while it is off.
 */
void shm_reset_vcpu(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_reset_request() - the same asked by an outsider: applied at once if the vCPU does not run
 * (shm-takeover.h), else before its owner's next operation. Readers see ICC_CTLR_EL1 reset at once
 * (shm_icc_ctlr_load()); an operation of the owner that is under way works with the value from
 * before. SHM_RESET_POST_LOAD is always at once.
 * Return: 0; -EINVAL. Threads: any.
 */
int shm_reset_request(struct shm_gic *gic, uint32_t vcpu, enum shm_reset_kind kind);

/*
 * shm_reset_all() - system reset: distributor and every vCPU, at once. The host has stopped the
 * vCPUs.
 * shm_reset_request_all() - the same asked by an outsider: those that run apply theirs before their
 * next operation.
 */
void shm_reset_all(struct shm_gic *gic);
void shm_reset_request_all(struct shm_gic *gic);

/*
 * shm_power() - PSCI: the vCPU is on (off): 1-of-N interrupts may (may not) be given to it,
 * outsiders may not (may) reset it at once. A reset by an outsider comes before power on as a
 * whole, or after it. Threads: the owner's process.
 */
void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on);

/* --- parts, for the other files of shm/ --- */

/* while the segment is built: SPIs come later */
void shm_reset_build(struct shm_gic *gic, uint32_t vcpu);
/* the owner: SHM_REQUEST_RESET is set */
void shm_reset_serve(struct shm_gic *gic, uint32_t vcpu);
/* from the slot of one who died in a reset */
void shm_reset_repair(struct shm_gic *gic, uint32_t vcpu, uint64_t argument);

/* Finish what a process that died may have left of a reset. Return: was there something? */
bool shm_reset_unanswered(struct shm_gic *gic, uint32_t vcpu);

void shm_reset_own(struct shm_gic *gic, uint32_t vcpu);        /* somebody owns it from here on */
void shm_reset_disown(struct shm_gic *gic, uint32_t vcpu);

#endif
