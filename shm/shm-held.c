/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-held.h"

bool shm_held_is_own_active(uint64_t w, uint32_t vcpu)
{
        return (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) == GIC_WORD_ACTIVE &&
               gic_word_holder(w) == vcpu;
}

void shm_held_remember(struct shm_vcpu *self, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid), i = index / 64;
        uint64_t bit = UINT64_C(1) << (index % 64);

        if (!(shm_load(&self->actives[i], PORT_X1) & bit))
                shm_or(&self->actives[i], bit, PORT_X2);
        if (!(shm_load(&self->actives_summary, PORT_X1) & UINT64_C(1) << i))
                shm_or(&self->actives_summary, UINT64_C(1) << i, PORT_X2);
}

static bool is_held(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        const shm_atomic(uint64_t) *at = shm_gic_word(gic, vcpu, intid);
        uint64_t w = at ? shm_word_load(at) : 0;

        return (w & GIC_WORD_ACTIVE) && gic_word_holder(w) == vcpu;
}

/*
 * The order in which interrupts were acknowledged here: an end of interrupt that finds no list
 * register is of the latest that has none. Its priority may be another by now.
 */
void shm_held_push_ack(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t n = shm_load(&self->n_ack_order, PORT_X1), kept = 0;

        /*
         * those that ended, and if there are none, the oldest: EOImode 1 can leave any number
         * active
         */
        if (n >= SHM_N_ACK_ORDER) {
                for (uint32_t i = 0; i < SHM_N_ACK_ORDER; i++) {
                        uint32_t other = shm_load(&self->ack_order[i], PORT_X1);

                        if (is_held(gic, vcpu, other))
                                shm_store(&self->ack_order[kept++], other, PORT_X3);
                }
                if (kept == SHM_N_ACK_ORDER)
                        for (kept = 0; kept < SHM_N_ACK_ORDER - 1; kept++) {
                                uint32_t next = shm_load(&self->ack_order[kept + 1], PORT_X1);

                                shm_store(&self->ack_order[kept], next, PORT_X3);
                        }
                n = kept;
        }
        shm_store(&self->ack_order[n], intid, PORT_X3);
        shm_store(&self->n_ack_order, n + 1, PORT_X3);
}

static uint32_t n_acks_of(const struct shm_vcpu *self)
{
        uint32_t n = shm_load(&self->n_ack_order, PORT_X1);

        return n < SHM_N_ACK_ORDER ? n : SHM_N_ACK_ORDER;
}

/*
 * Is @intid in the order once more from place @from on? Then the older entry is of an activation
 * that has ended.
 */
static bool is_acknowledged_again(const struct shm_vcpu *self, uint32_t from, uint32_t n,
                                  uint32_t intid)
{
        while (from < n)
                if (shm_load(&self->ack_order[from++], PORT_X1) == intid)
                        return true;
        return false;
}

/* It had a list register when EOIcount was counted: that end of interrupt was not of it. */
static bool was_listed(const struct shm_vcpu *self, uint32_t intid)
{
        return shm_held_listed_state(self, intid);
}

/* What ended, or was taken again later, goes. */
unsigned shm_held_trim_ack_order(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t n = n_acks_of(self), kept = 0;
        unsigned n_outside = 0;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t intid = shm_load(&self->ack_order[i], PORT_X1);

                if (!is_held(gic, vcpu, intid) || is_acknowledged_again(self, i + 1, n, intid))
                        continue;
                shm_store(&self->ack_order[kept++], intid, PORT_X3);
                n_outside += !was_listed(self, intid);
        }
        shm_store(&self->n_ack_order, kept, PORT_X3);
        return n_outside;
}

uint32_t shm_held_latest_ack(const struct shm_gic *gic, uint32_t vcpu, unsigned n_later)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];

        for (uint32_t n = n_acks_of(self); n; n--) {
                uint32_t intid = shm_load(&self->ack_order[n - 1], PORT_X1);

                if (shm_gic_word(gic, vcpu, intid) && !was_listed(self, intid) && !n_later--)
                        return intid;
        }
        return GIC_INTID_SPURIOUS;
}
