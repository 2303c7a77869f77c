/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * MMIO and system-register programs: on libvgic with a daemon,
 * and on the independent model of tests/model
 *
 *   8 bytes  the GIC (fuzz-program-decode.c)
 *   8 each   steps
 *
 * Law      The two agree after each step in all that tests/model/pair-compare.c looks at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "fuzz-input.h"
#include "fuzz-program.h"
#include "pair.h"
#include "tap.h"

static struct daemon_proc daemon_proc;
static struct vgic_conn *conn;

static void stop(void)
{
        vgic_disconnect(conn);
        daemon_stop(&daemon_proc);
}

/* One daemon serves all inputs: each program is a VM that comes and goes. */
static void start(void)
{
        static const char *const arguments[] = { "--log-level", "warning", NULL };

        if (conn)
                return;
        daemon_start(&daemon_proc, &(struct daemon_options) { .arguments = arguments });
        conn = daemon_connect(&daemon_proc);
        atexit(stop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pair_result result;
        struct program program;

        start();
        fuzz_program_decode(&program, data, size);
        if (!pair_run(conn, &program, &result)) {
                fprintf(stderr, "step %u: %s does not hold\n", result.n_steps, result.why);
                program_print(stderr, &program);
                abort();
        }
        program_free(&program);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        return fuzz_mutate_records(&fuzz_program_records, data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t max, unsigned seed)
{
        return fuzz_cross_records(&fuzz_program_records, a, n_a, b, n_b, out, max, seed);
}
