/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Kill points: death after every single shared store of every operation (tests/death/README)
 *
 * Three executions without a death say what may be left of operation A if B is done by somebody
 * else around the death: B alone (A not done), A then B, B then A (what the repair completes). Each
 * of: B after the death, B in the middle of A, B in the middle of the repair, a second death in the
 * middle of the repair.
 */
#include <stdlib.h>
#include <time.h>

#include "points.h"

static uint64_t seed = 1;
unsigned long points_n_kills, points_n_wrong, points_n_stops;
static unsigned long n_trials, n_points, n_failed;
static bool verbose;

uint32_t points_below(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (uint32_t)((seed >> 33) % n);
}

/* --- what is allowed --- */


struct expected points_expected[MAX_EXPECTED];
unsigned points_n_expected;
static bool has_burial = true;          /* or nobody died: see stop_each() */

void points_act(const struct death_act *a)
{
        a->act();
}

const struct death_plan points_alone;

unsigned points_n_parts(const struct death_act *a)
{
        return a->part ? a->n_parts : 1;
}

void points_do_parts(const struct death_act *a, unsigned from, unsigned to)
{
        for (unsigned i = from; i < to; i++)
                a->part ? a->part(i) : a->act();
}

/* Executions without a death obey the laws, or the judge is wrong. */
static void expect(const struct death_act *a, const struct death_act *b, unsigned before,
                   unsigned after, unsigned how)
{
        bool late = how & 1, repaired = how & 2;
        struct expected *e = &points_expected[points_n_expected++];
        const char *broken;

        if (points_n_expected == MAX_EXPECTED)
                tap_bail("%s has too many parts", a->name);
        *e = (struct expected) { .before = before,
                                .after = after, .late = late, .repaired = repaired };
        death_world_begin(a);
        points_do_parts(a, 0, before);
        if (repaired)
                death_bury(a);
        if (b->act)
                late ? b->late() : b->act();
        points_do_parts(a, before, before + after);
        if (has_burial)
                death_bury(a);
        if (!death_look(a, &e->state, &broken))
                tap_ok(false, "%s, %s, no death (%u, %u parts): %s", a->name, b->name, before,
                       after, broken);
}

static void expect_more(const struct death_act *a, const struct death_act *b)
{
        for (unsigned how = 0; how < 4; how++)
                for (unsigned done = 0; done <= points_n_parts(a) && (b->late || !(how & 1));
                     done++)
                        for (unsigned before = 0; before <= done; before++)
                                if ((!(how & 2) || (death_has_ports && before == done)) &&
                                    (has_burial || done == points_n_parts(a)))
                                        expect(a, b, before, done - before, how);
}

static void expect_all(const struct death_act *a, const struct death_act *b)
{
        points_n_expected = 0;
        expect_more(a, b);
}


/* What the victim's slot said at its death: it decides what was done. */
struct slot {
        bool was_full, is_full;
        unsigned kind;
};

static bool may_be(const struct death_act *a, const struct slot *slot, enum when when,
                   const struct expected *e)
{
        bool acknowledge = slot->kind == SHM_SLOT_ACK, between = when == IN_ACT;

        if (e->repaired && when != IN_REPAIR)
                return false;

        if (!slot->was_full && (a->flags & DEATH_FOLDS))
                return e->before + e->after == 0;
        if (!slot->was_full || (a->flags & DEATH_EARLY_SLOT) || a->part)
                return true;
        if (slot->is_full)
                return acknowledge ? e->before + e->after == 0 : e->before + e->after == 1;
        return between || (a->flags & DEATH_FOLDS) ? e->before + e->after == 1 : e->before == 1;
}

static const char *judge(const struct death_act *a, const struct death_state *got,
                         const struct slot *slot, enum when when)
{
        static char said[200];
        const char *differs;

        if (a->flags & DEATH_LAWS)
                return NULL;
        said[0] = '\0';
        for (unsigned i = 0; i < points_n_expected; i++) {
                if (!may_be(a, slot, when, &points_expected[i]))
                        continue;
                differs = death_differs(got, &points_expected[i].state,
                                        !(a->flags & DEATH_NO_NOTICE));
                if (!differs)
                        return NULL;
                if (!said[0] || i + 1 == points_n_expected)
                        snprintf(said, sizeof said, "%u+%u parts done: %s",
                                 points_expected[i].before, points_expected[i].after, differs);
        }
        return said;
}

/* --- one trial --- */


static void bury(const struct death_act *a)
{
        death_bury(a);
}

void points_report(const struct trial *t, const char *what)
{
        static const char *const places[] = { "after the death", "in the middle",
                                              "in the middle of the repair" };

        points_n_wrong++;
        if (points_n_wrong <= 40 || verbose)
                tap_note("WRONG %s: killed at store %u; %s %s (at %u), second death %u: %s",
                         t->a->name, t->kill_at, t->b->name, places[t->when], t->other_at,
                         t->again_at, what);
}

/* Return: false if the operation has no store @kill_at. */
static bool try(const struct trial *t)
{
        struct death_plan in_act = { .kill_at = t->kill_at };
        struct death_plan in_repair = { .kill_at = t->again_at };
        struct death_state got;
        struct slot slot;
        const char *broken;

        death_world_begin(t->a);
        if (t->when == IN_ACT && t->b->act) {
                in_act.other = t->b;
                in_act.other_at = t->other_at;
                in_act.other_kill_at = t->other_kill_at;
        }
        if (!death_run(points_act, t->a, &in_act))
                return false;
        points_n_kills++;
        n_trials++;
        slot = (struct slot) { death_page->was_full, death_page->is_full, death_page->slot_kind };
        if (t->when == AFTER_DEATH && t->b->act)
                t->b->act();
        if (t->when == IN_REPAIR && t->b->act) {
                in_repair.other = t->b;
                in_repair.other_at = t->other_at;
        }
        if (t->again_at)
                points_n_kills += death_run(bury, t->a, &in_repair);
        else if (in_repair.other)
                death_here(bury, t->a, &in_repair);
        if (in_repair.other && death_page->n_stores < t->other_at) /* it came to its end before */
                t->b->act();
        if (t->again_at || !in_repair.other)
                death_bury(t->a);
        if (!death_look(t->a, &got, &broken))
                points_report(t, broken);
        else if ((broken = judge(t->a, &got, &slot, t->when)))
                points_report(t, broken);
        return true;
}

/* How many stores a repair after this death has. */
static unsigned count_repair(const struct death_act *a, unsigned kill_at)
{
        struct death_plan in_act = { .kill_at = kill_at };

        death_world_begin(a);
        if (!death_run(points_act, a, &in_act))
                return 0;
        points_n_kills++;
        death_here(bury, a, &points_alone);
        return death_page->n_stores;
}

/* --- all of them, and some of the rest --- */

static unsigned n_stores_of(const struct death_act *a)
{
        death_world_begin(a);
        death_here(points_act, a, &points_alone);
        return death_page->n_stores;
}

/* Every store of @a, with every other operation after the death. */
static void every_store(const struct death_act *a)
{
        unsigned long wrong_before = points_n_wrong, kills_before = points_n_kills;
        unsigned n = n_stores_of(a);

        n_points += n;
        for (unsigned b = 0; b < death_n_others; b++) {
                unsigned step = b > 0 && (a->flags & DEATH_COLD) ? 1 + n / 16 : 1;

                expect_all(a, &death_others[b]);
                for (unsigned at = 1 + (step > 1 ? points_below(step) : 0); at <= n; at += step) {
                        struct trial t = { .a = a, .b = &death_others[b], .when = AFTER_DEATH,
                                           .kill_at = at };

                        if (!try(&t))
                                tap_ok(false, "%s: %u stores alone, no store %u now", a->name, n,
                                       at);
                }
        }
        tap_ok(points_n_wrong == wrong_before, "%s: killed after each of %u stores, %lu times",
               a->name, n, points_n_kills - kills_before);
}

/*
 * One combination of the rest, drawn: B in the middle of A or of the repair, deaths in the repair.
 */
static void some_other(const struct death_act *a, const struct death_act *b, unsigned rounds)
{
        unsigned n = n_stores_of(a);

        if (n == 0 || (a->flags & b->flags & DEATH_WIDE))
                return;
        expect_all(a, b);
        for (unsigned i = 0; i < rounds; i++) {
                struct trial t = { .a = a, .b = b,
                                   .when = b->act ? points_below(N_WHENS) : IN_REPAIR,
                                   .kill_at = 1 + points_below(n) };
                unsigned n_repair = t.when == IN_ACT ? 0 : count_repair(a, t.kill_at);

                if (t.when == IN_ACT)
                        t.other_at = 1 + points_below(t.kill_at);
                else if (n_repair && (points_below(2) || !b->act))
                        t.again_at = 1 + points_below(n_repair);
                if (t.when == IN_REPAIR && n_repair)
                        t.other_at = 1 + points_below(t.again_at ? t.again_at : n_repair);
                try(&t); /* B in the middle can make it shorter: no death then */
        }
}

/*
 * A death in the middle of the repair of a death in the middle of a deactivation, and at that
 * moment its former holder takes the interrupt again: each with each.
 */
static void every_repair(const struct death_act *a, const struct death_act *b)
{
        unsigned n = n_stores_of(a);

        expect_all(a, b);
        for (unsigned at = 1; at <= n; at++) {
                unsigned n_repair = count_repair(a, at);

                for (unsigned again = 1; again <= n_repair; again++) {
                        struct trial t = { .a = a, .b = b, .when = IN_REPAIR, .kill_at = at,
                                           .other_at = again, .again_at = again };

                        try(&t);
                }
        }
}

static void all_repairs(void)
{
        unsigned long wrong_before = points_n_wrong, start = points_n_kills;

        for (unsigned i = 0; i < death_n_acts; i++)
                for (unsigned j = 0; j < death_n_others; j++)
                        if (strstr(death_acts[i].name, "another vCPU's") &&
                            strstr(death_others[j].name, "takes"))
                                every_repair(&death_acts[i], &death_others[j]);
        tap_ok(points_n_wrong == wrong_before, "%lu deaths in deactivations and in their repairs",
               points_n_kills - start);
}

static void the_rest(unsigned long kills)
{
        unsigned long wrong_before = points_n_wrong, start = points_n_kills;

        while (points_n_kills - start < kills)
                some_other(&death_acts[points_below(death_n_acts)],
                           &death_others[points_below(death_n_others)], 8);
        tap_ok(points_n_wrong == wrong_before,
               "%lu deaths more, with others in the middle and second deaths in the repair",
               points_n_kills - start);
}

/*
 * Two threads die: vCPU 0 after a store of A, vCPU 2 after a store of what it does at that moment.
 */
static void two_threads(const struct death_act *a, const struct death_act *b)
{
        static const struct death_act nobody = { .name = "nobody" };
        unsigned n, n_other;

        death_second = b;
        n = n_stores_of(a);
        n_other = n_stores_of(b);
        expect_all(a, &nobody);
        expect_more(a, b);
        for (unsigned i = 0; n && n_other && i < 2 * n_other && i < 16; i++) {
                struct trial t = { .a = a, .b = b, .when = IN_ACT,
                                   .other_at = 1 + points_below(n) };

                t.kill_at = t.other_at;
                t.other_kill_at = 1 + points_below(n_other);
                try(&t);
        }
        death_second = NULL;
}

static void all_two_threads(void)
{
        unsigned long wrong_before = points_n_wrong, start = points_n_kills;

        for (unsigned i = 0; i < death_n_acts; i++)
                for (unsigned j = 0; j < death_n_seconds; j++)
                        if (!(death_acts[i].flags & DEATH_OUTSIDER) && !death_acts[i].part)
                                two_threads(&death_acts[i], &death_seconds[j]);
        tap_ok(points_n_wrong == wrong_before, "%lu deaths of two threads", points_n_kills - start);
}

/* --- stopped, not killed --- */

/*
 * A participant is stopped (SIGSTOP, a debugger, a freezer) after each access of @a; others do @b,
 * come to their end, and see it in effect; then it is continued. What is left is what an execution
 * in some order leaves. Done in this process: what others see of one that is stopped is that it
 * stores nothing.
 */
static const char *broken_while_stopped;
static bool judges_stopped;

static void look_while_stopped(void)
{
        if (judges_stopped)
                broken_while_stopped = death_look_stopped();
}

/*
 * The mark ASKED is for the outsider that has the vCPU alone; one that was late may leave it.
 * FORGET alone asks for nothing; of two resets that become one the configuration is forgotten if
 * either says so.
 */
static struct death_state unmark_posted(const struct death_state *of)
{
        struct death_state s = *of;

        for (uint32_t v = 0; v < N_VCPUS; v++) {
                s.ctlr[v] &= ~SHM_ICC_CTLR_ASKED;
                s.request[v] &= ~(uint64_t)SHM_REQUEST_FORGET;
        }
        return s;
}


const char *points_judge_continued(const struct death_act *a, const struct death_act *b,
                                   const struct death_state *found)
{
        static char said[200];
        struct death_state got = unmark_posted(found);
        const char *differs = NULL;


        if ((a->flags | b->flags) & DEATH_LAWS)
                return NULL;
        for (unsigned i = 0; i < points_n_expected; i++) {
                struct death_state want;

                if (points_expected[i].repaired ||
                    points_expected[i].before + points_expected[i].after != points_n_parts(a))
                        continue;
                if (death_third && !points_may_third_be(points_expected[i].third))
                        continue;
                want = unmark_posted(&points_expected[i].state);
                differs = death_differs(&got, &want, !(a->flags & DEATH_NO_NOTICE));
                if (!differs)
                        return NULL;
                if (verbose)
                        tap_note("  not %u parts before, %u after: %s", points_expected[i].before,
                                 points_expected[i].after, differs);
                snprintf(said, sizeof said, "not as in any order: %s", differs);
        }
        return said;
}

/*
 * *ret_failed: a compare-and-swap failed by that. Return: false if the operation has no access
 * @at.
 */
static bool try_stopped(const struct death_act *a, const struct death_act *b, unsigned at,
                        bool *ret_failed)
{
        struct death_plan stop = { .other = b, .other_at = at, .each_access = true,
                .stopped = look_while_stopped };
        struct trial t = { .a = a, .b = b, .when = IN_ACT, .other_at = at };
        struct death_state got;
        const char *broken = NULL;

        broken_while_stopped = NULL;
        judges_stopped = b->flags & DEATH_TELLS;
        death_world_begin(a);
        death_here(points_act, a, &stop);
        if (death_page->n_stores < at)
                return false;
        points_n_stops++;
        *ret_failed = death_page->n_failed != 0;
        n_failed += *ret_failed;
        if (broken_while_stopped)
                points_report(&t, broken_while_stopped);
        if (death_has_ports && (broken = death_check_living(VICTIM)))
                points_report(&t, broken);
        if (has_burial)
                death_bury(a);
        if (!death_look(a, &got, &broken) || (broken = points_judge_continued(a, b, &got)))
                points_report(&t, broken);
        return true;
}

/* Killed at the compare-and-swap that fails, since somebody else has changed the word. */
static void die_of_failure(const struct death_act *a, const struct death_act *b, unsigned at)
{
        struct death_plan stop = { .other = b, .other_at = at, .each_access = true,
                .kill_at_failed = true };
        struct trial t = { .a = a, .b = b, .when = IN_ACT, .other_at = at };
        struct death_state got;
        struct slot slot;
        const char *broken;

        death_world_begin(a);
        if (!death_run(points_act, a, &stop))
                return;
        points_n_kills++;
        slot = (struct slot) { death_page->was_full, death_page->is_full, death_page->slot_kind };
        death_bury(a);
        if (!death_look(a, &got, &broken) || (broken = judge(a, &got, &slot, IN_ACT)))
                points_report(&t, broken);
}

#define MAX_FAILING 64u

/*
 * What an outsider does is judged without a burial, whose repair would finish what was left half
 * done. A vCPU's own operations are judged after one, like those of the dead: it may turn out that
 * it was the last that its process did.
 */
static void stop_each(const struct death_act *a, const struct death_act *b)
{
        unsigned failing[MAX_FAILING], n_failing = 0, step = 1;
        bool failed;
        struct death_plan count = { .each_access = true };

        if (!b->act || (a->flags & b->flags & DEATH_WIDE))
                return;
        death_world_begin(a);
        death_here(points_act, a, &count);
        if (death_page->n_stores > 200 && (b->flags & DEATH_COLD))
                step += death_page->n_stores / 100;
        has_burial = death_has_ports || !(a->flags & DEATH_OUTSIDER);
        expect_all(a, b);
        for (unsigned at = 1 + points_below(step); try_stopped(a, b, at, &failed); at += step)
                if (failed && n_failing < MAX_FAILING)
                        failing[n_failing++] = at;
        if (n_failing && !has_burial) {
                has_burial = true;
                expect_all(a, b);
        }
        has_burial = true;
        for (unsigned i = 0; i < n_failing; i++)
                die_of_failure(a, b, failing[i]);
}

static void stop_at_each_access(const struct death_act *a)
{
        unsigned long wrong_before = points_n_wrong, stops_before = points_n_stops;

        for (unsigned b = 0; b < death_n_others; b++)
                stop_each(a, &death_others[b]);
        for (unsigned b = 0; b < death_n_while_stopped; b++)
                stop_each(a, &death_while_stopped[b]);
        tap_ok(points_n_wrong == wrong_before,
               "%s: stopped at each access, others go on, continued: %lu times", a->name,
               points_n_stops - stops_before);
}

int main(int argc, char **argv)
{
        const char *kills = getenv("KILLS"), *draw = getenv("SEED"),
                   *only = argc > 1 ? argv[1] : NULL;

        seed = draw && *draw ? strtoull(draw, NULL, 0) : 1;
        verbose = getenv("VERBOSE") != NULL;
        death_world_create();
        for (unsigned i = 0; i < death_n_acts; i++)
                if (!only || strstr(death_acts[i].name, only))
                        every_store(&death_acts[i]);
        for (unsigned i = 0; i < death_n_acts; i++)
                if (!only || strstr(death_acts[i].name, only))
                        stop_at_each_access(&death_acts[i]);
        points_thirds(only);
        points_revived(only);
        if (!only || strstr("two threads", only))
                all_two_threads();
        if (!only || strstr("repairs", only))
                all_repairs();
        if (!only)
                the_rest(kills && *kills   ? strtoul(kills, NULL, 0)
                         : death_has_ports ? 6000
                                           : 12000);
        tap_note("%u operations with %lu shared stores, each a kill point", death_n_acts, n_points);
        tap_note("%lu stops and continuations; %lu made a compare-and-swap fail: deaths, too",
                 points_n_stops, n_failed);
        tap_note("%lu kills, %lu judged, %lu wrong", points_n_kills, n_trials, points_n_wrong);
        return tap_done();
}
