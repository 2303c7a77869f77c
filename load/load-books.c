/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Books: a law holds or is broken, the run is given up, and the first complaint is kept
 *
 * All processes of a run write into the same struct load. The parent reports at the end; who finds
 * something wrong writes it down here and goes on, or gives up, and then every process ends at its
 * next look at load_phase(). Beside that the time, and the nap between two looks.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "load.h"

static void complain(struct load *load, const char *format, va_list arguments)
        __attribute__((format(printf, 2, 0)));

/* Keep the first complaint of the run: the later ones are mostly its consequences. */
static void complain(struct load *load, const char *format, va_list arguments)
{
        uint32_t first = 0;

        if (atomic_compare_exchange_strong(&load->complained, &first, 1))
                vsnprintf(load->complaint, sizeof(load->complaint), format, arguments);
}

/*
 * A look that finds the law kept is counted as well: a law that was never looked at proves nothing.
 */
void load_check(struct load *load, enum load_law law, bool holds, const char *format, ...)
{
        va_list arguments;

        atomic_fetch_add_explicit(&load->checked[law], 1, memory_order_relaxed);
        if (holds)
                return;
        atomic_fetch_add_explicit(&load->broken[law], 1, memory_order_relaxed);
        va_start(arguments, format);
        complain(load, format, arguments);
        va_end(arguments);
}

int load_give_up(struct load *load, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        complain(load, format, arguments);
        va_end(arguments);
        atomic_store(&load->failed, 1);
        return -1;
}

uint64_t load_now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void load_nap(void)
{
        nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}
