/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_OWNER_H
#define SHM_OWNER_H

/*
 * Owners: which session runs a vCPU
 *
 * What    The daemon registers a vCPU for a session, and gives it up when that session ends. Both
 *         say so in the segment, for others to read, and make it run, or no longer run
 *         (shm-layout.h, "Who runs a vCPU").
 * Trust   The daemon decides by its own memory, never by what it has recorded here.
 */
#include "shm-gic.h"

/*
 * shm_vcpu_own() / shm_vcpu_release() - the daemon records who owns a vCPU, for others to read: it
 * decides by its own memory, never by this. session != 0. Return: 0; -EINVAL.
 */
int shm_vcpu_own(struct shm_gic *gic, uint32_t vcpu, uint64_t session, uint32_t pid);
void shm_vcpu_release(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_vcpu_session() - who owns it; or owned it last, was released, and may run it still or has
 * left something in it: nobody has repaired it since. 0: nobody. @vcpu is checked already. Threads:
 * any.
 */
uint64_t shm_vcpu_session(const struct shm_gic *gic, uint32_t vcpu);

#endif
