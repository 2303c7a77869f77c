/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Each operation of the data path in units of p, and a delivery from one processor to another
 *
 * The second is told in round trips of a bare flag between the same two threads: what a cache line
 * takes to travel there and back is the machine's, and what comes on top is vgicd's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench-ops.h"

#define N_PAIRS         31u
#define N_FAR_PAIRS    151u
#define N_ROUND_TRIPS  500u       /* short, so that most are not interrupted */
#define SPI             40u

/* --- one thread --- */

/* p, as in bench-deliver.c: of one operation, since the rows differ in how many they make. */
static double time_cas(unsigned n)
{
        static _Alignas(128) _Atomic uint64_t word;
        uint64_t start = bench_now_ns(), value = atomic_load(&word);

        for (unsigned i = 0; i < n; i++)
                if (atomic_compare_exchange_strong(&word, &value, value + 1))
                        value++;
        return (double)(bench_now_ns() - start) / n;
}

/*
 * The locked operations of one delivery (doc/performance.md) on lines of their own, in its order:
 * WORD-R1, CAND-R1, SLOT-R3, WORD-R1, CAND-R3, WORD-R1.
 */
static double time_locked(unsigned n)
{
        static struct { _Alignas(128) _Atomic uint64_t value; } word, candidates, slot;
        uint64_t start = bench_now_ns(), value = atomic_load(&word.value);

        for (unsigned i = 0; i < n; i++) {
                value += atomic_compare_exchange_strong(&word.value, &value, value + 1);
                atomic_fetch_or(&candidates.value, 1);
                atomic_exchange(&slot.value, i);
                value += atomic_compare_exchange_strong(&word.value, &value, value + 1);
                atomic_fetch_and(&candidates.value, ~UINT64_C(1));
                value += atomic_compare_exchange_strong(&word.value, &value, value + 1);
        }
        return (double)(bench_now_ns() - start) / n;
}

/* What of the row of an edge SPI no shorter path can take away. */
static void locked_alone(struct bench *bench)
{
        struct bench_series cas = { .n = 0 }, times = { .n = 0 };

        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_add(&cas, time_cas(2000));
                bench_add(&times, time_locked(2000));
        }
        bench_row(bench, "the 6 locked operations of an edge SPI's delivery, alone", &times, &cas,
                  "p", (struct bench_target){ BENCH_SHOWN, 0 });
}

static double time_op(struct bench_ops *ops, const struct bench_op *op, unsigned n)
{
        uint64_t start = bench_now_ns();

        op->run(ops, n);
        return (double)(bench_now_ns() - start) / n;
}

/*
 * A fraction of the operations that bench-path makes, in whole rounds of 16: some rows go through
 * 16 SPIs in turn.
 */
static void one_op(struct bench *bench, struct bench_ops *ops, const struct bench_op *op)
{
        struct bench_series cas = { .n = 0 }, times = { .n = 0 };
        const unsigned n = op->n / 40 / 16 * 16 + 16;

        time_op(ops, op, n);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_add(&cas, time_cas(2000));
                bench_add(&times, time_op(ops, op, n));
        }
        bench_row(bench, op->name, &times, &cas, "p", (struct bench_target){ BENCH_SHOWN, 0 });
}

/* --- two processors --- */

struct far {
        struct bench_vm *vm;
        unsigned cpu;
        _Alignas(128) _Atomic uint32_t there;   /* the round that this side begins; 0: end */
        _Alignas(128) _Atomic uint32_t back;    /* the round that the other side has ended */
        _Alignas(128) _Atomic bool is_bare;
};

/* vCPU 0 looks for its interrupt by an acknowledge, as a guest that polls; says so, and ends it. */
static void *answer(void *arg)
{
        struct far *far = arg;
        struct vgic_vcpu *vcpu = far->vm->vcpus[0];
        uint32_t round = 1;

        bench_pin(far->cpu);
        for (;;) {
                uint32_t there = atomic_load(&far->there);

                if (there == UINT32_MAX)
                        return NULL;
                if (atomic_load(&far->is_bare)) {
                        if (there != round)
                                continue;
                } else {
                        if (vgic_vcpu_ack(vcpu, 1) != SPI)
                                continue;
                        vgic_vcpu_eoi(vcpu, 1, SPI);
                }
                atomic_store(&far->back, round++);
        }
}

/*
 * Both kinds of round trip through the same loop, with the same answer: the difference is the
 * delivery.
 */
static double time_rounds(struct far *far, uint32_t *round, bool is_bare)
{
        uint64_t start;

        atomic_store(&far->is_bare, is_bare);
        start = bench_now_ns();
        for (unsigned i = 0; i < N_ROUND_TRIPS; i++, (*round)++) {
                if (is_bare)
                        atomic_store(&far->there, *round);
                else
                        vgic_spi_pulse(far->vm->vm, SPI);
                while (atomic_load(&far->back) != *round)
                        ;
        }
        return (double)(bench_now_ns() - start);
}

/* Both sides spin: what is measured is how cache lines travel, without a wake by the kernel. */
static void two_processors(struct bench *bench)
{
        static const char name[] = "pulse here, ack + EOI there / round trips of a bare flag";
        struct bench_series bare = { .n = 0 }, delivered = { .n = 0 };
        static struct far far;
        struct bench_vm vm;
        pthread_t thread;
        uint32_t round = 1;

        if (bench_n_cpus() < 2) {
                bench_skip(bench, name, "needs two processors");
                return;
        }
        bench_vm_open(bench, &vm, "far", 1, 32);
        bench_spi(&vm, SPI, 0, 0x80);
        far.vm = &vm;
        far.cpu = 1;
        atomic_store(&far.is_bare, true);
        bench_pin(0);
        if (pthread_create(&thread, NULL, answer, &far) != 0)
                bench_die("thread", EAGAIN);
        for (unsigned i = 0; i < N_FAR_PAIRS; i++) {
                bench_add(&bare, time_rounds(&far, &round, true));
                bench_add(&delivered, time_rounds(&far, &round, false));
        }
        atomic_store(&far.there, UINT32_MAX);
        pthread_join(thread, NULL);
        bench_row(bench, name, &delivered, &bare, "x", (struct bench_target){ BENCH_AT_MOST, 1.8 });
        bench_note("a round trip of a flag took %.0f ns here", bench_median(&bare) / N_ROUND_TRIPS);
        bench_vm_close(&vm);
}

/* Rows that follow each other and need the same VM share it: a VM of 512 vCPUs takes its time. */
void bench_op_rows(struct bench *bench)
{
        struct bench_ops ops;

        bench_pin(0);
        locked_alone(bench);
        for (unsigned i = 0; i < bench_n_ops; i++) {
                if (i == 0 || !bench_ops_same_vm(&bench_op_table[i], &bench_op_table[i - 1])) {
                        if (i)
                                bench_ops_close(&ops);
                        bench_ops_open(bench, &ops, &bench_op_table[i]);
                }
                one_op(bench, &ops, &bench_op_table[i]);
        }
        bench_ops_close(&ops);
        two_processors(bench);
}
