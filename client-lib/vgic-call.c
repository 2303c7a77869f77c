/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Calls: one request, one reply, one deadline
 *
 * What    All of the cold path ends here: the request is sent, frames are taken until its reply
 *         is there, events that come before it are queued for vgic_conn_next_event().
 * Late    A reply that did not come in time is still to come. Requests are numbered, and replies
 *         come in their order, so each is known for what it is: the next call is not answered by
 *         the one before, and a call that is made again gets the answer to the first (vgic-late.h).
 * Trust   The daemon may send anything. What is not a frame of the protocol ends the connection
 *         (-EPROTO).
 * Threads One call at a time, by conn->lock; a vCPU's thread may make one beside the owner of the
 *         connection (vgic_call_any()).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base-clock.h"
#include "gic-spec.h"
#include "proto-message.h"
#include "vgic-conn.h"

int vgic_conn_lost(struct vgic_conn *conn, int r)
{
        conn->has_news |= !conn->gone;
        conn->gone = true;
        if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
                return base_error_set(conn->why, -ENOTCONN, "the daemon closed the connection%s",
                                      r == -ECONNRESET ? " in the middle of a message" : "");
        return base_error_set(conn->why, -ENOTCONN, "the connection to the daemon failed: %s",
                              strerror(-r));
}

/*
 * The daemon sent what the protocol does not have. The connection ends with that, since nothing
 * after it can be told apart any more. Return: -EPROTO, with words.
 */
static int vgic_call_nonsense(struct vgic_conn *conn, const char *what, uint32_t request)
{
        conn->has_news |= !conn->gone;
        conn->gone = true;
        return base_error_set(conn->why, -EPROTO,
                              "the daemon does not keep to the protocol: %s (message %u)", what,
                              request);
}

/*
 * Queue the event in the current frame for the host. A device forgets what was revoked here, before
 * the host hears of it, so that its next call is refused already. Return: 0; -EPROTO.
 */
static int vgic_call_take_event(struct vgic_conn *conn, const struct proto_row *row)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        struct vgic_event event = { 0 };

        if (proto_message_unpack(row->payload, conn->rx.payload, conn->rx.header.size,
                                 &message) < 0)
                return vgic_call_nonsense(conn, "an event does not decode", row->id);
        if (row->id == PROTO_EVENT_TDIR) {
                const Vgic__EventTdir *tdir = (const Vgic__EventTdir *)message;

                event.kind = VGIC_EVENT_TDIR;
                event.tdir = tdir->set;
                event.generation = tdir->generation;
                /* a VMM writes it into its segment, any value: the daemon passes it on */
                if (gic_shared_index(tdir->cause) < GIC_N_SHARED)
                        event.intid = tdir->cause;
        } else {
                event.kind = row->id == PROTO_EVENT_EOI ? VGIC_EVENT_EOI : VGIC_EVENT_REVOKED;
                event.intid = ((const Vgic__EventIntid *)message)->intid;
                if (event.intid != 0 && gic_shared_index(event.intid) == GIC_N_SHARED)
                        return vgic_call_nonsense(conn, "an event's INTID is none", row->id);
                if (event.kind == VGIC_EVENT_REVOKED && event.intid == 0)
                        conn->has_news = true; /* the VM was destroyed */
                if (event.kind == VGIC_EVENT_REVOKED && conn->vm)
                        vgic_device_revoked(conn->vm, event.intid);
        }
        vgic_conn_queue_event(conn, &event);
        return 0;
}

int vgic_conn_take_frame(struct vgic_conn *conn, uint32_t request, uint64_t number)
{
        const struct proto_header *header = &conn->rx.header;

        if (conn->rx.code != PROTO_OK && conn->rx.code != PROTO_BAD_FDS &&
            conn->rx.code != PROTO_NO_DESCRIPTORS)
                return vgic_call_nonsense(conn, proto_code_text(conn->rx.code), header->request);
        if (!(header->flags & PROTO_FLAG_REPLY)) {
                const struct proto_row *row = proto_table_find(header->request);

                /* A newer daemon's events are none of ours. */
                return row && row->direction == PROTO_TO_CLIENT ? vgic_call_take_event(conn, row)
                                                                : 0;
        }
        if (conn->n_answered == conn->n_sent)
                return vgic_call_nonsense(conn, "a reply to nothing", header->request);
        if (++conn->n_answered == conn->n_left)
                conn->n_events = 0; /* about the VM that was left, which nobody has any more */
        if (conn->n_answered == number)
                return header->request == request ? 1 :
                       vgic_call_nonsense(conn, "a reply to something else", header->request);
        if (vgic_late_take(&conn->late, conn->n_answered, &conn->rx) < 0)
                return vgic_call_nonsense(conn, "a late reply to something else", header->request);
        return 0;
}

/* Wait until the reply is the current frame. Return: 0; a negative errno. */
static int vgic_call_wait(struct vgic_conn *conn, uint32_t request, uint64_t number,
                          uint64_t deadline)
{
        for (;;) {
                struct pollfd pollfd = { .fd = conn->socket, .events = POLLIN };
                struct timespec left = base_clock_left(deadline);
                int r = proto_tx_flush(&conn->tx, conn->socket);
                bool full = r == 1;

                /* What the daemon said before it closed is worth reading. */
                if (r < 0 && r != -EPIPE)
                        return vgic_conn_lost(conn, r);
                r = proto_rx_step(&conn->rx, conn->socket);
                if (r < 0)
                        return vgic_conn_lost(conn, r);
                if (r == PROTO_RX_FRAME) {
                        r = vgic_conn_take_frame(conn, request, number);
                        if (r != 0)
                                return r < 0 ? r : 0;
                        proto_rx_release(&conn->rx);
                        continue;
                }
                if (left.tv_sec == 0 && left.tv_nsec == 0)
                        return base_error_set(conn->why, -ETIMEDOUT,
                                              "%s: the daemon did not answer within %u ms",
                                              proto_table_find(request)->name, conn->timeout_ms);
                if (full)
                        pollfd.events |= POLLOUT;
                ppoll(&pollfd, 1, &left, NULL); /* a signal, or an error, shows at the next turn */
        }
}

void vgic_text_take(char *ret_text, size_t size, const char *from)
{
        size_t n = 0;

        for (; from && from[n] && n + 1 < size; n++)
                ret_text[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
        ret_text[n] = '\0';
}

/* What does the reply's status say? */
static int vgic_call_status(struct vgic_conn *conn, const struct proto_row *row,
                            const uint8_t *payload, size_t size)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__Status *status;
        char text[BASE_ERROR_BYTES];

        if (proto_message_unpack(&vgic__status_reply__descriptor, payload, size, &message) < 0)
                return vgic_call_nonsense(conn, "a reply does not decode", row->id);
        status = ((const Vgic__StatusReply *)message)->status;
        if (!status || status->code == PROTO_OK)
                return 0;
        vgic_text_take(text, sizeof(text), status->text);
        return base_error_set(conn->why, proto_code_errno(status->code), "%s: %s", row->name,
                              text[0] ? text : proto_code_text(status->code));
}

/* Check that as many descriptors came as the message table says. */
static int vgic_call_fds(struct vgic_conn *conn, const struct proto_row *row)
{
        struct rlimit limit = { 0 };

        if (conn->rx.fds.lost) {
                getrlimit(RLIMIT_NOFILE, &limit);
                return base_error_set(conn->why, -EMFILE,
                                      "%s: this process has no descriptors left; raise its "
                                      "RLIMIT_NOFILE (ulimit -n, now %llu)",
                                      row->name, (unsigned long long)limit.rlim_cur);
        }
        if (conn->rx.fds.n < row->min_reply_fds || conn->rx.fds.n > row->max_reply_fds)
                return vgic_call_nonsense(conn, "a wrong number of descriptors", row->id);
        return 0;
}

/* Hand out a reply that says OK. */
static int vgic_call_decode(struct vgic_conn *conn, const struct proto_row *row,
                            const uint8_t *payload, size_t size, ProtobufCMessage **ret_reply)
{
        if (ret_reply && proto_message_unpack(row->reply, payload, size, ret_reply) < 0)
                return vgic_call_nonsense(conn, "a reply does not decode", row->id);
        return 0;
}

/* The reply is the current frame. */
static int vgic_call_result(struct vgic_conn *conn, const struct proto_row *row,
                            ProtobufCMessage **ret_reply, struct proto_fds *ret_fds)
{
        const struct proto_rx *rx = &conn->rx;
        int r = vgic_call_status(conn, row, rx->payload, rx->header.size);

        if (r == 0)
                r = vgic_call_fds(conn, row);
        if (r == 0)
                r = vgic_call_decode(conn, row, rx->payload, rx->header.size, ret_reply);
        if (r == 0 && ret_fds) {
                *ret_fds = conn->rx.fds;
                conn->rx.fds = (struct proto_fds){ 0 };
        }
        return r;
}

/* What came since the last call: so a reply that comes after this comes to who asks now. */
static int vgic_call_catch_up(struct vgic_conn *conn)
{
        int r = 0;

        while (r == 0 && conn->n_answered < conn->n_sent &&
               proto_rx_step(&conn->rx, conn->socket) == PROTO_RX_FRAME) {
                r = vgic_conn_take_frame(conn, 0, 0);
                proto_rx_release(&conn->rx);
        }
        return r; /* an end of the connection shows once more */
}

/* Return: the number of the request, from 1 on, in *ret_number; a negative errno. */
static int vgic_call_send(struct vgic_conn *conn, const struct proto_row *row,
                          const struct vgic_request *request, uint64_t *ret_number)
{
        int r = proto_tx_send(&conn->tx, conn->socket, request->id, PROTO_FLAG_NEED_REPLY,
                              request->message, request->fds, request->n_fds);

        if (r == -ENOMEM || r == -EMFILE || r == -EMSGSIZE || r == -ENOBUFS || r == -EBADF ||
            r == -ETOOMANYREFS)
                return base_error_set(conn->why, r == -EMSGSIZE ? -EINVAL : r,
                                      "%s: cannot be sent: %s", row->name, strerror(-r));
        if (r < 0 && r != -EPIPE)
                return vgic_conn_lost(conn, r);
        *ret_number = ++conn->n_sent;
        vgic_late_undo(&conn->late, request);
        if (request->id == PROTO_VM_DETACH)
                conn->n_left = conn->n_sent;
        return 0;
}

/*
 * The reply to a call that was made before, which came when nobody waited. Return: 1 there was one;
 * 0; -EPROTO.
 */
static int vgic_call_kept(struct vgic_conn *conn, const struct proto_row *row,
                          const struct vgic_request *request, ProtobufCMessage **ret_reply)
{
        uint8_t *payload;
        size_t size;
        int r;

        if (!vgic_late_answer(&conn->late, request, &payload, &size))
                return 0;
        r = vgic_call_decode(conn, row, payload, size, ret_reply);
        free(payload);
        return r < 0 ? r : 1;
}

/*
 * A call that follows one of the same words that timed out is not sent again: it gets the reply
 * that came since, or waits for that one (doc/protocol.md section 3, "Asking again"). Called with
 * the lock.
 */
static int vgic_call_locked(struct vgic_conn *conn, const struct vgic_request *request,
                            ProtobufCMessage **ret_reply, struct proto_fds *ret_fds)
{
        const struct proto_row *row = proto_table_find(request->id);
        uint64_t deadline = base_clock_ns() + conn->timeout_ms * UINT64_C(1000000), number;
        bool is_new;
        int r;

        if (conn->gone)
                return base_error_set(conn->why, -ENOTCONN,
                                      "the connection to the daemon is gone: connect again");
        if (row->feature & ~conn->features)
                return base_error_set(conn->why, -EOPNOTSUPP, "%s: this daemon cannot do that",
                                      row->name);
        r = vgic_call_catch_up(conn);
        if (r == 0)
                r = vgic_call_kept(conn, row, request, ret_reply);
        if (r != 0)
                return r < 0 ? r : 0;
        number = vgic_late_number(&conn->late, request);
        is_new = number == 0;
        if (is_new)
                r = vgic_call_send(conn, row, request, &number);
        if (r == 0)
                r = vgic_call_wait(conn, request->id, number, deadline);
        if (r == -ETIMEDOUT && is_new)
                vgic_late_add(&conn->late, request, number);
        if (r < 0)
                return r;
        vgic_late_forget(&conn->late, number);
        r = vgic_call_result(conn, row, ret_reply, ret_fds);
        proto_rx_release(&conn->rx);
        if (!vgic_late_proves(&conn->late, request, r))
                return r;
        base_error_clear(conn->why);
        return 0;
}

int vgic_call(struct vgic_conn *conn, uint32_t request, const ProtobufCMessage *message,
              const int *fds, uint32_t n_fds, ProtobufCMessage **ret_reply,
              struct proto_fds *ret_fds)
{
        const struct vgic_request whole = {
                .id = request, .message = message, .fds = fds, .n_fds = n_fds,
        };
        int r;

        pthread_mutex_lock(&conn->lock);
        r = vgic_call_locked(conn, &whole, ret_reply, ret_fds);
        vgic_conn_unlock(conn);
        return r;
}

bool vgic_call_is_in_doubt(struct vgic_conn *conn, uint32_t request,
                           const ProtobufCMessage *message, int fd)
{
        const struct vgic_request whole = {
                .id = request, .message = message, .fds = &fd, .n_fds = 1,
        };
        bool is_in_doubt;

        pthread_mutex_lock(&conn->lock);
        is_in_doubt = vgic_late_is_in_doubt(&conn->late, &whole);
        pthread_mutex_unlock(&conn->lock);
        return is_in_doubt;
}

void vgic_call_unanswered(struct vgic_conn *conn, uint32_t request)
{
        const struct vgic_request whole = { .id = request };
        uint64_t number;

        pthread_mutex_lock(&conn->lock);
        if (!conn->gone)
                (void)vgic_call_send(conn, proto_table_find(request), &whole, &number);
        vgic_conn_unlock(conn);
}

int vgic_call_any(struct vgic_conn *conn, uint32_t request, const ProtobufCMessage *message,
                  ProtobufCMessage **ret_reply)
{
        const struct vgic_request whole = { .id = request, .message = message };
        struct base_error unheard;
        int r;

        pthread_mutex_lock(&conn->lock);
        conn->why = &unheard;
        r = vgic_call_locked(conn, &whole, ret_reply, NULL);
        conn->why = &conn->error;
        vgic_conn_unlock(conn);
        return r;
}
