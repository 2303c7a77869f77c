/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ONEOFN_GUEST_H
#define ONEOFN_GUEST_H

/*
 * A guest whose SPIs are for any vCPU: what the tests of 1-of-N between processes share
 */
#include <stdbool.h>
#include <stdint.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

#define IRM        (UINT64_C(1) << 31)
#define N_SPIS     96u
#define N_ESPIS    32u
#define SPI        40u
#define ESPI       4100u
#define STRIDE     0x20000u

static inline uint64_t deadline_ns(void)
{
        return base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
}

/* Edge-triggered SPIs of both ranges, group 1, enabled, for any vCPU. */
static inline void boot_distributor(struct vgic_vm *vm)
{
        for (uint32_t i = 1; i <= N_SPIS / 32; i++) {
                vgic_gicd_write(vm, 0x080 + 4 * i, 4, UINT32_MAX);      /* IGROUPR */
                vgic_gicd_write(vm, 0x100 + 4 * i, 4, UINT32_MAX);      /* ISENABLER */
                vgic_gicd_write(vm, 0xc00 + 8 * i, 4, 0xaaaaaaaa);      /* ICFGR */
                vgic_gicd_write(vm, 0xc04 + 8 * i, 4, 0xaaaaaaaa);
        }
        for (uint32_t intid = 32; intid < 32 + N_SPIS; intid++)
                vgic_gicd_write(vm, 0x6000 + 8 * intid, 8, IRM);        /* IROUTER */
        vgic_gicd_write(vm, 0x1000, 4, UINT32_MAX);                     /* IGROUPR0E */
        vgic_gicd_write(vm, 0x1200, 4, UINT32_MAX);                     /* ISENABLER0E */
        vgic_gicd_write(vm, 0x3000, 4, 0xaaaaaaaa);                     /* ICFGR0E */
        vgic_gicd_write(vm, 0x3004, 4, 0xaaaaaaaa);
        vgic_gicd_write(vm, 0x8000 + 8 * (ESPI - 4096), 8, IRM);        /* IROUTER<n>E */
        vgic_gicd_write(vm, 0, 4, 0x12);                                /* GICD_CTLR: ARE, group 1 */
}

static inline struct vgic_vcpu *boot_vcpu(struct vgic_vm *vm, uint32_t index, bool group1)
{
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, index, NULL, &vcpu) < 0)
                tap_bail("vCPU %u cannot be registered", index);
        vgic_gicr_write(vm, index * STRIDE + 0x14, 4, 0);               /* GICR_WAKER: awake */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, group1);
        return vcpu;
}

static inline struct vgic_vm *make_vm(struct vgic_conn *conn, const char *name, uint32_t n_vcpus, uint32_t flags)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = N_SPIS,
                .n_espis = N_ESPIS, .flags = flags };
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("VM %s: %s", name, vgic_conn_error(conn));
        boot_distributor(vm);
        return vm;
}

/* For whom it was chosen. */
static inline uint32_t chosen(struct vgic_vm *vm, uint32_t intid)
{
        struct vgic_irq_state state = { .vcpu = 99 };

        vgic_vm_irq_state(vm, 0, intid, &state);
        return state.pending ? state.vcpu : 98;
}

/* Until the daemon saw the end of the other connection. Return: it did. */
static inline bool wait_sessions(struct vgic_conn *conn, const char *name, uint32_t n)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t end = deadline_ns();

        while (vgic_vm_query(conn, name, &info) == 0 && base_clock_ns() < end)
                if (info.n_sessions == n)
                        return true;
        return false;
}

#endif
