/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ONEOFN_H
#define SHM_ONEOFN_H

/*
 * 1-of-N: an SPI that any eligible vCPU may take (IHI 0069 section 2.3.2,
 * GICD_IROUTER<n>.Interrupt_Routing_Mode)
 *
 * What    The word's route is the vCPU that was chosen for it. Whoever makes an interrupt pending
 *         chooses; whoever makes a vCPU ineligible chooses again for what was chosen for that one;
 *         whoever makes one eligible chooses for what found nobody.
 * Threads Any; lock-free.
 */
#include "shm-gic.h"

/*
 * shm_oneofn_place() - choose for @intid, which is pending with Interrupt_Routing_Mode set, and
 * tell the chosen.
 */
void shm_oneofn_place(struct shm_gic *gic, uint32_t intid);

/*
 * shm_oneofn_keep() - @vcpu, for which it was chosen before, has folded it as it was listed: it
 * stays, or is placed anew if that vCPU has become ineligible meanwhile.
 */
void shm_oneofn_keep(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * shm_oneofn_stay() - @intid, pending and marked as a candidate of @vcpu (GIC_NO_VCPU: of nobody),
 * is placed anew if that vCPU may not take it.
 */
void shm_oneofn_stay(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * shm_oneofn_closed() - vCPU @vcpu is no longer eligible for some group: GICR_WAKER.ProcessorSleep,
 * ICC_IGRPEN<g>_EL1, GICR_CTLR.DPG<g>, power off, reset, nobody runs it. Call it after the change
 * of its cpuif word.
 *
 * shm_oneofn_opened() - the opposite.
 */
void shm_oneofn_closed(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_oneofn_leave() - the same before that change: what was chosen for @vcpu is marked as if
 * nobody had it, so that who stands still between the change and the end of shm_oneofn_closed()
 * leaves it to the next one that opens a gate.
 */
void shm_oneofn_leave(struct shm_gic *gic, uint32_t vcpu);
void shm_oneofn_opened(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_oneofn_catch_up() - place what a bounded view has put off (shm_gic.put_off), from candidate
 * index @from on, with @looks more looks at vCPUs. Return: where to go on; SHM_N_CANDIDATES when it
 * is through.
 */
uint32_t shm_oneofn_catch_up(struct shm_gic *gic, uint32_t from, uint32_t looks);

#endif
