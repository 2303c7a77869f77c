/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgic-bench: run every row
 *
 * A table of groups of rows; which of them run, the daemon that they run on, and what the exit
 * status says about missed targets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct {
        const char *name;
        void (*run)(struct bench *bench);
} groups[] = {
        { "icc-ctlr", bench_icc_ctlr },
        { "deliver", bench_deliver_rows },
        { "path", bench_op_rows },
        { "wake", bench_wake_rows },
        { "device", bench_device_row },
        { "tdir", bench_tdir_rows },
        { "trace", bench_trace_rows },
        { "lr", bench_lr_rows },
        { "count", bench_count_rows },
        { "observed", bench_observed_rows },
};

#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

struct arguments {
        const char *daemon_path;
        bool strict, help;
        bool wanted[N_GROUPS];
        bool some;              /* rows were named; else all are wanted */
};

static void print_help(FILE *to)
{
        fprintf(to, "Usage: vgic-bench --daemon PATH [--strict] [ROWS...]\n"
                    "Measure vgicd's figures as ratios within one run, against targets.\n\n"
                    "  --daemon PATH  the vgicd to start, on a socket of its own\n"
                    "  --strict       exit with 1 if a target was missed, too (make bench\n"
                    "                 BENCH_FLAGS=--strict)\n"
                    "  --help         print this text\n\n"
                    "Rows:");
        for (unsigned i = 0; i < N_GROUPS; i++)
                fprintf(to, " %s", groups[i].name);
        fprintf(to, " (default: all)\n\n"
                    "Not measured: a delivery against QEMU's model of the same controller,\n"
                    "of which it should take a tenth. QEMU's model cannot be timed without QEMU,\n"
                    "and this program has no figure for it. A machine that does other work\n"
                    "distorts the rows that wake threads; that is said at the start.\n\n"
                    "Exit status: 0 measured (see --strict for missed targets), 1 a row could not\n"
                    "be measured, 2 usage.\n");
}

static bool take_rows(struct arguments *arguments, const char *name)
{
        for (unsigned i = 0; i < N_GROUPS; i++) {
                if (strcmp(name, groups[i].name) != 0)
                        continue;
                arguments->wanted[i] = true;
                arguments->some = true;
                return true;
        }
        fprintf(stderr, "vgic-bench: there are no rows '%s'\n", name);
        return false;
}

/* Return: 0, or -1 with the error printed. */
static int take_arguments(struct arguments *arguments, int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--daemon") == 0 && i + 1 < argc)
                        arguments->daemon_path = argv[++i];
                else if (strcmp(argv[i], "--strict") == 0)
                        arguments->strict = true;
                else if (strcmp(argv[i], "--help") == 0)
                        arguments->help = true;
                else if (!take_rows(arguments, argv[i]))
                        return -1;
        }
        if (arguments->daemon_path || arguments->help)
                return 0;
        print_help(stderr);
        return -1;
}

/*
 * A wake on a processor that somebody else uses waits for that, which neither side of the ratio is
 * to blame for.
 */
static void warn_if_busy(void)
{
        double load, idle_enough = 0.5 * bench_n_cpus();

        if (getloadavg(&load, 1) == 1 && load > idle_enough)
                printf("Warning: this machine is not idle (load average %.1f of the last minute, "
                       "more than %.1f):\n"
                       "ratios of rows that wake threads may be off.\n\n",
                       load, idle_enough);
}

static void print_verdict(const struct bench *bench)
{
        printf("\n%s", bench->n_missed ? "Some targets were missed."
                                       : "Every target that was measured was met.");
        if (bench->n_skipped)
                printf(" Not measured: %u.", bench->n_skipped);
        putchar('\n');
}

int main(int argc, char **argv)
{
        struct arguments arguments = { 0 };
        struct bench bench = { 0 };

        if (argc > 2 && strncmp(argv[1], "--mode=", 7) == 0)
                return bench_count_mode(&bench, argc, argv);
        if (take_arguments(&arguments, argc, argv) < 0)
                return 2;
        if (arguments.help) {
                print_help(stdout);
                return fflush(stdout) != 0 || ferror(stdout);
        }
        bench.daemon_path = arguments.daemon_path;
        bench_daemon_start(&bench);
        printf("%u processors. p is one uncontended compare-and-swap; everything is a ratio within "
               "this run.\n\n",
               bench_n_cpus());
        warn_if_busy();
        bench_heading();
        for (unsigned i = 0; i < N_GROUPS; i++)
                if (arguments.wanted[i] || !arguments.some)
                        groups[i].run(&bench);
        bench_daemon_stop(&bench);
        print_verdict(&bench);
        return bench.failed || (arguments.strict && bench.n_missed);
}
