/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One that injects stands still between two of its accesses, as a process does that was sent
 * SIGSTOP; somebody else injects the same interrupt, and comes through: then it is a candidate,
 * TDIR is set, and its vCPU was rung if it sleeps. Laws 3 and 4, which elsewhere wait for
 * everybody who is in the middle of something.
 *
 * Only in the program with hooks. In these rounds nothing else decides whether an interrupt is
 * delivered: what is found wanting stays so until it is acknowledged.
 */
#include <sched.h>

#include "stress.h"

/* In the middle of its injection, until the outsider has looked, or has no more to do. */
void still_here(struct party *p)
{
        struct stress *s = p->stress;
        const struct party *outsider = &s->parties[s->n_parties - 1];

        atomic_store(&s->is_still, 1);
        atomic_fetch_add(&s->n_still, 1);
        while (atomic_load(&s->is_still) && !party_rests(outsider) && !party_stops(p))
                sched_yield();
        atomic_store(&s->is_still, 0);
}

void op_stand_still(struct party *p)
{
        struct stress *s = p->stress;
        uint32_t nobody = 0, intid = irqs_draw(p, true);
        bool stands = atomic_compare_exchange_strong(&s->still_turn, &nobody, p->who + 1);

        if (stands) {
                atomic_store(&s->still_intid, intid);
                p->still_in = 1 + party_below(p, party_below(p, 2) ? 4 : 12);
        }
        laws_sent(s->laws, 0, intid);
        shm_line_pulse(&p->rig.gic, 0, intid);
        p->still_in = 0;
        if (stands)
                atomic_store(&s->still_turn, 0);
        log_op(p, "pulse", 0, intid, stands, 0);
}

/* --- beside it --- */

/* What a vCPU sleeps through; its park, and that nobody has rung since, go with it. */
struct unheard {
        uint32_t law, vcpu, n_parks;
        uint64_t generation;
        const char *what;
};

/* One that was refused at the gate of TDIR waits for the last port that leaves (shm-gate.h). */
static bool sleeps_unrung(const struct party *p, uint32_t *ret_n_parks)
{
        const struct shm_vcpu *vcpu = &p->rig.gic.vcpus[p->vcpu];

        *ret_n_parks = atomic_load(&p->n_parks);
        return atomic_load(&vcpu->park) == SHM_PARK_PARKED &&
               !(atomic_load(&vcpu->port) & SHM_PORT_GATED) &&
               atomic_load(&p->rung) == atomic_load(&p->slept);
}

static struct unheard look(const struct stress *s, uint32_t intid)
{
        const struct shm_gic *gic = &s->rig.gic;
        uint64_t w = shm_word_load(shm_gic_word(gic, 0, intid));
        struct unheard of = { .vcpu = gic_word_route(w) };

        if (!gic_word_wanting(w))
                return of;
        if (!shm_tdir_get(gic, &of.generation, NULL))
                of = (struct unheard) { 4, of.vcpu, 0, of.generation, "TDIR is clear" };
        else if (of.vcpu >= s->n_vcpus)
                return of;
        else if (marked_lacks(&gic->vcpus[of.vcpu], intid, w))
                of = (struct unheard) { 3, of.vcpu, 0, 0, "it is no candidate" };
        else if (laws_preempts(gic, of.vcpu, w) &&
                 sleeps_unrung(&s->parties[of.vcpu], &of.n_parks))
                of = (struct unheard) { 3, of.vcpu, of.n_parks, 0, "its vCPU was not rung" };
        return of;
}

/* The same time after time, everybody else through with what he was in: nobody will tell it. */
static void judge(struct party *p, uint32_t intid, uint32_t still)
{
        struct stress *s = p->stress;
        struct unheard first = look(s, intid), now = first;

        for (unsigned times = 0; first.law && times < STRESS_GRACES; times++) {
                laws_grace_but(s->laws, p->who, still);
                now = look(s, intid);
                if (now.law != first.law || now.vcpu != first.vcpu ||
                    now.n_parks != first.n_parks || now.generation != first.generation)
                        return;
        }
        if (first.law && !party_stops(p))
                laws_broken(s->laws, &s->rig.gic, first.law, now.vcpu, intid,
                            "injected while party %u stands still in the same: %s", still,
                            now.what);
}

void op_beside(struct party *p)
{
        struct stress *s = p->stress;
        uint32_t intid, still;

        if (!atomic_load(&s->is_still))
                return;
        intid = atomic_load(&s->still_intid);
        still = atomic_load(&s->still_turn) - 1;
        laws_enter(s->laws, p->who);
        laws_sent(s->laws, 0, intid);
        party_below(p, 2) ? (void)shm_line_pulse(&p->rig.gic, 0, intid)
                          : set_bit(&p->rig, 0, ISPENDR, intid);
        laws_leave(s->laws, p->who);
        log_op(p, "pulse beside it", 0, intid, still, 0);
        judge(p, intid, still);
        atomic_store(&s->is_still, 0);
}
