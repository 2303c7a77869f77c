/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DISPATCH_H
#define DISPATCH_H

/*
 * Dispatch: from a frame to its handler, and back with an answer
 *
 * What    proto-table.h admits a message by its row; the handler table finds who serves it. A handler either replies
 *         with what it found, or returns a code, which becomes a StatusReply.
 * Trust   Handlers see decoded messages only; the values in them are the client's.
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
        struct base_error why;                  /* words for the reply, if the code alone is too little */
        bool replied;
};

typedef enum proto_code (*dispatch_handler)(struct request *request);

/* dispatch_frame() - serve one received frame. */
void dispatch_frame(struct registry *registry, struct session *session, struct proto_rx *rx);

/*
 * dispatch_reply() - send the full reply of a successful request; @fds are borrowed. Return: PROTO_OK, or what went
 * wrong.
 */
enum proto_code dispatch_reply(struct request *request, const ProtobufCMessage *reply, const int *fds, uint32_t n_fds);

/* dispatch_fail() - Return: @code, with words. */
enum proto_code dispatch_fail(struct request *request, enum proto_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * dispatch_vm() - the VM that a message names; an empty name is the attached one
 *
 * Return: PROTO_OK; PROTO_NOT_FOUND; PROTO_PERMISSION another user's.
 */
enum proto_code dispatch_vm(struct request *request, const char *name, struct vm **ret_vm);

/* dispatch_ready_vm() - the same, and PROTO_NOT_INITIALISED unless it has a controller. */
enum proto_code dispatch_ready_vm(struct request *request, const char *name, struct vm **ret_vm);

#endif
