/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Save: read a controller's values into an image, and say whether they are of one moment
 *
 * Exact is what two collects in a row agree on, with every vCPU at rest before, between and after
 * them.
 *
 * SNAP-A1  A vCPU at rest writes nothing; an injection changes a word, and the second collect
 *          differs. That a vCPU left its rest and came back to it in between shows in its counts of
 *          parks, acknowledges and resets, which are read with its park word and compared, too. A
 *          change that is undone before the second collect looks leaves the image of a moment all
 *          the same: no vCPU was there to act on it.
 * Bounded  TRIES collects; then the last one, not exact.
 */
#include "shm-read.h"
#include "shm-snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shm-apr.h"
#include "shm-snapshot-format.h"
#include "shm-word.h"

#define TRIES  8u

bool shm_snapshot_rests(const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *v = &gic->vcpus[vcpu];

        if (shm_load(&v->owner_session, OWNER_A1) &&
            shm_load(&v->park, SNAP_A1) != SHM_PARK_PARKED &&
            !(shm_load(&v->cpuif, SNAP_A1) & SHM_CPUIF_OFF))
                return false;
        /*
         * A dead owner's operation that nobody has finished or taken back yet; a reset that was
         * asked for or begun, and not made. Active priorities that were posted are read as posted.
         */
        return shm_load(&v->slot.op, SNAP_A1) == 0 &&
               !(shm_load(&v->request, SNAP_A1) & (SHM_REQUEST_RESET | SHM_REQUEST_FORGET)) &&
               !(shm_load(&v->cpuif, SNAP_A1) & SHM_CPUIF_SEIZED) &&
               /* in guest, though somebody said that it is off */
               !(shm_load(&v->port, SNAP_A1) & SHM_PORT_IN);
}

/* All of them; @ret_activity changes when one does anything. */
static bool all_rest(const struct shm_gic *gic, uint64_t *ret_activity)
{
        bool rest = true;

        *ret_activity = 0;
        for (uint32_t v = 0; v < gic->n_vcpus; v++) {
                const struct shm_vcpu_counters *counters = &gic->vcpus[v].counters;

                rest = rest && shm_snapshot_rests(gic, v);
                *ret_activity += shm_load(&counters->parks, SNAP_A1) +
                                 shm_load(&counters->acknowledged, SNAP_A1) +
                                 shm_load(&counters->resets, SNAP_A1);
        }
        return rest;
}

static const struct {
        uint64_t word;
        uint8_t image;
} irq_bits[] = {
        { GIC_WORD_ENABLE, SNAPSHOT_IRQ_ENABLE }, { GIC_WORD_GROUP1, SNAPSHOT_IRQ_GROUP1 },
        { GIC_WORD_EDGE_CFG, SNAPSHOT_IRQ_EDGE_CFG }, { GIC_WORD_ACTIVE, SNAPSHOT_IRQ_ACTIVE },
        { GIC_WORD_LATCH, SNAPSHOT_IRQ_LATCH }, { GIC_WORD_MESSAGE, SNAPSHOT_IRQ_MESSAGE },
        { GIC_WORD_EDGE, SNAPSHOT_IRQ_EDGE },
};

/* Routes and marks are left out: the first are derived, the second are this VM's own. */
static void save_irq(const shm_atomic(uint64_t) *word, struct snapshot_irq *to)
{
        uint64_t w = shm_word_load(word);

        if (w & GIC_WORD_RESIDENT) /* its vCPU runs: as if that died now */
                w = gic_lr_lost(w);
        *to = (struct snapshot_irq) {
                .priority = gic_word_priority(w),
                .wires = (uint8_t)base_field_get(w, GIC_WORD_WIRE_SHIFT, GIC_N_WIRES),
                .holder = (w & GIC_WORD_ACTIVE) ? gic_word_holder(w) : GIC_NO_VCPU,
        };
        for (size_t i = 0; i < sizeof(irq_bits) / sizeof(irq_bits[0]); i++)
                if (w & irq_bits[i].word)
                        to->bits |= irq_bits[i].image;
}

/* ICC_CTLR_EL1: each of its three values, if it is known. */
static void save_icc_ctlr(uint64_t word, struct snapshot_vcpu *to)
{
        const struct {
                uint64_t valid;
                unsigned shift;
                uint32_t image;
                uint32_t *value;
        } values[] = {
                { SHM_ICC_CTLR_DEFAULT_VALID, SHM_ICC_CTLR_DEFAULT_SHIFT, SNAPSHOT_CTLR_DEFAULT,
                 &to->ctlr_default },
                { SHM_ICC_CTLR_CONFIGURED_VALID, SHM_ICC_CTLR_CONFIGURED_SHIFT,
                 SNAPSHOT_CTLR_CONFIGURED, &to->ctlr_configured },
                { SHM_ICC_CTLR_LIVE_VALID, SHM_ICC_CTLR_LIVE_SHIFT, SNAPSHOT_CTLR_LIVE,
                 &to->ctlr_live },
        };

        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                if (!(word & values[i].valid))
                        continue;
                to->ctlr_valid |= values[i].image;
                *values[i].value = (uint32_t)base_field_get(word, values[i].shift,
                                                            SHM_ICC_CTLR_BITS);
        }
}

/* One vCPU, but for its interrupts. Active priorities that were posted are saved as posted. */
static void save_vcpu(const struct shm_gic *gic, uint32_t vcpu, struct snapshot_vcpu *to)
{
        const struct shm_vcpu *from = &gic->vcpus[vcpu];
        uint64_t cpuif = shm_load(&from->cpuif, SNAP_A2);

        *to = (struct snapshot_vcpu) {
                .affinity = from->affinity,
                .flags = (from->flags & SHM_VCPU_LAST) ? SNAPSHOT_VCPU_LAST : 0,
                .pmr = (uint8_t)base_field_get(cpuif, SHM_CPUIF_PMR_SHIFT, 8),
                .bpr0 = (uint8_t)base_field_get(cpuif, SHM_CPUIF_BPR0_SHIFT, 3),
                .bpr1 = (uint8_t)base_field_get(cpuif, SHM_CPUIF_BPR1_SHIFT, 3),
                .group_enables = (uint8_t)base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT, 2),
                .dpg = (uint8_t)base_field_get(cpuif, SHM_CPUIF_DPG_SHIFT, 2),
                .asleep = (cpuif & SHM_CPUIF_ASLEEP) != 0,
                .power = (cpuif & SHM_CPUIF_OFF) ? SNAPSHOT_POWER_OFF :
                         (cpuif & SHM_CPUIF_POWERED) ? SNAPSHOT_POWER_ON : SNAPSHOT_POWER_UNTOLD,
                .gicr_statusr = shm_load(&from->gicr_statusr, SNAP_A2) & GIC_STATUSR_ALL,
        };
        save_icc_ctlr(shm_icc_ctlr_load(from), to);
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                to->ap0r[i] = shm_apr_read(gic, vcpu, 0, i);
                to->ap1r[i] = shm_apr_read(gic, vcpu, 1, i);
        }
}

static void save_header(const struct shm_gic *gic, struct snapshot_header *to)
{
        to->gicd_iidr = gic->header->gicd_iidr;
        to->gicd_typer2 = gic->header->gicd_typer2;
        to->gicd_ctlr = shm_load(&gic->header->gicd_ctlr, SNAP_A2) &
                        (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1);
        to->gicd_statusr = shm_load(&gic->header->gicd_statusr, SNAP_A2) & GIC_STATUSR_ALL;
}

/* One look at everything, in the order of the image. */
static void collect(const struct shm_gic *gic, struct snapshot *snapshot, uint8_t *image)
{
        const uint32_t n_private = shm_gic_n_private(gic);

        save_header(gic, &snapshot->header);
        for (uint32_t v = 0; v < gic->n_vcpus; v++) {
                save_vcpu(gic, v, &snapshot->vcpus[v]);
                for (uint32_t i = 0; i < n_private; i++)
                        save_irq(&gic->vcpus[v].words[i],
                                 &snapshot->privates[(size_t)v * n_private + i]);
        }
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                const struct shm_spi *spi = shm_gic_spi(gic, shm_gic_nth_spi(gic, i));

                save_irq(&spi->word, &snapshot->spis[i]);
                snapshot->spis[i].irouter = shm_load(&spi->irouter, SNAP_A2);
        }
        snapshot_encode(snapshot, image);
}

/*
 * Collect until two in a row agree. Return: whether they did; @image is the last.
 *
 * The look between them is needed: a vCPU that leaves its rest behind the first look may stand
 * still in the middle of an operation while both are made, and rest again at the last look. Whoever
 * has a part of that operation in the first collect finds here that the vCPU runs, or that it is
 * done, and then the second has all of it.
 */
static bool collect_exactly(const struct shm_gic *gic, struct snapshot *snapshot, uint8_t *image,
                            uint8_t *other, size_t bytes)
{
        uint64_t before, after;

        if (!all_rest(gic, &before)) {
                collect(gic, snapshot, image);
                return false;
        }
        collect(gic, snapshot, other);
        for (unsigned i = 1; i < TRIES; i++) {
                bool rest = all_rest(gic, &after);

                collect(gic, snapshot, image);
                if (!rest || !all_rest(gic, &after))
                        return false;
                if (after == before && memcmp(image, other, bytes) == 0)
                        return true;
                before = after;
                memcpy(other, image, bytes);
        }
        return false;
}

int shm_snapshot_save(const struct shm_gic *gic, uint8_t **ret_image, size_t *ret_bytes,
                      unsigned *ret_flags)
{
        struct snapshot snapshot = {
                .header = {
                        .n_vcpus = gic->n_vcpus, .n_spis = gic->n_spis, .n_espis = gic->n_espis,
                        .n_eppis = gic->n_eppis,
                        .n_priority_bits = gic->n_priority_bits, .features = gic->features,
                },
        };
        size_t bytes = snapshot_bytes(&snapshot.header);
        uint8_t *image = malloc(bytes), *other = malloc(bytes);
        int r = image && other ? snapshot_alloc(&snapshot) : -ENOMEM;

        if (r == 0) {
                /* Both collects are made without the flag, so that they can agree. */
                *ret_flags = collect_exactly(gic, &snapshot, image, other, bytes)
                             ? SHM_SNAPSHOT_EXACT : 0;
                if (*ret_flags & SHM_SNAPSHOT_EXACT) {
                        snapshot.header.flags = SNAPSHOT_FLAG_EXACT;
                        snapshot_encode(&snapshot, image);
                }
                *ret_image = image;
                *ret_bytes = bytes;
                image = NULL;
                snapshot_free(&snapshot);
        }
        free(image);
        free(other);
        return r;
}
