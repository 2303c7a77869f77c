/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GUEST_H
#define GUEST_H

/*
 * What the tricks of these tests share: a guest that takes SPIs, an eventfd made to block, the end of a connection
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base-fd.h"
#include "daemon-proc.h"
#include "tap.h"
#include "vgic-private.h"

#define GUEST_SPI  40u

/* SPIs of group 1 are enabled, and go to vCPU 0. */
static inline void guest_boot_distributor(struct vgic_vm *vm)
{
        vgic_gicd_write(vm, 0, 4, 0x12);                /* GICD_CTLR: ARE, group 1 */
        for (uint32_t i = 1; i <= vm->gic.n_spis / 32; i++) {
                vgic_gicd_write(vm, 0x080 + 4 * i, 4, UINT32_MAX);
                vgic_gicd_write(vm, 0x100 + 4 * i, 4, UINT32_MAX);
        }
}

static inline struct vgic_vcpu *guest_boot_vcpu(struct vgic_vm *vm, uint32_t index)
{
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, index, NULL, &vcpu) < 0)
                tap_bail("vCPU %u cannot be registered", index);
        vgic_vcpu_power(vcpu, 1);
        vgic_gicr_write(vm, index * UINT64_C(0x20000) + 0x14, 4, 0);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

/* Clear O_NONBLOCK of a shared eventfd and fill its counter: a write would sleep for ever. */
static inline void guest_make_block(int fd)
{
        uint64_t full = UINT64_MAX - 1, old;

        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        (void)!read(fd, &old, sizeof(old));
        if (write(fd, &full, sizeof(full)) != (ssize_t)sizeof(full))
                tap_note("the counter cannot be filled: %s", strerror(errno));
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static inline bool guest_wait_disconnected(struct vgic_conn *conn)
{
        while (daemon_wait_readable(vgic_conn_fd(conn)))
                if (vgic_conn_process(conn) == -ENOTCONN)
                        return true;
        return false;
}

#endif
