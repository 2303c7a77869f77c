/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Session states: admission of messages
 */
#include <stddef.h>

#include "proto-state.h"
#include "proto-table.h"

enum proto_code proto_state_admit(const struct proto_session *session, const struct proto_row *row,
                                  uint32_t n_fds)
{
        if (!row)
                return PROTO_UNKNOWN_REQUEST;
        if (row->direction != PROTO_TO_DAEMON)
                return PROTO_BAD_FRAME;
        if (!(row->states & session->state))
                return PROTO_WRONG_STATE;
        if (row->feature & ~session->features)
                return PROTO_UNKNOWN_REQUEST;
        if (session->state == PROTO_STATE_ATTACHED && !(row->roles & PROTO_ROLE_BIT(session->role)))
                return PROTO_PERMISSION;
        if (n_fds < row->min_fds || n_fds > row->max_fds)
                return PROTO_BAD_FDS;
        return PROTO_OK;
}

enum proto_state proto_state_next(enum proto_state state, const struct proto_row *row)
{
        return row->next ? row->next : state;
}

const char *proto_state_name(enum proto_state state)
{
        return state == PROTO_STATE_NEW ? "new" :
               state == PROTO_STATE_READY ? "ready" :
               state == PROTO_STATE_ATTACHED ? "attached" : "invalid";
}

const char *proto_role_name(enum proto_role role)
{
        static const char *const names[] = { "none", "vmm", "observer", "device" };

        return (unsigned)role < sizeof(names) / sizeof(names[0]) ? names[role] : "invalid";
}
