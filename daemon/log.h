/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOG_H
#define LOG_H

/*
 * Log: to the journal with fields when standard error is the journal, else readable lines to
 * standard error; who logs never waits for either (log-writer.h)
 *
 * Fields  MESSAGE, PRIORITY, and where it concerns one: VGICD_VM=<name>, VGICD_SESSION=<number>,
 *         VGICD_UID=<user>; of what clients cause MESSAGE_ID, which systemd/vgicd.catalog explains.
 * Trust   Names of clients reach this file only after proto or vm_name_valid() checked them; what
 *         clients cause is limited by the caller's choice of log_client().
 * Threads The daemon's one thread.
 */
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

/* What a line is about; the VM and the session may be absent (NULL, 0). */
struct log_about {
        const char *vm;
        uint64_t session;
        uid_t uid;              /* whose it is */
};

/* log_line() - one line; the daemon's own doing. */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * log_client() - one line that a client causes, limited for each user and kind (log-limit.h).
 * @about: NULL where nobody knows whose doing it was.
 */
void log_client(int priority, enum log_kind kind, const struct log_about *about,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
