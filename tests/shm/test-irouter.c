/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * GICD_IROUTER<n> (IHI 0069 section 12.9): halves, affinities that nobody has, re-routing of what
 * is pending, two writers
 */
#include <pthread.h>

#include "duel.h"
#include "rig.h"
#include "shm-affinity.h"

#define AT(n) (IROUTER + 8ull * (n))

static void halves(struct rig *rig)
{
        shm_gicd_write(&rig->gic, AT(40), 8, UINT64_C(0x1234567f80010203));
        tap_eq((int64_t)shm_gicd_read(&rig->gic, AT(40), 8), INT64_C(0x7f80010203),
               "affinities and IRM are kept; the rest is RES0 (conformance 16, 17)");
        shm_gicd_write(&rig->gic, AT(40) + 4, 4, 0x11);
        tap_eq((int64_t)shm_gicd_read(&rig->gic, AT(40), 8), INT64_C(0x1180010203),
               "writing the upper half keeps the lower (conformance 16)");
        shm_gicd_write(&rig->gic, AT(40), 4, 0x2);
        tap_eq((int64_t)shm_gicd_read(&rig->gic, AT(40), 8), INT64_C(0x1100000002),
               "IROUTER written by its upper half, then its lower one: both are kept");
        tap_eq((int64_t)shm_gicd_read(&rig->gic, AT(40) + 4, 4), 0x11, "the halves read alone");
        shm_gicd_write(&rig->gic, AT(1019), 8, 1);
        tap_eq((int64_t)shm_gicd_read(&rig->gic, AT(1019), 8), 0,
               "an SPI that is not there is RAZ/WI");
}

static void delivery(struct rig *rig)
{
        struct shm_irq_state state;

        enable(rig, 0, 41);
        route(rig, 41, UINT64_C(9) << 32);
        high(rig, 41);
        shm_read_irq(&rig->gic, 0, 41, &state);
        tap_ok(state.vcpu == UINT32_MAX && state.pending && ack(rig, 0) == NONE,
               "an affinity that nobody has: pending, for nobody");
        shm_park_begin(&rig->gic, 3, SHM_PARK_PARKED);
        memset(rig->rings, 0, sizeof rig->rings);
        route(rig, 41, 3);
        tap_ok(rig->rings[3] == 1 && rig->rings[0] == 0,
               "routing a pending one rings its new target (conformance 15)");
        shm_park_end(&rig->gic, 3);
        tap_ok(ack(rig, 0) == NONE && ack(rig, 3) == 41,
               "IROUTER changed while pending: delivered to the new vCPU, not to the old one");
        route(rig, 41, 2);
        low(rig, 41);
        eoi(rig, 3, 41);
        tap_eq(get_bit(rig, 0, ISACTIVER, 41), 0,
               "an active one that was routed away is ended where it is active (conformance 15)");
        high(rig, 41);
        route(rig, 41, 1);
        tap_ok(ack(rig, 2) == NONE && ack(rig, 1) == 41,
               "a stale candidate of the old target is not delivered");
        low(rig, 41);
        eoi(rig, 1, 41);
}

static void own_affinities(void)
{
        static const uint64_t mpidrs[3] = { UINT64_C(0x0500000000) | 0x80000000, 0x20301, 0x3 };
        struct shm_shape shape = { .vm_id = 1, .name = "own", .n_vcpus = 3, .n_spis = 32,
                                   .n_priority_bits = 5, .mpidrs = mpidrs,
                                   .features = SHM_FEATURE_ALL };
        struct shm_gic gic;
        int fd, fd_ro;

        if (shm_segment_create(&shape, &fd, &fd_ro, &gic) < 0)
                tap_bail("create");
        tap_ok(shm_affinity_find(&gic, 0x05000000) == 0 && shm_affinity_find(&gic, 0x20301) == 1 &&
               shm_affinity_find(&gic, 3) == 2 &&
               shm_affinity_find(&gic, 0) == GIC_NO_VCPU &&
               shm_affinity_find(&gic, 1) == GIC_NO_VCPU,
               "a host's own affinities are found, no others");
        tap_eq(gic_word_route(shm_word_load(&gic.spis[0].word)), GIC_NO_VCPU,
               "reset value 0.0.0.0, which nobody has here: no target");
        shm_gicd_write(&gic, AT(32), 8, UINT64_C(5) << 32);
        tap_eq(gic_word_route(shm_word_load(&gic.spis[0].word)), 0, "routed to Aff3");
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
}

struct writer {
        struct rig *rig;
        uint64_t seed;
        bool low_half;
};

static void *write_many(void *arg)
{
        struct writer *w = arg;

        for (unsigned i = 0; i < 200; i++) {
                w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
                if (w->low_half)
                        shm_gicd_write(&w->rig->gic, AT(50), 4, w->seed >> 61);
                else
                        shm_gicd_write(&w->rig->gic, AT(50) + 4, 4, w->seed >> 63);
        }
        return NULL;
}

static void two_writers(struct rig *rig)
{
        struct writer a = { rig, 1, true }, b = { rig, 2, false }, c = { rig, 3, true };
        unsigned broken = 0;

        for (int round = 0; round < 300; round++) {
                pthread_t t, u;
                uint64_t raw;

                pthread_create(&t, NULL, write_many, &a);
                pthread_create(&u, NULL, write_many, &b);
                write_many(&c);
                pthread_join(t, NULL);
                pthread_join(u, NULL);
                raw = shm_gicd_read(&rig->gic, AT(50), 8);
                broken += gic_word_route(shm_word_load(&rig->gic.spis[18].word)) !=
                          (raw < 4 ? raw : GIC_NO_VCPU);
        }
        tap_eq(broken, 0, "three writers: the route ends as the register reads");
}

static struct rig *duelling;

static void route_to_1(unsigned round)
{
        (void)round;
        shm_gicd_write(&duelling->gic, AT(50), 8, 1);
}

static void route_to_2(unsigned round)
{
        (void)round;
        shm_gicd_write(&duelling->gic, AT(50), 8, 2);
}

static void route_to_0(unsigned round)
{
        (void)round;
        shm_gicd_write(&duelling->gic, AT(50), 8, 0);
}

static bool agrees(unsigned round)
{
        (void)round;
        return gic_word_route(shm_word_load(&duelling->gic.spis[18].word)) ==
               shm_gicd_read(&duelling->gic, AT(50), 8);
}

int main(void)
{
        struct duel duel = { .other = route_to_1, .n_rounds = 150000 };
        struct rig rig;

        rig_create(&rig, 4, 64, 5);
        rig_boot(&rig);
        halves(&rig);
        delivery(&rig);
        own_affinities();
        two_writers(&rig);
        duelling = &rig;
        tap_eq(duel_fight(&duel, route_to_0, route_to_2, agrees), 0,
               "150,000 times one write against one");
        rig_destroy(&rig);
        return tap_done();
}
