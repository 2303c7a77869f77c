/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The lock of a connection, and what is done once when the daemon is found gone
 *
 * Any call may be the one that finds the daemon dead. It holds the lock then, and the repair of the
 * words takes long; so it only notes the loss, and whoever notes it repairs after unlocking.
 */
#include <poll.h>

#include "shm-reset.h"
#include "vgic-conn.h"

/*
 * Who filled a doorbell until it blocks was thrown out for that, maybe: it does not wait for itself
 * here.
 */
static void vgic_conn_ring_unless_full(void *ctx, uint32_t index, uint32_t park)
{
        struct vgic_vm *vm = ctx;
        struct pollfd bell = { .fd = vm->doorbells[index], .events = POLLOUT };

        if (poll(&bell, 1, 0) == 1)
                vm->gic.ring(vm, index, park);
}

void vgic_conn_unlock(struct vgic_conn *conn)
{
        bool bereaved = conn->bereaved;
        struct vgic_vm *vm = conn->vm;
        struct shm_gic gic;

        conn->bereaved = false;
        pthread_mutex_unlock(&conn->lock);
        if (!bereaved || !vm || !shm_local_is_raised(&vm->data_path[true]))
                return;
        gic = vm->gic;
        gic.ring = vgic_conn_ring_unless_full;
        shm_repair_words(&gic);
}
