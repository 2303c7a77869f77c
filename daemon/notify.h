/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Notify: what the service manager is told (sd_notify)
 *
 * Each call does nothing when the daemon was not started by a service manager.
 */
#include <stdbool.h>

/* notify_ready() - READY=1: the socket is listened on. */
void notify_ready(unsigned n_vms, unsigned n_sessions);

/* notify_status() - STATUS= in words; never waits. Return: false if it could not be told now. */
bool notify_status(unsigned n_vms, unsigned n_sessions);

/* notify_stopping() - STOPPING=1. */
void notify_stopping(void);

#endif
