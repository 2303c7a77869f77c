/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Listener: see listener.h
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"

#define LISTENER_BACKLOG  512

/*
 * Refused here, with words: the kernel takes an empty path for an abstract address, and a path that
 * was cut would name another file.
 */
static int path_to_address(const char *path, const struct listener_kind *kind,
                           struct sockaddr_un *ret_address)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (path[0] == '\0') {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the socket path is empty: give %s a path", kind->option);
                return -EINVAL;
        }
        if (strlen(path) >= sizeof(address.sun_path)) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the socket path has %zu bytes, but a Unix socket's has at most %zu: "
                          "choose a shorter one",
                          strlen(path), sizeof(address.sun_path) - 1);
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        *ret_address = address;
        return 0;
}

/* Say what the administrator can do about it. Return: -@error. */
static int bind_error(const char *path, const struct listener_kind *kind, int error)
{
        char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
        const char *folder;

        snprintf(copy, sizeof(copy), "%s", path);
        folder = dirname(copy);
        if (error == ENOENT || error == ENOTDIR)
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the folder %s does not exist: make it, or choose another path with %s",
                          folder, kind->option);
        else if (error == EACCES || error == EPERM || error == EROFS)
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "no socket may be created in %s (%s): choose a path that this user may "
                          "write with %s",
                          folder, strerror(error), kind->option);
        else if (error == EADDRINUSE)
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "another vgicd took %s at this moment", path);
        else
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "%s cannot be bound: %s", path, strerror(error));
        return -error;
}

struct lock_path {
        char text[sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(".lock")];
};

static struct lock_path lock_path(const char *path)
{
        struct lock_path lock;

        snprintf(lock.text, sizeof(lock.text), "%s.lock", path);
        return lock;
}

/* Say what the administrator can do about it. Return: -@error. */
static int lock_error(const char *path, const struct listener_kind *kind, const char *lock,
                      int error)
{
        if (error == EWOULDBLOCK) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "another vgicd serves %s, or starts or ends there: stop it first, or "
                          "choose another path with %s",
                          path, kind->option);
                return -EADDRINUSE;
        }
        if (error == EACCES && access(lock, F_OK) == 0) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "%s is another user's, whose vgicd was killed: remove it, or choose "
                          "another path with %s",
                          lock, kind->option);
                return -error;
        }
        if (error == ENOENT || error == ENOTDIR || error == EACCES || error == EROFS)
                return bind_error(path, kind, error);
        log_event(LOG_ERR, LOG_EVENT_NO_START,
                  "%s, which keeps a second vgicd away, cannot be locked: %s", lock,
                  strerror(error));
        return -error;
}

/*
 * The file may be removed by the daemon that had it, between this open() and this lock: then the
 * lock is on a file that nobody else finds, and is worth nothing.
 */
static bool is_still_there(int fd, const char *lock)
{
        struct stat mine, there;

        return fstat(fd, &mine) == 0 && lstat(lock, &there) == 0 && mine.st_dev == there.st_dev &&
               mine.st_ino == there.st_ino;
}

/* Return: a descriptor that holds the lock; a negative errno: the log says what to do. */
static int take_lock(const char *path, const struct listener_kind *kind)
{
        struct lock_path lock = lock_path(path);
        int fd, r;

        for (;;) {
                fd = open(lock.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
                if (fd < 0)
                        return lock_error(path, kind, lock.text, errno);
                (void)fchmod(fd, 0600); /* whatever the umask: the next daemon opens it, too */
                if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                        r = lock_error(path, kind, lock.text, errno);
                        close(fd);
                        return r;
                }
                if (is_still_there(fd, lock.text))
                        return fd;
                close(fd);
        }
}

/* Return: a socket that never blocks; a negative errno, logged. */
static int socket_new(void)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0) {
                int r = -errno;

                log_event(LOG_ERR, LOG_EVENT_NO_START, "no socket can be made: %s", strerror(-r));
                return r;
        }
        return fd;
}

/*
 * Is a daemon behind this socket? Return: 1 nobody; -EADDRINUSE somebody; other errors: cannot be
 * told.
 */
static int probe(const struct sockaddr_un *address)
{
        int fd = socket_new(), r;

        if (fd < 0)
                return fd;
        r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
        close(fd);
        if (r == -ECONNREFUSED || r == -ENOENT)
                return 1;
        if (r == 0 || r == -EAGAIN) /* EAGAIN: its backlog is full, so it lives */
                return -EADDRINUSE;
        return r;
}

/* Make way at @path. Never removes anything but a socket on which nobody listens. */
static int clear_path(const struct sockaddr_un *address, const struct listener_kind *kind)
{
        const char *path = address->sun_path;
        struct stat st;
        int r;

        if (lstat(path, &st) < 0)
                return 0; /* bind() finds out what is wrong with the folder */
        if (!S_ISSOCK(st.st_mode)) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                         "%s exists and is not a socket: move it away, or choose another path with "
                          "%s",
                          path, kind->option);
                return -EEXIST;
        }
        r = probe(address);
        if (r == -EADDRINUSE) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "another vgicd listens there already: %s: stop it first, or choose "
                          "another path with %s",
                          path, kind->option);
                return r;
        }
        if (r < 0) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "%s exists, and whether a daemon listens there cannot be told (%s): "
                          "remove it by hand, or choose another path with %s",
                          path, strerror(-r), kind->option);
                return r;
        }
        if (unlink(path) < 0 && errno != ENOENT) {
                r = -errno;
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "%s is left over from a daemon that died and cannot be removed: %s", path,
                          strerror(-r));
                return r;
        }
        log_event(LOG_NOTICE, LOG_EVENT_SOCKET,
                  "%s was left over from a daemon that died: replaced", path);
        return 0;
}

/*
 * Of its mode from the first moment on: by chmod() after bind() another user could connect in
 * between.
 */
static int bind_with_mode(int fd, const struct sockaddr_un *address,
                          const struct listener_kind *kind)
{
        mode_t old = umask(0777 & ~kind->mode);
        int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;

        umask(old);
        return r ? bind_error(address->sun_path, kind, r) : 0;
}

/* The rest of listener_open(), for who has the lock. */
static int open_locked(const char *path, const struct listener_kind *kind,
                       const struct sockaddr_un *address, struct listener *ret_listener)
{
        struct stat st;
        int fd, r;

        r = clear_path(address, kind);
        if (r < 0)
                return r;
        fd = socket_new();
        if (fd < 0)
                return fd;
        r = bind_with_mode(fd, address, kind);
        if (r < 0) {
                close(fd);
                return r;
        }
        if (stat(path, &st) < 0 || listen(fd, LISTENER_BACKLOG) < 0) {
                r = -errno;
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "%s cannot be listened on: %s", path, strerror(-r));
                unlink(path);
                close(fd);
                return r;
        }
        *ret_listener = (struct listener){
                .fd = fd, .lock_fd = -1, .path = path, .dev = st.st_dev, .ino = st.st_ino
        };
        return 0;
}

/*
 * The file goes while the lock is still held. It is another daemon's, if somebody removed the one
 * that was locked.
 */
static void drop_lock(const char *path, int lock_fd)
{
        struct lock_path lock = lock_path(path);

        if (is_still_there(lock_fd, lock.text))
                unlink(lock.text);
        close(lock_fd);
}

int listener_open(const char *path, const struct listener_kind *kind, struct listener *ret_listener)
{
        struct sockaddr_un address;
        int lock_fd, r;

        r = path_to_address(path, kind, &address);
        if (r < 0)
                return r;
        if (kind->folder)
                (void)mkdir(kind->folder, kind->folder_mode); /* bind() finds out the rest */
        lock_fd = take_lock(path, kind);
        if (lock_fd < 0)
                return lock_fd;
        r = open_locked(path, kind, &address, ret_listener);
        if (r < 0)
                drop_lock(path, lock_fd);
        else
                ret_listener->lock_fd = lock_fd;
        return r;
}

void listener_close(struct listener *listener)
{
        struct stat st;

        if (listener->fd < 0)
                return;
        if (listener->path && lstat(listener->path, &st) == 0 && st.st_dev == listener->dev &&
            st.st_ino == listener->ino)
                unlink(listener->path);
        close(listener->fd);
        if (listener->lock_fd >= 0)
                drop_lock(listener->path, listener->lock_fd);
        *listener = LISTENER_NONE;
}
