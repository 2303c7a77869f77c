/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Every message in every state and role, sent as bytes to a real daemon, against proto-oracle.h
 *
 * Payloads are empty and descriptors are missing: what is allowed may still fail, but by its own
 * code. Each pair has a connection of its own, and afterwards that connection still answers.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base-fd.h"
#include "daemon-proc.h"
#include "proto-message.h"
#include "proto-oracle.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"

#define NO_ANSWER  UINT32_MAX

static struct daemon_proc daemon_;
static char token[PROTO_TOKEN_CHARS + 1];

/* The code of the next reply, and its text where the caller wants it. */
static uint32_t take_reply(int fd, uint32_t id, ProtobufCMessage **ret_message)
{
        struct proto_rx rx = { 0 };
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };
        const struct proto_row *row = proto_table_find(id);
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        uint32_t code = NO_ANSWER;
        int r;

        while ((r = proto_rx_step(&rx, fd)) == PROTO_RX_AGAIN ||
               (r == PROTO_RX_FRAME && !(rx.header.flags & PROTO_FLAG_REPLY))) {
                if (r == PROTO_RX_FRAME)
                        proto_rx_release(&rx); /* an event */
                else if (poll(&pollfd, 1, 30000) != 1)
                        return NO_ANSWER;
        }
        if (r == PROTO_RX_FRAME && rx.header.request == id &&
            rx.header.flags == (PROTO_VERSION | PROTO_FLAG_REPLY) &&
            proto_message_unpack(&vgic__status_reply__descriptor, rx.payload, rx.header.size,
                                 &message) == 0) {
                const Vgic__Status *status = ((Vgic__StatusReply *)message)->status;

                code = status ? status->code : PROTO_OK;
                if (ret_message && code == PROTO_OK)
                        proto_message_unpack(row->reply, rx.payload, rx.header.size, ret_message);
        }
        proto_rx_release(&rx);
        return code;
}

static uint32_t ask(int fd, uint32_t id, const ProtobufCMessage *message,
                    ProtobufCMessage **ret_message)
{
        struct proto_tx tx = { 0 };

        if (proto_tx_send(&tx, fd, id, PROTO_FLAG_NEED_REPLY, message, NULL, 0) != 0)
                return NO_ANSWER;
        return take_reply(fd, id, ret_message);
}

static uint32_t hello(int fd)
{
        Vgic__Hello message = VGIC__HELLO__INIT;

        message.features = PROTO_FEATURES_ALL;
        message.client_name = (char *)"matrix";
        return ask(fd, PROTO_HELLO, &message.base, NULL);
}

static uint32_t attach(int fd, const char *name, uint32_t role)
{
        Vgic__VmAttach message = VGIC__VM_ATTACH__INIT;

        message.name = (char *)(uintptr_t)name;
        message.role = role;
        message.token = token;
        return ask(fd, PROTO_VM_ATTACH, &message.base, NULL);
}

/* A connection in the state of column @column. */
static int open_column(unsigned column)
{
        int fd = daemon_socket(&daemon_);

        if (column >= 1 && hello(fd) != PROTO_OK)
                tap_bail("HELLO failed");
        if (column >= 2 && attach(fd, "matrix", column - 1) != PROTO_OK)
                tap_bail("VM_ATTACH in role %u failed", column - 1);
        /* Whoever has not registered a vCPU may not do much with it; this is about roles. */
        if (column == 2 && ask(fd, PROTO_VCPU_REGISTER, NULL, NULL) != PROTO_OK)
                tap_bail("VCPU_REGISTER failed");
        return fd;
}

static char letter(uint32_t code)
{
        switch (code) {
        case PROTO_WRONG_STATE:
                return 's';
        case PROTO_PERMISSION:
                return 'p';
        case PROTO_UNKNOWN_REQUEST:
        case PROTO_BAD_FRAME:
        case PROTO_BAD_PAYLOAD:
        case PROTO_INTERNAL:
        case NO_ANSWER:
                return '?';
        default:
                return '+';
        }
}

/* A VM with a grant, kept by its own connection; what the columns attach to. */
static int make_vm(void)
{
        static uint32_t intids[] = { 40 };
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__Grant grant = VGIC__GRANT__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        int fd = daemon_socket(&daemon_);

        create.name = (char *)"matrix";
        create.n_vcpus = 2;
        create.n_spis = 32;
        grant.label = (char *)"device";
        grant.intids = intids;
        grant.n_intids = 1;
        if (hello(fd) != PROTO_OK || ask(fd, PROTO_VM_CREATE, &create.base, NULL) != PROTO_OK ||
            ask(fd, PROTO_VM_INIT, NULL, NULL) != PROTO_OK ||
            ask(fd, PROTO_GRANT, &grant.base, &reply) != PROTO_OK || !reply)
                tap_bail("no VM");
        memcpy(token, ((Vgic__GrantReply *)reply)->token, sizeof(token));
        return fd;
}

static void drop_vm(int owner)
{
        Vgic__VmName name = VGIC__VM_NAME__INIT;

        name.name = (char *)"matrix";
        ask(owner, PROTO_VM_DESTROY, &name.base, NULL);
        base_fd_close(owner);
}

/* VM_DESTROY without a name destroys the attached VM: each pair has a VM of its own. */
static void message_is_taken_in_its_states_only(size_t i)
{
        char got[N_COLUMNS + 1] = "";
        bool answers = true;

        for (unsigned column = 0; column < N_COLUMNS; column++) {
                int owner = make_vm();
                int fd = open_column(column);

                got[column] = letter(ask(fd, oracle[i].id, NULL, NULL));
                /* 999 is no message in any state. */
                answers = answers && ask(fd, 999, NULL, NULL) == PROTO_UNKNOWN_REQUEST;
                base_fd_close(fd);
                drop_vm(owner);
        }
        if (oracle[i].columns)
                tap_ok(strcmp(got, oracle[i].columns) == 0, "%s: %s", oracle[i].name, got);
        else
                tap_ok(strcmp(got, "?????") == 0, "%s: not from a client", oracle[i].name);
        tap_ok(answers, "... and the connection goes on");
}

int main(void)
{
        daemon_start(&daemon_, NULL);
        for (size_t i = 0; i < N_ORACLE; i++)
                message_is_taken_in_its_states_only(i);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
