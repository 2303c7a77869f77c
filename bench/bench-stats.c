/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Medians, spreads, and the table
 *
 * A row compares two series that were measured in turn in one run: the median of the one over
 * that of the other, the spread as the quartiles of the pairs, and whether the target was met.
 */
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define ROW_FORMAT "%-66s %12s  %-10s %-7s %s\n"

uint64_t bench_now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

unsigned bench_n_cpus(void)
{
        static _Atomic long n; /* each sysconf() opens a file: asked once */

        if (!n)
                n = sysconf(_SC_NPROCESSORS_ONLN);
        return n > 0 ? (unsigned)n : 1;
}

void bench_pin_process(pid_t pid, unsigned cpu)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(cpu % bench_n_cpus(), &set);
        sched_setaffinity(pid, sizeof(set), &set); /* a hint: the rows are ratios either way */
}

void bench_unpin_process(pid_t pid)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        for (unsigned i = 0; i < bench_n_cpus(); i++)
                CPU_SET(i, &set);
        sched_setaffinity(pid, sizeof(set), &set);
}

void bench_pin(unsigned cpu)
{
        bench_pin_process(0, cpu);
}

void bench_add(struct bench_series *series, double value)
{
        if (series->n < BENCH_MAX_PAIRS)
                series->values[series->n++] = value;
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/* Of a copy: the order of the values pairs them with those of the other series. */
static double quantile(const struct bench_series *series, double q)
{
        struct bench_series sorted = *series;

        if (!sorted.n)
                return 0;
        qsort(sorted.values, sorted.n, sizeof(sorted.values[0]), by_value);
        return sorted.values[(unsigned)(q * (sorted.n - 1) + 0.5)];
}

double bench_median(const struct bench_series *series)
{
        return quantile(series, 0.5);
}

/* A row without a target (BENCH_SHOWN) cannot be missed. */
static bool is_met(double value, struct bench_target target)
{
        switch (target.bound) {
        case BENCH_AT_MOST:
                return value <= target.value;
        case BENCH_AT_LEAST:
                return value >= target.value;
        case BENCH_WITHIN:
                return fabs(value - 1) <= target.value;
        case BENCH_SHOWN:
                break;
        }
        return true;
}

static void target_text(struct bench_target target, char *text, size_t size)
{
        static const char *const forms[] = {
                [BENCH_AT_MOST] = "<= %.4g", [BENCH_AT_LEAST] = ">= %.4g",
                [BENCH_WITHIN] = "1 +- %.4g",
        };

        if (target.bound == BENCH_SHOWN) {
                snprintf(text, size, "-");
                return;
        }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, size, forms[target.bound], target.value);
#pragma GCC diagnostic pop
}

/* Each row is written when it is there: a run takes minutes, and may end in the middle. */
static void print_row(struct bench *bench, const char *name, double value, const char *unit,
                      struct bench_target target, const char *spread)
{
        char measured[32], wanted[32];
        bool met = is_met(value, target);

        snprintf(measured, sizeof(measured), "%.3g %s", value, unit);
        target_text(target, wanted, sizeof(wanted));
        printf(ROW_FORMAT, name, measured, wanted,
               target.bound == BENCH_SHOWN ? "shown"
               : met                       ? "met"
                                           : "MISSED",
               spread);
        fflush(stdout);
        bench->n_missed += !met;
}

/*
 * The value is the ratio of medians; the spread is that of the pairs' ratios, since a disturbance
 * meets both sides of a pair.
 */
void bench_row(struct bench *bench, const char *name, const struct bench_series *series,
               const struct bench_series *base, const char *unit, struct bench_target target)
{
        double yard = bench_median(base);
        struct bench_series ratios = { .n = 0 };
        char spread[64];

        for (unsigned i = 0; i < series->n && i < base->n; i++)
                bench_add(&ratios, series->values[i] / base->values[i]);
        snprintf(spread, sizeof(spread), "%.3g to %.3g (%u pairs)", quantile(&ratios, 0.25),
                 quantile(&ratios, 0.75), ratios.n);
        print_row(bench, name, yard > 0 ? bench_median(series) / yard : 0, unit, target, spread);
}

void bench_row_count(struct bench *bench, const char *name, double value, const char *unit,
                     struct bench_target target, const char *how)
{
        print_row(bench, name, value, unit, target, how);
}

void bench_skip(struct bench *bench, const char *name, const char *why)
{
        bench->n_skipped++;
        printf(ROW_FORMAT, name, "-", "-", "skipped", why);
        fflush(stdout);
}

void bench_note(const char *format, ...)
{
        va_list arguments;

        fputs("    ", stdout);
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        putchar('\n');
        fflush(stdout);
}

void bench_heading(void)
{
        printf(ROW_FORMAT, "ROW", "MEASURED", "TARGET", "VERDICT", "MIDDLE HALF OF THE PAIRS");
}
