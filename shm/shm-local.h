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
#include <stdatomic.h>
#include <stdbool.h>

#include "shm-order.h"

typedef void (*shm_local_fn)(void *arg);

static inline void shm_local_publish(_Atomic(shm_local_fn) *slot, shm_local_fn fn)
{
        atomic_store_explicit(slot, fn, SHM_ORDER_LOCAL_R1);
}

static inline shm_local_fn shm_local_read(_Atomic(shm_local_fn) *slot)
{
        return atomic_load_explicit(slot, SHM_ORDER_LOCAL_A1);
}

static inline void shm_local_raise(_Atomic(bool) *flag, bool on)
{
        atomic_store_explicit(flag, on, SHM_ORDER_LOCAL_R1);
}

static inline bool shm_local_is_raised(const _Atomic(bool) *flag)
{
        return atomic_load_explicit(flag, SHM_ORDER_LOCAL_A1);
}

#endif
