/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Frames and messages: a header, then a payload for whichever message it names
 *
 * Law     What unpacks packs again into the size that was computed for it. (It need not unpack a
 *         second time: protobuf-c keeps unknown fields as it found them, malformed ones too.)
 */
#include "fuzz-input.h"
#include "proto-message.h"
#include "proto-table.h"

static void both_ways(const ProtobufCMessageDescriptor *descriptor, const uint8_t *payload,
                      size_t size)
{
        ProtobufCMessage *message = NULL;
        uint8_t *packed;
        size_t n;

        if (!descriptor || proto_message_unpack(descriptor, payload, size, &message) < 0)
                return;
        n = protobuf_c_message_get_packed_size(message);
        packed = malloc(n + 1);
        FUZZ_ASSERT(packed);
        FUZZ_ASSERT(protobuf_c_message_pack(message, packed) == n);
        proto_message_free(message);
        free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct proto_header header;
        const struct proto_row *row;
        uint8_t encoded[PROTO_HEADER_BYTES];

        if (size < PROTO_HEADER_BYTES)
                return 0;
        if (proto_frame_decode(data, &header) == PROTO_OK) {
                proto_frame_encode(encoded, &header);
                for (size_t i = 0; i < sizeof encoded; i++)
                        FUZZ_ASSERT(encoded[i] == data[i]);
                FUZZ_ASSERT(header.size <= PROTO_PAYLOAD_MAX);
        }
        row = proto_table_find(header.request);
        if (row) {
                both_ways(row->payload, data + PROTO_HEADER_BYTES, size - PROTO_HEADER_BYTES);
                both_ways(row->reply, data + PROTO_HEADER_BYTES, size - PROTO_HEADER_BYTES);
        }
        return 0;
}
