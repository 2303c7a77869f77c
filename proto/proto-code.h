/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_CODE_H
#define PROTO_CODE_H

/*
 * Status codes: how the daemon says no
 *
 * Errors are values of the protocol (vgic.proto, enum Code), not errno numbers, which differ
 * between systems. The library turns them into errno numbers by proto_code_errno().
 */
#include <stdbool.h>
#include <stdint.h>

enum proto_code {
        PROTO_OK = 0,
        PROTO_UNKNOWN_REQUEST,
        PROTO_BAD_FRAME,
        PROTO_BAD_VERSION,
        PROTO_TOO_LARGE,
        PROTO_BAD_PAYLOAD,
        PROTO_BAD_FDS,
        PROTO_WRONG_STATE,
        PROTO_PERMISSION,
        PROTO_NOT_FOUND,
        PROTO_EXISTS,
        PROTO_INVALID,
        PROTO_NOT_INITIALISED,
        PROTO_BUSY,
        PROTO_LIMIT,
        PROTO_NO_DESCRIPTORS,
        PROTO_NO_MEMORY,
        PROTO_INTERNAL,
        PROTO_NO_ATTRIBUTE,
        PROTO_OUT_OF_RANGE,
        PROTO_NOT_SUPPORTED,
        PROTO_N_CODES,
};

/* proto_code_name() - "BAD_FDS"; "UNKNOWN_CODE" for a number that is none. */
const char *proto_code_name(uint32_t code);

/* proto_code_text() - the same in words, for a reply that has nothing better to say. */
const char *proto_code_text(uint32_t code);

/*
 * proto_code_errno() - the negative errno that the library returns for it; -EPROTO for a number
 * that is none; 0 for OK.
 */
int proto_code_errno(uint32_t code);

/*
 * proto_code_from_errno() - for the daemon: the code that fits a negative errno of its own
 * functions.
 */
enum proto_code proto_code_from_errno(int negative_errno);

/* proto_code_is_fatal() - the frame boundary is lost: the daemon answers and closes. */
bool proto_code_is_fatal(uint32_t code);

#endif
