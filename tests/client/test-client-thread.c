/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Only the thread that entered the guest is answered from its bank: no later thread with the same
 * pthread_self(), and no child of fork()
 *
 * The SPI is listed as pending. In the host's memory its list register says that it is active: that
 * is for the thread that entered to know. Others are told what was listed, and that it may be old,
 * since the vCPU does not leave.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port-vm.h"

enum { SPI = 40 };

static struct {
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
} g;

static void go_in_and_take(void)
{
        enter(g.vcpu, &g.bank);
        if ((uint32_t)g.bank.ich_lr[0] != SPI)
                tap_bail("the SPI is not listed");
        g.bank.ich_lr[0] ^= VGIC_ICH_LR_STATE;  /* pending -> active */
}

/* No guest ran that could write ICC_EOIR1_EL1. */
static void leave_and_end(void)
{
        vgic_lr_exit(g.vcpu, &g.bank);
        vgic_gicd_write(g.vm, 0x384, 4, 1 << (SPI - 32));       /* GICD_ICACTIVER1 */
}

static bool is_answered_from_bank(void)
{
        struct vgic_irq_state state;

        vgic_vm_irq_state(g.vm, 0, SPI, &state);
        return state.active && !state.stale;
}

static void *thread_enters(void *self)
{
        go_in_and_take();
        *(pthread_t *)self = pthread_self();
        return is_answered_from_bank() ? self : NULL;
}

static void *thread_asks(void *self)
{
        *(pthread_t *)self = pthread_self();
        return is_answered_from_bank() ? self : NULL;
}

/* A thread's stack and descriptor are kept by the C library, for the next one. */
static void later_thread_is_another(void)
{
        pthread_t first, second, thread;
        void *known;

        vgic_spi_pulse(g.vm, SPI);
        pthread_create(&thread, NULL, thread_enters, &first);
        pthread_join(thread, &known);
        tap_ok(known, "the thread that entered is answered from its bank");
        pthread_create(&thread, NULL, thread_asks, &second);
        pthread_join(thread, &known);
        tap_ok(!known, "it ended: the next thread is not, with %s pthread_self()",
               pthread_equal(first, second) ? "the same" : "another");
        tap_ok(!is_answered_from_bank(), "nor is the one that started both");
        leave_and_end();
}

static void child_is_another(void)
{
        int status = -1;
        pid_t child;

        vgic_spi_pulse(g.vm, SPI);
        go_in_and_take();
        fflush(stdout);
        child = fork();
        if (child == 0)
                _exit(is_answered_from_bank());
        waitpid(child, &status, 0);
        tap_eq(status, 0, "a child has a copy of the bank: it is not answered from that");
        tap_ok(is_answered_from_bank(), "its parent is, still");
        leave_and_end();
}

int main(void)
{
        struct vgic_conn *conn;
        struct daemon_proc daemon;

        daemon_start(&daemon, NULL);
        conn = daemon_connect(&daemon);
        g.vm = create(conn);
        g.vcpu = guest_boot_vcpu(g.vm, 0, 4);
        later_thread_is_another();
        child_is_another();
        vgic_vcpu_unregister(g.vcpu);
        destroy(conn, g.vm);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon stops in order");
        return tap_done();
}
