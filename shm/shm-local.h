/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LOCAL_H
#define SHM_LOCAL_H

/*
 * What one thread of this process publishes to its others: a function pointer, a flag; not in the segment
 *
 * LOCAL-R1 (release) pairs with LOCAL-A1 (acquire): what the function needs, or the flag stands for, was stored before
 * it.
 */
#include <stdbool.h>

#include "shm-atomic.h"

typedef void (*shm_local_fn)(void *arg);

static inline void shm_local_publish(shm_atomic(shm_local_fn) *slot, shm_local_fn fn)
{
        shm_store(slot, fn, LOCAL_R1);
}

static inline shm_local_fn shm_local_read(shm_atomic(shm_local_fn) *slot)
{
        return shm_load(slot, LOCAL_A1);
}

static inline void shm_local_raise(shm_atomic(bool) *flag, bool on)
{
        shm_store(flag, on, LOCAL_R1);
}

static inline bool shm_local_is_raised(const shm_atomic(bool) *flag)
{
        return shm_load(flag, LOCAL_A1);
}

#endif
