/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-eoicount.h"

#include "gic-icc.h"
#include "shm-held.h"
#include "shm-word.h"

/* Bit by bit: few priorities are active, most often none, and what counts 32 bits is a call. */
static unsigned count_bits(const shm_atomic(uint32_t) *ap0r, const shm_atomic(uint32_t) *ap1r)
{
        unsigned n = 0;

        for (unsigned i = 0; i < SHM_N_APR; i++) {
                uint64_t bits = (uint64_t)shm_load(&ap0r[i], BANK_X2) << 32 |
                                shm_load(&ap1r[i], BANK_X2);

                for (; bits; bits &= bits - 1)
                        n++;
        }
        return n;
}

/*
 * With EOImode 1 an end leaves no count, and which of them was with EOImode 0 would not be known
 * after a change of it.
 */
uint64_t shm_eoicount_enter_any(struct shm_gic *gic, uint32_t vcpu, unsigned n_listed,
                                unsigned n_others)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        unsigned n_priorities = count_bits(self->ap0r, self->ap1r), n_held = n_listed + n_others;
        bool doubt = n_held && (n_held != n_priorities || shm_load(&self->leftovers, PORT_X1));

        if (doubt != shm_load(&self->leftovers, PORT_X1))
                shm_store(&self->leftovers, doubt, PORT_X3);
        if (!n_priorities)
                return 0;
        if (doubt || n_held != n_priorities)
                return GICH_HCR_TALL;
        if (!n_others)
                return 0;
        if ((shm_load(&self->icc_ctlr, CTLR_X1) & ICC_CTLR_EOIMODE) ||
            shm_held_trim_ack_order(gic, vcpu) != n_others)
                return GICH_HCR_TALL;
        return GICH_HCR_LRENPIE;
}

/*
 * Nothing was in doubt at the entry, or nothing that was held had a priority, and then it stays in
 * doubt. If more is held now than there are priorities, some was dropped and not deactivated.
 */
uint64_t shm_eoicount_exit_any(struct shm_vcpu *vcpu, unsigned count, int n_more)
{
        uint64_t hcr = shm_load(&vcpu->bank.ich_hcr, BANK_X2);
        unsigned n_held = count_bits(vcpu->bank.filled_ap0r, vcpu->bank.filled_ap1r) +
                          (unsigned)n_more;

        if (!(hcr & GICH_HCR_LRENPIE))
                count = 0;
        if ((hcr & GICH_HCR_TALL) || shm_load(&vcpu->leftovers, PORT_X1))
                return SHM_EOICOUNT(0, 0, SHM_EOICOUNT_NONE);
        if (n_held - count != count_bits(vcpu->bank.ich_ap0r, vcpu->bank.ich_ap1r))
                shm_held_doubt(vcpu);
        return SHM_EOICOUNT(count, count, SHM_EOICOUNT_NONE);
}

/*
 * End an interrupt that is in no list register: one that this vCPU holds, or one that a write made
 * active, which nobody holds. A change by somebody else in between is looked at again.
 */
static void deactivate_unlisted(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t old = at ? shm_word_load(at) : 0;
        unsigned tries = 0;

        while ((shm_held_is_own_active(old, vcpu) || shm_held_is_active_without_holder(old)) &&
               shm_gic_retry(gic, &tries)) {
                uint64_t now = gic_irq_deactivate(old);

                if (shm_word_cas(at, &old, now)) {
                        shm_word_pay_effects(gic, intid, old, now);
                        return;
                }
        }
}

/*
 * Each end of interrupt that found no list register was of the latest that had none at the entry
 * (IHI 0069 section 12.4.8, EOIcount), the next of the one before it; also if somebody else has
 * deactivated it since. The slot names it before it is ended.
 */
void shm_eoicount_walk(struct shm_gic *gic, uint32_t vcpu, uint64_t walk)
{
        shm_atomic(uint64_t) *at = &gic->vcpus[vcpu].slot.old_word;
        unsigned all = SHM_EOICOUNT_ALL(walk);

        for (unsigned left = SHM_EOICOUNT_LEFT(walk); left; left--) {
                uint32_t intid = SHM_EOICOUNT_INTID(walk);

                if (intid == SHM_EOICOUNT_NONE) {
                        intid = shm_held_latest_ack(gic, vcpu, all - left);
                        if (intid == SHM_EOICOUNT_NONE)
                                return;
                        shm_store(at, SHM_EOICOUNT(left, all, intid), SLOT_X3);
                }
                deactivate_unlisted(gic, vcpu, intid);
                walk = SHM_EOICOUNT(left - 1, all, SHM_EOICOUNT_NONE);
                shm_store(at, walk, SLOT_X3);
        }
}
