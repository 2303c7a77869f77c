/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ONEOFN_H
#define SHM_ONEOFN_H

/*
 * 1-of-N: an SPI that any eligible vCPU may take (IHI 0069 section 2.3.2,
 * GICD_IROUTER<n>.Interrupt_Routing_Mode)
 *
 * What    A 1-of-N interrupt that wants delivery has a chosen vCPU, which is eligible, or none is
 *         eligible. In either case it is noted in the header, for good. The chosen vCPU is its
 *         word's route, so choosing, acknowledging and ending are the same code for all interrupts.
 * Why     The hardware picks a PE when one is ready. Here nobody runs all the time who could: so
 *         whoever makes the interrupt pending picks one, and whoever changes who is eligible picks
 *         again.
 * How     Whoever makes an interrupt pending places it. Whoever closes a gate of a vCPU says so
 *         first (LEAVING), gives what was chosen for it to others, closes it, and looks again;
 *         whoever opens one places what found nobody. Both see to all that is noted, and so finish
 *         what somebody else is in the middle of, who may be stopped there.
 * Order   ONEOFN-*: the head of shm-oneofn.c.
 * Threads Any; lock-free. A bounded view (the daemon's) looks at so many vCPUs in each turn of its
 *         loop, and puts the rest off.
 */
#include "shm-gic.h"

/*
 * shm_oneofn_place() - choose for @intid, which is pending with Interrupt_Routing_Mode set, and
 * tell the chosen.
 */
void shm_oneofn_place(struct shm_gic *gic, uint32_t intid);

/*
 * shm_oneofn_keep() - @vcpu, for which it was chosen before, has folded it as it was listed, or had
 * taken off its mark: it is marked, as its word @w says, and stays, or is placed anew if that vCPU
 * has become ineligible meanwhile.
 */
void shm_oneofn_keep(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w);

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
void shm_oneofn_opened(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_oneofn_may_change() - before each compare-and-swap of a cpuif word, from *old to *now: if
 * that closes a gate, what was chosen for @vcpu is given to others first, with LEAVING set in the
 * word, so that who stands still behind that compare-and-swap keeps none of it.
 * @has_left: false at first; of one change.
 *
 * Return: true, and *now may have changed; false: *old was loaded again, derive *now from it and
 * ask again.
 */
bool shm_oneofn_leave(struct shm_gic *gic, uint32_t vcpu, uint64_t *old, uint64_t *now,
                      bool *has_left);

static inline bool shm_oneofn_may_change(struct shm_gic *gic, uint32_t vcpu, uint64_t *old,
                                         uint64_t *now, bool *has_left)
{
        const uint64_t gates = SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF |
                               UINT64_C(3) << SHM_CPUIF_GRPEN_SHIFT |
                               UINT64_C(3) << SHM_CPUIF_DPG_SHIFT;

        if (!((*old ^ *now) & gates) || !(gic->features & SHM_FEATURE_1_OF_N) ||
            gic->is_bulk_release)
                return true;
        return shm_oneofn_leave(gic, vcpu, old, now, has_left);
}

/*
 * shm_oneofn_forget() - who had set LEAVING may be dead: @vcpu is as good a choice as before. One
 * that lives begins again. Threads: any.
 */
void shm_oneofn_forget(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_oneofn_catch_up() - place what a bounded view has put off (shm_gic.put_off), from candidate
 * index @from on, with @looks more looks at vCPUs. Return: where to go on; SHM_N_CANDIDATES when it
 * is through.
 */
uint32_t shm_oneofn_catch_up(struct shm_gic *gic, uint32_t from, uint32_t looks);

#endif
