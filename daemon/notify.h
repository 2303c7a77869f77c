/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Notify: what the service manager is told, as by sd_notify(3)
 *
 * Each call does nothing when the daemon was not started by a service manager. None waits; false:
 * it could not be told now, and the caller tries again.
 */
#include <stdbool.h>

/* notify_ready() - READY=1: the socket is listened on. */
bool notify_ready(void);

/* notify_status() - STATUS= in words. */
bool notify_status(unsigned n_vms, unsigned n_sessions);

/* notify_stopping() - STOPPING=1; of no consequence if it is not heard. */
void notify_stopping(void);

#endif
