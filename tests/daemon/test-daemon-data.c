/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR, grants and rings through the daemon, and clients that try to stop it
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-fd.h"
#include "daemon-proc.h"
#include "guest.h"
#include "other-proc.h"
#include "tap.h"
#include "vgic-private.h"

#define N_SPIS     96u
#define SPI_LEVEL  40u
#define SPI_OTHER  41u

/* A VM whose vCPU 0 takes group 1 SPIs. */
static struct vgic_vcpu *start_guest(struct vgic_vm *vm, uint32_t n_list_registers)
{
        guest_open_distributor(vm);
        guest_open_spis(vm, N_SPIS);
        return guest_boot_vcpu(vm, 0, n_list_registers);
}

static bool take_count(int fd)
{
        uint64_t count;

        return daemon_wait_readable(fd) &&
               read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

/* The next event, whatever it is. Return: its kind; -1 none came. */
static int next_event(struct vgic_conn *conn, struct vgic_event *event)
{
        while (vgic_conn_next_event(conn, event) == 0) {
                if (!daemon_wait_readable(vgic_conn_fd(conn)) || vgic_conn_process(conn) < 0)
                        return -1;
        }
        return (int)event->kind;
}

static bool wait_line(struct vgic_vm *vm, uint32_t intid, unsigned line)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        struct vgic_irq_state state;

        while (base_clock_ns() < deadline && vgic_vm_irq_state(vm, 0, intid, &state) == 0)
                if (state.line == line)
                        return true;
        return false;
}

static void tdir_is_broadcast_to_subscribers_and_watchers(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *watcher = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "tdir", 2, N_SPIS, VGIC_VM_EPHEMERAL), *seen;
        struct vgic_vcpu *vcpu = start_guest(vm, 0), *second;
        int events[2] = { base_fd_eventfd(), base_fd_eventfd() }, pipe_fds[2];
        struct vgic_tdir tdir = { 0 };
        struct vgic_event event;

        if (vgic_vcpu_register(vm, 1, NULL, &second) < 0 || pipe(pipe_fds) < 0)
                tap_bail("vCPU 1");
        tap_eq(vgic_tdir_subscribe(vcpu, pipe_fds[1]), -EINVAL, "a pipe is no eventfd");
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        tap_eq(vgic_tdir_subscribe(vcpu, events[0]), 0, "vCPU 0 subscribes");
        tap_eq(vgic_tdir_subscribe(vcpu, events[0]), -EEXIST,
               "a vCPU subscribes to TDIR twice: -EEXIST");
        tap_eq(vgic_tdir_subscribe(second, events[1]), 0, "vCPU 1 subscribes");
        if (vgic_vm_attach(watcher, "tdir", VGIC_ROLE_OBSERVER, &seen) < 0 ||
            vgic_tdir_watch(seen) < 0)
                tap_bail("watch: %s", vgic_conn_error(watcher));

        vgic_spi_pulse(vm, SPI_LEVEL);
        tap_ok(take_count(events[0]) && take_count(events[1]), "an SPI in flight rings both");
        tap_ok(vgic_vm_tdir(vm, &tdir) == 0 && tdir.set == 1, "TDIR is set");
        tap_ok(next_event(watcher, &event) == VGIC_EVENT_TDIR && event.tdir == 1,
               "the watcher is told");
        vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
        tap_ok(take_count(events[0]) && take_count(events[1]),
               "the SPI has ended: both subscribers are rung again");
        tap_ok(vgic_vm_tdir(vm, &tdir) == 0 && tdir.set == 0 && tdir.n_in_flight == 0,
               "TDIR is clear");
        tap_ok(next_event(watcher, &event) == VGIC_EVENT_TDIR && event.tdir == 0,
               "the watcher is told");
        tap_eq(vgic_msg_inject(watcher, "tdir", 0, SPI_OTHER, VGIC_LINE_PULSE), -EACCES,
               "an observer may not inject");

        tap_eq(vgic_tdir_unsubscribe(second), 0, "vCPU 1 unsubscribes");
        vgic_msg_inject(conn, "tdir", 0, SPI_OTHER, VGIC_LINE_PULSE);
        tap_ok(take_count(events[0]), "an injection by message raises TDIR too");
        tap_ok(poll(&(struct pollfd){ .fd = events[1], .events = POLLIN }, 1, 0) == 0,
               "vCPU 1 unsubscribed, TDIR is set: it is not rung");
        vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
        tap_ok(take_count(events[0]), "the SPI has ended, vCPU 0 subscribes: it is rung");

        vgic_vcpu_unregister(vcpu);
        vgic_vcpu_unregister(second);
        vgic_vm_detach(seen);
        vgic_vm_detach(vm);
        vgic_disconnect(watcher);
        vgic_disconnect(conn);
        close(events[0]);
        close(events[1]);
}

static void tdir_is_exact_while_nobody_subscribes(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "exact", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu = start_guest(vm, 0);
        struct vgic_tdir tdir = { 0 };

        vgic_spi_pulse(vm, SPI_LEVEL);
        tap_ok(vgic_msg_tdir(conn, "exact", &tdir) == 0 && tdir.set && tdir.n_in_flight == 1,
               "without subscribers: set by one SPI");
        vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
        tap_ok(vgic_msg_tdir(conn, "exact", &tdir) == 0 && !tdir.set && tdir.n_in_flight == 0,
               "TDIR without subscribers, its one SPI ended: clear in the next answer");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/*
 * A vCPU that leaves the guest when it is rung, and for no other reason,
 * ends an SPI in its list register.
 */
static void vcpu_in_guest_is_asked_before_tdir_clears(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "in-guest", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu = start_guest(vm, 1);
        struct vgic_tdir tdir = { 0 };
        struct vgic_lr_bank bank;
        int event = base_fd_eventfd();

        if (vgic_tdir_subscribe(vcpu, event) < 0)
                tap_bail("subscribe: %s", vgic_conn_error(conn));
        /* GICD_ICFGR2: an edge */
        vgic_gicd_write(vm, 0xc08, 4, UINT32_C(2) << 2 * (SPI_LEVEL % 16));
        vgic_spi_pulse(vm, SPI_LEVEL);
        tap_eq(vgic_lr_enter(vcpu, &bank), 0, "one list register, enter: 0");
        tap_ok((uint32_t)bank.ich_lr[0] == SPI_LEVEL && (bank.ich_hcr & VGIC_ICH_HCR_TDIR),
               "an SPI is in it, and DIR traps");
        bank.ich_lr[0] &= ~VGIC_ICH_LR_STATE;
        tap_ok(take_count(vgic_vcpu_fd(vcpu)),
               "an SPI ended in a list register in guest: the daemon rings the vCPU");
        tap_eq(vgic_lr_exit(vcpu, &bank), 0, "the vCPU folds");
        do
                vgic_vm_tdir(vm, &tdir);
        while (tdir.set && take_count(event));
        tap_ok(!tdir.set && tdir.n_in_flight == 0,
               "an SPI ended in a list register, folded: TDIR is clear, none in flight");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        close(event);
}

/* A device of its own process: it asserts an SPI, and waits to be killed. */
struct other_device {
        const struct daemon_proc *proc;
        const char *vm;
        const char *token;
};

static void attach_and_assert(void *arg)
{
        const struct other_device *device = arg;
        struct vgic_conn *conn = daemon_connect(device->proc);
        struct vgic_vm *vm;

        if (vgic_device_attach(conn, device->vm, device->token, &vm) < 0 ||
            vgic_spi_assert(vm, SPI_LEVEL) < 0)
                _exit(1);
}

static void device_drives_what_it_was_granted(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *dev = daemon_connect(proc),
                         *late = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "dev", 1, N_SPIS, VGIC_VM_EPHEMERAL), *device, *none;
        uint32_t intids[] = { SPI_LEVEL, SPI_OTHER }, bad[] = { 16 };
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_vcpu *vcpu = start_guest(vm, 0);
        char token[VGIC_TOKEN_MAX + 1], guess[VGIC_TOKEN_MAX + 1];
        struct vgic_event event;
        pid_t pid;

        tap_eq(vgic_grant(vm, "disk", bad, 1, token), -EINVAL, "a PPI cannot be granted");
        tap_eq(vgic_grant(vm, "disk", intids, 2, token), 0, "two SPIs are granted");
        tap_eq(vgic_grant(vm, "disk", intids, 2, guess), -EEXIST, "under one label once");
        memset(guess, '0', VGIC_TOKEN_MAX);
        guess[VGIC_TOKEN_MAX] = '\0';
        tap_eq(vgic_device_attach(dev, "dev", guess, &device), -EACCES,
               "a guessed token is refused");
        tap_eq(vgic_device_attach(dev, "dev", token, &device), 0, "the right one attaches: %s",
               vgic_conn_error(dev));
        tap_eq(vgic_device_attach(late, "dev", token, &none), -EBUSY,
               "a second device attaches to a grant in use: -EBUSY");
        tap_eq(vgic_spi_assert(device, 50), -EACCES,
               "a device asserts what it was not granted: -EACCES");

        tap_eq(vgic_spi_assert(device, SPI_LEVEL), 0, "the device asserts by ring");
        tap_eq(vgic_vcpu_park(vcpu, base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000), NULL, 0),
               VGIC_WAKE_IRQ, "a parked vCPU wakes");
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI_LEVEL, "a device asserted SPI_LEVEL: the vCPU takes it");
        tap_eq(vgic_spi_deassert(device, SPI_LEVEL), 0, "the device lowers its wire");
        tap_ok(wait_line(vm, SPI_LEVEL, 0), "a device deasserts SPI_LEVEL: the line is low");
        vgic_vcpu_eoi(vcpu, 1, SPI_LEVEL);
        tap_ok(next_event(dev, &event) == VGIC_EVENT_EOI && event.intid == SPI_LEVEL,
               "the end of interrupt comes back");
        for (unsigned i = 0; i < 2000; i++) {           /* more than a ring holds, and dense */
                while (vgic_spi_pulse(device, SPI_OTHER) == -EAGAIN)
                        vgic_conn_process(dev);
        }
        tap_eq(vgic_vcpu_park(vcpu, base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000), NULL, 0),
               VGIC_WAKE_IRQ, "2000 pulses in a row arrive, as one or more interrupts");
        vgic_vm_query(late, "dev", &info);
        tap_ok(info.injections_ring > 2, "injections by ring are counted: %u",
               (unsigned)info.injections_ring);
        tap_eq(vgic_revoke(vm, "disk"), 0, "the grant is revoked");
        do
                if (next_event(dev, &event) < 0)
                        break;
        while (event.kind != VGIC_EVENT_REVOKED);
        tap_eq(event.kind, VGIC_EVENT_REVOKED, "the device is told");
        vgic_vm_detach(device);

        tap_eq(vgic_grant(vm, "disk", intids, 1, token), 0, "the label is free again");
        vgic_spi_assert(vm, SPI_LEVEL);
        vgic_vm_query(late, "dev", &info);
        pid = other_spawn(attach_and_assert, &(struct other_device){ proc, "dev", token });
        for (uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000),
                      n = info.injections_ring;
             info.injections_ring == n && base_clock_ns() < end;)
                vgic_vm_query(late, "dev", &info);
        vgic_spi_deassert(vm, SPI_LEVEL);
        tap_ok(wait_line(vm, SPI_LEVEL, 1),
               "the device's wire holds the line when the VMM's own is low");
        other_kill(pid);
        tap_ok(wait_line(vm, SPI_LEVEL, 0), "the wire of a killed device goes low");
        tap_eq(vgic_device_attach(late, "dev", token, &device), 0,
               "a killed device's token: the next device attaches with it");
        vgic_vm_detach(device);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(late);
        vgic_disconnect(dev);
        vgic_disconnect(conn);
}

/* How often it was rung. The daemon's end is edge-triggered: nobody takes the count. */
static unsigned long rung(int fd)
{
        unsigned long count = ULONG_MAX;
        char path[64], line[128];
        FILE *file;

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        file = fopen(path, "r");
        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "eventfd-count: %lx", &count) == 1)
                        break;
        if (file)
                fclose(file);
        return count;
}

/* Notes that found the ring to the client full: who takes what was in it says so. */
static void client_that_makes_room_rings_if_it_is_owed(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *dev = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "notes", 1, N_SPIS, VGIC_VM_EPHEMERAL), *device;
        uint32_t intids[] = { SPI_LEVEL };
        char token[VGIC_TOKEN_MAX + 1];
        unsigned long before;

        if (vgic_grant(vm, "disk", intids, 1, token) < 0 || vgic_device_attach(dev, "notes", token,
                                                                               &device) < 0)
                tap_bail("device: %s", vgic_conn_error(dev));
        before = rung(device->ring_to_daemon);
        vgic_conn_process(dev);
        tap_eq(rung(device->ring_to_daemon), before,
               "a client that takes notes does not ring the daemon");
        atomic_store(&device->ring.page->to_client.wants_room, 1);
        vgic_conn_process(dev);
        tap_ok(rung(device->ring_to_daemon) == before + 1 &&
                       !atomic_load(&device->ring.page->to_client.wants_room),
               "the daemon found no room: who takes notes rings it, once");
        vgic_vm_detach(device);
        vgic_vm_detach(vm);
        vgic_disconnect(dev);
        vgic_disconnect(conn);
}

/*
 * Clear O_NONBLOCK of a shared eventfd and fill its counter:
 * a write of the daemon would sleep for ever.
 */
static void make_block(int fd)
{
        uint64_t full = UINT64_MAX - 1, old;

        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        (void)!read(fd, &old, sizeof(old));
        if (write(fd, &full, sizeof(full)) != (ssize_t)sizeof(full))
                tap_note("the counter cannot be filled: %s", strerror(errno));
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static bool wait_disconnected(struct vgic_conn *conn)
{
        while (daemon_wait_readable(vgic_conn_fd(conn)))
                if (vgic_conn_process(conn) == -ENOTCONN)
                        return true;
        return false;
}

static void hostile_client_is_disconnected_others_served(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc),
                         *dev = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 1, N_SPIS, 0), *device;
        struct vgic_vcpu *vcpu = start_guest(vm, 0);
        uint32_t intids[] = { SPI_LEVEL };
        char token[VGIC_TOKEN_MAX + 1];
        int event = base_fd_eventfd();

        vgic_tdir_subscribe(vcpu, event);
        make_block(event);
        vgic_msg_inject(tool, "hostile", 0, SPI_OTHER, VGIC_LINE_PULSE);
        tap_ok(wait_disconnected(conn), "a subscriber whose eventfd blocks is disconnected");
        tap_ok(daemon_alive(proc),
               "a blocking TDIR eventfd, its VMM disconnected: the daemon serves on");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);

        conn = daemon_connect(proc);
        vm = daemon_attach(conn, "hostile", VGIC_ROLE_VMM);
        vcpu = start_guest(vm, 0);
        vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
        tap_eq(vgic_vcpu_park_begin(vcpu), 0, "a vCPU is parked");
        make_block(vgic_vcpu_fd(vcpu));
        vgic_msg_inject(tool, "hostile", 0, SPI_OTHER, VGIC_LINE_PULSE);
        tap_ok(wait_disconnected(conn), "a VMM whose doorbell blocks is disconnected");
        tap_ok(daemon_alive(proc),
               "a blocking doorbell, its VMM disconnected: the daemon serves on");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);

        conn = daemon_connect(proc);
        if (vgic_vm_attach(conn, "hostile", VGIC_ROLE_VMM, &vm) < 0 ||
            vgic_grant(vm, "bad", intids, 1, token) < 0 ||
            vgic_device_attach(dev, "hostile", token, &device) < 0)
                tap_bail("device: %s", vgic_conn_error(dev));
        shm_ring_put(&device->ring, SHM_RING_ENTRY(SHM_RING_ASSERT, 0xffffffff));
        if (shm_ring_put(&device->ring, SHM_RING_ENTRY(SHM_RING_ASSERT, SPI_OTHER)) >= 0)
                vgic_spi_assert(device, SPI_LEVEL);
        tap_ok(wait_line(vm, SPI_LEVEL, 1),
               "entries for what was not granted are ignored, others are served");
        tap_ok(wait_line(vm, SPI_OTHER, 0),
               "a ring entry for an SPI that was not granted: its line is low");
        device->ring.out.index += 4 * SHM_RING_ENTRIES; /* an impossible tail */
        device->ring.page->to_daemon.head = device->ring.out.index;
        vgic_spi_deassert(device, SPI_LEVEL);
        (void)!write(device->ring_to_daemon, &(uint64_t){ 1 }, sizeof(uint64_t));
        tap_ok(wait_disconnected(dev), "a device with an impossible ring is disconnected");
        tap_ok(wait_line(vm, SPI_LEVEL, 0),
               "a device with an impossible ring is disconnected: its wire goes low");
        vgic_vm_detach(device);
        vgic_disconnect(dev);

        memset(vm->gic.header, 0xff, vm->gic.bytes);
        vgic_msg_inject(tool, "hostile", 0, SPI_OTHER, VGIC_LINE_ASSERT);
        vgic_msg_reset_vcpu(tool, "hostile", 0);
        vgic_msg_tdir(tool, "hostile", &(struct vgic_tdir){ 0 });
        vgic_msg_icc_ctlr(tool, "hostile", 0, &(struct vgic_icc_ctlr){ 0 });
        vgic_msg_irqs(tool, "hostile", 0, 0, &(struct vgic_irq_state){ 0 }, 1);
        tap_ok(daemon_alive(proc), "a segment full of ones does not hurt the daemon");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(vgic_vm_destroy(tool, "hostile"), 0,
               "a segment full of ones: its VM can be destroyed");
        vgic_disconnect(tool);
        close(event);
}

int main(void)
{
        struct daemon_proc proc;
        int before;

        daemon_start(&proc, NULL);
        daemon_alive(&proc);
        before = daemon_fd_count(&proc);
        tdir_is_broadcast_to_subscribers_and_watchers(&proc);
        tdir_is_exact_while_nobody_subscribes(&proc);
        vcpu_in_guest_is_asked_before_tdir_clears(&proc);
        device_drives_what_it_was_granted(&proc);
        client_that_makes_room_rings_if_it_is_owed(&proc);
        hostile_client_is_disconnected_others_served(&proc);
        tap_ok(daemon_alive(&proc) && daemon_fd_count(&proc) <= before + 1,
               "no descriptor is left of all that");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");

        daemon_start(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--tdir-lag=0", NULL } });
        tdir_is_broadcast_to_subscribers_and_watchers(&proc);
        vcpu_in_guest_is_asked_before_tdir_clears(&proc);
        tap_eq(daemon_stop(&proc), 0, "TDIR with a lag of 0: the daemon stops in order");
        return tap_done();
}
