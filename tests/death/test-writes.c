/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Writes by others on what is acknowledged and not delivered (tests/death/README)
 *
 * Each sequence of up to three of them, around a death at each store of the acknowledge: the first
 * ones in its middle, the others after the death. If the slot is full by then, the acknowledge
 * never was: what is left is what these writes alone leave, in their order. If it is empty, the
 * acknowledge was before those of the middle, or behind them. And the same with the first ones in
 * the middle of the repair.
 */
#include <stdlib.h>

#include "death.h"

enum { MAX_WRITES = 3, MAX_STORES = 24, MAX_OF_REPAIR = 40 };

static uint32_t intid;
static unsigned n_trials, n_wrong;
static unsigned long n_kills;

/* --- the interrupts --- */

static void mode1(uint32_t v)  { msr(&rig, v, ICC_CTLR, 2); }

static void inject(void)
{
        if (intid == SGI)
                msr(&rig, OTHER, ICC_SGI1R, UINT64_C(1) << VICTIM | (uint64_t)SGI << 24);
        else
                pulse(&rig, intid);
}

/* vCPU 1 deactivates with EOImode 1; vCPU 2 ends with EOImode 0. */
static void acknowledgeable(void)
{
        mode1(OTHER);
        inject();
}

/* What a write of GICD_ICACTIVER leaves if no end of interrupt comes: the word names its vCPU. */
static void held_before(void)
{
        mode1(VICTIM);
        mode1(OTHER);
        inject();
        if (ack(&rig, VICTIM) != intid)
                tap_bail("nothing to acknowledge");
        set_bit(&rig, VICTIM, ICACTIVER, intid);
        eoi(&rig, VICTIM, intid);
        inject();
}

static const struct subject {
        const char *name;
        uint32_t intid;
        void (*prepare)(void);
} subjects[] = {
        { "an edge", EDGE, acknowledgeable },
        { "an SGI", SGI, acknowledgeable },
        { "an edge, held before", EDGE, held_before },
};

/* --- the writes --- */

static void isactiver(void)    { set_bit(&rig, VICTIM, ISACTIVER, intid); }
static void icactiver(void)    { set_bit(&rig, VICTIM, ICACTIVER, intid); }
static void ispendr(void)      { set_bit(&rig, VICTIM, ISPENDR, intid); }
static void icpendr(void)      { set_bit(&rig, VICTIM, ICPENDR, intid); }
static void dir(void)          { msr(&rig, OTHER, ICC_DIR, intid); }
static void resets(void)       { shm_reset_request(&rig.gic, VICTIM, SHM_RESET_CPU_ON); }

/* Whatever it had acknowledged, at the priority of all of these. */
static void ends(void)
{
        atomic_store(&rig.gic.vcpus[SECOND].ap1r[0],
                     1u << shm_cpuif_apr_bit(&rig.gic, SECOND, 0xa0, 1));
        eoi(&rig, SECOND, intid);
}

static const struct {
        const char *name;
        void (*write)(void);
} writes[] = {
        { "ISACTIVER", isactiver },
        { "ICACTIVER", icactiver },
        { "ISPENDR", ispendr },
        { "ICPENDR", icpendr },
        { "DIR by vCPU 1", dir },
        { "EOI by vCPU 2", ends },
        { "injected", inject },
        { "reset of vCPU 0", resets },
};
enum { N_WRITES = sizeof writes / sizeof writes[0] };

struct sequence {
        unsigned n, at[MAX_WRITES];
};

static struct sequence sequence;
static unsigned n_first;               /* in the middle of the acknowledge */

static void write_some(unsigned from, unsigned to)
{
        for (; from < to; from++)
                writes[sequence.at[from]].write();
}

static void write_first(void)  { write_some(0, n_first); }

/* --- one trial --- */

static void acknowledge(const struct death_act *unused)
{
        (void)unused;
        ack(&rig, VICTIM);
}

/* The acknowledge before the writes from @before on; MAX_WRITES + 1: never. */
static const char *leave(const struct death_act *vmm, unsigned before, struct death_state *ret)
{
        const char *broken = NULL;

        death_world_begin(vmm);
        for (unsigned i = 0; i <= sequence.n; i++) {
                if (i == before)
                        ack(&rig, VICTIM);
                if (i < sequence.n)
                        write_some(i, i + 1);
        }
        death_bury(vmm);
        death_look(vmm, ret, &broken);
        return broken;
}

/*
 * Who took it before a write made it active anew, and has come to the end of that, is still its
 * holder, and ends it as anybody would.
 */
static void forget_holder(struct death_state *s)
{
        for (unsigned i = 0; i < DEATH_N_IRQS; i++)
                s->irqs[i].word = gic_word_set_holder(s->irqs[i].word, GIC_NO_VCPU);
}

static const char *as_any(const struct death_state *got, const struct death_state *want, unsigned n)
{
        const char *differs = NULL;

        for (unsigned i = 0; i < n; i++) {
                differs = death_differs(got, &want[i], true);
                if (!differs)
                        return NULL;
        }
        return differs;
}

static void report(const struct subject *subject, unsigned kill_at, unsigned other_at,
                   const char *what)
{
        char said[160] = "";

        for (unsigned i = 0; i < sequence.n; i++)
                snprintf(said + strlen(said), sizeof said - strlen(said), "%s%s",
                         i == 0 ? "" : i == n_first ? " | " : ", ", writes[sequence.at[i]].name);
        if (++n_wrong <= 20)
                tap_note("WRONG %s, killed at store %u; %s (%u of them at store %u): %s",
                         subject->name, kill_at, said, n_first, other_at, what);
}

/* A reset is posted, and is made some time later: its place among the others is not known. */
static bool has_reset(void)
{
        for (unsigned i = 0; i < sequence.n; i++)
                if (writes[sequence.at[i]].write == resets)
                        return true;
        return false;
}

/* Return: false if the acknowledge has no store @kill_at by that. */
static bool try(const struct subject *subject, const struct death_act *vmm, unsigned kill_at,
                unsigned other_at, const struct death_state *never, const struct death_state *done)
{
        static const struct death_act others = { .name = "writes", .act = write_first };
        struct death_plan plan = { .kill_at = kill_at };
        struct death_state got;
        const char *what = NULL;
        bool was_full, is_full;

        if (n_first) {
                plan.other = &others;
                plan.other_at = other_at;
        }
        death_world_begin(vmm);
        if (!death_run(acknowledge, vmm, &plan))
                return false;
        n_kills++;
        n_trials++;
        was_full = death_page->was_full;
        is_full = death_page->is_full;
        write_some(n_first, sequence.n);
        death_bury(vmm);
        death_look(vmm, &got, &what);
        if (!what && (is_full || !was_full)) {
                what = death_differs(&got, never, true);
        } else if (!what && !has_reset()) {
                forget_holder(&got);
                what = as_any(&got, done, n_first ? 2 : 1);
        }
        if (what)
                report(subject, kill_at, other_at, what);
        return true;
}

static void bury(const struct death_act *vmm)
{
        death_bury(vmm);
}

/* The first ones at store @other_at of the repair. Return: false if there is nothing like that. */
static bool try_repair(const struct subject *subject, const struct death_act *vmm,
                       unsigned kill_at, unsigned other_at, const struct death_state *never)
{
        static const struct death_act others = { .name = "writes", .act = write_first };
        struct death_plan plan = { .kill_at = kill_at };
        struct death_plan in_repair = { .other = &others, .other_at = other_at };
        struct death_state got;
        const char *what = NULL;

        death_world_begin(vmm);
        if (!death_run(acknowledge, vmm, &plan) || !death_page->is_full)
                return false;
        n_kills++;
        n_trials++;
        death_here(bury, vmm, &in_repair);
        if (death_page->n_stores < other_at)
                return false;
        write_some(n_first, sequence.n);
        death_bury(vmm);
        if (death_look(vmm, &got, &what))
                what = death_differs(&got, never, true);
        if (what)
                report(subject, kill_at, other_at, what);
        return true;
}

static void try_repairs(const struct subject *subject, const struct death_act *vmm,
                        const struct death_state *never)
{
        for (unsigned kill = 3; kill < MAX_STORES; kill += 2)
                for (unsigned at = 1; at <= MAX_OF_REPAIR; at++)
                        if (!try_repair(subject, vmm, kill, at, never))
                                break;
}

static void try_sequence(const struct subject *subject, unsigned step)
{
        struct death_act vmm = { .name = "a VMM", .prepare = subject->prepare };
        struct death_state never, done[2];
        const char *broken = leave(&vmm, MAX_WRITES + 1, &never);

        for (n_first = 0; n_first <= sequence.n; n_first++) {
                if (!broken)
                        broken = leave(&vmm, 0, &done[0]);
                if (!broken)
                        broken = leave(&vmm, n_first, &done[1]);
                if (broken)
                        report(subject, 0, 0, broken);
                forget_holder(&done[0]);
                forget_holder(&done[1]);
                for (unsigned at = 1; at <= (n_first ? MAX_STORES : 1); at += step)
                        for (unsigned kill = at; try(subject, &vmm, kill, at, &never, done); )
                                kill += n_first ? step : 1;
                if (n_first && sequence.n < MAX_WRITES && !has_reset())
                        try_repairs(subject, &vmm, &never);
        }
}

static void try_all(const struct subject *subject, unsigned n, unsigned step)
{
        unsigned n_sequences = 1, wrong_before = n_wrong;

        intid = subject->intid;
        n_trials = 0;
        for (unsigned i = 0; i < n; i++)
                n_sequences *= N_WRITES;
        for (unsigned nth = 0; nth < n_sequences; nth++) {
                unsigned rest = nth;

                sequence.n = n;
                for (unsigned i = 0; i < n; i++, rest /= N_WRITES)
                        sequence.at[i] = rest % N_WRITES;
                try_sequence(subject, step);
        }
        tap_eq(n_wrong - wrong_before, 0, "%s: %u sequences of %u writes around %u deaths",
               subject->name, n_sequences, n, n_trials);
}

int main(void)
{
        const char *all = getenv("ALL");

        death_world_create();
        for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
                try_all(&subjects[i], 1, 1);
                try_all(&subjects[i], 2, 1);
                try_all(&subjects[i], 3, all ? 1 : 5);
        }
        tap_note("%lu kills", n_kills);
        return tap_done();
}
