/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * 1-of-N: who is chosen, who is chosen next, and the races between
 * choosing and a gate that closes or opens
 *
 * IHI 0069: GICD_IROUTER<n>.Interrupt_Routing_Mode (section 12.9), GICR_CTLR.DPG* (12.11),
 * GICR_WAKER (11.1).
 */
#include "duel.h"
#include "gic-route.h"
#include "rig.h"
#include "shm-owner.h"
#include "shm-repair.h"

enum { SPI = 40, OTHER = 41, ESPI = 4096 + 33, N_ROUNDS = 40000 };

static struct rig rig;

static uint32_t target_of(uint32_t intid)
{
        struct shm_irq_state state;

        if (shm_read_irq(&rig.gic, 0, intid, &state) < 0)
                tap_bail("no INTID %u", intid);
        return state.vcpu;
}

static void boot(uint32_t n_vcpus, uint32_t features)
{
        struct shm_shape shape = { .vm_id = 1, .name = "any", .n_vcpus = n_vcpus, .n_spis = 32,
                                   .n_espis = 64, .n_priority_bits = 5,
                                   .features = features };

        rig = (struct rig) { 0 };
        if (shm_segment_create(&shape, &rig.fd, &rig.fd_ro, &rig.gic) < 0)
                tap_bail("cannot create a segment");
        rig.gic.ring = rig_ring;
        rig.gic.hook_ctx = &rig;
        rig_boot(&rig);
        for (uint32_t i = 0; i < 2; i++) {
                set_edge(&rig, 0, SPI + i, true);
                enable(&rig, 0, SPI + i);
                route(&rig, SPI + i, GIC_IROUTER_IRM);
        }
}

static void dpg(uint32_t vcpu, uint32_t bits)
{
        shm_gicr_write(&rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, bits);
}

static bool parks(uint32_t vcpu)
{
        return shm_park_begin(&rig.gic, vcpu, SHM_PARK_PARKED) == 0;
}

/* --- one thread --- */

static void choice_prefers_who_can_take_it_at_once(void)
{
        unsigned rings;

        boot(4, SHM_FEATURE_ALL);
        tap_eq(target_of(SPI), UINT32_MAX, "an idle 1-of-N interrupt has no target");
        pulse(&rig, SPI);
        tap_eq(target_of(SPI), 0, "the boot vCPU takes it when all are alike");
        tap_ok(!shm_cpuif_lines(&rig.gic, 1) && !shm_cpuif_lines(&rig.gic, 2) &&
               shm_cpuif_lines(&rig.gic, 0),
               "exactly one vCPU has its line asserted");
        tap_eq(ack(&rig, 1), NONE, "another vCPU cannot take it");
        tap_eq(ack(&rig, 0), SPI, "the chosen one can");
        pulse(&rig, OTHER);
        tap_eq(target_of(OTHER), 1, "a vCPU that handles an equal priority is passed over");
        eoi(&rig, 0, SPI);
        tap_eq(ack(&rig, 1), OTHER, "chosen for vCPU 1: vCPU 1 takes it");
        eoi(&rig, 1, OTHER);
        parks(2);
        rings = rig.rings[2];
        pulse(&rig, SPI);
        tap_eq(target_of(SPI), 2, "one that sleeps in WFI is preferred");
        tap_eq(rig.rings[2] - rings, 1, "chosen for the sleeping vCPU 2: it is rung once");
        shm_park_end(&rig.gic, 2);
        tap_eq(ack(&rig, 2), SPI, "chosen for the sleeping vCPU 2: it takes it");
        eoi(&rig, 2, SPI);
        msr(&rig, 3, ICC_PMR, 0);
        parks(3);
        pulse(&rig, SPI);
        tap_ok(target_of(SPI) != 3, "a sleeping vCPU whose PMR masks it: not chosen");
        rig_destroy(&rig);
}

/*
 * Bits of candidates that wait for nothing: a vCPU in WFI with them is idle. A bounded view looks
 * at 64 of them.
 */
static void candidates_left_over_make_nobody_busy(void)
{
        struct shm_vcpu *vcpu;

        for (unsigned bounded = 0; bounded < 2; bounded++) {
                for (unsigned n_words = 1; n_words <= 2; n_words++) {
                        boot(4, SHM_FEATURE_ALL);
                        parks(1);
                        vcpu = &rig.gic.vcpus[1];
                        vcpu->candidates[0] = UINT64_MAX;
                        vcpu->candidates[1] = n_words - 1;
                        vcpu->classes = 1;
                        vcpu->class_words[0] = n_words == 1 ? 1 : 3;
                        rig.gic.bounded = bounded;
                        pulse(&rig, SPI);
                        tap_eq(target_of(SPI), !(bounded && n_words == 2),
                               "%s view, %s left-over candidates",
                               bounded ? "a bounded" : "the VMM's", n_words == 1 ? "64" : "65");
                        rig.gic.bounded = false;
                        rig_destroy(&rig);
                }
        }
}

static void by_waker(uint32_t vcpu, bool open)
{
        waker(&rig, vcpu, open ? 0 : 2);
}

static void by_group(uint32_t vcpu, bool open)
{
        msr(&rig, vcpu, ICC_IGRPEN1, open);
}

static void by_dpg(uint32_t vcpu, bool open)
{
        dpg(vcpu, open ? 0 : 1u << 25);
}

static void by_power(uint32_t vcpu, bool open)
{
        shm_power(&rig.gic, vcpu, open);
}

static void by_owner(uint32_t vcpu, bool open)
{
        if (open)
                shm_vcpu_own(&rig.gic, vcpu, 7, 7);
        else
                shm_vcpu_release(&rig.gic, vcpu);
}

/* Each way to lose eligibility, and the way back. */
static const struct gate {
        const char *name;
        void (*set)(uint32_t vcpu, bool open);
} gates[] = {
        { "GICR_WAKER.ProcessorSleep", by_waker },
        { "ICC_IGRPEN1_EL1", by_group },
        { "GICR_CTLR.DPG1NS", by_dpg },
        { "power off", by_power },
        { "the owner's death", by_owner },
};

static void gate_that_closes_moves_the_interrupt(const struct gate *gate)
{
        boot(3, SHM_FEATURE_ALL);
        pulse(&rig, SPI);
        gate->set(0, false);
        tap_eq(target_of(SPI), 1, "%s: moved to the next", gate->name);
        tap_eq(ack(&rig, 0), NONE, "%s: the old one cannot take it any more", gate->name);
        gate->set(2, false);
        tap_eq(target_of(SPI), 1, "%s: of another vCPU changes nothing", gate->name);
        gate->set(1, false);
        tap_eq(target_of(SPI), UINT32_MAX, "%s: of the last one leaves it without a target",
               gate->name);
        tap_ok(!gic_word_in_flight(shm_word_load(shm_gic_word(&rig.gic, 0, SPI))),
               "%s: nobody is eligible, not in flight", gate->name);
        pulse(&rig, OTHER);
        tap_eq(target_of(OTHER), UINT32_MAX, "%s: nobody is there for a new one either",
               gate->name);
        shm_tdir_try_clear(&rig.gic);
        tap_eq(shm_tdir_get(&rig.gic, NULL, NULL), 0, "%s: so TDIR can be clear", gate->name);
        parks(2);
        gate->set(2, true);
        tap_eq(shm_tdir_get(&rig.gic, NULL, NULL), 1, "%s: TDIR is set again with the first target",
               gate->name);
        tap_ok(target_of(SPI) == 2 && target_of(OTHER) == 2,
               "%s: the first that is eligible again gets both", gate->name);
        tap_ok(rig.rings[2] > 0, "%s: opened, the vCPU is rung", gate->name);
        shm_park_end(&rig.gic, 2);
        tap_eq(ack(&rig, 2), SPI, "%s: opened, the vCPU takes the first", gate->name);
        gate->set(2, false);
        tap_eq(target_of(OTHER), UINT32_MAX, "%s: what it did not take leaves again", gate->name);
        gate->set(0, true);
        tap_eq(target_of(OTHER), 0, "%s: what it did not take, another opened: it goes there",
               gate->name);
        rig_destroy(&rig);
}

static void reset_and_irouter_end_the_choice(void)
{
        boot(3, SHM_FEATURE_ALL);
        pulse(&rig, SPI);
        shm_reset_vcpu(&rig.gic, 0);
        tap_eq(target_of(SPI), 1, "a vCPU that is reset gives it up");
        route(&rig, SPI, 2);
        tap_eq(target_of(SPI), 2, "an affinity written to GICD_IROUTER<n> ends 1-of-N");
        waker(&rig, 2, 2);
        tap_eq(target_of(SPI), 2, "GICD_IROUTER names a vCPU, which then sleeps: it stays there");
        route(&rig, SPI, GIC_IROUTER_IRM);
        tap_eq(target_of(SPI), 1,
               "Interrupt_Routing_Mode set on a pending interrupt finds an eligible vCPU");
        dpg(1, 1u << 24);
        tap_eq(target_of(SPI), 1, "DPG0 does not concern Group 1");
        set_group(&rig, 0, SPI, 0);
        tap_eq(target_of(SPI), UINT32_MAX,
               "a change of its group chooses anew: vCPU 1 has DPG0, the others sleep");
        dpg(1, 0);
        tap_eq(target_of(SPI), 1, "DPG0 cleared: vCPU 1 is chosen");
        rig_destroy(&rig);
}

/* A vCPU is eligible for one group alone: that is enough for the interrupts of that group. */
static void one_group_alone_makes_eligible(void)
{
        boot(2, SHM_FEATURE_ALL);
        for (uint32_t v = 0; v < 2; v++) {
                msr(&rig, v, ICC_IGRPEN0, 0);
                msr(&rig, v, ICC_IGRPEN1, 0);
        }
        set_group(&rig, 0, SPI, 0);
        pulse(&rig, SPI);
        pulse(&rig, OTHER);
        msr(&rig, 1, ICC_IGRPEN0, 1);
        tap_ok(target_of(SPI) == 1 && target_of(OTHER) == UINT32_MAX,
               "Group 0 alone is enabled: its interrupt finds the vCPU");
        msr(&rig, 0, ICC_IGRPEN1, 1);
        tap_ok(target_of(SPI) == 1 && target_of(OTHER) == 0,
               "Group 1 alone is enabled elsewhere: that one, too");
        rig_destroy(&rig);
}

static void level_is_chosen_anew_at_its_end(void)
{
        boot(2, SHM_FEATURE_ALL);
        set_edge(&rig, 0, SPI, false);
        high(&rig, SPI);
        tap_eq(ack(&rig, 0), SPI, "a level: taken by the first");
        waker(&rig, 0, 2);
        tap_eq(target_of(SPI), UINT32_MAX, "while it is active it stays with its holder");
        eoi(&rig, 0, SPI);
        tap_eq(target_of(SPI), 1, "the level is still high at its end: chosen anew");
        low(&rig, SPI);
        shm_gicd_write(&rig.gic, 0x1000 + 4, 4, UINT32_MAX);
        shm_gicd_write(&rig.gic, 0x1200 + 4, 4, UINT32_MAX);
        shm_gicd_write(&rig.gic, 0x8000 + 8ull * 33, 8, GIC_IROUTER_IRM);
        pulse(&rig, ESPI);
        tap_eq(ack(&rig, 1), ESPI, "an extended SPI is placed as any other");
        rig_destroy(&rig);

        boot(2, SHM_FEATURE_ALL & ~SHM_FEATURE_1_OF_N);
        pulse(&rig, SPI);
        tap_ok(target_of(SPI) == 0 &&
               !(shm_word_load(shm_gic_word(&rig.gic, 0, SPI)) & GIC_WORD_IRM),
               "without 1-of-N Interrupt_Routing_Mode is RES0");
        waker(&rig, 0, 2);
        tap_eq(target_of(SPI), 0, "without 1-of-N, its vCPU sleeps: the SPI stays where it was");
        rig_destroy(&rig);
}

/*
 * What a process left that died between its change and the placing is
 * placed by the daemon's repair.
 */
static void repair_places_what_was_not_placed(void)
{
        _Atomic uint64_t *word;

        boot(2, SHM_FEATURE_ALL);
        word = shm_gic_word(&rig.gic, 0, SPI);
        atomic_store(word, gic_irq_pulse(gic_word_set_route(atomic_load(word), GIC_NO_VCPU)));
        shm_repair_words(&rig.gic);
        tap_eq(target_of(SPI), 0, "an interrupt made pending and not placed");
        shm_cpuif_set(&rig.gic, 0, SHM_CPUIF_ASLEEP_SHIFT, 1, 1);
        shm_repair_words(&rig.gic);
        tap_eq(target_of(SPI), 1, "a gate closed and nothing moved");
        rig_destroy(&rig);
}

/* --- two threads at the same instant --- */

static const struct gate *raced;

static void all_quiet(unsigned round)
{
        (void)round;
        route(&rig, SPI, 0); /* so that it is vCPU 0 which is looked at first */
        route(&rig, SPI, GIC_IROUTER_IRM);
        for (uint32_t v = 0; v < 2; v++) {
                raced->set(v, true);
                while (ack(&rig, v) != NONE)
                        eoi(&rig, v, SPI);
        }
}

static void inject(unsigned round)
{
        (void)round;
        pulse(&rig, SPI);
}

static void close_first(unsigned round)
{
        (void)round;
        raced->set(0, false);
}

static void open_second(unsigned round)
{
        (void)round;
        raced->set(1, true);
}

static void nobody_there(unsigned round)
{
        all_quiet(round);
        raced->set(0, false);
        raced->set(1, false);
}

/* vCPU 1 is the one that is eligible: it has it, and can take it. */
static bool second_takes_it(unsigned round)
{
        (void)round;
        if (target_of(SPI) != 1 || ack(&rig, 1) != SPI)
                return false;
        eoi(&rig, 1, SPI);
        return true;
}

static uint32_t taken;

static void pending_at_first(unsigned round)
{
        all_quiet(round);
        pulse(&rig, SPI);
}

static void take_at_first(unsigned round)
{
        (void)round;
        taken = ack(&rig, 0);
}

/* Taken by vCPU 0, or moved to vCPU 1: one of the two. */
static bool exactly_one(unsigned round)
{
        uint32_t second = ack(&rig, 1);

        (void)round;
        if (second != NONE)
                eoi(&rig, 1, second);
        if (taken != NONE)
                eoi(&rig, 0, taken);
        return (taken == SPI) != (second == SPI);
}

static void gate_that_moves_while_choosing_loses_nothing(const struct gate *gate)
{
        struct duel closing = { .other = close_first, .n_rounds = N_ROUNDS };
        struct duel opening = { .other = open_second, .n_rounds = N_ROUNDS };
        struct duel taking = { .other = close_first, .n_rounds = N_ROUNDS };

        raced = gate;
        boot(2, SHM_FEATURE_ALL);
        tap_eq(duel_fight(&closing, all_quiet, inject, second_takes_it), 0,
               "%s closes while it is chosen", gate->name);
        tap_eq(duel_fight(&opening, nobody_there, inject, second_takes_it), 0,
               "%s opens while nobody is found", gate->name);
        tap_eq(duel_fight(&taking, pending_at_first, take_at_first, exactly_one), 0,
               "%s closes while it is taken", gate->name);
        rig_destroy(&rig);
}

int main(void)
{
        choice_prefers_who_can_take_it_at_once();
        candidates_left_over_make_nobody_busy();
        for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++)
                gate_that_closes_moves_the_interrupt(&gates[i]);
        reset_and_irouter_end_the_choice();
        one_group_alone_makes_eligible();
        level_is_chosen_anew_at_its_end();
        repair_places_what_was_not_placed();
        for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++)
                gate_that_moves_while_choosing_loses_nothing(&gates[i]);
        return tap_done();
}
