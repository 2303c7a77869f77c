/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
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
#include "shm-list.h"
#include "shm-reset-value.h"
#include "shm-reset.h"
#include "shm-slot.h"
#include "shm-word.h"

/* ICH_HCR_EL2, ICH_VMCR_EL2: IHI 0069 sections 12.4.8, 12.4.13 */
#define HCR_EN              (UINT64_C(1) << 0)
#define HCR_UIE             (UINT64_C(1) << 1)
#define HCR_NPIE            (UINT64_C(1) << 3)
#define HCR_VGRP_EIE(g)     (UINT64_C(1) << (4 + 2 * (g)))
#define HCR_VGRP_DIE(g)     (UINT64_C(1) << (5 + 2 * (g)))
#define HCR_TDIR            (UINT64_C(1) << 14)
#define HCR_EOICOUNT_SHIFT  27
#define HCR_EOICOUNT_WIDTH  5
#define VMCR_VFIQEN         (UINT64_C(1) << 3)
#define VMCR_VCBPR          (UINT64_C(1) << 4)
#define VMCR_BPR1_SHIFT     18

/* Which fields of ICH_VMCR_EL2 are which of the CPU interface's word. */
static const struct vmcr_field {
        uint8_t shift, width, cpuif_shift;
} vmcr_fields[] = {
        { 0, 1, SHM_CPUIF_GRPEN_SHIFT },
        { 1, 1, SHM_CPUIF_GRPEN_SHIFT + 1 },
        { 24, 8, SHM_CPUIF_PMR_SHIFT },
        { 21, 3, SHM_CPUIF_BPR0_SHIFT },
        { VMCR_BPR1_SHIFT, 3, SHM_CPUIF_BPR1_SHIFT },
};
#define VMCR_VENG_MASK    UINT64_C(3)   /* the group enables */
#define VMCR_CPUIF_MASK   (VMCR_VENG_MASK | UINT64_C(0xfffc0000)) /* all of these fields */
#define CTLR  GIC_ICC_ENCODING(12, 12, 4)
#define N_VMCR_FIELDS  (sizeof(vmcr_fields) / sizeof(vmcr_fields[0]))

static unsigned n_list_registers(const struct shm_vcpu *self)
{
        unsigned n = (unsigned)base_field_get(shm_load(&self->port, PORT_X1), SHM_PORT_N_SHIFT, SHM_PORT_N_WIDTH);

        return n <= SHM_N_LIST_REGISTERS ? n : SHM_N_LIST_REGISTERS;
}

void shm_port_configure(struct shm_gic *gic, uint32_t vcpu, unsigned n)
{
        shm_held_doubt(&gic->vcpus[vcpu]); /* until nothing that it holds is left from before */
        shm_store(&gic->vcpus[vcpu].port, n << SHM_PORT_N_SHIFT, PORT_R1);
        if (n)
                shm_or(&gic->header->tdir, SHM_TDIR_PORTS, TDIR_R6);
        else
                shm_store(&gic->vcpus[vcpu].n_ack_order, 0, PORT_X3); /* nobody continues that */
}

/* --- entry --- */

/* A private interrupt that a write of GICR_ISACTIVER<n> made active: nobody acknowledged it, so nobody holds it. */
static bool has_active_private_without_holder(const struct shm_gic *gic, uint32_t vcpu)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (shm_held_is_active_without_holder(shm_word_load(&gic->vcpus[vcpu].words[i])))
                        return true;
        return false;
}

/* The list register is in the segment before its word says that it is resident. Return: it is listed. */
static bool list_one(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choice *choice,
                     unsigned groups, bool is_active, unsigned n, uint64_t *ret_lr)
{
        unsigned tries = 0;

        do {
                uint64_t w = choice->word;
                uint64_t now;

                if (is_active ? !shm_held_is_own_active(w, vcpu)
                    : !shm_list_is_listable(w, vcpu, groups))
                        break;
                now = gic_lr_list(w, choice->intid, (uint16_t)vcpu,
                                  (w & GIC_WORD_ENABLE) && gic_word_route(w) == vcpu && (groups & (1u << gic_word_group(w))),
                                  ret_lr);
                shm_store(&gic->vcpus[vcpu].bank.ich_lr[n], *ret_lr, BANK_X1);
                if (shm_word_cas(choice->at, &choice->word, now)) {
                        choice->word = now;
                        return true;
                }
        } while (shm_gic_retry(gic, &tries));
        *ret_lr = 0; /* somebody else took it meanwhile: the guest must not find it here */
        shm_store(&gic->vcpus[vcpu].bank.ich_lr[n], 0, BANK_X1);
        return false;
}

/* As if it had not been listed. Nobody is rung for what is still for this vCPU: whoever opens the gate rings. */
static void unlist_one(struct shm_gic *gic, uint32_t vcpu, uint64_t lr)
{
        uint32_t intid = (uint32_t)lr;
        shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t old = shm_word_load(at), now;
        unsigned tries = 0;
        bool ended;

        do {
                if (!(old & GIC_WORD_RESIDENT) || gic_word_holder(old) != vcpu)
                        return;
                now = gic_lr_fold(old, lr, lr, &ended);
                if (shm_word_cas(at, &old, now)) {
                        if (!shm_list_is_listable(now, vcpu, 3))
                                shm_word_pay_effects(gic, intid, old, now);
                        else if (now & GIC_WORD_IRM)
                                shm_oneofn_keep(gic, vcpu, intid);
                        else
                                shm_word_mark(&gic->vcpus[vcpu], intid);
                        return;
                }
        } while (shm_gic_retry(gic, &tries));
}

/* As stored: reading ICC_BPR1_EL1 with CBPR set gives another register's value. */
static uint64_t vmcr_of(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, CPUIF_X1);
        uint64_t vmcr = VMCR_VFIQEN, ctlr = 0;

        for (size_t i = 0; i < N_VMCR_FIELDS; i++) {
                const struct vmcr_field *f = &vmcr_fields[i];

                vmcr = base_field_set(vmcr, f->shift, f->width,
                                      base_field_get(cpuif, f->cpuif_shift, f->width));
        }
        shm_sysreg_peek(gic, vcpu, CTLR, &ctlr);
        vmcr = base_bit_assign(vmcr, VMCR_VCBPR, ctlr & ICC_CTLR_CBPR);
        return base_bit_assign(vmcr, GICH_VMCR_VEOIM, ctlr & ICC_CTLR_EOIMODE);
}

/*
 * PORT-R1, TDIR-A4: "in guest" is stored before TDIR is loaded, and the loaded value decides whether this port traps: who
 * raises TDIR later sees it in guest, and, by TRAPS, whether it has to wait for it.
 */
static bool publish_in_guest(struct shm_gic *gic, uint32_t vcpu, bool own_trap)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t port = shm_load(&self->port, PORT_X1) & ~(SHM_PORT_IN | SHM_PORT_TRAPS | SHM_PORT_GATED);
        bool traps = own_trap;

        shm_store(&self->port, port | SHM_PORT_IN | (traps ? SHM_PORT_TRAPS : 0), PORT_R1);
        if (!traps && SHM_TDIR_STATE(shm_load(&gic->header->tdir, TDIR_A4)) != SHM_TDIR_CLEAR) {
                traps = true;
                shm_store(&self->port, port | SHM_PORT_IN | SHM_PORT_TRAPS, PORT_R1);
        }
        if (traps)
                shm_gate_left(gic);
        return traps;
}

struct filling {
        unsigned n;             /* list registers in use */
        bool has_spi;           /* one of them is an SPI that was pending */
        uint64_t groups;        /* HCR_VGRP_DIE() of the groups of what is listed as pending */
        uint64_t irm_groups;    /* the same of 1-of-N interrupts */
};

static void list_all(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c, unsigned groups, bool is_active,
                     struct filling *f, uint64_t *lr)
{
        for (unsigned i = 0; i < c->n; i++) {
                struct shm_list_choice *choice = &c->best[i];

                if (!list_one(gic, vcpu, choice, groups, is_active, f->n, &lr[f->n]))
                        continue;
                if (lr[f->n] & GICH_LR_PENDING) {
                        shm_cpuif_drop_candidate(gic, vcpu, choice->intid, choice->at);
                        f->groups |= HCR_VGRP_DIE(gic_word_group(choice->word));
                        if (choice->word & GIC_WORD_IRM)
                                f->irm_groups |= HCR_VGRP_DIE(gic_word_group(choice->word));
                }
                if (!is_active && !gic_intid_is_private(choice->intid)) {
                        f->has_spi = true;
                        shm_tdir_raise(gic, choice->intid);
                }
                f->n++;
        }
}

/*
 * List what there is, or of what is pending only what is private. What did not fit is to be heard of: a pending one once
 * none that is listed can be signalled before it (they are taken, or their group is disabled), an active one when it ends.
 *
 * Return: ICH_HCR_EL2
 */
static uint64_t fill_once(struct shm_gic *gic, uint32_t vcpu, struct shm_list_groups groups,
                          bool has_spis, struct filling *f, uint64_t *lr)
{
        unsigned max = n_list_registers(&gic->vcpus[vcpu]);
        struct shm_list_choices pending = { .max = max, .no_spis = !has_spis }, active = { .max = 0 };
        unsigned disabled = shm_list_offer_pending(gic, vcpu, groups, &pending);
        unsigned n_pending, n_others;
        uint64_t hcr = HCR_EN;

        *f = (struct filling) { 0 };
        list_all(gic, vcpu, &pending, groups.listable, false, f, lr);
        n_pending = f->n;
        active.max = max - n_pending;
        shm_list_offer_active(gic, vcpu, &active);
        list_all(gic, vcpu, &active, groups.listable, true, f, lr);
        n_others = active.n_offered - active.n;

        if (pending.n_offered > pending.n)
                hcr |= HCR_NPIE | f->groups;
        if (n_others)
                hcr |= HCR_TDIR;
        /* Underflow is "one or none is valid": with fewer in use it would be asserted at once. */
        if (((hcr & HCR_NPIE) || n_others) && f->n > 1)
                hcr |= HCR_UIE;
        hcr |= shm_eoicount_enter(gic, vcpu, f->n - n_pending, n_others);
        for (unsigned g = 0; g < 2; g++)
                if (disabled & (1u << g))
                        hcr |= HCR_VGRP_EIE(g);
        return hcr | f->irm_groups;
}

static void unlist_all(struct shm_gic *gic, uint32_t vcpu, const struct filling *f, uint64_t *lr)
{
        for (unsigned i = 0; i < f->n; i++) {
                unlist_one(gic, vcpu, lr[i]);
                shm_store(&gic->vcpus[vcpu].bank.ich_lr[i], 0, BANK_X1);
                lr[i] = 0;
        }
}

/*
 * GATE-R1: a group that was closed before it was listed is not, and of one that is closed later its listing is known to the
 * writer: shm-rwp.h. If others go on opening and closing, nothing that is pending is listed; they ring.
 */
static uint64_t fill_bank(struct shm_gic *gic, uint32_t vcpu, bool has_spis, struct filling *f,
                          uint64_t *lr)
{
        for (unsigned tries = 0;; tries++) {
                struct shm_list_groups groups = tries < 4 ? shm_list_groups_of(gic, vcpu) : (struct shm_list_groups) { 0, 0 };
                uint64_t hcr = fill_once(gic, vcpu, groups, has_spis, f, lr);

                if (!(groups.listable & ~shm_list_groups_of(gic, vcpu).listable))
                        return hcr;
                unlist_all(gic, vcpu, f, lr);
        }
}

static bool ask_gate(struct shm_gic *gic, uint32_t vcpu)
{
        return shm_gate_is_open(shm_load(&gic->header->tdir, TDIR_A4)) || shm_gate_ask(gic, vcpu);
}

/* Refused at the gate: all again, but for the SPIs, which nobody hears of before the gate opens. */
static uint64_t fill_without_spis(struct shm_gic *gic, uint32_t vcpu, struct filling *f,
                                  uint64_t *lr)
{
        unlist_all(gic, vcpu, f, lr);
        return fill_bank(gic, vcpu, false, f, lr);
}

static void clear_bank(struct shm_vcpu *self, struct shm_port_bank *bank)
{
        *bank = (struct shm_port_bank) { 0 };
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++)
                shm_store(&self->bank.ich_lr[i], 0, BANK_X1);
}

void shm_port_enter(struct shm_gic *gic, uint32_t vcpu, struct shm_port_bank *bank)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct filling f;
        uint64_t hcr;

        shm_cpuif_serve(gic, vcpu);
        clear_bank(self, bank);
        shm_store(&self->park, SHM_PARK_IN_GUEST, PARK_R1);
        shm_cpuif_serve(gic, vcpu); /* what was asked before this is not rung for */

        hcr = fill_bank(gic, vcpu, true, &f, bank->ich_lr);
        if (has_active_private_without_holder(gic, vcpu))
                hcr |= HCR_TDIR;
        if (publish_in_guest(gic, vcpu, hcr & HCR_TDIR))
                hcr |= HCR_TDIR;
        if (f.has_spi && !ask_gate(gic, vcpu))
                hcr = fill_without_spis(gic, vcpu, &f, bank->ich_lr) | (hcr & HCR_TDIR);

        bank->ich_hcr = hcr;
        bank->ich_vmcr = vmcr_of(gic, vcpu);
        shm_store(&self->bank.filled_vmcr, bank->ich_vmcr, BANK_X1);
        shm_store(&self->bank.ich_hcr, hcr, BANK_X1);
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                bank->ich_ap0r[i] = shm_load(&self->ap0r[i], APR_X1);
                bank->ich_ap1r[i] = shm_load(&self->ap1r[i], APR_X1);
                shm_store(&self->bank.filled_ap0r[i], bank->ich_ap0r[i], BANK_X1);
                shm_store(&self->bank.filled_ap1r[i], bank->ich_ap1r[i], BANK_X1);
        }
}

/* --- exit --- */

/* A 1-of-N interrupt that the guest has not taken, and that nobody has changed so that it should be placed anew. */
static bool is_still_waiting(uint64_t now, uint32_t vcpu, uint64_t listed, uint64_t state)
{
        return (now & GIC_WORD_IRM) && state == GICH_LR_PENDING && (listed & GICH_LR_STATE) == state && gic_word_wanting(now) &&
               gic_word_route(now) == vcpu && gic_word_group(now) == ((listed & GICH_LR_GROUP1) != 0) &&
               gic_word_priority(now) == (uint8_t)(listed >> GICH_LR_PRIORITY_SHIFT);
}

/*
 * Of a dead owner: reset since by an outsider, for whom this fold was before. After the compare-and-swap of a word (GATE-A1): the
 * outsider, who said STALE before it looked at the word (TAKE-R5), has seen what was folded, or this sees STALE.
 */
static bool was_reset(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1) & SHM_CPUIF_STALE;
}

static void fold_one(struct shm_gic *gic, uint32_t vcpu, uint64_t listed, uint64_t state)
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
                /* Before the word: a repair does not come here once that is changed. Twice in the list does no harm. */
                if (taken && !(listed & GICH_LR_ACTIVE) && !pushed) {
                        shm_held_push_ack(gic, vcpu, intid);
                        pushed = true;
                }
                if (shm_word_cas(at, &old, now)) {
                        if (is_still_waiting(now, vcpu, listed, state))
                                shm_oneofn_keep(gic, vcpu, intid);
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
static uint64_t with_fields(const struct shm_gic *gic, uint64_t cpuif, uint64_t before, uint64_t now)
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
 * All fields at once, and not over a reset by an outsider (was_reset()): its mark is in the same
 * word. Return: taken.
 */
static bool apply_fields(struct shm_gic *gic, uint32_t vcpu, uint64_t before, uint64_t now)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, CPUIF_X1);
        unsigned tries = 0;

        do {
                if (old & SHM_CPUIF_STALE)
                        return false;
                if (shm_cas(cpuif, &old, with_fields(gic, old, before, now), GATE_R2))
                        return true;
        } while (shm_gic_retry(gic, &tries));
        return false;
}

/*
 * CTLR-R3: ICC_CTLR_EL1 has no such mark of a reset that was made. So it is marked itself, as by an
 * outsider (shm-takeover.c), before STALE is looked for, and written only over that mark,
 * which a reset takes off. If the reset left the same value, and an outsider that was late its mark
 * on it, this wrote over that: STALE says so behind it, and it is the value from before again.
 */
static void apply_ctlr(struct shm_gic *gic, uint32_t vcpu, uint64_t before, uint64_t now)
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        unsigned tries = 0;
        uint64_t old, live, written;

        do {
                old = shm_or(ctlr, SHM_ICC_CTLR_ASKED, CTLR_R3) | SHM_ICC_CTLR_ASKED;
                if (was_reset(gic, vcpu))
                        return;
                live = base_field_get(old, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS);
                if ((before ^ now) & VMCR_VCBPR)
                        live = base_bit_assign(live, ICC_CTLR_CBPR, now & VMCR_VCBPR);
                if ((before ^ now) & GICH_VMCR_VEOIM)
                        live = base_bit_assign(live, ICC_CTLR_EOIMODE, now & GICH_VMCR_VEOIM);
                written = shm_icc_ctlr_written(old, live) & ~SHM_ICC_CTLR_ASKED;
        } while (!shm_cas(ctlr, &old, written, CTLR_R1) && shm_gic_retry(gic, &tries));
        shm_or(ctlr, 0, CTLR_R3);
        if (was_reset(gic, vcpu))
                shm_cas(ctlr, &written, old & ~SHM_ICC_CTLR_ASKED, CTLR_R1);
}

/* Written again by a repair: what a change of the gates owes is paid again, too. */
static void apply_vmcr(struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_bank *bank = &gic->vcpus[vcpu].bank;
        uint64_t before = shm_load(&bank->filled_vmcr, BANK_X2);
        uint64_t now = shm_load(&bank->ich_vmcr, BANK_X2);

        if ((before ^ now) & VMCR_CPUIF_MASK) {
                if (before & ~now & VMCR_VENG_MASK)
                        shm_oneofn_leave(gic, vcpu);
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
static void fold_all(struct shm_gic *gic, uint32_t vcpu, uint64_t walk, uint64_t states)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        for (unsigned i = 0; i < SHM_N_APR; i++) {
                shm_store(&self->ap0r[i], shm_load(&self->bank.ich_ap0r[i], BANK_X2), APR_R4);
                shm_store(&self->ap1r[i], shm_load(&self->bank.ich_ap1r[i], BANK_X2), APR_R4);
        }
        if (SHM_EOICOUNT_LEFT(walk))
                shm_eoicount_walk(gic, vcpu, walk);
        /* Listed by priority, the highest first; acknowledged in the opposite order. */
        for (unsigned i = SHM_N_LIST_REGISTERS; i-- > 0;) {
                uint64_t listed = shm_load(&self->bank.ich_lr[i], BANK_X2);

                if (listed & GICH_LR_STATE)
                        fold_one(gic, vcpu, listed, (states >> 2 * i & 3) << 62);
        }
        apply_vmcr(gic, vcpu);
}

static void leave_guest(struct shm_gic *gic, uint32_t vcpu)
{
        shm_atomic(uint32_t) *port = &gic->vcpus[vcpu].port;

        shm_and(port, ~(SHM_PORT_IN | SHM_PORT_TRAPS), PORT_R3);
        if (!gic->is_bulk_release)
                shm_gate_left(gic);
}

/* Acknowledged in guest: listed as pending, and no longer. */
static void count_acknowledged(struct shm_gic *gic, uint32_t vcpu, uint64_t listed, uint64_t state)
{
        shm_atomic(uint64_t) *total = &gic->vcpus[vcpu].counters.acknowledged;
        shm_atomic(uint64_t) *one;

        if (!(listed & GICH_LR_PENDING) || (state & GICH_LR_PENDING) || !shm_gic_word(gic, vcpu, (uint32_t)listed))
                return;
        one = shm_gic_counter(gic, vcpu, (uint32_t)listed);
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

        shm_store(&self->park, SHM_PARK_RUNNING, PARK_X2);
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                uint64_t listed = shm_load(&self->bank.ich_lr[i], BANK_X2);
                uint64_t lr = bank->ich_lr[i];

                if ((uint32_t)lr != (uint32_t)listed) /* another interrupt: not of this entry */
                        lr = listed;
                states |= (lr >> 62 & 3) << 2 * i;
                count_acknowledged(gic, vcpu, listed, lr);
        }
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                uint32_t ap0r = i < n_apr ? bank->ich_ap0r[i] & mask : 0;
                uint32_t ap1r = i < n_apr ? bank->ich_ap1r[i] & mask : 0;

                shm_store(&self->bank.ich_ap0r[i], ap0r, BANK_X1);
                shm_store(&self->bank.ich_ap1r[i], ap1r, BANK_X1);
        }
        shm_store(&self->bank.ich_vmcr, bank->ich_vmcr, BANK_X1);
        walk = shm_eoicount_exit(self, (unsigned)count, states);
        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_FOLD, 0, 0), walk, states);
        fold_all(gic, vcpu, walk, states);
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++)
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

        while ((old & GIC_WORD_RESIDENT) && gic_word_holder(old) == vcpu && shm_gic_retry(gic, &tries)) {
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

void shm_port_repair(struct shm_gic *gic, uint32_t vcpu, bool folding, uint64_t walk, uint64_t states)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        if (folding)
                fold_all(gic, vcpu, walk, states);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                recover_resident(gic, vcpu, shm_gic_nth_private(i));
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                recover_resident(gic, vcpu, shm_gic_nth_spi(gic, i));
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++)
                shm_store(&self->bank.ich_lr[i], 0, BANK_X1);
        leave_guest(gic, vcpu);
}
