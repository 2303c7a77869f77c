/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A list-register port leaves the guest: its bank is folded into the words of its interrupts
 *
 * What    shm_port_exit(), the owner's; and shm_port_repair(), of one that died: in the middle of a
 *         fold, or in guest. The entry is in shm-port.c.
 * How     What was read back is stored in the segment's bank; the slot says so; then follow the
 *         active priorities, the ends that found no list register, each list register's word, and
 *         ICH_VMCR_EL2. A repair does the same again from the bank: each step is idempotent.
 */
#include "shm-port.h"

#include "gic-icc.h"
#include "gic-lr.h"
#include "gic-prio.h"
#include "shm-cpuif.h"
#include "shm-eoicount.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-held.h"
#include "shm-icc-ctlr.h"
#include "shm-port-vmcr.h"
#include "shm-reset-value.h"
#include "shm-slot.h"
#include "shm-word.h"

/*
 * A 1-of-N interrupt that the guest has not taken, and that nobody has changed so that it should be
 * placed anew.
 */
static bool is_still_waiting(uint64_t now, uint32_t vcpu, uint64_t listed, uint64_t state)
{
        return (now & GIC_WORD_IRM) && state == GICH_LR_PENDING &&
               (listed & GICH_LR_STATE) == state && gic_word_wanting(now) &&
               gic_word_route(now) == vcpu &&
               gic_word_group(now) == ((listed & GICH_LR_GROUP1) != 0) &&
               gic_word_priority(now) == (uint8_t)(listed >> GICH_LR_PRIORITY_SHIFT);
}

/*
 * For a repair: has an outsider reset the dead owner's vCPU, so that this fold comes too late?
 * GATE-A1 after the compare-and-swap of a word: the outsider set STALE before it looked at that
 * word (TAKE-R5). So it has reset what was folded, or this sees STALE.
 */
static bool was_reset(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1) & SHM_CPUIF_STALE;
}

/*
 * Fold one list register: the word takes what the guest made of it (@state), against what others
 * have changed in the word meanwhile (gic_lr_fold()); then what that owes is paid. What is active
 * here is remembered before the word says so: the next entry lists from that memory, and a repair
 * does not come here again once the word is changed.
 */
static __attribute__((noinline)) void fold_one(struct shm_gic *gic, uint32_t vcpu, uint64_t listed,
                                               uint64_t state)
{
        uint32_t intid = (uint32_t)listed;
        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t old = at ? shm_word_load(at) : 0, now;
        bool ended, taken, pushed = false;
        unsigned tries = 0;

        do {
                if (!(old & GIC_WORD_RESIDENT) || gic_word_holder(old) != vcpu)
                        return; /* a reset took it out, or a repair has folded it */
                now = gic_lr_fold(old, listed, (listed & ~GICH_LR_STATE) | state, &ended);
                taken = (now & GIC_WORD_ACTIVE) && gic_word_holder(now) == vcpu;
                if (taken)
                        shm_held_remember(&gic->vcpus[vcpu], intid);
                /*
                 * Before the word: a repair does not come here once that is changed. Twice in the
                 * list does no harm.
                 */
                if (taken && !(listed & GICH_LR_ACTIVE) && !pushed) {
                        shm_held_push_ack(gic, vcpu, intid);
                        pushed = true;
                }
                if (shm_word_cas(at, &old, now)) {
                        if (is_still_waiting(now, vcpu, listed, state))
                                shm_oneofn_keep(gic, vcpu, intid, now);
                        else
                                shm_word_pay_effects(gic, intid, old, now);
                        if (ended)
                                shm_word_owe_eoi(gic, intid);
                        if (taken && was_reset(gic, vcpu))
                                shm_word_update(gic, at, intid, shm_reset_held, vcpu);
                        return;
                }
        } while (shm_gic_retry(gic, &tries));
}

/*
 * The same for most interrupts: an SPI, SGI or PPI that is pending as it was listed, or was taken
 * and has ended, and is for this vCPU, which runs and need not be rung. Return: it is folded;
 * false: fold_one() has to.
 */
SHM_IN_LINE bool fold_straight(struct shm_gic *gic, uint32_t vcpu, uint64_t listed, uint64_t state)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t intid = (uint32_t)listed;
        shm_atomic(uint64_t) *at;
        uint64_t old, now;

        if (!shm_gic_find_plain(gic, self, intid, &at))
                return false;
        old = shm_word_load(at);
        if (__builtin_expect(!gic_lr_folds_straight(old, vcpu, state), 0))
                return false;
        now = gic_lr_fold_straight(old, state);
        if (__builtin_expect(!shm_word_cas(at, &old, now), 0))
                return false;
        if (gic_word_pending(now))
                shm_word_mark(self, intid, now);
        return true;
}

/*
 * What the hardware makes of it (IHI 0069 sections 12.2.4, 12.2.5, 12.2.19). A VBPR1 that changed
 * was written while VCBPR was clear, whatever that is by now (section 12.4.13).
 */
static uint64_t as_implemented(const struct shm_gic *gic, unsigned cpuif_shift, uint64_t value)
{
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits);

        if (cpuif_shift == SHM_CPUIF_PMR_SHIFT)
                return value & gic_prio_mask(gic->n_priority_bits);
        if (cpuif_shift == SHM_CPUIF_BPR0_SHIFT)
                return value < minimum ? minimum : value;
        if (cpuif_shift == SHM_CPUIF_BPR1_SHIFT)
                return value < minimum + 1 ? minimum + 1 : value;
        return value;
}

/* The guest's own changes: what an outsider wrote meanwhile stays where the guest wrote nothing. */
static uint64_t with_fields(const struct shm_gic *gic, uint64_t cpuif, uint64_t before,
                            uint64_t now)
{
        for (size_t i = 0; i < N_VMCR_FIELDS; i++) {
                const struct vmcr_field *f = &vmcr_fields[i];
                uint64_t value = base_field_get(now, f->shift, f->width);

                if (value != base_field_get(before, f->shift, f->width))
                        cpuif = base_field_set(cpuif, f->cpuif_shift, f->width,
                                               as_implemented(gic, f->cpuif_shift, value));
        }
        return cpuif;
}

/*
 * The fields of the cpuif word, all at once, and not over a reset by an outsider (was_reset()),
 * whose STALE is in the same word. Return: they are applied.
 */
static bool apply_fields(struct shm_gic *gic, uint32_t vcpu, uint64_t before, uint64_t now)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, CPUIF_X1);
        bool has_left = false;
        unsigned tries = 0;

        do {
                uint64_t next = with_fields(gic, old, before, now);

                if (old & SHM_CPUIF_STALE)
                        return false;
                if (shm_oneofn_may_change(gic, vcpu, &old, &next, &has_left) &&
                    shm_cas(cpuif, &old, next, GATE_R2))
                        return true;
        } while (shm_gic_retry(gic, &tries));
        return false;
}

/* The guest's own changes of ICC_CTLR_EL1, which was @old. */
static uint64_t with_ctlr_fields(uint64_t old, uint64_t before, uint64_t now)
{
        uint64_t live = base_field_get(old, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS);

        if ((before ^ now) & VMCR_VCBPR)
                live = base_bit_assign(live, ICC_CTLR_CBPR, now & VMCR_VCBPR);
        if ((before ^ now) & GICH_VMCR_VEOIM)
                live = base_bit_assign(live, ICC_CTLR_EOIMODE, now & GICH_VMCR_VEOIM);
        return shm_icc_ctlr_written(old, live) & ~SHM_ICC_CTLR_ASKED;
}

/*
 * A fold has begun to write over ICC_CTLR_EL1, and the slot has what was there: if the vCPU was
 * reset before that, it is that again. Also for who died in the middle, since the slot has it until
 * this is done.
 */
static void undo_ctlr_if_reset(struct shm_gic *gic, uint32_t vcpu, uint64_t before, uint64_t now)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t old = shm_load(&self->slot.icc_ctlr, SLOT_X1), written;

        if (__builtin_expect(!old, 1))
                return;
        written = with_ctlr_fields(old, before, now);
        shm_or(&self->icc_ctlr, 0, CTLR_R3);
        if (was_reset(gic, vcpu))
                shm_cas(&self->icc_ctlr, &written, old & ~SHM_ICC_CTLR_ASKED, CTLR_R1);
        shm_store(&self->slot.icc_ctlr, 0, SLOT_X3);
}

/*
 * CTLR-R3: ICC_CTLR_EL1 has no such mark of a reset that was made. So it is marked itself, as by an
 * outsider (shm-takeover.c), before STALE is looked for, and written only over that mark,
 * which a reset takes off. If the reset left the same value, and an outsider that was late its mark
 * on it, this wrote over that: STALE says so behind it, and it is the value from before again.
 */
static void apply_ctlr(struct shm_gic *gic, uint32_t vcpu, uint64_t before, uint64_t now)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        unsigned tries = 0;
        uint64_t old;

        do {
                old = shm_or(&self->icc_ctlr, SHM_ICC_CTLR_ASKED, CTLR_R3) | SHM_ICC_CTLR_ASKED;
                if (was_reset(gic, vcpu))
                        break;
                shm_store(&self->slot.icc_ctlr, old, SLOT_X3);
        } while (!shm_cas(&self->icc_ctlr, &old, with_ctlr_fields(old, before, now), CTLR_R1) &&
                 shm_gic_retry(gic, &tries));
        undo_ctlr_if_reset(gic, vcpu, before, now);
}

/* Written again by a repair: what a change of the gates owes is paid again, too. */
static void apply_vmcr(struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_bank *bank = &gic->vcpus[vcpu].bank;
        uint64_t before = shm_load(&bank->filled_vmcr, BANK_X2);
        uint64_t now = shm_load(&bank->ich_vmcr, BANK_X2);

        undo_ctlr_if_reset(gic, vcpu, before, now); /* of a repair that died */
        if ((before ^ now) & VMCR_CPUIF_MASK) {
                if (!apply_fields(gic, vcpu, before, now))
                        return;
                if (before & ~now & VMCR_VENG_MASK)
                        shm_oneofn_closed(gic, vcpu);
                if (now & ~before & VMCR_VENG_MASK)
                        shm_oneofn_opened(gic, vcpu);
                shm_word_ring(gic, vcpu);
        }
        if ((before ^ now) & (VMCR_VCBPR | GICH_VMCR_VEOIM))
                apply_ctlr(gic, vcpu, before, now);
}

/*
 * From what is in the segment's bank; @states: bits 2n+1..2n are the state of list register n. What
 * ended without a list register did so before what was acknowledged since, and is active still.
 * APR-R4: behind the slot, also for a compiler, or who dies here has dropped priorities of
 * interrupts that stay active.
 */
SHM_IN_LINE void fold_all(struct shm_gic *gic, uint32_t vcpu, uint64_t walk, uint64_t states,
                          unsigned n_listed, bool by_owner)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        for (unsigned i = 0; i < gic_prio_n_apr(gic->n_priority_bits); i++) {
                shm_store(&self->ap0r[i], shm_load(&self->bank.ich_ap0r[i], BANK_X2), APR_R4);
                shm_store(&self->ap1r[i], shm_load(&self->bank.ich_ap1r[i], BANK_X2), APR_R4);
        }
        if (SHM_EOICOUNT_LEFT(walk))
                shm_eoicount_walk(gic, vcpu, walk);
        /* Listed by priority, the highest first; acknowledged in the opposite order. */
        for (unsigned i = n_listed; i-- > 0;) {
                uint64_t listed = shm_load(&self->bank.ich_lr[i], BANK_X2);
                uint64_t state = states << (62 - 2 * i) & GICH_LR_STATE;

                if ((by_owner || (listed & GICH_LR_STATE)) &&
                    !(by_owner && fold_straight(gic, vcpu, listed, state)))
                        fold_one(gic, vcpu, listed, state);
        }
        apply_vmcr(gic, vcpu);
}

/*
 * Last of an exit or a repair: until then others count this port as one in guest, wait for its
 * fold, and keep the gate closed. After a bulk release shm_repair_words() rings for all of them.
 */
static void leave_guest(struct shm_gic *gic, uint32_t vcpu)
{
        shm_atomic(uint32_t) *port = &gic->vcpus[vcpu].port;

        shm_and(port, ~(SHM_PORT_IN | SHM_PORT_TRAPS), PORT_R3);
        if (!gic->is_bulk_release)
                shm_gate_left(gic);
}

/* Acknowledged in guest: listed as pending, and no longer. */
static void count_acknowledged(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        shm_atomic(uint64_t) *total = &gic->vcpus[vcpu].counters.acknowledged;
        shm_atomic(uint64_t) *one;

        if (!shm_gic_word(gic, vcpu, intid))
                return;
        one = shm_gic_counter(gic, vcpu, intid);
        shm_store(total, shm_load(total, COUNT_X1) + 1, COUNT_X2);
        shm_store(one, shm_load(one, COUNT_X1) + 1, COUNT_X2);
}

void shm_port_exit(struct shm_gic *gic, uint32_t vcpu, const struct shm_port_bank *bank)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        const unsigned n_apr = gic_prio_n_apr(gic->n_priority_bits);
        const uint32_t mask = gic_prio_apr_mask(gic->n_priority_bits);
        uint64_t count = base_field_get(bank->ich_hcr, HCR_EOICOUNT_SHIFT, HCR_EOICOUNT_WIDTH);
        uint64_t walk, states = 0;
        unsigned n_listed = 0;
        int n_more = 0;

        shm_store(&self->park, SHM_PARK_RUNNING, PARK_X2);
        for (; n_listed < SHM_N_LIST_REGISTERS; n_listed++) { /* filled from 0 on */
                uint64_t listed = shm_load(&self->bank.ich_lr[n_listed], BANK_X2);
                uint64_t lr = bank->ich_lr[n_listed];

                if (!listed)
                        break;
                if ((uint32_t)lr != (uint32_t)listed) /* another interrupt: not of this entry */
                        lr = listed;
                states |= (lr >> 62) << 2 * n_listed;
                n_more += (int)(lr >> 63) - (int)(listed >> 63);
                if (__builtin_expect((listed & ~lr & GICH_LR_PENDING) != 0, 0))
                        count_acknowledged(gic, vcpu, (uint32_t)listed);
        }
        for (unsigned i = 0; i < n_apr; i++) {
                shm_store(&self->bank.ich_ap0r[i], bank->ich_ap0r[i] & mask, BANK_X1);
                shm_store(&self->bank.ich_ap1r[i], bank->ich_ap1r[i] & mask, BANK_X1);
        }
        shm_store(&self->bank.ich_vmcr, bank->ich_vmcr, BANK_X1);
        walk = shm_eoicount_exit(gic, vcpu, (unsigned)count, n_more);
        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_FOLD, 0, 0), walk, states);
        fold_all(gic, vcpu, walk, states, n_listed, true);
        for (unsigned i = 0; i < n_listed; i++)
                shm_store(&self->bank.ich_lr[i], 0, BANK_X1);
        shm_slot_end(self);
        shm_fold_count(self);
        leave_guest(gic, vcpu);
        shm_cpuif_serve(gic, vcpu);
}

/* --- repair --- */

/*
 * What a write made active while it was listed as pending is nobody's. If the vCPU was reset since
 * (was_reset()), what it had acknowledged is not active.
 */
static void recover_resident(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t old = shm_word_load(at);
        unsigned tries = 0;

        while ((old & GIC_WORD_RESIDENT) && gic_word_holder(old) == vcpu &&
               shm_gic_retry(gic, &tries)) {
                bool was_active = shm_held_listed_state(&gic->vcpus[vcpu], intid) & GICH_LR_ACTIVE;
                uint64_t now = gic_lr_lost(old);

                if (!was_active)
                        now = gic_word_set_holder(now, GIC_NO_VCPU);
                if (shm_word_cas(at, &old, now)) {
                        shm_word_pay_effects(gic, intid, old, now);
                        if ((now & GIC_WORD_ACTIVE) && was_active && was_reset(gic, vcpu))
                                shm_word_update(gic, at, intid, shm_reset_held, vcpu);
                        return;
                }
        }
}

void shm_port_repair(struct shm_gic *gic, uint32_t vcpu, bool folding, uint64_t walk,
                     uint64_t states)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        if (folding)
                fold_all(gic, vcpu, walk, states, SHM_N_LIST_REGISTERS, false);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                recover_resident(gic, vcpu, shm_gic_nth_private(i));
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                recover_resident(gic, vcpu, shm_gic_nth_spi(gic, i));
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++)
                shm_store(&self->bank.ich_lr[i], 0, BANK_X1);
        leave_guest(gic, vcpu);
}
