/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-port.h"

#include "gic-icc.h"
#include "gic-lr.h"
#include "gic-prio.h"
#include "shm-candidate.h"
#include "shm-cpuif.h"
#include "shm-eoicount.h"
#include "shm-gate.h"
#include "shm-held.h"
#include "shm-icc-ctlr.h"
#include "shm-list.h"
#include "shm-port-vmcr.h"
#include "shm-reset-value.h"
#include "shm-word.h"

static unsigned n_list_registers(const struct shm_vcpu *self)
{
        unsigned n = (unsigned)base_field_get(shm_load(&self->port, PORT_X1), SHM_PORT_N_SHIFT,
                                              SHM_PORT_N_WIDTH);

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

/*
 * A private interrupt that a write of GICR_ISACTIVER<n> made active: nobody acknowledged it, so
 * nobody holds it.
 */
static bool has_active_private_without_holder(const struct shm_gic *gic, uint32_t vcpu)
{
        const shm_atomic(uint64_t) *words = gic->vcpus[vcpu].words;
        const uint32_t n = shm_gic_n_private(gic); /* a multiple of 32 */
        uint64_t any = 0;

        for (uint32_t i = 0; i < n; i += GIC_N_PRIVATE) {
#pragma GCC unroll 32
                for (uint32_t k = 0; k < GIC_N_PRIVATE; k++)
                        any |= shm_word_load(&words[i + k]);
        }
        if (__builtin_expect(!gic_word_has(any, GIC_WORD_ACTIVE), 1))
                return false;
        for (uint32_t i = 0; i < n; i++)
                if (shm_held_is_active_without_holder(shm_word_load(&words[i])))
                        return true;
        return false;
}

/*
 * List one interrupt in list register @n of the bank, unless somebody else has taken it since it
 * was chosen. BANK-X1 before the word's compare-and-swap: whoever finds the word resident finds
 * what it was listed as. Return: it is listed; *ret_lr: as what.
 */
SHM_IN_LINE bool list_one(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choice *choice,
                          unsigned groups, bool is_active, unsigned n, uint64_t *ret_lr)
{
        unsigned tries = 0;

        do {
                uint64_t w = choice->word;
                bool deliver = !is_active || ((w & GIC_WORD_ENABLE) && gic_word_route(w) == vcpu &&
                                              shm_list_has_group(w, groups));
                uint64_t now = gic_lr_list(w, choice->intid, (uint16_t)vcpu, deliver, ret_lr);

                shm_store(&gic->vcpus[vcpu].bank.ich_lr[n], *ret_lr, BANK_X1);
                if (shm_word_cas(choice->at, &choice->word, now)) {
                        choice->word = now;
                        return true;
                }
        } while (shm_gic_retry(gic, &tries) &&
                 (is_active ? shm_held_is_own_active(choice->word, vcpu)
                  : shm_list_is_listable(choice->word, vcpu, groups)));
        *ret_lr = 0; /* somebody else took it meanwhile: the guest must not find it here */
        shm_store(&gic->vcpus[vcpu].bank.ich_lr[n], 0, BANK_X1);
        return false;
}

/*
 * Take one back, as if it had not been listed. If it is still for this vCPU nobody is rung: whoever
 * opens the gate for which it was taken back rings.
 */
static __attribute__((noinline)) void unlist_one(struct shm_gic *gic, uint32_t vcpu, uint64_t lr)
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
                        if (!shm_list_is_listable(now, vcpu, SHM_LIST_ALL_GROUPS))
                                shm_word_pay_effects(gic, intid, old, now);
                        else if (now & GIC_WORD_IRM)
                                shm_oneofn_keep(gic, vcpu, intid, now);
                        else
                                shm_word_mark(&gic->vcpus[vcpu], intid, now);
                        return;
                }
        } while (shm_gic_retry(gic, &tries));
}

/* ICH_VMCR_EL2 of what is stored: ICC_BPR1_EL1 is not read, since with CBPR it shows BPR0. */
static uint64_t vmcr_of(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, CPUIF_X1);
        uint64_t ctlr = base_field_get(shm_icc_ctlr_load(&gic->vcpus[vcpu]),
                                       SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS);
        uint64_t vmcr = VMCR_VFIQEN;

        /* Unrolled the shifts are constants. */
#pragma GCC unroll 8
        for (size_t i = 0; i < N_VMCR_FIELDS; i++) {
                const struct vmcr_field *f = &vmcr_fields[i];

                vmcr = base_field_set(vmcr, f->shift, f->width,
                                      base_field_get(cpuif, f->cpuif_shift, f->width));
        }
        vmcr = base_bit_assign(vmcr, VMCR_VCBPR, ctlr & ICC_CTLR_CBPR);
        return base_bit_assign(vmcr, GICH_VMCR_VEOIM, ctlr & ICC_CTLR_EOIMODE);
}

/*
 * Say "in guest", and whether this port traps ICC_DIR_EL1. @own_trap: it has a reason of its own.
 *
 * PORT-R1 before TDIR-A4: whoever raises TDIR looks at the ports afterwards (PORT-A1). Either that
 * one sees this port in guest, and untrapped, and waits for it; or this sees TDIR set, and traps.
 * The other way round the port could enter untrapped beside an SPI that was just taken.
 */
static bool publish_in_guest(struct shm_gic *gic, uint32_t vcpu, bool own_trap)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t port = shm_load(&self->port, PORT_X1) & ~(SHM_PORT_IN | SHM_PORT_TRAPS |
                                                           SHM_PORT_GATED);
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
        uint32_t spi;           /* one of them that was pending; 0: there is none */
        uint64_t groups;        /* HCR_VGRP_DIE() of the groups of what is listed as pending */
        uint64_t irm_groups;    /* the same of 1-of-N interrupts */
};

/* List what was chosen, in order, and note what ICH_HCR_EL2 has to say of it. */
SHM_IN_LINE void list_all(struct shm_gic *gic, uint32_t vcpu, struct shm_list_choices *c,
                          unsigned groups, bool is_active, struct filling *f, uint64_t *lr)
{
        struct filling now = *f;

        for (unsigned i = 0; i < c->n; i++) {
                struct shm_list_choice *choice = &c->best[i];

                if (!list_one(gic, vcpu, choice, groups, is_active, now.n, &lr[now.n]))
                        continue;
                if (!is_active || (lr[now.n] & GICH_LR_PENDING)) {
                        shm_candidate_clear(gic, vcpu, choice->intid, choice->at);
                        now.groups |= HCR_VGRP_DIE(0) << 2 * gic_word_group(choice->word);
                        if (__builtin_expect((choice->word & GIC_WORD_IRM) != 0, 0))
                                now.irm_groups |= HCR_VGRP_DIE(gic_word_group(choice->word));
                }
                if (!is_active && !gic_intid_is_private(choice->intid))
                        now.spi = choice->intid;
                now.n++;
        }
        if (now.spi)
                shm_tdir_raise(gic, now.spi);
        *f = now;
}

/* Return: how many list registers were too few for all that is active outside of them. */
static __attribute__((noinline)) unsigned list_active(struct shm_gic *gic, uint32_t vcpu,
                                                      unsigned groups, unsigned max,
                                                      struct filling *f, uint64_t *lr)
{
        struct shm_list_choices c;

        shm_list_begin(&c, max - f->n, false);
        shm_list_offer_active(gic, vcpu, &c);
        list_all(gic, vcpu, &c, groups, true, f, lr);
        return c.n_left;
}

/*
 * @classes: of priority, that have candidates. *ret_disabled: shm_list_offer_pending(). Return: how
 * many list registers were too few.
 */
static __attribute__((noinline)) unsigned list_pending(struct shm_gic *gic, uint32_t vcpu,
                                                       uint64_t classes, bool has_spis,
                                                       struct shm_list_groups groups,
                                                       struct filling *f, uint64_t *lr,
                                                       unsigned *ret_disabled)
{
        struct shm_list_choices c;

        shm_list_begin(&c, n_list_registers(&gic->vcpus[vcpu]), !has_spis);
        *ret_disabled = shm_list_offer_pending(gic, vcpu, classes, groups, &c);
        list_all(gic, vcpu, &c, groups.listable, false, f, lr);
        return c.n_left;
}

/*
 * Fill the list registers once. @has_spis: false lists only what is private of what is pending.
 *
 * What did not fit has to be heard of. Of pending interrupts: once none that is listed can be
 * signalled before it, since they were taken, or their group is disabled. Of active ones: when one
 * of them ends.
 *
 * Return: ICH_HCR_EL2
 */
static uint64_t fill_once(struct shm_gic *gic, uint32_t vcpu, struct shm_list_groups groups,
                          bool has_spis, struct filling *f, uint64_t *lr)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t classes = shm_load(&self->classes, CAND_A1) & base_mask(SHM_N_CLASSES);
        unsigned disabled = 0, n_pending, n_left = 0, n_others = 0;
        uint64_t hcr = HCR_EN;

        *f = (struct filling) { 0 };
        if (classes)
                n_left = list_pending(gic, vcpu, classes, has_spis, groups, f, lr, &disabled);
        n_pending = f->n;
        if (shm_load(&self->actives_summary, PORT_X1))
                n_others = list_active(gic, vcpu, groups.listable, n_list_registers(self), f, lr);
        if (n_left)
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

/*
 * Each word before its listing: who repairs this port takes from the listing what was active by the
 * guest's own acknowledge (recover_resident()).
 */
static void unlist_all(struct shm_gic *gic, uint32_t vcpu, const struct filling *f, uint64_t *lr)
{
        for (unsigned i = 0; i < f->n; i++) {
                unlist_one(gic, vcpu, lr[i]);
                shm_store(&gic->vcpus[vcpu].bank.ich_lr[i], 0, BANK_X1);
                lr[i] = 0;
        }
}

/*
 * Fill the bank so that nothing is listed of a group that is closed. GATE-A1 and GATE-A2 again
 * after the words are resident: a group that was closed before is seen here, and the bank is filled
 * anew; one that is closed later sees the listing, and reads RWP as 1 until this port has left
 * (shm-rwp.h). If others go on opening and closing, nothing pending is listed; they ring.
 */
static uint64_t fill_bank(struct shm_gic *gic, uint32_t vcpu, bool has_spis, struct filling *f,
                          uint64_t *lr)
{
        for (unsigned tries = 0;; tries++) {
                struct shm_list_gates gates = shm_list_read_gates(gic, &gic->vcpus[vcpu]), then;
                struct shm_list_groups groups = tries < 4 ? shm_list_groups_of(gates)
                                                : (struct shm_list_groups) { 0, 0 };
                uint64_t hcr = fill_once(gic, vcpu, groups, has_spis, f, lr);

                then = shm_list_read_gates(gic, &gic->vcpus[vcpu]);
                if (__builtin_expect(then.cpuif == gates.cpuif &&
                                     then.gicd_ctlr == gates.gicd_ctlr, 1) ||
                    !(groups.listable & ~shm_list_groups_of(then).listable))
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

void shm_port_enter(struct shm_gic *gic, uint32_t vcpu, struct shm_port_bank *bank)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct filling f;
        uint64_t hcr;

        shm_cpuif_serve(gic, vcpu);
        *bank = (struct shm_port_bank) { 0 }; /* the saved bank lists nothing: shm_port_exit() */
        shm_store(&self->park, SHM_PARK_IN_GUEST, PARK_R1);
        shm_cpuif_serve(gic, vcpu); /* what was asked before this is not rung for */

        hcr = fill_bank(gic, vcpu, true, &f, bank->ich_lr);
        if (has_active_private_without_holder(gic, vcpu))
                hcr |= HCR_TDIR;
        if (publish_in_guest(gic, vcpu, hcr & HCR_TDIR))
                hcr |= HCR_TDIR;
        if (f.spi && !ask_gate(gic, vcpu))
                hcr = fill_without_spis(gic, vcpu, &f, bank->ich_lr) | (hcr & HCR_TDIR);

        bank->ich_hcr = hcr;
        bank->ich_vmcr = vmcr_of(gic, vcpu);
        shm_store(&self->bank.filled_vmcr, bank->ich_vmcr, BANK_X1);
        shm_store(&self->bank.ich_hcr, hcr, BANK_X1);
        /* The others are 0, and stay so. */
        for (unsigned i = 0; i < gic_prio_n_apr(gic->n_priority_bits); i++) {
                bank->ich_ap0r[i] = shm_load(&self->ap0r[i], APR_X1);
                bank->ich_ap1r[i] = shm_load(&self->ap1r[i], APR_X1);
                shm_store(&self->bank.filled_ap0r[i], bank->ich_ap0r[i], BANK_X1);
                shm_store(&self->bank.filled_ap1r[i], bank->ich_ap1r[i], BANK_X1);
        }
}
