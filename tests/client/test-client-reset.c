/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Kinds of reset through the library and by message: of vCPUs that run, are off, are nobody's, come back
 */
#include <errno.h>
#include <string.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_VCPUS  4u     /* 0 runs, 1 is off, 2 is registered and never told, 3 is nobody's */
#define SPI      40u
#define EOIMODE  2u

static struct daemon_proc daemon_;
static struct vgic_vcpu *vcpus[N_VCPUS];

/* As a guest leaves it: mask open, ICC_CTLR_EL1.EOImode set. */
static void disturb(struct vgic_vm *vm, uint32_t index)
{
        vgic_gicr_write(vm, index * 0x20000u + 0x14, 4, 0);
        vgic_vcpu_sysreg_write(vcpus[index], VGIC_ICC_PMR_EL1, 0xf0);
        vgic_vcpu_sysreg_write(vcpus[index], VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_vcpu_sysreg_write(vcpus[index], VGIC_ICC_CTLR_EL1, EOIMODE);
}

static struct vgic_vcpu *take(struct vgic_vm *vm, uint32_t index)
{
        if (vgic_vcpu_register(vm, index, NULL, &vcpus[index]) < 0)
                tap_bail("vCPU %u cannot be registered", index);
        return vcpus[index];
}

static uint32_t pmr(struct vgic_vm *vm, uint32_t index)
{
        struct vgic_vcpu_state state = { 0 };

        vgic_vm_vcpu_state(vm, index, &state);
        return state.pmr;
}

static uint64_t resets(struct vgic_vm *vm, uint32_t index)
{
        struct vgic_vcpu_state state = { 0 };

        vgic_vm_vcpu_state(vm, index, &state);
        return state.resets;
}

static bool live_is(struct vgic_vm *vm, uint32_t index, uint32_t writable, bool configured)
{
        struct vgic_icc_ctlr ctlr = { 0 };

        vgic_vm_icc_ctlr(vm, index, &ctlr);
        return ctlr.live == (ctlr.arch_default | writable) && (ctlr.valid & VGIC_ICC_CTLR_LIVE) && (ctlr.valid & VGIC_ICC_CTLR_DEFAULT) &&
               ((ctlr.valid & VGIC_ICC_CTLR_CONFIGURED) != 0) == configured;
}

static void everybody(struct vgic_vm *vm)
{
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                take(vm, i);
                disturb(vm, i);
        }
        vgic_vcpu_power(vcpus[0], 1);
        vgic_vcpu_power(vcpus[1], 0);
        vgic_vcpu_unregister(vcpus[3]);
}

static void cpu_on(struct vgic_vm *vm)
{
        uint64_t before = resets(vm, 1), value = 0;

        for (uint32_t i = 0; i < N_VCPUS; i++)
                tap_eq(vgic_vm_reset_vcpu_kind(vm, i, VGIC_RESET_CPU_ON), 0, "CPU_ON of vCPU %u", i);
        tap_ok(pmr(vm, 1) == 0 && pmr(vm, 3) == 0 && resets(vm, 1) == before + 1, "who is off, and who is nobody's, is reset at once");
        tap_ok(pmr(vm, 0) == 0xf0 && pmr(vm, 2) == 0xf0, "who may be running is not, but for ICC_CTLR_EL1");
        for (uint32_t i = 0; i < N_VCPUS; i++)
                tap_ok(live_is(vm, i, 0, true), "vCPU %u: ICC_CTLR_EL1 as at reset; what was configured stays known", i);
        vgic_vcpu_sysreg_read(vcpus[0], VGIC_ICC_RPR_EL1, &value);
        tap_ok(value == 0xff && pmr(vm, 0) == 0 && pmr(vm, 2) == 0xf0, "its next operation, and nobody else's, applies it");
        vgic_vcpu_lines(vcpus[2]);
        tap_eq(pmr(vm, 2), 0, "and so does the other's");
}

static void other_kinds(struct vgic_vm *vm, struct vgic_conn *tool)
{
        disturb(vm, 0);
        disturb(vm, 2);
        tap_ok(vgic_msg_reset(tool, "reset", 0, VGIC_RESET_LAZY) == 0 && live_is(vm, 0, 0, false) && live_is(vm, 2, EOIMODE, true),
               "LAZY, by message: nothing is configured; of this vCPU");
        vgic_vcpu_lines(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "LAZY: reset");
        disturb(vm, 0);
        vgic_vm_reset_vcpu(vm, 0);
        vgic_vcpu_lines(vcpus[0]);
        vgic_vcpu_sysreg_write(vcpus[0], VGIC_ICC_PMR_EL1, 0x80);
        tap_ok(vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_POST_LOAD) == 0 && live_is(vm, 0, EOIMODE, true) && pmr(vm, 0) == 0x80,
               "POST_LOAD: what was configured is live, nothing else changes");
        tap_ok(vgic_msg_reset(tool, "reset", 77, VGIC_RESET_SYSTEM) == 0 && live_is(vm, 0, 0, false) && live_is(vm, 2, 0, false),
               "SYSTEM, by message: of all, whichever vCPU is named");
        vgic_vcpu_lines(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "SYSTEM: reset");
        tap_ok(vgic_vm_reset_vcpu_kind(vm, N_VCPUS, VGIC_RESET_LAZY) == -EINVAL && vgic_vm_reset_vcpu_kind(vm, 0, (enum vgic_reset)0) == -EINVAL &&
               vgic_vm_reset_vcpu_kind(vm, 0, (enum vgic_reset)5) == -EINVAL, "no such vCPU, no such kind");
        tap_ok(vgic_msg_reset(tool, "reset", N_VCPUS, VGIC_RESET_LAZY) == -EINVAL && vgic_msg_reset(tool, "reset", 0, (enum vgic_reset)5) == -EINVAL,
               "nor by message");
}

/* Posted to a vCPU whose process goes away before it looks. */
static void given_back(struct vgic_vm *vm)
{
        disturb(vm, 0);
        vgic_vm_reset_vcpu(vm, 0);
        tap_eq(pmr(vm, 0), 0xf0, "asked for");
        vgic_vcpu_unregister(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "given back: applied");
        take(vm, 0);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), VGIC_INTID_SPURIOUS, "and the next owner has a reset vCPU");
}

/* An SPI that was acknowledged and whose level is still high. */
static void held(struct vgic_vm *vm)
{
        struct vgic_irq_state irq = { 0 };

        disturb(vm, 0);
        vgic_gicd_write(vm, 0x0, 4, 2);
        vgic_gicd_write(vm, 0x80 + SPI / 32 * 4, 4, UINT32_MAX);
        vgic_gicd_write(vm, 0x100 + SPI / 32 * 4, 4, 1u << SPI % 32);
        vgic_spi_assert(vm, SPI);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI, "acknowledged");
        vgic_vcpu_power(vcpus[0], 0);
        vgic_vm_reset_vcpu(vm, 0);
        vgic_vm_irq_state(vm, 0, SPI, &irq);
        tap_ok(!irq.active && irq.pending && irq.line && irq.enabled, "a reset of its vCPU ends it; its level pends");
        vgic_vcpu_power(vcpus[0], 1);
        disturb(vm, 0);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI, "and is taken again");
}

static void observer(struct vgic_conn *watcher)
{
        struct vgic_vm *vm = NULL;

        tap_ok(vgic_vm_attach(watcher, "reset", VGIC_ROLE_OBSERVER, &vm) == 0 && vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_LAZY) == -EACCES,
               "an observer may not");
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn, *tool;
        struct vgic_vm *vm;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        vm = daemon_vm(conn, "reset", N_VCPUS, 32, 0);
        everybody(vm);
        cpu_on(vm);
        other_kinds(vm, tool);
        given_back(vm);
        held(vm);
        observer(tool);
        vgic_vm_detach(vm);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
