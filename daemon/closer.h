/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CLOSER_H
#define CLOSER_H

/*
 * Closer: descriptors that clients sent and nobody asked for, closed where it may take its time
 *
 * What    close() of a descriptor can wait: a socket lingers (SO_LINGER), a file of a FUSE file
 *         system asks its server, a large memfd gives its memory back. Whatever is no eventfd is
 *         closed by a thread that does nothing else.
 * Cost    An honest client sends nothing but eventfds: there is no such thread, until somebody does
 *         otherwise. A thread ends when it has closed what there was; there are at most
 *         CLOSER_THREADS.
 * Limits  A descriptor that nobody closes stays the daemon's: at most CLOSER_WAITING of them, then
 *         the daemon closes under its guard timer (doorbell.h), which ends every sleep that a
 *         signal can end.
 * Threads The daemon's one thread calls; the lock covers the queue.
 */
#include <stdbool.h>

#define CLOSER_THREADS     8u
#define CLOSER_WAITING  4096u

struct closer;

/* closer_new() - Return: NULL without memory. */
struct closer *closer_new(void);

/* closer_free() - what still waits to be closed is left to its threads. NULL is allowed. */
void closer_free(struct closer *closer);

/*
 * closer_close() - takes @fd over (-1: nothing). Return: false: there is no room or thread, and @fd
 * is still the caller's.
 */
bool closer_close(struct closer *closer, int fd);

#endif
