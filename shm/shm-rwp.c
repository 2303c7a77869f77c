/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-rwp.h"

#include "shm-held.h"
#include "shm-slot.h"
#include "shm-word.h"

/*
 * @closed: groups that are. Of what is enabled nobody waits for the disable. Resident, it is in the
 * bank (BANK-X1 before WORD-R1).
 *
 * A guest takes it by the group that it had when it was listed. Of one that was changed since
 * (GIC_WORD_FOLD) that group is unknown here: it may be a closed one until its port has folded.
 */
static bool may_be_taken(struct shm_gic *gic, const shm_atomic(uint64_t) *word, uint32_t intid,
                         unsigned closed)
{
        uint64_t w = shm_word_load(word);
        uint32_t port = gic_word_holder(w);

        if (!(w & GIC_WORD_RESIDENT))
                return false;
        if ((w & GIC_WORD_ENABLE) && !(closed & 1u << gic_word_group(w)) &&
            !(closed && (w & GIC_WORD_FOLD)))
                return false;
        return port < gic->n_vcpus &&
               (shm_held_listed_state(&gic->vcpus[port], intid) & GICH_LR_PENDING);
}

static bool may_private_be_taken(struct shm_gic *gic, uint32_t vcpu, unsigned closed)
{
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (may_be_taken(gic, &gic->vcpus[vcpu].words[i], shm_gic_nth_private(i), closed))
                        return true;
        return false;
}

/*
 * What an acknowledge in the slot of a trap port (SLOT-A2) is of. Its other fields may be of the
 * next operation by now: then it is over, and the next one sees the gates as they are.
 */
struct acknowledge {
        const shm_atomic(uint64_t) *word;
        uint64_t old_word;
        uint32_t intid;
        unsigned group;
};

/* SLOT-A2: what @vcpu may be acknowledging now, if that is an interrupt which exists. */
static bool is_acknowledging(struct shm_gic *gic, uint32_t vcpu, struct acknowledge *ret_ack)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];

        if (!shm_slot_is_acknowledging(self, &ret_ack->intid))
                return false;
        ret_ack->word = shm_gic_word(gic, vcpu, ret_ack->intid);
        ret_ack->old_word = shm_load(&self->slot.old_word, SLOT_X1);
        ret_ack->group = SHM_SLOT_ARGUMENT_GROUP(shm_load(&self->slot.argument, SLOT_X1));
        return ret_ack->word;
}

static bool is_disabled(const struct acknowledge *ack)
{
        return !(shm_word_load(ack->word) & GIC_WORD_ENABLE);
}

/* An SPI that was disabled, or anything of a closed group. */
static bool may_be_acknowledged(struct shm_gic *gic, unsigned closed)
{
        struct acknowledge ack;

        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                if (is_acknowledging(gic, i, &ack) &&
                    ((closed & 1u << ack.group) ||
                     (!gic_intid_is_private(ack.intid) && is_disabled(&ack))))
                        return true;
        return false;
}

/* What is private and was disabled, or a 1-of-N interrupt where GICR_CTLR.DPG has its group. */
static bool may_be_acknowledged_here(struct shm_gic *gic, uint32_t vcpu)
{
        struct acknowledge ack;
        uint64_t cpuif;

        if (!is_acknowledging(gic, vcpu, &ack))
                return false;
        if (gic_intid_is_private(ack.intid))
                return is_disabled(&ack);
        cpuif = shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1);
        return (ack.old_word & GIC_WORD_IRM) && (cpuif >> (SHM_CPUIF_DPG_SHIFT + ack.group) & 1);
}

static bool has_ports(const struct shm_gic *gic)
{
        return shm_load(&gic->header->tdir, TDIR_A4) & SHM_TDIR_PORTS;
}

bool shm_rwp_of_distributor(struct shm_gic *gic)
{
        unsigned closed = ~(unsigned)shm_load(&gic->header->gicd_ctlr, GATE_A2) & 3;

        if (may_be_acknowledged(gic, closed))
                return true;
        if (!has_ports(gic))
                return false;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                if (may_be_taken(gic, &shm_gic_spi(gic, intid)->word, intid, closed))
                        return true;
        }
        /*
         * GICR_ICENABLER0 is the redistributor's: of what is private, only what a group enable has
         * to do with.
         */
        for (uint32_t i = 0; closed && i < gic->n_vcpus; i++)
                if (shm_gic_is_port_in_guest(&gic->vcpus[i]) &&
                    may_private_be_taken(gic, i, closed))
                        return true;
        return false;
}

/* A 1-of-N interrupt that this port has listed, of a group that GICR_CTLR.DPG has. */
static bool may_oneofn_be_taken(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, GATE_A1);
        unsigned closed = cpuif >> SHM_CPUIF_DPG_SHIFT & 3;

        if (!closed || !shm_gic_is_port_in_guest(&gic->vcpus[vcpu]))
                return false;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);
                const shm_atomic(uint64_t) *word = &shm_gic_spi(gic, intid)->word;
                uint64_t w = shm_word_load(word);

                if ((w & GIC_WORD_IRM) && gic_word_holder(w) == vcpu &&
                    may_be_taken(gic, word, intid, closed))
                        return true;
        }
        return false;
}

bool shm_rwp_of_redistributor(struct shm_gic *gic, uint32_t vcpu)
{
        return may_be_acknowledged_here(gic, vcpu) ||
               (has_ports(gic) && (may_private_be_taken(gic, vcpu, 0) ||
                                   may_oneofn_be_taken(gic, vcpu)));
}

/* Something that this port has listed: what is enabled counts, too. */
static bool may_any_be_taken(struct shm_gic *gic, uint32_t vcpu, const shm_atomic(uint64_t) *word,
                             uint32_t intid)
{
        return gic_word_holder(shm_word_load(word)) == vcpu && may_be_taken(gic, word, intid, 3);
}

bool shm_rwp_of_waker(struct shm_gic *gic, uint32_t vcpu)
{
        uint32_t intid;

        if (shm_slot_is_acknowledging(&gic->vcpus[vcpu], &intid))
                return true;
        if (!shm_gic_is_port_in_guest(&gic->vcpus[vcpu]))
                return false;
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                if (may_any_be_taken(gic, vcpu, &gic->vcpus[vcpu].words[i], shm_gic_nth_private(i)))
                        return true;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                intid = shm_gic_nth_spi(gic, i);
                if (may_any_be_taken(gic, vcpu, &shm_gic_spi(gic, intid)->word, intid))
                        return true;
        }
        return false;
}
