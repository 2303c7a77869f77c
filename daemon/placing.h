/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PLACING_H
#define PLACING_H

/*
 * Placing: 1-of-N interrupts of a VM that the daemon could not place at once
 *
 * What    To choose a vCPU is to look at all of them, and a VMM that dies, or puts a vCPU to sleep
 *         by message, may leave hundreds of interrupts to choose for. The daemon takes
 *         PLACING_LOOKS looks in a turn; what is left is noted, as all of them are
 *         (shm-oneofn.h), and is placed in the next turns of the VM's user (turns.h), other users
 *         in between.
 */
#include <stdbool.h>
#include <stdint.h>

#include "turns.h"

#define PLACING_LOOKS  32768u   /* some hundred microseconds */

struct vm;

struct vm_placing {
        struct turn turn;
        uint32_t at;            /* candidate index; SHM_N_CANDIDATES: nothing is under way */
        bool again;             /* more was put off meanwhile, perhaps behind */
};

/* placing_open() / placing_close() - with the controller. */
void placing_open(struct vm *vm);
void placing_close(struct vm *vm);

#endif
