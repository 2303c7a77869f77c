/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RESET_H
#define SHM_RESET_H

/*
 * Resets, ownership and repair
 *
 * A reset keeps the wires; each word resets by one CAS, so an injection lands before or after it.
 */
#include "shm-gic.h"

/*
 * shm_reset_vcpu() - PSCI CPU_ON: CPU interface and private interrupts. Threads: the owner, or anyone while the vCPU
 * is off.
 */
void shm_reset_vcpu(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_power() - PSCI: the vCPU is on (off): 1-of-N interrupts may (may not) be given to it, outsiders may not (may)
 * reset it at once. Threads: any.
 */
void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on);

/*
 * shm_reset_request() - the same asked by an outsider: applied at once if the vCPU is off, else at its owner's next
 * operation. ICC_CTLR_EL1 is reset first, so that readers see it at once: an operation of the owner that is under way
 * meanwhile may already work with EOImode 0. As after any reset of a running PE, SPIs that it had acknowledged can
 * stay active: the guest clears them when it starts again. Return: 0; -EINVAL.
 */
int shm_reset_request(struct shm_gic *gic, uint32_t vcpu);

/* shm_reset_all() - system reset: distributor and every vCPU. The host has stopped the vCPUs. */
void shm_reset_all(struct shm_gic *gic);

/*
 * shm_vcpu_take() / shm_vcpu_release() - the daemon records who owns a vCPU, for others to read: it decides by its own
 * memory, never by this. session != 0. Return: 0; -EINVAL.
 */
int shm_vcpu_take(struct shm_gic *gic, uint32_t vcpu, uint64_t session, uint32_t pid);
void shm_vcpu_release(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_vcpu_repair() - finish or take back what a dead owner left in its slot, and rebuild its candidates. Nobody else
 * may operate the vCPU. Return: 0; -EINVAL.
 */
int shm_vcpu_repair(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_repair_words() - after a process died that could write the segment: pay what its changes of words and gates left
 * owing
 *
 * Routes, candidates, TDIR and doorbells are derived again from every word; idempotent. Threads: any, while vCPUs run.
 */
void shm_repair_words(struct shm_gic *gic);

#endif
