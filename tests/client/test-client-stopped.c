/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A machine that its host has stopped: what may be done to its vCPUs, by the thread that stopped
 * them; its reset, as one or in parts; and what tools ask for meanwhile
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon-proc.h"
#include "port-vm.h"
#include "tap.h"
#include "vgic/vgic.h"

#define NAME  PORT_VM_NAME

enum { SPI = 40, PPI = 20, N_VCPUS = 2 };

static struct daemon_proc daemon_;
static struct vgic_vm *vm;
static struct vgic_vcpu *vcpus[N_VCPUS];

static uint64_t resets_of(uint32_t index)
{
        struct vgic_vcpu_state state;

        if (vgic_vm_vcpu_state(vm, index, &state) < 0)
                tap_bail("no state of vCPU %u", index);
        return state.resets;
}

static uint64_t read_reg(struct vgic_vcpu *vcpu, uint32_t reg)
{
        uint64_t value = 0;

        vgic_vcpu_sysreg_read(vcpu, reg, &value);
        return value;
}

/* Entered, and an SPI of vCPU 0 active: a guest in the middle of something. */
static void start(struct vgic_conn *conn)
{
        vm = create(conn);
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                vcpus[i] = guest_boot_vcpu(vm, i, 0);
                vgic_vcpu_sysreg_write(vcpus[i], VGIC_ICC_CTLR_EL1, 2); /* EOImode */
                vgic_vcpu_enter(vcpus[i]);
        }
        vgic_spi_pulse(vm, SPI);
        if (vgic_vcpu_ack(vcpus[0], 1) != SPI)
                tap_bail("the SPI did not come");
}

/* Of a reset machine: nothing is active, the interface is closed, the guest's choice forgotten. */
static bool is_as_new(void)
{
        struct vgic_icc_ctlr ctlr;
        struct vgic_irq_state spi;
        uint64_t gicd_ctlr = 1;
        bool is_new = true;

        vgic_gicd_read(vm, 0, 4, &gicd_ctlr);
        vgic_vm_irq_state(vm, 0, SPI, &spi);
        is_new = (gicd_ctlr & 3) == 0 && !spi.active && !spi.pending && !spi.enabled;
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                vgic_vm_icc_ctlr(vm, i, &ctlr);
                is_new = is_new && read_reg(vcpus[i], VGIC_ICC_PMR_EL1) == 0 &&
                         read_reg(vcpus[i], VGIC_ICC_RPR_EL1) == 0xff &&
                         !(ctlr.valid & VGIC_ICC_CTLR_CONFIGURED) &&
                         ctlr.live == ctlr.arch_default;
        }
        return is_new;
}

/* --- the event loop's thread does it all; the vCPUs' threads stand still --- */

static void stop_all(void)
{
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_vcpu_stop(vcpus[i]);
}

static void reset_whole(void)
{
        vgic_vm_reset(vm);
}

static void reset_parts(void)
{
        vgic_vm_reset_distributor(vm);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_vcpu_reset_kind(vcpus[i], VGIC_RESET_SYSTEM);
}

static void reset_parts_backwards(void)
{
        for (uint32_t i = N_VCPUS; i-- > 0;)
                vgic_vcpu_reset_kind(vcpus[i], VGIC_RESET_SYSTEM);
        vgic_vm_reset_distributor(vm);
}

struct way {
        const char *name;
        void (*reset)(void);
};

static void *do_reset(void *way)
{
        stop_all();
        ((const struct way *)way)->reset();
        return NULL;
}

static void reset_counts_once(struct vgic_conn *conn, const struct way *way)
{
        uint64_t before[N_VCPUS];
        pthread_t thread;
        unsigned n_once = 0;

        start(conn);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                before[i] = resets_of(i);
        if (pthread_create(&thread, NULL, do_reset, (void *)(uintptr_t)way) != 0)
                tap_bail("no thread");
        pthread_join(thread, NULL);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                n_once += resets_of(i) == before[i] + 1;
        tap_eq(n_once, N_VCPUS, "%s: each vCPU has one reset", way->name);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_vcpu_park_end(vcpus[i]);
        tap_ok(is_as_new(), "%s: the machine is as new", way->name);
        destroy(conn, vm);
}

/* --- one vCPU --- */

static void kinds_of_one(struct vgic_conn *conn)
{
        struct vgic_icc_ctlr ctlr;

        start(conn);
        tap_eq(vgic_vcpu_reset_kind(vcpus[1], VGIC_RESET_CPU_ON), 0, "CPU_ON");
        vgic_vm_icc_ctlr(vm, 1, &ctlr);
        tap_ok((ctlr.valid & VGIC_ICC_CTLR_CONFIGURED) && ctlr.live == ctlr.arch_default,
               "CPU_ON keeps what the guest configured");
        tap_eq(vgic_vcpu_reset_kind(vcpus[1], VGIC_RESET_POST_LOAD), 0, "POST_LOAD");
        vgic_vm_icc_ctlr(vm, 1, &ctlr);
        tap_ok(ctlr.live == ctlr.configured && (ctlr.live & 2), "which POST_LOAD makes live");
        tap_eq(vgic_vcpu_reset_kind(vcpus[1], VGIC_RESET_LAZY), 0, "LAZY");
        vgic_vm_icc_ctlr(vm, 1, &ctlr);
        tap_ok(!(ctlr.valid & VGIC_ICC_CTLR_CONFIGURED), "LAZY forgets it");
        tap_eq(vgic_vcpu_reset_kind(vcpus[1], (enum vgic_reset)9), -EINVAL, "there is no kind 9");
        destroy(conn, vm);
}

/* --- what else may be done between the stop and going on --- */

static void stopped_can_be_saved_and_go_on(struct vgic_conn *conn, struct vgic_conn *tool)
{
        unsigned flags = 0, lines;
        void *image = NULL;
        size_t bytes;

        start(conn);
        stop_all();
        if (vgic_snapshot_save(vm, &image, &bytes, &flags) < 0)
                tap_bail("not saved");
        tap_ok(flags & VGIC_SNAPSHOT_EXACT, "stopped while entered: the image is exact");
        vgic_vcpu_power(vcpus[1], 0);
        vgic_vcpu_reset(vcpus[1]);
        vgic_vcpu_power(vcpus[1], 1);
        vgic_vcpu_stop(vcpus[1]);
        tap_eq(vgic_snapshot_restore(vm, image, bytes, 0, NULL, 0), 0,
               "off, reset, on, stopped again: it can be restored");
        free(image);
        tap_eq(vgic_vcpu_sysreg_read(vcpus[1], VGIC_ICC_PMR_EL1, &(uint64_t) { 0 }), 0,
               "and read");
        vgic_spi_pulse(vm, SPI + 1);
        tap_eq(vgic_vcpu_peek_lines(vcpus[0]), 0, "the active one keeps the next back");
        vgic_vcpu_eoi(vcpus[0], 1, SPI);
        lines = vgic_vcpu_enter(vcpus[0]); /* goes on without park_end */
        tap_eq(lines, VGIC_LINE_IRQ, "it goes on by an entry, which returns what is due");
        /* vgicctl reset of a vCPU that is stopped waits for it */
        vgic_vcpu_stop(vcpus[0]);
        if (vgic_msg_reset(tool, NAME, 0, VGIC_RESET_CPU_ON) < 0)
                tap_bail("no reset: %s", vgic_conn_error(tool));
        tap_eq(vgic_vcpu_peek_lines(vcpus[0]), 0, "a tool's reset shows at once in its lines");
        tap_eq(vgic_vcpu_park_end(vcpus[0]), 0, "and is made when the vCPU goes on");
        tap_eq((int64_t)read_reg(vcpus[0], VGIC_ICC_PMR_EL1), 0, "its interface is reset");
        destroy(conn, vm);
}

static void distributor_alone(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *seen = NULL;

        start(conn);
        tap_eq(vgic_vm_reset_distributor(vm), 0, "the distributor alone");
        tap_eq((int64_t)read_reg(vcpus[0], VGIC_ICC_PMR_EL1), 0xf8, "no vCPU's interface is reset");
        if (vgic_vm_attach(tool, NAME, VGIC_ROLE_OBSERVER, &seen) < 0)
                tap_bail("cannot observe: %s", vgic_conn_error(tool));
        tap_eq(vgic_vm_reset_distributor(seen), -EACCES, "an observer resets nothing");
        vgic_vm_detach(seen);
        destroy(conn, vm);
}

int main(void)
{
        static const struct way ways[] = {
                { "the whole VM", reset_whole },
                { "distributor, then vCPUs", reset_parts },
                { "vCPUs, then distributor", reset_parts_backwards },
        };
        struct vgic_conn *conn, *tool;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
                reset_counts_once(conn, &ways[i]);
        kinds_of_one(conn);
        stopped_can_be_saved_and_go_on(conn, tool);
        distributor_alone(conn, tool);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
