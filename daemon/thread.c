/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Threads: see thread.h
 */
#include <pthread.h>
#include <signal.h>

#include "thread.h"

int thread_start(size_t stack_bytes, void *(*run)(void *arg), void *arg)
{
        sigset_t all, before;
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        r = stack_bytes ? pthread_attr_setstacksize(&attr, stack_bytes) : 0;
        /* the new thread has this one's mask from its first instruction on */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (r == 0)
                r = pthread_create(&thread, &attr, run, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attr);
        return -r;
}
