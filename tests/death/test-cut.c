/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Cut short: what is killed at each store and is not one operation on interrupts
 * (tests/death/README)
 *
 * Restore: what it leaves is a mixture, on which the laws hold; restored once more it is exactly
 * the image. Rings: the other side takes a prefix of what was put, each entry once. TDIR: never
 * clear with an SPI in flight.
 */
#include <stdlib.h>

#include "death.h"
#include "shm-repair.h"
#include "shm-ring.h"
#include "shm-snapshot.h"
#include "shm-sysreg.h"

static const struct death_act nobody = { .name = "nobody", .flags = DEATH_OUTSIDER };
static unsigned long n_kills;

/* --- restore --- */

static uint8_t *image;
static size_t image_bytes;

static void make_image(void)
{
        unsigned flags = 0;

        death_world_begin(&nobody);
        pulse(&rig, EDGE);
        high(&rig, LEVEL);
        pulse(&rig, ANY);
        if (ack(&rig, VICTIM) == NONE)
                tap_bail("nothing to acknowledge");
        pulse(&rig, AWAY);
        gicd(&rig, ICENABLER + 4, 1u << (HIGH - 32));
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_park_stop(&rig.gic, v);
        if (shm_snapshot_save(&rig.gic, &image, &image_bytes, &flags) < 0 ||
            !(flags & SHM_SNAPSHOT_EXACT))
                tap_bail("no exact snapshot");
}

/* Another state, that of vCPUs at rest. */
static void scramble(void)
{
        pulse(&rig, HIGH);
        if (ack(&rig, VICTIM) != HIGH)
                tap_bail("nothing to acknowledge");
        route(&rig, EDGE, OTHER);
        high(&rig, AWAY_LEVEL);
        pulse(&rig, ALSO);
        shm_power(&rig.gic, SECOND, false);
        shm_sysreg_poke(&rig.gic, OTHER, ICC_AP1R(0), 0x100);
        msr(&rig, VICTIM, ICC_PMR, 0x50);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_park_stop(&rig.gic, v);
}

static void restore(const struct death_act *unused)
{
        struct base_error why = { 0 };

        (void)unused;
        if (shm_snapshot_restore(&rig.gic, image, image_bytes, 0, &why) < 0)
                tap_bail("not restored: %s", why.text);
}

static void kill_restore(void)
{
        static const struct death_act scrambled = { .name = "restore", .prepare = scramble,
                                                    .flags = DEATH_OUTSIDER };
        struct death_plan plan = { 0 };
        struct death_state want, got;
        unsigned broken = 0, other = 0, n = 0;
        const char *what = NULL;

        death_world_begin(&scrambled);
        death_here(restore, NULL, &plan);
        n = death_page->n_stores;
        death_bury(&scrambled);
        death_look(&scrambled, &want, &what);
        for (plan.kill_at = 1; plan.kill_at <= n; plan.kill_at++) {
                death_world_begin(&scrambled);
                n_kills += death_run(restore, NULL, &plan);
                death_bury(&scrambled);
                if (plan.kill_at % 2) {
                        broken += !death_look(&scrambled, &got, &what);
                } else {
                        restore(NULL);
                        death_bury(&scrambled);
                        other += !death_look(&scrambled, &got, &what);
                        if (!what)
                                what = death_differs(&got, &want, true);
                        other += what != NULL;
                }
                if (what)
                        tap_note("restore, killed at store %u: %s", plan.kill_at, what);
        }
        tap_eq(broken, 0,
               "restore, killed after each second of %u stores: the laws hold on what is left", n);
        tap_eq(other, 0, "and after each other one: restored once more it is the image");
}

/* --- rings --- */

static struct shm_ring ring_daemon, ring_client;

static void put_three(const struct death_act *unused)
{
        (void)unused;
        for (uint64_t i = 1; i <= 3; i++)
                shm_ring_put(&ring_client, SHM_RING_ENTRY(SHM_RING_PULSE, i));
}

static void kill_producer(void)
{
        struct death_plan plan = { .kill_at = 1 };
        unsigned wrong = 0, n_seen = 0, last = 0;
        bool died = true;

        while (died) {
                uint64_t entry, next = 1;
                unsigned n = 0;
                int fd;

                if (shm_ring_create(&fd, &ring_daemon) < 0 || shm_ring_map(fd, &ring_client) < 0)
                        tap_bail("no ring");
                close(fd);
                memset(death_page, 0, sizeof *death_page);
                died = death_run(put_three, NULL, &plan);
                n_kills += died;
                while (shm_ring_get(&ring_daemon, &entry) == 1) {
                        wrong += SHM_RING_ENTRY_INTID(entry) != next++;
                        n++;
                }
                wrong += n < last;
                n_seen += n != last;
                last = n;
                shm_ring_unmap(&ring_client);
                shm_ring_unmap(&ring_daemon);
                plan.kill_at++;
        }
        tap_ok(wrong == 0 && last == 3 && n_seen == 3,
               "a producer killed after each of %u stores: what it had put is there, in order, "
               "once", plan.kill_at - 2);
}

/*
 * A ring that is full: either end is stopped at each access, the other does all it has to do. A
 * producer that was refused is told by the consumer before that sleeps.
 */
static bool refused, told, rung;

static void fill_and_put(void)
{
        for (unsigned i = 0; i <= SHM_RING_ENTRIES && !refused; i++) {
                int r = shm_ring_put(&ring_client, SHM_RING_ENTRY(SHM_RING_PULSE, 1));

                refused = r == -EAGAIN;
                rung |= r > 0;
        }
}

static void drain_and_sleep(void)
{
        uint64_t entry;

        rung = false;
        do {
                shm_ring_wake(&ring_daemon);
                while (shm_ring_get(&ring_daemon, &entry) == 1)
                        ;
                told |= shm_ring_owes_room(&ring_daemon);
        } while (shm_ring_sleep(&ring_daemon) > 0);
}

/* The same by a consumer that had loaded the tail before the last put: it never sees 256. */
static void drain_late(void)
{
        struct shm_ring_queue *queue = ring_daemon.in.queue;
        uint32_t tail = atomic_load(&queue->tail);
        uint64_t entry;

        if (tail - ring_daemon.in.index == SHM_RING_ENTRIES) {
                atomic_store(&queue->tail, tail - 1);
                shm_ring_get(&ring_daemon, &entry);
                atomic_store(&queue->tail, tail);
        }
        drain_and_sleep();
}

static void stop_producer(const struct death_act *unused)
{
        (void)unused;
        fill_and_put();
}

static void stop_consumer(const struct death_act *unused)
{
        (void)unused;
        drain_and_sleep();
}

/* Return: how many accesses it has. */
static unsigned stop_ring(void (*act)(const struct death_act *arg), void (*other)(void),
                          unsigned *wrong)
{
        const struct death_act between = { .name = "the other end", .act = other };
        struct death_plan plan = { .other = &between, .other_at = 1, .each_access = true };
        int fd;

        for (;; plan.other_at++) {
                if (shm_ring_create(&fd, &ring_daemon) < 0 || shm_ring_map(fd, &ring_client) < 0)
                        tap_bail("no ring");
                close(fd);
                memset(death_page, 0, sizeof *death_page);
                for (unsigned i = 0; i + 1 < SHM_RING_ENTRIES; i++)
                        shm_ring_put(&ring_client, SHM_RING_ENTRY(SHM_RING_PULSE, 1));
                refused = told = rung = false;
                death_here(act, NULL, &plan);
                if (rung)
                        drain_and_sleep();
                *wrong += refused && !told;
                shm_ring_unmap(&ring_client);
                shm_ring_unmap(&ring_daemon);
                if (death_page->n_stores < plan.other_at)
                        return plan.other_at - 1;
        }
}

static void stop_at_full_ring(void)
{
        unsigned wrong = 0, n = stop_ring(stop_producer, drain_and_sleep, &wrong);

        tap_eq(wrong, 0, "a producer stopped at each of %u accesses: refused, it is told", n);
        wrong = 0;
        n = stop_ring(stop_producer, drain_late, &wrong);
        tap_eq(wrong, 0, "the same of %u, its consumer did not see it full: it is told", n);
        wrong = 0;
        n = stop_ring(stop_consumer, fill_and_put, &wrong);
        tap_eq(wrong, 0, "a consumer stopped at each of %u accesses: whom it refuses it tells", n);
}

/* --- TDIR: a daemon killed while it clears --- */

static void try_clear(const struct death_act *unused)
{
        (void)unused;
        shm_tdir_try_clear(&death_daemon);
}

static void inject_late(void)
{
        pulse(&rig, EDGE);
}

static void kill_clear(void)
{
        static const struct death_act late = { .name = "injects", .act = inject_late };
        struct death_plan plan = { .other = &late };
        unsigned wrong = 0;

        for (plan.kill_at = 1; plan.kill_at <= 3; plan.kill_at++)
                for (plan.other_at = 1; plan.other_at <= plan.kill_at; plan.other_at++) {
                        death_world_begin(&nobody);
                        shm_tdir_raise(&rig.gic, 32);
                        n_kills += death_run(try_clear, NULL, &plan);
                        wrong += gic_word_in_flight(rig.gic.spis[EDGE - 32].word) &&
                                 !shm_tdir_get(&rig.gic, NULL, NULL);
                        shm_tdir_try_clear(&death_daemon);
                        wrong += shm_tdir_get(&rig.gic, NULL, NULL) !=
                                 gic_word_in_flight(rig.gic.spis[EDGE - 32].word);
                }
        tap_eq(wrong, 0,
               "the daemon killed while it clears TDIR, an SPI injected at each moment: set while "
               "it is in flight, and the next one can clear it");
}

/* --- an acknowledge that was not delivered never was --- */

static void acknowledge(const struct death_act *unused)
{
        (void)unused;
        ack(&rig, VICTIM);
}

static void writes_before_the_repair(void)
{
        static const struct death_act vmm = { .name = "a VMM" };
        struct death_plan plan = { .kill_at = 4 };      /* its word is changed */

        death_world_begin(&vmm);
        pulse(&rig, EDGE);
        n_kills += death_run(acknowledge, NULL, &plan);
        set_bit(&rig, 0, ICPENDR, EDGE);
        death_bury(&vmm);
        death_succeed(&vmm);
        tap_eq(ack(&rig, VICTIM), NONE, "GICD_ICPENDR between death and repair: it does not come");

        death_world_begin(&vmm);
        pulse(&rig, EDGE);
        n_kills += death_run(acknowledge, NULL, &plan);
        set_bit(&rig, 0, ISACTIVER, EDGE);
        death_bury(&vmm);
        death_succeed(&vmm);
        tap_eq(ack(&rig, VICTIM), NONE, "GICD_ISACTIVER between death and repair: it is active");
        set_bit(&rig, 0, ICACTIVER, EDGE);
        tap_ok(ack(&rig, VICTIM) == EDGE && ack(&rig, VICTIM) == NONE,
               "GICD_ISACTIVER between death and repair: it is pending, once");
}

/*
 * The same while a third one has claimed it too early, and not looked again: by hand, since three
 * have to come together. Return: the word after the repair.
 */
static uint64_t claimed_too_early(const struct death_act *vmm, bool clears)
{
        struct death_plan plan = { .kill_at = 4 };
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, EDGE), w;

        death_world_begin(vmm);
        pulse(&rig, EDGE);
        n_kills += death_run(acknowledge, NULL, &plan);
        w = atomic_load(&rig.gic.spis[EDGE - 32].word);
        shm_slot_begin(&rig.gic.vcpus[OTHER], op, w, 0);
        shm_slot_claims(&rig.gic.vcpus[OTHER], op, VICTIM);
        atomic_store(&rig.gic.spis[EDGE - 32].word, gic_word_set_holder(w, OTHER));
        if (clears)
                set_bit(&rig, 0, ICPENDR, EDGE);
        death_bury(vmm);
        return atomic_load(&rig.gic.spis[EDGE - 32].word) & (GIC_WORD_ACTIVE | GIC_WORD_EDGE);
}

static void given_back(void)
{
        static const struct death_act vmm = { .name = "a VMM" };

        tap_ok(claimed_too_early(&vmm, false) == GIC_WORD_EDGE,
               "claimed before it was delivered, and its vCPU dies: it comes again");
        tap_ok(claimed_too_early(&vmm, true) == 0, "the same, and GICD_ICPENDR: it does not come");
}

/* --- a DIR of another vCPU's, which ends it itself and is about to take it anew --- */

/* Whatever the DIR ends of that: it comes again if it was not delivered. */
static void end_away_elsewhere(const struct death_act *unused)
{
        (void)unused;
        msr(&rig, VICTIM, ICC_DIR, AWAY);
}

/* The slot as it is until the acknowledge is delivered; its word is changed. */
static void takes_anew(void)
{
        shm_atomic(uint64_t) *op = &rig.gic.vcpus[OTHER].slot.op;

        msr(&rig, OTHER, ICC_DIR, AWAY);
        pulse(&rig, AWAY);
        if (ack(&rig, OTHER) != AWAY)
                tap_bail("it is not taken anew");
        atomic_store(op, SHM_SLOT_OP(SHM_SLOT_ACK, 0, AWAY));
}

/*
 * The same in the middle of its acknowledge, and its process dies; then that one is delivered and
 * ended, and the next one is delivered, too. What the DIR has ended already it does not end again.
 */
static void kill_dir(void)
{
        static const struct death_act vmm = { .name = "a VMM" };
        struct death_plan plan = { .kill_at = 1 };
        unsigned wrong = 0, n_through = 0;

        for (bool died = true; died; plan.kill_at++) {
                bool is_through;

                death_world_begin(&vmm);
                msr(&rig, VICTIM, ICC_CTLR, 2);
                msr(&rig, OTHER, ICC_CTLR, 2);
                takes_anew();
                died = death_run(end_away_elsewhere, NULL, &plan);
                n_kills += died;
                is_through = !(atomic_load(&rig.gic.spis[AWAY - 32].word) & GIC_WORD_ACTIVE);
                shm_slot_end(&rig.gic.vcpus[OTHER]);
                eoi(&rig, OTHER, AWAY);
                takes_anew();
                shm_slot_end(&rig.gic.vcpus[OTHER]);
                death_bury(&vmm);
                n_through += is_through;
                wrong += is_through &&
                         !(atomic_load(&rig.gic.spis[AWAY - 32].word) & GIC_WORD_ACTIVE);
        }
        tap_ok(wrong == 0 && n_through > 1,
               "a DIR killed at each store, in the middle of an acknowledge: it ends that, once");
}

static void stop_dir(void)
{
        static const struct death_act vmm = { .name = "a VMM" };
        static const struct death_act anew = { .name = "takes it anew", .act = takes_anew };
        struct death_plan plan = { .other = &anew, .other_at = 1, .each_access = true };
        unsigned wrong = 0;

        do {
                uint64_t w;

                death_world_begin(&vmm);
                msr(&rig, VICTIM, ICC_CTLR, 2);
                msr(&rig, OTHER, ICC_CTLR, 2);
                pulse(&rig, AWAY);
                if (ack(&rig, OTHER) != AWAY)
                        tap_bail("nothing to acknowledge");
                eoi(&rig, OTHER, AWAY);
                death_here(end_away_elsewhere, NULL, &plan);
                if (death_page->n_stores < plan.other_at)
                        break;
                shm_vcpu_repair(&death_daemon, OTHER);
                w = atomic_load(&rig.gic.spis[AWAY - 32].word);
                wrong += (w & (GIC_WORD_ACTIVE | GIC_WORD_EDGE)) != GIC_WORD_EDGE;
        } while (++plan.other_at);
        tap_ok(wrong == 0 && plan.other_at > 4,
               "a DIR stopped at each of %u accesses, its holder takes it anew: it is not lost",
               plan.other_at - 1);
}

int main(void)
{
        death_world_create();
        make_image();
        kill_restore();
        kill_producer();
        stop_at_full_ring();
        kill_clear();
        writes_before_the_repair();
        given_back();
        stop_dir();
        kill_dir();
        tap_note("%lu kills", n_kills);
        free(image);
        return tap_done();
}
