/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_DOORBELL_H
#define VGIC_DOORBELL_H

/*
 * Doorbells: eventfds made by the daemon, shared with others
 *
 * Their flags belong to the shared open file, so nothing here depends on O_NONBLOCK.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Ring. A failure but EINTR needs no answer: EAGAIN means that the counter is far from zero, which
 * is what we want.
 */
static inline void vgic_doorbell_ring(int fd)
{
        const uint64_t one = 1;

        while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
                ;
}

/* Empty it without blocking. Return: how often it had been rung. */
static inline uint64_t vgic_doorbell_drain(int fd)
{
        uint64_t count = 0;
        struct iovec iov = { &count, sizeof count };

        return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof count ? count : 0;
}

#endif
