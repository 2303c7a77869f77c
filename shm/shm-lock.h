/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LOCK_H
#define SHM_LOCK_H

/*
 * Locks on the segment's file: the kernel's word on who lives, for a time in which no daemon can
 * tell
 *
 * What    Byte 0 of the segment's file is held by whoever serves the VM: its daemon, or, once that
 *         is dead, the VMM that repairs at this moment. Byte n is held for session n, by the open
 *         file that the daemon made for it and that VM_MAP handed over.
 * Why     A process number proves nothing (it is used again, and means something else in another
 *         PID namespace), and a socket that ends may have been ended by a daemon that lives on. The
 *         kernel drops a lock with the last descriptor and the last mapping of its open file: then
 *         nobody is left who could write the segment by it.
 * How     Open-file-description locks. They are not the process's (fcntl's F_SETLK): those are
 *         dropped when it closes any other descriptor of the file, and by a VMM that forks and lets
 *         its child go on. A child that inherits the mapping holds the lock with it: it counts as
 *         alive for as long as it could run the vCPUs.
 * Who     One at a time serves: a slow daemon, a stopped one, and two VMMs that find it dead are
 *         told apart by the lock alone. Nobody waits for it: who does not get it leaves, and looks
 *         again later. A process that dies holding it frees it.
 * Trust   A process that has the segment, an observer too, can lock every byte, and so keep this VM
 *         from being repaired, and further VMMs from mapping it. It is the VM's own user, and no
 *         other VM is concerned.
 * Threads Any; of one process, one open file at a time (the caller excludes).
 */
#include <stdbool.h>
#include <stdint.h>

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
