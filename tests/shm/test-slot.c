/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The operation slot, looked at from the middle of each operation: whoever repairs a vCPU after a
 * death there must find it filled (test-repair then tells what the repair makes of it)
 */
#include "gic-route.h"
#include "rig.h"

enum { IRQ = 40, PRIORITY = 0xa0, GROUP = 1 };

static struct rig rig;

/* What vCPU 0's slot was when a hook was called, and how often one was. */
static struct shm_slot seen;
static unsigned n_calls;
static bool take_it_away;      /* the word changes under an acknowledge */

static _Atomic uint64_t *word(void)
{
        return &rig.gic.spis[IRQ - 32].word;
}

static void look(void)
{
        const struct shm_slot *slot = &rig.gic.vcpus[0].slot;

        if (n_calls++ > 0) /* later ones are not of the operation that is asked about */
                return;
        atomic_store(&seen.op, atomic_load(&slot->op));
        atomic_store(&seen.old_word, atomic_load(&slot->old_word));
        atomic_store(&seen.argument, atomic_load(&slot->argument));
}

static void look_at_ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)vcpu;
        (void)park;
        look();
}

static void look_at_raise(void *ctx)
{
        (void)ctx;
        look();
        if (take_it_away)
                atomic_store(word(), gic_irq_lower(shm_word_load(word()), GIC_WIRE_VMM));
}

/* vCPU 1 is parked: to ring it calls the hook. */
static void fresh(uint32_t mode)
{
        rig_create(&rig, 2, 32, 5);
        rig_boot(&rig);
        msr(&rig, 0, ICC_CTLR, mode);
        enable(&rig, 0, IRQ);
        atomic_store(&rig.gic.vcpus[1].park, SHM_PARK_PARKED);
        shm_tdir_set_interest(&rig.gic, 1);
        rig.gic.ring = look_at_ring;
        rig.gic.raised = look_at_raise;
        n_calls = 0;
        take_it_away = false;
        atomic_store(&seen.op, SHM_SLOT_NONE);
}

static bool is_empty(void)
{
        return atomic_load(&rig.gic.vcpus[0].slot.op) == SHM_SLOT_NONE;
}

/* vCPU 0 has it active, its level is high, and by now it is routed to vCPU 1. */
static uint64_t held_and_rerouted(void)
{
        high(&rig, IRQ);
        if (ack(&rig, 0) != IRQ)
                tap_bail("it does not come");
        route(&rig, IRQ, 1);
        n_calls = 0;
        return shm_word_load(word());
}

static void end_of_interrupt(void)
{
        uint64_t before;
        unsigned bit;

        fresh(0);
        before = held_and_rerouted();
        bit = (unsigned)__builtin_ctz(atomic_load(&rig.gic.vcpus[0].ap1r[0]));
        eoi(&rig, 0, IRQ);
        tap_eq(n_calls, 1, "EOI of what is still high rings its next target");
        tap_ok(atomic_load(&seen.op) == SHM_SLOT_OP(SHM_SLOT_EOI, SHM_SLOT_DEACTIVATE, IRQ) &&
               atomic_load(&seen.old_word) == before,
               "EOI: till then the slot says what is under way, and from what");
        tap_eq((int64_t)atomic_load(&seen.argument), (int64_t)SHM_SLOT_ARGUMENT(bit, GROUP),
               "EOI: and which priority it drops");
        tap_ok(is_empty(), "EOI: then it is empty");
        rig_destroy(&rig);
}

static void deactivation(void)
{
        uint64_t before;

        fresh(ICC_CTLR_EOIMODE);
        held_and_rerouted();
        eoi(&rig, 0, IRQ);
        tap_ok(n_calls == 0 && is_empty(), "a priority drop: nothing is ended, the slot is empty");
        before = shm_word_load(word());
        msr(&rig, 0, ICC_DIR, IRQ);
        tap_ok(n_calls == 1 &&
               atomic_load(&seen.op) ==
               SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, IRQ) &&
               atomic_load(&seen.old_word) == before,
               "DIR: the slot says what is under way, and from what");
        tap_ok(is_empty(), "DIR: then it is empty");
        low(&rig, IRQ);
        before = shm_word_load(word());
        n_calls = 0;
        msr(&rig, 0, ICC_DIR, IRQ);
        tap_ok(shm_word_load(word()) == before && n_calls == 0 && is_empty(),
               "DIR of what is not active changes nothing");
        rig_destroy(&rig);
}

/*
 * An injector between its word and its raise: the acknowledge raises TDIR itself, before it takes
 * the interrupt.
 */
static uint64_t found_early(void)
{
        shm_tdir_try_clear(&rig.gic);
        atomic_store(word(), gic_irq_raise(shm_word_load(word()), GIC_WIRE_VMM));
        shm_word_mark(&rig.gic.vcpus[0], IRQ, shm_word_load(word()));
        n_calls = 0;
        return shm_word_load(word());
}

static void acknowledge(void)
{
        uint64_t before;

        fresh(0);
        atomic_store(&rig.gic.vcpus[1].park, SHM_PARK_RUNNING);
        before = found_early();
        tap_ok(ack(&rig, 0) == IRQ && n_calls == 1, "an acknowledge raises TDIR first");
        tap_ok(atomic_load(&seen.op) == SHM_SLOT_OP(SHM_SLOT_ACK, 0, IRQ) &&
               atomic_load(&seen.old_word) == before,
               "acknowledge: the slot says what is under way, and from what");
        tap_eq((int64_t)atomic_load(&seen.argument),
               (int64_t)SHM_SLOT_ARGUMENT((unsigned)__builtin_ctz(
                                                  atomic_load(&rig.gic.vcpus[0].ap1r[0])),
                                          GROUP),
               "acknowledge: and which priority bit it sets");
        tap_ok(is_empty(), "acknowledge: then it is empty");
        eoi(&rig, 0, IRQ);
        low(&rig, IRQ);
        found_early();
        take_it_away = true;
        tap_ok(ack(&rig, 0) == NONE && n_calls == 1,
               "one whose line falls under the acknowledge is not taken");
        tap_ok(is_empty(), "an acknowledge whose line fell is given up: the slot is empty");
        rig_destroy(&rig);
}

/* A reset that was asked for from outside moves a 1-of-N interrupt on, which rings. */
static void reset(const char *name, void (*operation)(void))
{
        fresh(0);
        atomic_store(&rig.gic.vcpus[1].park, SHM_PARK_RUNNING);
        shm_cpuif_set(&rig.gic, 1, SHM_CPUIF_PMR_SHIFT, 8, 0x10); /* so that vCPU 0 is chosen */
        route(&rig, IRQ, GIC_IROUTER_IRM);
        high(&rig, IRQ);
        if (gic_word_route(shm_word_load(word())) != 0)
                tap_bail("a 1-of-N interrupt waits elsewhere");
        atomic_store(&rig.gic.vcpus[1].park, SHM_PARK_PARKED);
        atomic_fetch_or(&rig.gic.vcpus[0].request, SHM_REQUEST_RESET);
        n_calls = 0;
        operation();
        tap_ok(n_calls >= 1 && atomic_load(&seen.op) == SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0),
               "reset asked for, then %s: served there, and the slot says that it is under way",
               name);
        tap_ok(is_empty() && !(atomic_load(&rig.gic.vcpus[0].request) & SHM_REQUEST_RESET),
               "%s: then it is empty", name);
        rig_destroy(&rig);
}

static void take(void)
{
        shm_cpuif_ack(&rig.gic, 0, 1);
}

static void peek(void)
{
        shm_cpuif_hppir(&rig.gic, 0, 1);
}

static void end(void)
{
        shm_cpuif_eoi(&rig.gic, 0, 1, IRQ);
}

static void deactivate(void)
{
        shm_cpuif_dir(&rig.gic, 0, IRQ);
}

static void send(void)
{
        msr(&rig, 0, ICC_SGI1R, 0);
}

static void read_register(void)
{
        mrs(&rig, 0, ICC_PMR);
}

static void write_register(void)
{
        msr(&rig, 0, ICC_BPR1, 3);
}

static void look_at_lines(void)
{
        shm_cpuif_lines(&rig.gic, 0);
}

/* Who is on is reset by its owner, at its next operation; who is off at once, by whoever asks. */
static void power(void)
{
        fresh(0);
        shm_power(&rig.gic, 0, true);
        shm_reset_request(&rig.gic, 0, SHM_RESET_CPU_ON);
        tap_ok((atomic_load(&rig.gic.vcpus[0].request) & SHM_REQUEST_RESET) &&
               gicr_get(&rig, 0, IGROUPR) == UINT32_MAX,
               "a vCPU that is on: its reset is asked for, nothing happens yet");
        tap_eq((int64_t)mrs(&rig, 0, ICC_PMR), 0,
               "a reset asked for, then an operation: it is reset first");
        rig_boot(&rig);
        shm_power(&rig.gic, 0, false);
        shm_reset_request(&rig.gic, 0, SHM_RESET_CPU_ON);
        tap_ok(!(atomic_load(&rig.gic.vcpus[0].request) & SHM_REQUEST_RESET) &&
               gicr_get(&rig, 0, IGROUPR) == 0,
               "a vCPU that is off is reset at once");
        rig_destroy(&rig);
}

int main(void)
{
        power();
        end_of_interrupt();
        deactivation();
        acknowledge();
        reset("an acknowledge", take);
        reset("a look at the highest pending one", peek);
        reset("an EOI", end);
        reset("a DIR", deactivate);
        reset("an SGI", send);
        reset("a read of a register", read_register);
        reset("a write of a register", write_register);
        reset("the lines", look_at_lines);
        return tap_done();
}
