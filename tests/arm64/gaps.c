/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What qemu-user does not have, for programs that are tested under it
 *
 * preadv2()  answered with ENOSYS by qemu-user of Debian 12 (7.2). Here for what vgicd and libvgic
 *            do with it, emptying an eventfd without blocking, and for nothing else. Between the
 *            poll and the read somebody else could empty it: a kernel's preadv2() has no such
 *            moment, so this is no substitute outside of tests.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/uio.h>

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
        struct pollfd ready = { .fd = fd, .events = POLLIN };

        if (offset != -1 || flags != RWF_NOWAIT) {
                errno = ENOTSUP;
                return -1;
        }
        if (poll(&ready, 1, 0) == 0) {
                errno = EAGAIN;
                return -1;
        }
        return readv(fd, iov, n);
}
