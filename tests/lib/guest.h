/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GUEST_H
#define GUEST_H

/*
 * What a guest's kernel does with its interrupt controller before the first interrupt
 *
 * What    The accesses of a boot, once, for the tests that are about something else: the
 *         distributor opened, SPIs given to group 1, a vCPU woken and unmasked. By the public
 *         header only, as a VMM would make them for its guest.
 * Not for tests/model and tests/conformance: they are oracles, and have their register offsets from
 *         the architecture themselves.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tap.h"
#include "vgic/vgic.h"

#define GUEST_REDIST_STRIDE  UINT64_C(0x20000)
/* GICD_ICFGR<n>: sixteen edge-triggered interrupts. */
#define GUEST_ALL_EDGE       0xaaaaaaaau

/* GICD_CTLR: affinity routing, and group 1 goes to the vCPUs (IHI 0069, 12.9.4). */
static inline void guest_open_distributor(struct vgic_vm *vm)
{
        vgic_gicd_write(vm, 0x0, 4, 0x12);
}

/*
 * All SPIs from 32 on, @n_spis of them (a multiple of 32): group 1, enabled. Their route is as
 * after reset: vCPU 0.
 */
static inline void guest_open_spis(struct vgic_vm *vm, uint32_t n_spis)
{
        for (uint32_t i = 1; i <= n_spis / 32; i++) {
                vgic_gicd_write(vm, 0x080 + 4 * i, 4, UINT32_MAX);      /* GICD_IGROUPR<i> */
                vgic_gicd_write(vm, 0x100 + 4 * i, 4, UINT32_MAX);      /* GICD_ISENABLER<i> */
        }
}

/* The same SPIs are edge-triggered. */
static inline void guest_make_spis_edge(struct vgic_vm *vm, uint32_t n_spis)
{
        for (uint32_t i = 1; i <= n_spis / 32; i++) {
                vgic_gicd_write(vm, 0xc00 + 8 * i, 4, GUEST_ALL_EDGE);  /* GICD_ICFGR<2i> */
                vgic_gicd_write(vm, 0xc04 + 8 * i, 4, GUEST_ALL_EDGE);
        }
}

/* The first 32 extended SPIs, the same way. */
static inline void guest_open_espis(struct vgic_vm *vm)
{
        vgic_gicd_write(vm, 0x1000, 4, UINT32_MAX);             /* GICD_IGROUPR0E */
        vgic_gicd_write(vm, 0x1200, 4, UINT32_MAX);             /* GICD_ISENABLER0E */
}

/* SGIs and PPIs of a vCPU are in group 1; those of @enabled are enabled. */
static inline void guest_open_privates(struct vgic_vm *vm, uint32_t index, uint32_t enabled)
{
        /* GICR_IGROUPR0 */
        vgic_gicr_write(vm, index * GUEST_REDIST_STRIDE + 0x10080, 4, UINT32_MAX);
        /* GICR_ISENABLER0 */
        vgic_gicr_write(vm, index * GUEST_REDIST_STRIDE + 0x10100, 4, enabled);
}

/* The redistributor is awake, every priority passes, group 1 is on if @group1. */
static inline void guest_open_vcpu(struct vgic_vm *vm, struct vgic_vcpu *vcpu, bool group1)
{
        /* GICR_WAKER */
        vgic_gicr_write(vm, vgic_vcpu_index(vcpu) * GUEST_REDIST_STRIDE + 0x14, 4, 0);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, group1);
}

/* A vCPU of this process, as @options say (NULL: a trap port); its guest has not run yet. */
static inline struct vgic_vcpu *guest_register(struct vgic_vm *vm, uint32_t index,
                                               const struct vgic_vcpu_options *options)
{
        struct vgic_vcpu *vcpu = NULL;
        int r = vgic_vcpu_register(vm, index, options, &vcpu);

        if (r < 0)
                tap_bail("vCPU %u cannot be registered: %d", index, r);
        return vcpu;
}

/* All of it: registered with @n_list_registers (0: a trap port), powered on, open for group 1. */
static inline struct vgic_vcpu *guest_boot_vcpu(struct vgic_vm *vm, uint32_t index,
                                                uint32_t n_list_registers)
{
        struct vgic_vcpu_options options = {
                .size = sizeof(options), .list_registers = n_list_registers,
        };
        struct vgic_vcpu *vcpu = guest_register(vm, index, &options);

        vgic_vcpu_power(vcpu, 1);
        guest_open_vcpu(vm, vcpu, true);
        return vcpu;
}

#endif
