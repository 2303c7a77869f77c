/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One round: run, quiet, judge; open the distributor's gate, quiet, judge; open all others, quiet,
 * judge: nothing may be left. Conducted by a thread (a process) that is no party; it has a party's
 * record for its own operations.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "stress.h"

enum { LIMIT_S = 120 };

static struct party *conductor(struct stress *s)
{
        return &s->parties[s->n_parties];
}

/* --- quiet --- */

/*
 * Does everybody rest, with his doorbell heard? *ret_n says how often they went to rest until now.
 */
static bool all_rest(struct stress *s, uint64_t *ret_n)
{
        *ret_n = 0;
        for (uint32_t i = 0; i < s->n_parties; i++) {
                struct party *p = &s->parties[i];

                if (!atomic_load(&p->resting) || atomic_load(&p->rung) != atomic_load(&p->heard))
                        return false;
                *ret_n += atomic_load(&p->n_rests);
        }
        return true;
}

static void tell_unrest(struct stress *s)
{
        for (uint32_t i = 0; i < s->n_parties; i++) {
                struct party *p = &s->parties[i];

                tap_note("party %u: %s, rung %u heard %u, %llu operations, phase %u of %u, in an "
                         "operation: %llu",
                         i, atomic_load(&p->resting) ? "rests" : "is busy", atomic_load(&p->rung),
                         atomic_load(&p->heard), (unsigned long long)atomic_load(&p->n_ops),
                         p->order, atomic_load(&s->order),
                         (unsigned long long)atomic_load(&s->laws->parties[i].n_calls) & 1);
        }
        laws_broken(s->laws, &s->rig.gic, 3, 0, UINT32_MAX, "no rest within %d s", LIMIT_S);
}

/* Twice the same: so there was an instant in between at which all did. */
static bool wait_quiet(struct stress *s)
{
        time_t end = time(NULL) + LIMIT_S;

        while (laws_hold(s->laws)) {
                uint32_t heard = atomic_load(&s->main_rung);
                struct timespec limit = { .tv_nsec = 20000000 };
                uint64_t first, second;

                if (all_rest(s, &first) && all_rest(s, &second) && first == second)
                        return true;
                syscall(SYS_futex, &s->main_rung, FUTEX_WAIT, heard, &limit, NULL, 0);
                if (time(NULL) > end)
                        tell_unrest(s);
        }
        return false;
}

static bool go(struct stress *s, enum phase phase)
{
        atomic_store(&s->phase, phase);
        atomic_fetch_add(&s->order, 1);
        for (uint32_t i = 0; i < s->n_parties; i++)
                party_bell(&s->parties[i]);
        return phase == PHASE_END || wait_quiet(s);
}

/* --- judging --- */

static void judge_edges(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        if (counted && irqs_law_2_is_exact(s, vcpu, intid))
                laws_judge_edge(s->laws, &s->rig.gic, vcpu, intid);
}

static void judge_canary(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        (void)counted;
        if (shm_word_load(shm_gic_word(&s->rig.gic, vcpu, intid)) & GIC_WORD_ENABLE)
                laws_broken(s->laws, &s->rig.gic, 5, vcpu, intid,
                            "enabled before a reset was asked for, and still enabled");
}

/*
 * Put to sleep by GICR_WAKER, and something waits: whoever made it pending has rung, and at the
 * look after that it was there. (A VMM would not go back to sleep.)
 */
static void judge_wake(struct stress *s, uint32_t vcpu)
{
        uint32_t intid = UINT32_MAX;

        if (laws_is_woken(&s->rig.gic, vcpu, &intid) && !atomic_load(&s->parties[vcpu].is_woken))
                laws_broken(s->laws, &s->rig.gic, 3, vcpu, intid,
                            "ProcessorSleep is set, it waits, and nobody has rung");
}

static void judge(struct stress *s)
{
        laws_judge_quiet(s->laws, &s->rig.gic);
        irqs_each_spi(s, judge_edges);
        for (uint32_t v = 0; v < s->n_vcpus; v++) {
                irqs_each_private(s, v, judge_edges);
                irqs_each_canary(s, v, judge_canary);
                outside_judge_apr(conductor(s), v);
                judge_wake(s, v);
        }
}

/* Each acknowledge had its end, and nothing in this mix can have kept it from ending. */
static void judge_ended(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        if (counted && (shm_word_load(shm_gic_word(&s->rig.gic, vcpu, intid)) & GIC_WORD_ACTIVE))
                laws_broken(s->laws, &s->rig.gic, 1, vcpu, intid, "it is active after its end");
}

static void judge_idle(struct stress *s)
{
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                if (shm_cpuif_running_priority(&s->rig.gic, v) != GIC_PRIORITY_IDLE)
                        laws_broken(s->laws, &s->rig.gic, 1, v, UINT32_MAX,
                                    "a running priority is left when all has ended");
}

static void judge_delivered(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        uint64_t w = shm_word_load(shm_gic_word(&s->rig.gic, vcpu, intid));

        (void)counted;
        if ((w & GIC_WORD_ACTIVE) || gic_word_pending(w) || !(w & GIC_WORD_ENABLE))
                laws_broken(s->laws, &s->rig.gic, 3, vcpu, intid,
                            "all gates are open, and it is still there");
}

/* --- between rounds --- */

/* What a round may leave to others is taken away: levels, what ISACTIVER made active. */
static void clean(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        struct rig *r = &conductor(s)->rig;

        if (counted && !(s->mix & MIX_LOOSE) && !s->unjudged)
                return;
        for (unsigned wire = 0; intid >= GIC_N_SGIS && wire < GIC_N_WIRES; wire++)
                shm_line_set(&r->gic, vcpu, intid, wire, false);
        if (shm_gic_is_spi(&r->gic, intid) && !counted)
                gicd(r, 0x48, intid);
        laws_end(s->laws, vcpu, intid);
        set_bit(r, vcpu, ICACTIVER, intid);
        laws_ended(s->laws, vcpu, intid);
        log_op(conductor(s), "clean", vcpu, intid, 0, 0);
}

static void forget(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        (void)counted;
        laws_forget(s->laws, vcpu, intid);
}

static void begin_anew(struct stress *s)
{
        irqs_each_spi(s, forget);
        for (uint32_t v = 0; v < s->n_vcpus; v++) {
                irqs_each_private(s, v, forget);
                atomic_store(&s->private_void[v], 0);
                for (unsigned group = 0; group < 2; group++)
                        atomic_store(&s->odd_apr[v][group], 0);
        }
        laws_renew(s->laws);
}

/*
 * The guests open their gates, and end what they hold as they should; then what cannot end is
 * cleaned away, and all is set up anew while everybody sleeps: whoever is wanted is woken by the
 * controller, or not at all.
 */
static bool open_all(struct stress *s)
{
        struct party *p = conductor(s);

        for (uint32_t v = 0; v < s->n_vcpus; v++)
                atomic_store(&s->modes[v], party_below(p, 2));
        if (!go(s, PHASE_OPEN))
                return false;
        judge(s);
        irqs_each_spi(s, clean);
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                irqs_each_private(s, v, clean);
        if (!wait_quiet(s))
                return false;
        judge(s);
        irqs_configure(p);
        log_op(p, "configure", UINT32_MAX, UINT32_MAX, 0, 0);
        return wait_quiet(s);
}

static void judge_end(struct stress *s)
{
        judge(s);
        judge_idle(s);
        irqs_each_spi(s, judge_delivered);
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                irqs_each_private(s, v, judge_delivered);
        shm_tdir_try_clear(&s->rig.gic);
        if (shm_tdir_get(&s->rig.gic, NULL, NULL))
                laws_broken(s->laws, &s->rig.gic, 4, UINT32_MAX, UINT32_MAX,
                            "nothing is in flight, and TDIR cannot be cleared");
}

/* Short rounds find what the next interrupt would heal; long ones what takes many. */
static void draw_shape(struct stress *s)
{
        struct party *p = conductor(s);

        s->n_steps = party_below(p, 8) ? 10 + party_below(p, 100) : 500 + party_below(p, 4000);
        s->eager = party_below(p, 2);
        s->pace = party_below(p, 2) ? party_below(p, 5000) : 0;
        s->unjudged = s->list_registers && ((s->mix & MIX_LOOSE) || !party_below(p, 3));
        if (s->unjudged)
                laws_void(s->laws, LAWS_VOID_ALL);
        s->slow_site = party_below(p, N_SITES);
        irqs_choose(p);
        ops_boost(p);
        if ((s->mix & MIX_GATES) && party_below(p, 2)) /* 1-of-N: only one is left to choose from */
                for (uint32_t v = 1; v < s->n_vcpus; v++)
                        shm_gicr_write(&p->rig.gic, v * (uint64_t)GICR_STRIDE, 4, GICR_CTLR_DPG);
}

void round_run(struct stress *s, uint32_t mix)
{
        s->mix = mix;
        draw_shape(s);
        if (!go(s, PHASE_RUN))
                return;
        judge(s);
        if (!(mix & MIX_LOOSE) && !s->unjudged) {
                irqs_each_spi(s, judge_ended);
                for (uint32_t v = 0; v < s->n_vcpus; v++)
                        irqs_each_private(s, v, judge_ended);
                judge_idle(s);
        }
        gicd(&conductor(s)->rig, 0, 3);
        log_op(conductor(s), "GICD_CTLR", UINT32_MAX, UINT32_MAX, 3, 0);
        if (!wait_quiet(s))
                return;
        judge(s);
        if (!open_all(s))
                return;
        judge_end(s);
        begin_anew(s);
}

void round_end(struct stress *s)
{
        go(s, PHASE_END);
}

/* The first: everything is set up. */
bool round_first(struct stress *s)
{
        s->mix = MIX_LOOSE;
        gicd(&conductor(s)->rig, 0, 3);
        if (!open_all(s))
                return false;
        begin_anew(s);
        return true;
}
