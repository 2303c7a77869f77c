/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-snapshot-check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gic-prio.h"
#include "gic-route.h"
#include "gic-word.h"
#include "shm-irouter.h"
#include "shm-segment.h"

/* --- does it make sense? --- */

/* What no controller can have in its distributor. */
static int check_header(const struct snapshot_header *h, struct base_error *why)
{
        if (h->flags & ~SNAPSHOT_FLAG_EXACT)
                return base_error_set(why, -EBADMSG,
                                      "flags: 0x%" PRIx32 " has bits that mean nothing", h->flags);
        if (h->gicd_ctlr & ~(GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1))
                return base_error_set(why, -EBADMSG,
                                      "GICD_CTLR: 0x%" PRIx32 " is more than the group enables",
                                      h->gicd_ctlr);
        if (h->gicd_statusr & ~GIC_STATUSR_ALL)
                return base_error_set(why, -EBADMSG,
                                      "GICD_STATUSR: 0x%" PRIx32 " has bits that are not there",
                                      h->gicd_statusr);
        return 0;
}

/* A value of ICC_CTLR_EL1: the read-only fields are the controller's own; 0 if it is not valid. */
static bool ctlr_is_possible(const struct snapshot_header *h, const struct snapshot_vcpu *vcpu,
                             uint32_t value, uint32_t valid, uint32_t writable)
{
        return (vcpu->ctlr_valid & valid)
               ? (value & ~writable) == shm_segment_icc_ctlr(h->n_priority_bits, h->features,
                                                                                     h->n_espis ||
                                                                                     h->n_eppis)
                                          : value == 0;
}

/* No bit is set of a priority that this number of priority bits does not have. */
static bool aprs_are_possible(const struct snapshot_header *h, const uint32_t *aprs)
{
        unsigned n = gic_prio_n_apr(h->n_priority_bits);
        uint32_t implemented = gic_prio_apr_mask(h->n_priority_bits);

        for (unsigned i = 0; i < SHM_N_APR; i++)
                if (aprs[i] & ~(i < n ? implemented : 0))
                        return false;
        return true;
}

/* What no controller can have in one vCPU. */
static int check_vcpu(const struct snapshot_header *h, uint32_t index,
                      const struct snapshot_vcpu *v, struct base_error *why)
{
        const unsigned minimum = gic_prio_min_bpr0(h->n_priority_bits);
        const struct {
                bool ok;
                const char *what;
        } rules[] = {
                { !(v->flags & ~SNAPSHOT_VCPU_LAST), "flags" },
                { index + 1 < h->n_vcpus || (v->flags & SNAPSHOT_VCPU_LAST),
                 "flags (the last vCPU ends a region)" },
                { !(v->ctlr_valid & ~SNAPSHOT_CTLR_ALL), "validity of ICC_CTLR_EL1" },
                { ctlr_is_possible(h, v, v->ctlr_live, SNAPSHOT_CTLR_LIVE, ICC_CTLR_WRITABLE),
                 "live ICC_CTLR_EL1" },
                { ctlr_is_possible(h, v, v->ctlr_configured, SNAPSHOT_CTLR_CONFIGURED,
                                   ICC_CTLR_WRITABLE),
                  "configured ICC_CTLR_EL1" },
                { ctlr_is_possible(h, v, v->ctlr_default, SNAPSHOT_CTLR_DEFAULT, 0),
                 "default ICC_CTLR_EL1" },
                { !(v->pmr & ~gic_prio_mask(h->n_priority_bits)), "ICC_PMR_EL1" },
                { v->bpr0 >= minimum && v->bpr0 <= 7, "ICC_BPR0_EL1" },
                { v->bpr1 >= minimum + 1 && v->bpr1 <= 7, "ICC_BPR1_EL1" },
                { v->group_enables <= 3, "ICC_IGRPEN<n>_EL1" },
                { v->dpg <= ((h->features & SHM_FEATURE_1_OF_N) ? 3 : 0), "GICR_CTLR" },
                { v->asleep <= 1, "GICR_WAKER" },
                { v->power <= SNAPSHOT_POWER_OFF, "power" },
                { !(v->gicr_statusr & ~GIC_STATUSR_ALL), "GICR_STATUSR" },
                { aprs_are_possible(h, v->ap0r), "ICC_AP0R<n>_EL1" },
                { aprs_are_possible(h, v->ap1r), "ICC_AP1R<n>_EL1" },
        };

        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                if (!rules[i].ok)
                        return base_error_set(why, -EBADMSG, "vCPU %" PRIu32 ": %s cannot be so",
                                              index, rules[i].what);
        return 0;
}

/* What is wrong with it, or NULL. @vcpu: whose it is; GIC_NO_VCPU: an SPI. */
static const char *irq_fault(const struct snapshot_header *h, uint32_t vcpu, uint32_t intid,
                             const struct snapshot_irq *irq)
{
        bool is_private = vcpu != GIC_NO_VCPU, is_sgi = is_private && intid < GIC_N_SGIS;

        if (irq->priority & ~gic_prio_mask(h->n_priority_bits))
                return "priority";
        if ((irq->bits & ~SNAPSHOT_IRQ_ALL) || (is_sgi && !(irq->bits & SNAPSHOT_IRQ_EDGE_CFG)) ||
            (is_private && (irq->bits & SNAPSHOT_IRQ_MESSAGE)))
                return "bits";
        if (irq->wires & ~(is_sgi ? 0 : (1u << GIC_N_WIRES) - 1))
                return "wires";
        if (irq->holder == GIC_NO_VCPU)
                return NULL;
        return (irq->bits & SNAPSHOT_IRQ_ACTIVE) &&
               (is_private ? irq->holder == vcpu : irq->holder < h->n_vcpus) ?
                NULL : "holder";
}

int snapshot_check(const struct snapshot *snapshot, struct base_error *why)
{
        const struct snapshot_header *h = &snapshot->header;
        const uint32_t n_private = snapshot_n_private(snapshot);
        const uint64_t route_bits = shm_irouter_mask(h->features);
        const char *fault;
        int r = check_header(h, why);

        for (uint32_t v = 0; r == 0 && v < h->n_vcpus; v++) {
                r = check_vcpu(h, v, &snapshot->vcpus[v], why);
                for (uint32_t i = 0; r == 0 && i < n_private; i++) {
                        fault = irq_fault(h, v, shm_gic_nth_private(i),
                                          &snapshot->privates[(size_t)v * n_private + i]);
                        if (fault)
                                r = base_error_set(why, -EBADMSG,
                                                   "INTID %" PRIu32 " of vCPU %" PRIu32
                                                   ": %s cannot be so",
                                                   shm_gic_nth_private(i), v, fault);
                }
        }
        for (uint32_t i = 0; r == 0 && i < snapshot_n_spis(snapshot); i++) {
                const struct snapshot_irq *spi = &snapshot->spis[i];

                fault = irq_fault(h, GIC_NO_VCPU, snapshot_nth_spi(snapshot, i), spi);
                if (!fault && (spi->irouter & ~route_bits))
                        fault = "GICD_IROUTER";
                if (fault)
                        r = base_error_set(why, -EBADMSG, "INTID %" PRIu32 ": %s cannot be so",
                                           snapshot_nth_spi(snapshot, i),
                                           fault);
        }
        return r;
}

/* --- does it fit? --- */

/*
 * A vCPU of the image goes to the vCPU with its number here, which must be the same to the guest.
 */
static int fits_vcpu(const struct snapshot *snapshot, const struct shm_gic *gic, uint32_t index,
                     struct base_error *why)
{
        const struct snapshot_vcpu *v = &snapshot->vcpus[index];
        const struct shm_vcpu *here = &gic->vcpus[index];
        const uint32_t a = v->affinity, b = here->affinity;

        if (a != b)
                return base_error_set(why, -ENXIO,
                                      "vCPU %" PRIu32
                                      " is %u.%u.%u.%u in the image, %u.%u.%u.%u in the VM",
                                      index, a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff,
                                      b >> 24, b >> 16 & 0xff, b >> 8 & 0xff, b & 0xff);
        if (!(v->flags & SNAPSHOT_VCPU_LAST) != !(here->flags & SHM_VCPU_LAST))
                return base_error_set(why, -ENXIO,
                                      "the redistributor regions differ at vCPU %" PRIu32, index);
        return 0;
}

int snapshot_fits(const struct snapshot *snapshot, const struct shm_gic *gic,
                  struct base_error *why)
{
        const struct snapshot_header *h = &snapshot->header;
        const struct {
                uint32_t image, here;
                const char *what;
        } numbers[] = {
                { h->n_vcpus, gic->n_vcpus, "vCPUs" },
                { h->n_priority_bits, gic->n_priority_bits, "priority bits" },
                { h->n_spis, gic->n_spis, "SPIs" },
                { h->n_espis, gic->n_espis, "extended SPIs" },
                { h->n_eppis, gic->n_eppis, "extended PPIs" },
        }, registers[] = {
                { h->features, gic->features, "features (1: 1-of-N, 2: Aff3, 4: range selector)" },
                { h->gicd_iidr, gic->header->gicd_iidr, "GICD_IIDR" },
                { h->gicd_typer2, gic->header->gicd_typer2, "GICD_TYPER2" },
        };
        int r = 0;

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                if (numbers[i].image != numbers[i].here)
                        return base_error_set(why, -ENXIO,
                                              "the image has %" PRIu32 " %s, the VM %" PRIu32,
                                              numbers[i].image, numbers[i].what, numbers[i].here);
        for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
                if (registers[i].image != registers[i].here)
                        return base_error_set(why, -ENXIO,
                                              "%s: 0x%" PRIx32 " in the image, 0x%" PRIx32
                                              " in the VM",
                                              registers[i].what, registers[i].image,
                                              registers[i].here);
        for (uint32_t v = 0; r == 0 && v < h->n_vcpus; v++)
                r = fits_vcpu(snapshot, gic, v, why);
        return r;
}

/* --- repair --- */

/* The vCPU's active priorities that an active interrupt accounts for. */
struct accounted {
        uint32_t apr[2][SHM_N_APR];
};

/*
 * One active interrupt, which @v acknowledged: its priority bit is accounted for; or it has none,
 * and cannot end.
 */
static void repair_irq(const struct snapshot_header *h, const struct snapshot_vcpu *v,
                       struct accounted *accounted, struct snapshot_irq *irq)
{
        unsigned group = (irq->bits & SNAPSHOT_IRQ_GROUP1) ? 1 : 0;
        unsigned bpr = gic_prio_bpr(group, v->bpr0, v->bpr1, v->ctlr_live & ICC_CTLR_CBPR);
        unsigned bit = gic_prio_apr_bit(irq->priority, gic_prio_group_mask(bpr),
                                        h->n_priority_bits);
        const uint32_t *aprs = group ? v->ap1r : v->ap0r;
        uint32_t mask = 1u << (bit % 32);

        if ((aprs[bit / 32] & mask) && !(accounted->apr[group][bit / 32] & mask)) {
                accounted->apr[group][bit / 32] |= mask;
        } else if (!(v->ctlr_live & ICC_CTLR_EOIMODE)) {
                irq->bits = (uint8_t)((irq->bits & ~SNAPSHOT_IRQ_ACTIVE) | SNAPSHOT_IRQ_LATCH);
                irq->holder = GIC_NO_VCPU;
        }
}

static bool is_held(const struct snapshot_irq *irq)
{
        return (irq->bits & SNAPSHOT_IRQ_ACTIVE) && irq->holder != GIC_NO_VCPU;
}

int snapshot_repair(struct snapshot *snapshot)
{
        const struct snapshot_header *h = &snapshot->header;
        const uint32_t n_private = snapshot_n_private(snapshot);
        struct accounted *accounted = calloc(h->n_vcpus, sizeof(*accounted));

        if (!accounted)
                return -ENOMEM;
        for (uint32_t v = 0; v < h->n_vcpus; v++)
                for (uint32_t i = 0; i < n_private; i++) {
                        struct snapshot_irq *irq = &snapshot->privates[(size_t)v * n_private + i];

                        if (is_held(irq))
                                repair_irq(h, &snapshot->vcpus[v], &accounted[v], irq);
                }
        for (uint32_t i = 0; i < snapshot_n_spis(snapshot); i++) {
                struct snapshot_irq *spi = &snapshot->spis[i];

                if (is_held(spi))
                        repair_irq(h, &snapshot->vcpus[spi->holder], &accounted[spi->holder], spi);
        }
        for (uint32_t v = 0; v < h->n_vcpus; v++)
                for (unsigned i = 0; i < SHM_N_APR; i++) {
                        snapshot->vcpus[v].ap0r[i] &= accounted[v].apr[0][i];
                        snapshot->vcpus[v].ap1r[i] &= accounted[v].apr[1][i];
                }
        free(accounted);
        return 0;
}
