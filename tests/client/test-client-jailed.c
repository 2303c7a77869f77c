/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A VMM and a device in a jail without /proc: the library works
 *
 * That a descriptor is an eventfd is told by /proc only. Where it is missing nothing tells, and the
 * daemon, which has one, has looked.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic-conn.h"

enum { SPI = 40 };

static bool hide_proc(void)
{
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0 && access("/proc/self", F_OK) < 0;
}

static void show_proc(void)
{
        umount("/proc");
}

/* --- a late answer --- */

#define N_LATE      6
#define STOPPED_MS 20u          /* nothing comes */

/* An SPI in flight is told to @event, by one write at least. */
static bool is_told(struct vgic_vm *vm, int event)
{
        vgic_gicd_write(vm, 0x100 + 4, 4, 1u << (SPI - 32));
        vgic_spi_pulse(vm, SPI);
        return daemon_wait_readable(event);
}

/* With the same eventfd, or with one that has taken its number. */
static void late_subscription_is_made_again(const struct daemon_proc *proc, bool is_another)
{
        const char *which = is_another ? "another eventfd of the same number" : "the same eventfd";
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "late", 1, 32, VGIC_VM_EPHEMERAL);
        int event = eventfd(0, EFD_NONBLOCK), other = eventfd(0, EFD_NONBLOCK), late;
        struct vgic_vcpu *vcpu;

        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0 || !hide_proc())
                tap_bail("no vCPU, or /proc stays");
        daemon_pause(proc);
        conn->timeout_ms = STOPPED_MS;
        late = vgic_tdir_subscribe(vcpu, event);
        conn->timeout_ms = DAEMON_WAIT_MS;
        daemon_resume(proc);
        if (is_another)
                dup2(other, event);
        tap_ok(late == -ETIMEDOUT && vgic_tdir_subscribe(vcpu, event) == 0,
               "without /proc, a late subscription, again with %s: %s", which,
               vgic_conn_error(conn));
        tap_ok(is_told(vm, event), "without /proc, a late subscription, again with %s: it is told",
               which);
        tap_eq(vgic_tdir_subscribe(vcpu, event), -EEXIST,
               "without /proc, a late subscription, again with %s: once more it is refused", which);
        show_proc();
        close(event);
        close(other);
        vgic_disconnect(conn);
}

/* --- all calls --- */

struct step {
        const char *what;
        int r;
};

/* Of steps that fail the rest is not tried. Return: how many were done. */
static unsigned all_steps(const struct daemon_proc *proc, struct step *step)
{
        const struct vgic_vm_config config = {
                .size = sizeof(config), .name = "jailed", .n_vcpus = 2, .n_spis = 32
        };
        struct vgic_conn *conn = daemon_connect(proc), *other = daemon_connect(proc);
        const uint32_t intid = SPI;
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vm *vm, *device;
        struct vgic_vcpu *vcpu;
        unsigned n = 0;

        step[n] = (struct step){ "a VM is made", vgic_vm_create(conn, &config, &vm) };
        if (step[n++].r < 0)
                return n;
        step[n] = (struct step){ "the VM is mapped", vgic_vm_init(vm) };
        if (step[n++].r < 0)
                return n;
        step[n] = (struct step){ "a vCPU is registered", vgic_vcpu_register(vm, 0, NULL, &vcpu) };
        if (step[n++].r < 0)
                return n;
        step[n++] = (struct step){ "the vCPU subscribes to TDIR",
                                   vgic_tdir_subscribe(vcpu, eventfd(0, EFD_NONBLOCK)) };
        step[n] = (struct step){ "a grant", vgic_grant(vm, "disk", &intid, 1, token) };
        if (step[n++].r < 0)
                return n;
        step[n] = (struct step){ "a device attaches",
                                 vgic_device_attach(other, "jailed", token, &device) };
        if (step[n++].r < 0)
                return n;
        step[n++] = (struct step){ "the device pulses", vgic_spi_pulse(device, SPI) };
        return n;
}

int main(void)
{
        struct daemon_proc proc;
        struct step steps[8];
        int status = 0;
        pid_t pid;

        if (!hide_proc())
                tap_skip("no mount namespace: root has one");
        show_proc();
        daemon_start(&proc, NULL);
        late_subscription_is_made_again(&proc, false);
        late_subscription_is_made_again(&proc, true);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (!hide_proc())
                        _exit(1);
                for (unsigned i = 0, n = all_steps(&proc, steps); i < n; i++)
                        tap_ok(steps[i].r == 0, "without /proc: %s (%d)", steps[i].what,
                               steps[i].r);
                fflush(stdout);
                _exit(0);
        }
        waitpid(pid, &status, 0);
        daemon_stop(&proc);
        printf("1..%u\n", N_LATE + 7);
        return status ? 1 : 0;
}
