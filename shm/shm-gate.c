/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-gate.h"

#include "shm-word-step.h"

static bool is_untrapped(uint32_t port)
{
        return (port & (SHM_PORT_IN | SHM_PORT_TRAPS)) == SHM_PORT_IN;
}

/*
 * PORT-R4: a mark that this takes off was set by who had said before that it sleeps (PORT-R2); or
 * that one sets it again.
 */
static void ring_gated(struct shm_gic *gic)
{
        for (uint32_t i = 0; i < gic->n_vcpus; i++) {
                if (!(shm_load(&gic->vcpus[i].port, PORT_X1) & SHM_PORT_GATED))
                        continue;
                shm_and(&gic->vcpus[i].port, ~SHM_PORT_GATED, PORT_R4);
                shm_word_ring(gic, i);
        }
}

void shm_gate_ring_untrapped(struct shm_gic *gic)
{
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                if (is_untrapped(shm_load(&gic->vcpus[i].port, PORT_A1)))
                        shm_word_ring(gic, i);
}

/*
 * As shm_gic_retry(), but each round looks at every port: a hostile process that changes TDIR all
 * the time gets fewer of them.
 */
static bool may_retry(const struct shm_gic *gic, unsigned *rounds)
{
        return !gic->bounded || ++*rounds < 8 + SHM_TRIES / gic->n_vcpus;
}

/*
 * PORT-A1. The compare-and-swap is of the word from before the look at the ports: its generation
 * says that TDIR was set all the time, so that a port which entered after the look has seen it set.
 */
static bool try_open(struct shm_gic *gic)
{
        shm_atomic(uint64_t) *tdir = &gic->header->tdir;
        uint64_t old = shm_load(tdir, TDIR_A4);
        unsigned rounds = 0;

        do {
                if (shm_gate_is_open(old))
                        return true;
                if (SHM_TDIR_STATE(old) == SHM_TDIR_CLEAR)
                        return false;
                for (uint32_t i = 0; i < gic->n_vcpus; i++)
                        if (is_untrapped(shm_load(&gic->vcpus[i].port, PORT_A1)))
                                return false;
                if (shm_cas(tdir, &old, (old | SHM_TDIR_SETTLED) & ~SHM_TDIR_GATED, TDIR_R5)) {
                        if (old & SHM_TDIR_GATED)
                                ring_gated(gic);
                        return true;
                }
        } while (may_retry(gic, &rounds));
        return false;
}

/*
 * Who finds its own mark and TDIR's has rung the late ports before, and no port becomes late while
 * TDIR is set. A mark that is left from an earlier time finds TDIR's off: a clear takes that.
 */
bool shm_gate_ask(struct shm_gic *gic, uint32_t vcpu)
{
        bool is_first;

        if (try_open(gic))
                return true;
        is_first = !(shm_or(&gic->vcpus[vcpu].port, SHM_PORT_GATED, PORT_R2) & SHM_PORT_GATED);
        is_first |= !(shm_or(&gic->header->tdir, SHM_TDIR_GATED, TDIR_R6) & SHM_TDIR_GATED);
        if (try_open(gic))
                return true;
        if (is_first)
                shm_gate_ring_untrapped(gic);
        if (!gic->refused)
                return false;
        gic->refused(gic->hook_ctx);
        return try_open(gic);
}

void shm_gate_passed_by(struct shm_gic *gic)
{
        if (!gic->bounded && !shm_gate_is_open(shm_load(&gic->header->tdir, TDIR_A4)))
                shm_gate_ring_untrapped(gic);
}

void shm_gate_left(struct shm_gic *gic)
{
        if (shm_load(&gic->header->tdir, TDIR_A4) & SHM_TDIR_GATED)
                try_open(gic);
}
