/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Kinds of reset through the library and by message: of vCPUs that run, are off, are nobody's, come
 * back
 */
#include <errno.h>
#include <string.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_VCPUS 4u /* 0 runs, 1 is off, 2 is registered and never told, 3 is nobody's */
#define SPI 40u
#define EOIMODE 2u
#define OPEN 0xf8u /* ICC_PMR_EL1 as guest_open_vcpu() leaves it: five bits of 0xff */

static struct daemon_proc daemon_;
static struct vgic_vcpu *vcpus[N_VCPUS];

/* As a guest leaves it: open for group 1, ICC_CTLR_EL1.EOImode set. */
static void disturb(struct vgic_vm *vm, uint32_t index)
{
        guest_open_vcpu(vm, vcpus[index], true);
        vgic_vcpu_sysreg_write(vcpus[index], VGIC_ICC_CTLR_EL1, EOIMODE);
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
        return ctlr.live == (ctlr.arch_default | writable) && (ctlr.valid & VGIC_ICC_CTLR_LIVE) &&
               (ctlr.valid & VGIC_ICC_CTLR_DEFAULT) &&
               ((ctlr.valid & VGIC_ICC_CTLR_CONFIGURED) != 0) == configured;
}

static void bring_up_four_kinds_of_vcpus(struct vgic_vm *vm)
{
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                vcpus[i] = guest_register(vm, i, NULL);
                disturb(vm, i);
        }
        vgic_vcpu_power(vcpus[0], 1);
        vgic_vcpu_power(vcpus[1], 0);
        vgic_vcpu_unregister(vcpus[3]);
}

static void cpu_on_waits_for_who_runs_only(struct vgic_vm *vm)
{
        uint64_t before = resets(vm, 1), value = 0;

        for (uint32_t i = 0; i < N_VCPUS; i++)
                tap_eq(vgic_vm_reset_vcpu_kind(vm, i, VGIC_RESET_CPU_ON), 0, "CPU_ON of vCPU %u",
                       i);
        tap_ok(pmr(vm, 1) == 0 && pmr(vm, 3) == 0 && resets(vm, 1) == before + 1,
               "CPU_ON: who is off, and who is nobody's, is reset at once");
        tap_ok(pmr(vm, 0) == OPEN && pmr(vm, 2) == OPEN,
               "CPU_ON: who may be running is not, but for ICC_CTLR_EL1");
        for (uint32_t i = 0; i < N_VCPUS; i++)
                tap_ok(live_is(vm, i, 0, true),
                       "vCPU %u: ICC_CTLR_EL1 as at reset; what was configured stays known", i);
        vgic_vcpu_sysreg_read(vcpus[0], VGIC_ICC_RPR_EL1, &value);
        tap_ok(value == 0xff && pmr(vm, 0) == 0 && pmr(vm, 2) == OPEN,
               "CPU_ON posted to vCPUs 0 and 2, vCPU 0 reads ICC_RPR_EL1: applied to vCPU 0 only");
        vgic_vcpu_lines(vcpus[2]);
        tap_eq(pmr(vm, 2), 0, "CPU_ON posted, vCPU 2 looks at its lines: applied to it, too");
}

static void other_kinds_differ_in_what_is_configured(struct vgic_vm *vm, struct vgic_conn *tool)
{
        disturb(vm, 0);
        disturb(vm, 2);
        tap_ok(vgic_msg_reset(tool, "reset", 0, VGIC_RESET_LAZY) == 0 && live_is(vm, 0, 0, false) &&
                       live_is(vm, 2, EOIMODE, true),
               "LAZY, by message: nothing is configured; of this vCPU");
        vgic_vcpu_lines(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "LAZY, then the vCPU looks at its lines: reset");
        disturb(vm, 0);
        vgic_vm_reset_vcpu(vm, 0);
        vgic_vcpu_lines(vcpus[0]);
        vgic_vcpu_sysreg_write(vcpus[0], VGIC_ICC_PMR_EL1, 0x80);
        tap_ok(vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_POST_LOAD) == 0 &&
                       live_is(vm, 0, EOIMODE, true) && pmr(vm, 0) == 0x80,
               "POST_LOAD: what was configured is live, nothing else changes");
        tap_ok(vgic_msg_reset(tool, "reset", 77, VGIC_RESET_SYSTEM) == 0 &&
                       live_is(vm, 0, 0, false) && live_is(vm, 2, 0, false),
               "SYSTEM, by message: of all, whichever vCPU is named");
        vgic_vcpu_lines(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "SYSTEM, then the vCPU looks at its lines: reset");
        tap_ok(vgic_vm_reset_vcpu_kind(vm, N_VCPUS, VGIC_RESET_LAZY) == -EINVAL &&
                       vgic_vm_reset_vcpu_kind(vm, 0, (enum vgic_reset)0) == -EINVAL &&
                       vgic_vm_reset_vcpu_kind(vm, 0, (enum vgic_reset)5) == -EINVAL,
               "no such vCPU, no such kind: -EINVAL");
        tap_ok(vgic_msg_reset(tool, "reset", N_VCPUS, VGIC_RESET_LAZY) == -EINVAL &&
                       vgic_msg_reset(tool, "reset", 0, (enum vgic_reset)5) == -EINVAL,
               "no such vCPU, no such kind, by message: -EINVAL");
}

/* Posted to a vCPU whose process goes away before it looks. */
static void posted_reset_is_applied_when_given_back(struct vgic_vm *vm)
{
        disturb(vm, 0);
        vgic_vm_reset_vcpu(vm, 0);
        tap_eq(pmr(vm, 0), OPEN, "a reset is asked for: the vCPU, which runs, has not applied it");
        vgic_vcpu_unregister(vcpus[0]);
        tap_eq(pmr(vm, 0), 0, "asked for, then the vCPU is given back: applied");
        vcpus[0] = guest_register(vm, 0, NULL);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), VGIC_INTID_SPURIOUS,
               "asked for, given back, registered again: the next owner has a reset vCPU");
}

/* An SPI that was acknowledged and whose level is still high. */
static void reset_ends_what_its_vcpu_acknowledged(struct vgic_vm *vm)
{
        struct vgic_irq_state irq = { 0 };

        disturb(vm, 0);
        guest_open_distributor(vm);
        guest_open_spis(vm, 32);
        vgic_spi_assert(vm, SPI);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI, "SPI high: its vCPU acknowledges it");
        vgic_vcpu_power(vcpus[0], 0);
        vgic_vm_reset_vcpu(vm, 0);
        vgic_vm_irq_state(vm, 0, SPI, &irq);
        tap_ok(!irq.active && irq.pending && irq.line && irq.enabled,
               "SPI active and high, its vCPU off and reset: not active, pending by its level");
        vgic_vcpu_power(vcpus[0], 1);
        disturb(vm, 0);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI,
               "SPI high, its vCPU reset and on: it is taken again");
}

static void observer_may_not_reset(struct vgic_conn *watcher)
{
        struct vgic_vm *vm = NULL;

        tap_ok(vgic_vm_attach(watcher, "reset", VGIC_ROLE_OBSERVER, &vm) == 0 &&
                       vgic_vm_reset_vcpu_kind(vm, 0, VGIC_RESET_LAZY) == -EACCES,
               "an observer asks for a reset: -EACCES");
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
        bring_up_four_kinds_of_vcpus(vm);
        cpu_on_waits_for_who_runs_only(vm);
        other_kinds_differ_in_what_is_configured(vm, tool);
        posted_reset_is_applied_when_given_back(vm);
        reset_ends_what_its_vcpu_acknowledged(vm);
        observer_may_not_reset(tool);
        vgic_vm_detach(vm);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
