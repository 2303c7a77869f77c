/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_REPAIR_H
#define SHM_REPAIR_H

/*
 * Repair: finish, or take back, what a dead process left
 *
 * What    Of a vCPU: the operation that its owner was in the middle of (shm-slot.h). Of the VM:
 *         what changes of words and gates left owing, whoever made them.
 * Why     Nobody holds a lock that a death could leave taken, but a process may die between two
 *         stores of one operation. doc/sudden-death.md says what a guest and a device see then.
 * How     An acknowledge that was not delivered is taken back. Everything else is completed, by the
 *         steps that its owner would have taken; each is idempotent, since a repair may die, too.
 * Trust   The slot may hold anything: its INTID is checked, its argument is masked. Every loop is
 *         bounded by this process's own sizes, and by SHM_TRIES where a hostile process could
 *         change a word for ever.
 */
#include "shm-gic.h"

/*
 * shm_vcpu_repair() - finish or take back what a dead owner left in its slot, and rebuild its
 * candidates. Nobody else may operate the vCPU. Return: 0; -EINVAL; -EAGAIN too many resets
 * (shm_gic.is_bulk_release), nothing was done.
 *
 * shm_vcpu_repair_slot() - the same without the candidates: shm_repair_words() follows, which does
 * it for all vCPUs in one pass.
 */
int shm_vcpu_repair(struct shm_gic *gic, uint32_t vcpu);
int shm_vcpu_repair_slot(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_repair_words() - after a process died that could write the segment: pay what its changes of
 * words and gates left owing
 *
 * Routes, candidates, TDIR and doorbells are derived again from every word; idempotent. Threads:
 * any, while vCPUs run.
 */
void shm_repair_words(struct shm_gic *gic);

#endif
