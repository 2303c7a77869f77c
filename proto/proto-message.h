/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

/*
 * Payloads: protobuf messages in and out of frames
 */
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "proto-frame.h"

/**
 * proto_message_frame() - a whole frame: header and packed payload
 * @message:   NULL for an empty payload
 * @ret_frame: free() it
 *
 * Return: 0; -EMSGSIZE the payload would be larger than PROTO_PAYLOAD_MAX; -ENOMEM.
 */
int proto_message_frame(uint32_t request, uint32_t flags, const ProtobufCMessage *message,
                        uint8_t **ret_frame, size_t *ret_size);

/**
 * proto_message_unpack() - decode a payload that a peer sent
 * @ret_message: release with proto_message_free()
 *
 * Unknown fields are ignored. What it allocates is bounded by the payload's limit (the schema does
 * not nest without end).
 *
 * Return: 0; -EBADMSG it does not decode, or a string of it holds a 0 byte.
 */
int proto_message_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *payload,
                         size_t size, ProtobufCMessage **ret_message);

void proto_message_free(ProtobufCMessage *message);

static inline void proto_message_cleanup(ProtobufCMessage **message)
{
        proto_message_free(*message);
}
#define PROTO_CLEANUP_MESSAGE __attribute__((cleanup(proto_message_cleanup)))

#endif
