/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Payloads, see proto-message.h
 */
#include <errno.h>
#include <stdlib.h>

#include "proto-message.h"

int proto_message_frame(uint32_t request, uint32_t flags, const ProtobufCMessage *message,
                        uint8_t **ret_frame, size_t *ret_size)
{
        size_t size = message ? protobuf_c_message_get_packed_size(message) : 0;
        uint8_t *frame;

        if (size > PROTO_PAYLOAD_MAX)
                return -EMSGSIZE;
        frame = malloc(PROTO_HEADER_BYTES + size);
        if (!frame)
                return -ENOMEM;
        proto_frame_encode(frame, &(struct proto_header){
                .request = request, .flags = flags | PROTO_VERSION, .size = (uint32_t)size });
        if (message)
                protobuf_c_message_pack(message, frame + PROTO_HEADER_BYTES);
        *ret_frame = frame;
        *ret_size = PROTO_HEADER_BYTES + size;
        return 0;
}

int proto_message_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *payload, size_t size,
                         ProtobufCMessage **ret_message)
{
        ProtobufCMessage *message;

        if (size > PROTO_PAYLOAD_MAX)
                return -EBADMSG;
        message = protobuf_c_message_unpack(descriptor, NULL, size, payload);
        if (!message)
                return -EBADMSG;
        *ret_message = message;
        return 0;
}

void proto_message_free(ProtobufCMessage *message)
{
        if (message)
                protobuf_c_message_free_unpacked(message, NULL);
}
