/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VM: see vm.h
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "base-error.h"
#include "proto-limits.h"
#include "loop.h"
#include "shm-segment.h"
#include "user.h"
#include "vm.h"

#define VM_DEFAULT_PRIORITY_BITS  5

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

/* What the daemon keeps of it for itself. */
static uint64_t heap_bytes(const struct vm *vm, const struct shm_shape *shape)
{
        return sizeof(*vm) + shape->n_vcpus * sizeof(*vm->vcpus) +
               (shape->mpidrs ? shape->n_vcpus * sizeof(*shape->mpidrs) : 0) +
               shape->n_redist_regions * sizeof(*shape->redist_regions);
}

/* Check the shape and keep it, with copies of the caller's arrays, and make room for the vCPUs. */
static int set_shape(struct vm *vm, const struct vm_config *config, struct base_error *why)
{
        struct shm_shape *shape = &vm->shape;
        const void *mpidrs = NULL, *regions = NULL;
        int r = check_shape(shape, config, why);

        if (r == 0)
                r = user_charge_bytes(vm->user, heap_bytes(vm, shape), why);
        if (r == 0)
                vm->heap_bytes = heap_bytes(vm, shape);
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
        vm->is_counted = r == 0;
        if (r == 0)
                r = set_shape(vm, config, why);
        if (r < 0) {
                vm_free(vm);
                return r;
        }
        vm->user->n_vcpus += vm->shape.n_vcpus;
        vm->counts_vcpus = true;
        *ret_vm = vm;
        return 0;
}

void vm_refund(struct vm *vm)
{
        if (vm->is_counted)
                user_refund_vm(vm->user);
        if (vm->counts_vcpus)
                vm->user->n_vcpus -= vm->shape.n_vcpus;
        vm->is_counted = vm->counts_vcpus = false;
}

void vm_free(struct vm *vm)
{
        if (!vm)
                return;
        if (vm->user)
                vm_unbuild(vm);
        free((void *)(uintptr_t)vm->shape.mpidrs);
        free((void *)(uintptr_t)vm->shape.redist_regions);
        attr_deinit(&vm->attrs);
        if (vm->user) {
                user_refund_bytes(vm->user, vm->heap_bytes);
                vm_refund(vm);
        }
        user_put(vm->user);
        free(vm->vcpus);
        free(vm);
}
