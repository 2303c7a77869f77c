/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Mutators for records: see fuzz-mutate.h
 */
#include "fuzz-mutate.h"

#include <string.h>

#define MADE_MAX  8u
#define RECORD_MAX  32u

uint32_t fuzz_below(uint64_t *random, size_t n)
{
        uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        return n ? (uint32_t)((z >> 16) % n) : 0;
}

/* Which record is at @i. */
static uint8_t *at(const struct fuzz_records *of, uint8_t *data, size_t i)
{
        return data + of->head + i * of->record;
}

static size_t count(const struct fuzz_records *of, size_t size)
{
        return size > of->head ? (size - of->head) / of->record : 0;
}

static size_t make(const struct fuzz_records *of, uint8_t *records, uint64_t *random)
{
        if (of->make)
                return of->make(records, MADE_MAX, random);
        for (size_t i = 0; i < of->record; i++)
                records[i] = (uint8_t)fuzz_below(random, 256);
        return 1;
}

/*
 * @n records from @from, before record @i. Return: the size then;
 * if there is no room for them, as it was.
 */
static size_t insert(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                     size_t i, const uint8_t *from, size_t n)
{
        size_t records = count(of, size);

        if (of->head + (records + n) * of->record > max)
                return size;
        memmove(at(of, data, i + n), at(of, data, i), (records - i) * of->record);
        memcpy(at(of, data, i), from, n * of->record);
        return of->head + (records + n) * of->record;
}

static size_t insert_made(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                          uint64_t *random)
{
        uint8_t made[MADE_MAX * RECORD_MAX];
        size_t n = make(of, made, random);

        /* The end is as likely as all other places together: a program grows there. */
        return insert(of, data, size, max,
                      fuzz_below(random, 2) ? count(of, size)
                                            : fuzz_below(random, count(of, size) + 1),
                      made, n);
}

static size_t repeat(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                     uint64_t *random)
{
        uint8_t copy[MADE_MAX * RECORD_MAX];
        size_t records = count(of, size), i = fuzz_below(random, records),
               n = 1 + fuzz_below(random, MADE_MAX);

        if (!records)
                return size;
        n = n < records - i ? n : records - i;
        memcpy(copy, at(of, data, i), n * of->record);
        return insert(of, data, size, max, fuzz_below(random, records + 1), copy, n);
}

static size_t take_out(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                       uint64_t *random)
{
        size_t records = count(of, size), i = fuzz_below(random, records),
               n = 1 + fuzz_below(random, MADE_MAX);

        (void)max;
        if (!records)
                return size;
        n = n < records - i ? n : records - i;
        memmove(at(of, data, i), at(of, data, i + n), (records - i - n) * of->record);
        return of->head + (records - n) * of->record;
}

static size_t replace(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                      uint64_t *random)
{
        uint8_t made[MADE_MAX * RECORD_MAX];
        size_t records = count(of, size);

        (void)max;
        if (records && make(of, made, random))
                memcpy(at(of, data, fuzz_below(random, records)), made, of->record);
        return size;
}

static size_t swap(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                   uint64_t *random)
{
        size_t records = count(of, size), a = fuzz_below(random, records),
               b = fuzz_below(random, records);
        uint8_t kept[RECORD_MAX];

        (void)max;
        if (!records)
                return size;
        memcpy(kept, at(of, data, a), of->record);
        memcpy(at(of, data, a), at(of, data, b), of->record);
        memcpy(at(of, data, b), kept, of->record);
        return size;
}

static size_t change_byte(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                          uint64_t *random)
{
        size_t i = fuzz_below(random, size);
        uint32_t how = fuzz_below(random, 3);

        (void)of;
        (void)max;
        if (!size)
                return size;
        data[i] = (uint8_t)(how == 0   ? fuzz_below(random, 256)
                            : how == 1 ? data[i] ^ 1u << fuzz_below(random, 8)
                                       : data[i] + 1 - 2 * fuzz_below(random, 2));
        return size;
}

size_t fuzz_mutate_records(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                           unsigned seed)
{
        static size_t (*const ways[])(const struct fuzz_records *of, uint8_t *data, size_t size,
                                      size_t max, uint64_t *random) = {
                insert_made, insert_made, insert_made, repeat,      take_out,
                take_out,    replace,     swap,        change_byte, change_byte,
        };
        uint64_t random = seed;
        uint32_t rounds = 1 + fuzz_below(&random, 4);

        if (max < of->head + of->record)
                return size;
        if (size < of->head) {
                memset(data + size, 0, of->head - size);
                size = of->head;
        }
        if (fuzz_below(&random, 10) == 0 && LLVMFuzzerMutate)
                return LLVMFuzzerMutate(data, size, max);
        for (uint32_t i = 0; i < rounds; i++)
                size = ways[fuzz_below(&random, sizeof(ways) / sizeof(ways[0]))](of, data, size,
                                                                                 max, &random);
        return size;
}

size_t fuzz_cross_records(const struct fuzz_records *of, const uint8_t *a, size_t n_a,
                          const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed)
{
        uint64_t random = seed;
        size_t front = fuzz_below(&random, count(of, n_a) + 1),
               from = fuzz_below(&random, count(of, n_b) + 1);
        size_t n_front = of->head + front * of->record, n_back;

        if (n_a < of->head || n_front > max)
                return 0;
        memcpy(out, a, n_front);
        n_back = (count(of, n_b) - from) * of->record;
        if (n_back > max - n_front)
                n_back = (max - n_front) / of->record * of->record;
        if (n_back)
                memcpy(out + n_front, b + of->head + from * of->record, n_back);
        return n_front + n_back;
}
