/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Doorbells: see doorbell.h
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base-clock.h"
#include "doorbell.h"

/* Its only purpose is to be called: see the head of doorbell.h. */
static void on_tick(int signal_number)
{
        (void)signal_number;
}

/* The interval timer that ends sleeping writes: SIGRTMIN, whose handler does nothing. */
static void set_ticks(struct doorbell_guard *guard, bool on)
{
        struct itimerspec spec = { 0 };

        if (on) {
                spec.it_value.tv_nsec = guard->is_wary ? DOORBELL_WARY_US * 1000L
                                        : DOORBELL_TICK_MS * 1000000L;
                spec.it_interval = spec.it_value;
        }
        timer_settime(guard->timer, 0, &spec, NULL);
        guard->armed = on;
}

/* Nothing was written for a while: stop the ticks, so that an idle daemon has no timer. */
static void on_rest(evutil_socket_t fd, short what, void *arg)
{
        static const struct timeval rest = { .tv_usec = DOORBELL_REST_MS * 1000 };
        struct doorbell_guard *guard = arg;

        (void)fd;
        (void)what;
        if (guard->used) {
                guard->used = false;
                event_add(guard->rest, &rest);
        } else if (guard->armed) {
                set_ticks(guard, false);
        }
}

int doorbell_guard_init(struct doorbell_guard *guard, struct event_base *base)
{
        struct sigaction action = { .sa_handler = on_tick }; /* without SA_RESTART, on purpose */
        struct sigevent notify = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
        sigset_t set;

        memset(guard, 0, sizeof(*guard));
        if (sigaction(SIGRTMIN, &action, NULL) < 0)
                return -errno;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMIN);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        guard->rest = event_new(base, -1, 0, on_rest, guard);
        if (!guard->rest)
                return -ENOMEM;
        if (timer_create(CLOCK_MONOTONIC, &notify, &guard->timer) < 0) {
                int r = -errno;

                event_free(guard->rest);
                guard->rest = NULL;
                return r;
        }
        return 0;
}

void doorbell_guard_deinit(struct doorbell_guard *guard)
{
        if (!guard->rest)
                return;
        timer_delete(guard->timer);
        event_free(guard->rest);
        guard->rest = NULL;
}

void doorbell_guard_pause(struct doorbell_guard *guard)
{
        if (guard->armed)
                set_ticks(guard, false);
}

void doorbell_guard_start(struct doorbell_guard *guard)
{
        static const struct timeval rest = { .tv_usec = DOORBELL_REST_MS * 1000 };

        if (!guard->armed) {
                set_ticks(guard, true);
                event_add(guard->rest, &rest);
        }
        guard->used = true;
}

/* The ticks that run change their distance. */
static void set_wary(struct doorbell_guard *guard, bool is_wary)
{
        if (guard->is_wary == is_wary)
                return;
        guard->is_wary = is_wary;
        if (guard->armed)
                set_ticks(guard, true);
}

void doorbell_guard_beware(struct doorbell_guard *guard)
{
        guard->wary_until_ns = base_clock_ns() + DOORBELL_WARY_MS * UINT64_C(1000000);
        set_wary(guard, true);
}

/* Return: 1 a write would not sleep now; 0 it would fail, the counter is full; -EPERM it would. */
static int ask_first(struct doorbell_guard *guard, int fd)
{
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        int flags;

        if (base_clock_ns() >= guard->wary_until_ns)
                set_wary(guard, false);
        if (poll(&room, 1, 0) != 0)
                return 1;
        flags = fcntl(fd, F_GETFL);
        return flags >= 0 && (flags & O_NONBLOCK) ? 0 : -EPERM;
}

int doorbell_ring(struct doorbell_guard *guard, int fd)
{
        static const uint64_t one = 1;
        int r = guard->is_wary ? ask_first(guard, fd) : 1;

        if (r != 1)
                return r;
        doorbell_guard_start(guard);
        if (write(fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
                return 0;
        if (errno == EAGAIN) /* the counter is full: its reader is awake, or does not care */
                return 0;
        if (errno != EINTR)
                return -EIO;
        guard->n_slept++;
        doorbell_guard_beware(guard);
        return -EPERM;
}

void doorbell_drain(int fd)
{
        uint64_t counter;
        struct iovec iov = { .iov_base = &counter, .iov_len = sizeof(counter) };

        (void)!preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
}
