/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics over HTTP: see metrics-http.h
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base-error.h"
#include "base-fd.h"
#include "log.h"
#include "loop.h"
#include "metrics-http.h"
#include "options.h"
#include "rights.h"
#include "session.h"
#include "user.h"

#define MOST_WAITING   8u
#define CONTENT_TYPE   "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* --- answers --- */

static void on_sent(struct evhttp_request *request, void *arg)
{
        struct metrics_http *metrics = arg;

        (void)request;
        metrics_gate_look(&metrics->gate);
}

/* The answer, after which the connection ends. @body may be NULL. */
static void answer(struct metrics_http *metrics, struct evhttp_request *request, int code,
                   const char *reason, const char *type, struct evbuffer *body)
{
        struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
        struct metrics_reader *reader = metrics_gate_reader(&metrics->gate, request);

        if (reader)
                metrics_gate_phase(reader, METRICS_TAKES);
        evhttp_add_header(headers, "Content-Type", type);
        evhttp_add_header(headers, "Connection", "close");
        evhttp_request_set_on_complete_cb(request, on_sent, metrics);
        evhttp_send_reply(request, code, reason, body);
}

/* One line of words. */
static void answer_words(struct metrics_http *metrics, struct evhttp_request *request, int code,
                         const char *reason, const char *words)
{
        struct evbuffer *body = evbuffer_new();

        if (body && evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
                evbuffer_add_printf(body, "%s\n", words);
        answer(metrics, request, code, reason, "text/plain; charset=utf-8", body);
        if (body)
                evbuffer_free(body);
}

static void answer_page(struct metrics_http *metrics, struct metrics_reader *reader)
{
        struct evhttp_request *request = reader->request;
        const struct metrics_view view = {
                .loop = metrics->loop, .n_sessions = metrics->sessions->n,
                .sums = &metrics->walk.sums, .readers = &metrics->counts,
                .vms = reader->sees_names ? &metrics->vms : NULL,
        };
        struct evbuffer *body = evbuffer_new();

        reader->request = NULL;
        metrics->counts.n_dropped = metrics->gate.n_dropped;
        metrics->counts.n_served++; /* with this one */
        if (!body || metrics_page(&view, body) < 0) {
                metrics->counts.n_served--;
                metrics->counts.n_failed++;
                answer_words(metrics, request, HTTP_INTERNAL, "Internal Server Error",
                             "vgicd is out of memory");
        } else {
                answer(metrics, request, HTTP_OK, "OK", CONTENT_TYPE, body);
        }
        if (body)
                evbuffer_free(body);
}

/* --- the walk --- */

static bool walk_some(void *arg);

/* For all who wait by now. Return: 0; -ENOMEM. */
static int begin_walk(struct metrics_http *metrics)
{
        bool by_name = false;
        int r;

        for (unsigned i = 0; i < METRICS_GATE_READERS; i++)
                by_name |= metrics->gate.readers[i].request && metrics->gate.readers[i].sees_names;
        metrics->user = user_get(&metrics->loop->users, geteuid());
        if (!metrics->user)
                return -ENOMEM;
        metrics->n_walks++;
        r = metrics_vms_open(&metrics->vms,
                             by_name ? metrics->loop->options->metrics_vms : 0);
        metrics->vms.is_incomplete |= r < 0;
        metrics->walk = (struct metrics_walk){
                .registry = metrics->registry, .metrics = &metrics->loop->metrics,
                .vm = by_name && r == 0 ? metrics_vms_add : NULL, .arg = &metrics->vms,
        };
        metrics->turn = (struct turn){
                .user = metrics->user, .serve = walk_some, .arg = metrics,
        };
        turns_ask(&metrics->loop->turns, &metrics->turn);
        return 0;
}

static void end_walk(struct metrics_http *metrics)
{
        if (!metrics->user)
                return;
        turns_drop(&metrics->loop->turns, &metrics->turn);
        metrics_vms_close(&metrics->vms);
        user_put(metrics->user);
        metrics->user = NULL;
}

/* Who came while it walked waits for a walk of its own. Return: the first of these. */
static struct metrics_reader *answer_waiting(struct metrics_http *metrics)
{
        struct metrics_reader *left = NULL;

        for (unsigned i = 0; i < METRICS_GATE_READERS; i++) {
                struct metrics_reader *reader = &metrics->gate.readers[i];

                if (!reader->request)
                        continue;
                if (reader->walk <= metrics->n_walks)
                        answer_page(metrics, reader);
                else
                        left = reader;
        }
        return left;
}

/* Without memory nobody is left waiting. */
static void fail_waiting(struct metrics_http *metrics)
{
        for (unsigned i = 0; i < METRICS_GATE_READERS; i++) {
                struct evhttp_request *request = metrics->gate.readers[i].request;

                metrics->gate.readers[i].request = NULL;
                if (!request)
                        continue;
                metrics->counts.n_failed++;
                answer_words(metrics, request, HTTP_INTERNAL, "Internal Server Error",
                             "vgicd is out of memory");
        }
}

/* struct turn.serve */
static bool walk_some(void *arg)
{
        struct metrics_http *metrics = arg;
        struct metrics_reader *left;

        if (metrics_walk_some(&metrics->walk))
                return true;
        left = answer_waiting(metrics);
        end_walk(metrics);
        if (left && begin_walk(metrics) < 0)
                fail_waiting(metrics);
        return false;
}

/* --- requests --- */

/* Whom the kernel names at the other end, of a Unix socket. Return: it is known. */
static bool find_peer(struct metrics_http *metrics, int fd, uid_t *ret_uid)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
            !sessions_tell_apart(metrics->sessions, peer.uid))
                return false;
        *ret_uid = peer.uid;
        return true;
}

static bool is_unix(int fd)
{
        int domain = 0;
        socklen_t size = sizeof(domain);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* Return: may this reader have them? By a port whoever is on this machine may, without names. */
static bool may_read(struct metrics_http *metrics, const struct metrics_reader *reader,
                     bool *ret_sees_names)
{
        int fd = bufferevent_getfd(reader->buffer);
        uid_t uid;

        *ret_sees_names = is_unix(fd);
        if (!*ret_sees_names)
                return true;
        return find_peer(metrics, fd, &uid) &&
               (rights_of_peer(&metrics->loop->rights, fd, uid) & RIGHT_OBSERVE_ALL);
}

static unsigned count_waiting(const struct metrics_http *metrics)
{
        unsigned n = 0;

        for (unsigned i = 0; i < METRICS_GATE_READERS; i++)
                n += metrics->gate.readers[i].request != NULL;
        return n;
}

/* It waits for a walk that begins now, or after the one that is under way. */
static void ask_for_page(struct metrics_http *metrics, struct metrics_reader *reader,
                         struct evhttp_request *request, bool sees_names)
{
        reader->request = request;
        reader->sees_names = sees_names;
        reader->walk = metrics->n_walks + 1;
        metrics_gate_phase(reader, METRICS_WAITS);
        if (!metrics->user && begin_walk(metrics) < 0)
                fail_waiting(metrics);
}

/* struct evhttp's: the whole of a request is there. */
static void on_request(struct evhttp_request *request, void *arg)
{
        const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
        const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
        struct metrics_http *metrics = arg;
        struct metrics_reader *reader = metrics_gate_reader(&metrics->gate, request);
        bool sees_names;

        if (!reader) {
                answer_words(metrics, request, HTTP_SERVUNAVAIL, "Service Unavailable", "again");
        } else if (!path || strcmp(path, "/metrics") != 0) {
                metrics->counts.n_not_found++;
                answer_words(metrics, request, HTTP_NOTFOUND, "Not Found",
                             "metrics are at /metrics");
        } else if (!may_read(metrics, reader, &sees_names)) {
                metrics->counts.n_refused++;
                answer_words(metrics, request, 403, "Forbidden",
                             "your user may not read metrics: vgicd.conf does not allow it "
                             "\"observe-all\"");
        } else if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
                metrics->counts.n_served++;
                answer(metrics, request, HTTP_OK, "OK", CONTENT_TYPE, NULL);
        } else if (count_waiting(metrics) >= MOST_WAITING) {
                metrics->counts.n_busy++;
                answer_words(metrics, request, HTTP_SERVUNAVAIL, "Service Unavailable",
                             "too many readers wait for metrics");
        } else {
                ask_for_page(metrics, reader, request, sees_names);
        }
}

/* --- beginning and end --- */

/* Return: a socket that listens, metrics->listener's if it is a path; a negative errno, @why. */
static int open_address(struct metrics_http *metrics, const char *text, struct base_error *why)
{
        static const struct listener_kind kind = { .option = "--metrics", .mode = 0666 };
        int r = metrics_address_parse(text, &metrics->address, why);

        if (r < 0)
                return r;
        if (!metrics->address.is_path)
                return metrics_address_bind(&metrics->address, why);
        r = listener_open(metrics->address.path, &kind, &metrics->listener);
        if (r < 0)
                return base_error_set(why, r, "metrics: the socket %s could not be opened",
                                      metrics->address.path);
        return metrics->listener.fd;
}

static int serve(struct metrics_http *metrics)
{
        metrics->http = evhttp_new(metrics->loop->base);
        if (!metrics->http)
                return -ENOMEM;
        evhttp_set_gencb(metrics->http, on_request, metrics);
        evhttp_set_allowed_methods(metrics->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
        evhttp_set_max_headers_size(metrics->http, METRICS_GATE_HEAD);
        evhttp_set_max_body_size(metrics->http, 0);
        return metrics_gate_open(&metrics->gate, metrics->loop->base, metrics->http, metrics->fd);
}

/* Where to, and from then on. Return: 0, also if there is no place; a negative errno, @why. */
static int open_and_serve(struct metrics_http *metrics, const char *address, int passed_fd,
                          struct base_error *why)
{
        int r;

        metrics->fd = passed_fd;
        metrics->is_passed = passed_fd >= 0;
        if (metrics->is_passed) {
                r = metrics_address_check(passed_fd, why);
        } else if (address[0]) {
                snprintf(metrics->text, sizeof(metrics->text), "%s", address);
                r = metrics->fd = open_address(metrics, address, why);
        } else {
                return 0;
        }
        if (r < 0)
                return r;
        evutil_make_socket_nonblocking(metrics->fd);
        r = serve(metrics);
        if (r == 0)
                log_line(LOG_INFO, "metrics are served at %s",
                         metrics_address_of(metrics->fd).text);
        return r;
}

int metrics_http_new(struct loop *loop, struct registry *registry, struct sessions *sessions,
                     const char *address, int passed_fd, struct base_error *why,
                     struct metrics_http **ret_metrics)
{
        struct metrics_http *metrics = calloc(1, sizeof(*metrics));
        int r;

        if (!metrics) {
                base_fd_close(passed_fd);
                return base_error_set(why, -ENOMEM, "metrics cannot be served: out of memory");
        }
        *metrics = (struct metrics_http){
                .loop = loop, .registry = registry, .sessions = sessions,
                .listener = LISTENER_NONE, .fd = -1,
        };
        r = open_and_serve(metrics, address, passed_fd, why);
        if (r < 0) {
                metrics_http_free(metrics);
                return base_error_default(why, r, "metrics cannot be served: %s", strerror(-r));
        }
        *ret_metrics = metrics;
        return 0;
}

int metrics_http_move(struct metrics_http **metrics, const char *address, struct base_error *why)
{
        struct metrics_http *old = *metrics, *new = NULL;
        int r;

        if (old->is_passed || strcmp(old->text, address) == 0)
                return 0;
        r = metrics_http_new(old->loop, old->registry, old->sessions, address, -1, why, &new);
        if (r < 0)
                return r;
        new->counts = old->counts;
        new->gate.n_dropped = old->gate.n_dropped;
        metrics_http_free(old);
        *metrics = new;
        return 0;
}

void metrics_http_free(struct metrics_http *metrics)
{
        if (!metrics)
                return;
        end_walk(metrics);
        if (metrics->http)
                evhttp_free(metrics->http);
        metrics_gate_close(&metrics->gate);
        if (metrics->listener.fd >= 0)
                listener_close(&metrics->listener);
        else
                base_fd_close(metrics->fd);
        free(metrics);
}
