/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SERVER_H
#define SERVER_H

/*
 * Server: the loop, the listening socket, the sessions and the VMs
 *
 * What    One libevent base and one thread. Connections are accepted while there are descriptors;
 *         when there are none the listener rests until some are given back.
 * Owner   main() has one; everything else hangs on it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "listener.h"
#include "loop.h"
#include "options.h"
#include "registry.h"
#include "session.h"
#include "watchdog.h"

struct event;
struct metrics_http;

struct server {
        const struct options *given;    /* the command line */
        struct options options;         /* with what the file of settings adds */
        struct loop loop;
        struct listener listener;
        struct event *accepting;
        struct event *accept_again;     /* after it rested */
        struct event *stop_term;
        struct event *stop_int;
        struct event *reload;           /* SIGHUP */
        struct watchdog watchdog;
        struct event *status;           /* STATUS= follows changes with some delay */
        bool is_ready;                  /* the service manager knows */
        uint64_t told_ns;               /* base_clock_ns() of the last STATUS=; 0: never */
        bool is_unheard;                /* nothing listens where it was said to, and the log says */
        unsigned n_untold;              /* that it did not take, since it last took one */
        struct registry registry;
        struct sessions sessions;
        struct metrics_http *metrics;
        bool is_paused;                 /* nothing is accepted: there were no descriptors for it */
        bool pause_is_logged;           /* once until a connection is accepted again */
};

/*
 * server_new() - read the settings, open the socket. @options stays the caller's. Return: 0; a
 * negative errno, and the log says why.
 */
int server_new(const struct options *options, struct server **ret_server);

/* server_run() - until SIGTERM or SIGINT. Return: 0; -EIO the loop failed. */
int server_run(struct server *server);

/* server_free() - close sessions and VMs, remove the socket. NULL is allowed. */
void server_free(struct server *server);

#endif
