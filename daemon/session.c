/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Session: see session.h
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-error.h"
#include "grant.h"
#include "loop.h"
#include "proto-table.h"
#include "rights.h"
#include "session.h"
#include "user.h"
#include "vm.h"

struct log_about session_about(const struct session *session)
{
        const struct member *member = &session->member;

        return (struct log_about){
                .vm = member->vm ? member->vm->shape.name : NULL,
                .grant = member->grant ? member->grant->label : NULL,
                .session = session->id, .uid = session->uid, .pid = session->pid,
                .client = session->client_name,
        };
}

void session_count(struct session *session, enum proto_code code)
{
        session->n_requests++;
        session->n_errors += code != PROTO_OK;
        if (code == PROTO_PERMISSION || code == PROTO_LIMIT) {
                session->n_refused++;
                user_refused(session->user);
        }
}

static void end(struct session *session, bool expelled)
{
        session->dying = true;
        turns_drop(&session->loop->turns, &session->turn);
        session->expelled = expelled;
        event_del(session->readable);
        event_del(session->writable);
        session->loop->metrics.n_expelled += expelled;
        event_active(session->all->reaper, EV_TIMEOUT, 0);
}

void session_kill(struct session *session, const char *reason)
{
        struct log_about about = session_about(session);

        session_expel(session, &about, reason);
}

void session_expel(struct session *session, const struct log_about *about, const char *reason)
{
        if (session->dying)
                return;
        if (reason)
                log_client(LOG_NOTICE, LOG_KIND_DISCONNECTED, about, "disconnected: %s", reason);
        end(session, reason);
}

void session_end_by(struct session *session, const struct session *by)
{
        struct log_about about = session_about(session);

        if (session->dying)
                return;
        log_client(LOG_NOTICE, LOG_KIND_ENDED, &about,
                   "ended by session %" PRIu64 " (user %u, pid %d, %s)", by->id, (unsigned)by->uid,
                   (int)by->pid, by->client_name);
        end(session, true);
}

static void count_unread(struct session *session, uint32_t n)
{
        session->user->n_unread = session->user->n_unread - session->n_fds_unread + n;
        session->n_fds_unread = n;
}

static void look_at_unread(struct session *session)
{
        int n_unread = 0;

        if (ioctl(session->fd, SIOCOUTQ, &n_unread) == 0 && n_unread == 0)
                count_unread(session, 0);
}

/* What its other connections have read meanwhile. */
static void look_at_all(struct session *session)
{
        struct session *other;

        TAILQ_FOREACH(other, &session->all->list, link)
                if (other->user == session->user && other->n_fds_unread > 0)
                        look_at_unread(other);
}

/*
 * Descriptors that a client leaves unread are the daemon's burden in the kernel. Return: 0, and @n
 * more are counted; -ENOBUFS this connection has too many; -ETOOMANYREFS its user has.
 */
static int allow_fds(struct session *session, uint32_t n)
{
        look_at_unread(session);
        if (session->n_fds_unread + n > SESSION_MAX_FDS_UNREAD)
                return -ENOBUFS;
        if (!user_may_leave_unread(session->user, n))
                look_at_all(session);
        if (!user_may_leave_unread(session->user, n))
                return -ETOOMANYREFS;
        count_unread(session, session->n_fds_unread + n);
        return 0;
}

int session_send(struct session *session, uint32_t request, uint32_t flags,
                 const ProtobufCMessage *message,
                 const int *fds, uint32_t n_fds)
{
        int r;

        if (session->dying)
                return -ENOTCONN;
        r = n_fds > 0 ? allow_fds(session, n_fds) : 0;
        if (r == -ETOOMANYREFS)
                return r;
        if (r < 0) {
                session_kill(session, "it leaves its descriptors unread");
                return -ENOTCONN;
        }
        r = proto_tx_send(&session->tx, session->fd, request, flags, message, fds, n_fds);
        if (r == 0)
                return 0;
        if (r == 1) {
                event_add(session->writable, NULL);
                return 0;
        }
        if (r == -EMSGSIZE || r == -ENOMEM || r == -EMFILE || r == -ETOOMANYREFS)
                return r;
        session_kill(session, r == -ENOBUFS ? "it does not read" : NULL);
        return -ENOTCONN;
}

/* It has read what it was sent: the rest goes in its turn, since many may have read at once. */
static void on_writable(evutil_socket_t fd, short what, void *arg)
{
        struct session *session = arg;

        (void)fd;
        (void)what;
        event_del(session->writable);
        session->has_room = true;
        turns_ask(&session->loop->turns, &session->turn);
}

/* Listen to it again once all of it is sent. Return: it is. */
static bool send_rest(struct session *session)
{
        int r = proto_tx_flush(&session->tx, session->fd);

        session->has_room = false;
        if (r < 0)
                session_kill(session, NULL);
        else
                event_add(r == 0 ? session->readable : session->writable, NULL);
        return r == 0;
}

/*
 * Its own end, in order or in the middle of a message, or an error of the socket. Only in the
 * first two cases is its process known to be gone.
 */
static void on_end(struct session *session, int error)
{
        if (error == -ENOTCONN)
                session_kill(session, NULL);
        else if (error == -ECONNRESET)
                session_kill(session, "it closed in the middle of a message");
        else
                session_kill(session, strerror(-error));
        if (error == -ENOTCONN || error == -ECONNRESET)
                session->expelled = false; /* its own end */
}

/*
 * More than any request takes: it fails whatever it is, and need not hold them until it is whole.
 */
static void drop_surplus(struct session *session)
{
        if (session->rx.fds.n <= PROTO_REQUEST_FDS_MAX)
                return;
        proto_fds_clear(&session->rx.fds);
        session->rx.fds.lost = true;
}

/* It has its turn, and is not looked at by the event loop until then: it would be told again. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        struct session *session = arg;

        (void)fd;
        (void)what;
        if (!turns_ask(&session->loop->turns, &session->turn))
                event_del(session->readable);
}

static void listen_again(struct session *session)
{
        if (!event_pending(session->readable, EV_READ, NULL))
                event_add(session->readable, NULL);
}

/* Serve what has come, within the limits of one turn. Return: there may be more. */
static bool serve(void *arg)
{
        struct session *session = arg;
        uint64_t start = base_clock_ns();

        if (session->has_room && !send_rest(session))
                return false;
        session->all->writable(session);
        for (unsigned i = 0; i < SESSION_FRAMES_PER_TURN && !session->dying; i++) {
                int r;

                if (i > 0 && turn_is_over(start, base_clock_ns()))
                        return true;
                if (session->rest.serve) {
                        if (session->rest.serve(session))
                                return true;
                        session->rest.serve = NULL;
                        metrics_request(&session->loop->metrics, session->rest.request, PROTO_OK,
                                        base_clock_ns() - session->rest.start_ns);
                        continue;
                }
                if (proto_tx_waits(&session->tx)) { /* first it reads what it asked for */
                        event_del(session->readable);
                        return false;
                }
                r = proto_rx_step(&session->rx, session->fd);
                if (r == PROTO_RX_AGAIN) {
                        drop_surplus(session);
                        listen_again(session);
                        return false;
                }
                if (r < 0) {
                        on_end(session, r);
                        return false;
                }
                session->all->frame(session, &session->rx);
                proto_rx_release(&session->rx);
        }
        return !session->dying;
}

bool sessions_tell_apart(const struct sessions *all, uid_t uid)
{
        return uid != (uid_t)-1 && (uid != all->overflow_uid || !all->uids_are_mapped);
}

/*
 * Who is there, as the kernel says. Return: 0; -EACCES with words: it cannot be told from other
 * users.
 */
static int identify(struct session *session, struct base_error *why)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (getsockopt(session->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        if (!sessions_tell_apart(session->all, peer.uid))
                return base_error_set(why, -EACCES,
                                      "your user has no number of its own where vgicd runs: "
                                      "PrivateUsers= of vgicd.service must be off");
        session->pid = peer.pid;
        session->uid = peer.uid;
        return 0;
}

static void discard(void *loop, int fd)
{
        loop_discard(loop, fd);
}

/* What lies unread in its socket can have descriptors along, which are closed with it. */
static void close_socket(struct session *session)
{
        int n_unread = 0;

        shutdown(session->fd, SHUT_RDWR); /* and no more comes */
        if (ioctl(session->fd, FIONREAD, &n_unread) == 0 && n_unread == 0)
                close(session->fd);
        else
                loop_discard(session->loop, session->fd);
}

/* Count it, if it may do anything at all; else that it was refused. */
static int admit(struct session *session, struct base_error *why)
{
        struct user *user = user_get(&session->loop->users, session->uid);
        int r;

        if (!user)
                return -ENOMEM;
        session->rights = rights_of_peer(&session->loop->rights, session->fd, session->uid);
        if (session->rights)
                r = user_charge_connection(user, why);
        else
                r = base_error_set(why, -EACCES,
                                   "user %u may not use vgicd: no line of vgicd.conf allows it "
                                   "anything",
                                   (unsigned)session->uid);
        if (r < 0) {
                user_refused(user);
                user_put(user);
                return r;
        }
        session->user = user;
        session->turn = (struct turn){ .user = user, .serve = serve, .arg = session };
        return 0;
}

/* Why, as the answer to the HELLO that comes first. */
static void tell_refusal(struct session *session, int r, const struct base_error *why)
{
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;

        status.code = proto_code_from_errno(r);
        status.text = (char *)(uintptr_t)why->text; /* packed, not changed */
        reply.status = &status;
        proto_tx_send(&session->tx, session->fd, PROTO_HELLO, PROTO_FLAG_REPLY, &reply.base, NULL,
                      0);
}

static void log_refusal(const struct session *session, int r, const struct base_error *why)
{
        struct log_about about = { .uid = session->uid, .pid = session->pid };

        log_client(LOG_NOTICE, LOG_KIND_REFUSED, &about, "a connection was refused: %s",
                   base_error_is_set(why) ? why->text : strerror(-r));
}

int session_new(struct sessions *all, int fd, struct session **ret_session)
{
        struct base_error why = { 0 };
        struct session *session = calloc(1, sizeof(*session));
        int r;

        if (!session) {
                log_client(LOG_NOTICE, LOG_KIND_REFUSED, NULL, "a connection was refused: %s",
                           strerror(ENOMEM));
                metrics_refused(&all->loop->metrics, -ENOMEM);
                close(fd);
                return -ENOMEM;
        }
        session->all = all;
        session->loop = all->loop;
        session->id = ++all->last_id;
        session->fd = fd;
        session->since_ns = base_clock_ns();
        session->uid = LOG_LIMIT_NOBODY; /* until it is known */
        session->proto.state = PROTO_STATE_NEW;
        session->rx.fds.discard = discard;
        session->rx.fds.discard_arg = all->loop;
        session->readable =
                event_new(all->loop->base, fd, EV_READ | EV_PERSIST, on_readable, session);
        session->writable =
                event_new(all->loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, session);
        r = identify(session, &why);
        if (r == 0)
                r = admit(session, &why);
        if (r == 0 &&
            (!session->readable || !session->writable || event_add(session->readable, NULL) < 0))
                r = -ENOMEM;
        if (r < 0) {
                tell_refusal(session, r, &why);
                log_refusal(session, r, &why);
                metrics_refused(&all->loop->metrics, r);
                session_free(session);
                return r;
        }
        all->loop->metrics.n_connections++;
        *ret_session = session;
        return 0;
}

void session_free(struct session *session)
{
        if (session->readable)
                event_free(session->readable);
        if (session->writable)
                event_free(session->writable);
        turns_drop(&session->loop->turns, &session->turn);
        proto_rx_release(&session->rx);
        proto_tx_clear(&session->tx);
        close_socket(session);
        if (session->user) {
                count_unread(session, 0);
                user_refund_connection(session->user);
        }
        user_put(session->user);
        free(session);
}

#define DEFAULT_OVERFLOW_UID  65534u

/*
 * Does this user namespace show all users under numbers of their own? Only then do equal numbers
 * mean equal users.
 */
static bool read_uids_are_mapped(void)
{
        FILE *map = fopen("/proc/self/uid_map", "re");
        unsigned long inside, outside, count;
        bool whole;

        if (!map)
                return true;
        whole = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
                outside == 0 &&
                count == 4294967295UL;
        fclose(map);
        return !whole;
}

/*
 * In a user namespace all users that it does not map look like this one, which therefore can own
 * nothing. Without /proc: what the kernel starts with.
 */
static uid_t read_overflow_uid(void)
{
        FILE *file = fopen("/proc/sys/kernel/overflowuid", "re");
        unsigned uid;
        bool is_read;

        if (!file)
                return DEFAULT_OVERFLOW_UID;
        is_read = fscanf(file, "%u", &uid) == 1;
        fclose(file);
        return is_read ? uid : DEFAULT_OVERFLOW_UID;
}

void sessions_init(struct sessions *all, struct loop *loop)
{
        *all = (struct sessions){
                .loop = loop,
                .uids_are_mapped = read_uids_are_mapped(),
                .overflow_uid = read_overflow_uid(),
        };
        TAILQ_INIT(&all->list);
}
