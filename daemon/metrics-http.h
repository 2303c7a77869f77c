/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

/*
 * Metrics over HTTP: GET /metrics, in OpenMetrics 1.0
 *
 * What    Off unless vgicd.conf(5) or the service manager names a place: a Unix socket or a
 *         loopback port. A request makes a walk over all VMs (metrics-walk.h), in turns of the
 *         daemon's own user, so that a thousand VMs keep nobody waiting; a request that comes
 *         during a walk waits for the next.
 * Rights  By Unix socket root, the daemon's own user and who has the right observe-all may read;
 *         others hear why not. By a port nobody knows who asks: everybody on this machine may read
 *         the sums, and nobody the names of users and VMs.
 * Trust   The reader is not trusted: metrics-gate.h bounds connections, bytes and time; methods
 *         other than GET and HEAD, bodies and long heads are refused.
 * Owner   The server has one.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>

#include "listener.h"
#include "metrics-address.h"
#include "metrics-gate.h"
#include "metrics-owners.h"
#include "metrics-page.h"
#include "metrics-walk.h"
#include "turns.h"

struct base_error;
struct evhttp;
struct loop;
struct registry;
struct sessions;
struct user;

struct metrics_http {
        struct loop *loop;
        struct registry *registry;
        struct sessions *sessions;
        struct evhttp *http;            /* NULL: metrics are not served */
        struct metrics_address address; /* none if the service manager passed a socket */
        char text[METRICS_ADDRESS_MAX]; /* the same, as it was given; "": none */
        struct listener listener;       /* of a path that is our own */
        int fd;                         /* which is listened on; -1: none */
        bool is_passed;                 /* by the service manager */
        struct metrics_gate gate;
        struct turn turn;               /* for the walk */
        struct user *user;              /* whose turns these are; while it walks */
        struct metrics_walk walk;
        struct metrics_vms vms;
        uint64_t n_walks;               /* that were begun */
        struct metrics_readers counts;
};

/*
 * metrics_http_new() - serve them at @address, or on @passed_fd, unless that is -1: then it is
 * consumed. "": nothing is served. Return: 0; a negative errno with words.
 */
int metrics_http_new(struct loop *loop, struct registry *registry, struct sessions *sessions,
                     const char *address, int passed_fd, struct base_error *why,
                     struct metrics_http **ret_metrics);

/*
 * metrics_http_move() - serve them at @address from now on, if that is another; a socket of the
 * service manager stays. Return: 0; a negative errno with words: all is as it was.
 */
int metrics_http_move(struct metrics_http **metrics, const char *address, struct base_error *why);

/* metrics_http_free() - also in the middle of an answer. NULL is allowed. */
void metrics_http_free(struct metrics_http *metrics);

#endif
