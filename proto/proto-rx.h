/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_RX_H
#define PROTO_RX_H

/*
 * Receiving: a socket in, whole frames with their descriptors out
 *
 * What    Reads exactly to the end of one frame, never beyond it: so the descriptors that came
 *         along are that frame's.
 * Owner   The payload and the descriptors belong to struct proto_rx until proto_rx_release().
 * Trust   The peer may send anything, in pieces of any size, and may stop anywhere.
 *
 *         while ((r = proto_rx_step(&rx, socket)) == PROTO_RX_FRAME) {
 *                 ... rx.code, rx.header, rx.payload, rx.fds ...
 *                 proto_rx_release(&rx);
 *         }
 *         r == PROTO_RX_AGAIN: wait for POLLIN.   r < 0: the connection is over.
 */
#include "proto-fds.h"
#include "proto-frame.h"

enum proto_rx_result {
        PROTO_RX_AGAIN = 0,     /* not yet; POLLIN says whether there is more to read */
        PROTO_RX_FRAME = 1,     /* a frame is there */
};

struct proto_rx {
        uint8_t head[PROTO_HEADER_BYTES];
        uint32_t n_head;                /* bytes of it that are there */
        uint32_t n_payload;             /* bytes of it that are there */
        struct proto_header header;     /* once n_head is PROTO_HEADER_BYTES */
        enum proto_code code;           /* PROTO_OK, or what is wrong with the frame itself */
        uint8_t *payload;            /* header.size bytes; NULL if that is 0, or if code is fatal */
        struct proto_fds fds;
};

/**
 * proto_rx_step() - read of the current frame what is there, or up to the first descriptors in
 * it; never waits
 *
 * A frame with rx->code other than PROTO_OK is handed out too, to be answered; if the code is fatal
 * (proto_code_is_fatal()) nothing can be read after it.
 *
 * Return: PROTO_RX_FRAME, PROTO_RX_AGAIN; -ENOTCONN the peer closed between two frames; -ECONNRESET
 *         in the middle of one; -ENOMEM; another negative errno of recvmsg().
 */
int proto_rx_step(struct proto_rx *rx, int socket);

/* proto_rx_release() - drop the frame and what of it was not taken; also ends a struct proto_rx. */
void proto_rx_release(struct proto_rx *rx);

#endif
