/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VICTIM_H
#define VICTIM_H

/*
 * The other VM: a process with a VM, a device and a TDIR subscription of its own,
 * which counts all that happens
 *
 * What    One round is: an SPI injected by message, one injected locally, one that its device
 *         raises by ring and hears the end of, one for a list-register port; and one that vCPU 0, a
 *         trap port, may only have when that port has left the guest, for which the daemon has to
 *         ring it. Each has to come exactly once, TDIR has to be set meanwhile and clear after it,
 *         and the daemon's counts of the VM have to be those of the rounds.
 * Use     victim_start(); be hostile elsewhere; victim_serves() between; victim_stop() says what
 *         was wrong, if anything.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon-proc.h"

#define VICTIM_NAME  "victim"

/* Shared between the victim's process and the test. */
struct victim_page {
        _Atomic(bool) ready;
        _Atomic(bool) stop;
        _Atomic(uint64_t) n_rounds;
        _Atomic(bool) failed;           /* wrong[] says what */
        char wrong[200];
};

struct victim {
        struct victim_page *page;
        pid_t pid;
};

/*
 * victim_start() - another process, of another user if @uid is not 0 (root only);
 * bails out on failure.
 */
void victim_start(struct victim *victim, const struct daemon_proc *proc, uid_t uid);

/*
 * victim_serves() - @n more rounds go well. Return: they do; false also if they take longer than
 * DAEMON_WAIT_MS.
 */
bool victim_serves(const struct victim *victim, uint64_t n);

/* victim_stop() - a point of the test: all rounds were right. */
void victim_stop(struct victim *victim);

#endif
