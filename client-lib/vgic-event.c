/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Events of a connection that wait for vgic_conn_next_event()
 *
 * What the daemon tells without being asked comes by socket (vgic-call.c) or by a device's ring
 * (vgic-device.c), in the middle of other calls. It is kept here until the host asks. Events say
 * what changed, not how often: what says the same as one that waits takes its place, so the queue
 * is never longer than there are things to tell.
 */
#include <stdlib.h>
#include <string.h>

#include "vgic-conn.h"

/*
 * Events that say the same are one event: a second TDIR change replaces one that still waits, a
 * second end of one interrupt adds nothing.
 */
void vgic_conn_queue_event(struct vgic_conn *conn, const struct vgic_event *event)
{
        for (uint32_t i = 0; i < conn->n_events; i++)
                if (conn->events[i].kind == event->kind && conn->events[i].intid == event->intid) {
                        conn->events[i] = *event;
                        return;
                }
        if (conn->n_events == VGIC_CONN_EVENTS_MAX)
                return;
        if (conn->n_events == conn->events_size) {
                uint32_t size = conn->events_size ? 2 * conn->events_size : 8;
                struct vgic_event *grown = realloc(conn->events, size * sizeof(*grown));

                if (!grown)
                        return; /* a lost event is a delay: states can be read at any time */
                conn->events = grown;
                conn->events_size = size;
        }
        conn->events[conn->n_events++] = *event;
}

int vgic_conn_next_event(struct vgic_conn *conn, struct vgic_event *ret_event)
{
        int n;

        pthread_mutex_lock(&conn->lock);
        n = conn->n_events > 0;
        if (n) {
                *ret_event = conn->events[0];
                memmove(conn->events, conn->events + 1, --conn->n_events * sizeof(*conn->events));
        }
        pthread_mutex_unlock(&conn->lock);
        return n;
}
