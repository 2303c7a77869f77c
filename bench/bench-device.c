/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A device process injects by ring through the daemon, which sleeps; against a bare eventfd wake
 * between the same two processes
 *
 * The device makes both kinds of wake, in turn, and takes the times; the vCPU's process sleeps and
 * says when it ran.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bench-wake.h"

#define N_PAIRS 151u

struct shared {
        struct bench_sleeper sleeper;
        struct bench_series bare, device;
        char token[VGIC_TOKEN_MAX + 1];
        _Atomic uint32_t token_ready;
};

/*
 * Before a wake: long enough for a daemon that polls for a while to have gone to sleep again. After
 * it: longer than any wake, so that this process does not keep a processor busy that the daemon or
 * the sleeper could use.
 */
static void rest(void)
{
        nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
}

/*
 * The device's process. Both wakes cross the same two processes; the second goes through the
 * daemon, too.
 */
static int device(struct bench *bench, struct shared *shared, const char *name)
{
        struct vgic_conn *conn = bench_connect(bench);
        struct vgic_vm *vm;
        uint64_t start, one = 1;

        bench_must(vgic_device_attach(conn, name, shared->token, &vm), "device attach");
        bench_pin(0);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_sleeper_begin(&shared->sleeper, BENCH_WAKE_BARE);
                rest();
                start = bench_now_ns();
                if (write(shared->sleeper.event_fd, &one, sizeof(one)) != sizeof(one))
                        bench_die("write", errno);
                rest();
                bench_add(&shared->bare, bench_sleeper_woken(&shared->sleeper, start));
                bench_sleeper_begin(&shared->sleeper, BENCH_WAKE_PARK);
                rest();
                start = bench_now_ns();
                bench_must(vgic_spi_pulse(vm, BENCH_WAKE_SPI), "pulse by ring");
                rest();
                bench_add(&shared->device, bench_sleeper_woken(&shared->sleeper, start));
                bench_must(vgic_conn_process(conn), "process");
        }
        bench_sleeper_end(&shared->sleeper);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}

/* The sleeper is in shared memory, since the device orders its sleeps from another process. */
void bench_device_row(struct bench *bench)
{
        static const char name[] = "device process through the sleeping daemon / bare eventfd wake";
        const uint32_t intid = BENCH_WAKE_SPI;
        struct shared *shared;
        struct bench_vm vm;
        pthread_t thread;
        int status, ret;
        pid_t pid;

        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        if (shared == MAP_FAILED)
                bench_die("mmap", errno);
        shared->sleeper.event_fd = eventfd(0, 0);
        shared->sleeper.cpu = 1;
        bench_vm_open(bench, &vm, "device", 1, 32);
        bench_spi(&vm, intid, 0, 0x80);
        ret = vgic_grant(vm.vm, "bench", &intid, 1, shared->token);
        if (ret < 0) {
                bench_skip(bench, name, strerror(-ret));
                bench_vm_close(&vm);
                return;
        }
        shared->sleeper.vm = &vm;
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                _exit(device(bench, shared, vm.name));
        if (pid < 0 || pthread_create(&thread, NULL, bench_sleeper_thread, &shared->sleeper) != 0)
                bench_die("fork", errno);
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                bench_die("the device process", ECHILD);
        bench_row(bench, name, &shared->device, &shared->bare, "x",
                  (struct bench_target){ BENCH_AT_MOST, 2.2 });
        bench_note("the bare wake took %.1f us here, of a processor that had been idle for "
                   "milliseconds",
                   bench_median(&shared->bare) / 1000);
        pthread_join(thread, NULL);
        close(shared->sleeper.event_fd);
        bench_vm_close(&vm);
        munmap(shared, sizeof(*shared));
}
