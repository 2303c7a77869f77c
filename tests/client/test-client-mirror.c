/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Mirrors through libvgic: who may what, what a mirror has and has not,
 * across processes' views and by message
 */
#include <errno.h>
#include <string.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

#define CTLR_DEFAULT  0x8400u   /* PRIbits 4, A3V */
#define N_VCPUS       3u

static struct daemon_proc daemon_;

static struct vgic_vm *create(struct vgic_conn *conn, const char *name, uint32_t flags)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = N_VCPUS,
                                         .n_spis = 32, .flags = flags };
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

static void before_init(struct vgic_vm *vm)
{
        uint64_t value;
        uint32_t epoch;

        tap_ok(vgic_mirror_read(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, &value) ==
               -ENODATA &&
               vgic_mirror_epoch(vm, 0, VGIC_ICC_CTLR_EL1, &epoch) == -ENODATA &&
               vgic_mirror_publish(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, 0, 0) ==
               -ENODATA &&
               vgic_mirror_invalidate(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT) ==
               -ENODATA,
               "before INIT: not initialised");
}

/* What a VMM with a kernel's controller does: doc/kvm-mirror.md. */
static void a_life(struct vgic_vm *vm, struct vgic_vm *observer)
{
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t value = 0;
        uint32_t epoch;

        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_mirror_publish(vm, i, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, CTLR_DEFAULT,
                                    VGIC_MIRROR_ANY_EPOCH);
        tap_ok(vgic_mirror_read(observer, 2, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, &value) == 0 &&
               value == CTLR_DEFAULT,
               "the default is published once; an observer reads it");
        tap_ok(vgic_vm_icc_ctlr(observer, 1, &ctlr) == 0 && ctlr.valid == VGIC_ICC_CTLR_DEFAULT &&
               ctlr.arch_default == CTLR_DEFAULT,
               "vgic_vm_icc_ctlr() shows it, and that nothing else is known");
        vgic_mirror_epoch(vm, 1, VGIC_ICC_CTLR_EL1, &epoch);
        tap_eq(vgic_mirror_publish(vm, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                   CTLR_DEFAULT | 2, epoch),
               0, "configured, read while it was stopped anyway");
        vgic_mirror_epoch(vm, 1, VGIC_ICC_CTLR_EL1, &epoch);
        vgic_mirror_invalidate(vm, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED);
        tap_ok(vgic_mirror_read(observer, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED, &value) ==
               -ENODATA &&
               vgic_mirror_publish(vm, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                   CTLR_DEFAULT, epoch) == -ESTALE,
               "the guest ran: void; and what was read before is not taken");
        tap_ok(vgic_mirror_read(observer, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, &value) == 0 &&
               value == CTLR_DEFAULT,
               "the default stays");
        tap_eq(vgic_mirror_read(observer, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_LIVE, &value), -ENODATA,
               "live: never");
        for (uint32_t i = 0; i < 2; i++)
                vgic_mirror_publish(vm, i, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                    CTLR_DEFAULT | 1, VGIC_MIRROR_ANY_EPOCH);
        tap_ok(vgic_vm_reset_vcpu(vm, 0) == 0 &&
               vgic_mirror_read(observer, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                &value) == 0,
               "CPU_ON: what was configured stays known");
        tap_ok(vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_LAZY) == 0 &&
               vgic_mirror_read(observer, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                &value) == -ENODATA &&
               vgic_mirror_read(observer, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                &value) == 0,
               "LAZY: forgotten, of this vCPU");
        tap_ok(vgic_vm_reset(vm) == 0 &&
               vgic_mirror_read(observer, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED,
                                &value) == -ENODATA,
               "system reset: of all");
}

static void roles(struct vgic_vm *observer)
{
        tap_ok(vgic_mirror_publish(observer, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, 0,
                                   VGIC_MIRROR_ANY_EPOCH) == -EACCES &&
               vgic_mirror_invalidate(observer, 0, VGIC_ICC_CTLR_EL1,
                                      VGIC_MIRROR_DEFAULT) == -EACCES &&
               vgic_vm_reset_vcpu(observer, 0) == -EACCES,
               "an observer only reads");
}

static void no_controller(struct vgic_conn *conn, struct vgic_conn *tool, struct vgic_vm *vm)
{
        struct vgic_vcpu_state vcpu_state;
        struct vgic_irq_state irq;
        struct vgic_tdir tdir;
        struct vgic_vcpu *vcpu;
        uint64_t value;
        char token[VGIC_TOKEN_MAX + 1];

        tap_ok(vgic_vcpu_register(vm, 0, NULL, &vcpu) == -EOPNOTSUPP &&
               strstr(vgic_conn_error(conn), "mirror"),
               "no vCPU is registered: %s", vgic_conn_error(conn));
        tap_ok(vgic_gicd_read(vm, 0, 4, &value) == -EOPNOTSUPP &&
               vgic_gicd_write(vm, 0, 4, 1) == -EOPNOTSUPP &&
               vgic_gicr_read(vm, 0, 4, &value) == -EOPNOTSUPP &&
               vgic_gicr_write(vm, 0, 4, 1) == -EOPNOTSUPP,
               "no MMIO");
        tap_ok(vgic_spi_assert(vm, 32) == -EOPNOTSUPP && vgic_spi_deassert(vm, 32) == -EOPNOTSUPP &&
               vgic_spi_pulse(vm, 32) == -EOPNOTSUPP &&
               vgic_ppi_assert(vm, 0, 27) == -EOPNOTSUPP,
               "no lines");
        tap_ok(vgic_vm_irq_state(vm, 0, 32, &irq) == -EOPNOTSUPP &&
               vgic_vm_ack_count(vm, 0, 32, &value) == -EOPNOTSUPP &&
               vgic_vm_vcpu_state(vm, 0, &vcpu_state) == -EOPNOTSUPP &&
               vgic_vm_tdir(vm, &tdir) == -EOPNOTSUPP,
               "no state of interrupts");
        tap_ok(vgic_grant(vm, "disk", &(uint32_t){ 32 }, 1, token) == -EOPNOTSUPP &&
               vgic_tdir_watch(vm) == -EOPNOTSUPP,
               "no grants, no TDIR");
        tap_ok(vgic_msg_inject(tool, "mirror", 0, 32, VGIC_LINE_PULSE) == -EOPNOTSUPP &&
               strstr(vgic_conn_error(tool), "mirror"),
               "by message: %s", vgic_conn_error(tool));
        tap_ok(vgic_msg_irqs(tool, "mirror", 0, 0, &irq, 1) == -EOPNOTSUPP &&
               vgic_msg_tdir(tool, "mirror", &tdir) == -EOPNOTSUPP,
               "nor those");
}

static void messages(struct vgic_conn *tool, struct vgic_vm *vm)
{
        struct vgic_icc_ctlr ctlr = { 0 };
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t value = 0;

        vgic_mirror_publish(vm, 0, VGIC_MIRROR_GICD_IIDR, VGIC_MIRROR_DEFAULT, 0x43b,
                            VGIC_MIRROR_ANY_EPOCH);
        vgic_mirror_publish(vm, 2, VGIC_MIRROR_GICR_TYPER, VGIC_MIRROR_DEFAULT,
                            UINT64_C(0x200000210), VGIC_MIRROR_ANY_EPOCH);
        tap_ok(vgic_msg_mirror_read(tool, "mirror", 0, VGIC_MIRROR_GICD_IIDR, VGIC_MIRROR_DEFAULT,
                                    &value) == 0 &&
               value == 0x43b,
               "a tool reads by message");
        tap_ok(vgic_msg_mirror_read(tool, "mirror", 2, VGIC_MIRROR_GICR_TYPER, VGIC_MIRROR_DEFAULT,
                                    &value) == 0 &&
               value == UINT64_C(0x200000210),
               "64 bits, too");
        tap_eq(vgic_msg_mirror_read(tool, "mirror", 0, VGIC_ICC_PMR_EL1, VGIC_MIRROR_DEFAULT,
                                    &value),
               -ENODATA, "what is not known is an error");
        tap_eq(vgic_msg_mirror_read(tool, "mirror", 2, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_LIVE, &value),
               -ENODATA, "live, too");
        tap_eq(vgic_msg_mirror_read(tool, "mirror", 3, VGIC_ICC_PMR_EL1, VGIC_MIRROR_DEFAULT,
                                    &value),
               -EINVAL, "no such vCPU");
        tap_eq(vgic_msg_mirror_read(tool, "mirror", 0, VGIC_ICC_IAR1_EL1, VGIC_MIRROR_DEFAULT,
                                    &value),
               -EINVAL, "no such register");
        tap_ok(vgic_msg_icc_ctlr(tool, "mirror", 1, &ctlr) == 0 &&
               ctlr.valid == VGIC_ICC_CTLR_DEFAULT && ctlr.arch_default == CTLR_DEFAULT,
               "ICC_CTLR_GET");
        vgic_mirror_publish(vm, 1, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED, CTLR_DEFAULT,
                            VGIC_MIRROR_ANY_EPOCH);
        tap_ok(vgic_msg_reset(tool, "mirror", 1, VGIC_RESET_LAZY) == 0 &&
               vgic_msg_icc_ctlr(tool, "mirror", 1, &ctlr) == 0 &&
               ctlr.valid == VGIC_ICC_CTLR_DEFAULT,
               "RESET");
        tap_ok(vgic_vm_query(tool, "mirror", &info) == 0 && info.flags == VGIC_VM_MIRROR &&
               info.initialised,
               "what it is, is told");
}

/* A VM with a delivering controller is no mirror. */
static void no_mirror(struct vgic_conn *tool)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = create(conn, "real", 0);
        uint64_t value;
        uint32_t epoch;

        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        tap_ok(vgic_mirror_read(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, &value) ==
               -EOPNOTSUPP &&
               vgic_mirror_publish(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, 0,
                                   VGIC_MIRROR_ANY_EPOCH) == -EOPNOTSUPP &&
               vgic_mirror_epoch(vm, 0, VGIC_ICC_CTLR_EL1, &epoch) == -EOPNOTSUPP &&
               vgic_mirror_invalidate(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT) ==
               -EOPNOTSUPP,
               "a delivering controller is no mirror");
        tap_eq(vgic_msg_mirror_read(tool, "real", 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT,
                                    &value),
               -EOPNOTSUPP, "a VM that is no mirror, read by message: -EOPNOTSUPP");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* The VMM dies and comes back: what was published is there. */
static void comes_back(void)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = NULL;
        uint64_t value = 0;

        tap_eq(vgic_vm_attach(conn, "mirror", VGIC_ROLE_VMM, &vm), 0,
               "another process of the VMM attaches");
        tap_ok(vm && vgic_mirror_read(vm, 2, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, &value) == 0 &&
                       value == CTLR_DEFAULT,
               "the next VMM of a mirror reads what the first published");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

int main(void)
{
        struct vgic_conn *conn, *tool, *watcher;
        struct vgic_vm *vm, *observer = NULL;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        watcher = daemon_connect(&daemon_);
        vm = create(conn, "mirror", VGIC_VM_MIRROR);
        before_init(vm);
        tap_ok(vgic_vm_init(vm) == 0 &&
               vgic_vm_attach(watcher, "mirror", VGIC_ROLE_OBSERVER, &observer) == 0,
               "init, and an observer");
        a_life(vm, observer);
        roles(observer);
        no_controller(conn, tool, vm);
        messages(tool, vm);
        no_mirror(tool);
        vgic_vm_detach(observer);
        vgic_vm_detach(vm);
        comes_back();
        vgic_disconnect(watcher);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
