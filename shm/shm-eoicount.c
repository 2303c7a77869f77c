/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-eoicount.h"

#include "gic-lr.h"
#include "shm-cpuif.h"
#include "shm-list.h"
#include "shm-word.h"

static void deactivate_outside(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t old = at ? shm_word_load(at) : 0;
        unsigned tries = 0;

        while ((shm_list_is_own_active(old, vcpu) || shm_list_is_unheld_active(old)) && shm_gic_retry(gic, &tries)) {
                uint64_t now = gic_irq_deactivate(old);

                if (shm_word_cas(at, &old, now)) {
                        shm_word_settle(gic, intid, old, now);
                        return;
                }
        }
}

/*
 * The active priorities that the guest dropped, also if it has acknowledged at the same priority again (@states: as of shm_eoicount_walk()). With
 * EOImode 1 EOIcount is of ICC_DIR_EL1, which drops none: all. That does not trap only if nothing was active outside of list
 * registers at the entry.
 */
static void dropped(const struct shm_gic *gic, uint32_t vcpu, uint64_t states, uint32_t ap[2][SHM_N_APR])
{
        const struct shm_bank *bank = &gic->vcpus[vcpu].bank;
        bool all = shm_load(&bank->ich_vmcr, BANK_X2) & GICH_VMCR_VEOIM;

        for (unsigned i = 0; i < SHM_N_APR; i++) {
                ap[0][i] = all ? UINT32_MAX : ~shm_load(&bank->ich_ap0r[i], BANK_X2);
                ap[1][i] = all ? UINT32_MAX : ~shm_load(&bank->ich_ap1r[i], BANK_X2);
        }
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                uint64_t lr = shm_load(&bank->ich_lr[i], BANK_X2);
                unsigned group = (lr & GICH_LR_GROUP1) != 0, bit;

                if (!(lr & GICH_LR_PENDING) || (states >> 2 * i & 1))
                        continue;
                bit = shm_cpuif_apr_bit(gic, vcpu, (uint8_t)(lr >> GICH_LR_PRIORITY_SHIFT), group);
                ap[group][bit / 32] |= UINT32_C(1) << bit % 32;
        }
        for (unsigned i = 0; i < SHM_N_APR && !all; i++) {
                ap[0][i] &= shm_load(&bank->filled_ap0r[i], BANK_X2);
                ap[1][i] &= shm_load(&bank->filled_ap1r[i], BANK_X2);
        }
}

/* What to end where no order of acknowledging says it. */
struct unacknowledged {
        struct shm_list_choices choices;
        unsigned next;
};

/*
 * By the priority that was dropped; what was found by one look, one after the other. If that finds nothing (a priority was changed
 * since), whatever this vCPU holds.
 */
static uint32_t next_unacknowledged(struct shm_gic *gic, uint32_t vcpu, uint64_t states, struct unacknowledged *u)
{
        struct shm_list_choices any = { .max = 1 };
        uint32_t ap[2][SHM_N_APR];

        if (u->next == u->choices.n && shm_gic_may_pass(gic)) {
                u->choices = (struct shm_list_choices) { .max = SHM_N_LIST_REGISTERS };
                u->next = 0;
                dropped(gic, vcpu, states, ap);
                shm_list_offer_unacknowledged(gic, vcpu, ap, &u->choices);
        }
        if (u->next < u->choices.n)
                return u->choices.best[u->next++].intid;
        shm_list_offer_active(gic, vcpu, &any);
        return any.n ? any.best[0].intid : SHM_EOICOUNT_NONE;
}

/*
 * Each end of interrupt that found no list register ended the active interrupt of the highest active priority (IHI 0069
 * section 12.4.8, EOIcount): the one that was acknowledged last. Others were active when the VM was restored, or were made active by
 * a write. The slot names it before it is ended.
 */
void shm_eoicount_walk(struct shm_gic *gic, uint32_t vcpu, uint64_t walk, uint64_t states)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct unacknowledged others = { .next = 0 };

        for (unsigned count = SHM_EOICOUNT_N(walk); count; count--) {
                uint32_t intid = SHM_EOICOUNT_INTID(walk);

                if (intid == SHM_EOICOUNT_NONE) {
                        intid = shm_list_latest_taken(gic, vcpu);
                        if (intid == SHM_EOICOUNT_NONE)
                                intid = next_unacknowledged(gic, vcpu, states, &others);
                        if (intid == SHM_EOICOUNT_NONE)
                                return;
                        shm_store(&self->slot.old_word, SHM_EOICOUNT(count, intid), SLOT_X3);
                }
                deactivate_outside(gic, vcpu, intid);
                walk = SHM_EOICOUNT(count - 1, SHM_EOICOUNT_NONE);
                shm_store(&self->slot.old_word, walk, SLOT_X3);
        }
}
