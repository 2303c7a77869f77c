/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOOP_H
#define LOOP_H

/*
 * Loop: what everything in this process runs on, and none of it owns
 *
 * What    The event base, the tick that ends a sleeping write (doorbell.h), the threads that close
 *         what clients sent (closer.h), the users and their limits and turns, the counts, the
 *         options. A session, a ring or a VM needs these, and nothing of the server that created
 *         it.
 * Owner   The server has one; it outlives all sessions and VMs.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "doorbell.h"
#include "metrics.h"
#include "rights.h"
#include "settings.h"
#include "turns.h"
#include "user.h"

struct closer;
struct event_base;
struct options;

struct loop {
        const struct options *options;  /* as they are by now */
        struct rights rights;
        struct event_base *base;
        struct doorbell_guard guard;
        struct closer *closer;
        struct users users;
        struct turns turns;
        struct metrics metrics;
        uint64_t epoch;                 /* start of this daemon, CLOCK_BOOTTIME, ns */
        uint64_t started_ns;            /* the same, CLOCK_REALTIME as it was then */
        struct settings_state settings; /* how they came to be as they are */
        uint64_t last_grant_id;
        bool stopping;                  /* the daemon ends, its VMs' guests may go on */
};

/* loop_init() - Return: 0; -ENOMEM. loop_deinit() follows in either case. */
int loop_init(struct loop *loop, const struct options *options);
void loop_deinit(struct loop *loop);

/* loop_discard() - close a descriptor of a client's; it may take its time, the daemon does not. */
void loop_discard(struct loop *loop, int fd);

#endif
