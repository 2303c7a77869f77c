/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What one vCPU's guest does in its list registers, read from another vCPU while both threads run
 *
 * Rule    IHI 0069 section 12.9.25: GICD_ISACTIVER<n> reads whether the interrupt is active.
 *         Linux relies on it.
 * Guest   vCPU 1's thread plays a guest that is in its handler until it is kicked.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "port-vm.h"

enum { SPI = 40, ROUNDS = 200 };

struct guest {
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        uint32_t other;                 /* the vCPU whose interrupt is read */
        atomic_uint kicked, taken, stop, wrong, left;
};

static void kick(void *arg)
{
        atomic_store((atomic_uint *)arg, 1);
}

static struct vgic_vcpu *boot_kicked(struct vgic_vm *vm, uint32_t index, atomic_uint *kicked)
{
        struct vgic_vcpu_options options = {
                .size = sizeof(options), .list_registers = 4, .kick = kick, .kick_arg = kicked,
        };
        struct vgic_vcpu *vcpu = guest_register(vm, index, &options);

        vgic_vcpu_power(vcpu, 1);
        guest_open_vcpu(vm, vcpu, true);
        return vcpu;
}

/* Kicked by this process, or rung by the daemon. */
static bool is_called(struct guest *g)
{
        struct pollfd bell = { .fd = vgic_vcpu_fd(g->vcpu), .events = POLLIN };

        return atomic_exchange(&g->kicked, 0) || poll(&bell, 1, 0) > 0;
}

static void *run(void *arg)
{
        struct guest *g = arg;
        struct vgic_lr_bank bank;

        enter(g->vcpu, &bank);
        while (!atomic_load(&g->stop)) {
                if (bank.ich_lr[0] & VGIC_ICH_LR_PENDING) { /* as the guest's acknowledge would */
                        bank.ich_lr[0] ^= VGIC_ICH_LR_STATE;
                        atomic_store(&g->taken, 1);
                }
                if (!is_called(g))
                        continue;
                vgic_lr_exit(g->vcpu, &bank);
                atomic_fetch_add(&g->left, 1);
                enter(g->vcpu, &bank);
        }
        vgic_lr_exit(g->vcpu, &bank);
        return NULL;
}

static void until(atomic_uint *flag)
{
        while (!atomic_load(flag))
                sched_yield();
}

/*
 * Return: the bit of SPI in @reg. If it is not @want, then since the guest got no processor in all
 * the time for which a read waits.
 */
static bool reads(struct guest *g, uint32_t reg, bool want)
{
        unsigned left = atomic_load(&g->left);
        uint64_t value = 0;

        vgic_gicd_read(g->vm, reg, 4, &value);
        return (value >> (SPI - 32) & 1) == want || atomic_load(&g->left) == left;
}

/* Each round the guest takes it anew, and the first read has to say so. */
static void read_of_what_is_in_guest_waits_for_its_fold(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct guest g = { .vm = vm };
        unsigned n_active = 0, n_state = 0, n_pending = 0;
        pthread_t thread;

        g.vcpu = boot_kicked(vm, 1, &g.kicked);
        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, 1);
        pthread_create(&thread, NULL, run, &g);
        for (unsigned i = 0; i < ROUNDS; i++) {
                struct vgic_irq_state state;

                atomic_store(&g.taken, 0);
                vgic_spi_pulse(vm, SPI);
                until(&g.taken);
                if (i & 1) {
                        n_active += reads(&g, 0x304, true);
                } else {
                        vgic_vm_irq_state(vm, 0, SPI, &state);
                        n_state += state.stale || (state.active && state.holder == 1);
                }
                n_pending += reads(&g, 0x204, false);
                vgic_gicd_write(vm, 0x384, 4, 1u << (SPI - 32));
        }
        atomic_store(&g.stop, 1);
        pthread_join(thread, NULL);
        tap_eq(n_active, ROUNDS / 2, "taken in guest, and GICD_ISACTIVER1 read by another thread");
        tap_eq(n_state, ROUNDS / 2,
               "taken in guest, its state read by another thread: active each time");
        tap_eq(n_pending, ROUNDS, "GICD_ISPENDR1");
        destroy(conn, vm);
}

/* The thread that has it in guest reads: it does not wait for itself. */
static void own_thread_does_not_wait_for_itself(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        atomic_uint unused = 0;
        struct vgic_vcpu *vcpu = boot_kicked(vm, 0, &unused);
        struct vgic_irq_state state;
        struct vgic_lr_bank bank;
        uint64_t value = 0;

        vgic_spi_pulse(vm, SPI);
        enter(vcpu, &bank);
        for (unsigned i = 0; i < 2000; i++) /* 200 s, if it did */
                vgic_gicd_read(vm, 0x304, 4, &value);
        vgic_vm_irq_state(vm, 0, SPI, &state);
        tap_ok(state.pending && state.stale,
               "read by who has it in guest itself: pending, and said to be old");
        vgic_lr_exit(vcpu, &bank);
        vgic_vm_irq_state(vm, 0, SPI, &state);
        tap_ok(state.pending && !state.stale,
               "read by who had it in guest itself, after the exit: pending, and not old");
        destroy(conn, vm);
}

/*
 * Two guests leave because they are kicked, and each reads the other's as a handler of an exit
 * does.
 */
static void *read_other(void *arg)
{
        struct guest *g = arg;

        for (unsigned i = 0; i < ROUNDS; i++) {
                struct vgic_lr_bank bank;
                uint64_t value = 0;

                enter(g->vcpu, &bank);
                vgic_lr_exit(g->vcpu, &bank);
                vgic_gicd_read(g->vm, 0x304, 4, &value);
                atomic_fetch_add(&g->wrong, value & 1u << (SPI + g->other - 32) ? 0 : 1);
        }
        return NULL;
}

static void two_vcpus_that_read_each_other_go_on(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct guest g[2] = { { .vm = vm, .other = 1 }, { .vm = vm, .other = 0 } };
        pthread_t threads[2];

        for (uint32_t v = 0; v < 2; v++) {
                g[v].vcpu = boot_kicked(vm, v, &g[v].kicked);
                vgic_gicd_write(vm, 0x6000 + 8 * (SPI + v), 8, v);
                vgic_spi_pulse(vm, SPI + v);
                vgic_vcpu_ack(g[v].vcpu, 1);
        }
        for (unsigned v = 0; v < 2; v++)
                pthread_create(&threads[v], NULL, read_other, &g[v]);
        for (unsigned v = 0; v < 2; v++)
                pthread_join(threads[v], NULL);
        tap_ok(!g[0].wrong && !g[1].wrong, "two vCPUs read each other's: %u, %u wrong",
               g[0].wrong, g[1].wrong);
        destroy(conn, vm);
}

int main(void)
{
        struct daemon_proc daemon;
        struct vgic_conn *conn;

        daemon_start(&daemon, NULL);
        conn = daemon_connect(&daemon);
        read_of_what_is_in_guest_waits_for_its_fold(conn);
        own_thread_does_not_wait_for_itself(conn);
        two_vcpus_that_read_each_other_go_on(conn);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon stops in order");
        return tap_done();
}
