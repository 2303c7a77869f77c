/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Log: see log.h
 *
 * The state below is the "log level" that the project's rule against globals excepts: a log that
 * had to be handed through every call would not be called.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "log.h"

#define LOG_TEXT_MAX  1024

static struct {
        int max_priority;
        bool journal;
        time_t second;          /* of the rate limit */
        unsigned n_lines;       /* in that second */
        unsigned n_dropped;
} log_state = { .max_priority = LOG_INFO };

static const char *const log_names[] = {
        [LOG_ERR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
};

int log_priority_from_name(const char *name)
{
        for (int i = LOG_ERR; i <= LOG_DEBUG; i++)
                if (strcmp(name, log_names[i]) == 0)
                        return i;
        return -EINVAL;
}

/*
 * systemd says in $JOURNAL_STREAM which file the journal is; a redirected standard error differs
 * from it.
 */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long dev, ino;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 ||
            fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == dev && st.st_ino == ino;
}

void log_open(int max_priority)
{
        log_state.max_priority = max_priority;
        log_state.journal = stderr_is_journal();
}

static void to_stderr(int priority, const struct log_about *about, const char *text)
{
        char who[160] = "";
        struct timespec now;
        struct tm tm;
        char stamp[32];

        if (about && about->vm && about->session)
                snprintf(who, sizeof(who), "vm %s, session %" PRIu64 ": ", about->vm,
                         about->session);
        else if (about && about->vm)
                snprintf(who, sizeof(who), "vm %s: ", about->vm);
        else if (about && about->session)
                snprintf(who, sizeof(who), "session %" PRIu64 ": ", about->session);
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &tm);
        strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
        fprintf(stderr, "vgicd %s.%03ld %-7s %s%s\n", stamp, now.tv_nsec / 1000000,
                log_names[priority], who, text);
}

static int field(struct iovec *iov, char *buffer, size_t size, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static int field(struct iovec *iov, char *buffer, size_t size, const char *format, ...)
{
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(buffer, size, format, args);
        va_end(args);
        if (n < 0)
                return 0;
        iov->iov_base = buffer;
        iov->iov_len = (size_t)n < size ? (size_t)n : size - 1;
        return 1;
}

static void to_journal(int priority, const struct log_about *about, const char *text)
{
        char message[LOG_TEXT_MAX + 16], level[32], vm[128], session[48];
        struct iovec iov[4];
        int n = 0;

        n += field(&iov[n], message, sizeof(message), "MESSAGE=%s", text);
        n += field(&iov[n], level, sizeof(level), "PRIORITY=%d", priority);
        if (about && about->vm)
                n += field(&iov[n], vm, sizeof(vm), "VGICD_VM=%s", about->vm);
        if (about && about->session)
                n += field(&iov[n], session, sizeof(session), "VGICD_SESSION=%" PRIu64,
                           about->session);
        sd_journal_sendv(iov, n);
}

static void put(int priority, const struct log_about *about, const char *format, va_list args)
        __attribute__((format(printf, 3, 0)));
static void put(int priority, const struct log_about *about, const char *format, va_list args)
{
        char text[LOG_TEXT_MAX];

        if (priority > log_state.max_priority)
                return;
        vsnprintf(text, sizeof(text), format, args);
        if (log_state.journal)
                to_journal(priority, about, text);
        else
                to_stderr(priority, about, text);
}

void log_line(int priority, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        put(priority, NULL, format, args);
        va_end(args);
}

void log_about(int priority, const struct log_about *about, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        put(priority, about, format, args);
        va_end(args);
}

/* A second's worth of lines; the first line of the next second says how many were left out. */
static bool client_line_allowed(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        if (now.tv_sec != log_state.second) {
                unsigned n_dropped = log_state.n_dropped;

                log_state.second = now.tv_sec;
                log_state.n_lines = 0;
                log_state.n_dropped = 0;
                if (n_dropped)
                        log_line(LOG_NOTICE, "%u lines about clients were left out", n_dropped);
        }
        if (log_state.n_lines >= LOG_CLIENT_BURST) {
                log_state.n_dropped++;
                return false;
        }
        log_state.n_lines++;
        return true;
}

void log_client(int priority, const struct log_about *about, const char *format, ...)
{
        va_list args;

        if (priority > log_state.max_priority || !client_line_allowed())
                return;
        va_start(args, format);
        put(priority, about, format, args);
        va_end(args);
}
