/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BENCH_PORT_H
#define BENCH_PORT_H

/*
 * VMs of list-register ports, and what a CPU model and its guest do with one
 *
 * What    The hardware's side is icv/'s: the guest's accesses work on the bank that vgic_lr_enter()
 *         filled.
 * Ends    the process with a message if anything does not go as it should.
 */
#include <stdint.h>

#include <vgic/vgic-lr.h>

#include "bench.h"
#include "icv.h"

struct bench_port {
        struct vgic_vcpu *vcpu;
        struct icv_params params;
        struct vgic_lr_bank bank;       /* of the vCPU while it is in guest */
};

/* A VM whose vCPUs have @list_registers each, and a guest of EOImode 1 or 0. */
void bench_ports_open(struct bench *bench, struct bench_vm *vm, const char *name, uint32_t n_vcpus,
                      uint32_t n_spis, uint32_t list_registers, bool eoimode);
/* The hardware of vCPU @vcpu of such a VM. It is not in guest. */
void bench_port_init(struct bench_port *port, struct bench_vm *vm, uint32_t vcpu,
                     uint32_t list_registers);

void bench_port_enter(struct bench_port *port);
void bench_port_exit(struct bench_port *port);
/* In guest: acknowledge, which has to give @intid; write ICC_EOIR1_EL1; both. */
void bench_port_ack(struct bench_port *port, uint32_t intid);
void bench_port_eoi(struct bench_port *port, uint32_t intid);
void bench_port_take(struct bench_port *port, uint32_t intid);
/*
 * In guest: the guest writes ICC_DIR_EL1, which has to trap; the vCPU leaves, and the write is
 * completed. It stays out.
 */
void bench_port_dir(struct bench_port *port, uint32_t intid);

/* Wait until TDIR is clear. */
void bench_tdir_wait_clear(struct bench_vm *vm);

#endif
