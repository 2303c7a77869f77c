/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Owned descriptors: the parts with system calls
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base-fd.h"

int base_fd_dup(int fd)
{
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        return copy < 0 ? -errno : copy;
}

int base_fd_eventfd(void)
{
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        return fd < 0 ? -errno : fd;
}

int base_fd_eventfd_blocking(void)
{
        int fd = eventfd(0, EFD_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int base_fd_is_eventfd(int fd)
{
        char path[40], target[64];
        int flags = fcntl(fd, F_GETFL);
        ssize_t n;

        if (flags < 0 || (flags & O_PATH)) /* its name is all that such a descriptor has */
                return flags < 0 ? -errno : 0;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        return strcmp(target, "anon_inode:[eventfd]") == 0;
}

bool base_fd_may_be_eventfd(int fd)
{
        int r = base_fd_is_eventfd(fd);

        return r > 0 || (r < 0 && r != -EBADF);
}
