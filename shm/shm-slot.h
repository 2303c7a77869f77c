/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SLOT_H
#define SHM_SLOT_H

/*
 * Operation slot: what a vCPU's owner is in the middle of
 *
 * What    Written before the first store of an operation that changes several words, emptied after
 *         the last. Whoever takes over after the owner's death (shm_vcpu_repair()) completes EOI,
 *         DIR and reset forward and takes an acknowledge back: the slot, not the dead thread, says
 *         whether an interrupt was delivered.
 * Others  An interrupt that another vCPU holds is deactivated in two steps: claimed (its holder
 *         becomes this vCPU; the slot says so), then ended. Without, a repair could not tell "not
 *         ended yet" from "ended, and acknowledged there again".
 * Undelivered
 *         Until its slot is empty an acknowledge may turn out never to have been, by the death of
 *         its owner. What others do to the interrupt until then is noted in the slot, of that very
 *         acknowledge (SHM_SLOT_SERIAL), as if it had not been acknowledged: the consumed requests
 *         cleared; made active, or not any more, by whichever came last: a write or a deactivation.
 *         The notes are void if it commits: the word has all of that, as it came after it. Who
 *         notes that it is active, or not, moves the salt of the word: so what is noted last is in
 *         the word last.
 *         A repair closes the slot first (SHM_SLOT_CLOSED): then what it takes back is final, and
 *         who finds it closed helps. Who has claimed it all the same, since it was ended and
 *         acknowledged again in between, finds that out by another look, and gives it back; until
 *         then its slot says from whom it claims, and who writes gives it back first.
 * Order   SLOT-R1: op, with release, after the slot's other fields and before the operation's first
 *         CAS (which is sequentially consistent, so it cannot become visible before). SLOT-R2:
 *         empty, with release, after the operation's last store: this is where an acknowledge
 *         commits. Both pair with SLOT-A1, the acquire load of the repair.
 *         SLOT-R3: an acknowledge is published before its vCPU looks whether it may be made (gates,
 *         TDIR); whoever changes that looks at the slots afterwards (SLOT-A2): RWP, and the clear
 *         of TDIR. Store buffering: both sides are sequentially consistent. Until the slot is empty
 *         the acknowledge may still come.
 * Threads The owner thread; after its death, the one that repairs.
 */
#include "base-bits.h"
#include "gic-irq.h"
#include "shm-gic.h"

/*
 * What a slot says. It changes from empty to one operation, and from that to empty: no operation
 * follows another one without. What is not in the table stands in no slot of an honest process.
 *
 *   operation  flags                         old_word           argument
 *   NONE       -                             left over          left over
 *   ACK        CLEARED, MADE_ACTIVE, CLOSED  word before        priority bit, group
 *   EOI        DEACTIVATE: with EOImode 0.   word at the begin  priority bit, group; from whom it
 *              CLAIMED, SALTED only with that                   claims, + 1 (0: from nobody)
 *   DIR        DEACTIVATE; CLAIMED, SALTED   word at the begin  from whom it claims, + 1
 *   RESET      -                             0                  SHM_REQUEST_* that it serves
 *   FOLD       -                             SHM_EOICOUNT()     two bits for each list register
 *
 *   changes                    by                       who
 *   NONE to ACK                shm_slot_acknowledge()   the owner
 *   NONE to another            shm_slot_begin()         the owner
 *   any to NONE                shm_slot_end()           the owner: done (ACK: committed, or given
 *                                                       up); a repair: finished (ACK: taken back)
 *   ACK: CLEARED, MADE_ACTIVE  shm_word_note()          who changes that interrupt from outside
 *   ACK: CLOSED                shm_vcpu_repair_slot()   the repair, before it takes it back
 *   EOI, DIR: from whom        shm_slot_claims()        the owner, a repair; before the word
 *   EOI, DIR: CLAIMED          shm_slot_claimed()       the owner, a repair; after the word
 *   EOI, DIR: SALTED           shm_slot_salts()         the owner, a repair; before the word: it is
 *                                                       ended without a claim
 *   FOLD: old_word             shm_eoicount_walk()      the owner, a repair; one end at a time
 *   FOLD: icc_ctlr             apply_ctlr()             the owner, a repair: not 0 while it writes
 *                                                       over ICC_CTLR_EL1; what was there
 */
enum shm_slot_op {
        SHM_SLOT_NONE,
        SHM_SLOT_ACK,
        SHM_SLOT_EOI,       /* priority drop, and deactivation if SHM_SLOT_DEACTIVATE is set */
        SHM_SLOT_DIR,
        SHM_SLOT_RESET,     /* of the vCPU itself, asked for by SHM_REQUEST_RESET */
        /*
         * old_word: what is left of EOIcount (SLOT-X3); argument: states of list registers;
         * shm-port.c
         */
        SHM_SLOT_FOLD,
};

#define SHM_SLOT_DEACTIVATE  (UINT64_C(1) << 8)
/* EOI, DIR: the holder was changed to this vCPU */
#define SHM_SLOT_CLAIMED     (UINT64_C(1) << 9)
#define SHM_SLOT_CLEARED      (UINT64_C(1) << 10) /* ACK: cleared from outside, what it consumed */
#define SHM_SLOT_MADE_ACTIVE  (UINT64_C(1) << 11) /* ACK: it was made active from outside */
#define SHM_SLOT_CLOSED       (UINT64_C(1) << 12) /* ACK: of a dead owner, who is being repaired */
#define SHM_SLOT_SALTED       (UINT64_C(1) << 13) /* EOI, DIR: its end moves the salt of old_word */
#define SHM_SLOT_SERIAL(n)    ((uint64_t)(uint16_t)(n) << 16) /* ACK: tells it from the next one */
#define SHM_SLOT_OP(op, flags, intid)  ((uint64_t)(op) | (flags) | (uint64_t)(intid) << 32)
#define SHM_SLOT_OP_KIND(v)   ((enum shm_slot_op)((v) & 0xff))
#define SHM_SLOT_OP_INTID(v)  ((uint32_t)((v) >> 32))
/* argument: bit of the active-priority registers, and the group that it belongs to */
#define SHM_SLOT_ARGUMENT(bit, group)    ((uint64_t)(bit) | (uint64_t)(group) << 8)
#define SHM_SLOT_ARGUMENT_BIT(a)         ((unsigned)((a) & 0x7f))
#define SHM_SLOT_ARGUMENT_GROUP(a)       ((unsigned)((a) >> 8 & 1))
#define SHM_SLOT_ARGUMENT_FROM_SHIFT     16  /* EOI, DIR: whose it claims, + 1; 17 bits */

static inline void shm_slot_begin(struct shm_vcpu *vcpu, uint64_t op, uint64_t old_word,
                                  uint64_t argument)
{
        shm_store(&vcpu->slot.old_word, old_word, SLOT_X2);
        shm_store(&vcpu->slot.argument, argument, SLOT_X2);
        shm_store(&vcpu->slot.op, op, SLOT_R1);
}

/* SLOT-R3. The serial: how many its owner has acknowledged before. */
static inline void shm_slot_acknowledge(struct shm_vcpu *vcpu, uint32_t intid, uint64_t old_word,
                                        uint64_t argument)
{
        uint64_t serial = shm_load(&vcpu->counters.acknowledged, COUNT_X1);
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_ACK, SHM_SLOT_SERIAL(serial), intid);

        shm_store(&vcpu->slot.old_word, old_word, SLOT_X2);
        shm_store(&vcpu->slot.argument, argument, SLOT_X2);
        (void)shm_exchange(&vcpu->slot.op, op, SLOT_R3);
}

/* SLOT-A2: @vcpu may be acknowledging something. *ret_intid: what, if it exists. */
static inline bool shm_slot_is_acknowledging(const struct shm_vcpu *vcpu, uint32_t *ret_intid)
{
        uint64_t op = shm_load(&vcpu->slot.op, SLOT_A2);

        *ret_intid = SHM_SLOT_OP_INTID(op);
        return SHM_SLOT_OP_KIND(op) == SHM_SLOT_ACK;
}

/* SLOT-X3: between the claim and the end of an interrupt that another vCPU held. */
static inline void shm_slot_claimed(struct shm_vcpu *vcpu, uint64_t op)
{
        shm_store(&vcpu->slot.op, (op & ~SHM_SLOT_SALTED) | SHM_SLOT_CLAIMED, SLOT_X3);
}

/* SLOT-X3: before the claim. What it claimed before, somebody else has ended. */
static inline void shm_slot_claims(struct shm_vcpu *vcpu, uint64_t op, uint32_t holder)
{
        uint64_t argument = shm_load(&vcpu->slot.argument, SLOT_X1);

        shm_store(&vcpu->slot.op, op & ~(SHM_SLOT_CLAIMED | SHM_SLOT_SALTED), SLOT_X3);
        argument = base_field_set(argument, SHM_SLOT_ARGUMENT_FROM_SHIFT, 17, holder + UINT64_C(1));
        shm_store(&vcpu->slot.argument, argument, SLOT_X3);
}

/*
 * SLOT-X3: before what another vCPU has in a list register, or is acknowledging, is ended without a
 * claim: only if its salt is still that of @old this has not come through.
 */
static inline void shm_slot_salts(struct shm_vcpu *vcpu, uint64_t op, uint64_t old)
{
        shm_store(&vcpu->slot.old_word, old, SLOT_X3);
        shm_store(&vcpu->slot.op, (op & ~SHM_SLOT_CLAIMED) | SHM_SLOT_SALTED, SLOT_X3);
}

/* Is @holder, whatever it is, in the middle of acknowledging this? Then nobody has it yet. */
static inline bool shm_slot_is_undelivered(const struct shm_gic *gic, uint32_t holder,
                                           uint32_t intid)
{
        uint32_t n;

        return holder < gic->n_vcpus &&
               shm_slot_is_acknowledging(&gic->vcpus[holder], &n) && n == intid;
}

static inline void shm_slot_end(struct shm_vcpu *vcpu)
{
        shm_store(&vcpu->slot.op, SHM_SLOT_NONE, SLOT_R2);
}

/* What an acknowledge consumed, unless it was cleared since. */
static inline uint64_t shm_slot_consumed(uint64_t op, uint64_t old_word)
{
        return (op & SHM_SLOT_CLEARED) ? 0 : old_word & (GIC_WORD_LATCH | GIC_WORD_EDGE);
}

/* The word @w if the acknowledge in the slot (@op, @old_word) had not been made. */
static inline uint64_t shm_slot_taken_back(uint64_t w, uint64_t op, uint64_t old_word)
{
        return gic_irq_take_back(w, shm_slot_consumed(op, old_word), op & SHM_SLOT_MADE_ACTIVE);
}

/*
 * From whom has @by, which holds this, claimed it, without having looked whether it was delivered?
 * GIC_NO_VCPU: from nobody.
 */
static inline uint32_t shm_slot_claimed_from(const struct shm_gic *gic, uint32_t by, uint32_t intid)
{
        const struct shm_slot *slot = &gic->vcpus[by].slot;
        uint64_t op = shm_load(&slot->op, SLOT_A2);
        uint64_t from = base_field_get(shm_load(&slot->argument, SLOT_X1),
                                       SHM_SLOT_ARGUMENT_FROM_SHIFT, 17);

        if ((SHM_SLOT_OP_KIND(op) != SHM_SLOT_EOI && SHM_SLOT_OP_KIND(op) != SHM_SLOT_DIR) ||
            SHM_SLOT_OP_INTID(op) != intid || (op & SHM_SLOT_CLAIMED) || !from || from - 1 == by)
                return GIC_NO_VCPU;
        return (uint32_t)from - 1;
}

#endif
