/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Files of bytes: read whole, written whole; "-" is standard input or output
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/*
 * A pipe may take a part at a time; nothing written at all counts as a failure, not as a reason to
 * try for ever.
 */
static int write_all(int fd, const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t done = write(fd, bytes, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return done < 0 ? -errno : -EIO;
                bytes += done;
                n -= (size_t)done;
        }
        return 0;
}

/* To where it stays: a pipe, a terminal, a device. */
static int write_through(const char *path, const void *bytes, size_t n)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, bytes, n);
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

/*
 * Beside @path, on the disk, then in its place: whoever finds @path finds all of it, or what was
 * there before.
 */
static int write_anew(const char *path, const void *bytes, size_t n)
{
        size_t size = strlen(path) + sizeof(".XXXXXX");
        char *name = malloc(size);
        int fd, r;

        if (!name)
                return -ENOMEM;
        snprintf(name, size, "%s.XXXXXX", path);
        fd = mkstemp(name);
        if (fd < 0) {
                r = -errno;
                free(name);
                return r;
        }
        r = write_all(fd, bytes, n);
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(name, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(name);
        free(name);
        return r;
}

/*
 * A file that is replaced is never half an image. What is no file cannot be replaced: a rename
 * would put a file where the pipe or device was.
 */
int cli_write_file(const char *path, const void *bytes, size_t n)
{
        struct stat st;

        if (strcmp(path, "-") == 0)
                return write_all(STDOUT_FILENO, bytes, n);
        if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
                return write_through(path, bytes, n);
        return write_anew(path, bytes, n);
}

/* A pipe has no size to ask for, so the buffer grows; @max ends what has no end. */
static int read_all(int fd, size_t max, char **ret_bytes, size_t *ret_n)
{
        size_t n = 0, room = 0;
        char *bytes = NULL;

        for (;;) {
                ssize_t got;

                if (n == room) {
                        char *grown;

                        room = room ? room * 2 : 65536;
                        grown = realloc(bytes, room);
                        if (!grown)
                                break;
                        bytes = grown;
                }
                got = read(fd, bytes + n, room - n);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        break;
                n += (size_t)got;
                if (n > max) {
                        errno = EFBIG;
                        break;
                }
                if (got == 0) {
                        *ret_bytes = bytes;
                        *ret_n = n;
                        return 0;
                }
        }
        free(bytes);
        return errno ? -errno : -ENOMEM;
}

int cli_read_file(const char *path, size_t max, char **ret_bytes, size_t *ret_n)
{
        int fd, r;

        if (strcmp(path, "-") == 0)
                return read_all(STDIN_FILENO, max, ret_bytes, ret_n);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        r = read_all(fd, max, ret_bytes, ret_n);
        close(fd);
        return r;
}
