/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOG_WRITER_H
#define LOG_WRITER_H

/*
 * Log writer: the way from a line of the log to standard error or the journal
 *
 * What    A write to either can wait for ever: a pipe that nobody reads, a terminal that is
 *         stopped, a journal that hangs, a disk. So a thread of its own writes, and the loop only
 *         puts a line into a queue, whose end it never waits for: what finds no room is counted,
 *         and the first line that gets through afterwards says how many there were.
 * Cost    The thread sleeps while there is nothing to write.
 * Threads Any may put. Until log_writer_start() there is no thread: the caller itself writes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define LOG_WRITER_LINES  256u
#define LOG_WRITER_LAST_MS  500u        /* how long an end waits for what is still to be written */
#define LOG_TEXT_MAX  1024u
#define LOG_NAME_MAX  64u

struct log_entry {
        int priority;
        struct timespec when;
        char vm[LOG_NAME_MAX], client[LOG_NAME_MAX], grant[LOG_NAME_MAX];       /* "": none */
        uint64_t session;               /* 0: none */
        pid_t pid;                      /* the same */
        bool has_uid, has_vcpu, has_intid;
        uid_t uid;
        uint32_t vcpu, intid;
        const char *message_id;         /* of the catalogue; NULL: none */
        unsigned n_lost;                /* before it, for want of room: the writer's */
        char text[LOG_TEXT_MAX];
};

/*
 * log_writer_start() - from now on a thread writes. Call it once, when standard error is what it
 * will be. Return: 0; a negative errno: there is no thread.
 */
int log_writer_start(void);

/* log_writer_put() - @entry is copied. Never waits, but before log_writer_start(). */
void log_writer_put(const struct log_entry *entry);

/* log_writer_left_out() - the first one was left out (log-limit.h): tell how many in time. */
void log_writer_left_out(void);

/* log_writer_priority_name() - "error" ... "debug", of LOG_ERR..LOG_DEBUG. */
const char *log_writer_priority_name(int priority);

/* Lines since the daemon began. */
struct log_counts {
        uint64_t n_written;
        uint64_t n_lost;                /* no room, or not taken by where they go */
        uint64_t n_left_out;            /* log-limit.h */
};

/* log_writer_counts() - by now. Never waits. */
struct log_counts log_writer_counts(void);

/*
 * log_writer_finish() - wait until all is written, but no longer than LOG_WRITER_LAST_MS: before
 * the process ends.
 */
void log_writer_finish(void);

#endif
