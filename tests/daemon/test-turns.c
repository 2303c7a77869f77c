/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Turns: who is next, turn by turn
 *
 * How     daemon/turns.c with a real libevent loop, and with a clock that goes on by what each turn
 *         costs. Each turn writes a letter into a record: capitals are users but root.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "own-clock.h"
#include "tap.h"
#include "turns.h"
#include "user.h"

#define US          UINT64_C(1000)
#define MOST_TURNS  4000u

enum { ROOT = 0, ALICE = 1000, BOB = 1001 };

static struct event_base *base;
static struct turns turns;
static struct users users;
static char record[MOST_TURNS + 1];
static size_t n_served;

struct job {
        struct turn turn;
        char letter;
        unsigned left;          /* turns that it wants */
        uint64_t cost_ns;       /* of each */
        struct job *wakes;      /* it asks at the @wakes_at'th turn of all */
        size_t wakes_at;
};

static bool serve(void *arg)
{
        struct job *job = arg;

        if (n_served == MOST_TURNS)
                tap_bail("turns without end");
        record[n_served++] = job->letter;
        own_clock_ns += job->cost_ns;
        if (job->wakes && n_served == job->wakes_at)
                turns_ask(&turns, &job->wakes->turn);
        return --job->left > 0;
}

static void job_init(struct job *job, uid_t uid, char letter, unsigned n, uint64_t cost_ns)
{
        *job = (struct job){ .letter = letter, .left = n, .cost_ns = cost_ns };
        job->turn.user = user_get(&users, uid);
        job->turn.serve = serve;
        job->turn.arg = job;
        if (!job->turn.user)
                tap_bail("out of memory");
}

static void job_end(struct job *job)
{
        turns_drop(&turns, &job->turn);
        user_put(job->turn.user);
}

static void begin(void)
{
        n_served = 0;
        memset(record, 0, sizeof(record));
        users_init(&users, &(struct options){ 0 });
        base = event_base_new();
        if (!base || turns_init(&turns, base) < 0)
                tap_bail("no loop");
}

/* Until nobody wants a turn. */
static void run(void)
{
        event_base_dispatch(base);
}

static void end(void)
{
        turns_deinit(&turns);
        users_deinit(&users);
        event_base_free(base);
}

/* The longest run of other letters in front of each of @letter's, from @from on. */
static unsigned longest_wait(const char *from, char letter)
{
        unsigned n = 0, most = 0;

        for (const char *last = strrchr(record, letter); last && from <= last; from++) {
                n = *from == letter ? 0 : n + 1;
                most = n > most ? n : most;
        }
        return most;
}

static unsigned count(const char *from, size_t n, char letter)
{
        unsigned found = 0;

        for (size_t i = 0; i < n && from[i]; i++)
                found += from[i] == letter;
        return found;
}

/* --- between users --- */

static void who_comes_waits_for_one_turn_of_another(void)
{
        struct job flood[100], late;

        begin();
        job_init(&late, BOB, 'B', 10, 500 * US);
        for (unsigned i = 0; i < 100; i++) {
                job_init(&flood[i], ALICE, 'A', 10, 500 * US);
                turns_ask(&turns, &flood[i].turn);
        }
        flood[0].wakes = &late;
        flood[0].wakes_at = 201;        /* its third turn */
        run();
        tap_eq(n_served, 1010, "each gets the turns that it wants");
        tap_eq(count(record, 201, 'B'), 0, "one user has 100 connections and 201 turns alone");
        tap_eq(longest_wait(record + 201, 'B'), 1,
               "another comes with one connection: each of its turns waits for one of the first's");
        for (unsigned i = 0; i < 100; i++)
                job_end(&flood[i]);
        job_end(&late);
        end();
}

static void turns_go_by_time_not_by_number(void)
{
        struct job dear, cheap;

        begin();
        job_init(&dear, ALICE, 'A', 5, 50000 * US);
        job_init(&cheap, BOB, 'B', 500, 500 * US);
        turns_ask(&turns, &dear.turn);
        turns_ask(&turns, &cheap.turn);
        run();
        tap_eq(n_served, 505, "dear turns and cheap ones: each gets those that it wants");
        tap_eq(record[0], 'A', "who asked first is served first");
        tap_ok(strspn(record + 1, "B") == 100,
               "a turn of 50 ms: the other user has 100 of half a millisecond before the next "
               "(%zu)", strspn(record + 1, "B"));
        job_end(&dear);
        job_end(&cheap);
        end();
}

static void rest_is_not_saved_up(void)
{
        struct job busy, late;

        begin();
        job_init(&late, BOB, 'B', 100, 500 * US);
        job_init(&busy, ALICE, 'A', 1000, 500 * US);
        busy.wakes = &late;
        busy.wakes_at = 500;
        turns_ask(&turns, &busy.turn);
        run();
        tap_eq(n_served, 1100, "one who rests, and comes: each gets the turns that it wants");
        tap_eq(count(record + 500, 200, 'A'), 100,
               "one rested for 500 turns of another: then they have as many each");
        job_end(&busy);
        job_end(&late);
        end();
}

static void root_has_four_times_the_share(void)
{
        struct job root, other;

        begin();
        job_init(&root, ROOT, 'r', 900, 500 * US);
        job_init(&other, ALICE, 'A', 900, 500 * US);
        turns_ask(&turns, &other.turn);
        turns_ask(&turns, &root.turn);
        run();
        tap_eq(count(record, 1000, 'r'), 800, "of 1000 turns root has 800, the other user 200");
        job_end(&root);
        job_end(&other);
        end();
}

/* --- within a user --- */

static void within_a_user_who_asked_first_is_first(void)
{
        struct job jobs[3];

        begin();
        for (unsigned i = 0; i < 3; i++) {
                job_init(&jobs[i], ALICE, (char)('X' + i), i == 1 ? 1 : 2, 100 * US);
                tap_ok(turns_ask(&turns, &jobs[i].turn), "%c asks", 'X' + i);
        }
        tap_ok(!turns_ask(&turns, &jobs[0].turn), "X had asked");
        run();
        tap_ok(strcmp(record, "XYZXZ") == 0, "X, Y and Z have their turns by order: %s", record);
        for (unsigned i = 0; i < 3; i++)
                job_end(&jobs[i]);
        end();
}

static void who_drops_its_turn_is_left_out(void)
{
        struct job jobs[3];

        begin();
        for (unsigned i = 0; i < 3; i++) {
                job_init(&jobs[i], i == 2 ? BOB : ALICE, (char)('X' + i), 1, 100 * US);
                turns_ask(&turns, &jobs[i].turn);
        }
        turns_drop(&turns, &jobs[0].turn);
        turns_drop(&turns, &jobs[0].turn);
        turns_drop(&turns, &jobs[2].turn);      /* all that its user had asked for */
        run();
        tap_ok(strcmp(record, "Y") == 0, "X and Z drop their turns: Y alone has one: %s", record);
        for (unsigned i = 0; i < 3; i++)
                job_end(&jobs[i]);
        end();
}

/* --- between turns and events --- */

struct looks {
        size_t last;
        size_t longest;         /* turns from one look to the next */
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
        struct looks *looks = arg;

        (void)fd;
        (void)what;
        if (n_served - looks->last > looks->longest)
                looks->longest = n_served - looks->last;
        looks->last = n_served;
}

/* @cost_us of each turn; Return: the most turns between two looks for events. */
static size_t turns_between_looks(uint64_t cost_us)
{
        struct looks looks = { 0 };
        struct event *event;
        struct job job;
        int fds[2];

        begin();
        if (pipe(fds) < 0 || write(fds[1], "", 1) != 1)
                tap_bail("no pipe");
        event = event_new(base, fds[0], EV_READ | EV_PERSIST, on_event, &looks);
        event_add(event, NULL);
        job_init(&job, ALICE, 'A', 100, cost_us * US);
        turns_ask(&turns, &job.turn);
        while (job.left > 0)
                event_base_loop(base, EVLOOP_ONCE);
        if (n_served - looks.last > looks.longest)
                looks.longest = n_served - looks.last;
        event_free(event);
        close(fds[0]);
        close(fds[1]);
        job_end(&job);
        end();
        return looks.longest;
}

static void events_are_looked_for_between_turns(void)
{
        tap_eq(turns_between_looks(TURNS_US * 3), 1,
               "turns that are too long: after each the loop looks for events");
        tap_eq(turns_between_looks(TURNS_US / 5), 5,
               "turns of a fifth of TURNS_US: the loop looks for events after five");
}

int main(void)
{
        who_comes_waits_for_one_turn_of_another();
        turns_go_by_time_not_by_number();
        rest_is_not_saved_up();
        root_has_four_times_the_share();
        within_a_user_who_asked_first_is_first();
        who_drops_its_turn_is_left_out();
        events_are_looked_for_between_turns();
        return tap_done();
}
