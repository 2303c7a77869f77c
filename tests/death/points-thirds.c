/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Three parties: A is stopped at an access, and lives; B is killed in the middle of what it does;
 * who repairs repairs B; then A goes on. B is done before A, in the middle of it, after it, or
 * not at all.
 */
#include <stdlib.h>

#include "points.h"

/*
 * What the third one's slot said when it died: as may_be(). Of one that is empty nobody knows,
 * nor if it was serving a reset that was posted.
 */
static unsigned third_kind;

bool points_may_third_be(bool done)
{
        if (third_kind == SHM_SLOT_NONE || third_kind == SHM_SLOT_RESET)
                return true;
        return done == (third_kind != SHM_SLOT_ACK);
}

static unsigned third_kill_at;
static bool third_died;

static void third_dies(void)
{
        third_died = death_run_third(death_third, third_kill_at);
        third_kind = death_page->third_kind;
        death_bury(death_third);
}

/* Who lives leaves its guest for what comes next. */
static bool look_at_living(const struct death_act *a, struct death_state *ret_state,
                           const char **ret_broken)
{
        if (death_is_in_guest(VICTIM))
                death_exit(VICTIM);
        return death_look(a, ret_state, ret_broken);
}

static void expect_third(const struct death_act *a, bool done, unsigned before, unsigned buried)
{
        struct expected *e = &points_expected[points_n_expected++];
        const char *broken;

        if (points_n_expected == MAX_EXPECTED)
                tap_bail("%s has too many parts", a->name);
        *e = (struct expected) { .before = before, .after = points_n_parts(a) - before,
                .third = done };
        death_world_begin(a);
        points_do_parts(a, 0, before);
        if (done)
                death_third->act();
        points_do_parts(a, before, buried);
        death_bury(death_third);
        points_do_parts(a, buried, points_n_parts(a));
        if (!look_at_living(a, &e->state, &broken))
                tap_ok(false, "%s, %s, no death (%u parts): %s", a->name, death_third->name,
                       before, broken);
}

static void expect_thirds(const struct death_act *a)
{
        points_n_expected = 0;
        for (unsigned buried = 0; buried <= points_n_parts(a); buried++) {
                expect_third(a, false, buried, buried);
                for (unsigned before = 0; before <= buried; before++)
                        expect_third(a, true, before, buried);
        }
}

/* Return: false if @a has no access @at. */
static bool try_third(const struct death_act *a, unsigned at, unsigned kill_at)
{
        static const struct death_act dies = { .name = "a third one dies", .act = third_dies };
        struct death_plan stop = { .other = &dies, .other_at = at, .each_access = true };
        struct trial t = { .a = a, .b = death_third, .when = IN_ACT, .kill_at = kill_at,
                .other_at = at };
        struct death_state got;
        const char *broken;

        third_kill_at = kill_at;
        third_died = false;
        death_page->third_kind = 0;
        death_world_begin(a);
        death_here(points_act, a, &stop);
        if (death_page->n_stores < at)
                return false;
        points_n_kills += third_died;
        points_n_stops++;
        if (!look_at_living(a, &got, &broken) ||
            (broken = points_judge_continued(a, death_third, &got)))
                points_report(&t, broken);
        return true;
}

/* Each store of B at an access of @a, and each access of @a at a store of B; or each at each. */
static void third_in(const struct death_act *a, bool all)
{
        struct death_plan count = { .each_access = true };
        unsigned n, n_stores, step;

        death_world_begin(a);
        death_here(points_act, a, &count);
        n = death_page->n_stores;
        death_world_begin(a);
        if ((rig.gic.vcpus[OTHER].cpuif & SHM_CPUIF_OFF) && death_is_dead(a, OTHER))
                return;
        death_here(points_act, death_third, &points_alone);
        n_stores = death_page->n_stores;
        if (!n || !n_stores)
                return;
        expect_thirds(a);
        if (all) {
                for (unsigned at = 1; at <= n; at++)
                        for (unsigned kill = 1; kill <= n_stores; kill++)
                                try_third(a, at, kill);
                return;
        }
        step = 1 + n_stores / 10;
        for (unsigned kill = 1 + points_below(step); kill <= n_stores; kill += step)
                try_third(a, 1 + points_below(n), kill);
        step = 1 + n / 10;
        for (unsigned at = 1 + points_below(step); at <= n; at += step)
                try_third(a, at, 1 + points_below(n_stores));
}

/* All of them: THIRDS=all, make check-death-thirds. */
void points_thirds(const char *only)
{
        const char *how = getenv("THIRDS");
        unsigned long wrong_before = points_n_wrong, start = points_n_kills;
        unsigned long stops_before = points_n_stops;
        bool all = how && !strcmp(how, "all");

        for (unsigned j = 0; j < death_n_thirds; j++) {
                death_third = &death_thirds[j];
                for (unsigned i = 0; i < death_n_acts; i++)
                        if (!(death_acts[i].flags & (DEATH_LAWS | DEATH_WIDE)) &&
                            (!only || strstr(death_acts[i].name, only) || strstr("thirds", only)))
                                third_in(&death_acts[i], all);
        }
        death_third = NULL;
        tap_ok(points_n_wrong == wrong_before,
               "%lu deaths of a third one, repaired while another is stopped, who goes on: %lu",
               points_n_kills - start, points_n_stops - stops_before);
}
