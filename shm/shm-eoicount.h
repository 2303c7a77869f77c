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
#include "gic-lr.h"
#include "gic-prio.h"
#include "shm-gic.h"

/* Of EOIcount what is left and all that it was, and the INTID that one of it ends. */
#define SHM_EOICOUNT(left, all, intid)  ((uint64_t)(all) << 40 | (uint64_t)(left) << 32 | (intid))
#define SHM_EOICOUNT_LEFT(walk)     ((unsigned)((walk) >> 32 & 31))
#define SHM_EOICOUNT_ALL(walk)      ((unsigned)((walk) >> 40 & 31))
#define SHM_EOICOUNT_INTID(walk)    ((uint32_t)(walk))
#define SHM_EOICOUNT_NONE           GIC_INTID_SPURIOUS

/* Of one group's active-priority registers and the other's: is any priority active? */
static inline bool shm_eoicount_has_priority(const struct shm_gic *gic,
                                             const shm_atomic(uint32_t) *ap0r,
                                             const shm_atomic(uint32_t) *ap1r)
{
        uint32_t any = 0;

        for (unsigned i = 0; i < gic_prio_n_apr(gic->n_priority_bits); i++) /* the rest is 0 */
                any |= shm_load(&ap0r[i], BANK_X2) | shm_load(&ap1r[i], BANK_X2);
        return any;
}

/*
 * shm_eoicount_enter() - what this vCPU holds is in @n_listed list registers as active, and outside
 * of them @n_others times.
 * Return: of ICH_HCR_EL2 TALL0 and TALL1; or LRENPIE, if there may be ends to count; or 0.
 */
uint64_t shm_eoicount_enter_any(struct shm_gic *gic, uint32_t vcpu, unsigned n_listed,
                                unsigned n_others);

static inline uint64_t shm_eoicount_enter(struct shm_gic *gic, uint32_t vcpu, unsigned n_listed,
                                          unsigned n_others)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        if (__builtin_expect(!(n_listed | n_others | shm_load(&self->leftovers, PORT_X1)) &&
                             !shm_eoicount_has_priority(gic, self->ap0r, self->ap1r), 1))
                return 0; /* nothing is active, so nothing ends */
        return shm_eoicount_enter_any(gic, vcpu, n_listed, n_others);
}

/*
 * shm_eoicount_exit() - the guest left @count in EOIcount; the rest of what it left is in the saved
 * bank. @n_more: so many more list registers are active than were at the entry.
 *
 * Return: what is to be walked: SHM_EOICOUNT().
 */
uint64_t shm_eoicount_exit_any(struct shm_vcpu *vcpu, unsigned count, int n_more);

static inline uint64_t shm_eoicount_exit(struct shm_gic *gic, uint32_t vcpu, unsigned count,
                                         int n_more)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        const struct shm_bank *bank = &self->bank;

        if (__builtin_expect(!n_more &&
                             !(shm_load(&bank->ich_hcr, BANK_X2) & GICH_HCR_LRENPIE) &&
                             !shm_eoicount_has_priority(gic, bank->filled_ap0r,
                                                        bank->filled_ap1r) &&
                             !shm_eoicount_has_priority(gic, bank->ich_ap0r, bank->ich_ap1r), 1))
                return SHM_EOICOUNT(0, 0, SHM_EOICOUNT_NONE); /* as at the entry: nothing ended */
        return shm_eoicount_exit_any(self, count, n_more);
}

/*
 * shm_eoicount_walk() - end them, from @walk on; before what the guest acknowledged is folded,
 * which came after.
 */
void shm_eoicount_walk(struct shm_gic *gic, uint32_t vcpu, uint64_t walk);

#endif
