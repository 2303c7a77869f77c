/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VM: its controller, built and taken apart; see vm.h
 *
 * Each in steps of STEP vCPUs, and as many steps as fit into a turn (turns.h): the largest VM takes
 * some 20 ms, in which nobody else would be served.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-error.h"
#include "base-fd.h"
#include "doorbell.h"
#include "loop.h"
#include "metrics-guest.h"
#include "shm-daemon.h"
#include "shm-line.h"
#include "shm-lock.h"
#include "shm-park.h"
#include "shm-segment.h"
#include "turns.h"
#include "user.h"
#include "vm.h"

#define VM_FDS_BEYOND_VCPUS  4      /* segment, its read-only twin, locks, the TDIR doorbell */
#define STEP                 32u
#define FORGET_BYTES         (UINT64_C(1) << 20)
#define LARGE_SEGMENT        (8u << 20)     /* whose memory takes its time to be given back */

/* How many descriptors this process has open, of @limit; for the error message only. */
static unsigned count_fds(unsigned limit)
{
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        if (!dir) /* which takes one */
                return limit;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n > 3 ? n - 3 : 0; /* ".", ".." and the folder itself */
}

static uint32_t count_vm_fds(const struct vm *vm)
{
        return (vm_is_mirror(vm) ? 0 : vm->shape.n_vcpus) + VM_FDS_BEYOND_VCPUS;
}

/* The administrator needs numbers: what it takes, what there is, and which setting to raise. */
static void say_limit(const struct vm *vm, struct base_error *why)
{
        struct rlimit limit = { 0 };

        getrlimit(RLIMIT_NOFILE, &limit);
        base_error_set(why, 0,
                       "a VM of %" PRIu32 " vCPUs needs %" PRIu32
                       " descriptors of vgicd, whose limit is %llu with %u in use: raise "
                       "LimitNOFILE= in vgicd.service",
                       vm->shape.n_vcpus, count_vm_fds(vm), (unsigned long long)limit.rlim_cur,
                       count_fds((unsigned)limit.rlim_cur));
}

/*
 * What its controller takes. Return: 0; -EMFILE it never fits; -ENOSPC its user has enough. Both
 * with words.
 */
static int charge(struct vm *vm, struct base_error *why)
{
        struct rlimit limit;
        int r;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && count_vm_fds(vm) > limit.rlim_cur) {
                say_limit(vm, why);
                return -EMFILE;
        }
        r = user_charge_fds(vm->user, count_vm_fds(vm), why);
        if (r < 0)
                return r;
        vm->n_fds = count_vm_fds(vm);
        r = user_charge_bytes(vm->user, shm_segment_bytes(&vm->shape), why);
        if (r == 0)
                vm->segment_bytes = shm_segment_bytes(&vm->shape);
        return r;
}

/* Both are of the segment: the library's hooks when the daemon itself injects. */
static void ring_vcpu(void *ctx, uint32_t index, uint32_t park)
{
        struct vm *vm = ctx;

        (void)park;
        if (index >= vm->shape.n_vcpus || vm->vcpus[index].bell < 0)
                return;
        shm_bell_ringing(&vm->gic, index);
        vm->loop->metrics.n_kicks++;
        if (doorbell_ring(&vm->loop->guard, vm->vcpus[index].bell) == -EPERM)
                vm->hostile(vm, index, "a doorbell was made to block");
}

int vm_bell(struct vm *vm, uint32_t index)
{
        struct vm_vcpu *vcpu = &vm->vcpus[index];
        int fd;

        if (vcpu->bell >= 0)
                return vcpu->bell;
        fd = base_fd_eventfd_blocking(); /* its vCPU waits in read(): one system call for a wake */
        if (fd >= 0)
                vcpu->bell = fd;
        return fd;
}

/* What the administrator can do about @r. Return: the error for the client. */
static int explain(const struct vm *vm, int r, struct base_error *why)
{
        switch (r) {
        case -EMFILE:
        case -ENFILE:
                say_limit(vm, why);
                return -EMFILE;
        case -EFBIG:
                base_error_set(why, 0,
                               "the segment of a VM of %" PRIu32 " vCPUs is larger than vgicd's "
                               "files may be: raise LimitFSIZE= in vgicd.service or \"ulimit -Hf\"",
                               vm->shape.n_vcpus);
                return -ENOSPC;
        case -ENOENT: /* open_memory() of shm-segment.c */
                base_error_set(why, 0,
                               "vgicd opens a segment for observers by /proc/self/fd, and there is "
                               "no /proc where it runs: mount it there");
                return -EIO;
        default:
                return r;
        }
}

/* One doorbell for each vCPU that can be woken. Return: 1 there are more; 0; a negative errno. */
static int open_bells(struct vm *vm, uint64_t start)
{
        uint32_t *at = &vm->building.n_bells;

        while (!vm_is_mirror(vm) && *at < vm->shape.n_vcpus) {
                int fd = vm_bell(vm, *at);

                if (fd < 0)
                        return fd;
                if ((++*at % STEP == 0 || *at == vm->shape.n_vcpus) &&
                    turn_is_over(start, base_clock_ns()))
                        return 1;
        }
        return 0;
}

/* The memory, and a doorbell by which clients wake the daemon for TDIR. */
static int begin_segment(struct vm *vm)
{
        int r;

        if (vm->segment_fd >= 0)
                return 0;
        vm->tdir_bell = base_fd_eventfd();
        if (vm->tdir_bell < 0)
                return vm->tdir_bell;
        r = shm_segment_begin(&vm->shape, &vm->segment_fd, &vm->segment_ro_fd, &vm->gic);
        if (r < 0)
                return r;
        vm->gic.bounded = true;
        vm->gic.ring = ring_vcpu;
        vm->gic.hook_ctx = vm;
        return 0;
}

/* Return: 1 there are more; 0. */
static int build_vcpus(struct vm *vm, uint64_t start)
{
        uint32_t *at = &vm->building.n_vcpus;

        while (*at < vm->shape.n_vcpus) {
                shm_segment_build_vcpus(&vm->gic, *at, STEP);
                *at += STEP;
                if (turn_is_over(start, base_clock_ns()))
                        return 1;
        }
        return 0;
}

static int finish(struct vm *vm)
{
        int r;

        shm_segment_finish(&vm->gic, &vm->shape);
        shm_daemon_set_epoch(&vm->gic, vm->loop->epoch);
        r = vm->lock_fd = shm_lock_create();
        return r < 0 ? r : shm_lock_serve(vm->lock_fd); /* before anybody else has the file */
}

/* What its user has had taken apart is given back first, before anything is refused. */
static int begin(struct vm *vm, struct base_error *why)
{
        int r = charge(vm, why);

        if (r == 0) {
                vm->building.begun = true;
                return 0;
        }
        vm_unbuild(vm);
        return r == -ENOSPC && vm->user->n_buried > 0 ? 1 : r;
}

int vm_build(struct vm *vm, struct base_error *why)
{
        uint64_t start = base_clock_ns();
        int r = 0;

        doorbell_guard_pause(&vm->loop->guard);
        if (!vm->building.begun) {
                r = begin(vm, why);
                if (r != 0)
                        return r;
        }
        r = open_bells(vm, start);
        if (r == 0)
                r = begin_segment(vm);
        if (r == 0)
                r = build_vcpus(vm, start);
        if (r == 0)
                r = finish(vm);
        if (r >= 0)
                return r;
        vm_unbuild(vm);
        return explain(vm, r, why);
}

/*
 * Taking apart: each function does a step before it looks whether the turn is over, so that every
 * turn leaves less. @start: of the turn; 0: all at once. Return: there is more.
 */

/*
 * Of grants that were revoked, the wires are low by now; of restored ones that nobody has, and of
 * tools, only the daemon can lower them. A guest that goes on would take them for ever. The SPIs
 * are the first step, then come the vCPUs' own.
 */
static bool lower_wires(struct vm *vm, uint64_t start)
{
        uint32_t *at = &vm->building.n_lowered;

        if (!vm->gic.header || vm_is_mirror(vm))
                return false;
        while (*at <= vm->shape.n_vcpus) {
                if (*at == 0)
                        shm_line_lower_served_spis(&vm->gic);
                else
                        shm_line_lower_served_ppis(&vm->gic, *at - 1);
                if (++*at % STEP == 0 && start && turn_is_over(start, base_clock_ns()))
                        return true;
        }
        return false;
}

static bool close_bells(struct vm *vm, uint64_t start)
{
        uint32_t *at = &vm->building.n_closed;

        while (vm->vcpus && *at < vm->shape.n_vcpus) {
                if (*at < vm->building.n_vcpus && !vm_is_mirror(vm))
                        metrics_guest_add_vcpu(&vm->building.guest, &vm->gic, *at);
                vm->vcpus[*at].bell = base_fd_close(vm->vcpus[*at].bell);
                vm->vcpus[*at].tdir_fd = base_fd_close(vm->vcpus[*at].tdir_fd);
                if (++*at % STEP == 0 && start && turn_is_over(start, base_clock_ns()))
                        return true;
        }
        return false;
}

/* Its pages leave this process in parts; they stay with whoever else has the segment. */
static bool forget_pages(struct vm *vm, uint64_t start)
{
        uint64_t *at = &vm->building.n_forgotten;

        while (start && vm->gic.header && *at < vm->gic.bytes) {
                uint64_t left = vm->gic.bytes - *at;

                madvise((char *)vm->gic.header + *at, left < FORGET_BYTES ? left : FORGET_BYTES,
                        MADV_DONTNEED);
                *at += FORGET_BYTES;
                if (turn_is_over(start, base_clock_ns()))
                        return true;
        }
        return false;
}

/* A thread gives the memory of a large one back: a page takes longer than a vCPU's descriptor. */
static void close_segment(struct vm *vm)
{
        bool is_large = vm->segment_bytes > LARGE_SEGMENT && !vm->loop->stopping;

        shm_segment_unmap(&vm->gic);
        vm->segment_ro_fd = base_fd_close(vm->segment_ro_fd);
        if (is_large && vm->segment_fd >= 0)
                loop_discard(vm->loop, vm->segment_fd);
        else
                base_fd_close(vm->segment_fd);
        vm->segment_fd = -1;
}

/* The last that is heard of its vCPUs; a second time there is nothing new. */
static void count_guest(struct vm *vm)
{
        struct metrics_guest sum = vm->building.guest;

        if (!vm->gic.header || vm_is_mirror(vm) || vm->building.n_vcpus < vm->shape.n_vcpus)
                return;
        metrics_guest_add_vm(&sum, &vm->gic);
        metrics_guest_grew(&vm->loop->metrics, &vm->guest, &sum);
}

static bool unbuild_from(struct vm *vm, uint64_t start)
{
        if (lower_wires(vm, start) || close_bells(vm, start))
                return true;
        if (vm->building.n_forgotten == 0)
                count_guest(vm);
        if (forget_pages(vm, start))
                return true;
        vm->tdir_bell = base_fd_close(vm->tdir_bell);
        close_segment(vm);
        vm->lock_fd = base_fd_close(vm->lock_fd); /* last: then others repair */
        user_refund_fds(vm->user, vm->n_fds);
        vm->n_fds = 0;
        user_refund_bytes(vm->user, vm->segment_bytes);
        vm->segment_bytes = 0;
        vm->building = (struct vm_building){ 0 };
        return false;
}

void vm_unbuild(struct vm *vm)
{
        unbuild_from(vm, 0);
}

bool vm_unbuild_some(struct vm *vm)
{
        return unbuild_from(vm, base_clock_ns());
}
