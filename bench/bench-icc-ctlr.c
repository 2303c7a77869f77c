/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * ICC_CTLR_EL1 of random vCPUs, read by another process
 *
 * Yardstick: a bare loop of acquire loads over the same lines in the same order. The lines are
 * found in this process's own read-only mapping of the segment (the only one named so), whose
 * header tells where they lie.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "shm-layout.h"

#define N_VCPUS   512u
#define N_READS  8192u
#define N_PAIRS    61u

/* The yardstick needs the very lines that the library reads, to which it gives no pointer. */
static struct shm_header *find_segment(void)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        struct shm_header *found = NULL;
        char line[512], mode[8];
        unsigned long start;

        while (maps && !found && fgets(line, sizeof(line), maps)) {
                /* The parent's read-write mapping was inherited: not that one. */
                if (!strstr(line, "/memfd:") || sscanf(line, "%lx-%*x %7s", &start, mode) != 2 ||
                    mode[1] == 'w')
                        continue;
                if (((struct shm_header *)start)->magic == SHM_MAGIC)
                        found = (struct shm_header *)start;
        }
        if (maps)
                fclose(maps);
        return found;
}

static uint64_t sink;

/*
 * The same vCPUs, but both words that tell: the register, and what was asked of the vCPU, since a
 * reset that was asked for shows at once.
 */
static double time_both(_Atomic uint64_t *const *words, const uint32_t *order)
{
        const size_t request = (offsetof(struct shm_vcpu, request) -
                                offsetof(struct shm_vcpu, icc_ctlr)) / sizeof(uint32_t);
        uint64_t start = bench_now_ns(), sum = 0;

        for (unsigned i = 0; i < N_READS; i++) {
                const _Atomic uint32_t *at = (const _Atomic uint32_t *)(void *)words[order[i]];

                sum += atomic_load_explicit(at + request, memory_order_acquire);
                sum += atomic_load_explicit(words[order[i]], memory_order_acquire);
        }
        start = bench_now_ns() - start;
        sink += sum;
        return (double)start;
}

/* What any reader has to pay: one acquire load for each value, in the same order. */
static double time_bare(_Atomic uint64_t *const *words, const uint32_t *order)
{
        uint64_t start = bench_now_ns(), sum = 0;

        for (unsigned i = 0; i < N_READS; i++)
                sum += atomic_load_explicit(words[order[i]], memory_order_acquire);
        start = bench_now_ns() - start;
        sink += sum;
        return (double)start;
}

static double time_library(struct vgic_vm *vm, const uint32_t *order)
{
        struct vgic_icc_ctlr ctlr;
        uint64_t start = bench_now_ns(), sum = 0;

        for (unsigned i = 0; i < N_READS; i++) {
                if (vgic_vm_icc_ctlr(vm, order[i], &ctlr) != 0)
                        bench_die("ICC_CTLR_EL1", EIO);
                sum += ctlr.live;
        }
        start = bench_now_ns() - start;
        sink += sum;
        return (double)start;
}

/* In the child, attached as an observer, as a tool that watches a VM would be. */
static void read_all(struct bench *bench, const char *name, const char *title)
{
        static _Atomic uint64_t *words[N_VCPUS];
        static uint32_t order[N_READS];
        struct bench_series bare = { .n = 0 }, both = { .n = 0 }, library = { .n = 0 };
        struct vgic_conn *conn = bench_connect(bench);
        struct shm_header *header;
        struct vgic_vm *vm;

        bench_must(vgic_vm_attach(conn, name, VGIC_ROLE_OBSERVER, &vm), "attach");
        header = find_segment();
        if (!header)
                bench_die("the mapping of the segment", ENOENT);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                words[i] = &((struct shm_vcpu *)((char *)header +
                                                 header->areas[SHM_AREA_VCPU].offset +
                                                 (size_t)i * header->areas[SHM_AREA_VCPU].stride)
                            )->icc_ctlr;
        for (unsigned i = 0; i < N_READS; i++)
                order[i] = (uint32_t)random() % N_VCPUS;
        bench_pin(0);
        for (unsigned i = 0; i < N_PAIRS + 4; i++) {
                double b = time_bare(words, order), two = time_both(words, order);
                double l = time_library(vm, order);

                if (i < 4)
                        continue; /* caches and pages warm up */
                bench_add(&bare, b);
                bench_add(&both, two);
                bench_add(&library, l);
        }
        bench_row(bench, title, &library, &bare, "x", (struct bench_target){ BENCH_AT_MOST, 3 });
        bench_row(bench, "    / bare loads of the two words that tell", &library, &both, "x",
                  (struct bench_target){ BENCH_SHOWN, 0 });
        bench_row(bench, "    of which the two words / one", &both, &bare, "x",
                  (struct bench_target){ BENCH_SHOWN, 0 });
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* The vCPUs run on this process's one thread while the reader is at it, or rest. */
static void read_from_outside(struct bench *bench, bool busy, const char *title)
{
        struct bench_vm vm;
        int status = 0;
        pid_t pid, ended;

        bench_observed_open(bench, &vm);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                bench->n_missed = 0;
                read_all(bench, vm.name, title);
                _exit(bench->n_missed ? 10 : 0);
        }
        if (busy)
                bench_pin(1); /* the reader is on processor 0 */
        while ((ended = waitpid(pid, &status, busy ? WNOHANG : 0)) == 0)
                bench_flat_out(&vm, 1);
        if (busy)
                bench_unpin_process(getpid());
        if (ended != pid || !WIFEXITED(status) ||
            (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 10))
                bench->failed = true;
        else
                bench->n_missed += WEXITSTATUS(status) == 10;
        bench_vm_close(&vm);
}

void bench_icc_ctlr(struct bench *bench)
{
        read_from_outside(bench, false,
                          "ICC_CTLR_EL1 of random vCPUs, read by another process / bare loads");
        read_from_outside(bench, true, "the same, while 512 vCPUs run flat out");
}
