/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Notify: what the service manager is told, as by sd_notify(3)
 *
 * What    One datagram a call, sent without waiting; none when the daemon was not started by a
 *         service manager.
 * Return  0 the manager was told, or there is none; -EAGAIN there is no room for it now, the caller
 *         tries again; another negative errno: it cannot be told, and trying again changes nothing.
 */
#include <stdint.h>

/* notify_ready() - READY=1: the socket is listened on. */
int notify_ready(void);

/* notify_reloading() - RELOADING=1: notify_ready() follows. */
int notify_reloading(void);

/* What STATUS= tells. */
struct notify_numbers {
        unsigned n_vms;
        unsigned n_sessions;
        unsigned n_fds;                 /* that are counted for users */
        uint64_t n_bytes;               /* the same of memory */
};

/* notify_status() - STATUS= in words. */
int notify_status(const struct notify_numbers *numbers);

/* notify_watchdog() - WATCHDOG=1. */
int notify_watchdog(void);

/* notify_stopping() - STOPPING=1; of no consequence if it is not heard. */
void notify_stopping(void);

#endif
