/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Wires, and the notice of an end of interrupt: what the daemon has to tell devices
 */
#include "gic-reg.h"
#include "rig.h"

static struct rig rig;

static uint64_t word_of(uint32_t intid)
{
        return shm_word_load(shm_gic_word(&rig.gic, 0, intid));
}

/*
 * Each party has a wire of its own; a level-sensitive interrupt is
 * pending while any of them is high.
 */
static void wires(uint32_t intid, const char *kind)
{
        unsigned wrong = 0;

        for (unsigned wire = 0; wire < GIC_N_WIRES; wire++) {
                wrong += shm_line_set(&rig.gic, 0, intid, wire, true) != 0;
                wrong += !gic_word_pending(word_of(intid));
        }
        for (unsigned wire = 0; wire < GIC_N_WIRES; wire++) {
                wrong += !gic_word_pending(word_of(intid));
                wrong += shm_line_set(&rig.gic, 0, intid, wire, false) != 0;
        }
        wrong += gic_word_pending(word_of(intid));
        tap_eq(wrong, 0, "%s: pending until the last of %u wires is low", kind, GIC_N_WIRES);
        tap_eq(shm_line_set(&rig.gic, 0, intid, GIC_N_WIRES, true), -EINVAL, "%s: no such wire",
               kind);
}

static void no_such_line(void)
{
        const uint32_t none[] = { 0, 15, 32 + 96, 1019, 1020, 1023, 1024, 1055, 1056 + 32, 1119,
                                  1120, 4095, 4096 + 64, 5119, 5120, 8192, UINT32_MAX };
        unsigned wrong = 0;

        for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
                wrong += shm_line_set(&rig.gic, 0, none[i], 0, true) != -EINVAL;
                wrong += shm_line_pulse(&rig.gic, 0, none[i]) != -EINVAL;
                wrong += shm_line_notify(&rig.gic, none[i], true) != -EINVAL;
        }
        for (uint32_t intid = 16; intid < 32; intid++) {
                wrong += shm_line_notify(&rig.gic, intid, true) != -EINVAL;
                wrong += shm_line_set(&rig.gic, rig.gic.n_vcpus, intid, 0, true) != -EINVAL;
        }
        wrong += shm_line_notify(&rig.gic, 1056, true) != -EINVAL;
        wrong += shm_line_pulse(&rig.gic, rig.gic.n_vcpus, 1056) != -EINVAL;
        tap_eq(wrong, 0, "what has no wire is refused");
}

static void deliver(uint32_t intid)
{
        pulse(&rig, intid);
        if (ack(&rig, 0) != intid)
                tap_bail("INTID %u does not come", intid);
        eoi(&rig, 0, intid);
}

static void ends_are_noticed_once(void)
{
        uint32_t due[4] = { 0 };

        deliver(40);
        tap_eq(shm_eoi_take(&rig.gic, due, 4), 0, "nobody asked: no notice");
        tap_eq(shm_line_notify(&rig.gic, 40, true), 0, "a device asks for the ends of SPI 40");
        pulse(&rig, 40);
        ack(&rig, 0);
        tap_eq(shm_eoi_take(&rig.gic, due, 4), 0, "acknowledged: it has not ended");
        eoi(&rig, 0, 40);
        tap_ok(shm_eoi_take(&rig.gic, due, 4) == 1 && due[0] == 40, "ended: one notice");
        tap_eq(shm_eoi_take(&rig.gic, due, 4), 0, "taken once");
        shm_line_notify(&rig.gic, 40, false);
        deliver(40);
        tap_eq(shm_eoi_take(&rig.gic, due, 4), 0, "not asked any more: no notice");
}

/*
 * SPIs and ESPIs over several words of the bitmap, taken a few at a time: each comes once,
 * whatever the room.
 */
static void little_room(size_t room)
{
        uint32_t due[32] = { 0 };
        unsigned seen[5120] = { 0 };
        unsigned n = 0, wrong = 0, calls = 0;
        size_t taken;

        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                deliver(shm_gic_nth_spi(&rig.gic, i));
        tap_eq(shm_eoi_take(&rig.gic, due, 0), 0, "no room: nothing is taken");
        while ((taken = shm_eoi_take(&rig.gic, due, room)) != 0 && calls++ < 1000) {
                wrong += taken > room;
                for (size_t i = 0; i < taken; i++)
                        wrong += due[i] >= 5120 || seen[due[i]]++ != 0;
                n += (unsigned)taken;
        }
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                wrong += seen[shm_gic_nth_spi(&rig.gic, i)] != 1;
        tap_ok(wrong == 0 && n == shm_gic_n_spis(&rig.gic),
               "room for %zu: each of %u ends comes once (%u wrong)", room, n, wrong);
        tap_ok(!atomic_load(&rig.gic.header->eoi_summary),
               "ends taken by the daemon: the summary is empty");
}

static unsigned n_tries;

/* As a hostile process would: between each look at the word and its change the word is another. */
static uint64_t scribbled(uint64_t w, uint64_t at)
{
        n_tries++;
        if (n_tries > 2 * SHM_TRIES)
                tap_bail("it never ends");
        atomic_store((_Atomic uint64_t *)(uintptr_t)at, w ^ GIC_WORD_NMI);
        return w ^ GIC_WORD_NOTIFY;
}

/*
 * The daemon must not go round for ever because of what a client writes; a VM's own process may
 * wait for its own.
 */
static void giving_up(void)
{
        _Atomic uint64_t *word = shm_gic_word(&rig.gic, 0, 33);
        uint64_t before = shm_word_load(word);

        rig.gic.bounded = true;
        tap_ok(!shm_word_update(&rig.gic, word, 33, scribbled, (uint64_t)(uintptr_t)word),
               "a bounded view gives up, and says so");
        tap_ok(n_tries > 1 && n_tries <= SHM_TRIES, "after %u tries", n_tries);
        tap_ok(shm_word_update(&rig.gic, word, 33, gic_field_set_group, 1),
               "a word that is left alone again: a bounded view changes it");
        rig.gic.bounded = false;
        atomic_store(word, before);
}

/* The chosen one falls asleep as it is rung, and the other wakes. */
static void change_places(void *ctx, uint32_t vcpu, uint32_t park)
{
        struct rig *two = ctx;

        (void)park;
        n_tries++;
        if (n_tries > 2 * SHM_TRIES)
                tap_bail("it never ends");
        atomic_fetch_and(&two->gic.vcpus[!vcpu].cpuif, ~SHM_CPUIF_ASLEEP);
        atomic_fetch_or(&two->gic.vcpus[vcpu].cpuif, SHM_CPUIF_ASLEEP);
}

static void giving_up_placing(void)
{
        struct rig two;

        rig_create(&two, 2, 32, 5);
        rig_boot(&two);
        two.gic.ring = change_places;
        two.gic.hook_ctx = &two;
        for (unsigned i = 0; i < 2; i++)
                atomic_store(&two.gic.vcpus[i].park, SHM_PARK_PARKED);
        enable(&two, 0, 40);
        route(&two, 40, UINT64_C(1) << 31);
        n_tries = 0;
        two.gic.bounded = true;
        pulse(&two, 40);
        tap_ok(n_tries > 8 && n_tries <= SHM_TRIES,
               "a 1-of-N interrupt whose every target falls asleep: left after %u rounds", n_tries);
        rig_destroy(&two);
}

/* Any process of the VM can note any interrupt as 1-of-N. */
static void noted_by_nobody(void)
{
        struct rig one;

        rig_create(&one, 1, 32, 5);
        rig_boot(&one);
        for (unsigned i = 0; i < SHM_N_CANDIDATE_WORDS; i++)
                atomic_store(&one.gic.header->noted[i], UINT64_MAX);
        atomic_store(&one.gic.header->noted_summary, UINT64_MAX);
        shm_oneofn_opened(&one.gic, 0);
        shm_oneofn_closed(&one.gic, 0);
        tap_ok(mrs(&one, 0, ICC_HPPIR1) == NONE && !shm_word_candidates(&one.gic.vcpus[0]),
               "every bit of what was pending as 1-of-N set: nothing is placed");
        rig_destroy(&one);
}

/*
 * Bits of classes, and of words in them, that outlived their candidates go when they are looked at,
 * and take no candidate of another class or word along. What is of a lower priority than what was
 * found is not looked at.
 */
static void stale_classes(void)
{
        static const uint32_t intids[] = { 63, 5 * 64 };
        struct shm_vcpu *self;
        struct rig one;

        rig_create(&one, 1, 988, 5);
        rig_boot(&one);
        self = &one.gic.vcpus[0];
        for (unsigned i = 0; i < 2; i++) {
                enable(&one, 0, intids[i]); /* priority 0xa0: class 20 */
                pulse(&one, intids[i]);
        }
        atomic_store(&self->classes, UINT64_MAX);
        for (unsigned c = 0; c < SHM_N_CLASSES; c++)
                atomic_store(&self->class_words[c], UINT64_MAX);
        tap_eq(shm_cpuif_lines(&one.gic, 0), SHM_LINE_IRQ, "a look with every bit set");
        tap_ok((atomic_load(&self->classes) & base_mask(21)) == 1u << 20,
               "leaves the class that has candidates");
        for (unsigned i = 0; i < 2; i++) {
                atomic_store(&self->class_words[20], UINT64_MAX);
                tap_eq(ack(&one, 0), intids[i], "empty words left over, SPI %u pulsed: it is taken",
                       intids[i]);
                eoi(&one, 0, intids[i]);
        }
        tap_ok(!(atomic_load(&self->class_words[20]) & 1),
               "what was found behind five empty words took them off its class");
        tap_ok(shm_cpuif_lines(&one.gic, 0) == 0 &&
               (atomic_load(&self->classes) & base_mask(30)) == 0,
               "a look at the lines: no class is left that PMR (0xf0) lets through");
        rig_destroy(&one);
}

/*
 * Interrupts of a lower priority with lower INTIDs are passed over: those in the word of the one
 * that is chosen each time, those in a word of its class that has no more of it once.
 */
static void lower_ones_are_passed_over(void)
{
        const unsigned c = 0x20 / (256 / SHM_N_CLASSES);
        struct shm_vcpu *self;
        struct rig one;

        rig_create(&one, 1, 988, 5);
        rig_boot(&one);
        self = &one.gic.vcpus[0];
        for (uint32_t intid = 64; intid < 100; intid++) {
                enable(&one, 0, intid); /* priority 0xa0 */
                pulse(&one, intid);
        }
        for (uint32_t intid = 100; intid <= 130; intid += 30) { /* of two words of candidates */
                set_priority(&one, 0, intid, 0x20);
                enable(&one, 0, intid);
                pulse(&one, intid);
                tap_eq(ack(&one, 0), intid, "36 of lower priority with lower INTIDs: SPI %u of a "
                       "higher one is taken", intid);
                eoi(&one, 0, intid);
        }
        tap_eq(atomic_load(&self->class_words[c]), 1u << 130 / 64,
               "the word without candidates of the higher priority has left its class");
        tap_eq(ack(&one, 0), 64, "none of the higher priority: the first of the lower is taken");
        eoi(&one, 0, 64);
        tap_ok(!(atomic_load(&self->classes) & 1u << c), "the class without candidates has gone");
        rig_destroy(&one);
}

/*
 * What a vCPU's PMR masks is no work, however much it is; only the daemon, which must not look for
 * ever, stops counting.
 */
static void masked_is_no_work(void)
{
        struct rig two;

        rig_create(&two, 2, 988, 5);
        rig_boot(&two);
        msr(&two, 1, ICC_PMR, 0x80);
        for (uint32_t intid = 50; intid < 200; intid++) {
                route(&two, intid, intid == 50 ? 0 : 1); /* 50 keeps vCPU 0 busy */
                enable(&two, 0, intid);
                pulse(&two, intid);
        }
        set_priority(&two, 0, 40, 0x20);
        enable(&two, 0, 40);
        route(&two, 40, UINT64_C(1) << 31);
        pulse(&two, 40);
        tap_eq(gic_word_route(shm_word_load(shm_gic_word(&two.gic, 0, 40))), 1,
               "1-of-N: 150 masked candidates do not keep a vCPU from being idle");
        rig_destroy(&two);
}

/*
 * To be free counts more than to wait in WFI: who was rung for something else has work,
 * though it still sleeps.
 */
static void free_before_parked(void)
{
        struct rig two;

        rig_create(&two, 2, 32, 5);
        rig_boot(&two);
        enable(&two, 0, 50);
        enable(&two, 0, 40);
        route(&two, 40, UINT64_C(1) << 31);
        pulse(&two, 50);
        atomic_store(&two.gic.vcpus[0].park, SHM_PARK_PARKED);
        pulse(&two, 40);
        tap_eq(gic_word_route(shm_word_load(shm_gic_word(&two.gic, 0, 40))), 1,
               "1-of-N: a running vCPU without work before a parked one that has some");
        rig_destroy(&two);
}

int main(void)
{
        const struct shm_shape shape = { .n_vcpus = 1, .n_spis = 96, .n_espis = 64, .n_eppis = 32,
                                         .n_priority_bits = 5,
                                        .features = SHM_FEATURE_ALL };

        rig_create_shape(&rig, &shape);
        rig_boot(&rig);
        wires(20, "a PPI");
        wires(32, "an SPI");
        wires(1056, "an extended PPI");
        wires(4096 + 63, "an extended SPI");
        no_such_line();
        giving_up();
        giving_up_placing();
        noted_by_nobody();
        stale_classes();
        lower_ones_are_passed_over();
        masked_is_no_work();
        free_before_parked();
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                enable(&rig, 0, shm_gic_nth_spi(&rig.gic, i));
        ends_are_noticed_once();
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                shm_line_notify(&rig.gic, shm_gic_nth_spi(&rig.gic, i), true);
        little_room(1);
        little_room(7);
        little_room(32);
        rig_destroy(&rig);
        return tap_done();
}
