/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER  0       /* the byte of the daemon, or of who acts for it */
#define KEPT    4096u   /* bytes of a mapping that nobody accesses */

static struct flock lock_of(short type, uint64_t byte)
{
        return (struct flock) {
                .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1,
        };
}

int shm_lock_create(void)
{
        int fd = memfd_create("vgic-locks", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

void *shm_lock_keep(int fd)
{
        void *kept = mmap(NULL, KEPT, PROT_NONE, MAP_SHARED, fd, 0);

        return kept == MAP_FAILED ? NULL : kept;
}

void shm_lock_drop(void *kept)
{
        if (kept)
                munmap(kept, KEPT);
}

int shm_lock_reopen(int fd)
{
        char path[64];
        int own;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        own = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK); /* whatever a client did to the file */
        return own < 0 ? -errno : own;
}

/*
 * Shared, so that a session which maps anew need not wait for what is left of its first open file.
 */
int shm_lock_session(int fd, uint64_t session)
{
        struct flock lock = lock_of(F_RDLCK, session);

        return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

bool shm_lock_is_dead(int fd, uint64_t session)
{
        struct flock lock = lock_of(F_WRLCK, session);

        return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

int shm_lock_serve(int fd)
{
        struct flock lock = lock_of(F_WRLCK, SERVER);

        if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
                return 0;
        return errno == EACCES ? -EAGAIN : -errno;
}

void shm_lock_retire(int fd)
{
        struct flock lock = lock_of(F_UNLCK, SERVER);

        fcntl(fd, F_OFD_SETLK, &lock);
}
