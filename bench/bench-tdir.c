/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR: from the injection that sets it until the last of 512 subscribers is told
 *
 * All subscribe the same eventfd, so that its sum says when the last was told, without 512 reads in the way.
 * Yardstick: a thread that sleeps on an eventfd, is woken in the same way, and writes another 512 times. Nobody waits
 * on what is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define N_VCPUS  512u
#define N_PAIRS   61u
#define SPI       40u

struct writer {
        int order_fd, event_fd;
        _Atomic uint32_t end;
};

static void *write_when_told(void *arg)
{
        struct writer *writer = arg;
        uint64_t n, one = 1;

        bench_pin(1);
        while (read(writer->order_fd, &n, sizeof(n)) == sizeof(n) && !atomic_load(&writer->end))
                for (unsigned i = 0; i < N_VCPUS; i++)
                        if (write(writer->event_fd, &one, sizeof(one)) != sizeof(one))
                                bench_die("write", errno);
        return NULL;
}

/* Add up what the eventfd holds until @n is reached; it must be non-blocking. */
static void wait_for_sum(int fd, uint64_t n)
{
        uint64_t sum = 0, got;

        while (sum < n)
                if (read(fd, &got, sizeof(got)) == sizeof(got))
                        sum += got;
}

/* Take the interrupt, and wait until the daemon has cleared TDIR and told everyone. */
static void settle(struct bench_vm *vm, int fd, uint32_t n_subscribers)
{
        struct vgic_tdir tdir;

        vgic_vcpu_eoi(vm->vcpus[0], 1, vgic_vcpu_ack(vm->vcpus[0], 1));
        do {
                nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
                bench_must(vgic_vm_tdir(vm->vm, &tdir), "TDIR");
        } while (tdir.set);
        if (fd >= 0)
                wait_for_sum(fd, n_subscribers);
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void measure(struct bench *bench, struct bench_vm *vm, struct writer *writer, int fd)
{
        struct bench_series bare = { .n = 0 }, broadcast = { .n = 0 }, one = { .n = 0 }, all = { .n = 0 };
        uint64_t start, go = 1;

        /* The injector's own cost, with one subscriber, then with all. */
        bench_must(vgic_tdir_subscribe(vm->vcpus[0], fd), "subscribe");
        settle(vm, -1, 0);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                start = bench_now_ns();
                bench_must(vgic_spi_pulse(vm->vm, SPI), "pulse");
                bench_add(&one, (double)(bench_now_ns() - start));
                wait_for_sum(fd, 1);
                settle(vm, fd, 1);
        }
        for (uint32_t i = 1; i < N_VCPUS; i++)
                bench_must(vgic_tdir_subscribe(vm->vcpus[i], fd), "subscribe");
        settle(vm, -1, 0);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                start = bench_now_ns();
                if (write(writer->order_fd, &go, sizeof(go)) != sizeof(go))
                        bench_die("write", errno);
                wait_for_sum(writer->event_fd, N_VCPUS);
                bench_add(&bare, (double)(bench_now_ns() - start));
                start = bench_now_ns();
                bench_must(vgic_spi_pulse(vm->vm, SPI), "pulse");
                bench_add(&all, (double)(bench_now_ns() - start));
                wait_for_sum(fd, N_VCPUS);
                bench_add(&broadcast, (double)(bench_now_ns() - start));
                settle(vm, fd, N_VCPUS);
        }
        bench_row(bench, "TDIR broadcast to 512 subscribers / a woken thread's 512 bare writes", &broadcast, &bare, "x",
                  (struct bench_target){ BENCH_AT_MOST, 1.1 });
        bench_row(bench, "what it costs the injector, 512 subscribers / 1 subscriber", &all, &one, "x",
                  (struct bench_target){ BENCH_SHOWN, 0 });
}

void bench_tdir_rows(struct bench *bench)
{
        struct writer writer = { .order_fd = eventfd(0, EFD_CLOEXEC),
                                 .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        pthread_t thread;
        struct bench_vm vm;
        uint64_t one = 1;

        bench_vm_open(bench, &vm, "tdir", N_VCPUS, 32);
        bench_spi(&vm, SPI, 0, 0x80);
        if (pthread_create(&thread, NULL, write_when_told, &writer) != 0)
                bench_die("thread", EAGAIN);
        bench_pin(0);
        bench_pin_process(bench->daemon, 1); /* as the yardstick is: away from this thread, which looks all the time */
        measure(bench, &vm, &writer, fd);
        bench_unpin_process(bench->daemon);
        atomic_store(&writer.end, 1);
        if (write(writer.order_fd, &one, sizeof(one)) != sizeof(one))
                bench_die("write", errno);
        pthread_join(thread, NULL);
        close(writer.order_fd);
        close(writer.event_fd);
        close(fd);
        bench_vm_close(&vm);
}
