/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Repair: a vCPU's owner dies after each single store of an acknowledge, an EOI, a DIR or a reset
 *
 * The stores are written here one by one, as the protocol of doc/sudden-death.md has them, and cut
 * off after the n-th. What must come out: an interrupt whose slot was full is delivered again
 * exactly once (acknowledge) or ended exactly once (EOI, DIR);
 * one whose slot was empty stays as it is.
 */
#include "rig.h"
#include "shm-repair.h"

#define IRQ  40
#define BIT  20         /* priority 0xa0 with 5 bits */
#define ARG  SHM_SLOT_ARGUMENT(BIT, 1)

static struct rig rig;

static _Atomic uint64_t *word(void)
{
        return &rig.gic.spis[IRQ - 32].word;
}

static void fresh(bool is_edge, uint32_t mode)
{
        rig_destroy(&rig);
        rig_create(&rig, 3, 32, 5);
        rig_boot(&rig);
        for (uint32_t v = 0; v < 3; v++)
                msr(&rig, v, ICC_CTLR, mode);
        set_edge(&rig, 0, IRQ, is_edge);
        enable(&rig, 0, IRQ);
}

static void inject(bool is_edge)
{
        if (is_edge)
                pulse(&rig, IRQ);
        else
                high(&rig, IRQ);
}

static void fill_slot(uint32_t vcpu, unsigned n, uint64_t op, uint64_t old, uint64_t argument)
{
        struct shm_slot *slot = &rig.gic.vcpus[vcpu].slot;

        if (n >= 1)
                atomic_store(&slot->old_word, old);
        if (n >= 2)
                atomic_store(&slot->argument, argument);
        if (n >= 3)
                atomic_store(&slot->op, op);
}

/* One delivery, one end, and then nothing. */
static bool comes_once(uint32_t vcpu, bool is_edge)
{
        bool ok = ack(&rig, vcpu) == IRQ && ack(&rig, vcpu) == NONE;

        if (!is_edge)
                low(&rig, IRQ);
        eoi(&rig, vcpu, IRQ);
        msr(&rig, vcpu, ICC_DIR, IRQ);
        return ok && ack(&rig, vcpu) == NONE && mrs(&rig, vcpu, ICC_RPR) == 0xff &&
               !get_bit(&rig, 0, ISACTIVER, IRQ);
}

static void die_in_ack(bool is_edge)
{
        for (unsigned n = 0; n <= 8; n++) {
                struct shm_vcpu *self = &rig.gic.vcpus[0];
                uint64_t old;

                fresh(is_edge, 0);
                inject(is_edge);
                self = &rig.gic.vcpus[0];
                old = shm_word_load(word());
                fill_slot(0, n, SHM_SLOT_OP(SHM_SLOT_ACK, 0, IRQ), old, ARG);
                if (n >= 4)
                        atomic_store(word(), gic_irq_acknowledge(old, 0));
                if (n >= 5)
                        atomic_store(&self->ap1r[0], 1u << BIT);
                if (n >= 6)
                        atomic_store(&self->candidates[0], 0);
                if (n >= 7)
                        atomic_store(&self->classes, 0);
                if (n >= 8)
                        atomic_store(&self->slot.op, SHM_SLOT_NONE);
                shm_vcpu_repair(&rig.gic, 0);
                if (n < 8) {
                        tap_ok(comes_once(0, is_edge),
                               "acknowledge, %s: death after store %u: it comes once more",
                               is_edge ? "edge" : "level", n);
                        continue;
                }
                low(&rig, IRQ);
                tap_ok(ack(&rig, 0) == NONE && mrs(&rig, 0, ICC_RPR) == 0xa0,
                       "acknowledge: committed, so it stays delivered");
                eoi(&rig, 0, IRQ);
                tap_ok(ack(&rig, 0) == NONE && !get_bit(&rig, 0, ISACTIVER, IRQ),
                       "acknowledge: and the next owner can end it");
        }
        fresh(is_edge, 0);
        inject(is_edge);
        fill_slot(0, 3, SHM_SLOT_OP(SHM_SLOT_ACK, 0, IRQ), shm_word_load(word()), ARG);
        atomic_store(word(), gic_irq_acknowledge(shm_word_load(word()), 0));
        atomic_store(&rig.gic.vcpus[0].ap1r[0], 1u << BIT);
        set_bit(&rig, 1, ICACTIVER, IRQ);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq((int64_t)mrs(&rig, 0, ICC_RPR), 0xff,
               "acknowledge, deactivated by another before the repair: the priority bit goes all "
               "the same");
}

static void die_in_eoi(bool is_edge)
{
        for (unsigned n = 0; n <= 6; n++) {
                struct shm_vcpu *self;
                uint32_t due[4];
                uint64_t old;

                fresh(is_edge, 0);
                self = &rig.gic.vcpus[0];
                inject(is_edge);
                ack(&rig, 0);
                shm_line_notify(&rig.gic, IRQ, true);
                old = shm_word_load(word());
                fill_slot(0, n, SHM_SLOT_OP(SHM_SLOT_EOI, SHM_SLOT_DEACTIVATE, IRQ), old, ARG);
                if (n >= 4)
                        atomic_store(&self->ap1r[0], 0);
                if (n >= 5)
                        /* and dies before it owes and marks anything */
                        atomic_store(word(), gic_irq_deactivate(old));
                if (n >= 6) {
                        shm_word_pay_effects(&rig.gic, IRQ, old, shm_word_load(word()));
                        atomic_store(&self->slot.op, SHM_SLOT_NONE);
                }
                shm_vcpu_repair(&rig.gic, 0);
                if (n < 3)
                        eoi(&rig, 0, IRQ); /* it had not begun: the next owner executes it */
                tap_ok(mrs(&rig, 0, ICC_RPR) == 0xff && !get_bit(&rig, 0, ISACTIVER, IRQ) &&
                       (is_edge ? ack(&rig, 0) == NONE : comes_once(0, false)),
                       "EOI, %s: death after store %u: ended, %s", is_edge ? "edge" : "level", n,
                       is_edge ? "not again" : "and again since the line is high");
                tap_ok(shm_eoi_take(&rig.gic, due, 4) == 1 && due[0] == IRQ,
                       "EOI: death after store %u: the device hears of the end", n);
        }
}

/*
 * vCPU 1 deactivates what vCPU 0 acknowledged; vCPU 1 dies;
 * meanwhile vCPU 0 may have taken the next one.
 */
static void die_in_dir(bool again)
{
        for (unsigned n = 3; n <= 6; n++) {
                struct shm_vcpu *self;
                uint64_t op = SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, IRQ), old;

                fresh(true, 2);
                self = &rig.gic.vcpus[1];
                pulse(&rig, IRQ);
                ack(&rig, 0);
                eoi(&rig, 0, IRQ);
                old = shm_word_load(word());
                fill_slot(1, 3, op, old, 0);
                if (n >= 4)
                        atomic_store(word(), gic_word_set_holder(old, 1));
                if (n >= 5)
                        shm_slot_claimed(self, op);
                if (n >= 6)
                        atomic_store(word(), gic_irq_deactivate(shm_word_load(word())));
                if (n >= 6 && again) {
                        pulse(&rig, IRQ);
                        ack(&rig, 0);
                }
                shm_vcpu_repair(&rig.gic, 1);
                if (n >= 6 && again) {
                        tap_eq(get_bit(&rig, 0, ISACTIVER, IRQ), 1,
                               "DIR, ended and acknowledged again by its holder: not ended twice");
                        continue;
                }
                tap_ok(!get_bit(&rig, 0, ISACTIVER, IRQ) && ack(&rig, 0) == NONE,
                       "DIR of another's: death after store %u: ended", n);
                pulse(&rig, IRQ);
                tap_ok(comes_once(0, true),
                       "DIR of another's: death after store %u: the next one comes once", n);
        }
}

static void dir_steps_match(void)
{
        struct shm_slot *slot;

        fresh(true, 2);
        pulse(&rig, IRQ);
        ack(&rig, 0);
        eoi(&rig, 0, IRQ);
        slot = &rig.gic.vcpus[1].slot;
        msr(&rig, 1, ICC_DIR, IRQ);
        tap_ok(!get_bit(&rig, 0, ISACTIVER, IRQ) && atomic_load(&slot->op) == SHM_SLOT_NONE &&
               gic_word_holder(atomic_load(&slot->old_word)) == 0,
               "DIR of another's: the real one fills the slot with the holder it found, and "
               "empties it");
}

/* The slot of an operation on PPIs means the vCPU's own. */
static void private_interrupts(void)
{
        uint64_t old;

        fresh(true, 2);
        enable(&rig, 1, 27);
        shm_line_pulse(&rig.gic, 1, 27);
        ack(&rig, 1);
        eoi(&rig, 1, 27);
        old = shm_word_load(&rig.gic.vcpus[1].words[27]);
        fill_slot(1, 3, SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, 27), old, 0);
        shm_vcpu_repair(&rig.gic, 1);
        tap_eq(get_bit(&rig, 1, ISACTIVER, 27), 0, "DIR of a PPI: completed on the vCPU's own");
}

static void die_in_reset(void)
{
        struct shm_vcpu *self;

        fresh(true, 0);
        self = &rig.gic.vcpus[0];
        fill_slot(0, 3, SHM_SLOT_OP(SHM_SLOT_RESET, 0, 0), 0, 0);
        atomic_store(&self->request, 0);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq((int64_t)mrs(&rig, 0, ICC_PMR), 0,
               "reset: death after the request was taken: the reset is completed");
}

/* An injector, or whoever wrote a register, dies between the word and what it owes. */
static void die_in_injection(void)
{
        fresh(true, 0);
        shm_park_begin(&rig.gic, 2, SHM_PARK_PARKED);
        shm_tdir_set_interest(&rig.gic, 1);
        atomic_store(word(), gic_word_set_route(gic_irq_pulse(shm_word_load(word())), 2));
        atomic_store(&rig.gic.spis[IRQ - 32].irouter, 2);
        memset(rig.rings, 0, sizeof rig.rings);
        shm_repair_words(&rig.gic);
        tap_ok(rig.rings[2] > 0 && rig.raised > 0 && shm_tdir_get(&rig.gic, NULL, NULL) == 1,
               "injection cut off after the word: candidate, TDIR and doorbell are made good");
        shm_park_end(&rig.gic, 2);
        tap_eq(ack(&rig, 2), IRQ, "injection cut off after the word, repaired: it is delivered");
        shm_repair_words(&rig.gic);
        tap_eq(ack(&rig, 2), NONE, "once");
        atomic_store(&rig.gic.spis[IRQ - 32].irouter, 1);
        shm_repair_words(&rig.gic);
        tap_eq(gic_word_route(shm_word_load(word())), 1,
               "GICD_IROUTER cut off after the raw value: the route follows");
}

/* The daemon waits for the end of the SPI for which TDIR is set: the repair tells it. */
static void die_in_awaited_end(void)
{
        for (unsigned n = 4; n <= 5; n++) {
                uint64_t old;

                fresh(true, 0);
                shm_tdir_set_interest(&rig.gic, 1);
                pulse(&rig, IRQ);
                ack(&rig, 0);
                if (shm_tdir_await(&rig.gic) != IRQ)
                        tap_bail("the daemon does not wait for SPI %u", IRQ);
                old = shm_word_load(word());
                fill_slot(0, 3, SHM_SLOT_OP(SHM_SLOT_EOI, SHM_SLOT_DEACTIVATE, IRQ), old, ARG);
                atomic_store(&rig.gic.vcpus[0].ap1r[0], 0);
                if (n == 5)
                        atomic_store(word(), gic_irq_end(old));
                rig.raised = 0;
                shm_vcpu_repair(&rig.gic, 0);
                tap_eq(rig.raised, 1,
                       "EOI, awaited by the daemon: death after store %u: the repair rings it", n);
                shm_repair_words(&rig.gic);
                tap_ok(shm_tdir_try_clear(&rig.gic) == 1, "then TDIR is cleared");
        }
}

/* What it ended is due elsewhere, or here with the candidate gone. */
static void due_after_repair(void)
{
        uint64_t old;

        fresh(false, 0);
        inject(false);
        ack(&rig, 0);
        route(&rig, IRQ, 2);
        shm_park_begin(&rig.gic, 2, SHM_PARK_PARKED);
        memset(rig.rings, 0, sizeof rig.rings);
        old = shm_word_load(word());
        fill_slot(0, 3, SHM_SLOT_OP(SHM_SLOT_EOI, SHM_SLOT_DEACTIVATE, IRQ), old, ARG);
        atomic_store(word(), gic_irq_deactivate(old));
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(rig.rings[2], 1, "EOI of a level routed away: its new target is rung");
        shm_park_end(&rig.gic, 2);
        tap_eq(ack(&rig, 2), IRQ, "EOI of a level routed away: its new target takes it");

        fresh(true, 0);
        inject(true);
        atomic_store(&rig.gic.vcpus[0].candidates[0], 0);
        atomic_store(&rig.gic.vcpus[0].classes, 0);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(ack(&rig, 0), IRQ,
               "death between the clear of a candidate and the second look: found again");
}

/* Nothing in a slot is believed: run under the sanitizers this is the test. */
static void hostile_slots(void)
{
        static uint32_t due[4096];
        uint64_t seed = 7;

        fresh(true, 0);
        for (unsigned i = 0; i < 20000; i++) {
                uint64_t v[3];

                for (unsigned j = 0; j < 3; j++) {
                        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
                        v[j] = seed ^ seed >> 29;
                }
                fill_slot(i % 3, 3,
                          (v[0] & ~UINT64_C(0xfc)) |
                          (v[0] & UINT64_C(1) << 63 ? UINT64_C(40) << 32 : 0),
                          v[1], v[2]);
                if (shm_vcpu_repair(&rig.gic, i % 3) < 0)
                        tap_ok(false, "repair refused");
        }
        for (unsigned i = 0; i < SHM_N_CANDIDATE_WORDS; i++)
                atomic_store(&rig.gic.header->eoi[i], UINT64_MAX);
        atomic_store(&rig.gic.header->eoi_summary, UINT64_MAX);
        tap_ok(shm_eoi_take(&rig.gic, due, 4096) == 32 && due[0] == 32 && due[31] == 63,
               "every bit of the ends of interrupt set: only SPIs come out");
        tap_ok(shm_vcpu_repair(&rig.gic, 3) < 0 && shm_vcpu_repair(&rig.gic, UINT32_MAX) < 0,
               "20,000 random slots, and vCPUs that are not there");
}

int main(void)
{
        rig_create(&rig, 1, 0, 5);
        die_in_ack(true);
        die_in_ack(false);
        die_in_eoi(true);
        die_in_eoi(false);
        die_in_dir(false);
        die_in_dir(true);
        dir_steps_match();
        private_interrupts();
        die_in_reset();
        die_in_injection();
        die_in_awaited_end();
        due_after_repair();
        hostile_slots();
        rig_destroy(&rig);
        return tap_done();
}
