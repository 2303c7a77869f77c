/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What every party is made of: its random numbers, and the doorbell on which it waits
 *
 * Doorbells are futexes in memory that threads and processes share, so that both programs wait in
 * the same way, and the conductor can see who rests.
 */
#include "stress.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

uint32_t party_draw(struct party *p)
{
        p->seed = p->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(p->seed >> 33);
}

uint32_t party_below(struct party *p, uint32_t n)
{
        return (uint32_t)((uint64_t)(party_draw(p) & 0x7fffffff) * n >> 31);
}

/* --- doorbells: a counter that one waits on --- */

void party_bell(struct party *p)
{
        atomic_fetch_add(&p->rung, 1);
        if (atomic_load(&p->waits))
                syscall(SYS_futex, &p->rung, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* vCPU i is party i. */
void party_ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        struct stress *s = ctx;

        (void)park;
        party_bell(&s->parties[vcpu]);
}

void party_wait(struct party *p, uint32_t heard, long limit_us)
{
        struct timespec limit = { .tv_nsec = limit_us * 1000 };

        atomic_store(&p->waits, 1);
        while (atomic_load(&p->rung) == heard && !party_stops(p)) {
                syscall(SYS_futex, &p->rung, FUTEX_WAIT, heard, limit_us ? &limit : NULL, NULL, 0);
                if (limit_us)
                        break;
        }
        atomic_store(&p->waits, 0);
}

/* Whoever conducts the round counts who rests. */
void party_rest(struct party *p, uint32_t heard)
{
        atomic_store(&p->heard, heard);
        atomic_fetch_add(&p->n_rests, 1);
        atomic_store(&p->resting, 1);
        atomic_fetch_add(&p->stress->main_rung, 1);
        syscall(SYS_futex, &p->stress->main_rung, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        party_wait(p, heard, 0);
        atomic_store(&p->resting, 0);
}

/* A device, or the outsider: the phase has nothing more for it. */
static void settle(struct party *p)
{
        for (;;) {
                uint32_t heard = atomic_load(&p->rung);

                if (atomic_load(&p->stress->order) != p->order || party_stops(p))
                        return;
                party_rest(p, heard);
        }
}

static void run_phase(struct party *p)
{
        enum phase phase = (enum phase)atomic_load(&p->stress->phase);

        if (phase == PHASE_RUN) {
                if (p->role == ROLE_VCPU)
                        guest_choose(p);
                ops_choose(p);
                for (uint32_t i = 0; i < p->stress->n_steps && !party_stops(p); i++)
                        ops_step(p);
        }
        if (p->role != ROLE_VCPU) {
                settle(p);
                return;
        }
        if (phase == PHASE_OPEN)
                vcpu_open(p);
        vcpu_settle(p);
}

void *party_run(void *arg)
{
        struct party *p = arg;

        log_enter(p);
        for (;;) {
                while (atomic_load(&p->stress->order) == p->order) {
                        uint32_t heard = atomic_load(&p->rung);

                        if (party_stops(p))
                                return NULL;
                        if (atomic_load(&p->stress->order) == p->order)
                                party_wait(p, heard, 0);
                }
                p->order = atomic_load(&p->stress->order);
                if (atomic_load(&p->stress->phase) == PHASE_END || party_stops(p))
                        return NULL;
                run_phase(p);
        }
}
