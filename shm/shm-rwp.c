/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-rwp.h"

#include "shm-list.h"
#include "shm-word.h"

/* @closed: groups that are. Of what is enabled nobody waits for the disable. Resident, it is in the bank (BANK-X1 before WORD-R1). */
static bool may_be_taken(struct shm_gic *gic, const shm_atomic(uint64_t) *word, uint32_t intid, unsigned closed)
{
        uint64_t w = shm_word_load(word);
        uint32_t port = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT) || ((w & GIC_WORD_ENABLE) && !(closed & 1u << gic_word_group(w))))
                return false;
        return port < gic->n_vcpus && (shm_list_saved_state(&gic->vcpus[port], intid) & GICH_LR_PENDING);
}

static bool may_private_be_taken(struct shm_gic *gic, uint32_t vcpu, unsigned closed)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (may_be_taken(gic, &gic->vcpus[vcpu].words[i], shm_gic_nth_private(i), closed))
                        return true;
        return false;
}

static bool has_ports(const struct shm_gic *gic)
{
        return shm_load(&gic->header->tdir, TDIR_A4) & SHM_TDIR_PORTS;
}

bool shm_rwp_of_distributor(struct shm_gic *gic)
{
        unsigned closed = ~(unsigned)shm_load(&gic->header->gicd_ctlr, GATE_A2) & 3;

        if (!has_ports(gic))
                return false;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                if (may_be_taken(gic, &shm_gic_spi(gic, intid)->word, intid, closed))
                        return true;
        }
        /* GICR_ICENABLER0 is the redistributor's: of what is private, only what a group enable has to do with. */
        for (uint32_t i = 0; closed && i < gic->n_vcpus; i++)
                if (shm_gic_is_port_in_guest(&gic->vcpus[i]) && may_private_be_taken(gic, i, closed))
                        return true;
        return false;
}

bool shm_rwp_of_redistributor(struct shm_gic *gic, uint32_t vcpu)
{
        return has_ports(gic) && may_private_be_taken(gic, vcpu, 0);
}

/* Something that this port has listed: what is enabled counts, too. */
static bool may_any_be_taken(struct shm_gic *gic, uint32_t vcpu, const shm_atomic(uint64_t) *word, uint32_t intid)
{
        return gic_word_holder(shm_word_load(word)) == vcpu && may_be_taken(gic, word, intid, 3);
}

bool shm_rwp_of_waker(struct shm_gic *gic, uint32_t vcpu)
{
        if (!shm_gic_is_port_in_guest(&gic->vcpus[vcpu]))
                return false;
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (may_any_be_taken(gic, vcpu, &gic->vcpus[vcpu].words[i], shm_gic_nth_private(i)))
                        return true;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                if (may_any_be_taken(gic, vcpu, &shm_gic_spi(gic, intid)->word, intid))
                        return true;
        }
        return false;
}
