/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOG_LIMIT_H
#define LOG_LIMIT_H

/*
 * Log limit: how many lines of the log a user may cause
 *
 * What    Each user may cause LOG_LIMIT_LINES a second of each kind, so that neither another user
 *         nor another kind of event leaves a line out. What was left out is counted, and told
 *         when the second of the first one is over, whether more come or not.
 * Limits  LOG_LIMIT_USERS users in one second have a count of their own; further ones share one.
 * Threads Any.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOG_LIMIT_LINES  20u
#define LOG_LIMIT_USERS  64u

/* A user who is none: where it is not known whose doing it was, or there are too many of them. */
#define LOG_LIMIT_NOBODY  ((uid_t)-1)

enum log_kind {
        LOG_KIND_CREATED, LOG_KIND_DESTROYED, LOG_KIND_DISCONNECTED, LOG_KIND_REFUSED,
        LOG_KIND_IGNORED, LOG_KIND_ENDED, LOG_KIND_REVOKED, LOG_KIND_FULL, LOG_KIND_REQUEST,
        LOG_N_KINDS
};

enum log_verdict {
        LOG_ALLOWED,
        LOG_LEFT_OUT,
        LOG_LEFT_OUT_FIRST,     /* of those that are told together: see that they are */
};

/* Lines that were left out and not told yet. */
struct log_left_out {
        uid_t uid;
        const char *kind;       /* in words */
        unsigned n;
};

/* log_limit_take() - may one more line be written? It is counted, as such or as left out. */
enum log_verdict log_limit_take(uid_t uid, enum log_kind kind);

/*
 * log_limit_pop() - what is to be told, also what was first left out in this second if @all.
 * Return: there was something.
 */
bool log_limit_pop(bool all, struct log_left_out *ret_left_out);

/* log_limit_left_out() - lines since the daemon began. */
uint64_t log_limit_left_out(void);

/* log_limit_is_due() - something is to be told, now or when its second is over. */
bool log_limit_is_due(void);

#endif
