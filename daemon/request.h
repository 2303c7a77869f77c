/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REQUEST_H
#define REQUEST_H

/*
 * Request: what a handler is given, and the ways to answer
 *
 * What    One decoded message of one session. A handler either replies with what it found
 *         (request_reply()), or returns a code, which becomes a StatusReply; request_fail() adds
 *         words. The VM that a message is about is found by request_vm(), which asks whether this
 *         user may.
 * Trust   The message is decoded and the descriptors are as many as its row allows; the values in
 *         it are the client's.
 */
#include "base-error.h"
#include "proto-rx.h"
#include "proto-table.h"

struct registry;
struct session;
struct vm;

struct request {
        struct registry *registry;              /* where a message names VMs in */
        struct session *session;
        const struct proto_row *row;
        const ProtobufCMessage *message;        /* of row->payload's type */
        struct proto_fds *fds;                  /* as many as the row allows */
        /* words for the reply, if the code alone is too little */
        struct base_error why;
        bool wants_answer;                      /* also if all went well */
        bool replied;
};

/*
 * request_reply() - send the full reply of a successful request; @fds are borrowed. Return:
 * PROTO_OK, or what went wrong.
 */
enum proto_code request_reply(struct request *request, const ProtobufCMessage *reply,
                              const int *fds, uint32_t n_fds);

/*
 * request_send_status() - the answer to a request whose handler sent none, or which no handler got:
 * any client decodes it, also of a request that only its side knows (doc/protocol.md section 3).
 * Replies are told apart by their order, so without memory for this one the session is killed.
 */
void request_send_status(struct session *session, uint32_t id, enum proto_code code,
                         const char *text);

/* request_fail() - Return: @code, with words. */
enum proto_code request_fail(struct request *request, enum proto_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * request_may() - does the user have this right (RIGHT_*)? Return: PROTO_OK; PROTO_PERMISSION, with
 * words, and the log says so once a connection.
 */
enum proto_code request_may(struct request *request, unsigned right);

/**
 * request_vm() - the VM that a message names, NAME or UID/NAME; an empty name is the attached one
 *
 * A name is looked for among the VMs of the asking user; for who may see those of all, then among
 * these. By a name a VM is read, or changed, as the row says; that of an attached one was allowed.
 *
 * Return: PROTO_OK; PROTO_NOT_FOUND, also if it is another user's; PROTO_INVALID several users have
 * one of this name; PROTO_PERMISSION the right is missing.
 */
enum proto_code request_vm(struct request *request, const char *name, struct vm **ret_vm);

/* request_bare_name() - of NAME or UID/NAME: NAME. */
const char *request_bare_name(const char *name);

/* request_find() - the same of a VM that is named, for something that needs @right. */
enum proto_code request_find(struct request *request, const char *name, unsigned right,
                             struct vm **ret_vm);

/* request_ready_vm() - the same, and PROTO_NOT_INITIALISED unless it has a controller. */
enum proto_code request_ready_vm(struct request *request, const char *name, struct vm **ret_vm);

#endif
