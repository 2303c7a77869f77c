/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_HELD_H
#define SHM_HELD_H

/*
 * Held: what a vCPU has active, and in which order it acknowledged that
 *
 * What    For list-register ports. "actives" is a superset of what is active at the vCPU outside of
 *         list registers, from which an entry lists. "ack_order" has what the vCPU acknowledged,
 *         the oldest first: an end of interrupt that finds no list register is of the latest that
 *         has none (shm-eoicount.h). "leftovers" says that active priorities and held interrupts
 *         may not be one for one.
 * Why     The words alone do not tell an order, and finding what is active would take a look at
 *         every word of the VM.
 * Threads The vCPU's own thread, or the repair of a vCPU whose owner is dead. @vcpu is a checked
 *         index. Neither is truth: what a word says decides.
 */
#include "gic-lr.h"
#include "shm-word-step.h"

/*
 * shm_held_remember() - @intid may be active at this vCPU outside of list registers: a superset,
 * from which the active ones are listed. A vCPU's own thread, or while it is at rest.
 */
void shm_held_remember(struct shm_vcpu *vcpu, uint32_t intid);

/* shm_held_doubt() - active priorities were changed, or dropped alone, other than in guest. */
static inline void shm_held_doubt(struct shm_vcpu *vcpu)
{
        shm_store(&vcpu->leftovers, 1, PORT_X3);
}

/* shm_held_is_own_active() - active at @vcpu, outside of list registers. */
bool shm_held_is_own_active(uint64_t w, uint32_t vcpu);

/*
 * shm_held_is_active_without_holder() - active outside of list registers, and nobody's: a write
 * made it active (GICD_ISACTIVER<n>, a restore).
 */
static inline bool shm_held_is_active_without_holder(uint64_t w)
{
        return (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) == GIC_WORD_ACTIVE &&
               gic_word_holder(w) == GIC_NO_VCPU;
}

/*
 * shm_held_listed_state() - GICH_LR_PENDING, GICH_LR_ACTIVE: as what @intid was listed in the saved
 * bank; 0: it was not. Threads: any.
 */
static inline uint64_t shm_held_listed_state(const struct shm_vcpu *vcpu, uint32_t intid)
{
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                uint64_t lr = shm_load(&vcpu->bank.ich_lr[i], BANK_X2);

                if ((lr & GICH_LR_STATE) && (uint32_t)(lr & GICH_LR_VINTID) == intid)
                        return lr & GICH_LR_STATE;
        }
        return 0;
}

/* shm_held_push_ack() - @intid was acknowledged in guest. */
void shm_held_push_ack(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);
/*
 * shm_held_trim_ack_order() - leave in that order only what this vCPU holds, each once.
 * Return: how many of these have no list register in the saved bank: shm_held_latest_ack().
 */
unsigned shm_held_trim_ack_order(struct shm_gic *gic, uint32_t vcpu);
/* shm_held_latest_ack() - the latest that had none but for @n_later; or GIC_INTID_SPURIOUS. */
uint32_t shm_held_latest_ack(const struct shm_gic *gic, uint32_t vcpu, unsigned n_later);

#endif
