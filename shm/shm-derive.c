/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-derive.h"

#include "shm-held.h"

/*
 * A bit too many costs a look, one that is missing an interrupt: so bits are set by what words say,
 * and none is cleared.
 */
static void rebuild_candidate(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(gic, vcpu, intid));

        if (gic_word_deliverable(w) && gic_word_route(w) == vcpu)
                shm_word_mark(&gic->vcpus[vcpu], intid, w);
        if ((w & GIC_WORD_ACTIVE) && gic_word_holder(w) == vcpu)
                shm_held_remember(&gic->vcpus[vcpu], intid);
}

/* Rebuild the candidates of a vCPU from the words: they are derived state. */
void shm_derive_candidates(struct shm_gic *gic, uint32_t vcpu)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                rebuild_candidate(gic, vcpu, shm_gic_nth_private(i));
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                rebuild_candidate(gic, vcpu, shm_gic_nth_spi(gic, i));
}

void shm_derive_vcpu(struct shm_gic *gic, uint32_t vcpu)
{
        shm_derive_candidates(gic, vcpu);
        shm_word_ring(gic, vcpu);
}
