/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Payloads: a protobuf message into a frame, and bytes of a peer into a message
 *
 * Both sides use it. protobuf-c does the coding; what is added here is what it does not look at: a
 * 0 byte within a string, by which a peer could name one thing and mean another.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto-message.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64_BITS = 1, WIRE_BYTES = 2, WIRE_32_BITS = 5 };

struct wire {
        const uint8_t *at, *end;
};

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

static bool wire_skip(struct wire *wire, uint64_t n)
{
        if (n > (uint64_t)(wire->end - wire->at))
                return false;
        wire->at += n;
        return true;
}

/*
 * A number of 64 bits at most, 7 in each byte, the lowest first. False: it is cut off, or has more
 * than ten bytes.
 */
static bool wire_varint(struct wire *wire, uint64_t *ret_value)
{
        uint64_t value = 0;

        for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
                uint8_t byte = *wire->at++;

                value |= (uint64_t)(byte & 0x7f) << shift;
                if (!(byte & 0x80)) {
                        *ret_value = value;
                        return true;
                }
        }
        return false;
}

static bool strings_are_whole(const ProtobufCMessageDescriptor *descriptor, struct wire wire);

/* One length-prefixed field's bytes: @field is NULL if the schema does not know it. */
static bool bytes_are_whole(const ProtobufCFieldDescriptor *field, struct wire bytes)
{
        if (field && field->type == PROTOBUF_C_TYPE_STRING)
                return !memchr(bytes.at, 0, (size_t)(bytes.end - bytes.at));
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE)
                return strings_are_whole(field->descriptor, bytes);
        return true;
}

/*
 * protobuf-c keeps no length of a string: it would end at a 0 byte that the peer put into it, and
 * mean another name. So such bytes are looked for on the wire. The depth is that of the schema,
 * which does not contain itself.
 */
static bool strings_are_whole(const ProtobufCMessageDescriptor *descriptor, struct wire wire)
{
        while (wire.at < wire.end) {
                const ProtobufCFieldDescriptor *field;
                const uint8_t *start;
                uint64_t key, value;
                bool fine;

                if (!wire_varint(&wire, &key))
                        return false;
                switch (key & 7) {
                case WIRE_VARINT:
                        fine = wire_varint(&wire, &value);
                        break;
                case WIRE_64_BITS:
                        fine = wire_skip(&wire, 8);
                        break;
                case WIRE_32_BITS:
                        fine = wire_skip(&wire, 4);
                        break;
                case WIRE_BYTES:
                        fine = wire_varint(&wire, &value);
                        start = wire.at;
                        field = protobuf_c_message_descriptor_get_field(descriptor,
                                                                        (unsigned)(key >> 3));
                        fine = fine && wire_skip(&wire, value) &&
                               bytes_are_whole(field, (struct wire){ .at = start, .end = wire.at });
                        break;
                default:
                        fine = false;
                }
                if (!fine)
                        return false;
        }
        return true;
}

int proto_message_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *payload,
                         size_t size, ProtobufCMessage **ret_message)
{
        ProtobufCMessage *message;

        if (size > PROTO_PAYLOAD_MAX ||
            (size > 0 &&
             !strings_are_whole(descriptor, (struct wire){ .at = payload, .end = payload + size })))
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
