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

/* systemd/vgicd.catalog explains each; what debug says of requests has none. See log-writer.c. */
static const char *const message_ids[LOG_N_KINDS] = {
        [LOG_KIND_CREATED] = "54aa4cd71a0a4246bb2a76f94e96b1a5",
        [LOG_KIND_DESTROYED] = "680b6ea98c6546a0b68f1f8d8d930dd0",
        [LOG_KIND_DISCONNECTED] = "1e6052c5e2494eaaaf4789c5076969c4",
        [LOG_KIND_REFUSED] = "97f81bec796d4bc88697ed4556c17e98",
        [LOG_KIND_IGNORED] = "5260ee4ff8b14cfd8229b8628145c031",
        [LOG_KIND_ENDED] = "1b341eaa41094567a6d91f4b0ac6d4e8",
        [LOG_KIND_REVOKED] = "36612980c1de499facec534d7fa387fe",
        [LOG_KIND_FULL] = "51de2bf2a2e04b8ab76cde1ea5e07ee1",
};

static const char *const event_ids[LOG_N_EVENTS] = {
        [LOG_EVENT_STARTED] = "8c7392fa8c8140bebd65eae54cda9974",
        [LOG_EVENT_ENDING] = "eeafa5e66a264ae5873a0369b3b9f2c5",
        [LOG_EVENT_NO_START] = "beed964891d14130bb46acf970c9cc27",
        [LOG_EVENT_SOCKET] = "ad4f33721d2c4251904b61d04e3f3e64",
        [LOG_EVENT_SETTINGS] = "8b57071376984196975844d250e39458",
        [LOG_EVENT_BAD_SETTINGS] = "17e8f4b7ea7c41e3b656805ba33f7f37",
        [LOG_EVENT_LOW_LIMIT] = "e4681e34c20e481b94cf85d43f615bf8",
        [LOG_EVENT_STORED] = "7eadad06094148e7bf87170fafc8afe2",
        [LOG_EVENT_MANAGER] = "adcf2962da444a2a8536ca7ce7c42008",
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

static void copy_name(char *to, size_t size, const char *name)
{
        if (name)
                snprintf(to, size, "%s", name);
}

static void fill_about(struct log_entry *entry, const struct log_about *about)
{
        copy_name(entry->vm, sizeof(entry->vm), about->vm);
        copy_name(entry->client, sizeof(entry->client), about->client);
        copy_name(entry->grant, sizeof(entry->grant), about->grant);
        entry->session = about->session;
        entry->has_uid = about->uid != LOG_LIMIT_NOBODY;
        entry->uid = about->uid;
        entry->pid = about->pid;
        entry->has_vcpu = about->has_vcpu;
        entry->vcpu = about->vcpu;
        entry->has_intid = about->has_intid;
        entry->intid = about->intid;
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
        if (about)
                fill_about(&entry, about);
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

void log_event(int priority, enum log_event event, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        put(priority, NULL, event_ids[event], format, args);
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
