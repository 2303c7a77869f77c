/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Data path: the VMM's wire of each SPI and PPI, extended ones too. A device's calls go to its ring
 * instead.
 *
 * A wire is this party's own: lowering it lowers nobody else's.
 */
#include "vgic-private.h"

#include "gic-word.h"
#include "shm-line.h"
#include "vgic-device.h"

static int drive_spi(struct vgic_vm *vm, uint32_t intid, enum vgic_line_op op)
{
        int r;

        if (vm->role == VGIC_ROLE_DEVICE)
                return vgic_device_drive(vm, intid, op);
        r = vgic_vm_check(vm, true);
        if (r < 0)
                return r;
        if (!vgic_vm_has_spi(vm, intid))
                return -EINVAL;
        if (op == VGIC_LINE_PULSE)
                return shm_line_pulse(&vm->gic, 0, intid);
        return shm_line_set(&vm->gic, 0, intid, GIC_WIRE_VMM, op == VGIC_LINE_ASSERT);
}

static int drive_ppi(struct vgic_vm *vm, uint32_t index, uint32_t intid, enum vgic_line_op op)
{
        int r = vgic_vm_check(vm, true);

        if (r < 0)
                return r;
        if (intid - GIC_PPI_FIRST >= GIC_N_PPIS && intid - GIC_EPPI_FIRST >= vm->gic.n_eppis)
                return -EINVAL;
        if (op == VGIC_LINE_PULSE)
                return shm_line_pulse(&vm->gic, index, intid);
        return shm_line_set(&vm->gic, index, intid, GIC_WIRE_VMM, op == VGIC_LINE_ASSERT);
}

VGIC_EXPORT int vgic_spi_assert(struct vgic_vm *vm, uint32_t intid)
{
        return drive_spi(vm, intid, VGIC_LINE_ASSERT);
}

VGIC_EXPORT int vgic_spi_deassert(struct vgic_vm *vm, uint32_t intid)
{
        return drive_spi(vm, intid, VGIC_LINE_DEASSERT);
}

VGIC_EXPORT int vgic_spi_pulse(struct vgic_vm *vm, uint32_t intid)
{
        return drive_spi(vm, intid, VGIC_LINE_PULSE);
}

VGIC_EXPORT int vgic_ppi_assert(struct vgic_vm *vm, uint32_t index, uint32_t intid)
{
        return drive_ppi(vm, index, intid, VGIC_LINE_ASSERT);
}

VGIC_EXPORT int vgic_ppi_deassert(struct vgic_vm *vm, uint32_t index, uint32_t intid)
{
        return drive_ppi(vm, index, intid, VGIC_LINE_DEASSERT);
}

VGIC_EXPORT int vgic_ppi_pulse(struct vgic_vm *vm, uint32_t index, uint32_t intid)
{
        return drive_ppi(vm, index, intid, VGIC_LINE_PULSE);
}
