/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-reset-value.h"

#include "gic-irq.h"
#include "gic-prio.h"

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
 * What the vCPU that is reset holds is not active any more. A resident word has such a holder if
 * its owner died in guest, or while it folded. If a write made the interrupt active meanwhile
 * (GICD_ISACTIVER<n>), nobody holds it, unless the guest had taken it: that is left to the repair
 * of the port, which knows what was listed.
 */
uint64_t shm_reset_held(uint64_t w, uint64_t vcpu)
{
        const uint64_t made_active = GIC_WORD_RESIDENT | GIC_WORD_ACTIVE_OVERRIDDEN |
                                     GIC_WORD_ACTIVE;

        if ((w & made_active) == made_active)
                return w;
        return (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) && gic_word_holder(w) == vcpu
               ? gic_irq_deactivate_outside(w) : w;
}

/* What says who runs the vCPU stays, and so do bits that this code does not know. */
uint64_t shm_reset_cpuif_value(const struct shm_gic *gic, uint64_t old)
{
        const uint64_t kept = ~base_mask(SHM_CPUIF_BITS) | SHM_CPUIF_POWERED | SHM_CPUIF_OFF |
                              SHM_CPUIF_ABSENT |
                              SHM_CPUIF_OWNED | SHM_CPUIF_SEIZED | SHM_CPUIF_STALE;
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits);
        uint64_t now = (old & kept) | (gic->awake ? 0 : SHM_CPUIF_ASLEEP);

        now = base_field_set(now, SHM_CPUIF_BPR0_SHIFT, 3, minimum);
        return base_field_set(now, SHM_CPUIF_BPR1_SHIFT, 3, minimum + 1);
}

void shm_reset_count(struct shm_vcpu *vcpu)
{
        shm_add(&vcpu->counters.resets, 1, COUNT_R1);
}
