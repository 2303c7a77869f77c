/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TRICKS_H
#define TRICKS_H

/*
 * What the tricks of these tests share: a guest that takes SPIs, an eventfd made to block, the end
 * of a connection
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base-fd.h"
#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic-private.h"

#define TRICK_SPI  40u

/* SPIs of group 1 are enabled, and go to vCPU 0. */
static inline void trick_boot_distributor(struct vgic_vm *vm)
{
        guest_open_distributor(vm);
        guest_open_spis(vm, vm->gic.n_spis);
}

/* Clear O_NONBLOCK of a shared eventfd and fill its counter: a write would sleep for ever. */
static inline void trick_make_block(int fd)
{
        uint64_t full = UINT64_MAX - 1, old;

        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        (void)!read(fd, &old, sizeof(old));
        if (write(fd, &full, sizeof(full)) != (ssize_t)sizeof(full))
                tap_note("the counter cannot be filled: %s", strerror(errno));
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static inline bool trick_wait_disconnected(struct vgic_conn *conn)
{
        while (daemon_wait_readable(vgic_conn_fd(conn)))
                if (vgic_conn_process(conn) == -ENOTCONN)
                        return true;
        return false;
}

#endif
