/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef COST_STEP_H
#define COST_STEP_H

/*
 * Count what a function executes, instruction by instruction
 *
 * What    The processor's trap flag makes each instruction end in SIGTRAP, and its handler looks at
 *         the next one. That is exact, and needs neither a tool nor a right.
 * Locked  An instruction with a lock prefix, an exchange with memory (it locks by itself), MFENCE.
 * Threads One: the handler's books are this file's. Only on x86-64.
 */
#include <stdbool.h>
#include <stdint.h>

#define COST_MAX_LOCKED  4096u

struct cost_count {
        uint64_t instructions;
        unsigned n_locked;
        uint64_t locked[COST_MAX_LOCKED];       /* their addresses, in the order of execution */
};

/*
 * cost_step() - call run(@arg, @n), and count
 *
 * The way there and back is counted, too, and the same for each @n: the caller takes the difference
 * of two counts. Return: false if nothing can be counted here.
 */
bool cost_step(void (*run)(void *arg, unsigned n), void *arg, unsigned n,
               struct cost_count *ret_count);

#endif
