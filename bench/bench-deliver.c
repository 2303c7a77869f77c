/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Inject, acknowledge, EOI: on one thread in units of p, with many candidates pending,
 * and on two threads
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bench.h"

#define N_OPS      20000u
#define N_PAIRS       61u
#define N_OPS_THREAD 200000u
#define N_PAIRS_THREAD 31u
#define SPI_A         40u
#define SPI_B         41u

/*
 * The yardstick p: an uncontended compare-and-swap, the least that a change of shared state can
 * cost.
 */
static double time_cas(void)
{
        static _Alignas(128) _Atomic uint64_t word;
        uint64_t start = bench_now_ns(), value = atomic_load(&word);

        for (unsigned i = 0; i < N_OPS; i++)
                if (atomic_compare_exchange_strong(&word, &value, value + 1))
                        value++;
        return (double)(bench_now_ns() - start);
}

static double time_deliver(struct bench_vm *vm)
{
        uint64_t start = bench_now_ns();

        bench_deliver(vm, SPI_A, 0, N_OPS);
        return (double)(bench_now_ns() - start);
}

/*
 * The pairs are measured in turn, so that what disturbs the machine meets both sides of the ratio.
 */
static void one_thread(struct bench *bench)
{
        struct bench_series cas = { .n = 0 }, deliver = { .n = 0 };
        struct bench_vm vm;

        bench_vm_open(bench, &vm, "deliver", 1, 32);
        bench_spi(&vm, SPI_A, 0, 0x80);
        time_cas();
        time_deliver(&vm);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_add(&cas, time_cas());
                bench_add(&deliver, time_deliver(&vm));
        }
        bench_row(bench, "inject + acknowledge + EOI of an edge SPI, one thread", &deliver, &cas,
                  "p", (struct bench_target){ BENCH_AT_MOST, 9 });
        bench_note("p was %.2f ns here", bench_median(&cas) / N_OPS);
        bench_vm_close(&vm);
}

/*
 * 900 SPIs of lower priority stay pending at the vCPU, while one of higher priority comes and goes.
 */
static void many_candidates(struct bench *bench)
{
        struct bench_series alone = { .n = 0 }, crowded = { .n = 0 };
        struct bench_vm empty, full;

        bench_vm_open(bench, &empty, "alone", 1, 988);
        bench_vm_open(bench, &full, "crowded", 1, 988);
        bench_spi(&empty, SPI_A, 0, 0x20);
        bench_spi(&full, SPI_A, 0, 0x20);
        for (uint32_t i = 0; i < 900; i++) {
                bench_spi(&full, 100 + i, 0, 0x80);
                bench_must(vgic_spi_pulse(full.vm, 100 + i), "pulse");
        }
        for (unsigned i = 0; i < N_PAIRS; i++) {
                uint64_t start = bench_now_ns();

                bench_deliver(&empty, SPI_A, 0, 1000);
                bench_add(&alone, (double)(bench_now_ns() - start));
                start = bench_now_ns();
                bench_deliver(&full, SPI_A, 0, 1000);
                bench_add(&crowded, (double)(bench_now_ns() - start));
        }
        bench_row(bench, "the same with 900 candidates of lower priority / with none", &crowded,
                  &alone, "x", (struct bench_target){ BENCH_AT_MOST, 1.1 });
        bench_vm_close(&empty);
        bench_vm_close(&full);
}

struct worker {
        struct bench_vm *vm;
        uint32_t vcpu, intid;
        unsigned cpu;
        pthread_barrier_t *start;
};

static void *work(void *arg)
{
        struct worker *worker = arg;

        bench_pin(worker->cpu);
        pthread_barrier_wait(worker->start);
        bench_deliver(worker->vm, worker->intid, worker->vcpu, N_OPS_THREAD);
        return NULL;
}

/* Total throughput of @n threads that handle independent interrupts: operations a second. */
static double throughput(struct bench_vm *vm, unsigned n)
{
        struct worker workers[2];
        pthread_barrier_t start;
        pthread_t threads[2];
        uint64_t begun;

        pthread_barrier_init(&start, NULL, n + 1);
        for (unsigned i = 0; i < n; i++) {
                workers[i] = (struct worker){ .vm = vm, .vcpu = i, .intid = i ? SPI_B : SPI_A,
                                              .cpu = i, .start = &start };
                if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
                        bench_die("thread", EAGAIN);
        }
        /*
         * Taken before the barrier opens: what this thread loses there counts against the product.
         */
        begun = bench_now_ns();
        pthread_barrier_wait(&start);
        for (unsigned i = 0; i < n; i++)
                pthread_join(threads[i], NULL);
        begun = bench_now_ns() - begun;
        pthread_barrier_destroy(&start);
        return (double)n * N_OPS_THREAD / (double)begun;
}

/*
 * Two vCPUs that have nothing to do with each other should not slow each other down: a shared lock
 * or cache line would show here.
 */
static void two_threads(struct bench *bench)
{
        static const char name[] = "two threads, each its own SPI and vCPU / one thread's total";
        struct bench_series one = { .n = 0 }, two = { .n = 0 };
        struct bench_vm vm;

        if (bench_n_cpus() < 2) {
                bench_skip(bench, name, "needs two processors");
                return;
        }
        bench_vm_open(bench, &vm, "two", 2, 32);
        bench_spi(&vm, SPI_A, 0, 0x80);
        bench_spi(&vm, SPI_B, 1, 0x80);
        throughput(&vm, 1);
        for (unsigned i = 0; i < N_PAIRS_THREAD; i++) {
                bench_add(&one, throughput(&vm, 1));
                bench_add(&two, throughput(&vm, 2));
        }
        bench_row(bench, name, &two, &one, "x", (struct bench_target){ BENCH_AT_LEAST, 1.8 });
        bench_vm_close(&vm);
}

void bench_deliver_rows(struct bench *bench)
{
        one_thread(bench);
        bench_skip(bench, "one delivery / QEMU's model of the same (should be a tenth)",
                   "make bench-qemu measures it");
        many_candidates(bench);
        two_threads(bench);
}
