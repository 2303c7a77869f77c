/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-gate.h"

#include "shm-word-step.h"

/* In guest, having entered while TDIR was clear: it could deactivate an SPI unseen. */
static bool is_untrapped(uint32_t port)
{
        return (port & (SHM_PORT_IN | SHM_PORT_TRAPS)) == SHM_PORT_IN;
}

/*
 * Ring every vCPU that was refused, once, after the gate has opened. PORT-R4 pairs with PORT-R2: a
 * vCPU that sleeps said so before it set GATED, so the ring below sees it parked; without that
 * order it would sleep on. One that does not sleep yet asks again before it does.
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
 * Open the gate if no port in guest is untrapped. Return: it is open.
 *
 * PORT-A1 after the load of TDIR, and the compare-and-swap is of that word: its generation says
 * that TDIR was set all the time between, so a port that entered after this looked at it has seen
 * TDIR set, and traps. Without, the gate could open for an SPI of the next time that TDIR is set,
 * with an untrapped port in guest.
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
 * PORT-R2, TDIR-R6: the marks come before the second look, and the last port to leave stores that
 * before it looks at TDIR's mark (shm_gate_left()). So either the second look finds the gate open,
 * or the port finds the mark and rings.
 *
 * Untrapped ports are rung once, by who sets the first of the two marks: no port becomes untrapped
 * while TDIR is set. A mark on the port that is left from an earlier time finds TDIR's gone, since
 * a clear takes that off.
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

/* An open gate means that all ports in guest trap already. */
void shm_gate_passed_by(struct shm_gic *gic)
{
        if (!gic->bounded && !shm_gate_is_open(shm_load(&gic->header->tdir, TDIR_A4)))
                shm_gate_ring_untrapped(gic);
}

/* PORT-R3 or PORT-R1 before this load: who sets GATED after it sees the port gone, or trapping. */
void shm_gate_left(struct shm_gic *gic)
{
        if (shm_load(&gic->header->tdir, TDIR_A4) & SHM_TDIR_GATED)
                try_open(gic);
}
