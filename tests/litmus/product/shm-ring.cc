/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-ring.h"

/*
 * LITMUS_RING_ONE_LOOK: what its producer has seen of the queue is all that it sees. The one load
 * with that label.
 */
template<typename T> static uint32_t look_again(const litmus_atomic<T> *head, uint32_t seen)
{
        return litmus_has_fault(LITMUS_RING_ONE_LOOK) ? seen : litmus_load(head, LITMUS_RING_A5);
}

#undef shm_load
#define LOOK_RING_A5(at)     look_again(at, ring->out.index - SHM_RING_ENTRIES)
#define LOOK_RING_A1(at)     litmus_load(at, LITMUS_RING_A1)
#define LOOK_RING_A2(at)     litmus_load(at, LITMUS_RING_A2)
#define LOOK_RING_A3(at)     litmus_load(at, LITMUS_RING_A3)
#define LOOK_RING_A4(at)     litmus_load(at, LITMUS_RING_A4)
#define LOOK_RING_A6(at)     litmus_load(at, LITMUS_RING_A6)
#define LOOK_RING_X2(at)     litmus_load(at, LITMUS_RING_X2)
#define shm_load(at, label)  LOOK_##label(at)
#include "shm-ring.c"
