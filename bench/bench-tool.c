/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Tools that count for the benchmarks: is one installed, and what number does it print
 *
 * A row that is counted runs this program once more, in one of its modes, under callgrind or
 * strace. This file runs the command and finds its figure; what the modes do is in the files of the
 * rows, and bench-count.c has their table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

bool bench_have_tool(const char *name)
{
        char command[64];

        snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", name);
        return system(command) == 0;
}

/*
 * The last line that begins with a number: tools print others before it. A command that fails has
 * no number, whatever it printed.
 */
int bench_number_from(const char *command, double *ret_value)
{
        FILE *pipe = popen(command, "re");
        char line[256];
        int ret = -1;

        if (!pipe)
                return -1;
        while (fgets(line, sizeof(line), pipe)) {
                char *end;
                double value = strtod(line, &end);

                if (end != line) {
                        *ret_value = value;
                        ret = 0;
                }
        }
        return pclose(pipe) == 0 ? ret : -1;
}

/*
 * Callgrind collects inside @function only, so the set-up of the VM is not counted. Its own sum is
 * on standard error.
 */
int bench_instructions(const struct bench *bench, const char *function, const char *mode,
                       const char *arguments,
                       double *ret_n)
{
        char command[1024], self[256];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n < 0)
                return -1;
        self[n] = '\0';
        snprintf(command, sizeof(command),
                 "valgrind --tool=callgrind --toggle-collect=%s --callgrind-out-file=/dev/null"
                 " '%s' --mode=%s '%s' %s 2>&1 | sed -n 's/^==.*Collected : *//p'",
                 function, self, mode, bench->socket, arguments);
        return bench_number_from(command, ret_n);
}
