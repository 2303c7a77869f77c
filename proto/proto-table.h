/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_TABLE_H
#define PROTO_TABLE_H

/*
 * The message table: one row per message
 *
 * The daemon's dispatch, the library, the tests and the table in doc/protocol.md follow these rows.
 */
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "proto-state.h"
#include "vgic.pb-c.h"

enum proto_request {
        PROTO_HELLO = 1,
        PROTO_VM_LIST,
        PROTO_VM_CREATE,
        PROTO_VM_ATTACH,
        PROTO_VM_INIT,
        PROTO_VM_MAP,
        PROTO_VM_DOORBELLS,
        PROTO_VM_DETACH,
        PROTO_VM_DESTROY,
        PROTO_VM_INFO,
        PROTO_VCPU_REGISTER,
        PROTO_VCPU_UNREGISTER,
        PROTO_TDIR_SUBSCRIBE,
        PROTO_TDIR_UNSUBSCRIBE,
        PROTO_TDIR_WATCH,
        PROTO_TDIR_GET,
        PROTO_ICC_CTLR_GET,
        PROTO_INJECT,
        PROTO_IRQ_LIST,
        PROTO_GRANT,
        PROTO_REVOKE,
        PROTO_RING_SETUP,
        PROTO_RESET,
        PROTO_ATTR_GET,
        PROTO_ATTR_SET,
        PROTO_ATTR_HAS,
        PROTO_MIRROR_GET,
        PROTO_FIRST_END,        /* one past it; up to 37 kept for more of these */
        PROTO_DAEMON_INFO = 38,
        PROTO_SESSION_LIST,
        PROTO_SESSION_END,
        PROTO_USER_LIST,
        PROTO_GRANT_LIST,
        PROTO_REQUESTS_END,     /* one past the last request */
        PROTO_EVENT_TDIR = 64,
        PROTO_EVENT_EOI,
        PROTO_EVENT_REVOKED,
};

enum proto_direction {
        PROTO_TO_DAEMON,
        PROTO_TO_CLIENT,
};

/* When a successful or failed request is answered. */
enum proto_answer {
        PROTO_ANSWER_NEVER,     /* events */
        PROTO_ANSWER_IF_ASKED,  /* a StatusReply, if the request has the need-reply bit */
        PROTO_ANSWER_ALWAYS,    /* the reply carries more than a status */
};

#define PROTO_ROLE_BIT(role)  (1u << (role))
#define PROTO_ROLES_ANY       (~0u)

struct proto_row {
        uint32_t id;
        const char *name;                               /* as in vgic.proto, enum Request */
        enum proto_direction direction;
        uint32_t states;                                /* enum proto_state, ORed */
        uint32_t roles;               /* PROTO_ROLE_BIT(), ORed; looked at in state ATTACHED only */
        enum proto_state next;                          /* state after success; 0: unchanged */
        uint64_t feature;                         /* PROTO_FEATURE_* that must be agreed; 0: none */
        uint32_t min_fds, max_fds;                      /* descriptors with the request */
        enum proto_answer answer;
        uint32_t min_reply_fds, max_reply_fds;          /* descriptors with a successful reply */
        const ProtobufCMessageDescriptor *payload;      /* of the request or event */
        const ProtobufCMessageDescriptor *reply;        /* NULL for events */
};

/* proto_table_find() - the row of a message, or NULL. Constant time. */
const struct proto_row *proto_table_find(uint32_t id);

/* proto_table_rows() - all rows, by ascending id. */
const struct proto_row *proto_table_rows(size_t *ret_n);

#endif
