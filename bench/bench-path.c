/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgic-bench-path: what one operation of the data path costs, for the comparison of two commits
 *
 * What    Each row of bench-ops.c done many times. Without --count it prints nanoseconds an
 *         operation; with --count it is run under callgrind, which collects inside row_*() only
 *         (compare.sh). Neither figure says anything alone: compare.sh runs the programs of two
 *         commits in turn and prints the ratios.
 * Threads One.
 */
#include <stdio.h>
#include <string.h>

#include "bench-ops.h"

#define N_COUNTED    2000u

/*
 * A tenth of the operations warms the caches first. Callgrind counts instructions, which a cache
 * does not change.
 */
static void run_row(struct bench_ops *ops, const struct bench_op *op, bool count)
{
        uint64_t start;

        if (count) {
                op->run(ops, N_COUNTED);
                printf("%s\t%u\n", op->name, N_COUNTED);
                return;
        }
        op->run(ops, op->n / 10 / 16 * 16); /* whole rounds of the rows that have 16 SPIs */
        start = bench_now_ns();
        op->run(ops, op->n);
        printf("%s\t%.3f\n", op->name, (double)(bench_now_ns() - start) / op->n);
}

/* Rows that follow each other and need the same VM share it. */
static void run_rows(struct bench *bench, bool count)
{
        struct bench_ops ops;

        for (unsigned i = 0; i < bench_n_ops; i++) {
                const struct bench_op *op = &bench_op_table[i];

                if (i == 0 || !bench_ops_same_vm(op, &bench_op_table[i - 1])) {
                        if (i)
                                bench_ops_close(&ops);
                        bench_ops_open(bench, &ops, op);
                }
                run_row(&ops, op, count);
        }
        bench_ops_close(&ops);
}

int main(int argc, char **argv)
{
        struct bench bench = { 0 };
        bool count = argc > 2 && strcmp(argv[2], "--count") == 0;

        if (argc < 2 || argc > 3 || (argc == 3 && !count)) {
                fprintf(stderr, "Usage: vgic-bench-path VGICD [--count]\n");
                return 2;
        }
        bench.daemon_path = argv[1];
        bench_daemon_start(&bench);
        run_rows(&bench, count);
        bench_daemon_stop(&bench);
        return fflush(stdout) != 0 || ferror(stdout);
}
