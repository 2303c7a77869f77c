/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

/*
 * Mutators that know the form of an input: a head, then records of one size
 *
 * libFuzzer calls a target's LLVMFuzzerCustomMutator() and ...CustomCrossOver(); those call these.
 * Whole records come, go, move and change; now and then libFuzzer's own mutations have the bytes. A
 * replay never gets here.
 */
#include <stddef.h>
#include <stdint.h>

struct fuzz_records {
        size_t head;    /* bytes before the first record */
        size_t record;  /* bytes of each */
        /*
         * Make up one record, or a few that belong together. Return: how many, at most @room.
         * NULL: random bytes.
         */
        size_t (*make)(uint8_t *records, size_t room, uint64_t *random);
};

size_t fuzz_mutate_records(const struct fuzz_records *of, uint8_t *data, size_t size, size_t max,
                           unsigned seed);

/* The front of @a and the back of @b, each cut between two records. */
size_t fuzz_cross_records(const struct fuzz_records *of, const uint8_t *a, size_t n_a,
                          const uint8_t *b, size_t n_b, uint8_t *out, size_t max, unsigned seed);

/* Return: a number below @n (0 if @n is 0), and the next state in *random. */
uint32_t fuzz_below(uint64_t *random, size_t n);

/* What libFuzzer calls. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t max, unsigned seed);

/* libFuzzer's; not there in a replay. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

#endif
