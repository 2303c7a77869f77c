/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "vgic-thread.h"

#include <pthread.h>
#include <stdbool.h>

#include "shm-local.h"

__thread uintptr_t vgic_thread_own_number;
static shm_atomic(uintptr_t) last_number;
static shm_atomic(bool) is_open;

uintptr_t vgic_thread_number_new(void)
{
        vgic_thread_own_number = shm_add(&last_number, 1, LOCAL_X3) + 1;
        return vgic_thread_own_number;
}

/* The only thread of a child. */
static void forget_number(void)
{
        vgic_thread_own_number = 0;
}

/* Two that do it at once: the child forgets twice. */
void vgic_thread_open(void)
{
        if (shm_local_is_raised(&is_open))
                return;
        pthread_atfork(NULL, NULL, forget_number);
        shm_local_raise(&is_open, true);
}
