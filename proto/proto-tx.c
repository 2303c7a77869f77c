/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Sending, see proto-tx.h
 */
#include <errno.h>
#include <stdlib.h>

#include "proto-fds.h"
#include "proto-message.h"
#include "proto-tx.h"

struct proto_tx_frame {
        struct proto_tx_frame *next;
        uint8_t *bytes;
        size_t size, sent;
        struct proto_fds fds;   /* not sent as long as sent is 0 */
};

static void proto_tx_free(struct proto_tx_frame *frame)
{
        if (!frame)
                return;
        proto_fds_clear(&frame->fds);
        free(frame->bytes);
        free(frame);
}

/* Drop what was not sent, for a connection that ends. */
void proto_tx_clear(struct proto_tx *tx)
{
        while (tx->first) {
                struct proto_tx_frame *frame = tx->first;

                tx->first = frame->next;
                proto_tx_free(frame);
        }
        *tx = (struct proto_tx){ 0 };
}

/* Send on. Return: 1 all of it is out; 0 the socket is full; a negative errno. */
static int proto_tx_push(struct proto_tx_frame *frame, int socket, const int *fds, uint32_t n_fds)
{
        while (frame->sent < frame->size) {
                bool begun = frame->sent > 0;
                ssize_t n = proto_fds_send(socket, frame->bytes + frame->sent,
                                           frame->size - frame->sent, begun ? NULL : fds,
                                           begun ? 0 : n_fds);

                if (n == -EAGAIN)
                        return 0;
                if (n < 0)
                        return (int)n;
                frame->sent += (size_t)n;
        }
        return 1;
}

int proto_tx_flush(struct proto_tx *tx, int socket)
{
        while (tx->first) {
                struct proto_tx_frame *frame = tx->first;
                size_t before = frame->sent;
                int r = proto_tx_push(frame, socket, frame->fds.fd, frame->fds.n);

                tx->n_bytes -= frame->sent - before;
                if (r < 0)
                        return r;
                if (frame->sent > 0)
                        proto_fds_clear(&frame->fds);
                if (r == 0)
                        return 1;
                tx->first = frame->next;
                if (!tx->first)
                        tx->last = NULL;
                proto_tx_free(frame);
        }
        return 0;
}

/* Queue what is left of a frame; takes it over. */
static int proto_tx_queue(struct proto_tx *tx, struct proto_tx_frame *frame, const int *fds,
                          uint32_t n_fds)
{
        if (frame->sent == 0) {
                int r = tx->n_bytes + frame->size > PROTO_TX_MAX
                                ? -ENOBUFS
                                : proto_fds_dup(&frame->fds, fds, n_fds);

                if (r < 0) {
                        proto_tx_free(frame);
                        return r;
                }
        }
        tx->n_bytes += frame->size - frame->sent;
        if (tx->last)
                tx->last->next = frame;
        else
                tx->first = frame;
        tx->last = frame;
        return 1;
}

int proto_tx_send(struct proto_tx *tx, int socket, uint32_t request, uint32_t flags,
                  const ProtobufCMessage *message, const int *fds, uint32_t n_fds)
{
        struct proto_tx_frame *frame = calloc(1, sizeof(*frame));
        int r;

        if (!frame)
                return -ENOMEM;
        r = proto_message_frame(request, flags, message, &frame->bytes, &frame->size);
        if (r == 0 && !tx->first)
                r = proto_tx_push(frame, socket, fds, n_fds);
        if (r == 0)
                return proto_tx_queue(tx, frame, fds, n_fds);
        proto_tx_free(frame);
        return r < 0 ? r : 0;
}
