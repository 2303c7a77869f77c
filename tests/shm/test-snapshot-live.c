/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Snapshots of a VM that does not rest: what calls itself exact is of one moment
 *
 *   test-snapshot-live [SAVES]
 */
#include <pthread.h>

#include "shm-owner.h"
#include "snapshot-rig.h"

#define LAST_SPI  1019u

static unsigned n_saves = 1000;

struct fire {
        struct rig rig;
        _Atomic unsigned saves;         /* made so far */
        _Atomic bool stop;
};

/*
 * A guest at work: by its law an interrupt is active if and only if its priority is. Now and then
 * it rests until two more saves are over.
 */
static void *run_guest(void *arg)
{
        struct fire *fire = arg;
        struct rig *rig = &fire->rig;

        for (unsigned i = 0; !atomic_load(&fire->stop); i++) {
                unsigned saves = atomic_load(&fire->saves);

                pulse(rig, LAST_SPI);
                ack(rig, 0);
                if (i % 2) /* every other rest is with the interrupt active */
                        eoi(rig, 0, LAST_SPI);
                shm_park_stop(&rig->gic, 0);
                /* A moment; or until two more saves are over. */
                for (unsigned n = 0; n < 50 && !atomic_load(&fire->stop); n++)
                        while (i % 65536 < 2 && !atomic_load(&fire->stop) &&
                               atomic_load(&fire->saves) - saves < 2)
                                ;
                shm_park_end(&rig->gic, 0);
        }
        return NULL;
}

/* Against a vCPU that comes and goes: what calls itself exact is of one moment. */
static void exact_under_fire(void)
{
        static struct fire fire;
        struct rig other;
        pthread_t guest;
        unsigned exact = 0, active = 0, broken = 0, unrepaired = 0, n = 0, how;
        bool is_exact, failed, runs;

        /*
         * Large, so that a save takes long, and the vCPU comes and goes many times between its
         * first word and its last.
         */
        rig_create(&fire.rig, 64, 988, 5);
        rig_boot(&fire.rig);
        rig_create(&other, 64, 988, 5);
        set_edge(&fire.rig, 0, LAST_SPI, true);
        enable(&fire.rig, 0, LAST_SPI);
        shm_vcpu_own(&fire.rig.gic, 0, 7, 1);
        pthread_create(&guest, NULL, run_guest, &fire);
        for (; n < n_saves; n++) {
                struct image image = save(&fire.rig);

                atomic_fetch_add(&fire.saves, 1);
                is_exact = image.flags & SHM_SNAPSHOT_EXACT;
                how = is_exact ? 0 : SHM_RESTORE_REPAIR;
                failed = shm_snapshot_restore(&other.gic, image.bytes, image.n, how, NULL) < 0;
                runs = mrs(&other, 0, ICC_RPR) != 0xff;
                failed = failed || get_bit(&other, 0, ISACTIVER, LAST_SPI) != runs;
                exact += is_exact;
                active += is_exact && runs;
                broken += is_exact && failed;
                unrepaired += !is_exact && failed;
                drop(&image);
        }
        atomic_store(&fire.stop, true);
        pthread_join(guest, NULL);
        tap_ok(exact && active && active < exact && !broken,
               "a vCPU that runs and rests by turns: of %u saves %u call themselves exact (%u with "
               "the interrupt active), %u of them wrongly",
               n, exact, active, broken);
        tap_ok(!unrepaired,
               "the %u others are repaired: it is active if and only if its priority is",
               n - exact);
        rig_destroy(&fire.rig);
        rig_destroy(&other);
}

struct shower {
        struct rig rig;
        _Atomic unsigned round, done;
        _Atomic bool stop;
};

/*
 * A device that pulses an SPI at the lower end, then one at the upper end, and so on: in each
 * moment as many are pending in the lower half as in the upper one, or one more.
 */
static void *run_device(void *arg)
{
        struct shower *shower = arg;

        for (unsigned round = 1;; round++) {
                while (atomic_load(&shower->round) != round)
                        if (atomic_load(&shower->stop))
                                return NULL;
                for (uint32_t i = 0; i < 988 / 2; i++) {
                        pulse(&shower->rig, 32 + i);
                        pulse(&shower->rig, LAST_SPI - i);
                        for (unsigned n = 0; n < 300 &&
                             !atomic_load(&shower->stop); n++) /* so that a save falls into it */
                                ;
                }
                atomic_store(&shower->done, round);
        }
}

static bool is_of_one_moment(struct rig *rig)
{
        unsigned lower = 0, upper = 0;

        for (uint32_t i = 0; i < 988 / 2; i++) {
                lower += get_bit(rig, 0, ISPENDR, 32 + i);
                upper += get_bit(rig, 0, ISPENDR, LAST_SPI - i);
        }
        return lower == upper || lower == upper + 1;
}

/* Nobody runs the vCPU, but a device injects. */
static void exact_in_a_shower(void)
{
        static struct shower shower;
        unsigned exact = 0, broken = 0, n = 0;
        pthread_t device;
        struct rig other;

        rig_create(&shower.rig, 1, 988, 5);
        rig_create(&other, 1, 988, 5);
        pthread_create(&device, NULL, run_device, &shower);
        for (unsigned round = 1; round <= n_saves / 3; round++) {
                for (uint32_t i = 0; i < 32; i++)
                        gicd(&shower.rig, ICPENDR + 4 * i, UINT32_MAX);
                atomic_store(&shower.round, round);
                for (bool last = false; !last; n++) {
                        struct image image;

                        last = atomic_load(&shower.done) == round;
                        image = save(&shower.rig);
                        if (image.flags & SHM_SNAPSHOT_EXACT) {
                                exact++;
                                broken += shm_snapshot_restore(&other.gic, image.bytes, image.n, 0,
                                                               NULL) < 0;
                                broken += !is_of_one_moment(&other);
                        }
                        drop(&image);
                }
        }
        atomic_store(&shower.stop, true);
        pthread_join(device, NULL);
        tap_ok(exact && !broken,
               "a device injects meanwhile: of %u saves %u call themselves exact, %u of them "
               "wrongly", n, exact, broken);
        rig_destroy(&shower.rig);
        rig_destroy(&other);
}

int main(int argc, char **argv)
{
        if (argc > 1)
                n_saves = (unsigned)strtoul(argv[1], NULL, 0);
        exact_under_fire();
        exact_in_a_shower();
        return tap_done();
}
