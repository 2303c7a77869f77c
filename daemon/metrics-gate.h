/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_GATE_H
#define METRICS_GATE_H

/*
 * Metrics gate: which connections for metrics there may be, and for how long
 *
 * What    libevent's HTTP server accepts whoever comes, and waits for each as long as bytes drip.
 *         Here one connection is let in every METRICS_GATE_PACE_MS, at most METRICS_GATE_READERS
 *         are there at a time, and each has METRICS_GATE_MS to send its request and again to take
 *         the answer. When all places are taken the one that has been sending or taking longest
 *         makes room: who is slow is in nobody's way.
 * How     The server asks for a buffer for each connection (evhttp_set_bevcb()). The gate keeps a
 *         reference, by which it sees the server give the connection up: it has no callbacks then.
 *         One that is to go has its socket shut down, and the server finds its end.
 * Cost    A timer runs while there is a connection.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct event;
struct event_base;
struct evconnlistener;
struct evhttp;
struct evhttp_request;

#define METRICS_GATE_READERS   16u
#define METRICS_GATE_PACE_MS   10u
#define METRICS_GATE_MS      5000u
/* a request's head; what else comes is not read beyond twice of it */
#define METRICS_GATE_HEAD    8192

enum metrics_phase { METRICS_SENDS, METRICS_WAITS, METRICS_TAKES };

/* One connection. */
struct metrics_reader {
        struct bufferevent *buffer;     /* a reference; NULL: this place is free */
        enum metrics_phase phase;       /* it sends its request, waits, takes its answer */
        uint64_t since_ns;              /* of this phase */
        struct evhttp_request *request; /* while it waits; the owner's */
        bool sees_names;                /* the same */
        uint64_t walk;                  /* the same: after which it is answered */
};

struct metrics_gate {
        struct event_base *base;
        struct evconnlistener *listener;        /* the HTTP server's */
        struct event *knock;            /* somebody wants to connect */
        struct event *timer;
        struct metrics_reader readers[METRICS_GATE_READERS];
        uint64_t n_dropped;             /* that were too slow, or in the way */
};

/*
 * metrics_gate_open() - let @http serve who connects to @fd, which listens and stays the caller's.
 * Return: 0; -ENOMEM.
 */
int metrics_gate_open(struct metrics_gate *gate, struct event_base *base, struct evhttp *http,
                      int fd);

/* metrics_gate_close() - @http is freed by now. Idempotent. */
void metrics_gate_close(struct metrics_gate *gate);

/* metrics_gate_reader() - whose request it is. Return: NULL: it is none of the gate's. */
struct metrics_reader *metrics_gate_reader(struct metrics_gate *gate,
                                           struct evhttp_request *request);

/* metrics_gate_phase() - it has come so far. */
void metrics_gate_phase(struct metrics_reader *reader, enum metrics_phase phase);

/* metrics_gate_look() - soon: somebody may have gone. */
void metrics_gate_look(struct metrics_gate *gate);

#endif
