/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_TX_H
#define PROTO_TX_H

/*
 * Sending: a queue of frames in front of a socket that may be full
 *
 * What    A frame is sent at once as far as the socket takes it; the rest waits in the queue, with
 *         duplicates of its descriptors, for proto_tx_flush() when the socket is writable.
 * Owner   The queue owns frames and duplicates; proto_tx_clear() drops them.
 * Limit   A peer that does not read costs at most PROTO_TX_MAX bytes, then -ENOBUFS: disconnect it.
 */
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_TX_MAX (256u * 1024u)

struct proto_tx_frame;

struct proto_tx {
        struct proto_tx_frame *first, *last;
        size_t n_bytes;         /* that wait */
};

/**
 * proto_tx_send() - send a message, or queue it
 * @message: NULL for an empty payload
 * @fds:     @n_fds descriptors, borrowed
 *
 * Return: 0 all sent; 1 some of it waits: flush when the socket is writable; -EMSGSIZE, -ENOMEM,
 *         -EMFILE, -ENOBUFS, -ETOOMANYREFS (peers leave too many descriptors unread): nothing of it
 *         was sent, the connection is whole; any other negative errno: the connection is over.
 */
int proto_tx_send(struct proto_tx *tx, int socket, uint32_t request, uint32_t flags,
                  const ProtobufCMessage *message, const int *fds, uint32_t n_fds);

/*
 * proto_tx_flush() - Return: 0 the queue is empty; 1 not yet;
 * a negative errno: the connection is over.
 */
int proto_tx_flush(struct proto_tx *tx, int socket);

static inline bool proto_tx_waits(const struct proto_tx *tx)
{
        return tx->first;
}

void proto_tx_clear(struct proto_tx *tx);

#endif
