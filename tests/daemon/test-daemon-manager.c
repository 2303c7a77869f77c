/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a user makes the service manager do: connections and VMs that come and go without pause
 * change STATUS= all the time, and it is told at most once a second
 *
 * How     The kernel notes when each notification was sent; a machine that is slow only makes the
 *         distances longer. Half a second is demanded.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic-private.h"

#define N_STATUS  4u

/* When the next STATUS= was sent, in ns. Return: 0: none is there. */
static uint64_t next_status(const struct daemon_proc *proc, char text[256])
{
        char control[CMSG_SPACE(sizeof(struct timespec))];
        struct iovec iov = { .iov_base = text, .iov_len = 255 };
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1,
                .msg_control = control, .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(proc->notify_fd, &message, MSG_DONTWAIT);
        const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        struct timespec at;

        if (n < 0)
                return 0;
        text[n] = '\0';
        if (strncmp(text, "STATUS=", 7) != 0 || !head || head->cmsg_type != SCM_TIMESTAMPNS)
                return 0;
        memcpy(&at, CMSG_DATA(head), sizeof(at));
        return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

/* A VM and a connection, and neither of them. */
static void churn(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "short", 1, 32, 0);

        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "short");
        vgic_disconnect(conn);
}

int main(void)
{
        uint64_t before = 0, least = UINT64_MAX;
        unsigned n = 0, n_churned = 0;
        struct daemon_proc proc;
        char text[256] = "";
        int on = 1;

        daemon_start(&proc, &(struct daemon_options){ .quiet = true });
        if (setsockopt(proc.notify_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
                tap_bail("SO_TIMESTAMPNS: %s", strerror(errno));
        for (; n < N_STATUS; n_churned++) {
                uint64_t at = next_status(&proc, text);

                churn(&proc);
                if (!at)
                        continue;
                if (before && at - before < least)
                        least = at - before;
                before = at;
                n++;
        }
        tap_note("%u VMs and connections, %u notifications, at least %llu ms apart", n_churned, n,
                 (unsigned long long)(least / 1000000));
        tap_ok(least >= 500000000u, "no two STATUS= within half a second, whatever users do");
        while (!strstr(text, "0 VMs, 0 sessions"))
                if (!daemon_wait_readable(proc.notify_fd) || !next_status(&proc, text))
                        break;
        tap_ok(strstr(text, "0 VMs, 0 sessions, 0 descriptors") != NULL,
               "and the last one is right: %s", text);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
