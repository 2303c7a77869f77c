/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Take-over: an outsider resets a vCPU that is off, against power on, registration,
 * death and other outsiders
 *
 * First step by step, the outsider stopped where it hurts; then as duels. What must never come out
 * is a mixture: a guest that runs on a controller of which half was reset after it began.
 */
#include <errno.h>

#include "duel.h"
#include "rig.h"
#include "shm-apr.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-takeover.h"

#define OFF     0u      /* the vCPU that is reset */
#define OTHER   1u
#define HELD    40u     /* an SPI that OFF has acknowledged, of high level, routed to OTHER since */
#define LATER   50u     /* an SPI of a higher number: the outsider comes to it later */
#define PPI     27u

static struct rig rig;

static uint64_t resets(uint32_t vcpu)
{
        struct shm_vcpu_state state;

        shm_read_vcpu(&rig.gic, vcpu, &state);
        return state.resets;
}

/* What a guest does first. */
static void boot_vcpu(uint32_t vcpu)
{
        waker(&rig, vcpu, 0);
        msr(&rig, vcpu, ICC_PMR, 0xf0);
        msr(&rig, vcpu, ICC_IGRPEN1, 1);
        set_group(&rig, vcpu, PPI, 1);
        set_priority(&rig, vcpu, PPI, 0xa0);
        enable(&rig, vcpu, PPI);
}

static bool is_booted(uint32_t vcpu)
{
        return mrs(&rig, vcpu, ICC_PMR) == 0xf0 && mrs(&rig, vcpu, ICC_IGRPEN1) == 1 &&
               get_bit(&rig, vcpu, ISENABLER, PPI) &&
               field_get(&rig, vcpu, IPRIORITYR, 8, PPI) == 0xa0;
}

static bool is_reset(uint32_t vcpu)
{
        struct shm_icc_ctlr ctlr = { 0 };

        shm_read_icc_ctlr(&rig.gic, vcpu, &ctlr);
        return base_field_get(rig.gic.vcpus[vcpu].cpuif, SHM_CPUIF_PMR_SHIFT, 8) == 0 &&
               !get_bit(&rig, vcpu, ISENABLER, PPI) && !get_bit(&rig, vcpu, ISACTIVER, PPI) &&
               shm_apr_read(&rig.gic, vcpu, 1, 0) == 0 && ctlr.live == ctlr.arch_default;
}

/*
 * OFF is off, with everything of the guest before in it; HELD and LATER are active on it, and one
 * SPI and PPI on OTHER.
 */
static void fresh(void)
{
        rig_destroy(&rig);
        rig_create(&rig, 3, 32, 5);
        rig_boot(&rig);
        shm_power(&rig.gic, OTHER, true);
        for (uint32_t v = 0; v < 2; v++) {
                enable(&rig, v, PPI);
                msr(&rig, v, ICC_CTLR, 2);
        }
        for (uint32_t intid = HELD; intid <= LATER; intid += LATER - HELD) {
                set_priority(&rig, 0, intid, intid == HELD ? 0xa0 : 0x80);
                enable(&rig, 0, intid);
                high(&rig, intid);
                if (ack(&rig, OFF) != intid)
                        tap_bail("SPI %u was not acknowledged", intid);
        }
        route(&rig, HELD, OTHER);
        set_edge(&rig, 0, 45, true);
        enable(&rig, 0, 45);
        route(&rig, 45, OTHER);
        pulse(&rig, 45);
        if (ack(&rig, OTHER) != 45)
                tap_bail("SPI 45 was not acknowledged");
        shm_power(&rig.gic, OFF, false);
        memset(rig.rings, 0, sizeof rig.rings);
}

static bool other_is_untouched(void)
{
        return mrs(&rig, OTHER, ICC_PMR) == 0xf0 && mrs(&rig, OTHER, ICC_CTLR) & 2 &&
               get_bit(&rig, OTHER, ISENABLER, PPI) && get_bit(&rig, 0, ISACTIVER, 45) &&
               mrs(&rig, OTHER, ICC_RPR) == 0xa0 && resets(OTHER) == 0;
}

static void at_once(void)
{
        struct shm_vcpu_state state;

        fresh();
        shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED);
        shm_reset_request(&rig.gic, OFF, SHM_RESET_CPU_ON);
        shm_read_vcpu(&rig.gic, OFF, &state);
        tap_ok(is_reset(OFF) && state.running_priority == 0xff && state.resets == 1,
               "off: reset at once, as everybody reads it");
        tap_ok(!get_bit(&rig, 0, ISACTIVER, HELD) && !get_bit(&rig, 0, ISACTIVER, LATER),
               "off: no SPI stays active that it had acknowledged");
        tap_ok(rig.rings[OTHER] >= 1, "off: one whose level is high is due where it is routed now");
        shm_park_end(&rig.gic, OTHER);
        tap_ok(other_is_untouched(), "off: no other vCPU is touched");
        shm_power(&rig.gic, OFF, true);
        tap_ok(mrs(&rig, OFF, ICC_RPR) == 0xff && resets(OFF) == 1,
               "reset while off, then on: no active priority is left, and it is not reset again");
        boot_vcpu(OFF);
        tap_ok(is_booted(OFF) && ack(&rig, OFF) == LATER,
               "off: reset, then on and booted: it takes the level that it had been handling");
}

static void slow_outsider(void)
{
        uint64_t ticket = 0, before, now;

        fresh();
        tap_eq(shm_takeover_seize(&rig.gic, OFF, &ticket), SHM_SEIZE_DONE,
               "an outsider takes what is off");
        tap_eq(shm_takeover_seize(&rig.gic, OFF, &ticket), SHM_SEIZE_OTHER, "one at a time");
        tap_eq(shm_takeover_seize(&rig.gic, OTHER, &now), SHM_SEIZE_RUNS,
               "take: a vCPU that runs is not taken");
        before = shm_word_load(&rig.gic.vcpus[OFF].words[PPI]);
        shm_power(&rig.gic, OFF, true);
        tap_ok(is_reset(OFF) && resets(OFF) == 1 && !get_bit(&rig, 0, ISACTIVER, HELD),
               "power on in the middle: it finishes the reset");
        boot_vcpu(OFF);
        now = shm_word_load(&rig.gic.vcpus[OFF].words[PPI]);
        tap_ok(before != now && (before & ~GIC_WORD_SALT) == (now & ~GIC_WORD_SALT),
               "owned again since: the same state is another word, what the outsider decided on "
               "fails");
        tap_ok(!shm_takeover_apply(&rig.gic, OFF, ticket, false) && is_booted(OFF) &&
               resets(OFF) == 1,
               "the slow outsider changes nothing any more");
        tap_ok(atomic_load(&rig.gic.vcpus[OFF].slot.op) == SHM_SLOT_NONE,
               "taken back by power on: the slot is empty");

        fresh();
        shm_takeover_seize(&rig.gic, OFF, &ticket);
        before = shm_word_load(&rig.gic.spis[HELD - 32].word);
        shm_power(&rig.gic, OFF, true);
        tap_ok((shm_word_load(&rig.gic.spis[HELD - 32].word) & GIC_WORD_SALT) !=
               (before & GIC_WORD_SALT),
               "SPIs as well");
}

/* Stopped between two of its words: its ring of another vCPU is where the owner comes in. */
static void come_in(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)park;
        if (ctx != &rig || vcpu != OTHER || rig.gic.ring != come_in)
                return;
        rig.gic.ring = rig_ring;
        shm_power(&rig.gic, OFF, true);
        boot_vcpu(OFF);
        rig.rings[63] = ack(&rig, OFF);
}

static void in_the_middle(void)
{
        fresh();
        shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED);
        rig.gic.ring = come_in;
        shm_reset_request(&rig.gic, OFF, SHM_RESET_CPU_ON);
        tap_eq(rig.rings[63], LATER,
               "the outsider is at one SPI, the guest starts and acknowledges a later one");
        tap_ok(is_booted(OFF) && get_bit(&rig, 0, ISACTIVER, LATER) &&
               mrs(&rig, OFF, ICC_RPR) == 0x80 && resets(OFF) == 1,
               "the outsider sees it and leaves it alone");
        tap_ok(!(atomic_load(&rig.gic.vcpus[OFF].icc_ctlr) & SHM_ICC_CTLR_ASKED),
               "on in the middle of an outsider's reset: nothing is left to be answered");
}

static void dead_outsider(void)
{
        uint64_t ticket = 0;

        fresh();
        shm_takeover_seize(&rig.gic, OFF, &ticket);
        shm_reset_request(&rig.gic, OFF, SHM_RESET_CPU_ON);
        shm_repair_words(&rig.gic);
        tap_ok(is_reset(OFF) && resets(OFF) == 1 &&
               !(atomic_load(&rig.gic.vcpus[OFF].cpuif) & SHM_CPUIF_SEIZED),
               "death while it has it: the repair finishes the reset, once, with the one that was "
               "asked meanwhile");
        tap_ok(!shm_takeover_apply(&rig.gic, OFF, ticket, false) && resets(OFF) == 1,
               "an outsider that was slow, the vCPU taken back: it changes nothing");

        fresh();
        shm_takeover_seize(&rig.gic, OFF, &ticket);
        shm_vcpu_own(&rig.gic, OFF, 7, 1);
        tap_ok(shm_takeover_apply(&rig.gic, OFF, ticket, false) &&
               !get_bit(&rig, OFF, ISENABLER, PPI),
               "registering a vCPU that stays off takes nothing back");

        fresh();
        shm_vcpu_release(&rig.gic, OFF);
        shm_power(&rig.gic, OFF, true); /* told, and owned by nobody */
        shm_reset_request(&rig.gic, OFF, SHM_RESET_CPU_ON);
        tap_ok(is_reset(OFF) && resets(OFF) == 1, "on, but its owner is gone: reset at once");
        shm_takeover_seize(&rig.gic, OFF, &ticket);
        shm_vcpu_own(&rig.gic, OFF, 7, 1);
        tap_ok(resets(OFF) == 2 && !shm_takeover_apply(&rig.gic, OFF, ticket, false),
               "registering it in the middle of a reset finishes that");

        fresh();
        atomic_fetch_or(&rig.gic.vcpus[OTHER].request, SHM_REQUEST_RESET | SHM_REQUEST_ONE_ASK);
        shm_repair_words(&rig.gic);
        tap_eq(mrs(&rig, OTHER, ICC_PMR), 0,
               "death between the request and the ring: it is applied");
        tap_ok(!(atomic_load(&rig.gic.vcpus[OTHER].icc_ctlr) & SHM_ICC_CTLR_ASKED) &&
               resets(OTHER) == 1,
               "once");
}

/* The daemon, of a process that pretends to have died in the middle of very many. */
static void repair_finishes_a_bounded_number_of_resets(void)
{
        unsigned n = 0;

        rig_destroy(&rig);
        rig_create(&rig, 200, 32, 5);
        rig.gic.bounded = true;
        atomic_fetch_or(&rig.gic.vcpus[199].request, SHM_REQUEST_RESET | SHM_REQUEST_ONE_ASK);
        shm_repair_words(&rig.gic);
        tap_eq(resets(199), 1,
               "the daemon's repair finishes the one reset that was left, whichever vCPU it is of");
        atomic_store(&rig.gic.vcpus[199].counters.resets, 0);
        for (uint32_t v = 0; v < 200; v++)
                atomic_fetch_or(&rig.gic.vcpus[v].cpuif, SHM_CPUIF_SEIZED);
        shm_repair_words(&rig.gic);
        rig.gic.bounded = false;
        for (uint32_t v = 0; v < 200; v++)
                n += (rig.gic.vcpus[v].cpuif & SHM_CPUIF_SEIZED) != 0;
        tap_eq(n, 200 - 64, "the daemon's repair finishes a bounded number of resets");
        shm_power(&rig.gic, 199, true);
        tap_ok(!(rig.gic.vcpus[199].cpuif & SHM_CPUIF_SEIZED) && resets(199) == 1,
               "the others are finished when they are turned on");
}

static void owners_death(void)
{
        uint64_t ticket = 0;

        fresh();
        shm_takeover_seize(&rig.gic, OFF, &ticket);
        shm_slot_begin(&rig.gic.vcpus[OFF], SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, 0);
        shm_takeover_change(&rig.gic, OFF, SHM_CPUIF_OFF, SHM_CPUIF_POWERED, false);
        shm_vcpu_repair(&rig.gic, OFF); /* it died right after it took the vCPU back */
        tap_ok(is_reset(OFF) && !get_bit(&rig, 0, ISACTIVER, HELD),
               "an owner that dies while it takes it back: the slot finishes the reset");
}

/*
 * Posted to one that runs, which is turned off, dies,
 * or is never turned on again before it has served it.
 */
static void posted_resets_are_applied_by_the_owner(void)
{
        fresh();
        shm_reset_request(&rig.gic, OTHER, SHM_RESET_CPU_ON);
        tap_ok(!is_reset(OTHER) && get_bit(&rig, 0, ISACTIVER, 45), "on: its owner applies it");
        shm_cpuif_write_ctlr(&rig.gic, OTHER, 2); /* an operation that was under way */
        shm_power(&rig.gic, OTHER, false);
        tap_ok(is_reset(OTHER) && resets(OTHER) == 1 && !get_bit(&rig, 0, ISACTIVER, 45),
               "turned off before that: applied then");

        fresh();
        shm_vcpu_own(&rig.gic, 2, 7, 1);
        shm_cpuif_set(&rig.gic, 2, SHM_CPUIF_POWERED_SHIFT, 1, 0);
        shm_reset_request(&rig.gic, 2, SHM_RESET_CPU_ON);
        tap_ok(!is_reset(2),
               "registered and never told: it may be running, so its owner applies it");
        shm_vcpu_release(&rig.gic, 2);
        tap_ok(is_reset(2) && resets(2) == 1, "given back before that: applied then");

        fresh();
        shm_reset_request(&rig.gic, OTHER, SHM_RESET_CPU_ON);
        msr(&rig, OTHER, ICC_PMR, 0x80);
        tap_ok(!get_bit(&rig, 0, ISACTIVER, 45) && mrs(&rig, OTHER, ICC_RPR) == 0xff &&
               mrs(&rig, OTHER, ICC_PMR) == 0x80,
               "served: the SPI that it had acknowledged is ended");
}

/* --- duels --- */

static uint64_t before_duel;

static void duel_before(unsigned round)
{
        (void)round;
        shm_power(&rig.gic, OFF, false);
        shm_cpuif_set(&rig.gic, OFF, SHM_CPUIF_PMR_SHIFT, 8, 0x10);
        enable(&rig, OFF, PPI);
        set_bit(&rig, OFF, ICENABLER, PPI);
        before_duel = resets(OFF);
}

/* The guest, which enables its PPI, opens its mask, and takes an interrupt, in this order. */
static void duel_power_on(unsigned round)
{
        (void)round;
        shm_power(&rig.gic, OFF, true);
        shm_cpuif_lines(&rig.gic, OFF);
        waker(&rig, OFF, 0);
        enable(&rig, OFF, PPI);
        msr(&rig, OFF, ICC_IGRPEN1, 1);
        msr(&rig, OFF, ICC_PMR, 0xf0);
        ack(&rig, OFF);
}

static void duel_reset(unsigned round)
{
        shm_reset_request(&rig.gic, OFF, round % 2 ? SHM_RESET_CPU_ON : SHM_RESET_LAZY);
}

/*
 * Served at some point of the guest's order: what came after it holds, what came before it does
 * not. A state in which something early holds and something later does not was made by a reset that
 * went on beside the guest.
 */
static bool duel_after(unsigned round)
{
        bool ppi, pmr, active, running, ok;

        (void)round;
        shm_cpuif_lines(&rig.gic, OFF);
        ppi = get_bit(&rig, OFF, ISENABLER, PPI);
        pmr = mrs(&rig, OFF, ICC_PMR) == 0xf0;
        active = get_bit(&rig, 0, ISACTIVER, LATER);
        running = mrs(&rig, OFF, ICC_RPR) == 0x80;
        ok = (pmr || mrs(&rig, OFF, ICC_PMR) == 0) && (pmr || !ppi) && active == running &&
             (pmr || !active) && resets(OFF) == before_duel + 1 &&
             atomic_load(&rig.gic.vcpus[OFF].slot.op) == SHM_SLOT_NONE &&
             !(atomic_load(&rig.gic.vcpus[OFF].cpuif) & SHM_CPUIF_SEIZED);
        if (running)
                eoi(&rig, OFF, LATER);
        msr(&rig, OFF, ICC_DIR, LATER);
        return ok;
}

static void duel_register(unsigned round)
{
        (void)round;
        shm_vcpu_own(&rig.gic, OFF, 7, 1);
        duel_power_on(round);
}

static void duel_unregistered(unsigned round)
{
        duel_before(round);
        shm_vcpu_release(&rig.gic, OFF);
}

/* Two outsiders, nobody else. */
static void duel_two(unsigned round)
{
        shm_reset_request(&rig.gic, OFF, SHM_RESET_CPU_ON);
        (void)round;
}

static bool duel_two_after(unsigned round)
{
        uint64_t n = resets(OFF) - before_duel;

        (void)round;
        return n >= 1 && n <= 2 && is_reset(OFF) &&
               !(atomic_load(&rig.gic.vcpus[OFF].request) & SHM_REQUEST_RESET) &&
               !(atomic_load(&rig.gic.vcpus[OFF].cpuif) & SHM_CPUIF_SEIZED);
}

/* A vCPU that runs and acknowledges, against its reset. */
static void duel_running_before(unsigned round)
{
        shm_power(&rig.gic, OFF, true);
        duel_power_on(round);
        eoi(&rig, OFF, LATER);
        msr(&rig, OFF, ICC_DIR, LATER);
        before_duel = resets(OFF);
}

static void duel_ack(unsigned round)
{
        (void)round;
        ack(&rig, OFF);
}

static bool duel_running_after(unsigned round)
{
        bool active, ok;

        (void)round;
        shm_cpuif_lines(&rig.gic, OFF);
        active = get_bit(&rig, 0, ISACTIVER, LATER);
        ok = !active && mrs(&rig, OFF, ICC_RPR) == 0xff && resets(OFF) == before_duel + 1 &&
             get_bit(&rig, 0, ISACTIVER, 45);
        if (active)
                set_bit(&rig, 0, ICACTIVER, LATER);
        return ok;
}

static void turning_off(unsigned round)
{
        (void)round;
        shm_power(&rig.gic, OFF, false);
}

static void duel_off_before(unsigned round)
{
        (void)round;
        shm_power(&rig.gic, OFF, true);
        msr(&rig, OFF, ICC_PMR, 0x80);
        before_duel = resets(OFF);
}

static bool duel_off_after(unsigned round)
{
        (void)round;
        return is_reset(OFF) && resets(OFF) == before_duel + 1 &&
               !(atomic_load(&rig.gic.vcpus[OFF].request) & SHM_REQUEST_RESET);
}

static void duels_leave_no_mixture(void)
{
        static const struct {
                const char *what;
                void (*before)(unsigned round), (*self)(unsigned round), (*other)(unsigned round);
                bool (*after)(unsigned round);
        } all[] = {
                { "a reset against power on: one comes first, as a whole, and once", duel_before,
                  duel_power_on, duel_reset, duel_after },
                { "a reset against registration and power on", duel_unregistered, duel_register,
                  duel_reset, duel_after },
                { "two outsiders: it is reset, and left", duel_before, duel_two, duel_two,
                  duel_two_after },
                { "a reset against an acknowledge: nothing stays active without its priority",
                  duel_running_before, duel_ack, duel_reset, duel_running_after },
                { "a reset against power off: it is applied, once", duel_off_before, turning_off,
                  duel_reset, duel_off_after },
        };

        fresh();
        low(&rig, HELD);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                struct duel d = { .other = all[i].other, .n_rounds = 20000 };

                rig.gic.ring = NULL;
                tap_eq(duel_fight(&d, all[i].before, all[i].self, all[i].after), 0, "%s",
                       all[i].what);
        }
        tap_ok(other_is_untouched(), "after all of them: the other vCPU is untouched");
}

int main(void)
{
        rig_create(&rig, 1, 0, 5);
        at_once();
        slow_outsider();
        in_the_middle();
        dead_outsider();
        repair_finishes_a_bounded_number_of_resets();
        owners_death();
        posted_resets_are_applied_by_the_owner();
        duels_leave_no_mixture();
        rig_destroy(&rig);
        return tap_done();
}
