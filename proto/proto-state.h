/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_STATE_H
#define PROTO_STATE_H

/*
 * Session states and roles
 *
 *        HELLO            VM_CREATE, VM_ATTACH
 *   NEW -------> READY ------------------------> ATTACHED (vmm, observer or device)
 *                  ^------------------------------'
 *                             VM_DETACH
 *
 * What    Which message is allowed when, by its row in proto-table.c; the same function serves the
 *         daemon and the tests.
 */
#include <stdint.h>

#include "proto-code.h"

enum proto_state {
        PROTO_STATE_NEW      = 1u << 0, /* connected; HELLO only */
        PROTO_STATE_READY    = 1u << 1,
        PROTO_STATE_ATTACHED = 1u << 2,
};

enum proto_role {
        PROTO_ROLE_NONE     = 0,
        PROTO_ROLE_VMM      = 1,
        PROTO_ROLE_OBSERVER = 2,
        PROTO_ROLE_DEVICE   = 3,
};

struct proto_row;
struct proto_session {
        enum proto_state state;
        enum proto_role role;           /* while ATTACHED */
        uint64_t features;              /* as agreed */
};

/**
 * proto_state_admit() - may a client send this message now?
 * @row:   its row; NULL if there is none
 * @n_fds: descriptors that came with it
 *
 * Return: PROTO_OK, or why not.
 */
enum proto_code proto_state_admit(const struct proto_session *session, const struct proto_row *row,
                                  uint32_t n_fds);

/* proto_state_next() - the state after this message succeeded. */
enum proto_state proto_state_next(enum proto_state state, const struct proto_row *row);

const char *proto_state_name(enum proto_state state);
const char *proto_role_name(enum proto_role role);

#endif
