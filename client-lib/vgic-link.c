/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The lock of a connection, and what is done once when the daemon is found gone
 *
 * Any call may be the one that finds the daemon dead. It holds the lock then, and the repair of the
 * words takes long; so it only notes the loss, and whoever notes it repairs after unlocking.
 */
#include "vgic-bereft.h"
#include "vgic-conn.h"

void vgic_conn_unlock(struct vgic_conn *conn)
{
        bool has_news = conn->has_news;
        struct vgic_vm *vm = conn->vm;

        conn->has_news = false;
        pthread_mutex_unlock(&conn->lock);
        if (has_news && vm)
                vgic_bereft_begin(vm);
}
