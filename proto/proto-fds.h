/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROTO_FDS_H
#define PROTO_FDS_H

/*
 * Descriptors on the wire: an owned list, and the two system calls that carry it
 *
 * Owner   What is in a list is closed by proto_fds_clear(), unless proto_fds_take() took it out.
 * Threads None of its own.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto-limits.h"

struct proto_fds {
        int *fd;                /* NULL while there was none: an idle connection costs nothing */
        uint32_t n;             /* received; those taken out read -1 */
        uint32_t n_came;        /* received, also those that found no room here */
        bool lost;              /* some did not arrive */
        bool starved;           /* ... since this process has no descriptors left */
        /* instead of close(), which can wait: see daemon/closer.h; NULL: close() */
        void (*discard)(void *arg, int fd);
        void *discard_arg;
};

/* proto_fds_clear() - discard what is there; how that is done stays. */
void proto_fds_clear(struct proto_fds *fds);

/* proto_fds_take() - hand over descriptor @index. Return: it, or -1 if there is none. */
int proto_fds_take(struct proto_fds *fds, uint32_t index);

/*
 * proto_fds_append() - take over @n descriptors.
 * Return: 0; or -EMFILE, -ENOMEM with all @n closed and lost set.
 */
int proto_fds_append(struct proto_fds *fds, const int *fd, uint32_t n);

/*
 * proto_fds_dup() - fill an empty list with duplicates.
 * Return: 0; -EMFILE, -EBADF, -ENOMEM, and the list stays empty.
 */
int proto_fds_dup(struct proto_fds *fds, const int *fd, uint32_t n);

/**
 * proto_fds_recv() - receive at most @size bytes, and append what descriptors came along
 *
 * Never waits, whatever the socket's O_NONBLOCK says: that flag may be shared with the peer.
 * Descriptors are close-on-exec.
 * If the kernel dropped some (MSG_CTRUNC), all that came with them are closed and fds->lost is set.
 * It drops them where they are more than PROTO_FDS_MAX, or where this process may not have as many
 * (fds->starved).
 *
 * Return: bytes; 0 end of file; -EAGAIN; -EINTR never; another negative errno.
 */
ssize_t proto_fds_recv(int socket, void *buffer, size_t size, struct proto_fds *fds);

/**
 * proto_fds_send() - send what the socket takes now of @size bytes, with @n descriptors; they go
 * along with the first byte
 *
 * Return: bytes (at least 1); -EAGAIN; -ETOOMANYREFS; -EPIPE (no SIGPIPE);
 * another negative errno; -EINTR never.
 */
ssize_t proto_fds_send(int socket, const void *buffer, size_t size, const int *fd, uint32_t n);

#endif
