/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef POINTS_H
#define POINTS_H

/*
 * Kill points: what test-points.c and points-thirds.c share
 *
 * What    Executions without a death, and whether one of them left what is found; counts.
 * Owner   The test's one thread.
 */
#include "death.h"

/*
 * Executions without a death, of which one must have left what is found. A is not done; done
 * before what B does; done after it, by the repair. If A has parts, any number of them, some
 * before and some after. The same again with B's two things in the other order (death.h).
 */
struct expected {
        unsigned before, after; /* parts of A */
        bool late;
        bool repaired;  /* B found the burial done: it may if it came in the middle of that */
        bool third;             /* the third one's operation is done: see third_in() */
        struct death_state state;
};

#define MAX_EXPECTED 256u

extern struct expected points_expected[MAX_EXPECTED];
extern unsigned points_n_expected;
extern unsigned long points_n_kills, points_n_wrong, points_n_stops;

enum when { AFTER_DEATH, IN_ACT, IN_REPAIR, N_WHENS };

struct trial {
        const struct death_act *a, *b;
        enum when when;
        unsigned kill_at;       /* store of A */
        unsigned other_at;      /* store of A, or of the repair */
        unsigned other_kill_at; /* store of B, which the same process does */
        unsigned again_at;      /* store of the repair, whose process dies as well; 0: it lives */
};

extern const struct death_plan points_alone;

uint32_t points_below(uint32_t n);
void points_act(const struct death_act *a);
unsigned points_n_parts(const struct death_act *a);
void points_do_parts(const struct death_act *a, unsigned from, unsigned to);
void points_report(const struct trial *t, const char *what);

/* Who was stopped has gone on. Return: NULL, or how it differs from every order of the two. */
const char *points_judge_continued(const struct death_act *a, const struct death_act *b,
                                   const struct death_state *found);

/* points-revived.c */
void points_revived(const char *only);

/* points-thirds.c */
void points_thirds(const char *only);
bool points_may_third_be(bool done);

#endif
