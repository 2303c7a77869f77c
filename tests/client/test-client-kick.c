/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Kicks of a vCPU that is registered and given back time and again, while other threads make
 * interrupts due for it
 *
 * No kick runs once vgic_vcpu_unregister() has returned, and each is called with the argument of
 * its own registration. A kick stays a while, and lets others run, so that one that is not waited
 * for is seen.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon-raw.h"
#include "port-vm.h"
#include "tap.h"
#include "vgic/vgic.h"

#define SPI              40u
#define N_REGISTRATIONS  400
#define N_INJECTORS      2

struct registration {
        void (*kick)(void *arg);
        atomic_bool over;       /* vgic_vcpu_unregister() has returned */
};

static struct daemon_proc daemon_;
static struct registration registrations[N_REGISTRATIONS];
static struct vgic_vm *vm;
static atomic_bool stop;
static atomic_uint n_kicks, n_late, n_mixed;

static void kicked(struct registration *of, void (*kick)(void *arg))
{
        atomic_fetch_add(&n_kicks, 1);
        if (of->kick != kick)
                atomic_fetch_add(&n_mixed, 1);
        for (unsigned i = 0; i < 20; i++) {
                if (atomic_load(&of->over)) {
                        atomic_fetch_add(&n_late, 1);
                        return;
                }
                sched_yield();
        }
}

static void kick_even(void *arg)
{
        kicked(arg, kick_even);
}

static void kick_odd(void *arg)
{
        kicked(arg, kick_odd);
}

static void *inject(void *unused)
{
        (void)unused;
        while (!atomic_load(&stop)) {
                vgic_spi_pulse(vm, SPI);
                vgic_gicd_write(vm, 0x284, 4, 1u << (SPI % 32));
        }
        return NULL;
}

/* In guest until it was kicked, or for a few looks. */
static void run(struct registration *of, uint32_t list_registers)
{
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = of->kick,
                                             .kick_arg = of,
                                             .list_registers = list_registers };
        unsigned before = atomic_load(&n_kicks);
        struct vgic_lr_bank bank;
        struct vgic_vcpu *vcpu = guest_register(vm, 0, &options);

        vgic_vcpu_power(vcpu, 1);
        guest_open_vcpu(vm, vcpu, true);
        if (list_registers)
                vgic_lr_enter(vcpu, &bank);
        else
                vgic_vcpu_enter(vcpu);
        for (unsigned i = 0; i < 1000 && atomic_load(&n_kicks) == before; i++)
                sched_yield();
        vgic_vcpu_unregister(vcpu); /* in guest: kicks are under way */
        atomic_store(&of->over, true);
}

static void kick_ends_with_its_registration(struct vgic_conn *conn, uint32_t list_registers)
{
        pthread_t threads[N_INJECTORS];

        vm = create(conn);
        atomic_store(&stop, false);
        for (unsigned i = 0; i < N_INJECTORS; i++)
                if (pthread_create(&threads[i], NULL, inject, NULL) != 0)
                        tap_bail("no thread");
        for (unsigned i = 0; i < N_REGISTRATIONS; i++) {
                registrations[i].kick = i % 2 ? kick_odd : kick_even;
                atomic_store(&registrations[i].over, false);
                run(&registrations[i], list_registers);
        }
        atomic_store(&stop, true);
        for (unsigned i = 0; i < N_INJECTORS; i++)
                pthread_join(threads[i], NULL);
        tap_note("list registers: %u, kicks: %u", list_registers, atomic_load(&n_kicks));
        tap_ok(atomic_load(&n_kicks) > 0, "a vCPU that is in guest is kicked");
        tap_eq(atomic_load(&n_late), 0, "no kick runs once vgic_vcpu_unregister() has returned");
        tap_eq(atomic_load(&n_mixed), 0, "none has another registration's argument");
        destroy(conn, vm);
}

/* After it was taken back the descriptor tells, as of a vCPU without a kick. */
static void registered_without_kick_the_descriptor_tells(struct vgic_conn *conn)
{
        unsigned before;
        struct vgic_vcpu *vcpu;

        vm = create(conn);
        atomic_store(&registrations[0].over, false);
        registrations[0].kick = kick_even;
        run(&registrations[0], 0);
        before = atomic_load(&n_kicks);
        vcpu = guest_boot_vcpu(vm, 0, 0);
        vgic_vcpu_enter(vcpu);
        vgic_spi_pulse(vm, SPI);
        tap_ok(daemon_wait_readable(vgic_vcpu_fd(vcpu)),
               "registered anew without a kick: its descriptor is readable");
        tap_eq(atomic_load(&n_kicks), before,
               "registered again without a kick: the kick of before is not called");
        destroy(conn, vm);
}

int main(void)
{
        struct vgic_conn *conn;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        kick_ends_with_its_registration(conn, 0);
        kick_ends_with_its_registration(conn, 4);
        registered_without_kick_the_descriptor_tells(conn);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
