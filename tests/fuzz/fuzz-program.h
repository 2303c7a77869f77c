/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

/*
 * Programs as inputs of a fuzz target: any bytes are a program,
 * and most of them one that does something
 */
#include "fuzz-mutate.h"
#include "program.h"

/* fuzz_program_decode() - program_free() it. */
void fuzz_program_decode(struct program *program, const uint8_t *data, size_t size);

/*
 * For the mutators: a record is a step; what is made up is a step,
 * or several that a guest would make in turn.
 */
extern const struct fuzz_records fuzz_program_records;

#endif
