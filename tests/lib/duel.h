/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DUEL_H
#define DUEL_H

/*
 * Duels: two threads, each doing one short thing at the same instant, many rounds
 *
 * Finds what needs a store to linger while the other side looks. The second thread is delayed by a
 * few loads, another number each round.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

struct duel {
        void (*other)(unsigned round);
        unsigned n_rounds;
        _Atomic unsigned go, done;
};

static inline void duel_wait(_Atomic unsigned *word, unsigned value)
{
        for (unsigned i = 1; atomic_load(word) != value; i++)
                if (i % 1024 == 0)
                        sched_yield();
}

static void *duel_run_other(void *arg)
{
        struct duel *d = arg;

        for (unsigned r = 1; r <= d->n_rounds; r++) {
                duel_wait(&d->go, r);
                d->other(r);
                atomic_store(&d->done, r);
        }
        return NULL;
}

/*
 * @before and @after run alone, @self against @other; @after says whether the round went well.
 * Return: how many did not.
 */
static unsigned duel_fight(struct duel *d, void (*before)(unsigned round),
                           void (*self)(unsigned round), bool (*after)(unsigned round))
{
        unsigned broken = 0;
        pthread_t t;

        if (pthread_create(&t, NULL, duel_run_other, d) != 0)
                return d->n_rounds;
        for (unsigned r = 1; r <= d->n_rounds; r++) {
                before(r);
                atomic_store(&d->go, r);
                for (unsigned i = r * 7 % 96; i; i--)
                        atomic_load(&d->done);
                self(r);
                duel_wait(&d->done, r);
                broken += !after(r);
        }
        pthread_join(t, NULL);
        return broken;
}

#endif
