/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * Fuzz targets: one function each; libFuzzer's main calls it under --enable-fuzzing,
 * fuzz-replay.c's otherwise
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
