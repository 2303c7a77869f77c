/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Receiving, see proto-rx.h
 */
#include <errno.h>
#include <stdlib.h>

#include "proto-rx.h"

void proto_rx_release(struct proto_rx *rx)
{
        free(rx->payload);
        proto_fds_clear(&rx->fds);
        *rx = (struct proto_rx){ .fds = rx->fds }; /* empty; how descriptors are discarded stays */
}

/*
 * Read until *have is @want. Descriptors end the reading before that: a peer that sends as many as
 * there is room for with each byte has the caller take them in one call for each message of the
 * socket, and do something else in between. Return: 1 it is; 0 not yet; a negative errno.
 */
static int proto_rx_fill(struct proto_rx *rx, int socket, uint8_t *buffer, uint32_t *have,
                         uint32_t want)
{
        while (*have < want) {
                uint32_t n_came = rx->fds.n_came;
                ssize_t n = proto_fds_recv(socket, buffer + *have, want - *have, &rx->fds);

                if (n == -EAGAIN)
                        return 0;
                if (n < 0)
                        return (int)n;
                if (n == 0)
                        return rx->n_head == 0 ? -ENOTCONN : -ECONNRESET;
                *have += (uint32_t)n;
                if (rx->fds.n_came != n_came && *have < want)
                        return 0;
        }
        return 1;
}

int proto_rx_step(struct proto_rx *rx, int socket)
{
        int r;

        if (rx->n_head < PROTO_HEADER_BYTES) {
                r = proto_rx_fill(rx, socket, rx->head, &rx->n_head, PROTO_HEADER_BYTES);
                if (r <= 0)
                        return r;
                rx->code = proto_frame_decode(rx->head, &rx->header);
        }
        if (proto_code_is_fatal(rx->code))
                return PROTO_RX_FRAME;

        if (rx->header.size > 0 && !rx->payload) {
                rx->payload = malloc(rx->header.size);
                if (!rx->payload)
                        return -ENOMEM;
        }
        r = proto_rx_fill(rx, socket, rx->payload, &rx->n_payload, rx->header.size);
        if (r <= 0)
                return r;
        if (rx->code == PROTO_OK && rx->fds.lost)
                rx->code = rx->fds.starved ? PROTO_NO_DESCRIPTORS : PROTO_BAD_FDS;
        return PROTO_RX_FRAME;
}
