/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Turns: see turns.h
 */
#include <errno.h>
#include <event2/event.h>

#include "base-clock.h"
#include "turns.h"
#include "user.h"

#define NS_PER_US    UINT64_C(1000)
#define ROOT_WEIGHT  4u

/* The user who has used the least time is next; the list is never empty. */
static struct user *choose(const struct turns *turns)
{
        struct user *user, *best = TAILQ_FIRST(&turns->users);

        TAILQ_FOREACH(user, &turns->users, turns_link)
                if (user->used_ns < best->used_ns)
                        best = user;
        return best;
}

void turns_took(struct turns *turns, uint64_t ns)
{
        metrics_took(&turns->length, ns);
        turns->n_stalls += ns > STALL_US * NS_PER_US;
}

/* The next one has its turn. */
static void serve_next(struct turns *turns)
{
        struct user *user = choose(turns);
        struct turn *turn = TAILQ_FIRST(&user->turns);
        uint64_t start = base_clock_ns();
        uint64_t length;
        bool more;

        metrics_took(&turns->wait, start - turn->asked_ns);
        user->users->level_ns = user->used_ns;
        turns_drop(turns, turn);
        user_hold(user);
        more = turn->serve(turn->arg);
        length = base_clock_ns() - start;
        turns_took(turns, length);
        user->used_ns += length / (user->uid == 0 ? ROOT_WEIGHT : 1);
        if (more)
                turns_ask(turns, turn);
        user_put(user);
}

/* Not event_active() for the rest, which libevent would serve in the same pass. */
static void on_turns(evutil_socket_t fd, short what, void *arg)
{
        static const struct timeval now = { 0 };
        struct turns *turns = arg;
        uint64_t start = base_clock_ns();

        (void)fd;
        (void)what;
        turns->runs = true;
        while (!TAILQ_EMPTY(&turns->users)) { /* one at least, however slow the machine is */
                serve_next(turns);
                if (base_clock_ns() - start >= TURNS_US * NS_PER_US)
                        break;
        }
        turns->runs = false;
        if (!TAILQ_EMPTY(&turns->users))
                evtimer_add(turns->event, &now);
}

int turns_init(struct turns *turns, struct event_base *base)
{
        TAILQ_INIT(&turns->users);
        turns->event = evtimer_new(base, on_turns, turns);
        return turns->event ? 0 : -ENOMEM;
}

void turns_deinit(struct turns *turns)
{
        if (turns->event)
                event_free(turns->event);
        turns->event = NULL;
}

bool turns_ask(struct turns *turns, struct turn *turn)
{
        struct user *user = turn->user;

        if (turn->asked)
                return false;
        turn->asked = true;
        turn->asked_ns = base_clock_ns();
        if (!turns->runs && !evtimer_pending(turns->event, NULL))
                event_active(turns->event, EV_TIMEOUT, 0);
        if (TAILQ_EMPTY(&user->turns)) {
                TAILQ_INSERT_TAIL(&turns->users, user, turns_link);
                if (user->used_ns < user->users->level_ns)
                        user->used_ns = user->users->level_ns; /* rest is not saved up */
        }
        TAILQ_INSERT_TAIL(&user->turns, turn, link);
        return true;
}

void turns_drop(struct turns *turns, struct turn *turn)
{
        if (!turn->asked)
                return;
        turn->asked = false;
        TAILQ_REMOVE(&turn->user->turns, turn, link);
        if (TAILQ_EMPTY(&turn->user->turns))
                TAILQ_REMOVE(&turns->users, turn->user, turns_link);
}
