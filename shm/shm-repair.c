/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-repair.h"

#include <errno.h>

#include "shm-apr.h"
#include "shm-cpuif.h"
#include "shm-derive.h"
#include "shm-gate.h"
#include "shm-irouter.h"
#include "shm-port.h"
#include "shm-reset.h"
#include "shm-slot.h"
#include "shm-word.h"

/*
 * Take back an acknowledge that was not delivered, with the requests that it consumed.
 *
 * The slot is closed first (SLOT-R4): what others have noted in it is final then, and whoever finds
 * it closed makes the same change. The acknowledge had reached the word if the dead vCPU is its
 * holder, active or not: a write may have ended the activity meanwhile, by which nothing was
 * delivered. Or if another vCPU has claimed it. In any case what the word owes is paid: the dead
 * owner may have changed it and paid nothing.
 */
static void take_back(struct shm_gic *gic, uint32_t vcpu, uint64_t old_word)
{
        uint64_t op = shm_or(&gic->vcpus[vcpu].slot.op, SHM_SLOT_CLOSED, SLOT_R4);
        uint32_t intid = SHM_SLOT_OP_INTID(op);
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        uint64_t old, seen;

        if (!word || SHM_SLOT_OP_KIND(op) != SHM_SLOT_ACK)
                return;
        old = shm_word_load(word);
        for (unsigned i = 0; i < SHM_TRIES; i++) {
                uint64_t now = shm_slot_taken_back(old, op, old_word);
                uint32_t holder = gic_word_holder(old);

                if (holder != vcpu &&
                    !((old & GIC_WORD_ACTIVE) && holder < gic->n_vcpus &&
                      shm_slot_claimed_from(gic, holder, intid) == vcpu)) {
                        seen = old;
                        old = shm_word_load(word); /* or the claim was given back meanwhile */
                        if (old == seen)
                                break;
                } else if (shm_word_cas(word, &old, now)) {
                        old = now;
                        break;
                }
        }
        shm_word_pay_effects(gic, intid, 0, old);
}

/* Drop one active priority. A read-modify-write of somebody else's register: its owner is dead. */
static void repair_apr(struct shm_vcpu *vcpu, uint64_t argument)
{
        unsigned bit = SHM_SLOT_ARGUMENT_BIT(argument);
        shm_atomic(uint32_t) *apr = SHM_SLOT_ARGUMENT_GROUP(argument) ? &vcpu->ap1r[bit / 32]
                                    : &vcpu->ap0r[bit / 32];

        shm_and(apr, ~(1u << (bit % 32)), APR_X3);
}

/*
 * Is what is active now still the interrupt that the dead vCPU was to end, or the next one?
 *
 * Claimed, it is this vCPU's. Before the claim its first holder has it, if that is the holder
 * still. If that one has it in a list register, the end is a mark in the word, without a claim;
 * once it has folded, the salt differs. One that a write made active there (GICD_ISACTIVER<n>) is
 * to end if it was made active before the dead vCPU began.
 */
static bool is_to_end(uint64_t w, uint32_t vcpu, uint64_t op, uint64_t old_word)
{
        uint32_t holder = gic_word_holder(w), first = gic_word_holder(old_word);

        if (!(w & GIC_WORD_ACTIVE) &&
            (!(w & GIC_WORD_RESIDENT) || (w & GIC_WORD_ACTIVE_OVERRIDDEN)))
                return false;
        if (holder == vcpu)
                return true;
        if ((op & SHM_SLOT_SALTED) && ((w ^ old_word) & GIC_WORD_SALT))
                return false;
        return !(op & SHM_SLOT_CLAIMED) && (old_word & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) &&
               (holder == first || (holder == GIC_NO_VCPU && first != vcpu));
}

/*
 * The dead vCPU had claimed it and not looked afterwards whether its holder had delivered it. If
 * not, the claim is to be given back: *ret_word is the word with its holder of before.
 */
static bool is_to_give_back(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t *ret_word)
{
        uint64_t argument = shm_load(&gic->vcpus[vcpu].slot.argument, SLOT_X1);
        uint64_t from = base_field_get(argument, SHM_SLOT_ARGUMENT_FROM_SHIFT, 17);

        if (!from || from - 1 == vcpu || !shm_slot_is_undelivered(gic, (uint32_t)from - 1, intid))
                return false;
        *ret_word = gic_word_set_holder(*ret_word, (uint16_t)(from - 1));
        return true;
}

/* One step. Return: the word by now. */
static uint64_t go_on_ending(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                             uint64_t op, uint64_t old)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t intid = SHM_SLOT_OP_INTID(op);
        bool own = gic_word_holder(old) == vcpu;
        uint64_t now = old;

        if (!own && !(old & GIC_WORD_RESIDENT)) {
                now = shm_word_claim(gic, vcpu, word, intid, op, old);
                return now ? now : shm_word_load(word);
        }
        if (!own) {
                shm_slot_salts(self, op, old);
                now = gic_lr_mark(old, gic_irq_deactivate(old));
        } else if ((op & SHM_SLOT_CLAIMED) || !is_to_give_back(gic, vcpu, intid, &now)) {
                now = gic_lr_mark(old, gic_irq_deactivate(old));
                if (!(op & SHM_SLOT_CLAIMED))
                        shm_slot_claimed(self, op);
        }
        return shm_word_cas(word, &old, now) ? now : old;
}

/*
 * Complete a deactivation by the owner's own steps: claim, say so in the slot, end. A repair may
 * die in the middle of this, too; the next one must not end what the first holder has acknowledged
 * since, so the slot says when this vCPU has it. What was not delivered is given back, and not
 * active.
 */
static void finish_deactivation(struct shm_gic *gic, uint32_t vcpu, uint64_t op, uint64_t old_word)
{
        const uint64_t steps = SHM_SLOT_CLAIMED | SHM_SLOT_SALTED;
        struct shm_slot *slot = &gic->vcpus[vcpu].slot;
        uint32_t intid = SHM_SLOT_OP_INTID(op);
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        uint64_t old, first = old_word;

        if (!word)
                return;
        old = shm_word_load(word);
        for (unsigned i = 0; i < SHM_TRIES && is_to_end(old, vcpu, op, first); i++) {
                old = go_on_ending(gic, vcpu, word, op, old);
                op = (op & ~steps) | (shm_load(&slot->op, SLOT_A1) & steps);
                first = shm_load(&slot->old_word, SLOT_X1);
        }
        shm_word_pay_effects(gic, intid, 0, old);
        /*
         * At worst a second notice of the same end: a device looks at its level and finds nothing
         * to do.
         */
        if ((old_word & (GIC_WORD_ACTIVE | GIC_WORD_NOTIFY)) == (GIC_WORD_ACTIVE |
                                                                 GIC_WORD_NOTIFY) &&
            shm_gic_is_spi(gic, intid))
                shm_word_owe_eoi(gic, intid);
}

/*
 * Derive the route again from GICD_IROUTER<n>, and pay what the word owes. If the SPI is not
 * active, somebody may have ended it and died before its device was told: the device is told again.
 */
static void repair_spi(struct shm_gic *gic, uint32_t intid)
{
        uint64_t w;

        shm_irouter_reroute(gic, intid);
        w = shm_word_load(&shm_gic_spi(gic, intid)->word);
        shm_word_pay_effects(gic, intid, 0, w);
        if ((w & (GIC_WORD_NOTIFY | GIC_WORD_ACTIVE)) == GIC_WORD_NOTIFY)
                shm_word_owe_eoi(gic, intid);
}

/*
 * Nobody has said what the dead process was in the middle of, if it had no slot: a device, a tool,
 * a VMM's own thread. So every word pays again, every vCPU is rung, for a gate may have been
 * opened, and every reset that was asked for is finished.
 */
void shm_repair_words(struct shm_gic *gic)
{
        unsigned n_unanswered = 0;

        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                repair_spi(gic, shm_gic_nth_spi(gic, i));
        for (uint32_t vcpu = 0; vcpu < gic->n_vcpus; vcpu++) {
                for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                        shm_word_pay_effects(gic, shm_gic_nth_private(i), 0,
                                             shm_word_load(&gic->vcpus[vcpu].words[i]));
                shm_apr_ask(&gic->vcpus[vcpu]);
                shm_oneofn_forget(gic, vcpu);
                shm_word_ring(gic, vcpu); /* for a gate that it opened */
                if (n_unanswered < SHM_MAX_PASSES || !gic->bounded)
                        n_unanswered += shm_reset_unanswered(gic, vcpu);
        }
        shm_gate_left(gic); /* for all ports that were given up with their process */
        shm_tdir_tell(gic);
}

/*
 * SLOT-A1: the slot, and with it what its owner stored before it filled the slot (SLOT-R1).
 *
 * ACK     The guest has not seen the INTID, so the acknowledge is taken back. Its priority bit goes
 *         whether it was set or not: it is above all active ones, so no other interrupt has it.
 * Others  Completed: priority drops, deactivations, resets, folds. Each part is idempotent.
 * Then    A port is brought out of the guest, whatever its slot said. Posted priorities are applied
 *         last: they are newer than anything the dead owner did, and a fold must not undo them.
 */
int shm_vcpu_repair_slot(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self;
        uint64_t op, old_word, argument;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        self = &gic->vcpus[vcpu];
        op = shm_load(&self->slot.op, SLOT_A1);
        old_word = shm_load(&self->slot.old_word, SLOT_X1);
        argument = shm_load(&self->slot.argument, SLOT_X1);

        switch (SHM_SLOT_OP_KIND(op)) {
        case SHM_SLOT_ACK:
                repair_apr(self, argument);
                take_back(gic, vcpu, old_word);
                break;
        case SHM_SLOT_EOI:
                repair_apr(self, argument);
                if (op & SHM_SLOT_DEACTIVATE)
                        finish_deactivation(gic, vcpu, op, old_word);
                break;
        case SHM_SLOT_DIR:
                finish_deactivation(gic, vcpu, op, old_word);
                break;
        case SHM_SLOT_RESET:
                if (!shm_gic_may_pass(gic))
                        return -EAGAIN;
                shm_reset_repair(gic, vcpu, argument);
                break;
        case SHM_SLOT_FOLD:
                shm_port_repair(gic, vcpu, true, old_word, argument);
                break;
        default:
                break;
        }
        if (SHM_SLOT_OP_KIND(op) != SHM_SLOT_FOLD && shm_load(&self->port, PORT_X1))
                shm_port_repair(gic, vcpu, false, 0, 0);
        shm_slot_end(self);
        shm_apr_apply_posted(gic, vcpu);
        shm_store(&self->park, SHM_PARK_RUNNING, PARK_X2);
        shm_store(&self->left_session, 0, OWNER_R1);
        return 0;
}

int shm_vcpu_repair(struct shm_gic *gic, uint32_t vcpu)
{
        int r = shm_vcpu_repair_slot(gic, vcpu);

        if (r == 0)
                shm_derive_candidates(gic, vcpu);
        return r;
}
