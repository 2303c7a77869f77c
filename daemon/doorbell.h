/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DOORBELL_H
#define DOORBELL_H

/*
 * Doorbells: eventfds that are shared with clients, and how to write them without being stopped
 *
 * What    O_NONBLOCK belongs to the open file, which the client shares: it can clear the flag and
 *         fill the counter, and the daemon's next write would sleep for ever. A guard timer sends a
 *         signal whose handler does nothing and is not restarted: a write that sleeps ends with
 *         EINTR within DOORBELL_TICK_MS. No write that does not sleep ever ends so, so EINTR
 *         convicts the client.
 * Many    Where one client did that there may be thousands. For DOORBELL_WARY_MS after a write
 *         that slept the daemon asks before each write whether it would sleep, and convicts by the
 *         answer; who fills the counter between the question and the write makes it sleep for
 *         DOORBELL_WARY_US. So all of them together cost one sleep of DOORBELL_TICK_MS, and a
 *         racing one a hundredth of what it takes to attach anew.
 * Cost    The timer runs from the first write until DOORBELL_REST_MS without one: a dense stream of
 *         doorbells pays nothing for it, an idle daemon has no timer.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <time.h>

struct event;
struct event_base;

#define DOORBELL_TICK_MS     5
#define DOORBELL_REST_MS   100
#define DOORBELL_WARY_US   100
#define DOORBELL_WARY_MS 60000

struct doorbell_guard {
        timer_t timer;
        struct event *rest;
        bool armed;
        bool used;              /* since the last look of rest */
        bool is_wary;           /* somebody made a write sleep, until: */
        uint64_t wary_until_ns;
        uint64_t n_slept;       /* writes that slept until a tick */
};

/* doorbell_guard_init() - install the handler and the timers. Return: 0; -ENOMEM, -EAGAIN. */
int doorbell_guard_init(struct doorbell_guard *guard, struct event_base *base);
void doorbell_guard_deinit(struct doorbell_guard *guard);

/*
 * doorbell_guard_pause() - stop the ticks before something long that a signal would interrupt; the
 * next write starts them.
 */
void doorbell_guard_pause(struct doorbell_guard *guard);

/*
 * doorbell_guard_start() - the ticks run: a system call that sleeps ends within DOORBELL_TICK_MS.
 */
void doorbell_guard_start(struct doorbell_guard *guard);

/*
 * doorbell_guard_beware() - somebody makes system calls sleep: be wary, and keep sleeps short.
 */
void doorbell_guard_beware(struct doorbell_guard *guard);

/*
 * doorbell_ring() - Return: 0 the reader will wake; -EPERM the client made the write sleep, or
 * would have (hostile); -EIO.
 */
int doorbell_ring(struct doorbell_guard *guard, int fd);

/* doorbell_drain() - take the counter; never sleeps whatever the client did to the flags. */
void doorbell_drain(int fd);

#endif
