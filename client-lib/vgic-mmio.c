/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Data path: a guest's accesses to the distributor and the redistributors
 *
 * The frames by offset and size; which role may, and whether there is a controller, is asked here,
 * what the access means in shm/shm-mmio.h.
 */
#include "vgic-private.h"

#include "shm-mmio.h"

static int check(const struct vgic_vm *vm, unsigned len, bool writes)
{
        if (len != 1 && len != 2 && len != 4 && len != 8)
                return -EINVAL;
        return vgic_vm_check(vm, writes);
}

VGIC_EXPORT int vgic_gicd_read(struct vgic_vm *vm, uint64_t offset, unsigned len,
                               uint64_t *ret_value)
{
        int r = check(vm, len, false);

        if (r == 0)
                *ret_value = shm_gicd_read(&vm->gic, offset, len);
        return r;
}

VGIC_EXPORT int vgic_gicd_write(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t value)
{
        int r = check(vm, len, true);

        if (r == 0)
                shm_gicd_write(&vm->gic, offset, len, value);
        return r;
}

VGIC_EXPORT int vgic_gicr_read(struct vgic_vm *vm, uint64_t offset, unsigned len,
                               uint64_t *ret_value)
{
        int r = check(vm, len, false);

        if (r == 0)
                *ret_value = shm_gicr_read(&vm->gic, offset, len);
        return r;
}

VGIC_EXPORT int vgic_gicr_write(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t value)
{
        int r = check(vm, len, true);

        if (r == 0)
                shm_gicr_write(&vm->gic, offset, len, value);
        return r;
}
