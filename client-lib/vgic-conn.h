/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_CONN_H
#define VGIC_CONN_H

/*
 * A connection, as the cold path sees it
 *
 * What    A call sends one request that asks for a reply and waits for it; events that come in
 *         between are kept. Replies come in the order of the requests; of one that comes late see
 *         vgic-late.h.
 * Trust   The daemon's frames are checked as the daemon checks ours: a daemon of another version,
 *         or an impostor at the socket's path, costs an error, never more.
 * Threads One at a time per connection (the caller excludes), and beside it any thread that calls
 *         vgic_call_any(). The lock orders their requests; it covers what one request and its
 *         answer touch. The words of a failure belong to the former: vgic_call_any() has its own.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base-error.h"
#include "gic-shared.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "vgic-late.h"
#include "vgic-private.h"

#define VGIC_CONN_TIMEOUT_MS  5000u

/*
 * Events that can wait: of each interrupt that it ended, that its grant was revoked, and that it
 * set TDIR; that TDIR was cleared, and that the VM is gone. A daemon that keeps to the protocol
 * tells nothing beyond these.
 */
#define VGIC_CONN_EVENTS_MAX  (3u * GIC_N_SHARED + 2u)

struct vgic_conn {
        pthread_mutex_t lock;           /* covers what follows, but for constants, vm and error */
        int socket;                     /* -1: never connected */
        int epoll;                    /* what the host polls: the socket, and a device's doorbell */
        uint32_t timeout_ms;
        uint64_t features;
        bool has_news;                  /* just found gone, or its VM was destroyed */
        uint64_t session;               /* the daemon's number of it */
        bool gone;         /* the daemon closed, or lost the protocol: only disconnecting is left */
        uint64_t n_sent, n_answered;    /* the next reply is to request n_answered + 1 */
        uint64_t n_left;                /* n_sent with the last VM_DETACH: see its use */
        struct vgic_late_list late;     /* of those between, and before: what a retry has to know */
        struct proto_rx rx;
        struct proto_tx tx;
        struct vgic_event *events;      /* waiting, oldest first */
        uint32_t n_events;
        uint32_t events_size;
        struct vgic_vm *vm;             /* attached, or NULL */
        struct base_error error;        /* for the caller who excludes */
        /* of the call under way: &error, or what vgic_call_any() throws away */
        struct base_error *why;
};

/*
 * vgic_conn_begin() - at the head of each cold-path call: forget the last error.
 * Return: 0; -EINVAL; -ENOTCONN.
 */
int vgic_conn_begin(struct vgic_conn *conn);

/* vgic_conn_free() - close and release it; no VM is attached. */
void vgic_conn_free(struct vgic_conn *conn);

/* vgic_conn_watch() - let vgic_conn_fd() wake for @fd too. Return: 0 or a negative errno. */
int vgic_conn_watch(struct vgic_conn *conn, int fd);
void vgic_conn_unwatch(struct vgic_conn *conn, int fd);

/*
 * vgic_conn_unlock() - after what may find the connection gone, or the VM destroyed. The daemon may
 * have died while it injected for a device, or served a reset: a VMM pays what the words owe, and
 * does what the daemon cannot do any more (vgic-bereft.h).
 */
void vgic_conn_unlock(struct vgic_conn *conn);

/* vgic_conn_lost() - the connection is over. Return: -ENOTCONN, with words. */
int vgic_conn_lost(struct vgic_conn *conn, int r);

/**
 * vgic_conn_take_frame() - what the current frame is: the reply that the caller waits for, an
 * event, or a reply that comes late
 * @request, @number: which request the caller waits for, and how many were sent with it; 0: none
 *
 * Return: 1 it is that reply; 0 it was taken; -EPROTO.
 */
int vgic_conn_take_frame(struct vgic_conn *conn, uint32_t request, uint64_t number);

/**
 * vgic_call() - one request, one reply; the same again after -ETIMEDOUT gets the first one's reply
 * (vgic-late.h)
 * @fds:       @n_fds descriptors to send along, borrowed
 * @ret_reply: the reply's message, of the type in the message table; proto_message_free() it; NULL:
 *             the status is enough
 * @ret_fds:   its descriptors, as many as the message table allows; NULL if it can have none
 *
 * Return: 0; the status' errno (proto_code_errno()); -ENOTCONN; -ETIMEDOUT; -EPROTO; -EMFILE;
 * -ENOMEM. All with words.
 */
int vgic_call(struct vgic_conn *conn, uint32_t request, const ProtobufCMessage *message,
              const int *fds, uint32_t n_fds, ProtobufCMessage **ret_reply,
              struct proto_fds *ret_fds);

/* vgic_call_is_in_doubt() - as vgic_late_is_in_doubt(), of a request with one descriptor. */
bool vgic_call_is_in_doubt(struct vgic_conn *conn, uint32_t request,
                           const ProtobufCMessage *message, int fd);

/*
 * vgic_call_unanswered() - send a request without a payload; its reply is taken in by a later call
 * or vgic_conn_process(). One that cannot be sent is dropped.
 */
void vgic_call_unanswered(struct vgic_conn *conn, uint32_t request);

/*
 * vgic_call_any() - the same without descriptors, and words. Threads: any.
 */
int vgic_call_any(struct vgic_conn *conn, uint32_t request, const ProtobufCMessage *message,
                  ProtobufCMessage **ret_reply);

/*
 * vgic_text_take() - copy the daemon's words (NULL: none), cut to @size, for whoever shows them:
 * what is not printable ASCII becomes '?', since an impostor's could command a terminal.
 */
void vgic_text_take(char *ret_text, size_t size, const char *from);

/**
 * vgic_options_take() - copy a caller's options, whose size may be older or newer than ours
 *
 * Return: 0; -EINVAL no size, or members that this library does not know are set.
 */
int vgic_options_take(struct base_error *error, void *options, size_t size, const void *caller,
                      size_t caller_size);

/**
 * vgic_options_give() - the reverse: fill a caller's structure, which begins with its size.
 * Return: 0; -EINVAL no size.
 */
int vgic_options_give(struct base_error *error, const void *ours, size_t size, void *caller);

/* vgic_name_check() - VM names, grant labels. Return: 0; -EINVAL, with words. */
int vgic_name_check(struct base_error *error, const char *what, const char *name);

/* vgic_vm_name_check() - the same of a VM that there is: NAME or UID/NAME. */
int vgic_vm_name_check(struct base_error *error, const char *name);

#endif
