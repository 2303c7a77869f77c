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
        unsigned n, max;
        unsigned n_left;        /* were offered, and are not among the best */
        bool no_spis;           /* of what is pending, SPIs are not offered */
};

/* Begin to offer: nothing is chosen yet. best[] is not cleared, since it is read up to n only. */
static inline void shm_list_begin(struct shm_list_choices *c, unsigned max, bool no_spis)
{
        c->n = c->n_left = 0;
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

/* The gates of groups, read once: one bank is filled by one state of them. */
struct shm_list_gates {
        uint64_t cpuif;
        uint32_t gicd_ctlr;
};

/*
 * shm_list_read_gates() - GATE-A1, GATE-A2. A port fills its bank by this and asks once more: a
 * gate that was closed in between shows then (fill_bank()).
 */
static inline struct shm_list_gates shm_list_read_gates(const struct shm_gic *gic,
                                                        const struct shm_vcpu *vcpu)
{
        uint64_t cpuif = shm_load(&vcpu->cpuif, GATE_A1);
        uint32_t gicd_ctlr = shm_load(&gic->header->gicd_ctlr, GATE_A2);

        return (struct shm_list_gates) { cpuif, gicd_ctlr };
}

/* shm_list_groups_of() - which groups the vCPU may be given by these gates. */
static inline struct shm_list_groups shm_list_groups_of(struct shm_list_gates gates)
{
        unsigned enabled = gates.gicd_ctlr & 3;
        unsigned excluded = (unsigned)(gates.cpuif >> SHM_CPUIF_DPG_SHIFT) & 3;
        unsigned here = (unsigned)(gates.cpuif >> SHM_CPUIF_GRPEN_SHIFT) & 3;

        if (gates.cpuif & SHM_CPUIF_ASLEEP)
                enabled = 0;
        enabled |= (enabled & ~excluded) << 2;
        return (struct shm_list_groups) { enabled, enabled & (here | here << 2) };
}

/*
 * What most words are that may be listed now: of an interrupt of Group 1, or if that is not open of
 * Group 0, that is enabled, for one vCPU, neither active nor resident; it still has to be pending.
 */
struct shm_list_plain {
        uint64_t of, is;
};

static inline struct shm_list_plain shm_list_plain_of(uint32_t vcpu, struct shm_list_groups groups)
{
        uint64_t is = GIC_WORD_ENABLE | (uint64_t)vcpu << GIC_WORD_ROUTE_SHIFT;

        if (groups.listable & 2)
                is |= GIC_WORD_GROUP1;
        else if (!(groups.listable & 1))
                is = UINT64_MAX; /* none */
        return (struct shm_list_plain) {
                .of = GIC_WORD_ENABLE | GIC_WORD_ACTIVE | GIC_WORD_RESIDENT | GIC_WORD_GROUP1 |
                      GIC_WORD_IRM | base_mask(GIC_WORD_ROUTE_WIDTH) << GIC_WORD_ROUTE_SHIFT,
                .is = is,
        };
}

/* shm_list_has_group() - do @groups have the group of @w, for 1-of-N if it is? */
static inline bool shm_list_has_group(uint64_t w, unsigned groups)
{
        return groups >> (((w & GIC_WORD_IRM) ? 2 : 0) + gic_word_group(w)) & 1;
}

/* shm_list_is_listable() - it is to be delivered to @vcpu, and its group is of @groups. */
static inline bool shm_list_is_listable(uint64_t w, uint32_t vcpu, unsigned groups)
{
        return shm_word_is_deliverable_at(w, vcpu) && shm_list_has_group(w, groups);
}

/*
 * shm_list_offer_pending() - @classes: of priority, that have candidates. Return: the groups,
 * disabled at the CPU interface, that have something.
 */
unsigned shm_list_offer_pending(struct shm_gic *gic, uint32_t vcpu, uint64_t classes,
                                struct shm_list_groups groups, struct shm_list_choices *c);
/*
 * shm_list_offer_active() - what is active outside of the list registers; of the last bank, until
 * that is forgotten.
 */
void shm_list_offer_active(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c);

#endif
