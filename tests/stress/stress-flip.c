/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One that places a 1-of-N interrupt stands still between two of its accesses. Meanwhile the
 * outsider closes the gates of all vCPUs but one, and opens that one if it was closed. Once both
 * are through the interrupt is where it can be taken (law 3).
 *
 * Only in the program with hooks. In these rounds nobody else changes a gate or a route, and hardly
 * anybody else injects: what was placed wrong stays so.
 */
#include <sched.h>

#include "stress.h"

static void place(struct party *p)
{
        struct stress *s = p->stress;
        uint32_t nobody = 0, intid = irqs_draw(p, true);

        if (!atomic_compare_exchange_strong(&s->still_turn, &nobody, p->who + 1))
                return;
        if (!(shm_word_load(shm_gic_word(&p->rig.gic, 0, intid)) & GIC_WORD_IRM))
                route(&p->rig, intid, GIC_IROUTER_IRM);
        atomic_store(&s->still_intid, intid);
        laws_sent(s->laws, 0, intid);
        p->still_in = 1 + party_below(p, party_below(p, 2) ? 16 : 80);
        shm_line_pulse(&p->rig.gic, 0, intid);
        p->still_in = 0;
        atomic_store(&s->still_turn, 0);
        log_op(p, "place", 0, intid, 0, 0);
}

/* The outsider's judgement would take all steps of this party, and this one's turns all of its. */
void op_place(struct party *p)
{
        while (atomic_load(&p->stress->is_judged) && !party_stops(p))
                sched_yield();
        laws_enter(p->stress->laws, p->who);
        place(p);
        laws_leave(p->stress->laws, p->who);
}

static bool excludes(const struct shm_gic *gic, uint32_t vcpu)
{
        return base_field_get(atomic_load(&gic->vcpus[vcpu].cpuif), SHM_CPUIF_DPG_SHIFT, 2) != 0;
}

static void exclude_one(struct party *p, uint32_t vcpu, bool on)
{
        if (excludes(&p->rig.gic, vcpu) != on)
                shm_gicr_write(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4,
                               on ? GICR_CTLR_DPG : 0);
}

/*
 * Gates that are so already are left alone: writing one again would place what waits behind it. The
 * others are opened first: an interrupt that is with one of them stays there while they are closed.
 */
static void exclude(struct party *p, uint64_t vcpus)
{
        struct stress *s = p->stress;

        laws_enter(s->laws, p->who);
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                if (!(vcpus >> v & 1))
                        exclude_one(p, v, false);
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                if (vcpus >> v & 1)
                        exclude_one(p, v, true);
        laws_leave(s->laws, p->who);
        log_op(p, "DPG", UINT32_MAX, UINT32_MAX, vcpus, 0);
}

/* The one that stands still goes on; from then on nobody does until the turn is given back. */
static bool take_turn(struct party *p)
{
        struct stress *s = p->stress;

        for (;;) {
                uint32_t nobody = 0;

                atomic_store(&s->is_still, 0);
                if (atomic_compare_exchange_strong(&s->still_turn, &nobody, p->who + 1))
                        return true;
                if (party_stops(p))
                        return false;
                sched_yield();
        }
}

/* The same word time after time, everybody through with what he was in. */
static void judge_placed(struct party *p, uint32_t intid)
{
        struct stress *s = p->stress;
        const struct shm_gic *gic = &s->rig.gic;
        uint64_t w = shm_word_load(shm_gic_word(gic, 0, intid)), first = w;
        uint32_t instead = laws_chosen_instead(gic, w);

        for (unsigned times = 0; instead != GIC_NO_VCPU && times < STRESS_GRACES; times++) {
                laws_grace(s->laws, p->who);
                w = shm_word_load(shm_gic_word(gic, 0, intid));
                instead = w == first ? laws_chosen_instead(gic, w) : GIC_NO_VCPU;
        }
        if (instead != GIC_NO_VCPU && !party_stops(p))
                laws_broken(s->laws, gic, 3, instead, intid,
                            "1-of-N: gates changed while it was placed, it waits for vCPU %d, and "
                            "vCPU %u is eligible",
                            gic_word_route(w) == GIC_NO_VCPU ? -1 : gic_word_route(w), instead);
}

/*
 * Which vCPU stays open. Mostly the one that has it by now: whoever closes the gate of another
 * leaves it there, and the one that stands still takes it from there to whom it had chosen before.
 */
static uint32_t stays_open(struct party *p, uint32_t intid)
{
        const struct stress *s = p->stress;
        uint32_t route = gic_word_route(shm_word_load(shm_gic_word(&p->rig.gic, 0, intid)));

        return route < s->n_vcpus && party_below(p, 8) ? route : party_below(p, s->n_vcpus);
}

/*
 * What the next one finds. Where only some are closed, the one that had its interrupt last may be
 * among them: then it chooses another, and while it stands still that one is closed, and the one
 * that the word still names is opened.
 */
static uint64_t draw_closed(struct party *p, uint64_t all)
{
        switch (party_below(p, 3)) {
        case 0: return 0;
        case 1: return all;
        default: return party_below(p, (uint32_t)all + 1);
        }
}

/*
 * Waits for one: else the outsider would be through with its steps before the others have begun
 * with theirs. Return: false: nobody is to come in this phase.
 */
static bool finds_one_still(const struct party *p)
{
        const struct stress *s = p->stress;
        uint32_t n_busy;

        do {
                n_busy = 0;
                for (uint32_t i = 0; i < s->n_parties; i++)
                        n_busy += s->parties[i].role == ROLE_DEVICE && !party_rests(&s->parties[i]);
                if (atomic_load(&s->is_still))
                        return true;
                sched_yield();
        } while (n_busy && !party_stops(p));
        return false;
}

void op_flip(struct party *p)
{
        struct stress *s = p->stress;
        const uint64_t all = base_mask(s->n_vcpus);
        uint32_t intid;

        /* the table's last: a device without an operation of its own in this round is here, too */
        if (p->role != ROLE_OUTSIDER || !finds_one_still(p))
                return;
        intid = atomic_load(&s->still_intid);
        exclude(p, all & ~(UINT64_C(1) << stays_open(p, intid)));
        atomic_store(&s->is_judged, 1);
        if (take_turn(p)) {
                judge_placed(p, intid);
                exclude(p, draw_closed(p, all));
                atomic_store(&s->still_turn, 0);
        }
        atomic_store(&s->is_judged, 0);
}
