/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Doorbells of vCPUs in guest: the exit empties what was rung,
 * and makes no system call if nothing was
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-raw.h"
#include "port-vm.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic/vgic.h"

#define NAME   PORT_VM_NAME
#define SPI    40u

static struct daemon_proc daemon_;

/* --- the doorbell, as a host with an event loop uses it: readable, so exit, and enter --- */

static bool is_readable(struct vgic_vcpu *vcpu)
{
        struct pollfd fd = { .fd = vgic_vcpu_fd(vcpu), .events = POLLIN };

        return poll(&fd, 1, 0) == 1;
}

static void exit_and_leave_empty_the_doorbell(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 2), *trap = guest_boot_vcpu(vm, 1, 0);
        struct vgic_lr_bank bank;

        enter(vcpu, &bank);
        for (unsigned i = 0; i < 3; i++) {
                if (vgic_msg_inject(tool, NAME, 0, SPI, VGIC_LINE_PULSE) < 0)
                        tap_bail("cannot inject: %s", vgic_conn_error(tool));
                tap_ok(daemon_wait_readable(vgic_vcpu_fd(vcpu)),
                       "somebody else's injection rings the doorbell, time %u", i);
                vgic_lr_exit(vcpu, &bank);
                tap_ok(!is_readable(vcpu),
                       "the exit empties it: the host does not exit without end");
                enter(vcpu, &bank);
                tap_eq((uint32_t)bank.ich_lr[0], SPI,
                       "rung in guest, out, and in again: the interrupt is listed");
        }
        vgic_lr_exit(vcpu, &bank);

        vgic_gicd_write(vm, 0x6000 + 8 * SPI, 8, 1);
        vgic_gicd_write(vm, 0x280 + 4, 4, UINT32_MAX);
        vgic_vcpu_enter(trap);
        if (vgic_msg_inject(tool, NAME, 0, SPI, VGIC_LINE_PULSE) < 0)
                tap_bail("cannot inject: %s", vgic_conn_error(tool));
        tap_ok(daemon_wait_readable(vgic_vcpu_fd(trap)),
               "a trap port in guest, its SPI pulsed: it is rung");
        vgic_vcpu_leave(trap);
        tap_ok(!is_readable(trap) && vgic_vcpu_lines(trap) == VGIC_LINE_IRQ,
               "a trap port that was rung leaves: its doorbell is empty, its line asserted");
        destroy(conn, vm);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#define IS_SANITIZED \
        (__has_feature(thread_sanitizer) || __has_feature(address_sanitizer) || \
         __has_feature(memory_sanitizer))
#else
#define IS_SANITIZED 0
#endif

enum { NO_SECCOMP = 77 };

/* Strict seccomp: the kernel kills it at the first system call that is not read, write or exit. */
static void exit_and_enter(void)
{
        struct vgic_conn *conn = daemon_connect(&daemon_);
        struct vgic_vm *vm = NULL;
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;

        if (vgic_vm_attach(conn, NAME, VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        vcpu = guest_boot_vcpu(vm, 0, 2);
        vgic_gicr_write(vm, 0x10080, 4, UINT32_MAX);
        vgic_gicr_write(vm, 0x10100, 4, 1u << 20);
        vgic_gicr_write(vm, 0x10200, 4, 1u << 20);
        enter(vcpu, &bank);
        vgic_lr_exit(vcpu, &bank); /* what the registration has left in the doorbell */
        enter(vcpu, &bank);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
                _exit(NO_SECCOMP);
        for (unsigned i = 0; i < 10; i++)
                if (vgic_lr_exit(vcpu, &bank) < 0 || vgic_lr_enter(vcpu, &bank) < 0 ||
                    (uint32_t)bank.ich_lr[0] != 20)
                        syscall(SYS_exit, 1);
        syscall(SYS_exit, 0);
}

static void exit_of_who_was_not_rung_makes_no_system_call(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        int status = 0;
        pid_t pid;

        if (IS_SANITIZED) {
                tap_ok(true, "# SKIP the sanitizer may make system calls of its own");
                destroy(conn, vm);
                return;
        }
        pid = fork();
        if (pid == 0)
                exit_and_enter();
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SECCOMP)
                tap_ok(true, "# SKIP no strict seccomp here");
        else
                tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                       "an exit of a vCPU that was not rung makes no system call, nor does the "
                       "entry: status 0x%x", (unsigned)status);
        destroy(conn, vm);
}

int main(void)
{
        struct vgic_conn *conn, *tool;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        exit_and_leave_empty_the_doorbell(conn, tool);
        exit_of_who_was_not_rung_makes_no_system_call(conn);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
