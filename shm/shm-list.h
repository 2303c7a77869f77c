/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LIST_H
#define SHM_LIST_H

/*
 * What there is to list: a port's pending and active interrupts in order, and which were acknowledged last
 *
 * What    Before entry: the best of what is pending, and of what is active outside of list registers. After the exit: whose end
 *         of interrupt it was that found no list register (ICH_HCR_EL2.EOIcount).
 * Threads The vCPU's own thread, or the repair of a vCPU whose owner is dead. @vcpu is a checked index.
 */
#include "gic-lr.h"
#include "shm-gic.h"

struct shm_list_choice {
        shm_atomic(uint64_t) *at;
        uint64_t word;
        uint32_t intid;
};

/* The best @max of what was offered, in order: priority, then INTID. */
struct shm_list_choices {
        struct shm_list_choice best[SHM_N_LIST_REGISTERS];
        unsigned n, max, n_offered;
        bool no_spis;           /* of what is pending, SPIs are not offered */
};

/* Groups: enabled at the distributor, and of these, at the CPU interface. */
struct shm_list_groups {
        unsigned enabled, listable;
};

struct shm_list_groups shm_list_groups_of(const struct shm_gic *gic, uint32_t vcpu);

/* shm_list_is_listable() - it is to be delivered to @vcpu, and its group is of @groups. */
bool shm_list_is_listable(uint64_t w, uint32_t vcpu, unsigned groups);
/* shm_held_is_own_active() - active at @vcpu, outside of list registers. */
bool shm_held_is_own_active(uint64_t w, uint32_t vcpu);

/* shm_list_offer_pending() - Return: the groups, disabled at the CPU interface, that have something. */
unsigned shm_list_offer_pending(struct shm_gic *gic, uint32_t vcpu, struct shm_list_groups groups, struct shm_list_choices *c);
/* shm_list_offer_active() - what is active outside of the list registers; of the last bank, until that is forgotten. */
void shm_list_offer_active(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c);

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

/*
 * shm_held_is_active_without_holder() - active outside of list registers, and nobody's: a write
 * made it active (GICD_ISACTIVER<n>, a restore).
 */
static inline bool shm_held_is_active_without_holder(uint64_t w)
{
        return (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) == GIC_WORD_ACTIVE && gic_word_holder(w) == GIC_NO_VCPU;
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
