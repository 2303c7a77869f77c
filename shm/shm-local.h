/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LOCAL_H
#define SHM_LOCAL_H

/*
 * What one thread of this process publishes to its others: a flag, a function with its argument;
 * not in the segment
 *
 * Flag    LOCAL-R1 (release) pairs with LOCAL-A1 (acquire): what the flag stands for was stored
 *         before it.
 * Kick    A function and its argument, which any thread calls at any time, and which can be taken
 *         back: after that, and once nobody is in it, no call is running, and none begins. Whether
 *         it is open, and how many are calling it, is one word: who adds itself to a closed one
 *         does not call, who does so to an open one is waited for. So function and argument need no
 *         atomics: they change only while it is closed and idle.
 */
#include <stdbool.h>
#include <stdint.h>

#include "shm-atomic.h"

static inline void shm_local_raise(shm_atomic(bool) *flag, bool on)
{
        shm_store(flag, on, LOCAL_R1);
}

static inline bool shm_local_is_raised(const shm_atomic(bool) *flag)
{
        return shm_load(flag, LOCAL_A1);
}

#define SHM_KICK_OPEN    (UINT32_C(1) << 31)
#define SHM_KICK_PARKED  (UINT32_C(1) << 30)    /* open for a vCPU that is parked, too */
#define SHM_KICK_BITS    (SHM_KICK_OPEN | SHM_KICK_PARKED)      /* the bits under them: callers */

struct shm_kick {
        shm_atomic(uint32_t) word;
        void (*fn)(void *arg);
        void *arg;
};

/* shm_kick_open() - of one that is closed and idle. @bits: SHM_KICK_OPEN, or both */
static inline void shm_kick_open(struct shm_kick *kick, void (*fn)(void *arg), void *arg,
                                 uint32_t bits)
{
        kick->fn = fn;
        kick->arg = arg;
        shm_or(&kick->word, bits, LOCAL_R2);
}

/*
 * shm_kick_end() - after the call. Return: it was the last of one that has been closed: somebody
 * may wait for that.
 */
static inline bool shm_kick_end(struct shm_kick *kick)
{
        return shm_add(&kick->word, UINT32_MAX, LOCAL_R2) == 1;
}

/*
 * shm_kick_begin() - Return: fn may be called, then shm_kick_end(); else it is closed for @bit, and
 * *ret_last is as of shm_kick_end().
 */
static inline bool shm_kick_begin(struct shm_kick *kick, uint32_t bit, bool *ret_last)
{
        *ret_last = false;
        if (!(shm_load(&kick->word, LOCAL_A1) & bit))
                return false;
        if (shm_add(&kick->word, 1, LOCAL_A2) & bit)
                return true;
        *ret_last = shm_kick_end(kick);
        return false;
}

/* shm_kick_close() - nobody begins from now on. Return: those who have begun; 0: it is idle. */
static inline uint32_t shm_kick_close(struct shm_kick *kick)
{
        return shm_and(&kick->word, ~SHM_KICK_BITS, LOCAL_A2) & ~SHM_KICK_BITS;
}

/*
 * shm_local_enter() - @thread is in here from now on; 0: nobody. shm_local_is_in() - of the
 * caller's own thread it is exact; of another it is somebody else's affair.
 */
static inline void shm_local_enter(shm_atomic(uintptr_t) *at, uintptr_t thread)
{
        shm_store(at, thread, LOCAL_X1);
}

static inline bool shm_local_is_in(const shm_atomic(uintptr_t) *at, uintptr_t thread)
{
        return shm_load(at, LOCAL_X2) == thread;
}

#endif
