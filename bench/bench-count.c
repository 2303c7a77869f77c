/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What is counted, not timed: instructions an operation (callgrind), system calls a hop (strace)
 *
 * This program runs itself under the tool. Callgrind counts inside one function; of strace's calls,
 * those with N operations are taken from those with 2 N.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"
#include "bench-wake.h"

#define SET_UP_NOISE 10.0 /* calls by which two runs may differ */

/* The SPI and the vCPU of the highest number: a cost that grows with either shows most there. */
static int run_deliver(struct bench *bench, char **argv)
{
        uint32_t n_vcpus = (uint32_t)strtoul(argv[4], NULL, 10),
                n_spis = (uint32_t)strtoul(argv[5], NULL, 10);
        uint32_t intid = VGIC_SPI_FIRST + n_spis - 1;
        struct bench_vm vm;

        bench_vm_open(bench, &vm, "count", n_vcpus, n_spis);
        bench_spi(&vm, intid, n_vcpus - 1, 0x80);
        bench_deliver(&vm, intid, n_vcpus - 1, strtoull(argv[3], NULL, 10));
        bench_vm_close(&vm);
        return 0;
}

/* N wakes of a parked vCPU, for strace: all system calls of a wake are made in this process. */
static int run_wake(struct bench *bench, char **argv)
{
        struct bench_sleeper *sleeper = aligned_alloc(64, sizeof(*sleeper));
        uint64_t n = strtoull(argv[3], NULL, 10);
        struct bench_vm vm;
        pthread_t thread;

        if (!sleeper)
                return 1;
        bench_vm_open(bench, &vm, "strace", 1, 32);
        bench_spi(&vm, BENCH_WAKE_SPI, 0, 0x80);
        *sleeper = (struct bench_sleeper){ .vm = &vm, .event_fd = -1, .cpu = 1 };
        if (pthread_create(&thread, NULL, bench_sleeper_thread, sleeper) != 0)
                return 1;
        for (uint64_t i = 0; i < n; i++) {
                bench_sleeper_begin(sleeper, BENCH_WAKE_PARK);
                vgic_spi_pulse(vm.vm, BENCH_WAKE_SPI);
                bench_sleeper_woken(sleeper, 0);
        }
        bench_sleeper_end(sleeper);
        pthread_join(thread, NULL);
        bench_vm_close(&vm);
        free(sleeper);
        return 0;
}

static const struct {
        const char *name;
        int n_arguments;
        int (*run)(struct bench *bench, char **argv);
} modes[] = {
        { "--mode=deliver", 3, run_deliver },           /* N VCPUS SPIS */
        { "--mode=wake", 1, run_wake },                 /* N */
        { "--mode=raise", 2, bench_mode_raise },        /* N PORTS: bench-tdir.c */
        { "--mode=flat-out", 2, bench_mode_flat_out },  /* the rest: bench-observed.c */
        { "--mode=read", 2, bench_mode_read },
        { "--mode=reader", 1, bench_mode_reader },
        { "--mode=runner", 1, bench_mode_runner },
};

/* vgic-bench --mode=MODE SOCKET ARGUMENTS... */
int bench_count_mode(struct bench *bench, int argc, char **argv)
{
        snprintf(bench->socket, sizeof(bench->socket), "%s", argv[2]);
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
                if (strcmp(argv[1], modes[i].name) == 0 && argc == 3 + modes[i].n_arguments)
                        return modes[i].run(bench, argv);
        fprintf(stderr, "vgic-bench: unknown mode\n");
        return 2;
}

/*
 * Instructions of one delivery at this size, counted inside bench_deliver() only. Return: 0 or -1.
 */
static int instructions(const struct bench *bench, uint32_t n_vcpus, uint32_t n_spis, double *ret_n)
{
        const unsigned n = 5000;
        char arguments[64];

        snprintf(arguments, sizeof(arguments), "%u %u %u", n, n_vcpus, n_spis);
        if (bench_instructions(bench, "bench_deliver", "deliver", arguments, ret_n) < 0)
                return -1;
        *ret_n /= n;
        return 0;
}

/*
 * The claim is that a delivery costs the same in the largest VM: instructions show it without the
 * noise of times.
 */
static void count_instructions(struct bench *bench)
{
        static const char name[] =
                "instructions of one delivery, 512 vCPUs and 988 SPIs / 1 and 32";
        double small, large;

        if (!bench_have_tool("valgrind")) {
                bench_skip(bench, name, "valgrind is not installed");
                return;
        }
        if (instructions(bench, 1, 32, &small) < 0 || instructions(bench, 512, 988, &large) < 0) {
                bench_skip(bench, name, "callgrind gave no count");
                bench->failed = true;
                return;
        }
        bench_row_count(bench, name, large / small, "x",
                        (struct bench_target){ BENCH_WITHIN, 0.05 }, "counted");
        bench_note("%.1f instructions at 1 vCPU, %.1f at 512: inject, acknowledge and EOI together",
                   small, large);
}

/* The set-up of a VM makes many calls of its own: the difference of two runs has them out. */
static void count_system_calls(struct bench *bench, const char *self)
{
        static const char name[] =
                "system calls of an inject to a parked vCPU, both sides together";
        const unsigned n = 1000;
        double calls[2];
        char command[1024];

        if (!bench_have_tool("strace")) {
                bench_skip(bench, name, "strace is not installed");
                return;
        }
        for (unsigned i = 0; i < 2; i++) {
                /* With -f and -o each line is one call; "resumed" is the second half of one. */
                snprintf(command, sizeof(command),
                         "strace -f -qq -e signal=none -o '%s/strace' '%s' --mode=wake '%s' %u "
                         ">/dev/null 2>&1 && grep -vc resumed '%s/strace'; rm -f '%s/strace'",
                         bench->directory, self, bench->socket, n * (i + 1), bench->directory,
                         bench->directory);
                if (bench_number_from(command, &calls[i]) < 0) {
                        bench_skip(bench, name, "strace does not work here");
                        return;
                }
        }
        bench_row_count(bench, name, (calls[1] - calls[0]) / n, "calls",
                        (struct bench_target){ BENCH_AT_MOST, 2 + SET_UP_NOISE / n },
                        "counted, by difference");
        bench_note("%.0f calls with %u injections, %.0f with %u: a difference of %.4f an "
                   "injection; the target is 2,",
                   calls[0], n, calls[1], 2 * n, (calls[1] - calls[0]) / n);
        bench_note("and up to %.0f in all for setting up, which takes a few calls more or fewer "
                   "from run to run",
                   SET_UP_NOISE);
}

void bench_count_rows(struct bench *bench)
{
        char self[256];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n < 0)
                bench_die("/proc/self/exe", errno);
        self[n] = '\0';
        count_system_calls(bench, self);
        count_instructions(bench);
}
