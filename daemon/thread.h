/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef THREAD_H
#define THREAD_H

/*
 * Threads beside the loop
 *
 * What    The log's writer and the closer's: each may be held up by somebody else for as long as
 *         that one likes, so none is ever joined.
 * Signals Stay with the main thread. The guard's timer (doorbell.h) ends a write there, and would
 *         end none if it were delivered elsewhere.
 */
#include <stddef.h>

/**
 * thread_start() - a detached thread
 * @stack_bytes: of its stack; 0: as usual
 *
 * Return: 0; -EAGAIN no thread can be made; -EINVAL the stack is too small.
 */
int thread_start(size_t stack_bytes, void *(*run)(void *arg), void *arg);

#endif
