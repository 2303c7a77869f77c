/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-reset.h"

#include <errno.h>

#include "shm-apr.h"
#include "shm-derive.h"
#include "shm-icc-ctlr.h"
#include "shm-irouter.h"
#include "shm-reset-value.h"
#include "shm-slot.h"
#include "shm-takeover.h"
#include "shm-word.h"

/* --- ICC_CTLR_EL1: which of its three values each kind gives (doc/resets.md) --- */

static uint64_t ctlr_to_default(uint64_t w)
{
        return shm_icc_ctlr_reset(w, false);
}

/* Nothing was configured: nothing of the guest before is left to read. */
static uint64_t ctlr_to_new(uint64_t w)
{
        return shm_icc_ctlr_reset(w, true);
}

/* What the guest configured is live: a VMM has restored that value alone (POST_LOAD). */
static uint64_t ctlr_to_configured(uint64_t w)
{
        if (!(w & SHM_ICC_CTLR_CONFIGURED_VALID))
                return ctlr_to_default(w);
        return base_field_set(w, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS,
                              base_field_get(w, SHM_ICC_CTLR_CONFIGURED_SHIFT, SHM_ICC_CTLR_BITS)) |
               SHM_ICC_CTLR_LIVE_VALID;
}

/*
 * CTLR-R2: live and configured change together, in one compare-and-swap, so that a reader sees both
 * or neither. The mark of an outsider goes with it: that one's change then fails (shm-takeover.c).
 */
static void change_ctlr(const struct shm_gic *gic, uint32_t vcpu, uint64_t (*change)(uint64_t w))
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        uint64_t old = shm_load(ctlr, CTLR_X1);
        unsigned tries = 0;

        while (shm_gic_retry(gic, &tries) &&
               !shm_cas(ctlr, &old, change(old) & ~SHM_ICC_CTLR_ASKED, CTLR_R2))
                ;
}

/* --- the owner's reset --- */

/*
 * PMR, binary points, group enables, WAKER, and the active priorities, which only the owner writes.
 */
static void reset_cpuif(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t old = shm_load(&self->cpuif, CPUIF_X1), now;
        bool has_left = false;
        unsigned tries = 0;

        /*
         * The register first, then what was posted: a reader is shown the posted value, then 0,
         * and never what the register had before it was posted.
         */
        shm_apr_clear(self);
        shm_apr_drop_posted(self);
        do
                now = shm_reset_cpuif_value(gic, old) & ~SHM_CPUIF_STALE;
        while (!shm_oneofn_may_change(gic, vcpu, &old, &now, &has_left) ||
               (!shm_cas(&self->cpuif, &old, now, GATE_R2) && shm_gic_retry(gic, &tries)));
}

/*
 * The parts of a reset that concern this vCPU alone. 1-of-N interrupts that it was chosen for are
 * placed anew once its gates are closed. @asked: SHM_REQUEST_* that were posted.
 */
static void reset_registers(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        change_ctlr(gic, vcpu, (asked & SHM_REQUEST_FORGET) ? ctlr_to_new : ctlr_to_default);
        reset_cpuif(gic, vcpu);
        shm_oneofn_closed(gic, vcpu);
        shm_store(&self->gicr_statusr, 0, STATUS_X1);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                shm_word_update(gic, &self->words[i], shm_gic_nth_private(i),
                                i < GIC_N_SGIS ? shm_reset_sgi : shm_reset_wired, 0);
}

/* The same, and the SPIs that the vCPU holds: they are not active any more. */
static void reset_words(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        reset_registers(gic, vcpu, asked);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                shm_word_update(gic, &shm_gic_spi(gic, intid)->word, intid, shm_reset_held, vcpu);
        }
}

/*
 * A reset without the SPIs, by a caller whose slot says RESET or whose vCPU nobody else knows yet.
 * It is also the reset that was asked for before it, and takes that request off.
 */
static void reset_private(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        const uint32_t bits = SHM_REQUEST_RESET | SHM_REQUEST_FORGET;
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t since = 0;

        /*
         * ICC_CTLR_EL1 before REQUEST-A1: a reader who does not see the request any more sees the
         * value reset (shm_icc_ctlr_load()). The other way round it would be shown the value from
         * before the reset, after it had been shown the one from after it.
         */
        asked |= shm_load(&self->request, REQUEST_A2) & bits;
        change_ctlr(gic, vcpu, (asked & SHM_REQUEST_FORGET) ? ctlr_to_new : ctlr_to_default);
        if (asked & bits)
                since = shm_and(&self->request, ~bits, REQUEST_A1) & ~asked;
        reset_registers(gic, vcpu, asked | since);
}

/* What the vCPU has, and what it holds of the SPIs: those stay as they are but for its activity. */
static void reset_own(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        reset_private(gic, vcpu, asked);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                shm_word_update(gic, &shm_gic_spi(gic, intid)->word, intid, shm_reset_held, vcpu);
        }
        shm_reset_count(&gic->vcpus[vcpu]);
}

void shm_reset_build(struct shm_gic *gic, uint32_t vcpu)
{
        reset_private(gic, vcpu, 0);
}

/*
 * Salted again: the dead owner may have been about to reclaim the vCPU from an outsider
 * (shm_takeover_change()), which may still have one change left.
 */
void shm_reset_repair(struct shm_gic *gic, uint32_t vcpu, uint64_t argument)
{
        shm_takeover_salt(gic, vcpu);
        reset_own(gic, vcpu, (uint32_t)argument);
}

/*
 * The slot says RESET from before REQUEST-A1, which takes the request off, to the end: an owner
 * that dies in the middle leaves either the request or the slot, and a repair makes the reset
 * again.
 */
static void reset_in_slot(struct shm_gic *gic, uint32_t vcpu, uint32_t asked)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, asked);
        reset_own(gic, vcpu, asked);
        shm_slot_end(self);
}

void shm_reset_serve(struct shm_gic *gic, uint32_t vcpu)
{
        reset_in_slot(gic, vcpu, shm_load(&gic->vcpus[vcpu].request, REQUEST_A2));
}

void shm_reset_vcpu(struct shm_gic *gic, uint32_t vcpu)
{
        shm_reset_serve(gic, vcpu);
}

void shm_reset_vcpu_anew(struct shm_gic *gic, uint32_t vcpu)
{
        reset_in_slot(gic, vcpu, SHM_REQUEST_FORGET);
}

/*
 * Ask for a reset: one compare-and-swap, so there is no half of it that a repair could finish and
 * the asker make again. The count tells each from the one before: an outsider that applies one
 * strikes off that, and not one that was asked for since.
 */
static void post_request(struct shm_gic *gic, uint32_t vcpu, uint32_t forget)
{
        shm_atomic(uint32_t) *request = &gic->vcpus[vcpu].request;
        uint32_t old = shm_load(request, REQUEST_A2);
        unsigned tries = 0;
        uint32_t now;

        do
                now = (old | SHM_REQUEST_RESET | forget) + SHM_REQUEST_ONE_ASK;
        while (!shm_cas(request, &old, now, REQUEST_R1) && shm_gic_retry(gic, &tries));
}

/*
 * A reset was asked for, and perhaps not applied: ring a vCPU that runs, apply it to one that does
 * not. REQUEST-R1: asked (SC), then "runs" or SEIZED is read: whoever ends that state looks at the
 * request after it.
 */
static void see_to_reset(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        unsigned tries = 0;
        uint64_t ticket, cpuif;

        do {
                if (!(shm_load(&self->request, REQUEST_A2) & SHM_REQUEST_RESET))
                        return;
                if (shm_takeover_seize(gic, vcpu, &ticket) == SHM_SEIZE_DONE) {
                        shm_takeover_apply(gic, vcpu, ticket, true);
                        continue; /* what others have asked for meanwhile */
                }
                cpuif = shm_load(&self->cpuif, TAKE_A2);
                if (shm_takeover_runs(cpuif)) {
                        shm_word_ring(gic, vcpu);
                        return;
                }
                if (cpuif & SHM_CPUIF_SEIZED)
                        return;
        } while (shm_gic_retry(gic, &tries));
}

static void reset_post(struct shm_gic *gic, uint32_t vcpu, uint32_t forget)
{
        post_request(gic, vcpu, forget);
        see_to_reset(gic, vcpu);
}

/* --- who runs it --- */

/*
 * The vCPU runs from here on (TAKE-R2 was before this). Make the reset that an outsider had begun,
 * or that was asked for and not begun; clear the active priorities that an outsider left to the
 * owner; and take 1-of-N interrupts. @before: the word before, as of shm_takeover_change().
 */
static void start_running(struct shm_gic *gic, uint32_t vcpu, uint64_t before)
{
        uint32_t asked = shm_load(&gic->vcpus[vcpu].request, REQUEST_A2);

        bool runs = shm_takeover_runs(shm_load(&gic->vcpus[vcpu].cpuif, TAKE_A2));

        if (before & SHM_CPUIF_SEIZED)
                shm_takeover_salt(gic, vcpu);
        if ((before & SHM_CPUIF_SEIZED) || (runs && (asked & SHM_REQUEST_RESET))) {
                /*
                 * As a whole before the guest runs, and not at its first operation, after it has
                 * written registers. The request stays until the reset is made: the process that
                 * registers a vCPU has no slot, and if it dies in the middle, the owner or a repair
                 * makes the reset again.
                 */
                reset_words(gic, vcpu, asked);
                shm_takeover_strike_off(gic, vcpu, asked);
                shm_reset_count(&gic->vcpus[vcpu]);
        } else if (before & SHM_CPUIF_STALE) {
                shm_apr_apply_posted(gic, vcpu);
        }
        shm_oneofn_opened(gic, vcpu);
}

/*
 * The vCPU no longer runs. Its 1-of-N interrupts go to others; and a reset that was asked for while
 * it ran, and that its owner would have served, is made now. REQUEST-A3 after "runs" has ended
 * (TAKE-R2), against REQUEST-R1 and then the look at "runs": of owner and asker one sees the other,
 * so the request does not stay behind unserved.
 */
static void stop_running(struct shm_gic *gic, uint32_t vcpu)
{
        if (!gic->is_bulk_release)
                shm_oneofn_closed(gic, vcpu);
        if ((shm_load(&gic->vcpus[vcpu].request, REQUEST_A3) & SHM_REQUEST_RESET) &&
            shm_gic_may_pass(gic))
                see_to_reset(gic, vcpu);
}

void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on)
{
        if (!on) {
                shm_takeover_change(gic, vcpu, SHM_CPUIF_POWERED, SHM_CPUIF_OFF, false);
                stop_running(gic, vcpu);
                return;
        }
        start_running(gic, vcpu, shm_takeover_change(gic, vcpu, SHM_CPUIF_OFF, SHM_CPUIF_POWERED,
                                                     true));
        shm_slot_end(&gic->vcpus[vcpu]);
}

void shm_reset_own(struct shm_gic *gic, uint32_t vcpu)
{
        start_running(gic, vcpu, shm_takeover_change(gic, vcpu, SHM_CPUIF_ABSENT, SHM_CPUIF_OWNED,
                                                     false));
}

void shm_reset_disown(struct shm_gic *gic, uint32_t vcpu)
{
        shm_takeover_change(gic, vcpu, SHM_CPUIF_OWNED, SHM_CPUIF_ABSENT, false);
        stop_running(gic, vcpu);
}

/* --- asked by others --- */

int shm_reset_request(struct shm_gic *gic, uint32_t vcpu, enum shm_reset_kind kind)
{
        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        switch (kind) {
        case SHM_RESET_CPU_ON:
                reset_post(gic, vcpu, 0);
                return 0;
        case SHM_RESET_SYSTEM:
        case SHM_RESET_LAZY:
                reset_post(gic, vcpu, SHM_REQUEST_FORGET);
                return 0;
        case SHM_RESET_POST_LOAD:
                change_ctlr(gic, vcpu, ctlr_to_configured);
                shm_derive_vcpu(gic, vcpu);
                return 0;
        }
        return -EINVAL;
}

/*
 * The outsider that has the vCPU is dead, or slow: it loses the vCPU to this process, which makes
 * that reset itself. If this one stops, too, power on or the next repair seizes it in turn.
 */
bool shm_reset_unanswered(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t ticket;
        bool was_seized = shm_takeover_steal(gic, vcpu, &ticket);

        if (was_seized)
                shm_takeover_apply(gic, vcpu, ticket, false);
        else if (!(shm_load(&gic->vcpus[vcpu].request, REQUEST_A2) & SHM_REQUEST_RESET))
                return false;
        see_to_reset(gic, vcpu);
        return true;
}

/*
 * GICD_CTLR closes first (GATE-R1), so no SPI is taken while it is reset. The raw route is 0 before
 * the route of the word is derived from it (ROUTE-R1).
 */
void shm_reset_distributor(struct shm_gic *gic)
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

/* No vCPU runs, so each is reset in place, without a request. */
void shm_reset_all(struct shm_gic *gic)
{
        shm_reset_distributor(gic);
        for (uint32_t i = 0; i < gic->n_vcpus; i++) {
                reset_private(gic, i, SHM_REQUEST_FORGET);
                shm_reset_count(&gic->vcpus[i]);
        }
}

void shm_reset_request_all(struct shm_gic *gic)
{
        shm_reset_distributor(gic);
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                shm_reset_request(gic, i, SHM_RESET_SYSTEM);
}
