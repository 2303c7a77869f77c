/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

/*
 * What targets that read a program out of their input share
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* A law of a target. Both ways of running it notice an abort. */
#define FUZZ_ASSERT(condition) \
        do { \
                if (!(condition)) { \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
                                #condition); \
                        abort(); \
                } \
        } while (0)

/* The input, taken piece by piece; what is not there reads as zero. */
struct fuzz_input {
        const uint8_t *data;
        size_t size;
};

static inline uint64_t fuzz_take(struct fuzz_input *in, unsigned bytes)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < bytes && in->size; i++) {
                value |= (uint64_t)*in->data << (8 * i);
                in->data++;
                in->size--;
        }
        return value;
}

#endif
