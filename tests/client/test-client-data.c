/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Promises between two parties that only show when one of them is late, stopped or dead
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "guest.h"
#include "gic-irq.h"
#include "shm-slot.h"
#include "tap.h"
#include "vgic-private.h"

static struct daemon_proc daemon_;

static struct vgic_conn *connect_daemon(void)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = daemon_.socket };
        struct vgic_conn *conn = NULL;

        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        return conn;
}

/* A VM whose vCPU 0 takes edge-triggered SPIs 32..63. */
static struct vgic_vm *create(struct vgic_conn *conn, const char *name)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = 1,
                                         .n_spis = 32 };
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        guest_make_spis_edge(vm, 32);
        guest_open_spis(vm, 32);
        guest_open_distributor(vm);
        return vm;
}

static struct vgic_vcpu *take(struct vgic_vm *vm, const struct vgic_vcpu_options *options)
{
        struct vgic_vcpu *vcpu = guest_register(vm, 0, options);

        guest_open_vcpu(vm, vcpu, true);
        return vcpu;
}

static void count_kick(void *arg)
{
        ++*(int *)arg;
}

static void wake_kicks_in_guest_or_at_the_next_entry_once(struct vgic_conn *conn)
{
        int kicks = 0;
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = count_kick,
                                             .kick_arg = &kicks };
        struct vgic_vm *vm = create(conn, "wake");
        struct vgic_vcpu *vcpu = take(vm, &options);

        vgic_vcpu_wake(vcpu);
        tap_eq(kicks, 0, "a wake of a vCPU that looks for itself kicks nobody");
        vgic_vcpu_enter(vcpu);
        tap_eq(kicks, 1, "woken, then the guest is entered: it is kicked at once");
        vgic_vcpu_leave(vcpu);
        vgic_vcpu_enter(vcpu);
        tap_eq(kicks, 1, "kicked once, nothing new: it is not kicked again");
        vgic_spi_pulse(vm, 40);
        tap_eq(kicks, 2, "an injection kicks a vCPU in guest");
        vgic_vcpu_leave(vcpu);
        vgic_vm_destroy(conn, "wake");
        vgic_vm_detach(vm);
}

static uint64_t deadline_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return ((uint64_t)now.tv_sec + 30) * 1000000000u;
}

/*
 * With the daemon stopped the ring fills; when it goes on, the device hears that there is room, and
 * what was kept arrives.
 */
static void what_found_the_ring_full_is_kept_and_sent(struct vgic_conn *conn)
{
        static const uint32_t granted[] = { 40, 41 };
        struct vgic_conn *device = connect_daemon();
        struct vgic_vm *vm = create(conn, "full"), *dev = NULL;
        struct vgic_vcpu *vcpu = take(vm, NULL);
        uint32_t intid = 0;
        char token[VGIC_TOKEN_MAX + 1];
        struct pollfd room;
        int r = 0, n = 0;

        if (vgic_grant(vm, "device", granted, 2, token) < 0 ||
            vgic_device_attach(device, "full", token, &dev) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(device));
        daemon_pause(&daemon_);
        while (r == 0 && n < 10000) {
                r = vgic_spi_pulse(dev, 40);
                n++;
        }
        tap_ok(r == -EAGAIN && n == 257, "the 257th entry finds the ring full");
        tap_eq(vgic_spi_assert(dev, 41), -EAGAIN, "a level is kept, too");
        daemon_resume(&daemon_);
        room = (struct pollfd){ .fd = vgic_conn_fd(device), .events = POLLIN };
        tap_eq(poll(&room, 1, 30000), 1, "the device is told that there is room");
        tap_ok(vgic_conn_process(device) >= 0,
               "the ring was full, the daemon took all: vgic_conn_process() sends what was kept");
        while (intid != 41 && vgic_vcpu_park(vcpu, deadline_ns(), NULL, 0) > 0 &&
               intid != VGIC_INTID_SPURIOUS) {
                intid = vgic_vcpu_ack(vcpu, 1);
                vgic_vcpu_eoi(vcpu, 1, intid);
        }
        tap_eq(intid, 41, "kept while the ring was full: it arrives");
        vgic_vm_detach(dev);
        vgic_disconnect(device);
        vgic_vm_destroy(conn, "full");
        vgic_vm_detach(vm);
}

/*
 * The owner dies between the CAS of an acknowledge and its commit: the guest has not seen it, so it
 * is delivered again.
 */
static void die_in_acknowledge(void)
{
        struct vgic_conn *conn = connect_daemon();
        struct vgic_vm *vm = create(conn, "death");
        struct vgic_vcpu *vcpu = take(vm, NULL);
        struct shm_vcpu *self = &vm->gic.vcpus[vcpu->index];
        _Atomic uint64_t *word = shm_gic_word(&vm->gic, 0, 40);
        uint64_t w;

        vgic_spi_pulse(vm, 40);
        w = atomic_load(word);
        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_ACK, 0, 40), w, SHM_SLOT_ARGUMENT(0, 1));
        atomic_store(word, gic_irq_acknowledge(w, 0));
        _exit(0);
}

static void cut_acknowledge_is_delivered_once(struct vgic_conn *conn)
{
        struct vgic_vm *vm = NULL;
        struct vgic_vcpu *vcpu;
        pid_t pid = fork();

        if (pid == 0)
                die_in_acknowledge();
        waitpid(pid, NULL, 0);
        vm = daemon_attach(conn, "death", VGIC_ROLE_VMM);
        while (atomic_load(&vm->gic.vcpus[0].owner_pid)) /* the daemon has yet to hear of it */
                sched_yield();
        vcpu = take(vm, NULL);
        tap_eq(vgic_vcpu_ack(vcpu, 1), 40,
               "an acknowledge that was cut short is taken back, and delivered");
        vgic_vcpu_eoi(vcpu, 1, 40);
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS,
               "an acknowledge was cut short, taken back, taken: it does not come again");
        vgic_vm_destroy(conn, "death");
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn;

        daemon_start(&daemon_, NULL);
        conn = connect_daemon();
        wake_kicks_in_guest_or_at_the_next_entry_once(conn);
        what_found_the_ring_full_is_kept_and_sent(conn);
        cut_acknowledge_is_delivered_once(conn);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
