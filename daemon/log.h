/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOG_H
#define LOG_H

/*
 * Log: to the journal with fields when standard error is the journal, else readable lines to
 * standard error; who logs never waits for either (log-writer.h)
 *
 * Fields  MESSAGE, PRIORITY, and where it concerns one: VGICD_VM=<name>, VGICD_SESSION=<number>,
 *         VGICD_UID=<user>, VGICD_PID=<process>, VGICD_CLIENT=<name>, VGICD_VCPU=<index>,
 *         VGICD_GRANT=<label>, VGICD_INTID=<number>; of what an operator can act on MESSAGE_ID,
 *         which systemd/vgicd.catalog explains.
 * Trust   Names of clients reach this file only after proto or vm_name_valid() checked them; what
 *         clients cause is limited by the caller's choice of log_client().
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <syslog.h>

#include "log-limit.h"

/* log_open() - @max_priority: LOG_ERR..LOG_DEBUG, what is less important is dropped. */
void log_open(int max_priority);

/*
 * log_priority_from_name() - "error", "warning", "notice", "info", "debug". Return: a priority;
 * -EINVAL.
 */
int log_priority_from_name(const char *name);

/* What a line is about; all but the user may be absent (NULL, 0, false). */
struct log_about {
        const char *vm;
        uint64_t session;
        uid_t uid;              /* whose it is */
        pid_t pid;              /* of the client */
        const char *client;     /* as it calls itself */
        const char *grant;
        bool has_vcpu, has_intid;
        uint32_t vcpu, intid;
};

/* What happens to the daemon itself, as far as an operator can act on it. */
enum log_event {
        LOG_EVENT_STARTED, LOG_EVENT_ENDING, LOG_EVENT_NO_START, LOG_EVENT_SOCKET,
        LOG_EVENT_SETTINGS, LOG_EVENT_BAD_SETTINGS, LOG_EVENT_LOW_LIMIT, LOG_EVENT_STORED,
        LOG_EVENT_MANAGER, LOG_N_EVENTS
};

/* log_line() - one line; the daemon's own doing. */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* log_event() - the same of an event that systemd/vgicd.catalog explains. */
void log_event(int priority, enum log_event event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * log_client() - one line that a client causes, limited for each user and kind (log-limit.h).
 * @about: NULL where nobody knows whose doing it was.
 */
void log_client(int priority, enum log_kind kind, const struct log_about *about,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
