/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_MIRROR_H
#define VGIC_MIRROR_H

/**
 * libvgic: mirrors, for VMMs whose interrupt controller stays in the kernel;
 * a part of <vgic/vgic.h>
 *
 * A VM created with VGIC_VM_MIRROR has no delivering controller, only a memory of what its VMM read
 * from the kernel once. Resets and tools read it from there, at any time, without stopping a vCPU.
 * doc/kvm-mirror.md shows how.
 *
 * Values      Of most registers two: the architectural default, and what the guest configured. A
 *             value is valid from its publication until it is invalidated; before and after that
 *             reading it is an error, never a guess. There is no live value: the guest writes the
 *             registers without anybody noticing.
 * Epochs      A publisher that read a register before it was invalidated must not make it valid
 *             again: ask vgic_mirror_epoch() first, then read the register from the kernel, then
 *             publish with that epoch.
 * Else        vgic_vm_icc_ctlr(), vgic_vm_get_info() and the reset calls of <vgic/vgic-vcpu.h> work
 *             on a mirror. Every other call on the VM's controller, its lines and its vCPUs returns
 *             -EOPNOTSUPP; register attributes of <vgic/vgic-attr.h> return -ENXIO.
 */
#include <stdint.h>

#include <vgic/vgic-vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_conn;

/*
 * Registers that can be mirrored. With both values: VGIC_ICC_CTLR_EL1, _SRE_EL1, _PMR_EL1,
 * _BPR0_EL1, _BPR1_EL1, _IGRPEN0_EL1, _IGRPEN1_EL1. Constant, so with a default only:
 * VGIC_MIRROR_GICR_*, and of the VM, so that @index is ignored, VGIC_MIRROR_GICD_*.
 */
#define VGIC_MIRROR_GICD         (1u << 20)
#define VGIC_MIRROR_GICR         (2u << 20)
#define VGIC_MIRROR_GICD_TYPER   (VGIC_MIRROR_GICD | 0x4)
#define VGIC_MIRROR_GICD_IIDR    (VGIC_MIRROR_GICD | 0x8)
#define VGIC_MIRROR_GICD_TYPER2  (VGIC_MIRROR_GICD | 0xc)
#define VGIC_MIRROR_GICR_IIDR    (VGIC_MIRROR_GICR | 0x4)
/* 64 bits; its affinity must be the vCPU's */
#define VGIC_MIRROR_GICR_TYPER   (VGIC_MIRROR_GICR | 0x8)

#define VGIC_MIRROR_DEFAULT      (1u << 0)
#define VGIC_MIRROR_CONFIGURED   (1u << 1)
#define VGIC_MIRROR_LIVE         (1u << 2)   /* to read: always -ENODATA */

#define VGIC_MIRROR_ALL_VCPUS    UINT32_MAX
#define VGIC_MIRROR_ALL_REGS     UINT32_MAX
#define VGIC_MIRROR_ANY_EPOCH    UINT32_MAX

/**
 * vgic_mirror_epoch() - how often a register of a vCPU was invalidated, to publish it with
 *
 * Return: 0; -EINVAL no such register or vCPU; -EOPNOTSUPP no mirror; -EACCES device role; -ENODATA
 * not initialised.
 * Threads: any. Roles: VMM, observer.
 */
int vgic_mirror_epoch(struct vgic_vm *vm, uint32_t index, uint32_t reg, uint32_t *ret_epoch);

/**
 * vgic_mirror_publish() - say what a register's value is
 * @kind:  VGIC_MIRROR_DEFAULT or VGIC_MIRROR_CONFIGURED
 * @epoch: as it was before @value was read; VGIC_MIRROR_ANY_EPOCH if nothing can have changed it
 *
 * Return: 0; -ESTALE the register was invalidated since: read epoch and value again; -EINVAL no
 * such register, vCPU or kind, or not a value of this register: bits that it does not have,
 * read-only fields of ICC_CTLR_EL1 that contradict its other value, GICR_TYPER of another affinity;
 * -EACCES not VMM; -EOPNOTSUPP the VM is no mirror; -ENODATA not initialised. Threads: any.
 */
int vgic_mirror_publish(struct vgic_vm *vm, uint32_t index, uint32_t reg, unsigned kind,
                        uint64_t value, uint32_t epoch);

/**
 * vgic_mirror_read() - a register's value of one kind; one atomic load
 *
 * Return: 0; -ENODATA never published, invalidated since, VGIC_MIRROR_LIVE, or not initialised;
 * -EINVAL no such register, vCPU or kind; -EOPNOTSUPP the VM is no mirror; -EACCES device role.
 * Threads: any. Roles: VMM, observer.
 */
int vgic_mirror_read(struct vgic_vm *vm, uint32_t index, uint32_t reg, unsigned kind,
                     uint64_t *ret_value);

/**
 * vgic_mirror_invalidate() - an event made values void: the guest ran, the machine was reset, the
 * kernel was changed
 * @index: a vCPU, or VGIC_MIRROR_ALL_VCPUS
 * @reg:   a register; VGIC_MIRROR_ALL_REGS: of one vCPU all of its own, of all vCPUs also those of
 *         the VM
 * @kinds: VGIC_MIRROR_DEFAULT, VGIC_MIRROR_CONFIGURED or both
 *
 * Of all registers of all vCPUs each is invalidated at once, not all at one moment.
 *
 * Return: 0; -EINVAL no such register or vCPU, or no kind; -EACCES not VMM; -EOPNOTSUPP the VM is
 * no mirror; -ENODATA not initialised. Threads: any.
 */
int vgic_mirror_invalidate(struct vgic_vm *vm, uint32_t index, uint32_t reg, unsigned kinds);

/**
 * vgic_msg_mirror_read() - the same as vgic_mirror_read() by message, for tools that map nothing
 * @name: the VM
 * Threads: conn. Return: as vgic_mirror_read(), or as vgic_msg_inject().
 */
int vgic_msg_mirror_read(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t reg,
                         unsigned kind, uint64_t *ret_value);

/**
 * vgic_mirror_register() - the registers that can be mirrored, for @i from 0
 *
 * Return: 0; -EINVAL there are no more. Threads: any.
 */
int vgic_mirror_register(unsigned i, uint32_t *ret_reg, unsigned *ret_kinds, const char **ret_name);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
