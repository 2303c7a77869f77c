/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef MEMORY_H
#define MEMORY_H

/*
 * Memory: how much of it this process may take before the kernel ends it
 *
 * What    The memory of the machine, or the least limit of its control group and those above, of
 *         either version (MemoryMax= of a unit): a segment is counted there for whoever touches it
 *         first, and that is the daemon.
 */
#include <stdint.h>

/* memory_limit() - in bytes. */
uint64_t memory_limit(void);

/* memory_resident() - what it has of it now, in bytes. Return: 0: it cannot be read. */
uint64_t memory_resident(void);

/*
 * memory_limit_of() - the same of the groups that @list names (as /proc/self/cgroup), below the
 * folder @root. Return: UINT64_MAX: there is no limit, or it cannot be read.
 */
uint64_t memory_limit_of(const char *list, const char *root);

#endif
