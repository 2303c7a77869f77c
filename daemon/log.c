/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Log: see log.h
 *
 * The state below is the "log level" that the project's rule against globals excepts: a log that
 * had to be handed through every call would not be called.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "log-writer.h"

static struct {
        int max_priority;
} log_state = { .max_priority = LOG_INFO };

int log_priority_from_name(const char *name)
{
        for (int i = LOG_ERR; i <= LOG_DEBUG; i++)
                if (strcmp(name, log_writer_priority_name(i)) == 0)
                        return i;
        return -EINVAL;
}

void log_open(int max_priority)
{
        log_state.max_priority = max_priority;
}

/*
 * Formatted in the caller's thread, since what the arguments point to may be gone when it is
 * written.
 */
static void put(int priority, const struct log_about *about, const char *format, va_list args)
        __attribute__((format(printf, 3, 0)));
static void put(int priority, const struct log_about *about, const char *format, va_list args)
{
        struct log_entry entry = { .priority = priority };

        if (priority > log_state.max_priority)
                return;
        clock_gettime(CLOCK_REALTIME, &entry.when);
        if (about && about->vm)
                snprintf(entry.vm, sizeof(entry.vm), "%s", about->vm);
        if (about)
                entry.session = about->session;
        vsnprintf(entry.text, sizeof(entry.text), format, args);
        log_writer_put(&entry);
}

void log_line(int priority, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        put(priority, NULL, format, args);
        va_end(args);
}

void log_client(int priority, enum log_kind kind, const struct log_about *about,
                const char *format, ...)
{
        enum log_verdict verdict;
        va_list args;

        if (priority > log_state.max_priority)
                return;
        verdict = log_limit_take(about ? about->uid : LOG_LIMIT_NOBODY, kind);
        if (verdict == LOG_LEFT_OUT_FIRST)
                log_writer_left_out();
        if (verdict != LOG_ALLOWED)
                return;
        va_start(args, format);
        put(priority, about, format, args);
        va_end(args);
}
