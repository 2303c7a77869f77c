/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A bare connection to the daemon: see daemon-raw.h
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base-clock.h"
#include "daemon-raw.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"

void daemon_raw_frame(int fd, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
                      size_t n)
{
        uint8_t header[PROTO_HEADER_BYTES];

        proto_frame_encode(header, &(struct proto_header){ .request = request, .flags = flags,
                                                           .size = size });
        if (send(fd, header, sizeof(header), MSG_NOSIGNAL) < 0 ||
            (n > 0 && send(fd, payload, n, MSG_NOSIGNAL) < 0))
                tap_note("send: %s", strerror(errno));
}

int daemon_raw_code(int fd)
{
        struct proto_rx rx = { 0 };
        ProtobufCMessage *message;
        int r, code = -1;

        while ((r = proto_rx_step(&rx, fd)) == PROTO_RX_AGAIN)
                if (!daemon_wait_readable(fd))
                        return -2;
        if (r == PROTO_RX_FRAME && proto_message_unpack(&vgic__status_reply__descriptor, rx.payload,
                                                        rx.header.size, &message) == 0) {
                Vgic__StatusReply *reply = (Vgic__StatusReply *)message;

                code = reply->status ? (int)reply->status->code : 0;
                proto_message_free(message);
        }
        proto_rx_release(&rx);
        return code;
}

int daemon_raw_call(int fd, uint32_t request, const ProtobufCMessage *message, const int *fds,
                    uint32_t n_fds)
{
        struct proto_tx tx = { 0 };
        int r = proto_tx_send(&tx, fd, request, PROTO_FLAG_NEED_REPLY, message, fds, n_fds);

        proto_tx_clear(&tx);
        return r < 0 ? r : daemon_raw_code(fd);
}

int daemon_raw_hello(const struct daemon_proc *proc)
{
        Vgic__Hello ask = VGIC__HELLO__INIT;
        int fd = daemon_socket(proc);

        ask.features = PROTO_FEATURES_ALL;
        ask.client_name = (char *)"te\nst";
        if (daemon_raw_call(fd, PROTO_HELLO, &ask.base, NULL, 0) != PROTO_OK)
                tap_bail("HELLO was refused");
        return fd;
}

/* What it frees, it frees when its loop comes round. */
bool daemon_wait_fds(const struct daemon_proc *proc, int n)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (daemon_fd_count(proc) > n && base_clock_ns() < deadline)
                poll(NULL, 0, 1);
        return daemon_fd_count(proc) <= n;
}
