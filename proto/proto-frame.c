/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Frames, see proto-frame.h
 */
#include "proto-frame.h"

static void proto_frame_put(uint8_t *out, uint32_t value)
{
        for (unsigned i = 0; i < 4; i++)
                out[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t proto_frame_get(const uint8_t *in)
{
        return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
               (uint32_t)in[3] << 24;
}

void proto_frame_encode(uint8_t out[PROTO_HEADER_BYTES], const struct proto_header *header)
{
        proto_frame_put(out, header->request);
        proto_frame_put(out + 4, header->flags);
        proto_frame_put(out + 8, header->size);
}

enum proto_code proto_frame_decode(const uint8_t in[PROTO_HEADER_BYTES],
                                   struct proto_header *ret_header)
{
        ret_header->request = proto_frame_get(in);
        ret_header->flags = proto_frame_get(in + 4);
        ret_header->size = proto_frame_get(in + 8);

        if ((ret_header->flags & PROTO_FLAG_VERSION_MASK) != PROTO_VERSION)
                return PROTO_BAD_VERSION;
        if (ret_header->size > PROTO_PAYLOAD_MAX)
                return PROTO_TOO_LARGE;
        if (ret_header->flags & ~PROTO_FLAGS_KNOWN)
                return PROTO_BAD_FRAME;
        if ((ret_header->flags & PROTO_FLAG_REPLY) && (ret_header->flags & PROTO_FLAG_NEED_REPLY))
                return PROTO_BAD_FRAME;
        return PROTO_OK;
}
