/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A mutator for the target "session": steps come, go and move whole; messages are made up field by
 * field from their descriptors, with values that mean something to the daemon
 */
#include <stdbool.h>
#include <string.h>

#include "fuzz-session.h"
#include "proto-frame.h"

#define N_EVENTS  (PROTO_EVENT_REVOKED - PROTO_EVENT_TDIR + 1)  /* the last rows */

enum { STEPS_MAX = 64, STEP_BYTES = 258 };

struct bytes {
        uint8_t at[STEP_BYTES];
        size_t n;
};

static void put(struct bytes *out, uint64_t byte)
{
        if (out->n < STEP_BYTES)
                out->at[out->n++] = (uint8_t)byte;
}

static void put_varint(struct bytes *out, uint64_t value)
{
        for (; value >= 0x80; value >>= 7)
                put(out, (value & 0x7f) | 0x80);
        put(out, value);
}

/* --- messages --- */

static uint64_t make_number(uint64_t *random, bool wide)
{
        static const uint64_t some[] = {
                0, 1, 2, 3, 4, 5, 7, 8, 16, 27, 31,
                32, 33, 34, 35, 40, 62, 63, 64, 96, 253, 254,
                256, 288, 512, 988, 1019, 1020, 1023, 1024, 1056, 1087, 1088,
                1120, 4095, 4096, 4097, 4127, 4128, 5120, 65535, 65536, 0x7fffffff, 0x80000000,
                0xffffffff,
        };
        /* Mostly small: there are two vCPUs. */
        uint64_t value =
                some[fuzz_below(random,
                                fuzz_below(random, 2) ? 4 : sizeof(some) / sizeof(some[0]))];

        if (wide && fuzz_below(random, 3) == 0) /* an attribute: a vCPU's affinity above */
                value |= (uint64_t)fuzz_below(random, 3) << 32;
        /* a system register's encoding, or a register's offset */
        if (wide && fuzz_below(random, 4) == 0)
                value = fuzz_below(random, 2)
                                ? 0xc000u | 12u << 7 | ((8u << 3) + fuzz_below(random, 40))
                                : fuzz_below(random, 0x4000) * 4;
        return fuzz_below(random, 20) ? value
                                      : (uint64_t)fuzz_below(random, UINT32_MAX)
                                                << (wide ? fuzz_below(random, 33) : 0);
}

static const char *make_word(uint64_t *random)
{
        static const char *const words[] = { "v", "v", "v", "", "g", "w", "h", SESSION_TOKEN,
                                             SESSION_TOKEN, ".", "a/b",
                                             ("01234567890123456789012345678901"
                                              "23456789012345678901234567890123") };

        return words[fuzz_below(random, sizeof(words) / sizeof(words[0]))];
}

static void make_field(struct bytes *out, const ProtobufCFieldDescriptor *field, uint64_t *random)
{
        bool wide = field->type == PROTOBUF_C_TYPE_UINT64,
             repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        const char *word;

        if (field->type == PROTOBUF_C_TYPE_STRING) {
                word = make_word(random);
                put_varint(out, field->id << 3 | 2);
                put_varint(out, strlen(word));
                for (size_t i = 0; word[i]; i++)
                        put(out, (uint8_t)word[i]);
                return;
        }
        /* unpacked, which is read as well */
        for (uint32_t n = repeated ? 1 + fuzz_below(random, 5) : 1; n; n--) {
                put_varint(out, field->id << 3);
                put_varint(out, make_number(random, wide));
        }
}

static void make_message(struct bytes *out, uint32_t request, uint64_t *random)
{
        const struct proto_row *row = proto_table_find(request);
        uint32_t often = 1 + fuzz_below(random, 4);

        for (unsigned i = 0; row && i < row->payload->n_fields; i++)
                if (fuzz_below(random, 4) < often)
                        make_field(out, &row->payload->fields[i], random);
}

static void make_frame(struct bytes *out, uint64_t *random)
{
        static const uint8_t fds[] = { 0x00, 0x00, 0x00, 0x01, 0x21, 0x02, 0x0f, 0x41 };
        size_t length = out->n, n_rows;
        const struct proto_row *row = proto_table_rows(&n_rows);
        uint32_t request;

        row += fuzz_below(random, (uint32_t)n_rows - N_EVENTS);
        request = row->id;

        put(out, 0);
        put(out, fuzz_below(random, 100) ? request : fuzz_below(random, 256));
        put(out, fuzz_below(random, 50) ? fuzz_below(random, 2) * PROTO_FLAG_NEED_REPLY
                                        : fuzz_below(random, 256));
        put(out, fuzz_below(random, 8) ? row->min_fds : fds[fuzz_below(random, sizeof(fds))]);
        put(out, fuzz_below(random, 50) ? 0 : fuzz_below(random, 256));
        make_message(out, request, random);
        out->at[length] = (uint8_t)(out->n - length - 1);
}

static void make_step(struct bytes *out, uint64_t *random)
{
        static const uint8_t kinds[] = { SESSION_RAW, SESSION_RING_PUT, SESSION_RING_PUT,
                                         SESSION_RING_SCRIBBLE, SESSION_SCRIBBLE, SESSION_SCRIBBLE,
                                         SESSION_CLOSE, SESSION_TURN };
        uint8_t kind = fuzz_below(random, 3) ? SESSION_FRAME
                                             : kinds[fuzz_below(random, sizeof(kinds))];
        uint32_t n = kind == SESSION_RING_PUT ? 8 : 4 + fuzz_below(random, 10);
        uint32_t client = kind == SESSION_RING_PUT || kind == SESSION_RING_SCRIBBLE
                                  ? 2
                                  : fuzz_below(random, 4);

        put(out, kind);
        put(out, client | fuzz_below(random, 8) << 2);
        if (kind == SESSION_FRAME) {
                make_frame(out, random);
        } else if (kind == SESSION_RING_PUT) { /* a kind, and an INTID that was granted or not */
                uint32_t intid = fuzz_below(random, 3) ? 32 + fuzz_below(random, 4)
                                                       : (uint32_t)make_number(random, false);

                put(out, n);
                put(out,
                    fuzz_below(random, 16) ? 1 + fuzz_below(random, 3) : fuzz_below(random, 256));
                for (unsigned i = 0; i < 7; i++)
                        put(out, i < 4 ? intid >> (8 * i) : 0);
        } else {
                put(out, n);
                for (uint32_t i = 0; i < n; i++)
                        put(out, fuzz_below(random, 3) ? fuzz_below(random, 256)
                                                       : 0xff * fuzz_below(random, 2));
        }
}

/* --- inputs --- */

struct input {
        uint8_t *data;
        size_t size, max;
        size_t steps[STEPS_MAX + 1];    /* where each begins; the last: where they end */
        uint32_t n_steps;
};

static void find_steps(struct input *in)
{
        size_t at = 1;

        in->n_steps = 0;
        in->steps[0] = at;
        while (at + 3 <= in->size && in->n_steps < STEPS_MAX) {
                size_t n = 3 + (size_t)in->data[at + 2];

                at += n < in->size - at ? n : in->size - at;
                in->steps[++in->n_steps] = at;
        }
}

static void insert(struct input *in, size_t at, const uint8_t *bytes, size_t n)
{
        if (n > in->max - in->size)
                return;
        memmove(in->data + at + n, in->data + at, in->size - at);
        memcpy(in->data + at, bytes, n);
        in->size += n;
}

static void insert_made(struct input *in, uint64_t *random)
{
        struct bytes made = { .n = 0 };

        make_step(&made, random);
        insert(in,
               in->steps[fuzz_below(random, 2) ? in->n_steps : fuzz_below(random, in->n_steps + 1)],
               made.at, made.n);
}

static void take_out(struct input *in, uint64_t *random)
{
        uint32_t i = fuzz_below(random, in->n_steps);
        size_t n = in->steps[i + 1] - in->steps[i];

        if (!in->n_steps)
                return;
        memmove(in->data + in->steps[i], in->data + in->steps[i + 1], in->size - in->steps[i + 1]);
        in->size -= n;
}

static void repeat(struct input *in, uint64_t *random)
{
        uint32_t i = fuzz_below(random, in->n_steps);
        uint8_t copy[STEP_BYTES];
        size_t n = in->steps[i + 1] - in->steps[i];

        if (!in->n_steps || n > sizeof(copy))
                return;
        memcpy(copy, in->data + in->steps[i], n);
        insert(in, in->steps[fuzz_below(random, in->n_steps + 1)], copy, n);
}

/* The bytes of one step, as libFuzzer likes, of the same length. */
static void change(struct input *in, uint64_t *random)
{
        uint32_t i = fuzz_below(random, in->n_steps);
        size_t n = in->steps[i + 1] - in->steps[i];

        if (in->n_steps && n > 3 && LLVMFuzzerMutate)
                LLVMFuzzerMutate(in->data + in->steps[i] + 3, n - 3, n - 3);
}

/* A varint at @at. Return: how many bytes it has; 0: there is none. */
static size_t get_varint(const uint8_t *at, size_t size, uint64_t *ret_value)
{
        *ret_value = 0;
        for (size_t i = 0; i < size && i < 10; i++) {
                *ret_value |= (uint64_t)(at[i] & 0x7f) << 7 * i;
                if (!(at[i] & 0x80))
                        return i + 1;
        }
        return 0;
}

/*
 * Where the numbers of a message are: fields of wire type 0, and what stands in packed ones.
 * Return: how many.
 */
static uint32_t find_numbers(const uint8_t *at, size_t size, uint16_t *places, uint32_t max)
{
        uint32_t n_places = 0;
        uint64_t tag, value;
        size_t i = 0, n;

        while (i < size && n_places < max && (n = get_varint(at + i, size - i, &tag))) {
                i += n;
                places[n_places] = (uint16_t)i;
                n = get_varint(at + i, size - i, &value);
                if (!n || ((tag & 7) != 0 && (tag & 7) != 2))
                        break;
                n_places++;
                i += n + ((tag & 7) == 2 ? value : 0);
        }
        return n_places;
}

/*
 * One number of a message is one more or less, or another that means something:
 * what bounds are there for.
 */
static void change_number(struct input *in, uint64_t *random)
{
        uint32_t s = fuzz_below(random, in->n_steps), n_places;
        uint8_t *step = in->data + in->steps[s];
        size_t size = in->steps[s + 1] - in->steps[s], at, n;
        struct bytes now = { .n = 0 };
        uint16_t places[32];
        uint64_t value;
        uint32_t how = fuzz_below(random, 3);

        if (!in->n_steps || step[0] % SESSION_N_STEPS != SESSION_FRAME || size < 8)
                return;
        n_places = find_numbers(step + 7, size - 7, places, 32);
        if (!n_places)
                return;
        at = 7u + places[fuzz_below(random, n_places)];
        n = get_varint(step + at, size - at, &value);
        put_varint(&now, how == 2 ? make_number(random, value > UINT32_MAX)
                         : how    ? value + 1
                                  : value - 1);
        if (size - n + now.n > STEP_BYTES || now.n > n + (in->max - in->size))
                return;
        memmove(step + at + now.n, step + at + n, in->size - (in->steps[s] + at + n));
        memcpy(step + at, now.at, now.n);
        in->size = in->size - n + now.n;
        step[2] = (uint8_t)(step[2] - n + now.n);
}

static void change_client(struct input *in, uint64_t *random)
{
        if (in->n_steps)
                in->data[in->steps[fuzz_below(random, in->n_steps)] + 1] = (uint8_t)
                        fuzz_below(random, 256);
}

static void change_state(struct input *in, uint64_t *random)
{
        in->data[0] = (uint8_t)fuzz_below(random, SESSION_N_STATES);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        static void (*const ways[])(struct input *in, uint64_t *random) = {
                insert_made, insert_made, insert_made, take_out, take_out, repeat,
                change, change_number, change_number, change_number, change_number,
                change_number, change, change_client, change_state,
        };
        struct input in = { .data = data, .size = size, .max = max };
        uint64_t random = seed;

        if (max < 1)
                return size;
        if (size < 1)
                data[0] = 0;
        in.size = size < 1 ? 1 : size;
        if (fuzz_below(&random, 12) == 0 && LLVMFuzzerMutate)
                return LLVMFuzzerMutate(data, in.size, max);
        for (uint32_t i = 1 + fuzz_below(&random, 3); i; i--) {
                find_steps(&in);
                ways[fuzz_below(&random, sizeof(ways) / sizeof(ways[0]))](&in, &random);
        }
        return in.size;
}

/* The first steps of one, the last of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t max, unsigned seed)
{
        struct input first = { .data = (uint8_t *)(uintptr_t)a, .size = n_a, .max = n_a };
        struct input second = { .data = (uint8_t *)(uintptr_t)b, .size = n_b, .max = n_b };
        uint64_t random = seed;
        size_t n, from;

        find_steps(&first);
        find_steps(&second);
        n = first.steps[fuzz_below(&random, first.n_steps + 1)];
        from = second.steps[fuzz_below(&random, second.n_steps + 1)];
        if (n > n_a || n > max || from > n_b)
                return 0;
        memcpy(out, a, n);
        if (n_b - from > max - n)
                return n;
        memcpy(out + n, b + from, n_b - from);
        return n + n_b - from;
}
