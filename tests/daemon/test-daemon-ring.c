/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A device whose ring is full, or whose daemon is dead; and connections that end with a VM attached
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic-private.h"

#define N_SPIS     96u
#define SPI_LEVEL  40u
#define SPI_OTHER  41u
#define SPI_MARK   42u

/* A device, the VMM that sees what became of its interrupts, and the daemon between them. */
struct full_ring {
        struct daemon_proc *proc;
        struct vgic_conn *conn, *vmm;   /* the device's, the VMM's */
        struct vgic_vm *vm, *device;
};

static int drive(struct vgic_vm *device, uint32_t intid, char op)
{
        return op == 'A' ? vgic_spi_assert(device, intid) :
               op == 'D' ? vgic_spi_deassert(device, intid) : vgic_spi_pulse(device, intid);
}

static void clear_pending(struct vgic_vm *vm, uint32_t intid)
{
        vgic_gicd_write(vm, 0x280 + intid / 32 * 4, 4, UINT64_C(1) << intid % 32);
}

/* Wait until the daemon has applied all: what was kept is sent, and a mark after it arrived. */
static void wait_applied(const struct full_ring *t)
{
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        const struct vgic_device *d = &t->device->device;
        struct vgic_irq_state state = { 0 };

        while ((d->unsent[0] | d->pulses[0]) && base_clock_ns() < end)
                vgic_conn_process(t->conn);
        vgic_spi_pulse(t->device, SPI_MARK); /* once: a mark that is kept is sent, too */
        while (d->pulses[0] && base_clock_ns() < end)
                vgic_conn_process(t->conn);
        while (!state.pending && base_clock_ns() < end)
                vgic_vm_irq_state(t->vm, 0, SPI_MARK, &state);
        if (!state.pending)
                tap_bail("the daemon does not take what is in the ring");
        clear_pending(t->vm, SPI_MARK);
}

static void stop_daemon_with_full_ring(const struct full_ring *t)
{
        daemon_pause(t->proc);
        while (vgic_spi_pulse(t->device, SPI_LEVEL) != -EAGAIN)
                ;
}

/*
 * Drive SPI_OTHER by @ops, from @first. Return: what became of it; *ret_kept: how many operations
 * were -EAGAIN.
 */
static struct vgic_irq_state drive_sequence(const struct full_ring *t, char first, const char *ops,
                                            bool is_full, size_t *ret_kept)
{
        struct vgic_irq_state state = { 0 };

        drive(t->device, SPI_OTHER, first);
        wait_applied(t);
        clear_pending(t->vm, SPI_OTHER);
        if (is_full)
                stop_daemon_with_full_ring(t);
        *ret_kept = 0;
        for (const char *op = ops; *op; op++)
                *ret_kept += drive(t->device, SPI_OTHER, *op) == -EAGAIN;
        if (is_full)
                daemon_resume(t->proc);
        wait_applied(t);
        vgic_vm_irq_state(t->vm, 0, SPI_OTHER, &state);
        return state;
}

/* A ring with room is the model: it delivers each operation, nothing is collapsed. */
static void sequence_has_the_effect_it_has_with_room(const struct full_ring *t, bool is_edge,
                                                     char first, const char *ops)
{
        size_t n_kept[2];
        struct vgic_irq_state want = drive_sequence(t, first, ops, false, &n_kept[0]);
        struct vgic_irq_state got = drive_sequence(t, first, ops, true, &n_kept[1]);

        tap_ok(n_kept[0] == 0 && n_kept[1] == strlen(ops) && got.pending == want.pending &&
                       got.latch == want.latch && got.line == want.line,
               "%s, wire %s, %s on a full ring: as with room (%u pending, %u latch, %u line)",
               is_edge ? "edge" : "level", first == 'A' ? "high" : "low", ops, want.pending,
               want.latch, want.line);
}

static struct full_ring full_ring_of(struct daemon_proc *proc, const char *name)
{
        struct full_ring t = {
                .proc = proc, .conn = daemon_connect(proc), .vmm = daemon_connect(proc),
        };
        uint32_t intids[] = { SPI_LEVEL, SPI_OTHER, SPI_MARK };
        char token[VGIC_TOKEN_MAX + 1];

        t.vm = daemon_vm(t.vmm, name, 1, N_SPIS, VGIC_VM_EPHEMERAL);
        if (vgic_grant(t.vm, "disk", intids, 3, token) < 0 ||
            vgic_device_attach(t.conn, name, token, &t.device) < 0)
                tap_bail("device: %s", vgic_conn_error(t.conn));
        return t;
}

/*
 * A: assert, D: deassert, P: pulse. IHI 0069 section 1.2.1: an edge-triggered interrupt is pending
 * by a rising edge whatever the wire does next, a level-sensitive one as long as the wire is high.
 */
static void full_ring_changes_no_effect(struct daemon_proc *proc)
{
        static const char *const sequences[] = {
                "A", "D", "P", "AD", "DA", "ADA", "DAD", "AAD", "DDA", "DADA", "ADAD", "PA", "PD",
                "AP", "DP", "APD", "DPA", "ADP", "PAD",
        };
        struct full_ring t = full_ring_of(proc, "edges");

        for (unsigned is_edge = 0; is_edge < 2; is_edge++) {
                vgic_gicd_write(t.vm, 0xc00 + SPI_OTHER / 16 * 4, 4, is_edge ? 0xaaaaaaaa : 0);
                for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++) {
                        sequence_has_the_effect_it_has_with_room(&t, is_edge, 'D', sequences[i]);
                        sequence_has_the_effect_it_has_with_room(&t, is_edge, 'A', sequences[i]);
                }
        }
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
}

/* The daemon goes on once the device has begun to leave, or before: either way there is room. */
static void detach_sends_what_a_full_ring_kept(struct daemon_proc *proc)
{
        struct full_ring t = full_ring_of(proc, "leaves");
        struct vgic_irq_state state = { 0 };

        stop_daemon_with_full_ring(&t);
        tap_ok(drive(t.device, SPI_OTHER, 'P') == -EAGAIN &&
                       drive(t.device, SPI_MARK, 'A') == -EAGAIN &&
                       drive(t.device, SPI_MARK, 'D') == -EAGAIN,
               "a pulse, and a level that rose and fell, find the ring full");
        daemon_resume(proc);
        vgic_vm_detach(t.device);
        tap_ok(vgic_vm_irq_state(t.vm, 0, SPI_OTHER, &state) == 0 && state.pending,
               "the device detaches: the pulse is pending");
        tap_ok(vgic_vm_irq_state(t.vm, 0, SPI_MARK, &state) == 0 && !state.pending && !state.line,
               "of the level nothing is left");
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
}

/*
 * The device's wire is low; a restore makes it high, as it was when that was saved; the rising edge
 * that found the ring full is latched all the same (IHI 0069 section 1.2.1).
 */
static void restore_takes_no_edge_of_a_full_ring(struct daemon_proc *proc)
{
        struct full_ring t = full_ring_of(proc, "restored");
        struct vgic_irq_state state = { 0 };
        char why[128] = "";
        void *image = NULL;
        size_t bytes;
        unsigned flags;

        vgic_gicd_write(t.vm, 0xc00 + SPI_OTHER / 16 * 4, 4, 0xaaaaaaaa);
        drive(t.device, SPI_OTHER, 'A');
        wait_applied(&t);
        clear_pending(t.vm, SPI_OTHER);
        if (vgic_snapshot_save(t.vm, &image, &bytes, &flags) < 0)
                tap_bail("no snapshot");
        drive(t.device, SPI_OTHER, 'D');
        wait_applied(&t);
        stop_daemon_with_full_ring(&t);
        tap_eq(drive(t.device, SPI_OTHER, 'A'), -EAGAIN, "full ring: the edge is kept");
        tap_eq(vgic_snapshot_restore(t.vm, image, bytes, 0, why, sizeof(why)), 0,
               "a restore makes the wire high%s", why);
        daemon_resume(proc);
        wait_applied(&t);
        tap_ok(vgic_vm_irq_state(t.vm, 0, SPI_OTHER, &state) == 0 && state.line && state.pending,
               "there is room: the edge is pending");
        free(image);
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
}

/* Its descriptors, by which its locks and its mapping live. */
static int count_own_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        while (dir && readdir(dir))
                n++;
        closedir(dir);
        return n;
}

static void disconnect_detaches(struct daemon_proc *proc)
{
        int before = count_own_fds();
        struct full_ring t = full_ring_of(proc, "leaver");
        struct vgic_vcpu *vcpu;
        struct vgic_vm_info info = { .size = sizeof(info) };

        if (vgic_vcpu_register(t.vm, 0, NULL, &vcpu) < 0)
                tap_bail("register: %s", vgic_conn_error(t.vmm));
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
        tap_eq(count_own_fds(), before, "a VMM and a device disconnect: no descriptor is left");
        t.conn = daemon_connect(proc);
        tap_eq(vgic_vm_query(t.conn, "leaver", &info), -ENOENT,
               "an ephemeral VM, and its last VMM has disconnected: it is gone");
        vgic_disconnect(t.conn);
}

/* A dead daemon takes nothing from the ring: the device hears of it by its own calls. */
static void device_hears_that_the_daemon_is_dead(void)
{
        struct daemon_proc proc;
        struct full_ring t;
        unsigned n = 0;
        int r;

        daemon_start(&proc, NULL);
        t = full_ring_of(&proc, "bereft");
        daemon_kill(&proc);
        while (n <= SHM_RING_ENTRIES && (r = drive(t.device, SPI_OTHER, 'P')) == 0)
                n++;
        tap_ok(n <= SHM_RING_ENTRIES && r == -ENOTCONN,
               "the daemon is dead: at most as many calls as the ring has entries return 0, then "
               "-ENOTCONN");
        tap_eq(drive(t.vm, SPI_LEVEL, 'P'), 0, "the VMM's own wire works");
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
        daemon_stop(&proc);

        daemon_start(&proc, NULL);
        t = full_ring_of(&proc, "told");
        daemon_kill(&proc);
        while (vgic_conn_process(t.conn) >= 0)
                ;
        tap_eq(drive(t.device, SPI_OTHER, 'P'), -ENOTCONN,
               "vgic_conn_process() said that the daemon is gone: so does the next line call");
        vgic_disconnect(t.conn);
        vgic_disconnect(t.vmm);
        daemon_stop(&proc);
}

int main(void)
{
        struct daemon_proc proc;

        daemon_start(&proc, NULL);
        full_ring_changes_no_effect(&proc);
        detach_sends_what_a_full_ring_kept(&proc);
        restore_takes_no_edge_of_a_full_ring(&proc);
        disconnect_detaches(&proc);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        device_hears_that_the_daemon_is_dead();
        return tap_done();
}
