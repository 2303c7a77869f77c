/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_EOICOUNT_H
#define SHM_EOICOUNT_H

/*
 * Ends of interrupts that are in no list register: by INTID all the same
 *
 * What    The virtual CPU interface knows an INTID only if it is in a list register; of others it
 *         counts the ends (ICH_HCR_EL2.EOIcount). So what is to end in guest has to be known
 *         before: each active priority is of one interrupt that the guest acknowledged and will end
 *         next but for those that preempted it (IHI 0069 section 4.8). While each is of one that
 *         this vCPU holds, and none of these was dropped before (EOImode 1) or is otherwise without
 *         its priority (shm_vcpu.leftovers), an end finds its list register, or, with more of them
 *         than list registers, is of the latest that has none. Else (state that was restored, what
 *         somebody deactivated or made active from outside) all accesses to either group trap
 *         (TALL0, TALL1), and an end is by the INTID that was written, as on a trap port.
 * Cost    A count of bits at entry and exit. Nothing is looked for.
 * Slot    What is left of the count, and which INTID one of it ends, stand in the slot's old_word:
 *         a repair goes on from there.
 * Threads The vCPU's own thread, or the repair of a vCPU whose owner is dead. @vcpu is a checked
 *         index.
 */
#include "shm-gic.h"

/* Of EOIcount what is left and all that it was, and the INTID that one of it ends. */
#define SHM_EOICOUNT(left, all, intid)  ((uint64_t)(all) << 40 | (uint64_t)(left) << 32 | (intid))
#define SHM_EOICOUNT_LEFT(walk)     ((unsigned)((walk) >> 32 & 31))
#define SHM_EOICOUNT_ALL(walk)      ((unsigned)((walk) >> 40 & 31))
#define SHM_EOICOUNT_INTID(walk)    ((uint32_t)(walk))
#define SHM_EOICOUNT_NONE           GIC_INTID_SPURIOUS

/*
 * shm_eoicount_enter() - what this vCPU holds is in @n_listed list registers as active, and outside
 * of them @n_others times.
 * Return: of ICH_HCR_EL2 TALL0 and TALL1; or LRENPIE, if there may be ends to count; or 0.
 */
uint64_t shm_eoicount_enter(struct shm_gic *gic, uint32_t vcpu, unsigned n_listed,
                            unsigned n_others);

/*
 * shm_eoicount_exit() - the guest left @count in EOIcount; the rest of what it left is in the saved
 * bank. @states: bits 2n+1..2n are what became of the state of list register n. @n_listed: no list
 * register from that number on was in use.
 *
 * Return: what is to be walked: SHM_EOICOUNT().
 */
uint64_t shm_eoicount_exit(struct shm_vcpu *vcpu, unsigned count, uint64_t states,
                           unsigned n_listed);

/*
 * shm_eoicount_walk() - end them, from @walk on; before what the guest acknowledged is folded,
 * which came after.
 */
void shm_eoicount_walk(struct shm_gic *gic, uint32_t vcpu, uint64_t walk);

#endif
