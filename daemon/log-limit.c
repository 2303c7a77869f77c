/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Log limit: see log-limit.h
 *
 * The state below is part of the log, which the project's rule against globals excepts. It is not
 * in struct user, which goes with the user's last connection: who comes anew each time would have
 * no limit.
 */
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "log-limit.h"

struct count {
        uid_t uid;
        time_t second;
        unsigned n_lines[LOG_N_KINDS];          /* in that second */
        unsigned n_left_out[LOG_N_KINDS];       /* not told yet */
        time_t since[LOG_N_KINDS];              /* the second of the first of those */
};

static struct {
        pthread_mutex_t lock;
        uint64_t n_ever;                        /* left out, told or not */
        unsigned n_due;                         /* kinds of users with lines left out */
        struct count users[LOG_LIMIT_USERS + 1];        /* the last: all others */
} limit = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const kind_names[LOG_N_KINDS] = {
        [LOG_KIND_CREATED] = "created", [LOG_KIND_DESTROYED] = "destroyed",
        [LOG_KIND_DISCONNECTED] = "disconnected", [LOG_KIND_REFUSED] = "refused",
        [LOG_KIND_IGNORED] = "ignored", [LOG_KIND_ENDED] = "ended",
        [LOG_KIND_REVOKED] = "revoked", [LOG_KIND_FULL] = "full", [LOG_KIND_REQUEST] = "request",
};

static time_t now_second(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        return now.tv_sec + 1; /* 0: never */
}

/* Of a second that is over, with nothing left to tell. */
static bool is_free(const struct count *count, time_t second)
{
        static const unsigned none[LOG_N_KINDS];

        return count->second != second &&
               memcmp(count->n_left_out, none, sizeof(none)) == 0;
}

/*
 * The user's own count; else one that can be used again; else the last one, which all users beyond
 * the limit share. Called with the lock.
 */
static struct count *find(uid_t uid, time_t second)
{
        struct count *count, *free_one = &limit.users[LOG_LIMIT_USERS];

        for (size_t i = 0; i < LOG_LIMIT_USERS; i++) {
                count = &limit.users[i];
                if (count->second != 0 && count->uid == uid)
                        return count;
                if (is_free(count, second) && free_one == &limit.users[LOG_LIMIT_USERS])
                        free_one = count;
        }
        free_one->uid = free_one == &limit.users[LOG_LIMIT_USERS] ? LOG_LIMIT_NOBODY : uid;
        return free_one;
}

/* One more line of @kind that is not written. Return: LOG_LEFT_OUT, LOG_LEFT_OUT_FIRST. */
static enum log_verdict leave_out(struct count *count, enum log_kind kind)
{
        limit.n_ever++;
        if (count->n_left_out[kind]++ > 0)
                return LOG_LEFT_OUT;
        count->since[kind] = count->second;
        limit.n_due++;
        return LOG_LEFT_OUT_FIRST;
}

enum log_verdict log_limit_take(uid_t uid, enum log_kind kind)
{
        enum log_verdict verdict = LOG_ALLOWED;
        time_t second = now_second();
        struct count *count;

        pthread_mutex_lock(&limit.lock);
        count = find(uid, second);
        if (count->second != second) {
                count->second = second;
                memset(count->n_lines, 0, sizeof(count->n_lines));
        }
        if (count->n_lines[kind] < LOG_LIMIT_LINES)
                count->n_lines[kind]++;
        else
                verdict = leave_out(count, kind);
        pthread_mutex_unlock(&limit.lock);
        return verdict;
}

/*
 * By the second of the first line that was left out: count->second is always this one while a flood
 * goes on. Return: something was left out in @count, and not first in @unfinished, that is to be
 * told.
 */
static bool pop_of(struct count *count, time_t unfinished, struct log_left_out *ret_left_out)
{
        for (size_t kind = 0; kind < LOG_N_KINDS; kind++) {
                if (count->n_left_out[kind] == 0 || count->since[kind] == unfinished)
                        continue;
                *ret_left_out = (struct log_left_out){
                        .uid = count->uid, .kind = kind_names[kind], .n = count->n_left_out[kind],
                };
                count->n_left_out[kind] = 0;
                limit.n_due--;
                return true;
        }
        return false;
}

bool log_limit_pop(bool all, struct log_left_out *ret_left_out)
{
        time_t unfinished = all ? 0 : now_second();
        bool found = false;

        pthread_mutex_lock(&limit.lock);
        for (size_t i = 0; limit.n_due > 0 && !found && i <= LOG_LIMIT_USERS; i++)
                found = pop_of(&limit.users[i], unfinished, ret_left_out);
        pthread_mutex_unlock(&limit.lock);
        return found;
}

uint64_t log_limit_left_out(void)
{
        uint64_t n;

        pthread_mutex_lock(&limit.lock);
        n = limit.n_ever;
        pthread_mutex_unlock(&limit.lock);
        return n;
}

bool log_limit_is_due(void)
{
        bool is_due;

        pthread_mutex_lock(&limit.lock);
        is_due = limit.n_due > 0;
        pthread_mutex_unlock(&limit.lock);
        return is_due;
}
