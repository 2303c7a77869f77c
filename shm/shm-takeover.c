/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-takeover.h"

#include "shm-apr.h"
#include "shm-icc-ctlr.h"
#include "shm-oneofn.h"
#include "shm-reset-value.h"
#include "shm-slot.h"
#include "shm-word.h"

/* The bits of cpuif that tell one seizure of a vCPU from every other. */
#define TICKET  (SHM_CPUIF_SEIZES | SHM_CPUIF_SEIZED)

static uint64_t next_seize(uint64_t cpuif)
{
        uint64_t takes = base_field_get(cpuif, SHM_CPUIF_SEIZES_SHIFT, SHM_CPUIF_SEIZES_WIDTH);

        return base_field_set(cpuif, SHM_CPUIF_SEIZES_SHIFT, SHM_CPUIF_SEIZES_WIDTH, takes + 1);
}

/* TAKE-R1: SEIZED is set in the word in which power on sets its bit: never both. */
enum shm_seize shm_takeover_seize(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, TAKE_X1);
        unsigned tries = 0;

        do {
                uint64_t now = next_seize(old) | SHM_CPUIF_SEIZED;

                if (shm_takeover_runs(old))
                        return SHM_SEIZE_RUNS;
                if (old & SHM_CPUIF_SEIZED)
                        return SHM_SEIZE_OTHER;
                if (shm_cas(cpuif, &old, now, TAKE_R1)) {
                        *ret_ticket = now & TICKET;
                        return SHM_SEIZE_DONE;
                }
        } while (shm_gic_retry(gic, &tries));
        return SHM_SEIZE_OTHER;
}

/*
 * TAKE-A1: after the load of the word that is to be changed. If the owner reclaimed the vCPU before
 * this look, it fails; if after, the owner moves the salt after that load, and the change fails.
 * The other way round a change could be decided on after the salt has moved, and come true.
 */
bool shm_takeover_is_still_seized(const struct shm_vcpu *self, uint64_t ticket)
{
        return (shm_load(&self->cpuif, TAKE_A1) & TICKET) == ticket;
}

/*
 * Make of one interrupt's word what a reset makes of it, and pay for that. Return: false if
 * @ticket does not hold any more, or a bounded view gave up.
 */
static bool change_word(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, uint32_t intid,
                        uint64_t (*reset)(uint64_t w, uint64_t vcpu))
{
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        uint64_t old = shm_word_load(word);
        unsigned tries = 0;

        for (;;) {
                uint64_t now = reset(old, vcpu);

                if (now == old)
                        return true;
                if (!shm_takeover_is_still_seized(&gic->vcpus[vcpu], ticket))
                        return false;
                if (shm_word_cas(word, &old, now)) {
                        shm_word_pay_effects(gic, intid, old, now);
                        return true;
                }
                if (!shm_gic_retry(gic, &tries))
                        return false;
        }
}

/*
 * TAKE-R5: reset the CPU interface, or let go of it. The ticket is in the same word, so the change
 * is made exactly while it holds. STALE comes with the reset: who folds for a dead owner changes a
 * word, and then looks for STALE; either the reset of that word comes after the fold, or the fold
 * sees STALE. Return: false if @ticket does not hold any more.
 */
static bool change_cpuif(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, bool let_go)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, TAKE_X1);
        bool has_left = false;
        unsigned tries = 0;
        uint64_t now;

        do {
                if ((old & TICKET) != ticket)
                        return false;
                now = let_go ? old & ~SHM_CPUIF_SEIZED : shm_reset_cpuif_value(gic, old) |
                      SHM_CPUIF_STALE;
                if (!shm_oneofn_may_change(gic, vcpu, &old, &now, &has_left))
                        continue;
                if (shm_cas(cpuif, &old, now, TAKE_R5))
                        return true;
        } while (shm_gic_retry(gic, &tries));
        return false;
}

/* Every word that a reset of this vCPU concerns. */
static bool change_words(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (!change_word(gic, vcpu, ticket, shm_gic_nth_private(i),
                                 i < GIC_N_SGIS ? shm_reset_sgi : shm_reset_wired))
                        return false;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                if (!change_word(gic, vcpu, ticket, shm_gic_nth_spi(gic, i), shm_reset_held))
                        return false;
        return true;
}

/*
 * TAKE-R3: take off the request for a reset as it was when the reset began, and no later one: the
 * count in the request tells them apart. If the owner has reclaimed the vCPU before this, it makes
 * the reset itself, and has taken the request off, or does so when it serves what it finds.
 */
void shm_takeover_strike_off(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        const uint32_t exact = ~(SHM_REQUEST_WAKE | SHM_REQUEST_APR);
        const uint32_t bits = SHM_REQUEST_RESET | SHM_REQUEST_FORGET;
        shm_atomic(uint32_t) *request = &gic->vcpus[vcpu].request;
        uint32_t old = asked;
        unsigned tries = 0;

        while ((asked & bits) && !((old ^ asked) & exact) && shm_gic_retry(gic, &tries))
                if (shm_cas(request, &old, old & ~bits, TAKE_R3))
                        return;
}

/*
 * An outsider's part of ICC_CTLR_EL1, which has no salt: marked, then reset with the mark. Each
 * change is of a value that was loaded before the ticket was found valid. If the owner has the vCPU
 * back after that its own reset has taken the mark off, and the change fails, whatever its guest
 * has written. A mark alone, left by an outsider that was late, means nothing to anybody but the
 * next one.
 */
static bool change_ctlr(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, uint32_t asked)
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        unsigned tries = 0;

        do {
                uint64_t old = shm_load(ctlr, CTLR_X1);
                uint64_t now = shm_icc_ctlr_reset(old, asked & SHM_REQUEST_FORGET);

                now = (old & SHM_ICC_CTLR_ASKED) ? now & ~SHM_ICC_CTLR_ASKED
                                                 : old | SHM_ICC_CTLR_ASKED;
                if (!shm_takeover_is_still_seized(&gic->vcpus[vcpu], ticket))
                        return false;
                if (shm_cas(ctlr, &old, now, CTLR_R2) && !(now & SHM_ICC_CTLR_ASKED))
                        return true;
        } while (shm_gic_retry(gic, &tries));
        return false;
}

/*
 * The reset itself, in the order in which a reader may see its parts: first the word that has the
 * ticket, and with which 1-of-N interrupts leave this vCPU; ICC_CTLR_EL1 last.
 */
static bool apply_reset(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, uint32_t asked)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        if (!change_cpuif(gic, vcpu, ticket, false))
                return false;
        /*
         * The active priorities have one writer: the owner clears them before it operates again;
         * STALE voids them until then.
         */
        shm_or(&self->request, SHM_REQUEST_APR, REQUEST_R1);
        shm_oneofn_closed(gic, vcpu);
        if (!shm_takeover_is_still_seized(self, ticket))
                return false;
        shm_apr_drop_posted(self);
        shm_store(&self->gicr_statusr, 0, STATUS_X1);
        if (!change_words(gic, vcpu, ticket))
                return false;
        return change_ctlr(gic, vcpu, ticket, asked);
}

bool shm_takeover_apply(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, bool only_posted)
{
        uint32_t asked = shm_load(&gic->vcpus[vcpu].request, REQUEST_A2);
        bool due = !only_posted || (asked & SHM_REQUEST_RESET);

        if (due && !apply_reset(gic, vcpu, ticket, asked))
                return false;
        if (due)
                shm_takeover_strike_off(gic, vcpu, asked);
        if (!change_cpuif(gic, vcpu, ticket, true))
                return false;
        if (due)
                shm_reset_count(&gic->vcpus[vcpu]);
        return true;
}

/*
 * TAKE-R1: from one outsider to the next in one compare-and-swap: between the two nobody powers the
 * vCPU on without noticing.
 */
bool shm_takeover_steal(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, TAKE_X1);
        unsigned tries = 0;

        do {
                uint64_t now = next_seize(old);

                if (!(old & SHM_CPUIF_SEIZED))
                        return false;
                if (shm_cas(cpuif, &old, now, TAKE_R1)) {
                        *ret_ticket = now & TICKET;
                        shm_takeover_salt(gic, vcpu);
                        return true;
                }
        } while (shm_gic_retry(gic, &tries));
        return false;
}

/*
 * TAKE-R2: "runs" is set and SEIZED taken off in one compare-and-swap, so a reset by an outsider
 * comes before this as a whole, or is made again by the owner. The slot says so before: SLOT-R1.
 */
uint64_t shm_takeover_change(struct shm_gic *gic, uint32_t vcpu, uint64_t clear, uint64_t set,
                             bool by_owner)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, TAKE_X1);
        bool has_left = false;
        unsigned tries = 0;
        uint64_t now;

        do {
                now = (old & ~clear) | set;
                if (!shm_takeover_runs(now) || !(now & SHM_CPUIF_SEIZED))
                        continue;
                now = next_seize(now) & ~SHM_CPUIF_SEIZED;
                if (by_owner)
                        shm_slot_begin(&gic->vcpus[vcpu], SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, 0);
        } while (!shm_oneofn_may_change(gic, vcpu, &old, &now, &has_left) ||
                 (!shm_cas(cpuif, &old, now, TAKE_R2) && shm_gic_retry(gic, &tries)));
        return shm_takeover_runs(now) ? old : old & ~SHM_CPUIF_SEIZED;
}

/* Return: the word before. */
static uint64_t salt_word(struct shm_gic *gic, shm_atomic(uint64_t) *word)
{
        uint64_t old = shm_word_load(word);
        unsigned tries = 0;

        while (!shm_cas(word, &old, gic_word_salted(old), TAKE_R4) && shm_gic_retry(gic, &tries))
                ;
        return old;
}

/*
 * TAKE-R4: after the ticket is void. A slow outsider that had loaded a word, and had found its
 * ticket valid, now fails to change it. Of SPIs, too: it may have been about to end one that the
 * vCPU had held. Its last change may lack what it owed, which is paid here; a second notice of an
 * end makes a device look at its level and find nothing to do.
 */
void shm_takeover_salt(struct shm_gic *gic, uint32_t vcpu)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                salt_word(gic, &gic->vcpus[vcpu].words[i]);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);
                uint64_t w = salt_word(gic, &shm_gic_spi(gic, intid)->word);

                /*
                 * The daemon's view: its pass over the words of a dead process does this, once for
                 * all vCPUs.
                 */
                if (!gic->bounded)
                        shm_word_pay_effects(gic, intid, 0, w);
                if ((w & (GIC_WORD_NOTIFY | GIC_WORD_ACTIVE)) == GIC_WORD_NOTIFY)
                        shm_word_owe_eoi(gic, intid);
        }
}

void shm_takeover_revoke(struct shm_gic *gic, uint32_t vcpu)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, TAKE_X1);
        unsigned tries = 0;

        do {
                if (!(old & SHM_CPUIF_SEIZED))
                        return;
        } while (!shm_cas(cpuif, &old, next_seize(old) & ~SHM_CPUIF_SEIZED, TAKE_R2) &&
                 shm_gic_retry(gic, &tries));
        shm_takeover_salt(gic, vcpu);
}
