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
#include <time.h>
#include <unistd.h>

#include "activation.h"
#include "attach.h"
#include "base-error.h"
#include "closer.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "server.h"
#include "session.h"
#include "vm.h"

#define ACCEPTS_PER_TURN   32u
#define ACCEPT_AGAIN_MS   500
#define STATUS_DELAY_MS   100
#define STATUS_AGAIN_MS  1000   /* the manager did not take it */

static struct timeval milliseconds(unsigned ms)
{
        return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

/* Without descriptors or memory accept() fails again and again while the connection stays: wait instead of spinning. */
static void rest(struct server *server, int error)
{
        struct timeval delay = milliseconds(ACCEPT_AGAIN_MS);

        if (!server->told_resting)
                log_client(LOG_WARNING, NULL, "no connection can be accepted (%s): waiting until some end; "
                           "LimitNOFILE= in vgicd.service sets the limit", strerror(error));
        server->told_resting = true;
        server->resting = true;
        event_del(server->accepting);
        evtimer_add(server->accept_again, &delay);
}

static void accept_again(struct server *server)
{
        if (!server->resting)
                return;
        server->resting = false;
        evtimer_del(server->accept_again);
        event_add(server->accepting, NULL);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        accept_again(arg);
}

static void add_session(struct server *server, int fd)
{
        struct session *session;
        struct base_error why = { 0 };
        int r = session_new(server, fd, &why, &session);

        if (r < 0) {
                log_client(LOG_NOTICE, NULL, "a connection was refused: %s",
                           base_error_is_set(&why) ? why.text : strerror(-r));
                return;
        }
        TAILQ_INSERT_TAIL(&server->sessions, session, link);
        server->n_sessions++;
        server_changed(server);
}

static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
        struct server *server = arg;

        (void)what;
        for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0) {
                        server->told_resting = false;
                        add_session(server, fd);
                } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                        rest(server, errno);
                        return;
                } else if (errno != EINTR && errno != ECONNABORTED) {
                        return;
                }
        }
}

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
        struct server *server = arg;

        (void)what;
        log_line(LOG_INFO, "stopping on %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
        notify_stopping();
        event_del(server->accepting);
        event_base_loopbreak(server->base);
}

static void remove_session(struct server *server, struct session *session)
{
        TAILQ_REMOVE(&server->sessions, session, link);
        server->n_sessions--;
        session_free(session);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
        struct server *server = arg;
        struct session *session = TAILQ_FIRST(&server->sessions), *next;

        (void)fd;
        (void)what;
        for (; session; session = next) {
                next = TAILQ_NEXT(session, link);
                if (session->dying)
                        remove_session(server, session);
        }
        accept_again(server);
        server_changed(server);
}

void server_reap(struct server *server)
{
        event_active(server->reaper, EV_TIMEOUT, 0);
}

static void status_soon(struct server *server, unsigned ms)
{
        struct timeval delay = milliseconds(ms);

        if (!evtimer_pending(server->status, NULL))
                evtimer_add(server->status, &delay);
}

static void on_status(evutil_socket_t fd, short what, void *arg)
{
        struct server *server = arg;

        (void)fd;
        (void)what;
        if (!notify_status(server->registry.n_vms, server->n_sessions))
                status_soon(server, STATUS_AGAIN_MS);
}

void server_changed(struct server *server)
{
        status_soon(server, STATUS_DELAY_MS);
}

/* Where there is no thread for it: a tick ends every sleep that a signal can end. */
void server_discard(struct server *server, int fd)
{
        if (closer_close(server->closer, fd))
                return;
        doorbell_guard_start(&server->guard);
        close(fd);
}

/* Does this user namespace show all users under numbers of their own? Only then do equal numbers mean equal users. */
static bool read_uids_are_mapped(void)
{
        FILE *map = fopen("/proc/self/uid_map", "re");
        unsigned long inside, outside, count;
        bool whole;

        if (!map)
                return true;
        whole = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
                count == 4294967295UL;
        fclose(map);
        return !whole;
}

static int open_socket(struct server *server)
{
        int fd, r = activation_take(&fd);

        if (r < 0)
                return r;
        if (r == 0)
                return listener_open(server->options->socket_path, &server->listener);
        if (server->options->socket_given)
                log_line(LOG_WARNING, "--socket is ignored: the service manager passed a socket");
        evutil_make_socket_nonblocking(fd);
        server->listener.fd = fd;
        return 0;
}

static int make_events(struct server *server)
{
        struct event_base *base = server->base;
        bool have_all;

        server->accepting = event_new(base, server->listener.fd, EV_READ | EV_PERSIST, on_accept, server);
        server->accept_again = evtimer_new(base, on_accept_again, server);
        server->stop_term = evsignal_new(base, SIGTERM, on_stop, server);
        server->stop_int = evsignal_new(base, SIGINT, on_stop, server);
        server->reaper = evtimer_new(base, on_reap, server);
        server->status = evtimer_new(base, on_status, server);
        have_all = server->accepting && server->accept_again && server->stop_term && server->stop_int &&
                   server->reaper && server->status;
        if (!have_all || event_add(server->accepting, NULL) < 0 || event_add(server->stop_term, NULL) < 0 ||
            event_add(server->stop_int, NULL) < 0)
                return -ENOMEM;
        return 0;
}

/*
 * With a clock of its own for timers (a timerfd): libevent's usual one stands still for a tick of the kernel, 4 ms, and sleeps
 * in whole milliseconds, by which TDIR's lag would be longer.
 */
static struct event_base *new_base(void)
{
        struct event_config *config = event_config_new();
        struct event_base *base = NULL;

        if (!config)
                return NULL;
        if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
                base = event_base_new_with_config(config);
        event_config_free(config);
        return base;
}

int server_new(const struct options *options, struct server **ret_server)
{
        struct server *server = calloc(1, sizeof(*server));
        struct timespec now;
        int r;

        if (!server)
                return -ENOMEM;
        clock_gettime(CLOCK_BOOTTIME, &now);
        server->options = options;
        server->epoch = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
        server->uids_are_mapped = read_uids_are_mapped();
        server->listener = LISTENER_NONE;
        TAILQ_INIT(&server->sessions);
        registry_init(&server->registry);
        users_init(&server->users, options);
        server->closer = closer_new();
        r = server->closer ? open_socket(server) : -ENOMEM;
        if (r == 0)
                server->base = new_base();
        if (r == 0 && !server->base) {
                r = -ENOMEM;
        } else if (r == 0) {
                r = doorbell_guard_init(&server->guard, server->base);
                if (r == 0)
                        r = make_events(server);
        }
        if (r < 0) {
                server_free(server);
                return r;
        }
        *ret_server = server;
        return 0;
}

int server_run(struct server *server)
{
        notify_ready(0, 0);
        log_line(LOG_INFO, "vgicd %s listens on %s", PACKAGE_VERSION,
                 server->listener.path ? server->listener.path : "the service manager's socket");
        return event_base_dispatch(server->base) < 0 ? -EIO : 0;
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
        server->stopping = true;
        listener_close(&server->listener);
        while (!TAILQ_EMPTY(&server->sessions))
                remove_session(server, TAILQ_FIRST(&server->sessions));
        while (!TAILQ_EMPTY(&server->registry.vms))
                attach_destroy_vm(TAILQ_FIRST(&server->registry.vms), NULL);
        free_event(server->accepting);
        free_event(server->accept_again);
        free_event(server->stop_term);
        free_event(server->stop_int);
        free_event(server->reaper);
        free_event(server->status);
        doorbell_guard_deinit(&server->guard);
        if (server->base)
                event_base_free(server->base);
        closer_free(server->closer);
        free(server);
}
