/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

/*
 * Frames: the 12 bytes before each payload
 *
 *   offset 0         4         8         12
 *          | request | flags   | size    | payload ...        each a u32, little-endian
 *
 *   flags  bit 1..0 version (1) | bit 2 reply | bit 3 need-reply | the rest is zero
 *
 * Pure functions on buffers: nothing here reads or writes a socket.
 */
#include <stdint.h>

#include "proto-code.h"
#include "proto-limits.h"

#define PROTO_FLAG_VERSION_MASK  UINT32_C(0x3)
#define PROTO_FLAG_REPLY         (UINT32_C(1) << 2)
#define PROTO_FLAG_NEED_REPLY    (UINT32_C(1) << 3)
#define PROTO_FLAGS_KNOWN        UINT32_C(0xf)

struct proto_header {
        uint32_t request;
        uint32_t flags;
        uint32_t size;
};

void proto_frame_encode(uint8_t out[PROTO_HEADER_BYTES], const struct proto_header *header);

/**
 * proto_frame_decode() - read a header that a peer sent
 *
 * *ret_header is always written, for the answer.
 *
 * Return: PROTO_OK; PROTO_BAD_VERSION, PROTO_TOO_LARGE: the frame cannot be skipped
 *         (proto_code_is_fatal()); PROTO_BAD_FRAME: reserved bits are set, or both reply and
 *         need-reply: size is good, and the payload is to be read and dropped.
 */
enum proto_code proto_frame_decode(const uint8_t in[PROTO_HEADER_BYTES],
                                   struct proto_header *ret_header);

#endif
