/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_SNAPSHOT_H
#define VGIC_SNAPSHOT_H

/**
 * libvgic: snapshots of a VM's interrupt controller; a part of <vgic/vgic.h>, whose head explains
 * the words used here
 *
 * An image is a versioned, checksummed run of bytes that holds all that a guest can observe of its
 * controller: each interrupt with its latch, edge, wires, message level and active state apart,
 * GICD_IROUTER<n>, the CPU interfaces, ICC_CTLR_EL1 with its three values, and the pre-init
 * registers. It goes to another host as it is; doc/snapshot.md has it field by field.
 *
 * Not in it: statistics (they go on counting in the controller that is restored into), the VM's
 * name and owner, who has which vCPU, grants and tokens; VGIC_VM_AWAKE, so a VM that had it is to
 * be created with it again, or its redistributors sleep from the next reset on.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_vm;
struct vgic_vcpu;

#define VGIC_SNAPSHOT_EXACT  (1u << 0)  /* no vCPU ran and nothing changed while it was saved */

/**
 * vgic_snapshot_save() - a complete image of the controller; free() *ret_image
 * @ret_flags: VGIC_SNAPSHOT_EXACT or 0
 *
 * It stops nobody and writes nothing into the VM. It is exact if each vCPU was parked, stopped
 * (vgic_vcpu_stop()), told to be off or owned by no process during all of it, and two passes over
 * everything read the same; injections that come in between are waited out a few times. Otherwise
 * each value in it is of some moment, and it can show, for example, an active interrupt without its
 * active priority: it is marked inexact.
 *
 * Roles: VMM, observer. Threads: any. Blocks: no; takes two passes over the controller at least.
 * Return: 0; -EACCES device role; -ENODATA not initialised; -EOPNOTSUPP the VM has no delivering
 * controller; -ENOMEM.
 */
int vgic_snapshot_save(struct vgic_vm *vm, void **ret_image, size_t *ret_bytes,
                       unsigned *ret_flags);

/* take an inexact image and make it consistent (doc/snapshot.md) */
#define VGIC_RESTORE_REPAIR         (1u << 0)
/* wires of device grants come back low: the devices tell their levels */
#define VGIC_RESTORE_LOWER_DEVICES  (1u << 1)

/**
 * vgic_snapshot_restore() - make the controller what an image says
 * @flags: VGIC_RESTORE_*
 * @why, @why_bytes: where the reason of a failure goes, in words; may be NULL, 0
 *
 * Everything is checked before anything is changed: if this fails, the controller is as it was. The
 * VM must have been created as the saved one was (vgic_snapshot_describe() says how). No vCPU may
 * run from before the call until after it: each parked, stopped (vgic_vcpu_stop()), told to be off,
 * or owned by no process; a parked vCPU may be rung. Injections that come meanwhile land before or
 * after, interrupt by interrupt: have devices silent, too.
 *
 * A device that is attached is not told that its wire was set: let each say its levels once this
 * has returned. vgic_spi_deassert() says one also if the device had said the same before.
 *
 * Roles: VMM. Threads: one restore or reset of the VM at a time; any thread.
 * Return: 0; -EBADMSG damaged, or not an image; -EPROTONOSUPPORT of a newer version; -ENXIO it is
 *         of a VM that was created otherwise (vCPUs, interrupts, priority bits, affinities,
 *         GICD_IIDR, ...); -EAGAIN it is inexact and @flags does not ask for repair;
 *         -EBUSY a vCPU runs; -EINVAL @flags; -EACCES not VMM; -ENODATA not initialised;
 *         -EOPNOTSUPP the VM has no delivering controller; -ENOMEM.
 */
int vgic_snapshot_restore(struct vgic_vm *vm, const void *image, size_t bytes, unsigned flags,
                          char *why, size_t why_bytes);

/**
 * What an image is of. More members may follow in a later version: .size says how many there are.
 */
struct vgic_snapshot_info {
        size_t size;
        uint32_t major, minor;          /* version of the format */
        uint32_t flags;                 /* VGIC_SNAPSHOT_* */
        uint32_t gicd_iidr, gicd_typer2;
        uint32_t n_vcpus, n_spis, n_espis, n_eppis, n_priority_bits, affinity_levels;
        uint32_t vm_flags;              /* VGIC_VM_NO_1_OF_N, VGIC_VM_NO_RSS; never AWAKE */
        uint32_t n_redist_regions;
        const uint64_t *mpidrs;         /* n_vcpus; belongs to this structure */
        const uint32_t *redist_regions; /* n_redist_regions; the same */
};

/**
 * vgic_snapshot_describe() - how to create a VM that an image fits: the members of struct
 * vgic_vm_config; free() *ret_info
 *
 * Threads: any. Return: 0; -EBADMSG; -EPROTONOSUPPORT; -ENOMEM; with words in @why, as above.
 */
int vgic_snapshot_describe(const void *image, size_t bytes, struct vgic_snapshot_info **ret_info,
                           char *why, size_t why_bytes);

/**
 * vgic_vcpu_stop() - the host has stopped this vCPU, whatever is pending for it: let others know
 * that it rests
 *
 * For save, restore and reset of a VM whose vCPUs stay registered; unlike vgic_vcpu_park_begin() it
 * does not look for interrupts. It goes on with vgic_vcpu_park_end(), which returns the lines
 * asserted then, or at once with vgic_vcpu_enter() or vgic_vcpu_park(). To others it looks parked,
 * and its descriptor becomes readable (VGIC_VCPU_WAKE_BY_KICK: it is kicked) when something is due:
 * the host hears of that, and need do nothing before it goes on.
 *
 * In between these may be called on it, by any one thread: vgic_vcpu_reset(),
 * vgic_vcpu_reset_kind(), vgic_vcpu_power(), vgic_vcpu_stop() again, vgic_vcpu_unregister(); and
 * what any thread may at any time: vgic_vcpu_peek_lines(), vgic_vcpu_wake(), resets of the VM,
 * snapshots, attributes, registers of GICD and GICR, lines. Not what its guest would do: registers
 * of the CPU interface, ack, eoi, dir, lr_enter; vgic_vcpu_lines() is one of these, since it serves
 * what was asked of the vCPU. Of a list-register port it is made after vgic_lr_exit(); before that
 * it does nothing.
 *
 * Threads: vcpu.
 */
void vgic_vcpu_stop(struct vgic_vcpu *vcpu);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
