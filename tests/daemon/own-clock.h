/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef OWN_CLOCK_H
#define OWN_CLOCK_H

/*
 * A clock of the test's own, in a process with modules of the daemon: time passes when the test
 * says so
 *
 * The program is linked with --wrap=clock_gettime: what is compiled in asks here, shared libraries
 * ask the kernel.
 */
#include <stdint.h>
#include <time.h>

static uint64_t own_clock_ns = UINT64_C(1000000000000);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
        (void)id;
        ret_now->tv_sec = (time_t)(own_clock_ns / 1000000000u);
        ret_now->tv_nsec = (long)(own_clock_ns % 1000000000u);
        return 0;
}

#endif
