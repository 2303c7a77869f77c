/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LISTENER_H
#define LISTENER_H

/*
 * Listener: the daemon's own socket in the file system
 *
 * What    A Unix stream socket, of its mode from its first instant. The socket of a dead daemon is
 *         replaced, that of a living one never.
 * Why     Two daemons that start at once on one path would both find nobody there: the second one
 *         removes the socket of the first between its bind() and its listen(), and the first
 *         serves a path that is gone. A lock on PATH.lock excludes them from the look to the end.
 * Owner   listener_close() removes the path, if it still names the socket that listener_open()
 *         made.
 */
#include <sys/types.h>

struct listener {
        int fd;                 /* -1: none */
        int lock_fd;            /* -1: not ours; the lock ends with it */
        const char *path;       /* NULL: not ours (socket activation) */
        dev_t dev;
        ino_t ino;
};

#define LISTENER_NONE  ((struct listener){ .fd = -1, .lock_fd = -1 })

/* What it is for. */
struct listener_kind {
        const char *option;     /* which another path is chosen with */
        mode_t mode;
        const char *folder;     /* made if it is not there, of mode: NULL: it has to be */
        mode_t folder_mode;
};

/*
 * listener_open() - bind and listen; @path must outlive it. Return: 0; a negative errno: the log
 * says what to do.
 */
int listener_open(const char *path, const struct listener_kind *kind,
                  struct listener *ret_listener);

/* listener_close() - stop listening and remove the path. Idempotent. */
void listener_close(struct listener *listener);

#endif
