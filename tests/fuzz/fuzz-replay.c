/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Replay: feed files to a fuzz target, where there is no libFuzzer
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define REPLAY_MAX (1u << 20)

int main(int argc, char **argv)
{
        uint8_t *data = malloc(REPLAY_MAX);

        for (int i = 1; data && i < argc; i++) {
                FILE *file = fopen(argv[i], "rb");

                if (!file) {
                        perror(argv[i]);
                        return 1;
                }
                LLVMFuzzerTestOneInput(data, fread(data, 1, REPLAY_MAX, file));
                fclose(file);
        }
        free(data);
        return 0;
}
