/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-reset.h"

#include <errno.h>

#include "gic-prio.h"
#include "shm-apr.h"
#include "shm-irouter.h"
#include "shm-park.h"
#include "shm-slot.h"
#include "shm-word.h"

static uint64_t reset_sgi(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_reset(w, true);
}

static uint64_t reset_wired(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_reset(w, false);
}

/* CTLR-R2: live goes back to the architectural default; what the guest configured last stays readable. */
static void reset_icc_ctlr(const struct shm_gic *gic, struct shm_vcpu *vcpu)
{
        uint64_t old = atomic_load_explicit(&vcpu->icc_ctlr, memory_order_relaxed);
        uint64_t arch_default = base_field_get(old, SHM_ICC_CTLR_DEFAULT_SHIFT, SHM_ICC_CTLR_BITS);
        unsigned tries = 0;

        while (shm_gic_retry(gic, &tries) &&
               !atomic_compare_exchange_strong_explicit(&vcpu->icc_ctlr, &old,
                                                        base_field_set(old, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS, arch_default),
                                                        memory_order_acq_rel, memory_order_relaxed))
                ;
}

/*
 * PMR 0, binary points at their minimum, groups disabled, the redistributor asleep (IHI 0069 section 12.2, reset
 * values).
 */
static void reset_cpuif(struct shm_gic *gic, struct shm_vcpu *vcpu)
{
        const uint64_t known = base_mask(SHM_CPUIF_BITS);
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits);
        uint64_t old = atomic_load_explicit(&vcpu->cpuif, memory_order_relaxed);
        unsigned tries = 0;
        uint64_t now;

        do {
                now = (old & ~known) | (old & (SHM_CPUIF_POWERED | SHM_CPUIF_OFF | SHM_CPUIF_ABSENT)) | SHM_CPUIF_ASLEEP;
                now = base_field_set(now, SHM_CPUIF_BPR0_SHIFT, 3, minimum);
                now = base_field_set(now, SHM_CPUIF_BPR1_SHIFT, 3, minimum + 1);
        } while (!atomic_compare_exchange_strong_explicit(&vcpu->cpuif, &old, now, memory_order_seq_cst, memory_order_relaxed) &&
                 shm_gic_retry(gic, &tries));
        shm_apr_drop(vcpu);
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                atomic_store_explicit(&vcpu->ap0r[i], 0, memory_order_relaxed);
                atomic_store_explicit(&vcpu->ap1r[i], 0, memory_order_relaxed);
        }
}

void shm_reset_vcpu(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        /* REQUEST-A1: this reset is also the one that was asked for before it. */
        if (atomic_load_explicit(&self->request, memory_order_seq_cst) & SHM_REQUEST_RESET)
                atomic_fetch_and_explicit(&self->request, ~SHM_REQUEST_RESET, memory_order_seq_cst);
        reset_cpuif(gic, self);
        shm_oneofn_closed(gic, vcpu);
        reset_icc_ctlr(gic, self);
        atomic_store_explicit(&self->gicr_statusr, 0, memory_order_relaxed);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                shm_word_update(gic, &self->words[i], shm_gic_nth_private(i), i < GIC_N_SGIS ? reset_sgi : reset_wired, 0);
        atomic_store_explicit(&self->counters.resets, atomic_load_explicit(&self->counters.resets, memory_order_relaxed) + 1,
                              memory_order_release);
}

void shm_power(struct shm_gic *gic, uint32_t vcpu, bool on)
{
        shm_cpuif_set(gic, vcpu, SHM_CPUIF_POWERED_SHIFT, 1, on);
        shm_cpuif_set(gic, vcpu, SHM_CPUIF_OFF_SHIFT, 1, !on);
        if (on)
                shm_oneofn_opened(gic, vcpu);
        else
                shm_oneofn_closed(gic, vcpu);
}

int shm_reset_request(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *target;

        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        target = &gic->vcpus[vcpu];
        reset_icc_ctlr(gic, target);
        if (!(atomic_load_explicit(&target->cpuif, memory_order_seq_cst) & SHM_CPUIF_POWERED)) {
                shm_reset_vcpu(gic, vcpu);
                return 0;
        }
        /* REQUEST-R1: posted (SC), then rung as an injection is: the owner serves it before its next operation. */
        atomic_fetch_or_explicit(&target->request, SHM_REQUEST_RESET, memory_order_seq_cst);
        shm_word_ring(gic, vcpu);
        return 0;
}

void shm_reset_all(struct shm_gic *gic)
{
        atomic_store_explicit(&gic->header->gicd_ctlr, 0, memory_order_seq_cst);
        atomic_store_explicit(&gic->header->gicd_statusr, 0, memory_order_relaxed);
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);
                struct shm_spi *spi = shm_gic_spi(gic, intid);

                shm_word_update(gic, &spi->word, intid, reset_wired, 0);
                atomic_store_explicit(&spi->irouter, 0, memory_order_seq_cst);
                shm_irouter_reroute(gic, intid);
        }
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                shm_reset_vcpu(gic, i);
}

void shm_park_wake(struct shm_gic *gic, uint32_t vcpu)
{
        atomic_fetch_or_explicit(&gic->vcpus[vcpu].request, SHM_REQUEST_WAKE, memory_order_seq_cst);
        shm_word_ring(gic, vcpu);
}
