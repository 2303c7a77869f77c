/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LIST_H
#define SHM_LIST_H

/*
 * What there is to list: a port's pending and active interrupts in order, and which were
 * acknowledged last
 *
 * What    Before entry: the best of what is pending, and of what is active outside of list
 *         registers. After the exit: whose end of interrupt it was that found no list register
 *         (ICH_HCR_EL2.EOIcount).
 * Threads The vCPU's own thread, or the repair of a vCPU whose owner is dead. @vcpu is a checked
 * index.
 */
#include "shm-held.h"

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

/* Begin to offer: nothing is chosen yet. best[] is not cleared, since it is read up to n only. */
static inline void shm_list_begin(struct shm_list_choices *c, unsigned max, bool no_spis)
{
        c->n = c->n_offered = 0;
        c->max = max;
        c->no_spis = no_spis;
}

/*
 * Groups: enabled at the distributor, and of these, at the CPU interface. Bit g: of group g what is
 * for one vCPU; bit 2 + g: what is 1-of-N, unless GICR_CTLR.DPG<g> excludes it.
 */
struct shm_list_groups {
        unsigned enabled, listable;
};

#define SHM_LIST_ALL_GROUPS  15u

struct shm_list_groups shm_list_groups_of(const struct shm_gic *gic, uint32_t vcpu);

/* shm_list_has_group() - do @groups have the group of @w, for 1-of-N if it is? */
static inline bool shm_list_has_group(uint64_t w, unsigned groups)
{
        return groups >> (((w & GIC_WORD_IRM) ? 2 : 0) + gic_word_group(w)) & 1;
}

/* shm_list_is_listable() - it is to be delivered to @vcpu, and its group is of @groups. */
bool shm_list_is_listable(uint64_t w, uint32_t vcpu, unsigned groups);

/*
 * shm_list_offer_pending() - Return: the groups, disabled at the CPU interface, that have
 * something.
 */
unsigned shm_list_offer_pending(struct shm_gic *gic, uint32_t vcpu, struct shm_list_groups groups,
                                struct shm_list_choices *c);
/*
 * shm_list_offer_active() - what is active outside of the list registers; of the last bank, until
 * that is forgotten.
 */
void shm_list_offer_active(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c);

#endif
