/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_RESET_VALUE_H
#define SHM_RESET_VALUE_H

/*
 * Reset values: what a reset of a vCPU makes of each word
 *
 * Pure: of an interrupt's word, and of the word of the CPU interface. Two kinds of callers apply
 * them: the owner's reset (shm-reset.c), and an outsider that resets a vCPU which does not run
 * (shm-takeover.c).
 */
#include "shm-gic.h"

/*
 * Pure: of a private word; of a word whose vCPU may have acknowledged it; of the CPU-interface
 * word.
 */
uint64_t shm_reset_sgi(uint64_t w, uint64_t unused);
uint64_t shm_reset_wired(uint64_t w, uint64_t unused);
uint64_t shm_reset_held(uint64_t w, uint64_t vcpu);
uint64_t shm_reset_cpuif_value(const struct shm_gic *gic, uint64_t old);

/* shm_reset_count() - one reset was applied. */
void shm_reset_count(struct shm_vcpu *vcpu);

#endif
