/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SCRIBBLE_H
#define SCRIBBLE_H

/*
 * A process that writes arbitrary values into a segment, or into a ring, in a tight loop
 *
 * What    Three ways in turn: any 64-bit word of the memory; a field that the daemon reads, with a
 *         value that means something there (see fields[] in scribble.c); one such field that flips
 *         between two values for a while, so that each compare-and-swap of somebody else on it
 *         fails.
 * Use     Start several, each of which attaches; scribble_go(); the daemon is talked to meanwhile;
 *         scribble_stop() ends one.
 */
#include <stdint.h>
#include <sys/types.h>

#include "daemon-proc.h"

/*
 * scribble_vm() - a process of the role VMM with VM @name mapped. @seed decides what it writes.
 * Return: its pid.
 */
pid_t scribble_vm(const struct daemon_proc *proc, const char *name, uint64_t seed);

/*
 * scribble_ring() - a device of VM @name by @token; the process rings the daemon, too. When it is
 * disconnected it comes again.
 */
pid_t scribble_ring(const struct daemon_proc *proc, const char *name, const char *token,
                    uint64_t seed);

/* scribble_go() - it is attached: now it scribbles. */
void scribble_go(pid_t pid);

/* scribble_is_alive() - it has not ended by itself (a bug of the test). */
int scribble_is_alive(pid_t pid);

/* scribble_stop() - kill it, and wait. */
void scribble_stop(pid_t pid);

/* scribble_draw() - the generator that they use: xorshift. */
uint64_t scribble_draw(uint64_t *state);

#endif
