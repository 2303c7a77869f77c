/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The frame header against bytes written by hand from doc/protocol.md
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto-frame.h"
#include "proto-message.h"
#include "proto-table.h"
#include "tap.h"

struct bytes_case {
        const char *what;
        uint8_t bytes[PROTO_HEADER_BYTES];
        enum proto_code code;
};

static const struct bytes_case cases[] = {
        { "a plain request",           { 1, 0, 0, 0,  1, 0, 0, 0,  0, 0, 0, 0 },       PROTO_OK },
        { "need-reply",                { 1, 0, 0, 0,  9, 0, 0, 0,  7, 0, 0, 0 },       PROTO_OK },
        { "a reply",                   { 1, 0, 0, 0,  5, 0, 0, 0,  7, 0, 0, 0 },       PROTO_OK },
        { "the largest payload",       { 1, 0, 0, 0,  1, 0, 0, 0,  0, 0, 1, 0 },       PROTO_OK },
        { "one byte more",             { 1, 0, 0, 0,  1, 0, 0, 0,  1, 0, 1, 0 },
          PROTO_TOO_LARGE },
        { "4 GiB - 1",                 { 1, 0, 0, 0,  1, 0, 0, 0,  255, 255, 255, 255 },
          PROTO_TOO_LARGE },
        { "version 0",                 { 1, 0, 0, 0,  8, 0, 0, 0,  0, 0, 0, 0 },
          PROTO_BAD_VERSION },
        { "version 2",                 { 1, 0, 0, 0, 10, 0, 0, 0,  0, 0, 0, 0 },
          PROTO_BAD_VERSION },
        { "version 3, large",          { 1, 0, 0, 0, 11, 0, 0, 0,  0, 0, 2, 0 },
          PROTO_BAD_VERSION },
        { "a reserved low flag",       { 1, 0, 0, 0, 17, 0, 0, 0,  0, 0, 0, 0 },
          PROTO_BAD_FRAME },
        { "the highest reserved flag", { 1, 0, 0, 0,  1, 0, 0, 128, 0, 0, 0, 0 },
          PROTO_BAD_FRAME },
        { "reply and need-reply",      { 1, 0, 0, 0, 13, 0, 0, 0,  0, 0, 0, 0 },
          PROTO_BAD_FRAME },
        { "a big-endian peer",         { 0, 0, 0, 1,  0, 0, 0, 1,  0, 0, 0, 0 },
          PROTO_BAD_VERSION },
};

static void headers_decode_or_are_refused(void)
{
        struct proto_header header;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                tap_eq(proto_frame_decode(cases[i].bytes, &header), cases[i].code, "decode: %s",
                       cases[i].what);
        proto_frame_decode((const uint8_t[]){ 0x04, 0x03, 0x02, 0x01, 0x08, 0, 0, 0, 0x40, 0x30,
                                              0x20, 0x10 },
                           &header);
        tap_ok(header.request == 0x01020304 && header.flags == 8 && header.size == 0x10203040,
               "a bad header is handed out all the same, for the answer");
}

static void headers_encode_little_endian(void)
{
        static const uint8_t want[] = { 0x16, 0, 0, 0, 0x05, 0, 0, 0, 0x34, 0x12, 0, 0 };
        uint8_t out[PROTO_HEADER_BYTES];
        uint8_t *frame;
        size_t size;
        Vgic__Vcpu vcpu = VGIC__VCPU__INIT;
        static uint64_t many[PROTO_PAYLOAD_MAX / 8];
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;

        proto_frame_encode(out, &(struct proto_header){ .request = 22,
                                                        .flags = PROTO_FLAG_REPLY | 1,
                                                        .size = 0x1234 });
        tap_ok(memcmp(out, want, sizeof(want)) == 0, "encode: little-endian, in order");

        vcpu.vcpu = 300;
        tap_eq(proto_message_frame(PROTO_VCPU_REGISTER, PROTO_FLAG_NEED_REPLY, &vcpu.base, &frame,
                                   &size),
               0, "a message is framed");
        tap_ok(size == 15 && memcmp(frame, "\x0b\0\0\0\x09\0\0\0\x03\0\0\0\x08\xac\x02", 15) == 0,
               "VCPU_REGISTER 300 is 0b 00 00 00 09 00 00 00 03 00 00 00 08 ac 02");
        free(frame);

        memset(many, 0xff, sizeof(many));
        create.mpidrs = many;
        create.n_mpidrs = sizeof(many) / sizeof(many[0]);
        tap_eq(proto_message_frame(PROTO_VM_CREATE, 0, &create.base, &frame, &size), -EMSGSIZE,
               "a payload over 64 KiB is refused");
        create.n_mpidrs = 4096;
        tap_eq(proto_message_frame(PROTO_VM_CREATE, 0, &create.base, &frame, &size), 0,
               "4096 affinities of 10 bytes each fit");
        free(frame);
}

static void payloads_unpack_or_are_refused(void)
{
        static const struct {
                const char *what;
                const char *bytes;
                size_t n;
                int result;
        } payloads[] = {
                { "empty",                       "",                       0, 0 },
                { "a field that is not known",   "\x78\x01",               2, 0 },
                { "a cut varint",                "\x08\xff",               2, -EBADMSG },
                { "a varint of 11 bytes",        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                  12, -EBADMSG },
                { "a length beyond the end",     "\x12\x7f" "a",           3, -EBADMSG },
                { "a huge length",               "\x12\xff\xff\xff\xff\x0f", 6, -EBADMSG },
                { "field number 0",              "\x00\x01",               2, -EBADMSG },
                { "wire type 7",                 "\x0f\x01",               2, -EBADMSG },
        };
        ProtobufCMessage *message;

        for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
                int r = proto_message_unpack(&vgic__hello__descriptor,
                                             (const uint8_t *)payloads[i].bytes, payloads[i].n,
                                             &message);

                tap_eq(r, payloads[i].result, "unpack: %s", payloads[i].what);
                if (r == 0)
                        proto_message_free(message);
        }
        tap_eq(proto_message_unpack(&vgic__hello__descriptor, NULL, PROTO_PAYLOAD_MAX + 1,
                                    &message),
               -EBADMSG, "unpack: too large");
}

/* protobuf-c ends a string at its first 0 byte: "a", 0, "b" must not become "a". */
static void zero_bytes_in_strings_are_refused(void)
{
        const ProtobufCMessageDescriptor *create = &vgic__vm_create__descriptor,
                                         *name = &vgic__vm_name__descriptor,
                                         *reply = &vgic__status_reply__descriptor;
        const struct {
                const char *what;
                const ProtobufCMessageDescriptor *descriptor;
                const char *bytes;
                size_t n;
                int result;
        } payloads[] = {
                { "a name",                        create, "\x0a\x03" "a\0b",
                  5, -EBADMSG },
                { "the end of a name",             create, "\x0a\x02" "a\0",
                  4, -EBADMSG },
                { "a name that another replaces",  name,   "\x0a\x02" "a\0" "\x0a\x01" "b",
                  7, -EBADMSG },
                { "a name by an overlong key",     name,   "\x8a\x80\0\x02" "a\0",
                  6, -EBADMSG },
                { "a name behind unknown fields",  name,
                  "\x79" "12345678" "\x7d" "1234" "\x0a\x01\0", 17, -EBADMSG },
                { "a string of a nested message",  reply,  "\x0a\x05\x12\x03" "a\0b",
                  7, -EBADMSG },
                { "none, but in packed numbers",   create, "\x0a\x01" "a" "\x32\x02\0\x01",
                  7, 0 },
                { "none, but in an unknown field", name,   "\x0a\x01" "a" "\x7a\x01\0",
                  6, 0 },
                { "none, by an overlong key",      name,   "\x8a\x80\0\x02" "ab",
                  6, 0 },
                { "none: empty",                   name,   "\x0a\0",
                  2, 0 },
        };

        for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
                ProtobufCMessage *message = NULL;

                tap_eq(proto_message_unpack(payloads[i].descriptor,
                                            (const uint8_t *)payloads[i].bytes, payloads[i].n,
                                            &message),
                       payloads[i].result, "a 0 byte in %s", payloads[i].what);
                proto_message_free(message);
        }
}

static void codes_and_errnos_map(void)
{
        for (uint32_t code = 0; code < PROTO_N_CODES; code++) {
                const ProtobufCEnumValue *value =
                        protobuf_c_enum_descriptor_get_value(&vgic__code__descriptor, (int)code);

                tap_ok(value && strcmp(value->name, proto_code_name(code)) == 0 &&
                       (proto_code_errno(code) < 0) == (code != 0),
                       "code %u is %s in vgic.proto too, and has an errno", code,
                       proto_code_name(code));
        }
        tap_eq(proto_code_errno(12345), -EPROTO, "a code that is not known is an error");
        tap_eq(proto_code_from_errno(-EMFILE), PROTO_NO_DESCRIPTORS, "EMFILE is NO_DESCRIPTORS");
        tap_eq(proto_code_from_errno(-ENOTTY), PROTO_INTERNAL,
               "an errno without a row is INTERNAL");
}

int main(void)
{
        headers_decode_or_are_refused();
        headers_encode_little_endian();
        payloads_unpack_or_are_refused();
        zero_bytes_in_strings_are_refused();
        codes_and_errnos_map();
        return tap_done();
}
