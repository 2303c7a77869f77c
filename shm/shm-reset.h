/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RESET_H
#define SHM_RESET_H

/*
 * Resets: of a vCPU by its owner or by an outsider, of a whole controller; power on and off
 *
 * What    A reset gives the words of a vCPU's interrupts, its CPU interface and ICC_CTLR_EL1 the
 *         values of shm-reset-value.h and doc/resets.md. The wires of devices keep their level.
 * Why     The guest asks for it (PSCI), the VMM (a system reset), the tools. Most of them do not
 *         own the vCPU, and may not write what has one writer.
 * How     A request is one compare-and-swap that counts: SHM_REQUEST_RESET. Whoever makes it then
 *         looks whether the vCPU runs. The owner of one that does makes the reset before its next
 *         operation, with its slot saying so (shm_reset_serve()). One that does not is seized and
 *         reset by the outsider (shm-takeover.h). Each word resets by one compare-and-swap, so an
 *         injection comes before its reset or after it.
 * Order   REQUEST-R1 before the look at "runs"; whoever ends "runs" looks at the request after it
 *         (REQUEST-A3). One of the two sees the other: no request is forgotten.
 * Threads By call: the owner's, the owner's process, or any.
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
/* shm_reset_vcpu_anew() - the same as SHM_RESET_SYSTEM, SHM_RESET_LAZY: this vCPU's part of it. */
void shm_reset_vcpu_anew(struct shm_gic *gic, uint32_t vcpu);

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
 * shm_reset_distributor() - its first part, for who asks each vCPU then, in its own time, by
 * shm_reset_request().
 */
void shm_reset_all(struct shm_gic *gic);
void shm_reset_request_all(struct shm_gic *gic);
void shm_reset_distributor(struct shm_gic *gic);

/*
 * shm_power() - PSCI: the vCPU is on (off): 1-of-N interrupts may (may not) be given to it,
 * outsiders may not (may) reset it at once. A reset by an outsider comes before power on as a
 * whole, or after it. Threads: the owner's process.
 */
void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on);

/* --- parts, for the other files of shm/ --- */

/* shm_reset_build() - of a vCPU while the segment is built: its SPIs come later. */
void shm_reset_build(struct shm_gic *gic, uint32_t vcpu);
/* shm_reset_serve() - the owner makes a reset that was asked for. */
void shm_reset_serve(struct shm_gic *gic, uint32_t vcpu);
/*
 * shm_reset_repair() - make the reset again in whose middle the owner died; @argument: its slot's.
 */
void shm_reset_repair(struct shm_gic *gic, uint32_t vcpu, uint64_t argument);

/*
 * shm_reset_unanswered() - finish what a process that died may have left of a reset by an outsider.
 * Return: was there something?
 */
bool shm_reset_unanswered(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_reset_own() - the vCPU has an owner from here on. shm_reset_disown() - it has none. What is
 * asked for and not made yet is made by this. Threads: the process that records owners.
 */
void shm_reset_own(struct shm_gic *gic, uint32_t vcpu);
void shm_reset_disown(struct shm_gic *gic, uint32_t vcpu);

#endif
