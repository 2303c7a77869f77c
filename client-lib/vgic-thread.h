/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_THREAD_H
#define VGIC_THREAD_H

/*
 * A number for each thread: who entered a list-register port, so that only that thread reads its
 * bank
 *
 * Why     pthread_self() is used again: a later thread would count as the one that entered and
 *         ended, and read a bank that may be gone. The kernel's number of a thread is used again,
 *         too, and costs a system call.
 * What    A number of its own, from 1 on, given when the thread asks first, and never again in this
 *         process. In a child of fork() the thread that forked gets another: its parent runs the
 *         vCPU, and its copy of the bank tells nothing of it.
 * Threads Any. No system call.
 */
#include <stdint.h>

uintptr_t vgic_thread_number_new(void);

extern __thread uintptr_t vgic_thread_own_number;

static inline uintptr_t vgic_thread_number(void)
{
        uintptr_t number = vgic_thread_own_number;

        return __builtin_expect(number != 0, 1) ? number : vgic_thread_number_new();
}

/* vgic_thread_open() - before any thread asks: what a fork of this process does. */
void vgic_thread_open(void);

#endif
