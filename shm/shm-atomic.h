/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ATOMIC_H
#define SHM_ATOMIC_H

/*
 * Atomic accesses: each names its label, and the label has the order (shm-order.h)
 *
 *   shm_load(at, LABEL)                 the value
 *   shm_store(at, value, LABEL)
 *   shm_exchange(at, value, LABEL)      the value before; as of
 *   shm_or(), shm_and(), shm_add()
 *   shm_cas(at, &old, now, LABEL)       true: it was old and is now; false: old is what it is
 *                                       (never spuriously)
 *   shm_init(at, value)                 before anybody else can see it
 *   shm_fetch_to_write(at)              a hint to the processor, no access: this is read now and
 *                                       written next
 *
 * Builds  The product: C11's atomics, nothing else. SHM_ATOMIC_CHECKED: the same sources on a weak
 *         memory model, in tests/litmus. SHM_ATOMIC_HOOKS: C11's, and shm_hook(), which the program
 *         defines, is told of each access: kill points and traces in the tests.
 * Threads Any. All of it is lock-free, also between processes: see the assertions.
 */
#include "shm-order.h"

#ifdef SHM_ATOMIC_CHECKED
#include "litmus-atomic.h"
#else

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define SHM_ORDER_ENUMERATE(label, operation, order) SHM_ORDER_##label = memory_order_##order,
enum shm_order { SHM_ORDERS(SHM_ORDER_ENUMERATE) };
#undef SHM_ORDER_ENUMERATE

#define shm_atomic(type) _Atomic(type)

/* A lock would be one in the segment: who dies holding it stops everybody. */
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(uint64_t) == sizeof(long long) &&
              sizeof(_Atomic(uint64_t)) == 8 && _Alignof(_Atomic(uint64_t)) == 8,
              "64-bit atomics are lock-free");
static_assert(ATOMIC_INT_LOCK_FREE == 2 && sizeof(_Atomic(uint32_t)) == 4 &&
              _Alignof(_Atomic(uint32_t)) == 4,
              "32-bit atomics are lock-free");

#define SHM_ORDER_OF(label) ((memory_order)SHM_ORDER_##label)
/* of a compare-and-swap that fails: it is a load */
#define SHM_ORDER_FAILED(label) \
        ((memory_order)SHM_ORDER_##label == memory_order_acq_rel ? memory_order_acquire : \
         (memory_order)SHM_ORDER_##label == memory_order_release ? memory_order_relaxed : \
         (memory_order)SHM_ORDER_##label)

#define shm_init(at, value)             atomic_init(at, value)

/*
 * A load fetches a cache line to read, and the write after it has to ask the other processors
 * for it once more. This asks once. x86-64 has had prefetchw from its beginning, if only as an
 * instruction that does nothing; compilers make it of __builtin_prefetch() when they are told of
 * a newer processor.
 */
#ifdef __x86_64__
#define shm_fetch_to_write(at)          __asm__ volatile("prefetchw %0" : : "m"(*(at)))
#else
#define shm_fetch_to_write(at)          __builtin_prefetch((const void *)(at), 1)
#endif

#ifndef SHM_ATOMIC_HOOKS
#define shm_load(at, label)             atomic_load_explicit(at, SHM_ORDER_OF(label))
#define shm_store(at, value, label)     atomic_store_explicit(at, value, SHM_ORDER_OF(label))
#define shm_exchange(at, value, label)  atomic_exchange_explicit(at, value, SHM_ORDER_OF(label))
#define shm_or(at, value, label)        atomic_fetch_or_explicit(at, value, SHM_ORDER_OF(label))
#define shm_and(at, value, label)       atomic_fetch_and_explicit(at, value, SHM_ORDER_OF(label))
#define shm_add(at, value, label)       atomic_fetch_add_explicit(at, value, SHM_ORDER_OF(label))
#define shm_cas(at, old, now, label) \
        atomic_compare_exchange_strong_explicit(at, old, now, SHM_ORDER_OF(label), \
                                                SHM_ORDER_FAILED(label))
#else
#include "shm-hook.h"
#endif

#endif
#endif
