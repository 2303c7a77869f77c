/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A wire is low when nobody is left who could lower it
 *
 * The daemon drives the wires of devices and of tools. When it is dead no device reaches them any
 * more: the VMM that finds it dead lowers them, and no other; while it lives, nobody but the daemon
 * does, however the connection ended. The VMM's own wire is its own affair throughout.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic-conn.h"

enum { DISK = 40, OWN = 41, TOOL = 42, MESSAGE = 43, EXTENDED = 4100, PPI = 20 };
enum { GICD_SETSPI_NSR = 0x40, GICD_CLRSPI_NSR = 0x48 };

/* What becomes of the device process, after the daemon's death and before the VMM hears of that. */
enum device { STAYS, DEASSERTS, EXITS };

struct rig {
        struct daemon_proc proc;
        struct vgic_conn *conn, *device_conn, *tool;
        struct vgic_vm *vm, *device;
        struct vgic_vcpu *vcpu;
};

static unsigned line(struct vgic_vm *vm, uint32_t intid)
{
        struct vgic_irq_state state = { .line = 2 };

        vgic_vm_irq_state(vm, 0, intid, &state);
        return state.line;
}

/* The daemon serves the device's ring when it gets to it. Return: the line came to be @level. */
static bool wait_line(struct vgic_vm *vm, uint32_t intid, unsigned level)
{
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (line(vm, intid) != level && base_clock_ns() < end)
                continue;
        return line(vm, intid) == level;
}

/* Level-sensitive SPIs of group 1 for vCPU 0, of both ranges. */
static void boot(struct rig *rig)
{
        rig->vcpu = guest_register(rig->vm, 0, NULL);
        guest_open_spis(rig->vm, 32);
        guest_open_espis(rig->vm);
        guest_open_distributor(rig->vm);
        guest_open_vcpu(rig->vm, rig->vcpu, true);
}

static void start(struct rig *rig)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "wires", .n_vcpus = 1,
                                         .n_spis = 32, .n_espis = 32 };
        const uint32_t granted[] = { DISK, EXTENDED };
        char token[VGIC_TOKEN_MAX + 1];

        *rig = (struct rig) { 0 };
        daemon_start(&rig->proc, &(struct daemon_options) { .quiet = true });
        rig->conn = daemon_connect(&rig->proc);
        rig->device_conn = daemon_connect(&rig->proc);
        rig->tool = daemon_connect(&rig->proc);
        if (vgic_vm_create(rig->conn, &config, &rig->vm) < 0 || vgic_vm_init(rig->vm) < 0 ||
            vgic_grant(rig->vm, "disk", granted, 2, token) < 0 ||
            vgic_device_attach(rig->device_conn, "wires", token, &rig->device) < 0)
                tap_bail("VM: %s", vgic_conn_error(rig->conn));
        boot(rig);
}

/* All that can hold a level, high. */
static void raise_all(struct rig *rig)
{
        vgic_spi_assert(rig->device, DISK);
        vgic_spi_assert(rig->device, EXTENDED);
        vgic_msg_inject(rig->tool, "wires", 0, TOOL, VGIC_LINE_ASSERT);
        vgic_msg_inject(rig->tool, "wires", 0, PPI, VGIC_LINE_ASSERT);
        vgic_spi_assert(rig->vm, OWN);
        vgic_gicd_write(rig->vm, GICD_SETSPI_NSR, 4, MESSAGE);
        if (!wait_line(rig->vm, DISK, 1) || !wait_line(rig->vm, EXTENDED, 1) ||
            !line(rig->vm, TOOL) || !line(rig->vm, PPI))
                tap_bail("the wires do not rise");
}

static void end(struct rig *rig)
{
        vgic_vm_detach(rig->device);
        vgic_disconnect(rig->device_conn);
        vgic_disconnect(rig->tool);
        vgic_vm_detach(rig->vm);
        vgic_disconnect(rig->conn);
        daemon_stop(&rig->proc);
}

/* How often vCPU 0 takes an interrupt, in more looks than there are: a storm takes all. */
static unsigned taken(struct rig *rig)
{
        unsigned n = 0;

        for (unsigned i = 0; i < 100; i++) {
                uint32_t intid = vgic_vcpu_ack(rig->vcpu, 1);

                if (intid == VGIC_INTID_SPURIOUS)
                        continue;
                n++;
                vgic_vcpu_eoi(rig->vcpu, 1, intid);
        }
        return n;
}

static void judge(struct rig *rig, const char *what)
{
        tap_eq(line(rig->vm, DISK), 0, "%s: the device's wire is low", what);
        tap_eq(line(rig->vm, EXTENDED), 0, "%s: that of an extended SPI, too", what);
        tap_eq(line(rig->vm, TOOL), 0, "%s: the tools' wire is low", what);
        tap_eq(line(rig->vm, PPI), 0, "%s: of a PPI, too", what);
        tap_eq(line(rig->vm, OWN), 1, "%s: the VMM's own wire stays", what);
        tap_eq(line(rig->vm, MESSAGE), 1, "%s: so does a level by GICD_SETSPI_NSR", what);
        vgic_spi_deassert(rig->vm, OWN);
        vgic_gicd_write(rig->vm, GICD_CLRSPI_NSR, 4, MESSAGE);
        tap_eq(taken(rig), 0, "%s: without those two the guest takes nothing", what);
        vgic_spi_assert(rig->vm, OWN);
        vgic_vm_reset(rig->vm);
        tap_eq(line(rig->vm, OWN), 1, "%s: a reset keeps the VMM's wire", what);
        tap_eq(line(rig->vm, DISK), 0, "%s: and raises none", what);
}

static void let_device(struct rig *rig, enum device device)
{
        if (device == DEASSERTS)
                vgic_spi_deassert(rig->device, DISK);
        if (device == EXITS) {
                vgic_vm_detach(rig->device);
                rig->device = NULL;
        }
}

static void wires_fall_after_sigkill(enum device device, const char *what)
{
        struct rig rig;

        start(&rig);
        raise_all(&rig);
        daemon_kill(&rig.proc);
        let_device(&rig, device);
        tap_eq(vgic_conn_process(rig.conn), -ENOTCONN, "%s: the VMM finds it dead", what);
        judge(&rig, what);
        end(&rig);
}

/* Each call that needs the daemon finds out, not only vgic_conn_process(). */
static void any_call_lowers(void)
{
        struct rig rig;

        start(&rig);
        raise_all(&rig);
        daemon_kill(&rig.proc);
        tap_eq(vgic_revoke(rig.vm, "disk"), -ENOTCONN, "killed: REVOKE cannot be asked");
        judge(&rig, "killed, found by REVOKE");
        end(&rig);
}

static void wires_fall_after_sigterm(void)
{
        struct rig rig;

        start(&rig);
        raise_all(&rig);
        kill(rig.proc.pid, SIGTERM);
        daemon_wait_exit(&rig.proc);
        judge(&rig, "stopped in order, and before the VMM looks");
        end(&rig);
}

/* A VM that is destroyed leaves the daemon, and its guest may go on. */
static void wires_fall_with_destroy(void)
{
        struct rig rig;

        start(&rig);
        raise_all(&rig);
        vgic_vm_destroy(rig.tool, "wires");
        judge(&rig, "destroyed");
        end(&rig);
}

/* The second VMM looks later. What the first did with its own wire meanwhile stands. */
static void second_vmm_repairs_too(void)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct rig rig;

        start(&rig);
        conn = daemon_connect(&rig.proc);
        vm = daemon_attach(conn, "wires", VGIC_ROLE_VMM);
        raise_all(&rig);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        vgic_spi_deassert(rig.vm, OWN);
        vgic_spi_assert(rig.vm, DISK);
        tap_eq(vgic_conn_process(conn), -ENOTCONN, "a second VMM finds it dead");
        tap_eq(line(vm, OWN), 0, "what the first lowered is low");
        tap_eq(line(vm, DISK), 1, "what the first holds high itself is high");
        tap_eq(line(vm, TOOL), 0, "the tools' wire stays low");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        end(&rig);
}

/* The daemon lives: a connection that it ended says nothing about the devices of others. */
static void living_daemon_keeps_wires(void)
{
        static const char other_version[] = "\x02\0\0\0\x02\0\0\0\0\0\0\0";
        const ssize_t size = sizeof(other_version) - 1;
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct rig rig;

        start(&rig);
        raise_all(&rig);
        conn = daemon_connect(&rig.proc);
        if (vgic_vm_attach(conn, "wires", VGIC_ROLE_VMM, &vm) < 0 ||
            write(conn->socket, other_version, (size_t)size) != size)
                tap_bail("second VMM: %s", strerror(errno));
        while (vgic_conn_process(conn) >= 0)
                continue;
        tap_eq(line(vm, DISK), 1, "a VMM that is disconnected leaves the device's wire high");
        tap_eq(line(vm, TOOL), 1, "a VMM that is disconnected leaves the tools' wire high");
        vgic_spi_deassert(rig.device, DISK);
        tap_ok(wait_line(vm, DISK, 0), "the device lowers it");
        vgic_spi_assert(rig.device, DISK);
        tap_ok(wait_line(vm, DISK, 1), "a VMM disconnected: the device raises its wire again");
        daemon_pause(&rig.proc);
        vgic_conn_process(conn);
        tap_eq(line(vm, DISK), 1, "a daemon that is stopped is not dead");
        daemon_kill(&rig.proc);
        vgic_conn_process(conn);
        tap_eq(line(vm, DISK), 0, "killed then: the VMM that lost its connection before lowers it");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        end(&rig);
}

int main(void)
{
        wires_fall_after_sigkill(STAYS, "killed, the device lives on");
        wires_fall_after_sigkill(DEASSERTS, "killed, the device lowers its level");
        wires_fall_after_sigkill(EXITS, "killed, the device exits");
        any_call_lowers();
        wires_fall_after_sigterm();
        wires_fall_with_destroy();
        second_vmm_repairs_too();
        living_daemon_keeps_wires();
        return tap_done();
}
