/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Inject to a parked vCPU thread, until it runs; against a bare eventfd wake
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"
#include "bench-wake.h"

#define N_PAIRS   301u
#define PAUSE_NS  UINT64_C(60000)

static void relax(void)
{
        if (bench_n_cpus() < 2)
                sched_yield();
}

static void pause_ns(uint64_t ns)
{
        uint64_t end = bench_now_ns() + ns;

        while (bench_now_ns() < end)
                relax();
}

static void sleep_bare(struct bench_sleeper *sleeper)
{
        uint64_t n;

        atomic_store(&sleeper->asleep, 1);
        if (read(sleeper->event_fd, &n, sizeof(n)) != sizeof(n))
                bench_die("read", errno);
        atomic_store(&sleeper->woken_ns, bench_now_ns());
}

/* The time is taken before the acknowledge: the yardstick has none. */
static void sleep_parked(struct bench_sleeper *sleeper)
{
        struct vgic_vcpu *vcpu = sleeper->vm->vcpus[0];
        uint32_t intid;

        atomic_store(&sleeper->asleep, 1);
        bench_must(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0), "park");
        atomic_store(&sleeper->woken_ns, bench_now_ns());
        intid = vgic_vcpu_ack(vcpu, 1);
        if (intid != BENCH_WAKE_SPI)
                bench_die("what woke the vCPU", ENOMSG);
        vgic_vcpu_eoi(vcpu, 1, intid);
}

/* Between two orders it spins, on a processor of its own, so that an order is seen at once. */
void *bench_sleeper_thread(void *arg)
{
        struct bench_sleeper *sleeper = arg;
        uint32_t kind;

        bench_pin(sleeper->cpu);
        for (;;) {
                kind = atomic_exchange(&sleeper->kind, 0);
                if (kind == BENCH_WAKE_END)
                        return NULL;
                if (kind == BENCH_WAKE_BARE)
                        sleep_bare(sleeper);
                else if (kind == BENCH_WAKE_PARK)
                        sleep_parked(sleeper);
                else
                        relax();
        }
}

/*
 * "asleep" is said just before the system call: the pause lets the sleeper get into the kernel, for
 * either kind.
 */
void bench_sleeper_begin(struct bench_sleeper *sleeper, enum bench_wake_kind kind)
{
        atomic_store(&sleeper->asleep, 0);
        atomic_store(&sleeper->woken_ns, 0);
        atomic_store(&sleeper->kind, kind);
        while (!atomic_load(&sleeper->asleep))
                relax();
        pause_ns(PAUSE_NS);
}

double bench_sleeper_woken(struct bench_sleeper *sleeper, uint64_t start_ns)
{
        uint64_t woken;

        while (!(woken = atomic_load(&sleeper->woken_ns)))
                relax();
        return (double)(woken - start_ns);
}

void bench_sleeper_end(struct bench_sleeper *sleeper)
{
        /* It takes its last order first. */
        while (atomic_load(&sleeper->kind))
                relax();
        atomic_store(&sleeper->kind, BENCH_WAKE_END);
}

/* The two kinds in turn, by the same sleeper on the same two processors. */
void bench_wake_rows(struct bench *bench)
{
        struct bench_series bare = { .n = 0 }, parked = { .n = 0 };
        struct bench_sleeper *sleeper;
        uint64_t start, one = 1;
        pthread_t thread;
        struct bench_vm vm;

        sleeper = aligned_alloc(64, sizeof(*sleeper));
        if (!sleeper)
                bench_die("memory", ENOMEM);
        bench_vm_open(bench, &vm, "wake", 1, 32);
        bench_spi(&vm, BENCH_WAKE_SPI, 0, 0x80);
        *sleeper = (struct bench_sleeper){ .vm = &vm, .event_fd = eventfd(0, EFD_CLOEXEC),
                                           .cpu = 1 };
        if (pthread_create(&thread, NULL, bench_sleeper_thread, sleeper) != 0)
                bench_die("thread", EAGAIN);
        bench_pin(0);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_sleeper_begin(sleeper, BENCH_WAKE_BARE);
                start = bench_now_ns();
                if (write(sleeper->event_fd, &one, sizeof(one)) != sizeof(one))
                        bench_die("write", errno);
                bench_add(&bare, bench_sleeper_woken(sleeper, start));
                bench_sleeper_begin(sleeper, BENCH_WAKE_PARK);
                start = bench_now_ns();
                bench_must(vgic_spi_pulse(vm.vm, BENCH_WAKE_SPI), "pulse");
                bench_add(&parked, bench_sleeper_woken(sleeper, start));
        }
        bench_sleeper_end(sleeper);
        pthread_join(thread, NULL);
        bench_row(bench, "inject to a parked vCPU thread, until it runs / bare eventfd wake",
                  &parked, &bare, "x", (struct bench_target){ BENCH_AT_MOST, 1.1 });
        bench_note("a bare eventfd wake took %.1f us here", bench_median(&bare) / 1000);
        close(sleeper->event_fd);
        bench_vm_close(&vm);
        free(sleeper);
}
