/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VGIC_VM_AWAKE: GICR_WAKER after each kind of reset, of vCPUs in each state, with the flag and
 * without; and what is restored
 */
#include <stdlib.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic-snapshot.h"
#include "vgic/vgic.h"

#define N_VCPUS  4u     /* 0 runs, 1 is off, 2 is registered and never told, 3 is nobody's */
#define SPI      40u
#define ASLEEP   6u     /* IHI 0069 section 12.11.42: ChildrenAsleep, ProcessorSleep */

static struct daemon_proc daemon_;
static struct vgic_vcpu *vcpus[N_VCPUS];

static uint32_t waker(struct vgic_vm *vm, uint32_t index)
{
        uint64_t value = UINT64_MAX;

        vgic_gicr_read(vm, index * UINT64_C(0x20000) + 0x14, 4, &value);
        return (uint32_t)value;
}

static void set_waker(struct vgic_vm *vm, uint32_t value)
{
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_gicr_write(vm, i * UINT64_C(0x20000) + 0x14, 4, value);
}

static struct vgic_vm *make(struct vgic_conn *conn, uint32_t flags)
{
        struct vgic_vm *vm = daemon_vm(conn, "awake", N_VCPUS, 32, flags | VGIC_VM_EPHEMERAL);

        for (uint32_t i = 0; i < 3; i++)
                if (vgic_vcpu_register(vm, i, NULL, &vcpus[i]) < 0)
                        tap_bail("vCPU %u cannot be registered", i);
        vgic_vcpu_power(vcpus[0], 1);
        vgic_vcpu_power(vcpus[1], 0);
        return vm;
}

/* All of them are what a reset gives; a vCPU that runs has applied what was asked of it. */
static void all_are(struct vgic_vm *vm, uint32_t value, const char *what)
{
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                if (i < 3)
                        vgic_vcpu_lines(vcpus[i]);
                tap_eq(waker(vm, i), value, "%s: GICR_WAKER of vCPU %u", what, i);
        }
}

static void each_reset_leaves_an_awake_vm_awake(struct vgic_conn *conn, struct vgic_conn *tool,
                                                uint32_t flags)
{
        static const enum vgic_reset kinds[] = {
                VGIC_RESET_CPU_ON, VGIC_RESET_LAZY, VGIC_RESET_SYSTEM
        };
        uint32_t value = flags & VGIC_VM_AWAKE ? 0 : ASLEEP, other = value ? 0 : 2;
        struct vgic_vm *vm = make(conn, flags);
        struct vgic_vm_info info = { .size = sizeof(info) };

        all_are(vm, value, "at first");
        for (unsigned k = 0; k < 3; k++) {
                set_waker(vm, other);
                for (uint32_t i = 0; i < N_VCPUS; i++)
                        vgic_vm_reset_vcpu_kind(vm, i, kinds[k]);
                all_are(vm, value, "a reset from outside");
                set_waker(vm, other);
                for (uint32_t i = 0; i < N_VCPUS; i++)
                        vgic_msg_reset(tool, "awake", i, kinds[k]);
                all_are(vm, value, "a reset by message");
        }
        set_waker(vm, other);
        for (uint32_t i = 0; i < 3; i++)
                vgic_vcpu_reset(vcpus[i]);
        vgic_vm_reset_vcpu(vm, 3);
        all_are(vm, value, "the vCPU's own");
        set_waker(vm, other);
        vgic_vm_reset(vm);
        all_are(vm, value, "all at once");
        set_waker(vm, other);
        vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_POST_LOAD);
        vgic_vcpu_lines(vcpus[0]);
        tap_eq(waker(vm, 0), other ? ASLEEP : 0, "POST_LOAD leaves it as it is");
        vgic_vm_get_info(vm, &info);
        tap_eq(info.flags & VGIC_VM_AWAKE, flags & VGIC_VM_AWAKE,
               "the VM's description has the flag");
        vgic_vm_detach(vm);
}

/* A guest that never writes GICR_WAKER. */
static void guest_without_firmware_gets_an_spi(struct vgic_conn *conn)
{
        struct vgic_vm *vm = make(conn, VGIC_VM_AWAKE);

        vgic_gicd_write(vm, 0x0, 4, 0x12);
        vgic_gicd_write(vm, 0x84, 4, UINT32_MAX);
        vgic_gicd_write(vm, 0x104, 4, UINT32_MAX);
        vgic_vcpu_sysreg_write(vcpus[0], VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpus[0], VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_spi_pulse(vm, SPI);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI, "a guest that never wrote GICR_WAKER takes an SPI");
        vgic_vm_detach(vm);
}

/* What was saved wins, in both directions. */
static void saved_waker_wins_over_the_flag(struct vgic_conn *conn, uint32_t from, uint32_t to,
                                           uint32_t value)
{
        struct vgic_vm *vm = make(conn, from);
        unsigned flags;
        char why[128];
        size_t bytes;
        void *image;
        int r;

        for (uint32_t i = 0; i < 3; i++) /* an exact one */
                vgic_vcpu_power(vcpus[i], 0);
        r = vgic_snapshot_save(vm, &image, &bytes, &flags);
        if (r < 0)
                tap_bail("save: %d", r);
        vgic_vm_detach(vm);
        vm = make(conn, to);
        for (uint32_t i = 0; i < 3; i++)
                vgic_vcpu_power(vcpus[i], 0);
        r = vgic_snapshot_restore(vm, image, bytes, 0, why, sizeof(why));
        tap_eq(r, 0, "a snapshot is restored into a VM with the other flag: %s", r ? why : "");
        all_are(vm, value, "what was saved wins");
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_vm_reset_vcpu(vm, i);
        all_are(vm, value ? 0 : ASLEEP, "and after the next reset the VM's flag");
        free(image);
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn, *tool;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        each_reset_leaves_an_awake_vm_awake(conn, tool, 0);
        each_reset_leaves_an_awake_vm_awake(conn, tool, VGIC_VM_AWAKE);
        guest_without_firmware_gets_an_spi(conn);
        saved_waker_wins_over_the_flag(conn, 0, VGIC_VM_AWAKE, ASLEEP);
        saved_waker_wins_over_the_flag(conn, VGIC_VM_AWAKE, 0, 0);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
