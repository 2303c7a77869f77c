/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-reset.h"

#include <errno.h>

#include "gic-prio.h"
#include "shm-apr.h"
#include "shm-irouter.h"
#include "shm-park.h"
#include "shm-slot.h"
#include "shm-takeover.h"
#include "shm-word.h"

uint64_t shm_reset_sgi(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_reset(w, true);
}

uint64_t shm_reset_wired(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_reset(w, false);
}

/*
 * Resident: its owner died in guest, or while it folded what had become active there. What a write made active meanwhile
 * (GICD_ISACTIVER<n>) nobody holds, unless the guest had taken it: the repair of the port finds out.
 */
uint64_t shm_reset_held(uint64_t w, uint64_t vcpu)
{
        const uint64_t made_active = GIC_WORD_RESIDENT | GIC_WORD_ENDED | GIC_WORD_ACTIVE;

        if ((w & made_active) == made_active)
                return w;
        return (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) && gic_word_holder(w) == vcpu ? gic_irq_deactivate_outside(w) : w;
}

/* --- ICC_CTLR_EL1: which of its three values each kind gives (doc/resets.md) --- */

static uint64_t ctlr_to_default(uint64_t w)
{
        return base_field_set(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS,
                              base_field_get(w, SHM_ICC_CTLR_DEFAULT_SHIFT, SHM_ICC_CTLR_BITS)) |
               SHM_ICC_CTLR_LIVE_VALID;
}

/* Nothing was configured: nothing of the guest before is left to read. */
static uint64_t ctlr_to_new(uint64_t w)
{
        w = base_field_set(ctlr_to_default(w), SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS, 0);
        return w & ~SHM_ICC_CTLR_CONFIGURED_VALID;
}

static uint64_t ctlr_to_configured(uint64_t w)
{
        if (!(w & SHM_ICC_CTLR_CONFIGURED_VALID))
                return ctlr_to_default(w);
        return base_field_set(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS,
                              base_field_get(w, SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS)) |
               SHM_ICC_CTLR_LIVE_VALID;
}

static uint64_t ctlr_same(uint64_t w)
{
        return w;
}

/* CTLR-R2: the values change together, in one compare-and-swap. */
static void change_ctlr(const struct shm_gic *gic, uint32_t vcpu, uint64_t (*change)(uint64_t w), uint64_t clear,
                        uint64_t set)
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        uint64_t old = shm_load(ctlr, CTLR_X1);
        unsigned tries = 0;

        while (shm_gic_retry(gic, &tries) &&
               !shm_cas(ctlr, &old, (change(old) & ~clear) | set, CTLR_R2))
                ;
}

/* --- the owner's reset --- */

uint64_t shm_reset_cpuif_value(const struct shm_gic *gic, uint64_t old)
{
        const uint64_t kept = ~base_mask(SHM_CPUIF_BITS) | SHM_CPUIF_POWERED | SHM_CPUIF_OFF | SHM_CPUIF_ABSENT |
                              SHM_CPUIF_OWNED | SHM_CPUIF_TAKEN | SHM_CPUIF_STALE;
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits);
        uint64_t now = (old & kept) | SHM_CPUIF_ASLEEP;

        now = base_field_set(now, SHM_CPUIF_BPR0_SHIFT, 3, minimum);
        return base_field_set(now, SHM_CPUIF_BPR1_SHIFT, 3, minimum + 1);
}

static void reset_cpuif(struct shm_gic *gic, struct shm_vcpu *vcpu)
{
        uint64_t old = shm_load(&vcpu->cpuif, CPUIF_X1);
        unsigned tries = 0;

        /* In this order: a reader is told what was posted, then nothing; never what the register had before that. */
        shm_apr_clear(vcpu);
        shm_apr_drop(vcpu);
        while (!shm_cas(&vcpu->cpuif, &old, shm_reset_cpuif_value(gic, old) & ~SHM_CPUIF_STALE, GATE_R2) &&
               shm_gic_retry(gic, &tries))
                ;
}

void shm_reset_count(struct shm_vcpu *vcpu)
{
        shm_add(&vcpu->counters.resets, 1, COUNT_R1);
}

/*
 * The part of ICC_CTLR_EL1 of a reset by an outsider: what the guest wrote after it was asked for. The mark goes with it,
 * so that this fails if the reset was finished by somebody else meanwhile, and the guest has written since.
 */
void shm_reset_answer(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        uint64_t old = shm_load(ctlr, CTLR_X1);
        unsigned tries = 0;

        while ((old & SHM_ICC_CTLR_ASKED) && shm_gic_retry(gic, &tries)) {
                uint64_t now = (asked & SHM_REQUEST_FORGET) ? ctlr_to_new(old) : ctlr_to_default(old);

                if (shm_cas(ctlr, &old, now & ~SHM_ICC_CTLR_ASKED, CTLR_R2))
                        return;
        }
}

/* All but the SPIs that it holds. @asked: SHM_REQUEST_* that were posted. */
static void reset_private(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        const uint32_t bits = SHM_REQUEST_RESET | SHM_REQUEST_FORGET;
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        /* REQUEST-A1: this reset is also the one that was asked for before it. */
        if (shm_load(&self->request, REQUEST_A2) & bits)
                asked |= shm_and(&self->request, ~bits, REQUEST_A1);
        reset_cpuif(gic, self);
        shm_oneofn_closed(gic, vcpu);
        change_ctlr(gic, vcpu, (asked & SHM_REQUEST_FORGET) ? ctlr_to_new : ctlr_to_default, 0, 0);
        shm_store(&self->gicr_statusr, 0, STATUS_X1);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                shm_word_update(gic, &self->words[i], shm_gic_nth_private(i),
                                i < GIC_N_SGIS ? shm_reset_sgi : shm_reset_wired, 0);
}

/* The mark of who asked goes last: until then a repair finishes what somebody was in the middle of who has no slot. */
static void finish_reset(struct shm_gic *gic, uint32_t vcpu)
{
        if (shm_load(&gic->vcpus[vcpu].icc_ctlr, CTLR_X1) & SHM_ICC_CTLR_ASKED)
                change_ctlr(gic, vcpu, ctlr_same, SHM_ICC_CTLR_ASKED, 0);
        shm_reset_count(&gic->vcpus[vcpu]);
}

static void reset_own(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        reset_private(gic, vcpu, asked);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                shm_word_update(gic, &shm_gic_spi(gic, intid)->word, intid, shm_reset_held, vcpu);
        }
        finish_reset(gic, vcpu);
}

void shm_reset_build(struct shm_gic *gic, uint32_t vcpu)
{
        reset_private(gic, vcpu, 0);
}

/* Salted again: who died in the middle may have been about to take it back from an outsider. */
void shm_reset_repair(struct shm_gic *gic, uint32_t vcpu, uint64_t argument)
{
        shm_takeover_salt(gic, vcpu);
        reset_own(gic, vcpu, (uint32_t)argument);
}

/* The slot covers the time from here to the end: REQUEST-A1 takes the request before the reset. */
void shm_reset_serve(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t asked = shm_load(&self->request, REQUEST_A2);

        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, asked);
        reset_own(gic, vcpu, asked);
        shm_slot_end(self);
}

void shm_reset_vcpu(struct shm_gic *gic, uint32_t vcpu)
{
        shm_reset_serve(gic, vcpu);
}

/*
 * Ask for a reset of a vCPU that runs, or apply it to one that does not; @posted: it was asked for, and is only to be
 * applied if nobody has done it. ICC_CTLR_EL1 comes first, so that readers see it at once. REQUEST-R1: posted (SC), then
 * "runs" or "taken" is read again: whoever ends that state looks at the request after it.
 */
static void reset_post(struct shm_gic *gic, uint32_t vcpu, uint32_t forget, bool posted)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        unsigned tries = 0;
        uint64_t ticket, cpuif;
        enum shm_take take;

        if (!posted && forget) /* alone it asks for nothing: for shm_reset_unanswered(), if this process dies here */
                shm_or(&self->request, forget, REQUEST_R1);
        if (!posted)
                change_ctlr(gic, vcpu, forget ? ctlr_to_new : ctlr_to_default, 0, SHM_ICC_CTLR_ASKED);
        do {
                if (posted && !(shm_load(&self->request, REQUEST_A2) & SHM_REQUEST_RESET))
                        return;
                take = shm_takeover_take(gic, vcpu, &ticket);
                if (take == SHM_TAKE_MINE) {
                        shm_takeover_apply(gic, vcpu, ticket, posted);
                        posted = true; /* what others have posted meanwhile */
                        continue;
                }
                if (!posted)
                        shm_or(&self->request, SHM_REQUEST_RESET | forget, REQUEST_R1);
                posted = true;
                cpuif = shm_load(&self->cpuif, TAKE_A2);
                if (shm_takeover_runs(cpuif)) {
                        shm_word_ring(gic, vcpu);
                        return;
                }
                if (cpuif & SHM_CPUIF_TAKEN)
                        return;
        } while (shm_gic_retry(gic, &tries));
}

/* --- who runs it --- */

/* It runs from here on: finish what an outsider had begun, and clear what one has left to the owner. */
static void begin(struct shm_gic *gic, uint32_t vcpu, uint64_t before)
{
        if (before & SHM_CPUIF_TAKEN) {
                shm_takeover_salt(gic, vcpu);
                reset_own(gic, vcpu, 0);
        } else if (before & SHM_CPUIF_STALE) {
                shm_apr_take(gic, vcpu);
        }
        shm_oneofn_opened(gic, vcpu);
}

/* TAKE-R5: it no longer runs; then look for a request that its owner would have served (against REQUEST-R1, then TAKE-R1). */
static void finish(struct shm_gic *gic, uint32_t vcpu)
{
        if (!gic->releasing)
                shm_oneofn_closed(gic, vcpu);
        if ((shm_load(&gic->vcpus[vcpu].request, REQUEST_A3) & SHM_REQUEST_RESET) && shm_gic_may_pass(gic))
                reset_post(gic, vcpu, 0, true);
}

void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on)
{
        if (!on) {
                shm_takeover_change(gic, vcpu, SHM_CPUIF_POWERED, SHM_CPUIF_OFF, false);
                finish(gic, vcpu);
                return;
        }
        begin(gic, vcpu, shm_takeover_change(gic, vcpu, SHM_CPUIF_OFF, SHM_CPUIF_POWERED, true));
        shm_slot_end(&gic->vcpus[vcpu]);
}

void shm_reset_own(struct shm_gic *gic, uint32_t vcpu)
{
        begin(gic, vcpu, shm_takeover_change(gic, vcpu, SHM_CPUIF_ABSENT, SHM_CPUIF_OWNED, false));
}

void shm_reset_disown(struct shm_gic *gic, uint32_t vcpu)
{
        shm_takeover_change(gic, vcpu, SHM_CPUIF_OWNED, SHM_CPUIF_ABSENT, false);
        finish(gic, vcpu);
}

/* --- asked by others --- */

int shm_reset_request(struct shm_gic *gic, uint32_t vcpu, enum shm_reset_kind kind)
{
        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        switch (kind) {
        case SHM_RESET_CPU_ON:
                reset_post(gic, vcpu, 0, false);
                return 0;
        case SHM_RESET_SYSTEM:
        case SHM_RESET_LAZY:
                reset_post(gic, vcpu, SHM_REQUEST_FORGET, false);
                return 0;
        case SHM_RESET_POST_LOAD:
                change_ctlr(gic, vcpu, ctlr_to_configured, 0, 0);
                shm_vcpu_rederive(gic, vcpu);
                return 0;
        }
        return -EINVAL;
}

/* Asked for, and not posted: its owner is serving it, or who asked died in between. */
static bool is_orphan(const struct shm_vcpu *self)
{
        return SHM_SLOT_OP_KIND(shm_load(&self->slot.op, SLOT_A1)) != SHM_SLOT_RESET &&
               (shm_load(&self->icc_ctlr, CTLR_A1) & SHM_ICC_CTLR_ASKED);
}

bool shm_reset_unanswered(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t request = shm_load(&self->request, REQUEST_A2);

        bool taken = shm_load(&self->cpuif, TAKE_A4) & SHM_CPUIF_TAKEN; /* not "runs" */

        if (!(request & SHM_REQUEST_RESET)) {
                if (!taken && !is_orphan(self)) {
                        if (request & SHM_REQUEST_FORGET)
                                shm_and(&self->request, ~SHM_REQUEST_FORGET, REQUEST_A1);
                        return false;
                }
                shm_or(&self->request, SHM_REQUEST_RESET | (request & SHM_REQUEST_FORGET), REQUEST_R1);
        }
        if (taken) /* a slow outsider loses it, a dead one is finished */
                shm_takeover_revoke(gic, vcpu);
        reset_post(gic, vcpu, 0, true);
        return true;
}

static void reset_distributor(struct shm_gic *gic)
{
        shm_exchange(&gic->header->gicd_ctlr, 0, GATE_R1);
        shm_store(&gic->header->gicd_statusr, 0, STATUS_X1);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);
                struct shm_spi *spi = shm_gic_spi(gic, intid);

                shm_word_update(gic, &spi->word, intid, shm_reset_wired, 0);
                shm_exchange(&spi->irouter, 0, ROUTE_R1);
                shm_irouter_reroute(gic, intid);
        }
}

void shm_reset_all(struct shm_gic *gic)
{
        reset_distributor(gic);
        for (uint32_t i = 0; i < gic->n_vcpus; i++) {
                reset_private(gic, i, SHM_REQUEST_FORGET);
                finish_reset(gic, i);
        }
}

void shm_reset_request_all(struct shm_gic *gic)
{
        reset_distributor(gic);
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                shm_reset_request(gic, i, SHM_RESET_SYSTEM);
}

void shm_park_wake(struct shm_gic *gic, uint32_t vcpu)
{
        shm_or(&gic->vcpus[vcpu].request, SHM_REQUEST_WAKE, REQUEST_R1);
        shm_word_ring(gic, vcpu);
}
