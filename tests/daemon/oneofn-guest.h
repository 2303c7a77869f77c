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
#include "guest.h"
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
        guest_make_spis_edge(vm, N_SPIS);
        guest_open_spis(vm, N_SPIS);
        for (uint32_t intid = 32; intid < 32 + N_SPIS; intid++)
                vgic_gicd_write(vm, 0x6000 + 8 * intid, 8, IRM);        /* IROUTER */
        guest_open_espis(vm);
        vgic_gicd_write(vm, 0x3000, 4, GUEST_ALL_EDGE);                     /* ICFGR0E */
        vgic_gicd_write(vm, 0x3004, 4, GUEST_ALL_EDGE);
        vgic_gicd_write(vm, 0x8000 + 8 * (ESPI - 4096), 8, IRM);        /* IROUTER<n>E */
        guest_open_distributor(vm);
}

static inline struct vgic_vcpu *boot_vcpu(struct vgic_vm *vm, uint32_t index, bool group1)
{
        struct vgic_vcpu *vcpu = guest_register(vm, index, NULL);

        guest_open_vcpu(vm, vcpu, group1);
        return vcpu;
}

static inline struct vgic_vm *make_vm(struct vgic_conn *conn, const char *name, uint32_t n_vcpus,
                                      uint32_t flags)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = n_vcpus,
                                         .n_spis = N_SPIS,
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
