/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef STOP_H
#define STOP_H

/*
 * A process that is stopped for ever after one of its stores: it is left by a jump out of the hook
 * of that store (shm-hook.h), and nobody goes on with it. For programs of one thread.
 */
#include <setjmp.h>
#include <stdbool.h>

#include "shm-hook.h"

static sigjmp_buf stop_jump;
static bool stop_is_armed;
static unsigned stop_n_stores, stop_store;

/* Of shm_hook(). */
static void stop_hook(const struct shm_hook_event *event)
{
        if (!stop_is_armed || (event->kind != SHM_HOOK_STORE && event->kind != SHM_HOOK_RMW))
                return;
        if (++stop_n_stores == stop_store) {
                stop_is_armed = false;
                siglongjmp(stop_jump, 1);
        }
}

/* Return: @act had so many stores, and was stopped after the last of them; false: it ended. */
static bool stop_after(void (*act)(void), unsigned store)
{
        stop_n_stores = 0;
        stop_store = store;
        if (sigsetjmp(stop_jump, 0) != 0)
                return true;
        stop_is_armed = true;
        act();
        stop_is_armed = false;
        return false;
}

#endif
