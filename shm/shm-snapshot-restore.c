/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Restore: put an image's values into a controller
 *
 * The truth is stored value by value, in any order since no vCPU looks; then shm_repair_words()
 * derives the rest from it, as after a death, and rings. Bits that this code does not know, and
 * those that are not the image's (a vCPU's ABSENT, a word's NOTIFY), keep their value by
 * compare-and-swap: others may set them meanwhile.
 */
#include "shm-derive.h"
#include "shm-held.h"
#include "shm-repair.h"
#include "shm-snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gic-route.h"
#include "shm-apr.h"
#include "shm-segment.h"
#include "shm-snapshot-check.h"
#include "shm-snapshot-format.h"
#include "shm-slot.h"
#include "shm-takeover.h"
#include "shm-word.h"

#define GRANT_WIRES  ((uint8_t)(((1u << GIC_N_WIRES) - 1) & ~((1u << GIC_WIRE_FIRST_GRANT) - 1)))

/* Give @at those bits of @value that are in @mask. Return: what it was. */
static uint64_t assign(struct shm_gic *gic, shm_atomic(uint64_t) *at, uint64_t mask, uint64_t value)
{
        uint64_t old = shm_load(at, SNAP_X1);
        unsigned tries = 0;

        while (!shm_cas(at, &old, (old & ~mask) | value, SNAP_R1) && shm_gic_retry(gic, &tries))
                ;
        return old;
}

static uint64_t bit_if(bool condition, uint64_t bit)
{
        return condition ? bit : 0;
}

/* The word of a record, without its route, which is derived from IROUTER or from the vCPU. */
static uint64_t word_of(const struct snapshot_irq *irq, unsigned flags)
{
        uint8_t wires = (flags & SHM_RESTORE_LOWER_DEVICES) ? irq->wires & (uint8_t)~GRANT_WIRES
                        : irq->wires;
        uint64_t w = gic_word_set_priority(0, irq->priority) |
                     (uint64_t)wires << GIC_WORD_WIRE_SHIFT |
                     bit_if(irq->bits & SNAPSHOT_IRQ_ENABLE, GIC_WORD_ENABLE) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_GROUP1, GIC_WORD_GROUP1) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_EDGE_CFG, GIC_WORD_EDGE_CFG) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_ACTIVE, GIC_WORD_ACTIVE) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_LATCH, GIC_WORD_LATCH) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_MESSAGE, GIC_WORD_MESSAGE) |
                     bit_if(irq->bits & SNAPSHOT_IRQ_EDGE, GIC_WORD_EDGE);

        return gic_word_set_holder(w, irq->holder);
}

/* All of a word but what others mark in it. */
static const uint64_t word_bits = UINT64_C(0xff) | UINT64_C(0xffff) << GIC_WORD_ROUTE_SHIFT |
                                  GIC_WORD_IRM |
                                  UINT64_C(0xffff) << GIC_WORD_HOLDER_SHIFT | GIC_WORD_RESIDENT |
                                  GIC_WORD_LISTED | GIC_WORD_ACTIVE_OVERRIDDEN | GIC_WORD_FOLD |
                                  GIC_WORD_ACTIVE | GIC_WORD_ENABLE | GIC_WORD_GROUP1 |
                                  GIC_WORD_EDGE_CFG |
                                  GIC_WORD_LATCH | GIC_WORD_MESSAGE | GIC_WORD_EDGE |
                                  GIC_WORD_WIRES;

/*
 * An interrupt that was active and of which a device wants to hear the end: it ends here, unless it
 * is active again.
 */
static void apply_word(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                       uint64_t now)
{
        uint64_t old = assign(gic, word, word_bits, now);

        if ((old & GIC_WORD_ACTIVE) && !(now & GIC_WORD_ACTIVE) && (old & GIC_WORD_NOTIFY))
                shm_word_owe_eoi(gic, intid);
}

/* All but what says who runs the vCPU now, in this VM: ABSENT, OWNED and SEIZED stay. */
static void apply_cpuif(struct shm_gic *gic, struct shm_vcpu *to, const struct snapshot_vcpu *from)
{
        uint64_t cpuif = (uint64_t)from->pmr << SHM_CPUIF_PMR_SHIFT |
                         (uint64_t)from->bpr0 << SHM_CPUIF_BPR0_SHIFT |
                         (uint64_t)from->bpr1 << SHM_CPUIF_BPR1_SHIFT |
                         (uint64_t)from->group_enables << SHM_CPUIF_GRPEN_SHIFT |
                         (uint64_t)from->dpg << SHM_CPUIF_DPG_SHIFT |
                         bit_if(from->asleep, SHM_CPUIF_ASLEEP) |
                         bit_if(from->power == SNAPSHOT_POWER_ON, SHM_CPUIF_POWERED) |
                         bit_if(from->power == SNAPSHOT_POWER_OFF, SHM_CPUIF_OFF);

        assign(gic, &to->cpuif, base_mask(SHM_CPUIF_BITS) & ~(SHM_CPUIF_ABSENT | SHM_CPUIF_OWNED |
                                                              SHM_CPUIF_SEIZED),
               cpuif);
}

/*
 * Everything of one vCPU. What was under way in this VM is void: the vCPU rests, by check_rest().
 */
static void apply_vcpu(struct shm_gic *gic, uint32_t index, const struct snapshot *snapshot,
                       unsigned flags)
{
        struct shm_vcpu *to = &gic->vcpus[index];
        const struct snapshot_vcpu *from = &snapshot->vcpus[index];
        const uint32_t n_private = shm_gic_n_private(gic);
        const struct snapshot_irq *privates = &snapshot->privates[(size_t)index * n_private];
        const uint32_t asked = SHM_REQUEST_RESET | SHM_REQUEST_FORGET | SHM_REQUEST_APR;

        /*
         * What a dead owner left half done, and what was asked before, is of the state that goes.
         */
        shm_and(&to->request, ~asked, REQUEST_A1);
        shm_slot_end(to);
        shm_takeover_revoke(gic, index);
        apply_cpuif(gic, to, from);
        assign(gic, &to->icc_ctlr, base_mask(63) | SHM_ICC_CTLR_ASKED,
               (uint64_t)from->ctlr_live << SHM_ICC_CTLR_LIVE_SHIFT |
               (uint64_t)from->ctlr_configured << SHM_ICC_CTLR_CONFIGURED_SHIFT |
               (uint64_t)from->ctlr_default << SHM_ICC_CTLR_DEFAULT_SHIFT |
               bit_if(from->ctlr_valid & SNAPSHOT_CTLR_LIVE, SHM_ICC_CTLR_LIVE_VALID) |
               bit_if(from->ctlr_valid & SNAPSHOT_CTLR_CONFIGURED, SHM_ICC_CTLR_CONFIGURED_VALID) |
               bit_if(from->ctlr_valid & SNAPSHOT_CTLR_DEFAULT, SHM_ICC_CTLR_DEFAULT_VALID));
        shm_apr_drop_posted(to);
        shm_store(&to->n_ack_order, 0, PORT_X3); /* the order of acknowledging is not in an image */
        shm_held_doubt(to);
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                shm_store(&to->ap0r[i], from->ap0r[i], SNAP_X2);
                shm_store(&to->ap1r[i], from->ap1r[i], SNAP_X2);
        }
        shm_store(&to->gicr_statusr, from->gicr_statusr, STATUS_X1);
        for (uint32_t i = 0; i < n_private; i++)
                apply_word(gic, &to->words[i], shm_gic_nth_private(i),
                           gic_word_set_route(word_of(&privates[i], flags), (uint16_t)index));
}

static void apply_spi(struct shm_gic *gic, uint32_t intid, const struct snapshot_irq *from,
                      unsigned flags)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);

        shm_exchange(&spi->irouter, from->irouter, ROUTE_R1);
        /* shm_repair_words() derives the route. */
        apply_word(gic, &spi->word, intid, gic_word_set_route(word_of(from, flags), GIC_NO_VCPU));
}

/* Store the truth; shm_repair_words() makes the rest of it. */
static void apply_image(struct shm_gic *gic, const struct snapshot *snapshot, unsigned flags)
{
        for (uint32_t v = 0; v < gic->n_vcpus; v++)
                apply_vcpu(gic, v, snapshot, flags);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                apply_spi(gic, shm_gic_nth_spi(gic, i), &snapshot->spis[i], flags);
        shm_exchange(&gic->header->gicd_ctlr, snapshot->header.gicd_ctlr, GATE_R1);
        shm_store(&gic->header->gicd_statusr, snapshot->header.gicd_statusr, STATUS_X1);
        shm_repair_words(gic);
        for (uint32_t v = 0; v < gic->n_vcpus; v++)
                shm_derive_vcpu(gic, v);
}

/*
 * Parked, off or nobody's. The slot of a dead owner does not count: the state that it belongs to
 * goes.
 */
static int check_rest(const struct shm_gic *gic, struct base_error *why)
{
        for (uint32_t v = 0; v < gic->n_vcpus; v++)
                if (shm_load(&gic->vcpus[v].owner_session, OWNER_A1) &&
                    !shm_snapshot_rests(gic, v))
                        return base_error_set(why, -EBUSY,
                                              "vCPU %" PRIu32 " is neither parked, stopped nor off",
                                              v);
        return 0;
}

/* Everything that can be refused. Return: 0, with the image taken apart and repaired as asked. */
static int take(const struct shm_gic *gic, const uint8_t *image, size_t bytes, unsigned flags,
                struct snapshot *ret_snapshot, struct base_error *why)
{
        int r = 0;

        if (flags & ~SHM_RESTORE_ALL)
                r = base_error_set(why, -EINVAL, "flags: 0x%x has bits that mean nothing", flags);
        if (r == 0)
                r = snapshot_decode(image, bytes, ret_snapshot, why);
        if (r == 0)
                r = snapshot_check(ret_snapshot, why);
        if (r == 0)
                r = snapshot_fits(ret_snapshot, gic, why);
        if (r == 0 && !(ret_snapshot->header.flags & SNAPSHOT_FLAG_EXACT)) {
                if (flags & SHM_RESTORE_REPAIR)
                        r = snapshot_repair(ret_snapshot);
                else
                        r = base_error_set(why, -EAGAIN,
                                           "it was saved while the VM was running: not exact, and "
                                           "no repair was asked for");
        }
        if (r == 0)
                r = check_rest(gic, why);
        if (r == -ENOMEM)
                base_error_set(why, r, "no memory");
        return r;
}

int shm_snapshot_restore(struct shm_gic *gic, const uint8_t *image, size_t bytes, unsigned flags,
                         struct base_error *why)
{
        struct snapshot snapshot = { 0 };
        int r = take(gic, image, bytes, flags, &snapshot, why);

        if (r == 0)
                apply_image(gic, &snapshot, flags);
        snapshot_free(&snapshot);
        return r;
}

/* --- what it is of --- */

/* The regions that GICR_TYPER.Last ends. */
static void fill_regions(const struct snapshot *snapshot, uint32_t *regions, uint32_t *ret_n)
{
        uint32_t n = 0, in_this = 0;

        for (uint32_t v = 0; v < snapshot->header.n_vcpus; v++) {
                in_this++;
                if (!(snapshot->vcpus[v].flags & SNAPSHOT_VCPU_LAST))
                        continue;
                regions[n++] = in_this;
                in_this = 0;
        }
        *ret_n = n;
}

/* The shape of the image in one allocation: what a VMM needs to create a VM that it fits. */
static int fill_info(const struct snapshot *snapshot, struct shm_snapshot_info **ret_info,
                     struct base_error *why)
{
        const struct snapshot_header *h = &snapshot->header;
        struct shm_snapshot_info *info = calloc(1, sizeof(*info) +
                                                h->n_vcpus * (sizeof(uint64_t) + sizeof(uint32_t)));
        uint64_t *mpidrs;
        uint32_t *regions;
        const char *words;

        if (!info)
                return base_error_set(why, -ENOMEM, "no memory");
        mpidrs = (uint64_t *)(info + 1);
        regions = (uint32_t *)(mpidrs + h->n_vcpus);
        *info = (struct shm_snapshot_info) {
                .major = h->major, .minor = h->minor,
                .flags = (h->flags & SNAPSHOT_FLAG_EXACT) ? SHM_SNAPSHOT_EXACT : 0,
                .gicd_iidr = h->gicd_iidr, .gicd_typer2 = h->gicd_typer2,
                .shape = {
                        .name = "x", .n_vcpus = h->n_vcpus, .n_spis = h->n_spis,
                        .n_priority_bits = h->n_priority_bits, .mpidrs = mpidrs,
                        .n_espis = h->n_espis,
                        .n_eppis = h->n_eppis, .features = h->features, .redist_regions = regions,
                        .iidr_revision =
                                (h->gicd_iidr & GICD_IIDR_REVISION) >> GICD_IIDR_REVISION_SHIFT,
                        .gicd_typer2 = h->gicd_typer2,
                },
        };
        for (uint32_t v = 0; v < h->n_vcpus; v++)
                mpidrs[v] = gic_route_mpidr(snapshot->vcpus[v].affinity);
        fill_regions(snapshot, regions, &info->shape.n_redist_regions);
        if (shm_segment_check_shape(&info->shape, &words) < 0) {
                free(info);
                return base_error_set(why, -EBADMSG, "damaged: %s", words);
        }
        info->shape.name[0] = '\0';
        *ret_info = info;
        return 0;
}

int shm_snapshot_info(const uint8_t *image, size_t bytes, struct shm_snapshot_info **ret_info,
                      struct base_error *why)
{
        struct snapshot snapshot = { 0 };
        int r = snapshot_decode(image, bytes, &snapshot, why);

        if (r == 0)
                r = snapshot_check(&snapshot, why);
        if (r == 0)
                r = fill_info(&snapshot, ret_info, why);
        snapshot_free(&snapshot);
        return r;
}
