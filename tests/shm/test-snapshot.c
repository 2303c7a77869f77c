/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Snapshots: what comes back, how it goes on, what is exact; see test-snapshot-live,
 * test-snapshot-refuse and test-snapshot-damage for the rest
 */
#include <errno.h>

#include "shm-apr.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-takeover.h"
#include "snapshot-rig.h"

#define NOT_THE_IMAGES  (GIC_WORD_NOTIFY)   /* a mark of this VM's own grants */

/* --- everything comes back --- */

/* A 1-of-N interrupt is placed anew: its route is no part of the state. */
static bool same_word(const _Atomic uint64_t *a, const _Atomic uint64_t *b)
{
        uint64_t x = atomic_load(a) & ~NOT_THE_IMAGES, y = atomic_load(b) & ~NOT_THE_IMAGES;

        if (x & y & GIC_WORD_IRM) {
                x = gic_word_set_route(x, 0);
                y = gic_word_set_route(y, 0);
        }
        return x == y;
}

static bool same_vcpu(struct rig *a, struct rig *b, uint32_t v)
{
        struct shm_vcpu *x = &a->gic.vcpus[v], *y = &b->gic.vcpus[v];

        if (atomic_load(&x->icc_ctlr) != atomic_load(&y->icc_ctlr) ||
            atomic_load(&x->cpuif) != atomic_load(&y->cpuif) ||
            atomic_load(&x->gicr_statusr) != atomic_load(&y->gicr_statusr))
                return false;
        for (unsigned i = 0; i < SHM_N_APR; i++)
                if (atomic_load(&x->ap0r[i]) != atomic_load(&y->ap0r[i]) ||
                    atomic_load(&x->ap1r[i]) != atomic_load(&y->ap1r[i]))
                        return false;
        for (uint32_t i = 0; i < shm_gic_n_private(&a->gic); i++)
                if (!same_word(&x->words[i], &y->words[i]))
                        return false;
        return true;
}

/* Bit by bit in the segment, not by another save. */
static bool same_controller(struct rig *a, struct rig *b)
{
        if (atomic_load(&a->gic.header->gicd_ctlr) != atomic_load(&b->gic.header->gicd_ctlr) ||
            atomic_load(&a->gic.header->gicd_statusr) != atomic_load(&b->gic.header->gicd_statusr))
                return false;
        for (uint32_t v = 0; v < a->gic.n_vcpus; v++)
                if (!same_vcpu(a, b, v))
                        return false;
        for (uint32_t i = 0; i < shm_gic_n_spis(&a->gic); i++) {
                struct shm_spi *x = shm_gic_spi(&a->gic, shm_gic_nth_spi(&a->gic, i));
                struct shm_spi *y = shm_gic_spi(&b->gic, shm_gic_nth_spi(&b->gic, i));

                if (!same_word(&x->word, &y->word) ||
                    atomic_load(&x->irouter) != atomic_load(&y->irouter))
                        return false;
        }
        return true;
}

/* No candidate is missing: what each vCPU is offered is what a walk over all of its words says. */
static bool candidates_are_right(struct rig *rig)
{
        struct shm_gic *gic = &rig->gic;

        for (uint32_t v = 0; v < gic->n_vcpus; v++) {
                uint64_t cpuif = atomic_load(&gic->vcpus[v].cpuif);
                uint32_t groups = atomic_load(&gic->header->gicd_ctlr) &
                                  (uint32_t)(cpuif >> SHM_CPUIF_GRPEN_SHIFT) & 3;
                uint32_t n_private = shm_gic_n_private(gic), best = NONE;
                unsigned priority = 256;
                struct shm_pick pick;

                for (uint32_t i = 0;
                     i < n_private + shm_gic_n_spis(gic) && !(cpuif & SHM_CPUIF_ASLEEP); i++) {
                        uint32_t intid = i < n_private ? shm_gic_nth_private(i)
                                                       : shm_gic_nth_spi(gic, i - n_private);
                        uint64_t w = atomic_load(shm_gic_word(gic, v, intid));

                        if (gic_word_deliverable(w) && gic_word_route(w) == v &&
                            (groups & 1u << gic_word_group(w)) &&
                            (gic_word_priority(w) < priority ||
                             (gic_word_priority(w) == priority && intid < best))) {
                                best = intid;
                                priority = gic_word_priority(w);
                        }
                }
                shm_cpuif_pick(gic, v, &pick);
                if (pick.intid != best)
                        return false;
        }
        return true;
}

static bool tdir_is_right(struct rig *rig)
{
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig->gic); i++)
                if (gic_word_in_flight(atomic_load(
                            &shm_gic_spi(&rig->gic, shm_gic_nth_spi(&rig->gic, i))->word)) &&
                    !shm_tdir_get(&rig->gic, NULL, NULL))
                        return false;
        return true;
}

/* Into a fresh controller, or one that was used, too. Return: whether all of it holds. */
static bool round_trip(const struct shm_shape *shape, uint64_t seed, bool used)
{
        struct rig from, to;
        struct image image, again;
        struct base_error why = { "" };
        bool good;

        rig_create_shape(&from, shape);
        rig_create_shape(&to, shape);
        scramble(&from, seed, 300);
        if (used)
                scramble(&to, seed + 1, 300);
        image = save(&from);
        good = image.flags == SHM_SNAPSHOT_EXACT &&
               shm_snapshot_restore(&to.gic, image.bytes, image.n, 0, &why) == 0;
        if (!good)
                tap_note("seed %llu: flags %u, %s", (unsigned long long)seed, image.flags,
                         why.text);
        again = save(&to);
        good = good && same_image(&image, &again) && same_controller(&from, &to) &&
               candidates_are_right(&to) && tdir_is_right(&to);
        drop(&image);
        drop(&again);
        rig_destroy(&from);
        rig_destroy(&to);
        return good;
}

static void round_trips(void)
{
        static const uint64_t mpidrs[] = { 0x0000000000, 0x0000000003, 0x0000010001, 0x0000020000,
                                           0x000000000f };
        static const uint32_t regions[] = { 2, 1, 2 };
        unsigned failed = 0, n = 0;

        for (uint32_t features = 0; features <= SHM_FEATURE_ALL; features++)
                for (uint32_t bits = 4; bits <= 8; bits++)
                        for (uint32_t extended = 0; extended < 6; extended++) {
                                struct shm_shape shape = {
                                        .n_vcpus = 5, .n_spis = extended & 1 ? 33 : 0,
                                        .n_priority_bits = bits,
                                        .features = features,
                                        .n_espis = extended & 2 ? 64 : 0,
                                        .n_eppis = extended & 4 ? 64 :
                                        (extended & 1) * 32,
                                        .mpidrs = extended & 1 ? mpidrs : NULL,
                                        .redist_regions = extended & 2 ? regions : NULL,
                                        .n_redist_regions = extended & 2 ? 3 : 0,
                                        .iidr_revision = bits % 4, .gicd_typer2 = 0,
                                };

                                failed += !round_trip(&shape, 1000 * ++n, extended & 1);
                        }
        tap_ok(failed == 0,
               "round trips of %u configurations: the same image, the same words, candidates and "
               "TDIR", n);
}

static void the_largest_vm_fits(void)
{
        struct shm_shape shape = { .n_vcpus = 512, .n_spis = 988, .n_espis = 1024, .n_eppis = 64,
                                   .n_priority_bits = 8,
                                   .features = SHM_FEATURE_ALL };

        tap_ok(round_trip(&shape, 77, false),
               "round trip of 512 vCPUs with every interrupt that there can be");
}

/* --- it goes on --- */

static void restore(struct rig *to, const struct image *image)
{
        struct base_error why = { "" };

        tap_eq(shm_snapshot_restore(&to->gic, image->bytes, image->n, 0, &why), 0, "restored %s",
               why.text);
}

static void boot(struct rig *rig, uint32_t n_vcpus)
{
        rig_create(rig, n_vcpus, 32, 5);
        rig_boot(rig);
}

static void goes_on(void)
{
        struct rig from, to;
        struct image image;

        boot(&from, 2);
        rig_create(&to, 2, 32, 5);
        enable(&from, 0, 40);
        route(&from, 40, 1);
        high(&from, 40);
        enable(&from, 0, 41);
        set_edge(&from, 0, 41, true);
        pulse(&from, 41);
        tap_ok(ack(&from, 1) == 40 && ack(&from, 0) == 41,
               "saved while SPI 40 (level, high) and SPI 41 (edge) are active");
        pulse(&from, 41);
        image = save(&from);
        restore(&to, &image);
        tap_eq(ack(&to, 1), NONE, "restored: an active interrupt is not delivered again");
        tap_eq((int64_t)mrs(&to, 1, ICC_RPR), 0xa0, "restored: the running priority");
        eoi(&to, 1, 40);
        tap_ok((int64_t)mrs(&to, 1, ICC_RPR) == 0xff && !get_bit(&to, 0, ISACTIVER, 40),
               "a restored active interrupt ends by EOI");
        tap_eq(ack(&to, 1), 40, "a restored high level is pending again after EOI");
        low(&to, 40);
        eoi(&to, 1, 40);
        tap_eq(ack(&to, 1), NONE,
               "restored with a high wire, lowered and ended: nothing is pending");
        tap_eq(ack(&to, 0), NONE, "an edge that came while active waits for the end");
        eoi(&to, 0, 41);
        tap_eq(ack(&to, 0), 41, "restored disabled, enabled: delivered");
        eoi(&to, 0, 41);
        tap_eq(ack(&to, 0), NONE, "once");
        drop(&image);
        rig_destroy(&from);
        rig_destroy(&to);
}

/* Latch, wires of different parties, message level: each is apart. */
static void each_source_is_saved_apart(void)
{
        struct rig from, to;
        struct image image;

        boot(&from, 1);
        rig_create(&to, 1, 32, 5);
        for (uint32_t intid = 40; intid < 44; intid++)
                enable(&from, 0, intid);
        gicd(&from, 0x40, 40);                                /* GICD_SETSPI_NSR: a message level */
        set_bit(&from, 0, ISPENDR, 41);                                 /* a latch */
        shm_line_set(&from.gic, 0, 42, GIC_WIRE_TOOL, true);
        shm_line_set(&from.gic, 0, 42, GIC_WIRE_VMM, true);
        shm_line_set(&from.gic, 0, 43, GIC_WIRE_FIRST_GRANT, true);
        image = save(&from);
        restore(&to, &image);
        low(&to, 42);
        tap_ok(get_bit(&to, 0, ISPENDR, 42),
               "wires are apart: the VMM lowers its own, the tools' stays");
        shm_line_set(&to.gic, 0, 42, GIC_WIRE_TOOL, false);
        tap_ok(!get_bit(&to, 0, ISPENDR, 42), "both low");
        set_bit(&to, 0, ICPENDR, 40);
        set_bit(&to, 0, ICPENDR, 41);
        tap_ok(get_bit(&to, 0, ISPENDR, 40) && !get_bit(&to, 0, ISPENDR, 41),
               "ICPENDR clears the latch, not the message level");
        gicd(&to, 0x48, 40);
        tap_ok(!get_bit(&to, 0, ISPENDR, 40), "GICD_CLRSPI_NSR drops the message level");
        tap_ok(get_bit(&to, 0, ISPENDR, 43), "a device's wire is still high");
        tap_eq(shm_snapshot_restore(&to.gic, image.bytes, image.n, SHM_RESTORE_LOWER_DEVICES, NULL),
               0, "restored once more");
        tap_ok(!get_bit(&to, 0, ISPENDR, 43) && get_bit(&to, 0, ISPENDR, 42),
               "asked for: devices' wires come back low, only those");
        drop(&image);
        rig_destroy(&from);
        rig_destroy(&to);
}

/* What the image does not have is derived, or stays this controller's own. */
static void derived_state_is_rebuilt(void)
{
        struct rig from, to;
        struct image image;
        uint32_t intid = 0;

        boot(&from, 3);
        boot(&to, 3);
        enable(&from, 0, 40);
        route(&from, 40, UINT64_C(1) << 31);
        enable(&from, 0, 41);
        route(&from, 41, 2);
        high(&from, 41);
        waker(&from, 0, 2);
        high(&from, 40);
        image = save(&from);

        shm_line_notify(&to.gic, 45, true);
        enable(&to, 0, 45);
        high(&to, 45);
        tap_eq(ack(&to, 0), 45,
               "the controller that is restored into has an active interrupt, whose end a device "
               "wants");
        shm_slot_begin(&to.gic.vcpus[2], SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, 0);
        atomic_store(&to.gic.vcpus[2].request, SHM_REQUEST_RESET | SHM_REQUEST_WAKE);
        for (uint32_t v = 0; v < 3; v++)
                shm_vcpu_own(&to.gic, v, 5, 1);
        atomic_store(&to.gic.vcpus[2].slot.op, 0);
        atomic_store(&to.gic.vcpus[2].request, SHM_REQUEST_WAKE);
        shm_vcpu_release(&to.gic, 0);
        shm_park_stop(&to.gic, 1);
        shm_park_stop(&to.gic, 2);
        memset(to.rings, 0, sizeof(to.rings));
        restore(&to, &image);
        tap_ok(to.rings[1] && to.rings[2], "parked vCPUs are rung: they have interrupts now");
        shm_park_end(&to.gic, 2);
        tap_eq(ack(&to, 2), 41, "a candidate was made for what is routed");
        tap_ok(shm_tdir_get(&to.gic, NULL, NULL), "TDIR is set");
        tap_ok(atomic_load(&to.gic.spis[45 - 32].word) & GIC_WORD_NOTIFY,
               "who wants to hear of an end stays");
        tap_ok(shm_eoi_take(&to.gic, &intid, 1) == 1 && intid == 45,
               "who wants to hear of an end hears that the interrupt is not active any more");
        tap_ok(atomic_load(&to.gic.vcpus[0].cpuif) & SHM_CPUIF_ABSENT,
               "who has no owner has none after it");
        shm_park_end(&to.gic, 1);
        tap_eq(ack(&to, 1), 40,
               "a 1-of-N interrupt is placed: neither at the one that sleeps, nor at the busy one");
        drop(&image);
        rig_destroy(&from);
        rig_destroy(&to);
}

/* A dead owner's half-done operation is of the state that goes. */
static void dead_owner(void)
{
        struct rig from, to;
        struct image image;

        boot(&from, 1);
        boot(&to, 1);
        image = save(&from);
        shm_slot_begin(&to.gic.vcpus[0], SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, 0);
        atomic_store(&to.gic.vcpus[0].request, SHM_REQUEST_RESET);
        shm_apr_post(&to.gic, 0, 1, 0, 1);
        atomic_fetch_or(&to.gic.vcpus[0].icc_ctlr, SHM_ICC_CTLR_ASKED);
        restore(&to, &image);
        shm_vcpu_repair(&to.gic, 0);
        tap_ok(mrs(&to, 0, ICC_PMR) == 0xf0 && mrs(&to, 0, ICC_RPR) == 0xff &&
               same_controller(&from, &to),
               "neither a slot nor a request of before is served after it");
        drop(&image);
        rig_destroy(&from);
        rig_destroy(&to);
}

/* An outsider is resetting a vCPU that nobody runs, or died over it. */
static void taken(void)
{
        struct image image;
        struct rig from, to;
        uint64_t ticket = 0;

        boot(&from, 1);
        rig_create(&to, 1, 32, 5);
        enable(&from, 0, 27);
        image = save(&from);
        tap_ok(shm_takeover_seize(&to.gic, 0, &ticket) == SHM_SEIZE_DONE &&
               !shm_snapshot_rests(&to.gic, 0), "what an outsider resets does not rest");
        restore(&to, &image);
        tap_ok(!shm_takeover_apply(&to.gic, 0, ticket, false),
               "a restore ends that: the outsider has lost it");
        shm_vcpu_own(&to.gic, 0, 5, 1);
        shm_vcpu_repair(&to.gic, 0);
        tap_ok(mrs(&to, 0, ICC_PMR) == 0xf0 && get_bit(&to, 0, ISENABLER, 27),
               "taken by an outsider, restored, then registered: as restored");
        drop(&image);
        rig_destroy(&from);
        rig_destroy(&to);
}

/* --- exact or not --- */

static unsigned flags_now(struct rig *rig)
{
        struct image image = save(rig);

        drop(&image);
        return image.flags;
}

static void exact_is_what_rested(void)
{
        struct image image;
        struct rig rig;

        boot(&rig, 2);
        tap_eq(flags_now(&rig), SHM_SNAPSHOT_EXACT, "exact: nobody has the vCPUs");
        shm_vcpu_own(&rig.gic, 1, 7, 1);
        tap_eq(flags_now(&rig), 0, "not exact: a vCPU runs");
        tap_ok(!shm_snapshot_rests(&rig.gic, 1) && shm_snapshot_rests(&rig.gic, 0),
               "not exact: the vCPU that runs is the one that does not rest");
        atomic_store(&rig.gic.vcpus[1].park, SHM_PARK_IN_GUEST);
        tap_eq(flags_now(&rig), 0, "not exact: it is in guest");
        shm_park_end(&rig.gic, 1);
        tap_eq(shm_park_begin(&rig.gic, 1, SHM_PARK_PARKED), 0, "parked");
        tap_eq(flags_now(&rig), SHM_SNAPSHOT_EXACT, "exact: it is parked");
        shm_park_end(&rig.gic, 1);
        shm_power(&rig.gic, 1, false);
        tap_eq(flags_now(&rig), SHM_SNAPSHOT_EXACT, "exact: it is off");
        shm_power(&rig.gic, 1, true);
        tap_eq(flags_now(&rig), 0, "not exact: it is on");
        shm_park_stop(&rig.gic, 1);
        tap_eq(flags_now(&rig), SHM_SNAPSHOT_EXACT, "exact: the host stopped it");
        atomic_store(&rig.gic.vcpus[1].request, SHM_REQUEST_WAKE);
        tap_eq(flags_now(&rig), SHM_SNAPSHOT_EXACT, "exact: a wake-up is no state");
        atomic_store(&rig.gic.vcpus[1].request, SHM_REQUEST_RESET);
        tap_eq(flags_now(&rig), 0, "not exact: a reset was asked for and not made");
        atomic_store(&rig.gic.vcpus[1].request, 0);
        shm_apr_post(&rig.gic, 1, 1, 0, 0x00100000);
        image = save(&rig);
        tap_ok(image.flags == SHM_SNAPSHOT_EXACT &&
               load32(image.bytes + 96 + 72 + 32 * 8 + 52) == 0x00100000,
               "exact, with active priorities that were posted and not taken yet");
        drop(&image);
        shm_slot_begin(&rig.gic.vcpus[1], SHM_SLOT_OP(SHM_SLOT_EOI, 0, 40), 0, 0);
        tap_eq(flags_now(&rig), 0, "not exact: it is in the middle of an operation");
        rig_destroy(&rig);
}

int main(void)
{
        round_trips();
        the_largest_vm_fits();
        goes_on();
        each_source_is_saved_apart();
        derived_state_is_rebuilt();
        dead_owner();
        taken();
        exact_is_what_rested();
        return tap_done();
}
