/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PORT_VM_H
#define PORT_VM_H

/*
 * A VM whose SPIs are edge-triggered, of group 1, for vCPU 0; its vCPUs are ports of either kind
 */
#include "daemon-raw.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic/vgic.h"

#define PORT_VM_NAME  "ports"

static inline struct vgic_vm *create(struct vgic_conn *conn)
{
        struct vgic_vm *vm = daemon_vm(conn, PORT_VM_NAME, 2, 32, 0);

        guest_make_spis_edge(vm, 32);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        return vm;
}

static inline void destroy(struct vgic_conn *conn, struct vgic_vm *vm)
{
        vgic_vm_destroy(conn, PORT_VM_NAME);
        vgic_vm_detach(vm);
}

static inline int try_register(struct vgic_vm *vm, uint32_t index, uint32_t n,
                               struct vgic_vcpu **ret_vcpu)
{
        struct vgic_vcpu_options options = { .size = sizeof(options), .list_registers = n };

        return vgic_vcpu_register(vm, index, &options, ret_vcpu);
}

static inline void enter(struct vgic_vcpu *vcpu, struct vgic_lr_bank *ret_bank)
{
        int r = vgic_lr_enter(vcpu, ret_bank);

        if (r < 0)
                tap_bail("vgic_lr_enter: %d", r);
}

#endif
