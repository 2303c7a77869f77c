/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Notify: see notify.h
 */
#include <systemd/sd-daemon.h>

#include "notify.h"

static const char *plural(unsigned n)
{
        return n == 1 ? "" : "s";
}

void notify_ready(unsigned n_vms, unsigned n_sessions)
{
        sd_notify(0, "READY=1");
        notify_status(n_vms, n_sessions);
}

void notify_status(unsigned n_vms, unsigned n_sessions)
{
        sd_notifyf(0, "STATUS=%u VM%s, %u session%s", n_vms, plural(n_vms), n_sessions, plural(n_sessions));
}

void notify_stopping(void)
{
        sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
}
