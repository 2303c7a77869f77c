/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_ATTR_H
#define VGIC_ATTR_H

/**
 * libvgic: attributes, a part of <vgic/vgic.h>, whose head explains the words used here
 *
 * Registers and settings of a VM's controller from outside the guest, by the numbers that KVM gives
 * them in arm64's <asm/kvm.h>: a VMM that speaks KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR and
 * KVM_HAS_DEVICE_ATTR to KVM's arm-vgic-v3 device passes the same group and attr here. So it is
 * with the errors, but for one: no call fails because a vCPU runs. doc/attributes.md lists each
 * group with its attributes, widths, times and errors.
 *
 * Two times   Before INIT (vgic_vm_init(), or group CTRL) GICD_IIDR's revision, GICD_TYPER2, the
 *             number of interrupts and the addresses can be read and set, with no vCPU registered;
 *             every other register is -EBUSY until INIT. After INIT everything can be read and set,
 *             but what INIT has built in: that is -EBUSY to change. A set that races with INIT is
 *             either in the controller, and returned 0, or is not, and returned -EBUSY.
 *
 * Two paths   Once this process has mapped the VM, registers are shared memory. Before, and for
 *             addresses, the daemon is asked, which decides in the order in which requests come.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_conn;
struct vgic_vm;

enum vgic_attr_group {
        VGIC_ATTR_ADDR = 0,          /* guest physical addresses: recorded and told, nothing else */
        VGIC_ATTR_DIST_REGS = 1,        /* attr: offset in GICD; 32 bits */
        /* SGIs, PPIs and SPIs: 64..1024, a multiple of 32; attr is ignored */
        VGIC_ATTR_NR_IRQS = 3,
        VGIC_ATTR_CTRL = 4,
        VGIC_ATTR_REDIST_REGS = 5,      /* attr: VGIC_ATTR_MPIDR() | offset from RD_base; 32 bits */
        VGIC_ATTR_CPU_SYSREGS = 6,      /* attr: VGIC_ATTR_MPIDR() | VGIC_SYSREG(); 64 bits */
        /* attr: VGIC_ATTR_MPIDR() | VGIC_ATTR_LEVEL_LINE | first INTID of 32; 32 bits */
        VGIC_ATTR_LEVEL_INFO = 7,
};

/* VGIC_ATTR_ADDR */
#define VGIC_ATTR_ADDR_DIST           2
#define VGIC_ATTR_ADDR_REDIST         3     /* one region for all redistributors */
/* value: count << 52 | base | index; get: the index goes in */
#define VGIC_ATTR_ADDR_REDIST_REGION  5
#define VGIC_ATTR_ADDR_UNSET          UINT64_MAX

/* VGIC_ATTR_CTRL */
#define VGIC_ATTR_CTRL_INIT           0

/* VGIC_ATTR_LEVEL_INFO, bits 31..10 */
#define VGIC_ATTR_LEVEL_LINE          (UINT64_C(0) << 10)

/* Which vCPU, from the affinities of its MPIDR_EL1. */
#define VGIC_ATTR_MPIDR(mpidr) \
        (((uint64_t)(mpidr) >> 32 & 0xff) << 56 | ((uint64_t)(mpidr) & 0xffffff) << 32)

/**
 * vgic_attr_has() - is there such an attribute? @group: enum vgic_attr_group
 * vgic_attr_get() - read it into *value; what *value was matters for
 *                   VGIC_ATTR_ADDR_REDIST_REGION only
 * vgic_attr_set() - set it
 *
 * ICC_AP<n>R<n>_EL1 of a vCPU that runs is taken over by its own thread before its next operation;
 * vgic_attr_get() tells the new value at once. ICC_PMR_EL1 and ICC_IGRPEN<n>_EL1 of a vCPU that
 * runs are no barrier: an acknowledge that it is in the middle of, and that has looked at them
 * already, may be delivered after the set has returned.
 *
 * Threads: any, and any role but device; setting is a VMM's. VGIC_ATTR_CTRL_INIT: conn, for it is
 * vgic_vm_init().
 * Blocks: as the two paths above say. Leaves vgic_conn_error() alone, but for VGIC_ATTR_CTRL_INIT.
 *
 * Return: 0; -ENXIO no such group, attribute or register; -EINVAL no vCPU of this affinity, or not
 *         a value that it can take; -EBUSY not before INIT, or not any more; -EEXIST the address is
 *         set; -E2BIG it is too high; -ENOENT no such redistributor region; -EACCES the role may
 *         not. Through the daemon also -ENOTCONN, -ETIMEDOUT (it may still be carried out),
 *         -ENOMEM; -ENOENT the VM was destroyed; VGIC_ATTR_CTRL_INIT: and as vgic_vm_init().
 * Retry:  sets it again. What can be set once, an address or the number of interrupts, with the
 *         same value: 0, also if the first set it; with another one -EEXIST, -EBUSY, once it is
 *         set.
 */
int vgic_attr_has(struct vgic_vm *vm, uint32_t group, uint64_t attr);
int vgic_attr_get(struct vgic_vm *vm, uint32_t group, uint64_t attr, uint64_t *value);
int vgic_attr_set(struct vgic_vm *vm, uint32_t group, uint64_t attr, uint64_t value);

/**
 * vgic_msg_attr_has() / vgic_msg_attr_get() / vgic_msg_attr_set() - the same by message, for tools
 * that map nothing
 * @name: the VM
 *
 * Return: as above; -ENOENT also for no such VM; vgic_conn_error() says more. Retry: as above.
 *         Threads: conn.
 */
int vgic_msg_attr_has(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr);
int vgic_msg_attr_get(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr,
                      uint64_t *value);
int vgic_msg_attr_set(struct vgic_conn *conn, const char *name, uint32_t group, uint64_t attr,
                      uint64_t value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
