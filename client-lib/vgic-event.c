/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Events of a connection that wait for vgic_conn_next_event()
 *
 * What the daemon tells without being asked comes by socket (vgic-call.c) or by a device's ring
 * (vgic-device.c), in the middle of other calls. It is kept here until the host asks. Events say
 * what changed, not how often: of those that say the same one waits, so the queue is never longer
 * than there are things to tell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vgic-conn.h"

/* Take out the one at @i; those behind it move up. */
static void remove_event(struct vgic_conn *conn, uint32_t i)
{
        struct vgic_event *at = &conn->events[i];

        memmove(at, at + 1, (--conn->n_events - i) * sizeof(*at));
}

/*
 * A second end of one interrupt adds nothing to the first, which keeps its place. A TDIR change
 * replaces an older one of the same cause, at the end: the last TDIR event that the host takes is
 * what TDIR is.
 */
void vgic_conn_queue_event(struct vgic_conn *conn, const struct vgic_event *event)
{
        for (uint32_t i = 0; i < conn->n_events; i++) {
                if (conn->events[i].kind != event->kind || conn->events[i].intid != event->intid)
                        continue;
                if (event->kind != VGIC_EVENT_TDIR)
                        return;
                remove_event(conn, i);
                break;
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

        if (!conn)
                return -EINVAL;
        pthread_mutex_lock(&conn->lock);
        n = conn->n_events > 0;
        if (n) {
                *ret_event = conn->events[0];
                remove_event(conn, 0);
        }
        pthread_mutex_unlock(&conn->lock);
        return n;
}
