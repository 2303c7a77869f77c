/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_EOICOUNT_H
#define SHM_EOICOUNT_H

/*
 * ICH_HCR_EL2.EOIcount: ends of interrupts that were in no list register, and of which it is only known how many
 *
 * What    Which interrupts those were, as the architecture demands (IHI 0069 section 12.4.8), and their deactivation.
 * Slot    What is left of the count, and which INTID one of it ends, stand in the slot's old_word: a repair goes on from there.
 * Threads The vCPU's own thread, or the repair of a vCPU whose owner is dead. @vcpu is a checked index.
 */
#include "shm-gic.h"

/* What is left of EOIcount, and the INTID that one of it ends. */
#define SHM_EOICOUNT(count, intid)  ((uint64_t)(count) << 32 | (intid))
#define SHM_EOICOUNT_N(walk)        ((unsigned)((walk) >> 32 & 31))
#define SHM_EOICOUNT_INTID(walk)    ((uint32_t)(walk))
#define SHM_EOICOUNT_NONE           GIC_INTID_SPURIOUS

/*
 * shm_eoicount_walk() - end them, from @walk on. What the guest left is in the saved bank, its list registers are folded.
 * @states: bits 2n+1..2n are what became of the state of list register n.
 */
void shm_eoicount_walk(struct shm_gic *gic, uint32_t vcpu, uint64_t walk, uint64_t states);

#endif
