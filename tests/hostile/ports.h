/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PORTS_H
#define PORTS_H

/*
 * A VMM whose vCPUs are list-register ports, in a segment that others scribble:
 * a process of its own
 *
 * What    It enters, does to the bank what a guest or a broken CPU model does, exits, and
 *         acknowledges, ends, parks and resets in between. Whatever the segment holds, it does not
 *         crash, and each call comes back.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon-proc.h"

struct ports {
        _Atomic(uint64_t) *n_turns;     /* in memory that both share */
        pid_t pid;
};

/*
 * ports_be() - register vCPUs @first..@first + @n - 1 of VM @name, as many as are free, and work
 * until killed; for a process made for it. @on_ready is called once it works. Does not return.
 */
void ports_be(const struct daemon_proc *proc, const char *name, uint32_t first, uint32_t n,
              uint64_t seed, _Atomic(uint64_t) *n_turns, void (*on_ready)(void *arg), void *arg)
        __attribute__((noreturn));

/* ports_start() - another process; bails out on failure. */
void ports_start(struct ports *ports, const struct daemon_proc *proc, const char *name,
                 uint32_t first, uint32_t n, uint64_t seed);

/* ports_turn() - @n more turns, each an entry and an exit. Return: there were. */
bool ports_turn(const struct ports *ports, uint64_t n);

/* ports_stop() - kill it. Return: it had not ended by itself. */
bool ports_stop(struct ports *ports);

#endif
