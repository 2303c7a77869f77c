/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

/*
 * Histogram: how long things took
 *
 * What    A count for each of a few fixed bounds, from 20 us to a second, and the sum. The bounds
 *         surround the length of a turn (turns.h).
 * Threads The daemon's one thread.
 */
#include <stdint.h>

#define METRICS_N_BOUNDS  12u

struct metrics_histogram {
        uint64_t n[METRICS_N_BOUNDS + 1];       /* the last: longer than any bound */
        uint64_t sum_ns;
};

/* metrics_bound_ns() - the upper bound of @i, below METRICS_N_BOUNDS. */
static inline uint64_t metrics_bound_ns(unsigned i)
{
        static const uint32_t bounds_us[METRICS_N_BOUNDS] = {
                20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 200000, 1000000,
        };

        return bounds_us[i] * UINT64_C(1000);
}

/* metrics_took() - one more, of @ns. */
static inline void metrics_took(struct metrics_histogram *histogram, uint64_t ns)
{
        unsigned i = 0;

        while (i < METRICS_N_BOUNDS && ns > metrics_bound_ns(i))
                i++;
        histogram->n[i]++;
        histogram->sum_ns += ns;
}

#endif
