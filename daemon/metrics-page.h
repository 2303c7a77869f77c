/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_PAGE_H
#define METRICS_PAGE_H

/*
 * Metrics page: what a scrape is answered
 *
 * What    Sums over all users and VMs, some 250 lines however many these are. For a reader who may
 *         see whose they are, also what metrics-owners.h says of single users and VMs.
 * Names   doc/operating.md explains each metric; a test compares.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct evbuffer;
struct loop;
struct metrics_sums;
struct metrics_vms;

/* Of the HTTP server itself. */
struct metrics_readers {
        uint64_t n_served, n_refused, n_not_found, n_busy, n_failed;
        uint64_t n_dropped;             /* connections that were too slow, or in the way */
};

/* What a page is made from. */
struct metrics_view {
        const struct loop *loop;
        unsigned n_sessions;
        const struct metrics_sums *sums;
        const struct metrics_readers *readers;
        /* NULL: the reader may not see whose they are */
        const struct metrics_vms *vms;
};

/* metrics_page() - the whole of it into @to. Return: 0; -ENOMEM: what is there is incomplete. */
int metrics_page(const struct metrics_view *view, struct evbuffer *to);

#endif
