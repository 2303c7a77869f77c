/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR of a VM that leaves an SPI in flight: the daemon rests, and hears of its end however it ends
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-fd.h"
#include "daemon-proc.h"
#include "daemon-raw.h"
#include "guest.h"
#include "proto-limits.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-private.h"

#define N_SPIS    64u
#define SPI       40u
#define LAG_MS    1u
#define NAP_MS   20u            /* of a daemon that looked every LAG_MS: many looks */

struct rig {
        struct daemon_proc *proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        int event;              /* subscribed */
};

static void nap(void)
{
        nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000l }, NULL);
}

static uint32_t awaited(const struct rig *rig)
{
        return shm_load(&rig->vm->gic.header->tdir_awaited, COUNT_X1);
}

static uint64_t n_looks(const struct rig *rig)
{
        return shm_tdir_read_stats(&rig->vm->gic).suppressed;
}

static bool wait_awaited(const struct rig *rig, uint32_t intid)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (awaited(rig) != intid && base_clock_ns() < deadline)
                nap();
        return awaited(rig) == intid;
}

static bool wait_clear(const struct rig *rig)
{
        struct vgic_tdir tdir = { 0 };
        uint64_t count;

        while (vgic_vm_tdir(rig->vm, &tdir) == 0 && tdir.set)
                if (!daemon_wait_readable(rig->event) ||
                    read(rig->event, &count, sizeof(count)) != (ssize_t)sizeof(count))
                        return false;
        return true;
}

/* --- the ways in which an SPI leaves flight --- */

static void is_ended(struct rig *rig)
{
        vgic_vcpu_eoi(rig->vcpu, 1, vgic_vcpu_ack(rig->vcpu, 1));
}

static void is_acknowledged_and_deactivated(struct rig *rig)
{
        vgic_vcpu_ack(rig->vcpu, 1);
        vgic_gicd_write(rig->vm, 0x380 + SPI / 32 * 4, 4, 1u << SPI % 32);      /* ICACTIVER */
}

static void is_cleared(struct rig *rig)
{
        vgic_gicd_write(rig->vm, 0x280 + SPI / 32 * 4, 4, 1u << SPI % 32);      /* ICPENDR */
}

static void is_disabled(struct rig *rig)
{
        vgic_gicd_write(rig->vm, 0x180 + SPI / 32 * 4, 4, 1u << SPI % 32);      /* ICENABLER */
}

static void is_routed_to_nobody(struct rig *rig)
{
        vgic_gicd_write(rig->vm, 0x6000 + SPI * 8, 8, 0x77);                    /* IROUTER */
}

static void is_reset_by_message(struct rig *rig)
{
        vgic_msg_reset(rig->conn, "rest", 0, VGIC_RESET_SYSTEM);
}

static void is_a_level_that_falls(struct rig *rig)
{
        vgic_spi_deassert(rig->vm, SPI);
}

static void is_lowered_by_the_daemon(struct rig *rig)
{
        struct vgic_conn *tool = daemon_connect(rig->proc);

        vgic_msg_inject(tool, "rest", 0, SPI, VGIC_LINE_DEASSERT);
        vgic_disconnect(tool);
}

/* Listed after the daemon began to rest, and ended in the list register. */
static void ends_in_a_list_register(struct rig *rig)
{
        struct vgic_lr_bank bank;

        if (vgic_lr_enter(rig->vcpu, &bank) < 0)
                tap_bail("enter: %s", vgic_conn_error(rig->conn));
        tap_ok((uint32_t)bank.ich_lr[0] == SPI && (bank.ich_lr[0] & UINT64_C(1) << 41),
               "an awaited SPI is listed so that its end traps");
        bank.ich_lr[0] &= ~VGIC_ICH_LR_STATE;
        vgic_lr_exit(rig->vcpu, &bank);
}

/* --- the ways in which one comes into flight --- */

static void pulse(struct rig *rig)
{
        vgic_spi_pulse(rig->vm, SPI);
}

static void raise_level(struct rig *rig)
{
        vgic_spi_assert(rig->vm, SPI);
}

static void raise_by_message(struct rig *rig)
{
        struct vgic_conn *tool = daemon_connect(rig->proc);

        vgic_msg_inject(tool, "rest", 0, SPI, VGIC_LINE_ASSERT);
        vgic_disconnect(tool);
}

static void pulse_and_acknowledge(struct rig *rig)
{
        vgic_spi_pulse(rig->vm, SPI);
        vgic_vcpu_ack(rig->vcpu, 1);
}

static void is_ended_alone(struct rig *rig)
{
        vgic_vcpu_eoi(rig->vcpu, 1, SPI);
}

static const struct {
        const char *name;
        void (*raise)(struct rig *rig);
        void (*end)(struct rig *rig);
        uint32_t n_list_registers;
} ways[] = {
        { "pending, acknowledged and ended", pulse, is_ended, 0 },
        { "pending, acknowledged, GICD_ICACTIVER", pulse, is_acknowledged_and_deactivated, 0 },
        { "pending, GICD_ICPENDR", pulse, is_cleared, 0 },
        { "pending, GICD_ICENABLER", pulse, is_disabled, 0 },
        { "pending, GICD_IROUTER names nobody", pulse, is_routed_to_nobody, 0 },
        { "pending, the system is reset by message", pulse, is_reset_by_message, 0 },
        { "a level of the VMM that falls", raise_level, is_a_level_that_falls, 0 },
        { "a level of a tool that falls", raise_by_message, is_lowered_by_the_daemon, 0 },
        { "active, ended", pulse_and_acknowledge, is_ended_alone, 0 },
        { "pending, ended in a list register", pulse, ends_in_a_list_register, 4 },
};

static struct rig set_up(struct daemon_proc *proc, uint32_t n_list_registers)
{
        struct rig rig = { .proc = proc, .conn = daemon_connect(proc), .event = base_fd_eventfd() };

        rig.vm = daemon_vm(rig.conn, "rest", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        guest_open_distributor(rig.vm);
        guest_open_spis(rig.vm, N_SPIS);
        rig.vcpu = guest_boot_vcpu(rig.vm, 0, n_list_registers);
        if (vgic_tdir_subscribe(rig.vcpu, rig.event) < 0)
                tap_bail("subscribe: %s", vgic_conn_error(rig.conn));
        return rig;
}

static void tear_down(struct rig *rig)
{
        vgic_vcpu_unregister(rig->vcpu);
        vgic_vm_destroy(rig->conn, "rest");
        vgic_vm_detach(rig->vm);
        vgic_disconnect(rig->conn);
        close(rig->event);
}

static void daemon_rests_and_hears_of_each_end(struct daemon_proc *proc, size_t i)
{
        struct rig rig = set_up(proc, ways[i].n_list_registers);
        uint64_t before;

        ways[i].raise(&rig);
        tap_ok(wait_awaited(&rig, SPI), "%s: after some looks the daemon waits for its end",
               ways[i].name);
        before = n_looks(&rig);
        nap();
        tap_eq((int64_t)n_looks(&rig), (int64_t)before, "%s: until then it does not look",
               ways[i].name);
        ways[i].end(&rig);
        tap_ok(wait_clear(&rig), "%s: then TDIR is cleared, and the subscriber told", ways[i].name);
        tap_eq(awaited(&rig), 0, "%s: the daemon waits no more", ways[i].name);
        tap_ok(!(shm_load(shm_gic_word(&rig.vm->gic, 0, SPI), READ_A1) & GIC_WORD_NOTIFY),
               "%s: nobody wants to hear of its next end", ways[i].name);
        tear_down(&rig);
}

/* A second SPI is in flight when the first one ends. */
static void daemon_waits_for_one_after_the_other(struct daemon_proc *proc)
{
        struct rig rig = set_up(proc, 0);

        vgic_spi_assert(rig.vm, SPI);
        vgic_spi_assert(rig.vm, SPI + 1);
        tap_ok(wait_awaited(&rig, SPI), "of two SPIs in flight the daemon waits for one");
        vgic_spi_deassert(rig.vm, SPI);
        tap_ok(wait_awaited(&rig, SPI + 1), "when that has ended it waits for the other");
        vgic_spi_deassert(rig.vm, SPI + 1);
        tap_ok(wait_clear(&rig), "two SPIs, both ended: TDIR is clear");
        tear_down(&rig);
}

/* A VMM that does not know of it would not ring. */
static void daemon_goes_on_looking_for_an_old_vmm(struct daemon_proc *proc)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__Hello hello = VGIC__HELLO__INIT;
        struct rig rig = set_up(proc, 0);
        uint64_t before, deadline;
        int old = daemon_socket(proc);

        vgic_spi_assert(rig.vm, SPI);
        tap_ok(wait_awaited(&rig, SPI), "an SPI in flight, and new VMMs: the daemon waits");
        hello.features = PROTO_FEATURES_ALL & ~PROTO_FEATURE_TDIR_END;
        hello.client_name = (char *)"old";
        attach.name = (char *)"rest";
        attach.role = PROTO_ROLE_VMM;
        tap_ok(daemon_raw_call(old, PROTO_HELLO, &hello.base, NULL, 0) == PROTO_OK &&
                       daemon_raw_call(old, PROTO_VM_ATTACH, &attach.base, NULL, 0) == PROTO_OK,
               "a VMM without TDIR_END attaches");
        tap_eq(awaited(&rig), 0, "a VMM without TDIR_END: the daemon waits for no end");
        before = n_looks(&rig);
        deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        while (n_looks(&rig) < before + 64 && base_clock_ns() < deadline)
                nap();
        tap_ok(n_looks(&rig) >= before + 64 && awaited(&rig) == 0, "it looks, again and again");
        close(old);
        tap_ok(wait_awaited(&rig, SPI), "when that VMM has left the daemon waits again");
        vgic_spi_deassert(rig.vm, SPI);
        tap_ok(wait_clear(&rig), "and the end is told");
        tear_down(&rig);
}

int main(void)
{
        struct daemon_proc proc;

        daemon_start(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--tdir-lag=1", NULL } });
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
                daemon_rests_and_hears_of_each_end(&proc, i);
        daemon_waits_for_one_after_the_other(&proc);
        daemon_goes_on_looking_for_an_old_vmm(&proc);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
