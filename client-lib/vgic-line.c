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

/* By its word: of an interrupt that there is. In line, where @op is known. */
SHM_IN_LINE int drive_word(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                           bool is_private, enum vgic_line_op op)
{
        if (op == VGIC_LINE_PULSE)
                return shm_line_pulse_at(gic, word, intid, is_private);
        if (op == VGIC_LINE_ASSERT)
                return shm_line_raise_at(gic, word, intid, is_private, GIC_WIRE_VMM);
        return shm_line_lower_at(gic, word, intid, GIC_WIRE_VMM);
}

/*
 * The rest of drive_spi(): devices, extended SPIs, and calls that are refused. Out of line, so that
 * a VMM's call for a plain SPI stays short.
 */
static __attribute__((noinline)) int drive_any_spi(struct vgic_vm *vm, uint32_t intid,
                                                   enum vgic_line_op op)
{
        int r;

        if (vm->role == VGIC_ROLE_DEVICE)
                return vgic_device_drive(vm, intid, op);
        r = vgic_vm_check(vm, true);
        if (r < 0)
                return r;
        if (!vgic_vm_has_spi(vm, intid))
                return -EINVAL;
        return drive_word(&vm->gic, shm_gic_word(&vm->gic, 0, intid), intid, false, op);
}

/* A VMM's call for an SPI that is not an extended one goes straight to its word. */
SHM_IN_LINE int drive_spi(struct vgic_vm *vm, uint32_t intid, enum vgic_line_op op)
{
        if (__builtin_expect(vgic_vm_may_write(vm) && shm_gic_is_plain_spi(&vm->gic, intid), 1))
                return drive_word(&vm->gic, &vm->gic.spis[intid - GIC_SPI_FIRST].word, intid,
                                  false, op);
        return drive_any_spi(vm, intid, op);
}

/* The rest of drive_ppi(): extended PPIs, and calls that are refused. */
static __attribute__((noinline)) int drive_any_ppi(struct vgic_vm *vm, uint32_t index,
                                                   uint32_t intid, enum vgic_line_op op)
{
        int r = vgic_vm_check(vm, true);

        if (r < 0)
                return r;
        if (index >= vm->gic.n_vcpus ||
            (intid - GIC_PPI_FIRST >= GIC_N_PPIS && intid - GIC_EPPI_FIRST >= vm->gic.n_eppis))
                return -EINVAL;
        return drive_word(&vm->gic, shm_gic_word(&vm->gic, index, intid), intid, true, op);
}

/* As drive_spi(): a guest's timers are PPIs, and each of their ticks comes this way. */
SHM_IN_LINE int drive_ppi(struct vgic_vm *vm, uint32_t index, uint32_t intid, enum vgic_line_op op)
{
        if (__builtin_expect(vgic_vm_may_write(vm) && index < vm->gic.n_vcpus &&
                             intid - GIC_PPI_FIRST < GIC_N_PPIS, 1))
                return drive_word(&vm->gic, &vm->gic.vcpus[index].words[intid], intid, true, op);
        return drive_any_ppi(vm, index, intid, op);
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
