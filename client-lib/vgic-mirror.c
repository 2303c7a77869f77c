/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Mirrors: thin; the rules are in shm/
 *
 * Publishing, reading and forgetting the registers of a controller that lives elsewhere, with the
 * checks of role and kind of VM that each public call needs.
 */
#include "vgic-private.h"

#include "shm-mirror.h"

_Static_assert(VGIC_MIRROR_GICD == SHM_MIRROR_GICD && VGIC_MIRROR_GICR == SHM_MIRROR_GICR &&
               VGIC_MIRROR_DEFAULT == SHM_MIRROR_DEFAULT &&
               VGIC_MIRROR_CONFIGURED == SHM_MIRROR_CONFIGURED &&
               VGIC_MIRROR_LIVE == SHM_MIRROR_LIVE &&
               VGIC_MIRROR_ALL_VCPUS == SHM_MIRROR_ALL_VCPUS &&
               VGIC_MIRROR_ALL_REGS == SHM_MIRROR_ALL_REGS &&
               VGIC_MIRROR_ANY_EPOCH == SHM_MIRROR_ANY_EPOCH,
               "mirrors have one numbering");

static int check(const struct vgic_vm *vm, bool writes)
{
        int r = vgic_vm_check_any(vm, writes);

        return r == 0 && !vm->gic.mirror ? -EOPNOTSUPP : r;
}

VGIC_EXPORT int vgic_mirror_epoch(struct vgic_vm *vm, uint32_t index, uint32_t reg,
                                  uint32_t *ret_epoch)
{
        int r = check(vm, false);

        return r < 0 ? r : shm_mirror_epoch(&vm->gic, index, reg, ret_epoch);
}

VGIC_EXPORT int vgic_mirror_publish(struct vgic_vm *vm, uint32_t index, uint32_t reg, unsigned kind,
                                    uint64_t value, uint32_t epoch)
{
        int r = check(vm, true);

        return r < 0 ? r : shm_mirror_publish(&vm->gic, index, reg, kind, value, epoch);
}

VGIC_EXPORT int vgic_mirror_read(struct vgic_vm *vm, uint32_t index, uint32_t reg, unsigned kind,
                                 uint64_t *ret_value)
{
        int r = check(vm, false);

        return r < 0 ? r : shm_mirror_read(&vm->gic, index, reg, kind, ret_value);
}

VGIC_EXPORT int vgic_mirror_invalidate(struct vgic_vm *vm, uint32_t index, uint32_t reg,
                                       unsigned kinds)
{
        int r = check(vm, true);

        return r < 0 ? r : shm_mirror_invalidate(&vm->gic, index, reg, kinds);
}

VGIC_EXPORT int vgic_mirror_register(unsigned i, uint32_t *ret_reg, unsigned *ret_kinds,
                                     const char **ret_name)
{
        return shm_mirror_nth(i, ret_reg, ret_kinds, ret_name);
}
