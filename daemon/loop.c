/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Loop: see loop.h
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base-clock.h"
#include "closer.h"
#include "log.h"
#include "log-writer.h"
#include "loop.h"

/* libevent would write to standard error itself, and wait for it. */
static void on_event_message(int severity, const char *text)
{
        log_line(severity == EVENT_LOG_ERR ? LOG_ERR
                 : severity == EVENT_LOG_WARN ? LOG_WARNING : LOG_DEBUG, "libevent: %s", text);
}

/*
 * libevent has said why it cannot go on, and would end the process at once: before the log's writer
 * has written it.
 */
static void on_event_fatal(int error)
{
        (void)error;
        log_writer_finish();
        _exit(EXIT_FAILURE);
}

/*
 * With a clock of its own for timers (a timerfd): libevent's usual one stands still for a tick of
 * the kernel, 4 ms, and sleeps in whole milliseconds, by which TDIR's lag would be longer.
 */
static struct event_base *new_base(void)
{
        struct event_config *config = event_config_new();
        struct event_base *base = NULL;

        if (!config)
                return NULL;
        if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
                base = event_base_new_with_config(config);
        event_config_free(config);
        return base;
}

/* Where there is no thread for it: a tick ends every sleep that a signal can end. */
void loop_discard(struct loop *loop, int fd)
{
        if (closer_close(loop->closer, fd))
                return;
        doorbell_guard_beware(&loop->guard);
        doorbell_guard_start(&loop->guard);
        close(fd);
}

int loop_init(struct loop *loop, const struct options *options)
{
        int r;

        loop->options = options;
        loop->epoch = base_clock_of(CLOCK_BOOTTIME);
        loop->started_ns = base_clock_of(CLOCK_REALTIME);
        users_init(&loop->users, options);
        event_set_log_callback(on_event_message);
        event_set_fatal_callback(on_event_fatal);
        loop->closer = closer_new();
        loop->base = loop->closer ? new_base() : NULL;
        if (!loop->base)
                return -ENOMEM;
        if (turns_init(&loop->turns, loop->base) < 0)
                return -ENOMEM;
        r = doorbell_guard_init(&loop->guard, loop->base);
        if (r < 0 && r != -ENOMEM)
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the timer that ends writes that sleep cannot be made: %s: raise "
                          "LimitSIGPENDING= in vgicd.service, or \"ulimit -i\"", strerror(-r));
        return r;
}

void loop_deinit(struct loop *loop)
{
        doorbell_guard_deinit(&loop->guard);
        turns_deinit(&loop->turns);
        users_deinit(&loop->users);
        if (loop->base)
                event_base_free(loop->base);
        closer_free(loop->closer);
}
