/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-word.h"

#include "shm-slot.h"

/* Return: given back on behalf of who has claimed it too early, or changed by somebody else. */
static bool give_back(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                      uint64_t *old)
{
        uint32_t from = shm_slot_claimed_from(gic, gic_word_holder(*old), intid);
        uint64_t held = gic_word_set_holder(*old, (uint16_t)from);

        if (!(*old & GIC_WORD_ACTIVE) || !shm_slot_is_undelivered(gic, from, intid))
                return false;
        if (shm_word_cas(word, old, held))
                *old = held;
        return true;
}

/*
 * The acknowledge in the holder's slot may be taken back by a repair. Then this change has to hold
 * for what that makes of the interrupt, and the slot is where the repair finds it.
 *
 * SLOT-A2 between two loads of the word that are the same: the slot is of the very acknowledge that
 * the word tells of. The notes go in by a compare-and-swap (SLOT-R4), void if the acknowledge
 * commits. If a repair has closed the slot, its result is final: this makes it, and starts over.
 */
bool shm_word_note(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid, uint64_t *old,
                   uint64_t *now, shm_transition transition, uint64_t argument)
{
        struct shm_slot *slot = &gic->vcpus[gic_word_holder(*old)].slot;
        uint64_t op = shm_load(&slot->op, SLOT_A2);
        uint64_t old_word = shm_load(&slot->old_word, SLOT_X1);
        uint64_t before = *old, back, noted;

        *old = shm_word_load(word); /* or the slot is empty, since it was taken back */
        if (*old != before)
                return false;
        if (before & GIC_WORD_RESIDENT)
                return true;
        if (SHM_SLOT_OP_KIND(op) != SHM_SLOT_ACK || SHM_SLOT_OP_INTID(op) != intid)
                return !give_back(gic, word, intid, old);
        back = shm_slot_taken_back(before, op, old_word);
        if (op & SHM_SLOT_CLOSED) {
                if (shm_word_cas(word, old, back))
                        shm_word_pay_effects(gic, intid, before, *old = back);
                return false;
        }
        back = transition(back, argument);
        noted = base_bit_assign(op, SHM_SLOT_MADE_ACTIVE, (back & GIC_WORD_ACTIVE) != 0);
        if (shm_slot_consumed(op, old_word) && !(back & shm_slot_consumed(op, old_word)))
                noted |= SHM_SLOT_CLEARED;
        if (noted != op && !shm_cas(&slot->op, &op, noted, SLOT_R4))
                return false;
        if ((noted ^ op) & SHM_SLOT_MADE_ACTIVE) /* who is later there is later in the word */
                *now = gic_word_salted(*now);
        if (*now & GIC_WORD_ACTIVE) /* made active: the repair still knows it by its holder */
                *now = gic_word_set_holder(*now, gic_word_holder(before));
        return true;
}

static uint64_t end_undelivered(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_word_salted(gic_irq_deactivate_outside(w));
}

/*
 * Make this vCPU the holder, so that a repair can tell "not ended yet" from "ended, and
 * acknowledged there again". SLOT-A2 before the claim: an interrupt that its holder is still
 * acknowledging is ended as by GICD_ICACTIVER<n>, whatever becomes of that acknowledge. SLOT-A2
 * after the claim: it may have been ended and acknowledged again in between; then the claim is
 * given back. In between the slot says from whom this claims (shm_slot_claims()), for a repair that
 * looks in the middle.
 */
uint64_t shm_word_claim(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                        uint32_t intid, uint64_t op, uint64_t old)
{
        uint32_t holder = gic_word_holder(old);
        uint64_t held = old, mine = gic_word_set_holder(held, (uint16_t)vcpu);

        if (shm_slot_is_undelivered(gic, holder, intid)) {
                mine = end_undelivered(old, 0);
                if (!shm_word_note(gic, word, intid, &old, &mine, end_undelivered, 0))
                        return old;
                shm_slot_salts(&gic->vcpus[vcpu], op, old);
                if (!shm_word_cas(word, &old, mine))
                        return old;
                shm_word_pay_effects(gic, intid, held, mine);
                return 0;
        }
        shm_slot_claims(&gic->vcpus[vcpu], op, holder);
        if (!shm_word_cas(word, &old, mine))
                return old;
        old = mine;
        if (shm_slot_is_undelivered(gic, holder, intid))
                return shm_word_cas(word, &old, held) ? held : old;
        shm_slot_claimed(&gic->vcpus[vcpu], op);
        return mine;
}

int shm_word_change_slowly(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                           shm_transition transition, uint64_t argument, unsigned needs)
{
        return shm_word_change(gic, word, intid, transition, argument, needs);
}

int shm_word_pay_slowly(struct shm_gic *gic, uint32_t intid, uint64_t old, uint64_t now)
{
        (void)shm_word_pay_effects(gic, intid, old, now);
        return 0;
}

int shm_word_ring_slowly(struct shm_gic *gic, uint32_t vcpu, uint32_t park)
{
        if (gic->ring)
                gic->ring(gic->hook_ctx, vcpu, park);
        return 0;
}
