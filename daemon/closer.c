/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Closer: see closer.h
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base-fd.h"
#include "closer.h"
#include "thread.h"

struct closer {
        pthread_mutex_t lock;
        unsigned n_threads;
        bool abandoned;                 /* the last thread frees it */
        unsigned n_fds;
        int fds[CLOSER_WAITING];
};

struct closer *closer_new(void)
{
        struct closer *closer = calloc(1, sizeof(*closer));

        if (closer)
                pthread_mutex_init(&closer->lock, NULL);
        return closer;
}

static void destroy(struct closer *closer)
{
        pthread_mutex_destroy(&closer->lock);
        free(closer);
}

/* A thread of the closer: take one descriptor after the other until there is none, and end. */
static void *close_all(void *arg)
{
        struct closer *closer = arg;
        bool last;

        pthread_mutex_lock(&closer->lock);
        while (closer->n_fds > 0) {
                int fd = closer->fds[--closer->n_fds];

                pthread_mutex_unlock(&closer->lock);
                close(fd);
                pthread_mutex_lock(&closer->lock);
        }
        last = --closer->n_threads == 0 && closer->abandoned;
        pthread_mutex_unlock(&closer->lock);
        if (last)
                destroy(closer);
        return NULL;
}

void closer_free(struct closer *closer)
{
        bool idle;

        if (!closer)
                return;
        pthread_mutex_lock(&closer->lock);
        closer->abandoned = true;
        idle = closer->n_threads == 0;
        pthread_mutex_unlock(&closer->lock);
        if (idle)
                destroy(closer);
}

/* Called with the lock. Return: there is a thread that will look at the queue. */
static bool start_thread(struct closer *closer)
{
        if (closer->n_threads < CLOSER_THREADS && thread_start(0, close_all, closer) == 0)
                closer->n_threads++;
        return closer->n_threads > 0;
}

bool closer_close(struct closer *closer, int fd)
{
        bool taken;

        if (fd < 0)
                return true;
        if (base_fd_is_eventfd(fd) == 1) {
                close(fd);
                return true;
        }
        pthread_mutex_lock(&closer->lock);
        taken = closer->n_fds < CLOSER_WAITING && start_thread(closer);
        if (taken)
                closer->fds[closer->n_fds++] = fd;
        pthread_mutex_unlock(&closer->lock);
        return taken;
}
