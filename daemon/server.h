/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SERVER_H
#define SERVER_H

/*
 * Server: the loop, the listening socket, the sessions and the VMs
 *
 * What    One libevent base and one thread. Connections are accepted while there are descriptors; when there are none
 *         the listener rests until some are given back.
 * Owner   main() has one; everything else hangs on it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "doorbell.h"
#include "listener.h"
#include "registry.h"
#include "user.h"

struct closer;
struct event;
struct event_base;
struct options;
struct session;

struct server {
        const struct options *options;
        struct event_base *base;
        struct listener listener;
        struct event *accepting;
        struct event *accept_again;     /* after it rested */
        struct event *stop_term;
        struct event *stop_int;
        struct event *reaper;
        struct event *status;           /* STATUS= follows changes with some delay */
        struct doorbell_guard guard;
        struct closer *closer;
        struct users users;
        struct registry registry;
        TAILQ_HEAD(, session) sessions;
        unsigned n_sessions;
        uint64_t last_session_id;
        uint64_t last_vm_id;
        uint64_t epoch;                 /* start of this daemon, CLOCK_BOOTTIME, ns */
        bool uids_are_mapped;           /* this is a user namespace that does not know all users */
        bool resting;                   /* the listener */
        bool told_resting;              /* the log has it, once until a connection is accepted again */
        bool stopping;
};

/* server_new() - open the socket. Return: 0; a negative errno, and the log says why. */
int server_new(const struct options *options, struct server **ret_server);

/* server_run() - until SIGTERM or SIGINT. Return: 0; -EIO the loop failed. */
int server_run(struct server *server);

/* server_free() - close sessions and VMs, remove the socket. NULL is allowed. */
void server_free(struct server *server);

/* server_reap() - some session was killed. */
void server_reap(struct server *server);

/* server_discard() - close a descriptor of a client's; it may take its time, the daemon does not. */
void server_discard(struct server *server, int fd);

/* server_changed() - the number of VMs or sessions changed. */
void server_changed(struct server *server);

#endif
