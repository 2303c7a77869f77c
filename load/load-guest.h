/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOAD_GUEST_H
#define LOAD_GUEST_H

/*
 * What a guest's kernel does to a GICv3 before it takes interrupts
 *
 * Used by vgic-load and by the benchmarks. Offsets: Arm IHI 0069, chapter 12. Each returns 0 or
 * what libvgic returned.
 */
#include <stdbool.h>
#include <stdint.h>

#include <vgic/vgic.h>

/* Affinity routing and group 1 on. */
int load_guest_distributor(struct vgic_vm *vm);
/* An SPI: edge-triggered, group 1, routed to one affinity, enabled. One thread at a time. */
int load_guest_spi(struct vgic_vm *vm, uint32_t intid, uint64_t mpidr, uint8_t priority);
/* A CPU, from powered off or from its reset, to taking interrupts. Threads: the vCPU's own. */
int load_guest_cpu(struct vgic_vm *vm, struct vgic_vcpu *vcpu, bool eoimode);
/* End an activation in the distributor. */
int load_guest_clear_active(struct vgic_vm *vm, uint32_t intid);

#endif
