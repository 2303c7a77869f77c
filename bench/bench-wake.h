/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BENCH_WAKE_H
#define BENCH_WAKE_H

/*
 * A thread that sleeps, in one of two ways, and says when it ran again
 *
 * What    The sleeper waits on a bare eventfd or parks a vCPU, as its caller says for each round.
 *         What sleeps is told from what is about to sleep by a pause that is the same for both.
 * Threads One sleeper, one caller; the caller may be in another process (the struct is in shared
 * memory then).
 */
#include <stdatomic.h>
#include <stdint.h>

#include "bench.h"

enum bench_wake_kind { BENCH_WAKE_BARE = 1, BENCH_WAKE_PARK, BENCH_WAKE_END };

struct bench_sleeper {
        /* the caller's order; taken by the sleeper, which empties it */
        _Alignas(64) _Atomic uint32_t kind;
        _Alignas(64) _Atomic uint32_t asleep;   /* the sleeper's last word before it sleeps */
        _Alignas(64) _Atomic uint64_t woken_ns; /* when it ran again; 0: not yet */
        struct bench_vm *vm;                    /* of the sleeper's process */
        int event_fd;                           /* of the bare wait */
        unsigned cpu;
};

#define BENCH_WAKE_SPI 40u

/* The sleeper's thread. @arg: struct bench_sleeper. */
void *bench_sleeper_thread(void *arg);
/* Order one sleep and wait until it has begun. */
void bench_sleeper_begin(struct bench_sleeper *sleeper, enum bench_wake_kind kind);
/* Wait until it ran. Return: nanoseconds since @start_ns. */
double bench_sleeper_woken(struct bench_sleeper *sleeper, uint64_t start_ns);
void bench_sleeper_end(struct bench_sleeper *sleeper);

#endif
