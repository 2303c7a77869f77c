/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_DERIVE_H
#define SHM_DERIVE_H

/*
 * Deriving: candidates from words
 *
 * The words of its interrupts are the truth; candidates, and what a port remembers as active, only
 * say where to look. After a repair, and when a restored controller goes on, they are set again
 * from every word. A bit too many is dropped by the vCPU that looks. Threads: any.
 */
#include "shm-gic.h"

/* shm_derive_candidates() - set the candidates of a vCPU that its words ask for. */
void shm_derive_candidates(struct shm_gic *gic, uint32_t vcpu);

/* shm_derive_vcpu() - the same, and ring it. */
void shm_derive_vcpu(struct shm_gic *gic, uint32_t vcpu);

#endif
