/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SLOW_CLOCK_H
#define SLOW_CLOCK_H

/*
 * The clock of a machine that is slow while the test says so
 *
 * The program is linked with --wrap=clock_gettime: what is compiled in asks here, shared libraries
 * ask the kernel.
 */
#include <stdbool.h>
#include <time.h>

/* A look at the clock takes as long as a turn, and more: nothing else fits into one. */
static bool is_slow;

int __real_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
        static time_t late;
        int r = __real_clock_gettime(id, ret_now);

        late += is_slow;
        ret_now->tv_sec += late;
        return r;
}

#endif
