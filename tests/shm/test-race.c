/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Everybody at once: vCPU threads that inject, acknowledge, end, disable, reroute (also to any
 * vCPU), close and open their own gates and send SGIs at random on one segment
 *
 * Laws: an SPI is never active on two vCPUs; each edge is followed by an acknowledge; when all is
 * quiet nothing deliverable is left with its vCPU asleep; all active priorities are gone; TDIR is
 * set whenever an SPI is active.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "gic-route.h"
#include "rig.h"

enum { N = 4, N_SPIS = 24, N_STEPS = 250000, LIMIT_S = 20 };

static struct rig rig;
static int bells[N];
static _Atomic uint32_t owner[N_SPIS];          /* vCPU + 1 */
static _Atomic uint64_t sent[N_SPIS], seen[N_SPIS], sgis_sent[N], sgis_seen[N];
static _Atomic unsigned twice, no_tdir, n_draining, done;
static _Atomic uint32_t mail[N];                /* INTID to deactivate for somebody else */

static void ring_bell(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        if (eventfd_write(bells[vcpu], 1) < 0)
                abort();
}

static uint32_t draw(uint64_t *seed)
{
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (uint32_t)(*seed >> 33);
}

static void inject(uint32_t i)
{
        atomic_fetch_add(&sent[i], 1);
        pulse(&rig, 32 + i);
}

static void deactivate(uint32_t self, uint32_t intid)
{
        atomic_store(&owner[intid - 32], 0);
        msr(&rig, self, ICC_DIR, intid);
}

/* Half of the SPIs are deactivated by another vCPU. */
static void hand_over(uint32_t self, uint32_t intid, uint64_t *seed)
{
        uint32_t none = 0, other = draw(seed) % N;

        if (other == self || !atomic_compare_exchange_strong(&mail[other], &none, intid)) {
                deactivate(self, intid);
                return;
        }
        shm_park_wake(&rig.gic, other);
}

static bool take_one(uint32_t self, uint64_t *seed)
{
        uint32_t parcel = atomic_exchange(&mail[self], 0), intid = ack(&rig, self), i = intid - 32;

        if (parcel)
                deactivate(self, parcel);
        if (intid == NONE)
                return parcel != 0;
        if (intid < 32) {
                atomic_store(&sgis_seen[self], atomic_load(&sgis_sent[self]));
                eoi(&rig, self, intid);
                msr(&rig, self, ICC_DIR, intid);
                return true;
        }
        atomic_fetch_add(&twice, atomic_exchange(&owner[i], self + 1) != 0);
        atomic_fetch_add(&no_tdir, shm_tdir_get(&rig.gic, NULL, NULL) != 1);
        atomic_store(&seen[i], atomic_load(&sent[i]));
        eoi(&rig, self, intid);
        hand_over(self, intid, seed);
        return true;
}

static void sleep_until_rung(uint32_t self, int limit_ms)
{
        eventfd_t n;

        if (!shm_park_begin(&rig.gic, self, SHM_PARK_PARKED) && !shm_park_wanted(&rig.gic, self))
                poll(&(struct pollfd) { .fd = bells[self], .events = POLLIN }, 1, limit_ms);
        shm_park_end(&rig.gic, self);
        eventfd_read(bells[self], &n);
}

/*
 * What was chosen for this vCPU (1-of-N) has to go elsewhere and may come back; what is routed to
 * it has to wait.
 */
static void close_for_a_while(uint32_t self, unsigned how, uint64_t *seed)
{
        if (how == 0)
                waker(&rig, self, 2);
        else if (how == 1)
                msr(&rig, self, ICC_IGRPEN1, 0);
        else if (how == 2)
                shm_gicr_write(&rig.gic, self * (uint64_t)GICR_STRIDE, 4, 1u << 25);
        else
                shm_power(&rig.gic, self, false);
        inject(draw(seed) % N_SPIS);
        take_one(self, seed);
        waker(&rig, self, 0);
        msr(&rig, self, ICC_IGRPEN1, 1);
        shm_gicr_write(&rig.gic, self * (uint64_t)GICR_STRIDE, 4, 0);
        shm_power(&rig.gic, self, true);
}

static void step(uint32_t self, uint64_t *seed)
{
        uint32_t dice = draw(seed) % 64, i = draw(seed) % N_SPIS;

        if (dice < 20) {
                inject(i);
        } else if (dice < 40) {
                take_one(self, seed);
        } else if (dice < 46) {
                set_bit(&rig, 0, draw(seed) & 1 ? ICENABLER : ISENABLER, 32 + i);
        } else if (dice < 52) {
                uint32_t to = draw(seed) % (N + 3); /* N: nobody; beyond: any vCPU */

                route(&rig, 32 + i, to > N ? GIC_IROUTER_IRM : to);
        } else if (dice < 56) {
                set_priority(&rig, 0, 32 + i, (uint8_t)(draw(seed) % 0xe8));
        } else if (dice < 60) {
                uint32_t target = draw(seed) % N;

                atomic_fetch_add(&sgis_sent[target], 1);
                msr(&rig, self, ICC_SGI1R, UINT64_C(1) << 24 | 1u << target);
        } else if (dice < 61) {
                close_for_a_while(self, draw(seed) % 4, seed);
        } else if (dice < 62) {
                shm_tdir_try_clear(&rig.gic);
        } else {
                sleep_until_rung(self, 1);
        }
}

static void *run(void *arg)
{
        uint32_t self = (uint32_t)(uintptr_t)arg;
        uint64_t seed = self + 12345;

        for (unsigned n = 0; n < N_STEPS; n++)
                step(self, &seed);
        atomic_fetch_add(&n_draining, 1);
        while (!atomic_load(&done)) {
                while (take_one(self, &seed))
                        ;
                sleep_until_rung(self, -1);
        }
        return NULL;
}

/* Wait for what must come, with a limit that only a defect reaches. */
static bool quiet(void)
{
        for (uint32_t i = 0; i < N_SPIS; i++)
                if (atomic_load(&seen[i]) != atomic_load(&sent[i]) || atomic_load(&owner[i]) ||
                    gic_word_in_flight(shm_word_load(&rig.gic.spis[i].word)))
                        return false;
        for (uint32_t v = 0; v < N; v++)
                if (atomic_load(&sgis_seen[v]) != atomic_load(&sgis_sent[v]) ||
                    atomic_load(&mail[v]) || gicr_get(&rig, v, ISPENDR))
                        return false;
        return true;
}

static bool wait_for(bool (*what)(void))
{
        time_t end = time(NULL) + LIMIT_S;

        while (!what())
                if (time(NULL) > end)
                        return false;
                else
                        sched_yield();
        return true;
}

static bool all_drain(void)
{
        return atomic_load(&n_draining) == N;
}

static void boot(void)
{
        rig_create(&rig, N, 32, 5);
        rig_boot(&rig);
        rig.gic.ring = ring_bell;
        rig.gic.raised = NULL;
        for (uint32_t v = 0; v < N; v++) {
                bells[v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                msr(&rig, v, ICC_CTLR, 2);
                enable(&rig, v, 1);
        }
        for (uint32_t i = 0; i < N_SPIS; i++) {
                set_edge(&rig, 0, 32 + i, true);
                enable(&rig, 0, 32 + i);
                route(&rig, 32 + i, i % N);
        }
}

static void show(void)
{
        uint64_t n_sent = 0, n_acknowledged = 0;

        for (uint32_t i = 0; i < N_SPIS; i++)
                n_sent += atomic_load(&sent[i]);
        for (uint32_t v = 0; v < N; v++)
                n_acknowledged += atomic_load(&rig.gic.vcpus[v].counters.acknowledged);
        tap_note("%llu edges sent, %llu acknowledges", (unsigned long long)n_sent,
                 (unsigned long long)n_acknowledged);
}

int main(void)
{
        pthread_t threads[N];
        unsigned running = 0;

        boot();
        for (uintptr_t v = 0; v < N; v++)
                pthread_create(&threads[v], NULL, run, (void *)v);
        if (!wait_for(all_drain))
                tap_bail("the threads do not get through");
        for (uint32_t i = 0; i < N_SPIS; i++) { /* no step set a priority that PMR masks */
                route(&rig, 32 + i, i % N);
                enable(&rig, 0, 32 + i);
        }
        tap_ok(wait_for(quiet), "every edge and SGI was acknowledged after it was sent, nothing "
                                "due is left with its vCPU asleep");
        atomic_store(&done, 1);
        for (uint32_t v = 0; v < N; v++)
                shm_park_wake(&rig.gic, v);
        for (uint32_t v = 0; v < N; v++)
                pthread_join(threads[v], NULL);
        tap_eq(atomic_load(&twice), 0, "never active on two vCPUs");
        tap_eq(atomic_load(&no_tdir), 0, "TDIR is set whenever an SPI is active");
        for (uint32_t v = 0; v < N; v++) {
                running += mrs(&rig, v, ICC_RPR) != 0xff;
                close(bells[v]);
        }
        tap_eq(running, 0, "no active priority is left");
        show();
        shm_tdir_try_clear(&rig.gic);
        tap_eq(shm_tdir_get(&rig.gic, NULL, NULL), 0, "TDIR clears when all is quiet");
        rig_destroy(&rig);
        return tap_done();
}
