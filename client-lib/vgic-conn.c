/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Connections: connect, agree, process, disconnect
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base-clock.h"
#include "base-fd.h"
#include "proto-message.h"
#include "vgic-bereft.h"
#include "vgic-conn.h"

int vgic_conn_watch(struct vgic_conn *conn, int fd)
{
        struct epoll_event event = { .events = EPOLLIN };

        return epoll_ctl(conn->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void vgic_conn_unwatch(struct vgic_conn *conn, int fd)
{
        if (fd >= 0)
                epoll_ctl(conn->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/*
 * Under the lock: a vCPU's thread may be the one that finds the connection closed
 * (vgic_call_any()).
 */
static bool vgic_conn_is_gone(struct vgic_conn *conn)
{
        bool gone;

        pthread_mutex_lock(&conn->lock);
        gone = conn->gone;
        pthread_mutex_unlock(&conn->lock);
        return gone;
}

int vgic_conn_begin(struct vgic_conn *conn)
{
        if (!conn)
                return -EINVAL;
        base_error_clear(&conn->error);
        if (vgic_conn_is_gone(conn) || conn->socket < 0) {
                if (conn->vm)
                        vgic_bereft_again(conn->vm, false);
                return base_error_set(&conn->error, -ENOTCONN,
                                      "the connection to the daemon is gone: connect again");
        }
        return 0;
}

/* Words that tell an administrator what to do, where those of errno do not. Return: @r. */
static int vgic_conn_explain(struct vgic_conn *conn, const char *path, int r)
{
        const char *why = r == -ENOENT ? "there is no such socket: is vgicd running?" :
                          r == -ECONNREFUSED ? "nobody listens there: is vgicd running?" :
                          r == -EACCES ? "the socket's mode does not allow it" :
                          r == -ETIMEDOUT ? "the daemon does not accept" : strerror(-r);

        return base_error_set(&conn->error, r, "cannot connect to %s: %s", path, why);
}

/* connect() with a limit: only the blocking kind waits for a place in the daemon's queue. */
static int vgic_conn_open(struct vgic_conn *conn, const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        uint64_t deadline = base_clock_ns() + conn->timeout_ms * UINT64_C(1000000);

        if (strlen(path) >= sizeof(address.sun_path) || !path[0])
                return base_error_set(&conn->error, -EINVAL,
                                      "the socket's path has more than %zu bytes, or none: %s",
                                      sizeof(address.sun_path) - 1, path);
        memcpy(address.sun_path, path, strlen(path) + 1);

        conn->epoll = epoll_create1(EPOLL_CLOEXEC);
        conn->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (conn->epoll < 0 || conn->socket < 0)
                return base_error_set(&conn->error, -errno, "no descriptor for a socket: %s",
                                      strerror(errno));
        for (;;) {
                struct timespec left = base_clock_left(deadline);
                struct timeval limit = { .tv_sec = left.tv_sec, .tv_usec = left.tv_nsec / 1000 };

                if (limit.tv_sec == 0 && limit.tv_usec == 0)
                        return vgic_conn_explain(conn, path, -ETIMEDOUT);
                setsockopt(conn->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
                if (connect(conn->socket, (struct sockaddr *)&address, sizeof(address)) == 0)
                        return vgic_conn_watch(conn, conn->socket);
                if (errno == EAGAIN)
                        return vgic_conn_explain(conn, path, -ETIMEDOUT);
                if (errno != EINTR)
                        return vgic_conn_explain(conn, path, -errno);
        }
}

/*
 * Agree on features (doc/protocol.md section 5). An older daemon's are fewer; a feature that was
 * not offered would change the meaning of later messages, so it ends the connection.
 */
static int vgic_conn_hello(struct vgic_conn *conn, const char *client_name)
{
        Vgic__Hello hello = VGIC__HELLO__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        int r;

        hello.features = PROTO_FEATURES_ALL;
        hello.client_name = (char *)(uintptr_t)(client_name ? client_name
                                                            : program_invocation_short_name);
        r = vgic_call(conn, PROTO_HELLO, &hello.base, NULL, 0, &reply, NULL);
        if (r < 0)
                return r;
        conn->features = ((Vgic__HelloReply *)reply)->features;
        conn->session = ((Vgic__HelloReply *)reply)->session;
        if (conn->features & ~PROTO_FEATURES_ALL)
                return base_error_set(&conn->error, -EPROTO,
                                      "the daemon agreed to features that were not offered: "
                                      "0x%" PRIx64,
                                      conn->features);
        return 0;
}

int vgic_connect(const struct vgic_conn_options *options, struct vgic_conn **ret_conn)
{
        struct vgic_conn_options o = { 0 };
        char path[VGIC_SOCKET_MAX];
        struct vgic_conn *conn = calloc(1, sizeof(*conn));
        int r = 0;

        *ret_conn = conn;
        if (!conn)
                return -ENOMEM;
        pthread_mutex_init(&conn->lock, NULL);
        conn->why = &conn->error;
        conn->socket = -1;
        conn->epoll = -1;
        if (options)
                r = vgic_options_take(&conn->error, &o, sizeof(o), options, options->size);
        conn->timeout_ms = o.timeout_ms ? o.timeout_ms : VGIC_CONN_TIMEOUT_MS;
        if (r == 0 && !o.socket_path) {
                o.socket_path = path;
                r = vgic_default_socket(path, sizeof(path));
                if (r < 0)
                        base_error_set(&conn->error, r, "VGICD_SOCKET is too long for a socket");
        }
        if (r == 0)
                r = vgic_conn_open(conn, o.socket_path);
        if (r == 0)
                r = vgic_conn_hello(conn, o.client_name);
        if (r < 0)
                conn->gone = true;
        return r;
}

void vgic_conn_free(struct vgic_conn *conn)
{
        proto_rx_release(&conn->rx);
        proto_tx_clear(&conn->tx);
        vgic_late_clear(&conn->late);
        base_fd_close(conn->socket);
        base_fd_close(conn->epoll);
        free(conn->events);
        pthread_mutex_destroy(&conn->lock);
        free(conn);
}

const char *vgic_conn_error(const struct vgic_conn *conn)
{
        return conn ? conn->error.text : "there is no connection";
}

int vgic_conn_fd(const struct vgic_conn *conn)
{
        return conn ? conn->epoll : -EINVAL;
}

/*
 * Take all that has come, by socket and by ring, without waiting. Replies that come here belong to
 * calls that timed out (vgic-late.h). Return: how many events wait; a negative errno.
 */
static int vgic_conn_process_locked(struct vgic_conn *conn)
{
        int r = proto_tx_flush(&conn->tx, conn->socket);

        if (r < 0)
                return vgic_conn_lost(conn, r);
        while ((r = proto_rx_step(&conn->rx, conn->socket)) == PROTO_RX_FRAME) {
                r = vgic_conn_take_frame(conn, 0, 0);
                if (r < 0)
                        return r;
                proto_rx_release(&conn->rx);
        }
        if (r < 0)
                return vgic_conn_lost(conn, r);
        if (conn->vm && conn->vm->role == VGIC_ROLE_DEVICE && conn->vm->ring.page) {
                r = vgic_device_process(conn->vm);
                if (r < 0)
                        return base_error_set(&conn->error, r, "the ring is corrupt");
        }
        return (int)conn->n_events;
}

int vgic_conn_process(struct vgic_conn *conn)
{
        int r = vgic_conn_begin(conn);

        if (r == 0) {
                pthread_mutex_lock(&conn->lock);
                r = vgic_conn_process_locked(conn);
                vgic_conn_unlock(conn);
        }
        if (conn && conn->vm)
                vgic_bereft_again(conn->vm, true);
        return r;
}
