/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A park ends at its deadline although its doorbell never falls silent
 *
 * Somebody may ring it without end. Here it cannot be emptied: libvgic finds the preadv2() below
 * instead of libc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "tap.h"

static unsigned n_drains;

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
        (void)fd;
        (void)iov;
        (void)n;
        (void)offset;
        (void)flags;
        n_drains++;
        errno = EAGAIN;
        return -1;
}

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct vgic_vcpu *take_vcpu(struct vgic_conn *conn, struct vgic_vm **ret_vm)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "park", .n_vcpus = 1,
                                         .n_spis = 32 };
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vm_create(conn, &config, ret_vm) < 0 || vgic_vm_init(*ret_vm) < 0 ||
            vgic_vcpu_register(*ret_vm, 0, NULL, &vcpu) < 0)
                tap_bail("no vCPU: %s", vgic_conn_error(conn));
        return vcpu;
}

int main(void)
{
        struct vgic_conn_options options = { .size = sizeof(options) };
        struct vgic_conn *conn = NULL;
        struct daemon_proc daemon;
        struct vgic_vm *vm = NULL;
        struct vgic_vcpu *vcpu;
        const uint64_t one = 1;
        uint64_t deadline;
        struct pollfd ready;

        daemon_start(&daemon, NULL);
        options.socket_path = daemon.socket;
        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        vcpu = take_vcpu(conn, &vm);
        if (write(vgic_vcpu_fd(vcpu), &one, sizeof(one)) != sizeof(one))
                tap_bail("the doorbell cannot be rung");

        alarm(60);
        deadline = now_ns() + 20000000;
        tap_eq(vgic_vcpu_park(vcpu, deadline, NULL, 0), VGIC_WAKE_DEADLINE,
               "a park ends by its deadline");
        tap_ok(now_ns() >= deadline,
               "park with a deadline, rung all the time: not before the deadline");
        tap_ok(n_drains > 1, "park with a deadline: the doorbell was rung all the time");
        tap_eq(vgic_vcpu_park(vcpu, now_ns(), NULL, 0), VGIC_WAKE_DEADLINE,
               "park with a deadline that is past: it is the deadline at once");
        ready = (struct pollfd){ .fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .events = POLLIN };
        tap_eq(vgic_vcpu_park(vcpu, now_ns(), &ready, 1), VGIC_WAKE_FD,
               "a descriptor that is ready is told even then");
        vgic_vcpu_wake(vcpu);
        tap_eq(vgic_vcpu_park(vcpu, now_ns(), NULL, 0), VGIC_WAKE_KICK,
               "park with a deadline that is past, kicked: it is the kick");
        vgic_vm_destroy(conn, "park");
        vgic_vm_detach(vm);
        close(ready.fd);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon ended in peace");
        return tap_done();
}
