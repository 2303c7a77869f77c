/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LOCK_H
#define SHM_LOCK_H

/*
 * The lock file of a VM: the kernel's word on who lives, for a time in which no daemon can tell
 *
 * What    A memfd without contents, beside the segment. Byte 0 of it is locked by whoever serves
 *         the VM: its daemon, or, once that is dead, the VMM that repairs at this moment. Byte n is
 *         locked for session n, by the open file that the daemon made for it and that VM_MAP handed
 *         over.
 * Why     A process number proves nothing (it is used again, and means something else in another
 *         PID namespace), and a socket that ends may have been ended by a daemon that lives on. The
 *         kernel drops a lock with the last descriptor and the last mapping of its open file. A VMM
 *         keeps a mapping of the lock file for as long as it has the segment mapped
 *         (shm_lock_keep()): then nobody is left who could write the segment.
 *         Not the segment itself: that is an observer's, too, and who may read a file may lock it.
 * How     Open-file-description locks. They are not the process's (fcntl's F_SETLK): those are
 *         dropped when it closes any other descriptor of the file, and by a VMM that forks and lets
 *         its child go on. A child that inherits the mapping holds the lock with it: it counts as
 *         alive for as long as it could run the vCPUs.
 * Who     One at a time serves: a slow daemon, a stopped one, and two VMMs that find it dead are
 *         told apart by the lock alone. Nobody waits for it: who does not get it leaves, and looks
 *         again later. A process that dies holding it frees it.
 * Silent  A session that has no lock, since it did not ask for the lock file, or somebody held its
 *         byte, has SHM_SESSION_SILENT in the segment: nobody can tell that it is dead.
 * Trust   Only VMMs of the VM have the file. One of them can lock every byte, and so keep this VM
 *         from being repaired without a daemon: as it can by a write to the segment. No observer,
 *         no device and no other VM is able to.
 * Threads Any; of one process, one open file at a time (the caller excludes).
 */
#include <stdbool.h>
#include <stdint.h>

/* shm_lock_create() - a new one, of mode 0600. Return: its descriptor; a negative errno. */
int shm_lock_create(void);

/*
 * shm_lock_keep() - what a fork copies: a mapping of @fd's open file, which holds its locks.
 * Return: NULL: there can be none of @fd. shm_lock_drop() - NULL is allowed.
 */
void *shm_lock_keep(int fd);
void shm_lock_drop(void *kept);

/*
 * shm_lock_reopen() - an open file of its own for the memory behind @fd. Return: its descriptor,
 * close-on-exec; a negative errno.
 */
int shm_lock_reopen(int fd);

/*
 * shm_lock_session() - @fd's open file is @session's (above 0) from here on. Return: 0; a negative
 * errno: somebody holds it alone.
 */
int shm_lock_session(int fd, uint64_t session);

/*
 * shm_lock_is_dead() - no process is left that has @session's open file. false also if the kernel
 * does not say.
 */
bool shm_lock_is_dead(int fd, uint64_t session);

/*
 * shm_lock_serve() - be the one who serves the VM. Return: 0; -EAGAIN: somebody does; another
 * negative errno.
 */
int shm_lock_serve(int fd);
void shm_lock_retire(int fd);

#endif
