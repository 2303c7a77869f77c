/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Descriptors on the wire, see proto-fds.h
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base-fd.h"
#include "proto-fds.h"

union proto_control {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(PROTO_FDS_MAX * sizeof(int))];
};

/*
 * Close what nobody takes. The daemon has its own way to, since the close of a client's descriptor
 * can block, and with it all other clients.
 */
static void proto_fds_discard(const struct proto_fds *fds, const int *fd, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                if (fds->discard)
                        fds->discard(fds->discard_arg, fd[i]);
                else
                        base_fd_close(fd[i]);
        }
}

void proto_fds_clear(struct proto_fds *fds)
{
        proto_fds_discard(fds, fds->fd, fds->n);
        free(fds->fd);
        *fds = (struct proto_fds){ .discard = fds->discard, .discard_arg = fds->discard_arg };
}

int proto_fds_take(struct proto_fds *fds, uint32_t index)
{
        return index < fds->n ? base_fd_take(&fds->fd[index]) : -1;
}

int proto_fds_append(struct proto_fds *fds, const int *fd, uint32_t n)
{
        int r = -EMFILE;

        if (n <= PROTO_FDS_MAX - fds->n) {
                int *grown = realloc(fds->fd, (fds->n + n) * sizeof(int) + 1);

                if (grown) {
                        memcpy(grown + fds->n, fd, n * sizeof(int));
                        fds->fd = grown;
                        fds->n += n;
                        return 0;
                }
                r = -ENOMEM;
        }
        proto_fds_discard(fds, fd, n);
        fds->lost = true;
        return r;
}

int proto_fds_dup(struct proto_fds *fds, const int *fd, uint32_t n)
{
        int copies[PROTO_FDS_MAX];

        if (n > PROTO_FDS_MAX)
                return -EMFILE;
        for (uint32_t i = 0; i < n; i++) {
                copies[i] = base_fd_dup(fd[i]);
                if (copies[i] < 0) {
                        int r = copies[i];

                        while (i > 0)
                                base_fd_close(copies[--i]);
                        return r;
                }
        }
        return n > 0 ? proto_fds_append(fds, copies, n) : 0;
}

/* Append what one control message holds, or close it if it is not whole. Return: how many came. */
static uint32_t proto_fds_collect(struct proto_fds *fds, struct cmsghdr *cmsg, bool truncated)
{
        int fd[PROTO_FDS_MAX];
        size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (n > PROTO_FDS_MAX)
                n = PROTO_FDS_MAX; /* cannot be: the buffer holds no more */
        memcpy(fd, CMSG_DATA(cmsg), n * sizeof(int));
        if (!truncated) {
                proto_fds_append(fds, fd, (uint32_t)n);
                return (uint32_t)n;
        }
        proto_fds_discard(fds, fd, (uint32_t)n);
        return (uint32_t)n;
}

ssize_t proto_fds_recv(int socket, void *buffer, size_t size, struct proto_fds *fds)
{
        union proto_control control;
        struct iovec iov = { .iov_base = buffer, .iov_len = size };
        struct msghdr msg = {
                .msg_iov = &iov, .msg_iovlen = 1,
                .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
        };
        uint32_t n_came = 0;
        bool truncated;
        ssize_t n;

        do
                n = recvmsg(socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        truncated = msg.msg_flags & MSG_CTRUNC;
        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
                if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
                        n_came += proto_fds_collect(fds, cmsg, truncated);
        fds->n_came += n_came;
        if (truncated) {
                fds->lost = true;
                fds->starved = n_came < PROTO_FDS_MAX; /* unix(7): room was left for more */
        }
        return n;
}

ssize_t proto_fds_send(int socket, const void *buffer, size_t size, const int *fd, uint32_t n_fds)
{
        union proto_control control = { 0 };
        struct iovec iov = { .iov_base = (void *)(uintptr_t)buffer, .iov_len = size };
        struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        if (n_fds > PROTO_FDS_MAX)
                return -EINVAL;
        if (n_fds > 0) {
                struct cmsghdr *cmsg = &control.align;

                msg.msg_control = control.bytes;
                msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                cmsg->cmsg_level = SOL_SOCKET;
                cmsg->cmsg_type = SCM_RIGHTS;
                cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
                memcpy(CMSG_DATA(cmsg), fd, n_fds * sizeof(int));
        }
        do
                n = sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}
