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

/* systemd/vgicd.catalog explains each; what debug says of requests has none. */
static const char *const message_ids[LOG_N_KINDS] = {
        [LOG_KIND_CREATED] = "54aa4cd71a0a4246bb2a76f94e96b1a5",
        [LOG_KIND_DESTROYED] = "680b6ea98c6546a0b68f1f8d8d930dd0",
        [LOG_KIND_DISCONNECTED] = "1e6052c5e2494eaaaf4789c5076969c4",
        [LOG_KIND_REFUSED] = "97f81bec796d4bc88697ed4556c17e98",
        [LOG_KIND_IGNORED] = "5260ee4ff8b14cfd8229b8628145c031",
};

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
static void put(int priority, const struct log_about *about, const char *message_id,
                const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static void put(int priority, const struct log_about *about, const char *message_id,
                const char *format, va_list args)
{
        struct log_entry entry = { .priority = priority, .message_id = message_id };

        if (priority > log_state.max_priority)
                return;
        clock_gettime(CLOCK_REALTIME, &entry.when);
        if (about && about->vm)
                snprintf(entry.vm, sizeof(entry.vm), "%s", about->vm);
        if (about) {
                entry.session = about->session;
                entry.has_uid = about->uid != LOG_LIMIT_NOBODY;
                entry.uid = about->uid;
        }
        vsnprintf(entry.text, sizeof(entry.text), format, args);
        log_writer_put(&entry);
}

void log_line(int priority, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        put(priority, NULL, NULL, format, args);
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
        put(priority, about, message_ids[kind], format, args);
        va_end(args);
}
