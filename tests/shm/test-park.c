/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * No lost wake-up: two threads interrupt a vCPU that sleeps on its
 * doorbell whenever it has nothing to do
 *
 * Each injector waits until its interrupt was handled before it sends the next, so the vCPU falls
 * asleep around every injection. A wake-up that is lost leaves everyone waiting: the vCPU's poll()
 * runs into its limit.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>

#include "duel.h"
#include "rig.h"

enum { LIMIT_MS = 10000, N_SOURCES = 2 };

enum { FIRST_OF_WORD = 64 };

static struct rig rig;
static int bell;
static _Atomic int stop, lost;
static _Atomic uint64_t handled[N_SOURCES];
static uint64_t n_slept, n_unknown;

static void ring_bell(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        if (vcpu == 0 && eventfd_write(bell, 1) < 0)
                atomic_store(&lost, 1);
}

static double now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void handle_all(void)
{
        uint32_t intid;

        while ((intid = ack(&rig, 0)) != NONE) {
                eoi(&rig, 0, intid);
                if (intid - 40 < N_SOURCES)
                        atomic_fetch_add(&handled[intid - 40], 1);
                else
                        n_unknown++;
        }
}

static void *run_vcpu(void *arg)
{
        (void)arg;
        while (!atomic_load(&stop) && !atomic_load(&lost)) {
                eventfd_t n;

                if (!shm_park_begin(&rig.gic, 0, SHM_PARK_PARKED) &&
                    !shm_park_wanted(&rig.gic, 0)) {
                        n_slept++;
                        if (poll(&(struct pollfd) { .fd = bell, .events = POLLIN }, 1,
                                 LIMIT_MS) != 1)
                                atomic_store(&lost, 1);
                        eventfd_read(bell, &n);
                }
                shm_park_end(&rig.gic, 0);
                handle_all();
        }
        return NULL;
}

/* The ways in which something becomes due to a vCPU that may sleep. */
static void send_pulse(unsigned round)
{
        (void)round;
        pulse(&rig, 40);
}

static void send_any(unsigned round)
{
        switch (round % 4) {
        case 0:
                pulse(&rig, 41);
                break;
        case 1:
                set_bit(&rig, 0, ISPENDR, 41);
                break;
        case 2: /* a gate opens */
                gicd(&rig, 0, 0);
                pulse(&rig, 41);
                gicd(&rig, 0, 3);
                break;
        default: /* it is routed here while pending */
                route(&rig, 41, 1);
                pulse(&rig, 41);
                route(&rig, 41, 0);
                break;
        }
}

struct source {
        unsigned index;
        void (*send)(unsigned round);
        unsigned rounds;
};

static void *run_source(void *arg)
{
        struct source *s = arg;
        double end = now() + 1;

        for (; now() < end && !atomic_load(&lost); s->rounds++) {
                uint64_t before = atomic_load(&handled[s->index]);

                /* Aim at each instant of the vCPU's way to sleep. */
                for (unsigned i = s->rounds * 7 % 64; i; i--)
                        atomic_load(&stop);
                s->send(s->rounds);
                for (unsigned i = 1;
                     atomic_load(&handled[s->index]) == before && !atomic_load(&lost); i++)
                        if (i % 4096 == 0)
                                sched_yield();
        }
        return NULL;
}

/* One look before sleep against one injection: it is seen, or the bell is rung. */
static _Atomic unsigned n_rings;
static unsigned looked;

static void count_ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)vcpu;
        (void)park;
        atomic_fetch_add(&n_rings, 1);
}

static void reset_rings(unsigned round)
{
        (void)round;
        atomic_store(&n_rings, 0);
}

static void fall_asleep(unsigned round)
{
        (void)round;
        looked = shm_park_begin(&rig.gic, 0, SHM_PARK_PARKED);
}

static bool woken(unsigned round)
{
        bool ok = looked || atomic_load(&n_rings);

        (void)round;
        shm_park_end(&rig.gic, 0);
        eoi(&rig, 0, ack(&rig, 0));
        return ok;
}

/*
 * The same for the first interrupt of a class that was left over from another one, and, in every
 * second round, of a word of it.
 */
static void leave_class(unsigned round)
{
        struct shm_vcpu *self = &rig.gic.vcpus[0];
        unsigned c = shm_word_class(shm_word_load(shm_gic_word(&rig.gic, 0, FIRST_OF_WORD)));

        atomic_fetch_or(&self->classes, UINT64_C(1) << c);
        if (round % 2)
                atomic_fetch_or(&self->class_words[c], UINT64_C(1) << FIRST_OF_WORD / 64);
}

static void look_once(unsigned round)
{
        (void)round;
        shm_cpuif_lines(&rig.gic, 0);
}

static void send_first(unsigned round)
{
        (void)round;
        pulse(&rig, FIRST_OF_WORD);
}

static bool comes(unsigned round)
{
        bool ok = ack(&rig, 0) == FIRST_OF_WORD;

        (void)round;
        if (!ok) /* so that one loss is one */
                shm_word_mark(&rig.gic.vcpus[0], FIRST_OF_WORD,
                              shm_word_load(shm_gic_word(&rig.gic, 0, FIRST_OF_WORD)));
        eoi(&rig, 0, ok ? FIRST_OF_WORD : ack(&rig, 0));
        return ok;
}

/*
 * vCPU 0 sleeps in the handler of 50. 51 is offered to it, and by the binary point of Group 0 does
 * not preempt 50; 52, of Group 1, would, and is hidden. Each way in which 51 goes has to wake it.
 */
static void disable(void)
{
        set_bit(&rig, 0, ICENABLER, 51);
}

static void unpend(void)
{
        set_bit(&rig, 0, ICPENDR, 51);
}

static void route_away(void)
{
        route(&rig, 51, 1);
}

static void close_group(void)
{
        gicd(&rig, 0, 2);
}

static void move_away(void)
{
        shm_gicr_write(&rig.gic, 0, 4, 1u << 24); /* DPG0 of vCPU 0 */
}

static unsigned hide(bool one_of_n, void (*go)(void))
{
        unsigned rings, lines;

        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        msr(&rig, 0, ICC_BPR0, 5);
        msr(&rig, 0, ICC_BPR1, 3);
        if (one_of_n) /* nobody but vCPU 0 may be chosen at first */
                shm_gicr_write(&rig.gic, GICR_STRIDE, 4, 1u << 24);
        for (uint32_t intid = 50; intid <= 52; intid++) {
                set_edge(&rig, 0, intid, true);
                set_priority(&rig, 0, intid, intid == 50 ? 0xa8 : 0xa0);
                set_group(&rig, 0, intid, intid != 51);
                enable(&rig, 0, intid);
                route(&rig, intid, one_of_n && intid == 51 ? UINT64_C(1) << 31 : 0);
        }
        pulse(&rig, 50);
        if (ack(&rig, 0) != 50)
                tap_bail("not acknowledged");
        pulse(&rig, 51);
        pulse(&rig, 52);
        if (shm_park_begin(&rig.gic, 0, SHM_PARK_PARKED))
                tap_bail("51 hides 52");
        if (one_of_n)
                shm_gicr_write(&rig.gic, GICR_STRIDE, 4, 0);
        rings = rig.rings[0];
        go();
        rings = rig.rings[0] - rings;
        lines = shm_cpuif_lines(&rig.gic, 0);
        rig_destroy(&rig);
        return lines == SHM_LINE_IRQ ? rings : 99;
}

static void vcpu_is_rung_when_what_hid_another_goes(void)
{
        tap_eq(hide(false, disable), 1,
               "what hid another one is disabled: the vCPU that sleeps in a handler is rung");
        tap_eq(hide(false, unpend), 1, "no longer pending: rung");
        tap_eq(hide(false, route_away), 1, "routed away: rung");
        tap_eq(hide(true, move_away), 1, "chosen for another vCPU: rung");
        tap_eq(hide(false, close_group), 1, "its group closed in GICD_CTLR: rung");
}

int main(void)
{
        struct duel stale = { .other = send_first, .n_rounds = 150000 };
        struct duel duel = { .other = send_pulse, .n_rounds = 150000 };
        struct source sources[N_SOURCES] = { { 0, send_pulse, 0 }, { 1, send_any, 0 } };
        pthread_t vcpu, threads[N_SOURCES];

        vcpu_is_rung_when_what_hid_another_goes();
        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring_bell;
        bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        for (unsigned i = 0; i < N_SOURCES; i++) {
                set_edge(&rig, 0, 40 + i, true);
                enable(&rig, 0, 40 + i);
        }
        pthread_create(&vcpu, NULL, run_vcpu, NULL);
        for (unsigned i = 0; i < N_SOURCES; i++)
                pthread_create(&threads[i], NULL, run_source, &sources[i]);
        for (unsigned i = 0; i < N_SOURCES; i++)
                pthread_join(threads[i], NULL);
        atomic_store(&stop, 1);
        shm_park_wake(&rig.gic, 0);
        pthread_join(vcpu, NULL);
        tap_ok(!atomic_load(&lost), "no wake-up is lost: %u and %u rounds, slept %u times",
               sources[0].rounds, sources[1].rounds, (unsigned)n_slept);
        tap_ok(sources[0].rounds > 0 && sources[1].rounds > 0 && n_slept > 0,
               "three sources and a vCPU that parks: each had its turn, and it slept");
        tap_eq((int64_t)n_unknown, 0,
               "three sources and a vCPU that parks: nothing came that nobody sent");
        tap_ok(atomic_load(&handled[0]) == sources[0].rounds &&
               atomic_load(&handled[1]) == sources[1].rounds,
               "each was handled exactly once");
        rig.gic.ring = count_ring;
        set_edge(&rig, 0, FIRST_OF_WORD, true);
        enable(&rig, 0, FIRST_OF_WORD);
        tap_eq(duel_fight(&stale, leave_class, look_once, comes), 0,
               "150,000 times a look at a class that was left over against one injection");
        tap_eq(duel_fight(&duel, reset_rings, fall_asleep, woken), 0,
               "150,000 times one look against one injection");
        close(bell);
        rig_destroy(&rig);
        return tap_done();
}
