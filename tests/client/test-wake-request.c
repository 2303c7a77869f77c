/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A vCPU that sleeps with GICR_WAKER.ProcessorSleep set is woken by what arrives
 *
 * IHI 0069 section 12.11.42. As Linux does in CPU_PM_ENTER: the group is closed at the CPU
 * interface, then ProcessorSleep is set.
 */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"

enum { SPI = 40, PPI = 27, WAKER = 0x14 };

static struct vgic_conn *conn;
static struct vgic_vm *vm;
static struct vgic_vcpu *vcpu;

static void set_up(void)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "wake", .n_vcpus = 1, .n_spis = 32,
        };

        if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("no VM: %s", vgic_conn_error(conn));
        vcpu = guest_register(vm, 0, NULL);
        guest_open_distributor(vm);
        guest_open_spis(vm, 32);
        guest_open_privates(vm, 0, 1u << PPI);
        vgic_gicr_write(vm, WAKER, 4, 2);
}

static void tear_down(void)
{
        vgic_vm_destroy(conn, "wake");
        vgic_vm_detach(vm);
}

static bool doorbell_is_rung(void)
{
        return poll(&(struct pollfd){ .fd = vgic_vcpu_fd(vcpu), .events = POLLIN }, 1, 0) == 1;
}

static void *assert_spi(void *unused)
{
        vgic_spi_assert(vm, SPI);
        return unused;
}

static void sleeper_is_woken_from_another_thread(void)
{
        pthread_t other;

        set_up();
        pthread_create(&other, NULL, assert_spi, NULL);
        tap_eq(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0), VGIC_WAKE_REQUEST,
               "asleep, an SPI arrives: the park ends by a WakeRequest");
        pthread_join(other, NULL);
        tap_eq(vgic_vcpu_lines(vcpu), 0, "asleep, an SPI pending: no line is asserted");
        vgic_vcpu_wake(vcpu);
        tap_eq(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0), VGIC_WAKE_REQUEST | VGIC_WAKE_KICK,
               "asleep, an SPI pending, kicked: the park ends by both");
        tear_down();
}

static void host_loop_is_told(void)
{
        set_up();
        tap_eq(vgic_vcpu_wake_requested(vcpu), 0, "asleep, nothing arrived: no WakeRequest");
        tap_eq(vgic_vcpu_park_begin(vcpu), 0, "asleep, nothing arrived: it parks");
        vgic_ppi_assert(vm, 0, PPI);
        tap_ok(doorbell_is_rung(), "parked, a PPI arrives: the doorbell is readable");
        tap_eq(vgic_vcpu_park_end(vcpu), 0, "asleep, a PPI pending: park_end says no line");
        tap_eq(vgic_vcpu_wake_requested(vcpu), 1, "asleep, a PPI pending: WakeRequest");
        tap_eq(vgic_vcpu_park_begin(vcpu), 1, "asleep, a PPI pending: it does not park");
        vgic_gicr_write(vm, WAKER, 4, 0);
        tap_eq(vgic_vcpu_wake_requested(vcpu), 0, "awake, a PPI pending: no WakeRequest");
        tear_down();
}

int main(void)
{
        struct vgic_conn_options options = { .size = sizeof(options) };
        struct daemon_proc daemon;

        daemon_start(&daemon, NULL);
        options.socket_path = daemon.socket;
        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        alarm(60);
        sleeper_is_woken_from_another_thread();
        host_loop_is_told();
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon ended in peace");
        return tap_done();
}
