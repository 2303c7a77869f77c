/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef WATCHDOG_H
#define WATCHDOG_H

/*
 * Watchdog: the service manager hears that the loop turns
 *
 * What    A timer of the loop tells it four times in each WATCHDOG_USEC. The loop alone does: a
 *         daemon that hangs in a system call, or goes round in one event, tells nothing, whatever
 *         its other threads do, and is ended and started anew.
 * Threads The daemon's one thread.
 */
struct event;
struct event_base;

struct watchdog {
        struct event *timer;            /* NULL: the manager does not ask for it */
};

/* watchdog_open() - Return: 0, also if nobody asks for it; -ENOMEM. */
int watchdog_open(struct watchdog *watchdog, struct event_base *base);

/* watchdog_close() - Idempotent. */
void watchdog_close(struct watchdog *watchdog);

#endif
