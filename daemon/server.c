/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Server: see server.h
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "activation.h"
#include "base-clock.h"
#include "base-error.h"
#include "life.h"
#include "dispatch.h"
#include "log.h"
#include "metrics-http.h"
#include "notify.h"
#include "options.h"
#include "server.h"
#include "session.h"
#include "settings.h"
#include "vm.h"

#define ACCEPTS_PER_TURN   32u
#define ACCEPT_AGAIN_MS   500
#define STATUS_DELAY_MS   100
#define STATUS_DISTANCE_MS  1000        /* whatever users do, it costs the manager this much */
#define STATUS_AGAIN_MS  1000   /* the manager did not take it */
#define READY_AGAIN_MS    100   /* the same, and it waits for it */

static struct timeval milliseconds(unsigned ms)
{
        return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

/*
 * Without descriptors or memory accept() fails again and again while the connection stays: wait
 * instead of spinning.
 */
static void pause_accepting(struct server *server, int error)
{
        struct timeval delay = milliseconds(ACCEPT_AGAIN_MS);

        if (!server->pause_is_logged)
                log_client(LOG_WARNING, LOG_KIND_FULL, NULL,
                           "no connection can be accepted (%s): waiting until some end; "
                           "LimitNOFILE= in vgicd.service sets the limit", strerror(error));
        server->pause_is_logged = true;
        server->is_paused = true;
        event_del(server->accepting);
        evtimer_add(server->accept_again, &delay);
}

/*
 * When a session has ended, or some time after accept() failed: whatever was short may be there
 * again.
 */
static void resume_accepting(struct server *server)
{
        if (!server->is_paused)
                return;
        server->is_paused = false;
        evtimer_del(server->accept_again);
        event_add(server->accepting, NULL);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        resume_accepting(arg);
}

static void status_soon(struct server *server, unsigned ms)
{
        struct timeval delay = milliseconds(ms);

        if (!evtimer_pending(server->status, NULL))
                evtimer_add(server->status, &delay);
}

/*
 * The number of VMs or sessions changed: STATUS= follows with some delay, and no two within a
 * second. Any user can have it change all the time, and the manager tells the whole bus of each.
 */
static void on_changed(void *arg)
{
        struct server *server = arg;
        uint64_t since_ms = (base_clock_ns() - server->told_ns) / 1000000;
        unsigned ms = STATUS_DELAY_MS;

        if (server->told_ns && since_ms + ms < STATUS_DISTANCE_MS)
                ms = STATUS_DISTANCE_MS - (unsigned)since_ms;
        status_soon(server, ms);
}

/* From a connection that was accepted to a session that is served. */
static void add_session(struct server *server, int fd)
{
        struct session *session;

        if (session_new(&server->sessions, fd, &session) < 0)
                return;
        TAILQ_INSERT_TAIL(&server->sessions.list, session, link);
        server->sessions.n++;
        on_changed(server);
}

static void on_frame(struct session *session, struct proto_rx *rx)
{
        struct server *server = session->all->server;

        dispatch_frame(&server->registry, session, rx);
}

/*
 * At most ACCEPTS_PER_TURN, and no longer than a turn, so that connections that come in a burst do
 * not hold up those that are served. One that the client gave up before is no error.
 */
static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
        struct server *server = arg;
        uint64_t start = base_clock_ns();

        (void)what;
        for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0) {
                        server->pause_is_logged = false;
                        add_session(server, fd);
                        if (turn_is_over(start, base_clock_ns()))
                                return;
                } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                           errno == ENOMEM) {
                        pause_accepting(server, errno);
                        return;
                } else if (errno != EINTR && errno != ECONNABORTED) {
                        return;
                }
        }
}

/* In order: sessions and VMs are ended by server_free(), outside of any callback of theirs. */
static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
        struct server *server = arg;

        (void)what;
        log_event(LOG_INFO, LOG_EVENT_ENDING,
                  "stopping on %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
        notify_stopping();
        event_del(server->accepting);
        event_base_loopbreak(server->loop.base);
}

/*
 * READY until it is told, and STATUS as it is now: of what was not taken nothing is missing. A
 * NOTIFY_SOCKET where nobody listens is tried again only when there is something new to tell.
 */
static void tell_manager(struct server *server)
{
        int r = server->is_ready ? 0 : notify_ready();

        if (r == 0) {
                server->is_ready = true;
                r = notify_status(&(struct notify_numbers){
                        .n_vms = server->registry.n_vms, .n_sessions = server->sessions.n,
                        .n_fds = server->loop.users.n_fds, .n_bytes = server->loop.users.n_bytes,
                });
                server->told_ns = base_clock_ns();
        }
        if (r == -EAGAIN) {
                server->n_untold++;
                server->loop.metrics.n_untold++;
                status_soon(server, server->is_ready ? STATUS_AGAIN_MS : READY_AGAIN_MS);
                return;
        }
        if (r < 0 && !server->is_unheard)
                log_event(LOG_WARNING, LOG_EVENT_MANAGER,
                          "the service manager cannot be told: NOTIFY_SOCKET: %s", strerror(-r));
        server->is_unheard = r < 0;
        if (r == 0 && server->n_untold) {
                log_event(LOG_WARNING, LOG_EVENT_MANAGER,
                          "the service manager was stuck: it did not take %u notifications",
                          server->n_untold);
                server->n_untold = 0;
        }
}

/* What they may do from now on; what they have they keep. */
static void look_up_rights(struct server *server)
{
        struct session *session;

        TAILQ_FOREACH(session, &server->sessions.list, link) {
                session->rights =
                        rights_of_peer(&server->loop.rights, session->fd, session->uid);
                session->denied = 0;
        }
}

/* SIGHUP. A file with an error changes nothing. */
static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
        struct server *server = arg;
        struct rights rights = { 0 };
        struct base_error why = { 0 };
        struct options options;
        int r;

        (void)signal_number;
        (void)what;
        notify_reloading();
        server->loop.settings.n_reloads++;
        server->loop.settings.reloaded_ns = base_clock_ns();
        r = settings_read(server->given, &options, &rights, &why);
        if (r == 0)
                r = metrics_http_move(&server->metrics, options.metrics, &why);
        if (r < 0 && !base_error_is_set(&why))
                base_error_set(&why, r, "%s", strerror(-r));
        server->loop.settings.error = why;
        server->loop.metrics.n_bad_reloads += r < 0;
        if (r < 0) {
                rights_clear(&rights);
                log_event(LOG_ERR, LOG_EVENT_BAD_SETTINGS, "the settings stay as they were: %s",
                          why.text);
        } else {
                rights_clear(&server->loop.rights);
                server->loop.rights = rights;
                server->options = options;
                log_open(options.log_priority);
                users_set_limits(&server->loop.users, &server->options);
                look_up_rights(server);
                log_event(LOG_INFO, LOG_EVENT_SETTINGS, "settings read anew: %zu rules of rights",
                          rights.n_rules);
        }
        server->is_ready = false;
        tell_manager(server);
}

/* It leaves its VM first: that tells what it held to those who go on. */
static void remove_session(struct server *server, struct session *session)
{
        TAILQ_REMOVE(&server->sessions.list, session, link);
        server->sessions.n--;
        life_leave(session);
        notes_close(session);
        session_free(session);
}

/*
 * Free the sessions that were killed, as many as fit into a turn: to finish what the process of
 * each left takes its time. It runs from the loop, when nobody is in the middle of one; their
 * descriptors may let connections in again.
 */
static void on_reap(evutil_socket_t fd, short what, void *arg)
{
        struct server *server = arg;
        struct session *session = TAILQ_FIRST(&server->sessions.list), *next;
        static const struct timeval now = { 0 };
        uint64_t start = base_clock_ns(), began = start;

        (void)fd;
        (void)what;
        for (; session; session = next) {
                next = TAILQ_NEXT(session, link);
                if (!session->dying)
                        continue;
                remove_session(server, session);
                turns_took(&server->loop.turns, base_clock_ns() - began);
                began = base_clock_ns();
                if (turn_is_over(start, base_clock_ns())) {
                        evtimer_add(server->sessions.reaper, &now); /* after all others' turn */
                        break;
                }
        }
        resume_accepting(server);
        on_changed(server);
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        tell_manager(arg);
}

/*
 * A default path's folder is systemd's to make; started by hand, root makes it, and for an own
 * daemon its user.
 */
static struct listener_kind kind_of_socket(const struct options *options)
{
        struct listener_kind kind = { .option = "--socket", .mode = 0600 };

        if (options->is_users && strcmp(options->socket_path, options->users_socket) == 0) {
                kind.folder = options->users_folder;
                kind.folder_mode = 0700;
        } else if (geteuid() == 0 &&
                   strcmp(options->socket_path, OPTIONS_DEFAULT_SOCKET) == 0) {
                kind.folder = "/run/vgicd";
                kind.folder_mode = 0755;
        }
        return kind;
}

/* The service manager's, or our own. */
static int open_socket(struct server *server, int *ret_metrics_fd)
{
        const struct listener_kind kind = kind_of_socket(&server->options);
        int fd, r = activation_take(&fd, ret_metrics_fd);

        if (r < 0)
                return r;
        if (r == 0)
                return listener_open(server->loop.options->socket_path, &kind, &server->listener);
        if (server->loop.options->socket_given)
                log_event(LOG_WARNING, LOG_EVENT_SOCKET,
                          "--socket is ignored: the service manager passed a socket");
        evutil_make_socket_nonblocking(fd);
        server->listener.fd = fd;
        return 0;
}

static int open_metrics(struct server *server, int passed_fd)
{
        struct base_error why = { 0 };
        int r;

        if (passed_fd >= 0 && server->options.metrics[0])
                log_event(LOG_WARNING, LOG_EVENT_SOCKET,
                          "metrics are served at the socket of the service manager, not at %s",
                          server->options.metrics);
        r = metrics_http_new(&server->loop, &server->registry, &server->sessions,
                             server->options.metrics, passed_fd, &why, &server->metrics);
        if (r < 0)
                log_event(LOG_ERR, LOG_EVENT_BAD_SETTINGS, "%s", why.text);
        return r;
}

/* Timers wait until somebody arms them; the listener and the signals are looked at from now on. */
static int make_events(struct server *server)
{
        struct event_base *base = server->loop.base;
        bool have_all;

        server->accepting =
                event_new(base, server->listener.fd, EV_READ | EV_PERSIST, on_accept, server);
        server->accept_again = evtimer_new(base, on_accept_again, server);
        server->stop_term = evsignal_new(base, SIGTERM, on_stop, server);
        server->stop_int = evsignal_new(base, SIGINT, on_stop, server);
        server->reload = evsignal_new(base, SIGHUP, on_reload, server);
        server->sessions.reaper = evtimer_new(base, on_reap, server);
        server->status = evtimer_new(base, on_status, server);
        have_all = server->accepting && server->accept_again && server->stop_term &&
                   server->stop_int && server->reload && server->sessions.reaper &&
                   server->status;
        if (!have_all || event_add(server->accepting, NULL) < 0 ||
            event_add(server->stop_term, NULL) < 0 ||
            event_add(server->stop_int, NULL) < 0 || event_add(server->reload, NULL) < 0)
                return -ENOMEM;
        return 0;
}

/* At the start there is nothing to go on with but the file. */
static int read_settings(struct server *server)
{
        struct base_error why = { 0 };
        int r = settings_read(server->given, &server->options, &server->loop.rights, &why);

        if (r < 0 && base_error_is_set(&why))
                log_event(LOG_ERR, LOG_EVENT_BAD_SETTINGS, "%s", why.text);
        if (r == 0)
                log_open(server->options.log_priority);
        return r;
}

int server_new(const struct options *options, struct server **ret_server)
{
        struct server *server = calloc(1, sizeof(*server));
        int metrics_fd = -1, r;

        if (!server)
                return -ENOMEM;
        server->given = options;
        r = read_settings(server);
        if (r < 0) {
                free(server);
                return r;
        }
        server->listener = LISTENER_NONE;
        registry_init(&server->registry);
        server->registry.server = server;
        server->registry.changed = on_changed;
        sessions_init(&server->sessions, &server->loop);
        server->sessions.server = server;
        server->sessions.frame = on_frame;
        server->sessions.writable = notes_flush;
        r = loop_init(&server->loop, &server->options);
        if (r == 0)
                r = open_socket(server, &metrics_fd);
        if (r == 0)
                r = make_events(server);
        if (r == 0)
                r = watchdog_open(&server->watchdog, server->loop.base);
        if (r == 0)
                r = open_metrics(server, metrics_fd);
        if (r < 0) {
                server_free(server);
                return r;
        }
        *ret_server = server;
        return 0;
}

int server_run(struct server *server)
{
        tell_manager(server);
        log_event(LOG_INFO, LOG_EVENT_STARTED, "vgicd %s listens on %s", PACKAGE_VERSION,
                  server->listener.path ? server->listener.path : "the service manager's socket");
        return event_base_dispatch(server->loop.base) < 0 ? -EIO : 0;
}

static void free_event(struct event *event)
{
        if (event)
                event_free(event);
}

void server_free(struct server *server)
{
        if (!server)
                return;
        server->loop.stopping = true;
        listener_close(&server->listener);
        while (!TAILQ_EMPTY(&server->sessions.list))
                remove_session(server, TAILQ_FIRST(&server->sessions.list));
        while (!TAILQ_EMPTY(&server->registry.vms))
                life_destroy(TAILQ_FIRST(&server->registry.vms), NULL);
        life_free_buried(&server->registry);
        metrics_http_free(server->metrics);
        free_event(server->accepting);
        free_event(server->accept_again);
        free_event(server->stop_term);
        free_event(server->stop_int);
        free_event(server->reload);
        watchdog_close(&server->watchdog);
        free_event(server->sessions.reaper);
        free_event(server->status);
        loop_deinit(&server->loop);
        rights_clear(&server->loop.rights);
        free(server);
}
