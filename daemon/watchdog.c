/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Watchdog: see watchdog.h
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "notify.h"
#include "watchdog.h"

#define TIMES_IN_ITS_TIME  4u

/* What does not get through now is told a quarter of its time later: there are two more. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        (void)arg;
        (void)notify_watchdog();
}

/* sd_watchdog_enabled(3). Return: microseconds; 0: nobody asks for it, or another process is to. */
static uint64_t asked_usec(void)
{
        const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

        if (!usec || (pid && strtoimax(pid, NULL, 10) != getpid()))
                return 0;
        return strtoull(usec, NULL, 10);
}

int watchdog_open(struct watchdog *watchdog, struct event_base *base)
{
        uint64_t usec = asked_usec() / TIMES_IN_ITS_TIME;
        struct timeval distance = {
                .tv_sec = (time_t)(usec / 1000000), .tv_usec = (suseconds_t)(usec % 1000000),
        };

        if (usec == 0)
                return 0;
        watchdog->timer = event_new(base, -1, EV_PERSIST, on_timer, NULL);
        return watchdog->timer && event_add(watchdog->timer, &distance) == 0 ? 0 : -ENOMEM;
}

void watchdog_close(struct watchdog *watchdog)
{
        if (watchdog->timer)
                event_free(watchdog->timer);
        watchdog->timer = NULL;
}
