/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VM: see vm.h
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attr.h"
#include "base-error.h"
#include "base-fd.h"
#include "doorbell.h"
#include "log.h"
#include "proto-limits.h"
#include "loop.h"
#include "shm-daemon.h"
#include "shm-lock.h"
#include "shm-park.h"
#include "shm-segment.h"
#include "user.h"
#include "vm.h"

#define VM_DEFAULT_PRIORITY_BITS  5
#define VM_FDS_BEYOND_VCPUS       4     /* segment, its read-only twin, locks, the TDIR doorbell */

bool vm_name_valid(const char *name)
{
        static const char allowed[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = strnlen(name, VM_NAME_MAX + 1);

        return n > 0 && n <= VM_NAME_MAX && name[0] != '.' && name[0] != '-' &&
               strspn(name, allowed) == n;
}

bool vm_may(const struct vm *vm, uid_t uid)
{
        return uid == 0 || uid == vm->owner_uid;
}

/* The protocol's flags say what a VM is to lack, the segment's features what it has. */
static uint32_t features_of(const struct vm_config *config)
{
        uint32_t features = 0;

        if (!(config->flags & PROTO_VM_NO_1_OF_N))
                features |= SHM_FEATURE_1_OF_N;
        if (!(config->flags & PROTO_VM_NO_RSS))
                features |= SHM_FEATURE_RSS;
        if (config->affinity_levels != 3)
                features |= SHM_FEATURE_AFF3;
        return features;
}

/* @ret_copy: NULL for no bytes. Return: 0; -ENOMEM. */
static int copy_array(const void *array, size_t n, size_t width, const void **ret_copy)
{
        void *copy = NULL;

        if (array && n > 0) {
                copy = calloc(n, width);
                if (!copy)
                        return -ENOMEM;
                memcpy(copy, array, n * width);
        }
        *ret_copy = copy;
        return 0;
}

/*
 * The shape that is asked for, checked, with arrays that are still the caller's. Return: 0; -EINVAL
 * with words.
 */
static int check_shape(struct shm_shape *shape, const struct vm_config *config,
                       struct base_error *why)
{
        const char *reason = "its configuration cannot be built";
        int r;

        if (!vm_name_valid(config->name))
                return base_error_set(why, -EINVAL,
                                      "name must have 1 to %d of A-Z a-z 0-9 . _ - and not begin "
                                      "with . or -",
                                      VM_NAME_MAX);
        *shape = (struct shm_shape){
                .n_vcpus = config->n_vcpus, .n_spis = config->n_spis, .mpidrs = config->mpidrs,
                .n_priority_bits = config->n_priority_bits ? config->n_priority_bits :
                VM_DEFAULT_PRIORITY_BITS,
                .n_espis = config->n_espis, .n_eppis = config->n_eppis,
                .features = features_of(config),
                .redist_regions = config->n_redist_regions ? config->redist_regions : NULL,
                .n_redist_regions = config->n_redist_regions,
                .flags = ((config->flags & PROTO_VM_MIRROR) ? SHM_FLAG_MIRROR : 0) |
                         ((config->flags & PROTO_VM_AWAKE) ? SHM_FLAG_AWAKE : 0),
        };
        memcpy(shape->name, config->name, strlen(config->name) + 1);
        r = shm_segment_check_shape(shape, &reason);
        return r == -EINVAL ? base_error_set(why, r, "%s", reason) : r;
}

/* Check the shape and keep it, with copies of the caller's arrays, and make room for the vCPUs. */
static int set_shape(struct vm *vm, const struct vm_config *config, struct base_error *why)
{
        struct shm_shape *shape = &vm->shape;
        const void *mpidrs = NULL, *regions = NULL;
        int r = check_shape(shape, config, why);

        if (r == 0)
                r = copy_array(shape->mpidrs, shape->n_vcpus, sizeof(*shape->mpidrs), &mpidrs);
        if (r == 0)
                r = copy_array(shape->redist_regions, shape->n_redist_regions,
                               sizeof(*shape->redist_regions), &regions);
        shape->vm_id = vm->id;
        shape->mpidrs = mpidrs;
        shape->redist_regions = regions;
        if (r < 0)
                return r;
        vm->vcpus = calloc(shape->n_vcpus, sizeof(*vm->vcpus));
        if (!vm->vcpus)
                return -ENOMEM;
        for (uint32_t i = 0; i < shape->n_vcpus; i++)
                vm->vcpus[i].bell = vm->vcpus[i].tdir_fd = -1;
        return 0;
}

int vm_new(struct loop *loop, uint64_t id, uid_t owner, const struct vm_config *config,
           struct base_error *why,
           struct vm **ret_vm)
{
        struct vm *vm = calloc(1, sizeof(*vm));
        int r;

        if (!vm)
                return -ENOMEM;
        vm->loop = loop;
        vm->id = id;
        vm->owner_uid = owner;
        vm->flags = config->flags;
        vm->segment_fd = vm->segment_ro_fd = vm->lock_fd = vm->tdir_bell = -1;
        attr_init(&vm->attrs);
        TAILQ_INIT(&vm->sessions);
        TAILQ_INIT(&vm->grants);
        vm->user = user_get(&loop->users, owner);
        r = vm->user ? user_charge_vm(vm->user, why) : -ENOMEM;
        if (r < 0) {
                user_put(vm->user);
                vm->user = NULL;
        }
        if (r == 0)
                r = set_shape(vm, config, why);
        if (r < 0) {
                vm_free(vm);
                return r;
        }
        *ret_vm = vm;
        return 0;
}

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
 * Those of its controller. Return: 0; -EMFILE it never fits; -ENOSPC its user has enough. Both with
 * words.
 */
static int charge_fds(struct vm *vm, struct base_error *why)
{
        struct rlimit limit;
        int r;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && count_vm_fds(vm) > limit.rlim_cur) {
                say_limit(vm, why);
                return -EMFILE;
        }
        r = user_charge_fds(vm->user, count_vm_fds(vm), why);
        if (r == 0)
                vm->n_fds = count_vm_fds(vm);
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
        if (doorbell_ring(&vm->loop->guard, vm->vcpus[index].bell) == -EPERM)
                vm->hostile(vm, "a doorbell was made to block");
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

/*
 * One doorbell for each vCPU that can be woken, and one by which clients wake the daemon for
 * TDIR.
 */
static int open_bells(struct vm *vm)
{
        int fd;

        for (uint32_t i = 0; !vm_is_mirror(vm) && i < vm->shape.n_vcpus; i++) {
                fd = vm_bell(vm, i);
                if (fd < 0)
                        return fd;
        }
        fd = base_fd_eventfd();
        if (fd < 0)
                return fd;
        vm->tdir_bell = fd;
        return 0;
}

void vm_unbuild(struct vm *vm)
{
        for (uint32_t i = 0; vm->vcpus && i < vm->shape.n_vcpus; i++) {
                vm->vcpus[i].bell = base_fd_close(vm->vcpus[i].bell);
                vm->vcpus[i].tdir_fd = base_fd_close(vm->vcpus[i].tdir_fd);
        }
        vm->tdir_bell = base_fd_close(vm->tdir_bell);
        shm_segment_unmap(&vm->gic);
        vm->segment_fd = base_fd_close(vm->segment_fd);
        vm->segment_ro_fd = base_fd_close(vm->segment_ro_fd);
        vm->lock_fd = base_fd_close(vm->lock_fd); /* last: then others repair */
        user_refund_fds(vm->user, vm->n_fds);
        vm->n_fds = 0;
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

int vm_build(struct vm *vm, struct base_error *why)
{
        int r;

        doorbell_guard_pause(&vm->loop->guard);
        r = charge_fds(vm, why);
        if (r < 0)
                return r;
        r = open_bells(vm);
        if (r == 0)
                r = shm_segment_create(&vm->shape, &vm->segment_fd, &vm->segment_ro_fd, &vm->gic);
        if (r == 0) {
                vm->gic.bounded = true;
                vm->gic.ring = ring_vcpu;
                vm->gic.hook_ctx = vm;
                shm_daemon_set_epoch(&vm->gic, vm->loop->epoch);
                r = vm->lock_fd = shm_lock_create();
        }
        if (r >= 0)
                r = shm_lock_serve(vm->lock_fd); /* before anybody else has the file */
        if (r == 0)
                return 0;
        vm_unbuild(vm);
        return explain(vm, r, why);
}

void vm_free(struct vm *vm)
{
        if (!vm)
                return;
        if (vm->initialised)
                shm_daemon_set_epoch(&vm->gic, 0);
        if (vm->user)
                vm_unbuild(vm);
        free((void *)(uintptr_t)vm->shape.mpidrs);
        free((void *)(uintptr_t)vm->shape.redist_regions);
        attr_deinit(&vm->attrs);
        if (vm->user)
                user_refund_vm(vm->user);
        user_put(vm->user);
        free(vm->vcpus);
        free(vm);
}
