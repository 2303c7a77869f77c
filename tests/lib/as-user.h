/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef AS_USER_H
#define AS_USER_H

/*
 * Connections of several users in one test, which is root: the kernel notes the effective uid at
 * connect() (SO_PEERCRED)
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"

/* Skips the test if it is not root. */
static inline void as_user_need_root(void)
{
        if (geteuid() != 0)
                tap_skip("not root: other users cannot be played");
}

/* Everybody may connect. */
static inline void as_user_open_socket(const struct daemon_proc *proc)
{
        if (chmod(proc->folder, 0755) < 0 || chmod(proc->socket, 0666) < 0)
                tap_bail("chmod: %s", strerror(errno));
}

static inline void as_user_be(uid_t uid)
{
        if (seteuid(0) < 0 || seteuid(uid) < 0)
                tap_bail("seteuid: %s", strerror(errno));
}

static inline struct vgic_conn *as_user_connect(const struct daemon_proc *proc, uid_t uid)
{
        struct vgic_conn *conn;

        as_user_be(uid);
        conn = daemon_connect(proc);
        as_user_be(0);
        return conn;
}

#endif
