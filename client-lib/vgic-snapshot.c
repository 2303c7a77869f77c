/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Snapshots: save, restore, describe an image; and a vCPU that its host has stopped
 *
 * Thin: the work is in shm/. Here are the roles, and the reasons in words: they go to the caller's
 * own memory, since any thread may call, and the connection's error is its owner's.
 */
#include "vgic-private.h"

#include <stdlib.h>
#include <string.h>

#include "shm-park.h"
#include "shm-snapshot.h"

_Static_assert(VGIC_SNAPSHOT_EXACT == SHM_SNAPSHOT_EXACT &&
               VGIC_RESTORE_REPAIR == SHM_RESTORE_REPAIR &&
               VGIC_RESTORE_LOWER_DEVICES == SHM_RESTORE_LOWER_DEVICES,
               "flags have one numbering");

/* Words for the caller. Return: @r. */
static int tell(int r, const struct base_error *error, char *why, size_t why_bytes)
{
        size_t n = strlen(error->text);

        if (r == 0 || !why || !why_bytes)
                return r;
        if (n >= why_bytes)
                n = why_bytes - 1;
        memcpy(why, error->text, n);
        why[n] = '\0';
        return r;
}

/* A mirror has no state of its own to save. */
static int check(const struct vgic_vm *vm, bool writes, struct base_error *error)
{
        int r = vm ? vgic_vm_check(vm, writes) : -EINVAL;

        if (r == -EACCES)
                return base_error_set(error, r, "this role may not do that");
        if (r == -EOPNOTSUPP)
                return base_error_set(error, r, "the VM has no delivering controller");
        if (r < 0)
                return base_error_set(error, r,
                                      r == -ENODATA ? "the VM is not initialised" : "no VM");
        return 0;
}

VGIC_EXPORT int vgic_snapshot_save(struct vgic_vm *vm, void **ret_image, size_t *ret_bytes,
                                   unsigned *ret_flags)
{
        int r = check(vm, false, NULL);
        uint8_t *image;

        if (r == 0)
                r = shm_snapshot_save(&vm->gic, &image, ret_bytes, ret_flags);
        if (r == 0)
                *ret_image = image;
        return r;
}

VGIC_EXPORT int vgic_snapshot_restore(struct vgic_vm *vm, const void *image, size_t bytes,
                                      unsigned flags, char *why, size_t why_bytes)
{
        struct base_error error = { "" };
        int r = check(vm, true, &error);

        if (r == 0)
                r = shm_snapshot_restore(&vm->gic, image, bytes, flags, &error);
        return tell(r, &error, why, why_bytes);
}

/* One allocation: the public structure, the arrays behind it. */
static int describe(const struct shm_snapshot_info *from, struct vgic_snapshot_info **ret_info)
{
        const struct shm_shape *shape = &from->shape;
        size_t n_mpidrs = shape->n_vcpus * sizeof(uint64_t),
               n_regions = shape->n_redist_regions * sizeof(uint32_t);
        struct vgic_snapshot_info *info = calloc(1, sizeof(*info) + n_mpidrs + n_regions);
        uint64_t *mpidrs;
        uint32_t *regions;

        if (!info)
                return -ENOMEM;
        mpidrs = (uint64_t *)(info + 1);
        regions = (uint32_t *)(mpidrs + shape->n_vcpus);
        memcpy(mpidrs, shape->mpidrs, n_mpidrs);
        memcpy(regions, shape->redist_regions, n_regions);
        *info = (struct vgic_snapshot_info) {
                .size = sizeof(*info), .major = from->major, .minor = from->minor,
                .flags = from->flags,
                .gicd_iidr = from->gicd_iidr, .gicd_typer2 = from->gicd_typer2,
                .n_vcpus = shape->n_vcpus,
                .n_spis = shape->n_spis, .n_espis = shape->n_espis, .n_eppis = shape->n_eppis,
                .n_priority_bits = shape->n_priority_bits,
                .affinity_levels = (shape->features & SHM_FEATURE_AFF3) ? 4 : 3,
                .vm_flags = ((shape->features & SHM_FEATURE_1_OF_N) ? 0 : VGIC_VM_NO_1_OF_N) |
                            ((shape->features & SHM_FEATURE_RSS) ? 0 : VGIC_VM_NO_RSS),
                .n_redist_regions = shape->n_redist_regions, .mpidrs = mpidrs,
                .redist_regions = regions,
        };
        *ret_info = info;
        return 0;
}

VGIC_EXPORT int vgic_snapshot_describe(const void *image, size_t bytes,
                                       struct vgic_snapshot_info **ret_info, char *why,
                                       size_t why_bytes)
{
        struct base_error error = { "" };
        struct shm_snapshot_info *info;
        int r = shm_snapshot_info(image, bytes, &info, &error);

        if (r == 0) {
                r = describe(info, ret_info);
                if (r < 0)
                        base_error_set(&error, r, "no memory");
                free(info);
        }
        return tell(r, &error, why, why_bytes);
}

VGIC_EXPORT void vgic_vcpu_stop(struct vgic_vcpu *vcpu)
{
        if (!vcpu->in_guest)
                shm_park_stop(&vcpu->vm->gic, vcpu->index);
}
