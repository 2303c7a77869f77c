/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgic-bench: run every row
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct {
        const char *name;
        void (*run)(struct bench *bench);
} groups[] = {
        { "icc-ctlr", bench_icc_ctlr },
        { "deliver", bench_deliver_rows },
        { "wake", bench_wake_rows },
        { "device", bench_device_row },
        { "tdir", bench_tdir_rows },
        { "count", bench_count_rows },
};

int main(int argc, char **argv)
{
        struct bench bench = { 0 };

        if (argc > 2 && strncmp(argv[1], "--mode=", 7) == 0)
                return bench_count_mode(&bench, argc, argv);
        if (argc < 3 || strcmp(argv[1], "--daemon") != 0) {
                fprintf(stderr, "Usage: vgic-bench --daemon PATH [ROWS...]\nRows:");
                for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
                        fprintf(stderr, " %s", groups[i].name);
                fputc('\n', stderr);
                return 2;
        }
        bench.daemon_path = argv[2];
        bench_daemon_start(&bench);
        printf("%u processors. p is one uncontended compare-and-swap; everything is a ratio within this run.\n\n",
               bench_n_cpus());
        bench_heading();
        for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
                bool wanted = argc == 3;

                for (int a = 3; a < argc; a++)
                        wanted = wanted || strcmp(argv[a], groups[i].name) == 0;
                if (wanted)
                        groups[i].run(&bench);
        }
        bench_daemon_stop(&bench);
        printf("\n%s\n", bench.n_missed ? "Some targets were missed." : "Every target was met.");
        return bench.failed ? 1 : 0;
}
