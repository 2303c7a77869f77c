/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BASE_FD_H
#define BASE_FD_H

/*
 * Owned descriptors
 *
 * A variable that owns a descriptor holds -1 when it is empty. base_fd_take() marks a hand-over;
 * the cleanup attribute closes what was not handed over.
 *
 *         BASE_CLEANUP_FD int fd = open(...);
 *         if (fd < 0)
 *                 return -errno;
 *         ...
 *         *ret_fd = base_fd_take(&fd);
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* base_fd_close() - close, keep errno, return -1 to store. */
static inline int base_fd_close(int fd)
{
        int saved = errno;

        if (fd >= 0)
                close(fd); /* never again on EINTR: Linux has closed it */
        errno = saved;
        return -1;
}

static inline int base_fd_take(int *fd)
{
        int taken = *fd;

        *fd = -1;
        return taken;
}

static inline void base_fd_cleanup(int *fd)
{
        *fd = base_fd_close(*fd);
}
#define BASE_CLEANUP_FD __attribute__((cleanup(base_fd_cleanup)))

/* base_fd_dup() - a duplicate, close-on-exec. Return: the descriptor, or a negative errno. */
int base_fd_dup(int fd);

/*
 * base_fd_eventfd() - a new eventfd, non-blocking and close-on-exec. Return: the descriptor, or a
 * negative errno.
 */
int base_fd_eventfd(void);
/* base_fd_eventfd_blocking() - the same, but a read waits. */
int base_fd_eventfd_blocking(void);

/* base_fd_is_eventfd() - Return: 1, 0, or a negative errno if /proc cannot tell. */
int base_fd_is_eventfd(int fd);
/* base_fd_may_be_eventfd() - the same for a process in a jail without /proc: nothing says no. */
bool base_fd_may_be_eventfd(int fd);

#endif
