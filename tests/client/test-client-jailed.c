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

enum { SPI = 40 };

static bool hide_proc(void)
{
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0 && access("/proc/self", F_OK) < 0;
}

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

        daemon_start(&proc, NULL);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (!hide_proc())
                        _exit(77);
                for (unsigned i = 0, n = all_steps(&proc, steps); i < n; i++)
                        tap_ok(steps[i].r == 0, "without /proc: %s (%d)", steps[i].what,
                               steps[i].r);
                fflush(stdout);
                _exit(0);
        }
        waitpid(pid, &status, 0);
        daemon_stop(&proc);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                tap_skip("no mount namespace: root has one");
        printf("1..7\n");
        return status ? 1 : 0;
}
