/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics gate: see metrics-gate.h
 */
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/socket.h>

#include "base-clock.h"
#include "metrics-gate.h"

#define NS_PER_MS    UINT64_C(1000000)
#define LOOK_MS      100u

static void look_in(struct metrics_gate *gate, unsigned ms)
{
        struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

        evtimer_add(gate->timer, &delay);
}

/* The server has freed it: it took its callbacks off. */
static bool is_gone(const struct metrics_reader *reader)
{
        bufferevent_data_cb on_read, on_written;
        bufferevent_event_cb on_event;
        void *arg;

        bufferevent_getcb(reader->buffer, &on_read, &on_written, &on_event, &arg);
        return !on_read && !on_written && !on_event;
}

static void let_go(struct metrics_reader *reader)
{
        bufferevent_disable(reader->buffer, EV_READ | EV_WRITE);
        bufferevent_decref(reader->buffer);
        *reader = (struct metrics_reader){ 0 };
}

/* The server finds the end of the connection, and gives it up. */
static void drop(struct metrics_gate *gate, struct metrics_reader *reader)
{
        shutdown(bufferevent_getfd(reader->buffer), SHUT_RDWR);
        gate->n_dropped++;
}

/* A place, or of those who have one the one who makes room. Return: NULL: all wait for a walk. */
static struct metrics_reader *choose(struct metrics_gate *gate, bool free)
{
        struct metrics_reader *chosen = NULL;

        for (unsigned i = 0; i < METRICS_GATE_READERS; i++) {
                struct metrics_reader *reader = &gate->readers[i];

                if (free != !reader->buffer || (!free && reader->phase == METRICS_WAITS))
                        continue;
                if (!chosen || reader->since_ns < chosen->since_ns)
                        chosen = reader;
        }
        return chosen;
}

/* Who is gone leaves a place; who is too slow is told to go. Return: somebody is left. */
static bool sweep(struct metrics_gate *gate)
{
        uint64_t now = base_clock_ns();
        bool any = false;

        for (unsigned i = 0; i < METRICS_GATE_READERS; i++) {
                struct metrics_reader *reader = &gate->readers[i];

                if (!reader->buffer)
                        continue;
                if (is_gone(reader)) {
                        let_go(reader);
                        continue;
                }
                any = true;
                if (reader->phase == METRICS_WAITS ||
                    now - reader->since_ns < METRICS_GATE_MS * NS_PER_MS)
                        continue;
                drop(gate, reader);
                reader->since_ns = now; /* not each time until the server has found it */
        }
        return any;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct metrics_gate *gate = arg;

        (void)fd;
        (void)what;
        if (sweep(gate))
                look_in(gate, LOOK_MS);
        event_add(gate->knock, NULL);
}

/*
 * Somebody wants to connect: the server may accept one, and nobody knocks until the timer has run.
 * In full places somebody makes room first.
 */
static void on_knock(evutil_socket_t fd, short what, void *arg)
{
        struct metrics_gate *gate = arg;
        struct metrics_reader *slowest;

        (void)fd;
        (void)what;
        sweep(gate);
        if (choose(gate, true)) {
                evconnlistener_enable(gate->listener);
        } else {
                slowest = choose(gate, false);
                if (slowest)
                        drop(gate, slowest);
        }
        look_in(gate, METRICS_GATE_PACE_MS);
}

/*
 * struct evhttp's: a connection was accepted, and is the only one for now. NULL would have the
 * server make a buffer that nobody watches: but there is a place, since on_knock() saw it.
 */
static struct bufferevent *make_buffer(struct event_base *base, void *arg)
{
        struct metrics_gate *gate = arg;
        struct metrics_reader *reader = choose(gate, true);
        struct bufferevent *buffer =
                reader ? bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE) : NULL;

        evconnlistener_disable(gate->listener);
        if (!buffer)
                return NULL;
        /* While the answer is written the server reads on, only to notice an end. */
        bufferevent_setwatermark(buffer, EV_READ, 0, 2 * METRICS_GATE_HEAD);
        bufferevent_incref(buffer);
        *reader = (struct metrics_reader){ .buffer = buffer };
        metrics_gate_phase(reader, METRICS_SENDS);
        return buffer;
}

/* Without descriptors accept() would fail again and again: until the next knock. */
static void on_error(struct evconnlistener *listener, void *arg)
{
        (void)arg;
        evconnlistener_disable(listener);
}

int metrics_gate_open(struct metrics_gate *gate, struct event_base *base, struct evhttp *http,
                      int fd)
{
        *gate = (struct metrics_gate){ .base = base };
        gate->timer = evtimer_new(base, on_timer, gate);
        gate->knock = event_new(base, fd, EV_READ, on_knock, gate);
        if (!gate->timer || !gate->knock || event_add(gate->knock, NULL) < 0)
                return -ENOMEM;
        gate->listener = evconnlistener_new(base, NULL, gate,
                                            LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0, fd);
        if (!gate->listener)
                return -ENOMEM;
        evconnlistener_set_error_cb(gate->listener, on_error);
        evhttp_set_bevcb(http, make_buffer, gate);
        if (!evhttp_bind_listener(http, gate->listener)) {
                evconnlistener_free(gate->listener);
                gate->listener = NULL;
                return -ENOMEM;
        }
        return 0;
}

void metrics_gate_close(struct metrics_gate *gate)
{
        for (unsigned i = 0; i < METRICS_GATE_READERS; i++)
                if (gate->readers[i].buffer)
                        let_go(&gate->readers[i]);
        if (gate->timer)
                event_free(gate->timer);
        if (gate->knock)
                event_free(gate->knock);
        *gate = (struct metrics_gate){ 0 };
}

struct metrics_reader *metrics_gate_reader(struct metrics_gate *gate,
                                           struct evhttp_request *request)
{
        struct evhttp_connection *connection = evhttp_request_get_connection(request);
        struct bufferevent *buffer =
                connection ? evhttp_connection_get_bufferevent(connection) : NULL;

        for (unsigned i = 0; buffer && i < METRICS_GATE_READERS; i++)
                if (gate->readers[i].buffer == buffer)
                        return &gate->readers[i];
        return NULL;
}

void metrics_gate_phase(struct metrics_reader *reader, enum metrics_phase phase)
{
        reader->phase = phase;
        reader->since_ns = base_clock_ns();
}

void metrics_gate_look(struct metrics_gate *gate)
{
        event_active(gate->timer, EV_TIMEOUT, 0);
}
