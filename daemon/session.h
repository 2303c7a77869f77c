/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SESSION_H
#define SESSION_H

/*
 * Session: one connection
 *
 * What    The socket, its protocol state, and what it holds: a VM, vCPUs, a grant, a ring.
 * Owner   struct sessions, of the server. session_kill() only marks it; the server's reaper takes
 *         it out of its VM and frees it once nobody works on it. What comes in, and that there is
 *         room again to send, the server hears by two hooks.
 * Trust   Who is there is known from SO_PEERCRED at accept; all else it says is checked.
 * Limits  At most SESSION_FRAMES_PER_TURN requests, and none begun after TURN_US, in one turn
 *         (turns.h); no request is read while an answer waits for a client that does not
 *         read; at most SESSION_MAX_FDS_UNREAD descriptors lie unread in its socket.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "log.h"
#include "member.h"
#include "proto-rx.h"
#include "proto-state.h"
#include "proto-tx.h"
#include "turns.h"

struct event;
struct loop;
struct registry;
struct user;

#define SESSION_FRAMES_PER_TURN  16u
#define SESSION_MAX_FDS_UNREAD   1024u
#define SESSION_CLIENT_NAME_MAX  63u

/* What is left of a request that takes more than one turn. */
struct session_rest {
        bool (*serve)(struct session *session); /* Return: there is more. NULL: there is none */
        struct registry *registry;
        uint64_t vm_id;
        uint32_t at;
        bool wants_answer;
        uint32_t request;               /* which, and since when: to be counted at its end */
        uint64_t start_ns;
        struct { uint32_t vcpu, first_intid, n; } page;         /* of IRQ_LIST */
};

/* All of them, and what the server does for each. */
struct sessions {
        TAILQ_HEAD(, session) list;
        struct loop *loop;
        unsigned n;
        uint64_t last_id;
        bool uids_are_mapped;           /* this is a user namespace that does not know all users */
        uid_t overflow_uid;             /* whom the kernel shows for users that are not mapped */
        struct event *reaper;           /* made active when one was killed */
        void *server;                   /* for the hooks */
        void (*frame)(struct session *session, struct proto_rx *rx);    /* a frame came */
        /* its turn begins: it may have read what it was sent, or taken what was in its ring */
        void (*writable)(struct session *session);
};

struct session {
        TAILQ_ENTRY(session) link;
        TAILQ_ENTRY(session) vm_link;   /* of its VM */
        struct sessions *all;
        struct loop *loop;
        uint64_t id;
        int fd;
        pid_t pid;
        uid_t uid;
        struct user *user;              /* NULL: it was refused */
        unsigned rights;                /* RIGHT_* */
        unsigned denied;                /* of those it lacks: which the log knows of */
        struct event *readable;
        struct turn turn;               /* to serve what has come */
        struct session_rest rest;       /* before the next request */
        struct event *writable;         /* added only while something waits */
        bool has_room;                  /* its socket has, for what waits */
        struct proto_session proto;
        struct proto_rx rx;
        struct proto_tx tx;
        char client_name[SESSION_CLIENT_NAME_MAX + 1];
        struct member member;           /* of a VM, and what it holds there */
        uint64_t since_ns;              /* base_clock_ns() when it connected */
        uint64_t n_requests;
        uint64_t n_errors;              /* of these answered with an error */
        uint64_t n_refused;             /* of those PERMISSION, LIMIT */
        bool dying;
        /* the daemon ended it: its process may go on with what it has mapped */
        bool expelled;
        /* sent since the client was last seen to have read everything */
        uint32_t n_fds_unread;
};

/* sessions_init() - none yet. @uids_are_mapped is looked up. */
void sessions_init(struct sessions *all, struct loop *loop);

/*
 * session_new() - @fd is consumed, in any case. Return: 0; -ENOMEM; -EACCES: the peer cannot be
 * told from others; -ENOSPC: its user has enough, as it was told. The log says so.
 */
int session_new(struct sessions *all, int fd, struct session **ret_session);

/* session_free() - close, release. It has left its VM, and nobody works on it. */
void session_free(struct session *session);

/*
 * session_kill() - disconnect, soon. @reason: the daemon expels it, and the log says why; its
 * process may go on with what it has mapped. NULL: it has ended by itself, which is no news.
 */
void session_kill(struct session *session, const char *reason);

/* session_expel() - the same, and @about says more of the reason for the log. */
void session_expel(struct session *session, const struct log_about *about, const char *reason);

/* session_end_by() - as if it were expelled, because another one asked for it. */
void session_end_by(struct session *session, const struct session *by);

/**
 * session_send() - send a reply or an event
 * @fds: @n_fds borrowed descriptors
 *
 * Return: 0; or a negative errno after which nothing was sent and the session is whole (-EMSGSIZE,
 *         -ENOMEM, -EMFILE, -ETOOMANYREFS); anything else kills the session and returns -ENOTCONN.
 */
int session_send(struct session *session, uint32_t request, uint32_t flags,
                 const ProtobufCMessage *message,
                 const int *fds, uint32_t n_fds);

/* session_count() - one more request was served, and this is its code. */
void session_count(struct session *session, enum proto_code code);

/*
 * sessions_tell_apart() - does @uid, which the kernel showed, stand for one user only? In a user
 * namespace all users that it does not map look like one.
 */
bool sessions_tell_apart(const struct sessions *all, uid_t uid);

/* session_about() - for the log. */
struct log_about session_about(const struct session *session);

#endif
