/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-word-pay.h"

/* A port in guest that does not trap ICC_DIR_EL1 has to, for a private interrupt that is active. */
static void ring_untrapped_port(struct shm_gic *gic, uint32_t vcpu)
{
        uint32_t port = shm_load(&gic->vcpus[vcpu].port, PORT_A1);

        if ((port & (SHM_PORT_IN | SHM_PORT_TRAPS)) == SHM_PORT_IN)
                shm_word_ring(gic, vcpu);
}

void shm_word_raise(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        if (!gic_intid_is_private(intid) && gic_word_in_flight(w))
                shm_tdir_raise(gic, intid);
}

/*
 * The mark is made as for a change: by a read-modify-write, which says for certain what is
 * there. That a load found the candidate would not do: its vCPU may be clearing it, and CAND-R3
 * would not have to see the word that this writer saw.
 */
void shm_word_pay_again(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        uint32_t target = gic_word_route(w), holder = gic_word_holder(w);

        shm_tdir_raise_again(gic, intid, w);
        if ((w & GIC_WORD_FOLD) && holder < gic->n_vcpus)
                shm_word_ring(gic, holder);
        if ((w & GIC_WORD_ACTIVE) && gic_intid_is_private(intid) && target < gic->n_vcpus)
                ring_untrapped_port(gic, target);
        if (!gic_irq_is_owed(w))
                return;
        if (target < gic->n_vcpus) {
                shm_word_mark(&gic->vcpus[target], intid, w);
                shm_cpuif_ring_again(gic, target, w);
        }
        if (w & GIC_WORD_IRM)
                shm_oneofn_stay(gic, target, intid);
}

void shm_word_pay_rest(struct shm_gic *gic, uint32_t intid, uint64_t w, unsigned paid)
{
        if (paid & (GIC_EFFECT_DELIVER | GIC_EFFECT_FOLD))
                shm_tdir_raise_again(gic, intid, w);
        else if (shm_word_owes(w))
                shm_word_pay_again(gic, intid, w);
}
