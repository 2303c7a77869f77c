/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Status codes, one row each
 */
#include <errno.h>
#include <stddef.h>

#include "proto-code.h"
#include "vgic.pb-c.h"

_Static_assert((int)PROTO_BAD_FDS == (int)VGIC__CODE__BAD_FDS &&
               (int)PROTO_BUSY == (int)VGIC__CODE__BUSY &&
               (int)PROTO_INTERNAL == (int)VGIC__CODE__INTERNAL,
               "proto-code.h and vgic.proto number the codes alike");

struct proto_code_row {
        const char *name;
        const char *text;
        int error;
};

static const struct proto_code_row codes[PROTO_N_CODES] = {
        [PROTO_OK] = { "OK", "done", 0 },
        [PROTO_UNKNOWN_REQUEST] = { "UNKNOWN_REQUEST",
                                    "no such request, or its feature was not agreed", EOPNOTSUPP },
        [PROTO_BAD_FRAME] = { "BAD_FRAME", "reserved flags, or the wrong direction", EPROTO },
        [PROTO_BAD_VERSION] = { "BAD_VERSION", "the frame has another protocol version", EPROTO },
        [PROTO_TOO_LARGE] = { "TOO_LARGE", "the payload is larger than allowed", EPROTO },
        [PROTO_BAD_PAYLOAD] = { "BAD_PAYLOAD", "the payload does not decode", EPROTO },
        [PROTO_BAD_FDS] = { "BAD_FDS", "wrong number or kind of descriptors", EINVAL },
        [PROTO_WRONG_STATE] = { "WRONG_STATE", "not in this state of the connection", EISCONN },
        [PROTO_PERMISSION] = { "PERMISSION", "not allowed", EACCES },
        [PROTO_NOT_FOUND] = { "NOT_FOUND", "not found", ENOENT },
        [PROTO_EXISTS] = { "EXISTS", "exists already", EEXIST },
        [PROTO_INVALID] = { "INVALID", "invalid value", EINVAL },
        [PROTO_NOT_INITIALISED] = { "NOT_INITIALISED", "the VM is not initialised", ENODATA },
        [PROTO_BUSY] = { "BUSY", "in use", EBUSY },
        [PROTO_LIMIT] = { "LIMIT", "a limit of the daemon", ENOSPC },
        [PROTO_NO_DESCRIPTORS] = { "NO_DESCRIPTORS", "the daemon has no descriptors left", EMFILE },
        [PROTO_NO_MEMORY] = { "NO_MEMORY", "the daemon has no memory left", ENOMEM },
        [PROTO_INTERNAL] = { "INTERNAL", "the daemon failed", EIO },
        [PROTO_NO_ATTRIBUTE] = { "NO_ATTRIBUTE", "no such group, attribute or register", ENXIO },
        [PROTO_OUT_OF_RANGE] = { "OUT_OF_RANGE", "an address beyond what the guest can have",
                                 E2BIG },
        [PROTO_NOT_SUPPORTED] = { "NOT_SUPPORTED", "not of this kind of VM", EOPNOTSUPP },
};

const char *proto_code_name(uint32_t code)
{
        return code < PROTO_N_CODES ? codes[code].name : "UNKNOWN_CODE";
}

const char *proto_code_text(uint32_t code)
{
        return code < PROTO_N_CODES ? codes[code].text
               : "the daemon answered with a code that this library does not know";
}

int proto_code_errno(uint32_t code)
{
        return code < PROTO_N_CODES ? -codes[code].error : -EPROTO;
}

enum proto_code proto_code_from_errno(int negative_errno)
{
        static const struct {
                int error;
                enum proto_code code;
        } rows[] = {
                { 0,            PROTO_OK },
                { EACCES,       PROTO_PERMISSION },
                { EPERM,        PROTO_PERMISSION },
                { ENOENT,       PROTO_NOT_FOUND },
                { EEXIST,       PROTO_EXISTS },
                { EINVAL,       PROTO_INVALID },
                { ENODATA,      PROTO_NOT_INITIALISED },
                { EBUSY,        PROTO_BUSY },
                { ENOSPC,       PROTO_LIMIT },
                { EMFILE,       PROTO_NO_DESCRIPTORS },
                { ENFILE,       PROTO_NO_DESCRIPTORS },
                { ENOMEM,       PROTO_NO_MEMORY },
                { EBADMSG,      PROTO_BAD_PAYLOAD },
                { ENXIO,        PROTO_NO_ATTRIBUTE },
                { E2BIG,        PROTO_OUT_OF_RANGE },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (rows[i].error == -negative_errno)
                        return rows[i].code;
        return PROTO_INTERNAL;
}

bool proto_code_is_fatal(uint32_t code)
{
        return code == PROTO_BAD_VERSION || code == PROTO_TOO_LARGE;
}
