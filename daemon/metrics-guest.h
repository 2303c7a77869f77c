/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_GUEST_H
#define METRICS_GUEST_H

/*
 * Metrics of guests: what vCPUs count in the segment, read from outside
 *
 * Trust   The VM's own processes can write these counts: metrics_guest_grew().
 */
#include <stdint.h>

struct metrics_guest;
struct shm_gic;

/* metrics_guest_add_vcpu() - what the vCPU counted is added; it was built (vm_build()). */
void metrics_guest_add_vcpu(struct metrics_guest *sum, const struct shm_gic *gic, uint32_t vcpu);

/* metrics_guest_add_vm() - what is counted once a VM. */
void metrics_guest_add_vm(struct metrics_guest *sum, const struct shm_gic *gic);

#endif
