/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Log limit: which line of whom is left out, and when that is told, second by second
 *
 * How     daemon/log-limit.c with a clock of the test's own. Each test is another user's, and
 *         begins in a second of its own.
 */
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "own-clock.h"
#include "tap.h"

#define SECOND  UINT64_C(1000000000)

/* @n lines. Return: how many are allowed. */
static unsigned put(uid_t uid, enum log_kind kind, unsigned n)
{
        unsigned allowed = 0;

        while (n-- > 0)
                allowed += log_limit_take(uid, kind) == LOG_ALLOWED;
        return allowed;
}

/* What is told now: that of one user, of one kind, and nothing more; 0: nothing. */
static unsigned told(bool all, uid_t uid, const char *kind)
{
        struct log_left_out left_out, more;

        if (!log_limit_pop(all, &left_out) || log_limit_pop(all, &more))
                return 0;
        return left_out.uid == uid && strcmp(left_out.kind, kind) == 0 ? left_out.n : 0;
}

static bool is_nothing_told(bool all)
{
        struct log_left_out left_out;

        return !log_limit_pop(all, &left_out);
}

static void tell_all(void)
{
        while (!is_nothing_told(true))
                ;
}

static void each_user_and_kind_has_a_limit(void)
{
        tap_eq(put(1, LOG_KIND_CREATED, LOG_LIMIT_LINES), LOG_LIMIT_LINES,
               "as many lines as are allowed in a second: none is left out");
        tap_eq(log_limit_take(1, LOG_KIND_CREATED), LOG_LEFT_OUT_FIRST,
               "one more is left out, as the first");
        tap_eq(log_limit_take(1, LOG_KIND_CREATED), LOG_LEFT_OUT, "the next is not the first");
        tap_eq(put(1, LOG_KIND_DESTROYED, LOG_LIMIT_LINES + 1), LOG_LIMIT_LINES,
               "another kind of the same user has a limit of its own");
        tap_eq(put(2, LOG_KIND_CREATED, LOG_LIMIT_LINES), LOG_LIMIT_LINES,
               "another user has one of its own");
        own_clock_ns += SECOND;
        tap_eq(put(1, LOG_KIND_CREATED, 100), LOG_LIMIT_LINES,
               "in the next second as many are allowed again");
        own_clock_ns += SECOND;
        tell_all();
}

static void what_is_left_out_is_told_when_the_second_is_over(void)
{
        put(3, LOG_KIND_REFUSED, LOG_LIMIT_LINES + 7);
        tap_ok(log_limit_is_due() && is_nothing_told(false),
               "in the same second nothing is told, and something is due");
        own_clock_ns += SECOND;
        tap_eq(told(false, 3, "refused"), 7, "it is over: 7 lines of user 3 were left out");
        tap_ok(!log_limit_is_due() && is_nothing_told(true), "it is told once");
        put(3, LOG_KIND_REFUSED, LOG_LIMIT_LINES + 5);
        tap_eq(told(true, 3, "refused"), 5, "at the end all is told, whatever the second");
}

/* The last line is always in a second that is not over. */
static void flood_that_goes_on_is_told_once_a_second(void)
{
        unsigned n_told = 0, n_first = 0, n_left_out = 0;

        for (unsigned second = 0; second < 10; second++) {
                for (unsigned i = 0; i < 100; i++) {
                        enum log_verdict verdict = log_limit_take(4, LOG_KIND_IGNORED);

                        n_left_out += verdict != LOG_ALLOWED;
                        n_first += verdict == LOG_LEFT_OUT_FIRST;
                        n_told += told(false, 4, "ignored") > 0;
                        own_clock_ns += SECOND / 100;
                }
        }
        tap_eq(n_left_out, 10 * (100 - LOG_LIMIT_LINES), "10 seconds, 100 lines in each");
        tap_eq(n_told, 9, "after each second but the first it is told how many were left out");
        tap_eq(n_first, 10, "as often the writer is woken for the next time, not for each line");
        own_clock_ns += SECOND;
        tell_all();
}

static void too_many_users_share_a_limit(void)
{
        for (uid_t uid = 100; uid < 100 + LOG_LIMIT_USERS; uid++)
                put(uid, LOG_KIND_CREATED, 1);
        tap_eq(put(1000, LOG_KIND_CREATED, 15), 15, "one user too many has a limit, too");
        tap_eq(put(1001, LOG_KIND_CREATED, 15), LOG_LIMIT_LINES - 15, "which it shares");
        tap_eq(told(true, LOG_LIMIT_NOBODY, "created"), 30 - LOG_LIMIT_LINES,
               "what is left out of those who share it is told of nobody");
        tap_eq(put(100, LOG_KIND_CREATED, LOG_LIMIT_LINES), LOG_LIMIT_LINES - 1,
               "not with those who came before");
        own_clock_ns += SECOND;
        tap_eq(put(1001, LOG_KIND_CREATED, LOG_LIMIT_LINES), LOG_LIMIT_LINES,
               "in the next second there is a place of its own again");
        tell_all();
}

static unsigned count(const char *text, const char *what)
{
        unsigned n = 0;

        while ((text = strstr(text, what))) {
                text++;
                n++;
        }
        return n;
}

/* Before the writer starts, a line is written at once. */
static void log_takes_part_in_it(void)
{
        struct log_about about = { .uid = 5 };
        char text[8192] = "";
        int fds[2], before = dup(STDERR_FILENO);

        if (pipe(fds) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
                tap_bail("no pipe");
        log_open(LOG_INFO);
        for (unsigned i = 0; i < LOG_LIMIT_LINES + 3; i++) {
                log_client(LOG_DEBUG, LOG_KIND_REQUEST, &about, "not so important");
                log_client(LOG_INFO, LOG_KIND_REQUEST, &about, "a client's");
                log_line(LOG_INFO, "its own");
        }
        dup2(before, STDERR_FILENO);
        close(before);
        close(fds[1]);
        if (read(fds[0], text, sizeof(text) - 1) <= 0)
                tap_bail("no line");
        close(fds[0]);
        tap_eq(count(text, "a client's"), LOG_LIMIT_LINES,
               "the log: so many lines that a client causes are written");
        tap_eq(told(true, 5, "request"), 3,
               "the log: the others are left out, and no line that it does not show");
        tap_eq(count(text, "its own"), LOG_LIMIT_LINES + 3,
               "the log: of the daemon's own lines none is left out");
}

int main(void)
{
        each_user_and_kind_has_a_limit();
        what_is_left_out_is_told_when_the_second_is_over();
        flood_that_goes_on_is_told_once_a_second();
        too_many_users_share_a_limit();
        log_takes_part_in_it();
        return tap_done();
}
