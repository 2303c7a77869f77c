/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_HOOK_H
#define SHM_HOOK_H

/*
 * Atomic accesses that tell of themselves; for tests only (SHM_ATOMIC_HOOKS)
 *
 * What    Each access of shm-atomic.h, done as in the product, then told to shm_hook(). The program
 *         that links tests/lib/libshm-hooked.la defines it: it may count, record, yield, or kill
 *         its process: the next access of this thread has not happened yet.
 * Threads Called by whichever thread made the access. It may call into shm/ only as another
 *         participant would, and has to expect to be called from there.
 */
#include <stdbool.h>
#include <stdint.h>

enum shm_hook_kind { SHM_HOOK_LOAD, SHM_HOOK_STORE, SHM_HOOK_RMW, SHM_HOOK_CAS_FAILED };

struct shm_hook_event {
        enum shm_hook_kind kind;
        const char *label;              /* as in shm-order.h */
        const char *function;           /* that made the access */
        const volatile void *at;
        uint64_t old;        /* LOAD, CAS_FAILED: what was found; RMW: the value before; STORE: 0 */
        uint64_t now;                   /* STORE, RMW: the value after; otherwise as old */
};

void shm_hook(const struct shm_hook_event *event);

#define SHM_HOOKED(kind_, label_, at_, old_, now_) \
        shm_hook(&(const struct shm_hook_event) { \
                .kind = SHM_HOOK_##kind_, .label = #label_, .function = __func__, .at = (at_), \
                .old = (uint64_t)(old_), .now = (uint64_t)(now_) })

#define shm_load(at, label) ({ \
        __auto_type load_at_ = (at); \
        __auto_type load_value_ = atomic_load_explicit(load_at_, SHM_ORDER_OF(label)); \
        SHM_HOOKED(LOAD, label, load_at_, load_value_, load_value_); \
        load_value_; })

#define shm_store(at, value, label) ({ \
        __auto_type store_at_ = (at); \
        __auto_type store_now_ = (value); \
        atomic_store_explicit(store_at_, store_now_, SHM_ORDER_OF(label)); \
        SHM_HOOKED(STORE, label, store_at_, 0, store_now_); })

/* An operation that returns the value before; @after computes the one that it left. */
#define SHM_HOOKED_RMW(operation, at, value, label, after) ({ \
        __auto_type rmw_at_ = (at); \
        __auto_type rmw_value_ = (value); \
        __auto_type rmw_old_ = operation(rmw_at_, rmw_value_, SHM_ORDER_OF(label)); \
        SHM_HOOKED(RMW, label, rmw_at_, rmw_old_, after); \
        rmw_old_; })

#define shm_exchange(at, value, label) \
        SHM_HOOKED_RMW(atomic_exchange_explicit, at, value, label, rmw_value_)
#define shm_or(at, value, label) \
        SHM_HOOKED_RMW(atomic_fetch_or_explicit, at, value, label, rmw_old_ | rmw_value_)
#define shm_and(at, value, label) \
        SHM_HOOKED_RMW(atomic_fetch_and_explicit, at, value, label, rmw_old_ & rmw_value_)
#define shm_add(at, value, label) \
        SHM_HOOKED_RMW(atomic_fetch_add_explicit, at, value, label, rmw_old_ + rmw_value_)

#define shm_cas(at, old, now, label) ({ \
        __auto_type cas_at_ = (at); \
        __auto_type cas_old_at_ = (old); \
        __auto_type cas_now_ = (now); \
        __auto_type cas_old_ = *cas_old_at_; \
        bool cas_done_ = atomic_compare_exchange_strong_explicit( \
                cas_at_, cas_old_at_, cas_now_, SHM_ORDER_OF(label), SHM_ORDER_FAILED(label)); \
        if (cas_done_) \
                SHM_HOOKED(RMW, label, cas_at_, cas_old_, cas_now_); \
        else \
                SHM_HOOKED(CAS_FAILED, label, cas_at_, *cas_old_at_, *cas_old_at_); \
        cas_done_; })

#endif
