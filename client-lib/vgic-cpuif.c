/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Data path: a vCPU's CPU interface. Thin: the rules are in shm/ and gic/.
 *
 * Acknowledge, end, deactivate, any ICC_*_EL1 register, resets. Between an entry and an exit of a
 * list-register port the CPU interface is the bank, and these calls do nothing.
 */
#include "shm-sysreg.h"
#include "vgic-private.h"

#include <errno.h>

#include "base-bits.h"
#include "shm-lines.h"
#include "shm-mirror.h"
#include "shm-reset.h"
#include "shm-cpuif-straight.h"

_Static_assert(VGIC_LINE_IRQ == SHM_LINE_IRQ && VGIC_LINE_FIQ == SHM_LINE_FIQ,
               "lines have one numbering");
_Static_assert((int)VGIC_RESET_CPU_ON == SHM_RESET_CPU_ON &&
               (int)VGIC_RESET_SYSTEM == SHM_RESET_SYSTEM &&
               (int)VGIC_RESET_POST_LOAD == SHM_RESET_POST_LOAD &&
               (int)VGIC_RESET_LAZY == SHM_RESET_LAZY,
               "resets have one numbering");
_Static_assert(VGIC_INTID_SPURIOUS == GIC_INTID_SPURIOUS, "the spurious INTID");

VGIC_EXPORT uint32_t vgic_vcpu_index(const struct vgic_vcpu *vcpu)
{
        return vcpu->index;
}

/*
 * Between vgic_lr_enter() and vgic_lr_exit() the CPU interface is the bank's: what was done here
 * would be lost by the fold, or do away with what the guest did. SGIs are other vCPUs' interrupts.
 */
static bool access_is_in_bank(const struct vgic_vcpu *vcpu, uint32_t reg)
{
        return vcpu->in_guest && reg != VGIC_ICC_SGI0R_EL1 && reg != VGIC_ICC_SGI1R_EL1 &&
               reg != VGIC_ICC_ASGI1R_EL1;
}

VGIC_EXPORT int vgic_vcpu_sysreg_read(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t *ret_value)
{
        if (access_is_in_bank(vcpu, reg))
                return -EBUSY;
        return shm_sysreg_read(&vcpu->vm->gic, vcpu->index, reg, ret_value);
}

VGIC_EXPORT int vgic_vcpu_sysreg_write(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value)
{
        if (access_is_in_bank(vcpu, reg))
                return -EBUSY;
        return shm_sysreg_write(&vcpu->vm->gic, vcpu->index, reg, value);
}

/*
 * The calls of a vCPU that is not straight (a list-register port, more than 5 priority bits), and
 * of Group 0. They stand apart, so that a straight call saves no register for them.
 */
static __attribute__((noinline)) uint32_t ack_any(struct vgic_vcpu *vcpu, unsigned group)
{
        if (vcpu->in_guest)
                return VGIC_INTID_SPURIOUS;
        return shm_cpuif_ack(&vcpu->vm->gic, vcpu->index, group);
}

static __attribute__((noinline)) void eoi_any(struct vgic_vcpu *vcpu, unsigned group,
                                              uint32_t intid)
{
        if (!vcpu->in_guest)
                shm_cpuif_eoi(&vcpu->vm->gic, vcpu->index, group, intid);
}

static __attribute__((noinline)) void dir_any(struct vgic_vcpu *vcpu, uint32_t intid)
{
        if (!vcpu->in_guest)
                shm_cpuif_dir(&vcpu->vm->gic, vcpu->index, intid);
}

static __attribute__((noinline)) unsigned lines_any(struct vgic_vcpu *vcpu)
{
        return vcpu->in_guest ? 0 : shm_cpuif_lines(&vcpu->vm->gic, vcpu->index);
}

/*
 * Each straight call copies vcpu->cpu: a compiler has to assume that a store to the segment changes
 * what @vcpu points to, and would load it again after each.
 */
VGIC_EXPORT uint32_t vgic_vcpu_ack(struct vgic_vcpu *vcpu, unsigned group)
{
        struct shm_cpu cpu;

        if (__builtin_expect(!vcpu->is_straight, 0) || __builtin_expect(!group, 0))
                return ack_any(vcpu, group ? 1 : 0);
        cpu = vcpu->cpu;
        return shm_straight_ack(&cpu, 1);
}

VGIC_EXPORT void vgic_vcpu_eoi(struct vgic_vcpu *vcpu, unsigned group, uint32_t intid)
{
        struct shm_cpu cpu;

        if (__builtin_expect(!vcpu->is_straight, 0) || __builtin_expect(!group, 0)) {
                eoi_any(vcpu, group ? 1 : 0, intid);
                return;
        }
        cpu = vcpu->cpu;
        shm_straight_eoi(&cpu, 1, intid);
}

VGIC_EXPORT void vgic_vcpu_dir(struct vgic_vcpu *vcpu, uint32_t intid)
{
        struct shm_cpu cpu;

        if (__builtin_expect(!vcpu->is_straight, 0)) {
                dir_any(vcpu, intid);
                return;
        }
        cpu = vcpu->cpu;
        shm_straight_dir(&cpu, intid);
}

VGIC_EXPORT unsigned vgic_vcpu_lines(struct vgic_vcpu *vcpu)
{
        if (__builtin_expect(vcpu->is_straight, 1) && shm_straight_is_idle(&vcpu->cpu))
                return 0;
        return lines_any(vcpu);
}

/*
 * Accesses that return the lines: the interrupt registers of Group 1 straight, whatever else by
 * the general way, and then the lines. Between an entry and an exit there are none here.
 */
static unsigned lines_after(struct vgic_vcpu *vcpu)
{
        return __builtin_expect(vcpu->is_straight, 1) ? shm_straight_lines_after(&vcpu->cpu)
                                                      : lines_any(vcpu);
}

VGIC_EXPORT int vgic_vcpu_sysreg_read_lines(struct vgic_vcpu *vcpu, uint32_t reg,
                                            uint64_t *ret_value, unsigned *ret_lines)
{
        struct shm_cpu cpu;
        int r;

        if (__builtin_expect(reg == VGIC_ICC_IAR1_EL1 && vcpu->is_straight, 1)) {
                cpu = vcpu->cpu;
                *ret_value = shm_straight_ack(&cpu, 1);
                *ret_lines = shm_straight_lines_after(&cpu);
                return 0;
        }
        r = vgic_vcpu_sysreg_read(vcpu, reg, ret_value);
        if (r == 0)
                *ret_lines = lines_after(vcpu);
        return r;
}

VGIC_EXPORT int vgic_vcpu_sysreg_write_lines(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value,
                                             unsigned *ret_lines)
{
        struct shm_cpu cpu;
        int r;

        if (__builtin_expect(reg == VGIC_ICC_EOIR1_EL1 && vcpu->is_straight, 1)) {
                cpu = vcpu->cpu;
                shm_straight_eoi(&cpu, 1, (uint32_t)(value & 0xffffff));
                *ret_lines = shm_straight_lines_after(&cpu);
                return 0;
        }
        r = vgic_vcpu_sysreg_write(vcpu, reg, value);
        if (r == 0)
                *ret_lines = lines_after(vcpu);
        return r;
}

VGIC_EXPORT unsigned vgic_vcpu_peek_lines(const struct vgic_vcpu *vcpu)
{
        return shm_lines_peek(&vcpu->vm->gic, vcpu->index);
}

VGIC_EXPORT int vgic_vcpu_reset(struct vgic_vcpu *vcpu)
{
        if (vcpu->in_guest)
                return -EBUSY;
        shm_reset_vcpu(&vcpu->vm->gic, vcpu->index);
        return 0;
}

VGIC_EXPORT int vgic_vcpu_reset_kind(struct vgic_vcpu *vcpu, enum vgic_reset kind)
{
        if (vcpu->in_guest)
                return -EBUSY;
        switch (kind) {
        case VGIC_RESET_CPU_ON:
                shm_reset_vcpu(&vcpu->vm->gic, vcpu->index);
                return 0;
        case VGIC_RESET_SYSTEM:
        case VGIC_RESET_LAZY:
                shm_reset_vcpu_anew(&vcpu->vm->gic, vcpu->index);
                return 0;
        case VGIC_RESET_POST_LOAD:
                return shm_reset_request(&vcpu->vm->gic, vcpu->index, SHM_RESET_POST_LOAD);
        }
        return -EINVAL;
}

VGIC_EXPORT void vgic_vcpu_power(struct vgic_vcpu *vcpu, int on)
{
        shm_power(&vcpu->vm->gic, vcpu->index, on != 0);
}

VGIC_EXPORT int vgic_vm_reset_vcpu_kind(struct vgic_vm *vm, uint32_t index, enum vgic_reset kind)
{
        int r = vgic_vm_check_any(vm, true);

        if (r < 0)
                return r;
        if (vm->gic.mirror)
                return shm_mirror_reset(&vm->gic, index, kind);
        if (kind != VGIC_RESET_SYSTEM)
                return shm_reset_request(&vm->gic, index, (enum shm_reset_kind)kind);
        shm_reset_request_all(&vm->gic);
        return 0;
}

VGIC_EXPORT int vgic_vm_reset_vcpu(struct vgic_vm *vm, uint32_t index)
{
        return vgic_vm_reset_vcpu_kind(vm, index, VGIC_RESET_CPU_ON);
}

VGIC_EXPORT int vgic_vm_reset(struct vgic_vm *vm)
{
        int r = vgic_vm_check_any(vm, true);

        if (r < 0)
                return r;
        if (vm->gic.mirror)
                return shm_mirror_reset(&vm->gic, 0, VGIC_RESET_SYSTEM);
        shm_reset_all(&vm->gic);
        return 0;
}

VGIC_EXPORT int vgic_vm_reset_distributor(struct vgic_vm *vm)
{
        int r = vgic_vm_check(vm, true);

        if (r == 0)
                shm_reset_distributor(&vm->gic);
        return r;
}
