/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * Monotonic time and deadlines
 */
#include <stdint.h>
#include <time.h>

/* base_clock_of() - what @clock shows, in ns. */
static inline uint64_t base_clock_of(clockid_t clock)
{
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* base_clock_ns() - the monotonic one's, which deadlines are of. */
static inline uint64_t base_clock_ns(void)
{
        return base_clock_of(CLOCK_MONOTONIC);
}

/* base_clock_left() - what remains until @deadline_ns, for ppoll(); zero when it has passed. */
static inline struct timespec base_clock_left(uint64_t deadline_ns)
{
        uint64_t now = base_clock_ns();
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;

        return (struct timespec){ .tv_sec = (time_t)(left / 1000000000u),
                                  .tv_nsec = (long)(left % 1000000000u) };
}

#endif
