/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TURNS_H
#define TURNS_H

/*
 * Turns: whose work the loop does next
 *
 * What    Whatever has work to do, a connection with requests or a ring with entries, asks for a
 *         turn instead of doing it at once. Turns go by user: the one who has used the least time
 *         is next, and within a user each in the order in which it asked. So a user who comes
 *         seldom waits for one turn of somebody else at most, however many connections that one
 *         has, and however dear its requests are.
 * Root    Has four times the share of another user: an administrator gets through.
 * Limits  A turn is as long as whoever has it: TURN_US is what it should keep to. The loop looks
 *         for events again after TURNS_US of turns.
 * Owner   struct loop. A struct turn is part of what asks, which drops it before it goes.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "metrics-histogram.h"

struct event;
struct event_base;
struct user;

#define TURN_US   250u
#define TURNS_US  250u
#define STALL_US  10000u        /* nobody's turn should take so long */

struct turn {
        TAILQ_ENTRY(turn) link;
        struct user *user;              /* whose time it takes; lives longer */
        bool asked;
        uint64_t asked_ns;              /* base_clock_ns() */
        bool (*serve)(void *arg);       /* Return: there may be more, it asks again */
        void *arg;
};

struct turns {
        TAILQ_HEAD(, user) users;       /* who asked, in this order */
        struct event *event;
        bool runs;                      /* it is in the middle of somebody's turn */
        struct metrics_histogram wait;  /* from asking to being served */
        struct metrics_histogram length;
        uint64_t n_stalls;              /* turns longer than STALL_US */
};

/* turn_is_over() - one that began at @start_ns has had its time at @now_ns (base_clock_ns()). */
static inline bool turn_is_over(uint64_t start_ns, uint64_t now_ns)
{
        return now_ns - start_ns >= TURN_US * UINT64_C(1000);
}

/* turns_init() - Return: 0; -ENOMEM. turns_deinit() - idempotent. */
int turns_init(struct turns *turns, struct event_base *base);
void turns_deinit(struct turns *turns);

/* turns_ask() - soon, in this pass of the loop or one of the next. Return: false: it had asked. */
bool turns_ask(struct turns *turns, struct turn *turn);

/* turns_took() - work of @ns that was done outside of a turn, but kept all others waiting too. */
void turns_took(struct turns *turns, uint64_t ns);

/* turns_drop() - it does not want it any more. Idempotent. */
void turns_drop(struct turns *turns, struct turn *turn);

#endif
