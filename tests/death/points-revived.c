/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Declared dead, and not dead: an operation is stopped at an access; the daemon disconnects its
 * process and repairs; another process registers its vCPUs, and works; others inject. Then the
 * first goes on, to the end of what it was in.
 *
 * What it still stores concerns its former vCPUs alone: while it was stopped others are heard, and
 * with the next burial of these vCPUs, by when it is gone for good, nothing is lost, nothing is
 * active for ever, and the laws hold (doc/sudden-death.md, Who is stopped).
 */
#include "points.h"

static const char *broken_while_stopped;

static void work(uint32_t v)
{
        uint32_t intid = death_read_iar(v, 1);

        if (intid == NONE)
                return;
        death_page->taken[v][intid]++;
        death_lower(v, intid);
        death_write(v, ICC_EOIR1, intid);
        death_write(v, ICC_DIR, intid);
}

static const struct death_act *revived;

static void declare_dead(void)
{
        death_bury(revived);
        death_succeed(revived);
        pulse(&rig, AWAY);
        broken_while_stopped = death_look_stopped();
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (v != OTHER && !(rig.gic.vcpus[v].cpuif & SHM_CPUIF_OFF))
                        work(v);
}

/* Return: false if @a has no access @at. */
static bool try_revived(const struct death_act *a, unsigned at)
{
        static const struct death_act declares = { .name = "it is declared dead",
                .act = declare_dead };
        struct death_plan stop = { .other = &declares, .other_at = at, .each_access = true };
        struct trial t = { .a = a, .b = &declares, .when = IN_ACT, .other_at = at };
        struct death_state got;
        const char *broken;

        revived = a;
        broken_while_stopped = NULL;
        death_world_begin(a);
        death_here(points_act, a, &stop);
        if (death_page->n_stores < at)
                return false;
        points_n_stops++;
        death_bury(a);
        if (!death_look(a, &got, &broken) || (broken = broken_while_stopped))
                points_report(&t, broken);
        return true;
}

void points_revived(const char *only)
{
        unsigned long wrong_before = points_n_wrong, start = points_n_stops;

        for (unsigned i = 0; i < death_n_acts; i++) {
                const struct death_act *a = &death_acts[i];

                if ((a->flags & DEATH_OUTSIDER) ||
                    (only && !strstr(a->name, only) && !strstr("revived", only)))
                        continue;
                for (unsigned at = 1; try_revived(a, at); at++)
                        ;
        }
        tap_ok(points_n_wrong == wrong_before,
               "declared dead at each access, repaired, its vCPUs registered, continued: %lu",
               points_n_stops - start);
}
