/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Who changes what is pending, and then stands still, keeps it from nobody
 *
 * Its new priority is another class, its new target another vCPU: between the change of the word
 * and the marks there, nothing but the candidate of before leads to it. The writer is left by a
 * jump out of the hook of its n-th store (shm-hook.h), for every n, and no other writer comes: the
 * vCPUs look, and one of them has it.
 */
#include "rig.h"
#include "shm-oneofn.h"
#include "stop.h"

enum { SPI = 40, PPI = 27, N_VCPUS = 2 };

static struct rig rig;
static uint32_t intid;  /* of this case */
static bool is_rung[N_VCPUS];
static void (*on_event)(const struct shm_hook_event *event);

void shm_hook(const struct shm_hook_event *event)
{
        if (on_event)
                on_event(event);
        stop_hook(event);
}

static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        is_rung[vcpu] = true;
}

struct change {
        const char *name;
        uint32_t intid;
        bool is_edge;
        uint8_t priority;       /* before it */
        uint64_t irouter;       /* the same */
        void (*act)(void);
};

static void to_0x80(void)
{
        set_priority(&rig, 0, intid, 0x80);
}

static void to_0xa0(void)
{
        set_priority(&rig, 0, intid, 0xa0);
}

static void to_vcpu_1(void)
{
        route(&rig, intid, 1);
}

#define ANY  (UINT64_C(1) << 31)

static const struct change changes[] = {
        { "an edge, raised", SPI, true, 0xa0, 0, to_0x80 },
        { "an edge, lowered", SPI, true, 0x80, 0, to_0xa0 },
        { "a level, raised", SPI, false, 0xa0, 0, to_0x80 },
        { "a level, lowered", SPI, false, 0x80, 0, to_0xa0 },
        { "a PPI, raised", PPI, true, 0xa0, 0, to_0x80 },
        { "a PPI, lowered", PPI, true, 0x80, 0, to_0xa0 },
        { "1-of-N, raised", SPI, true, 0xa0, ANY, to_0x80 },
        { "1-of-N, lowered", SPI, true, 0x80, ANY, to_0xa0 },
        { "an edge, routed to another", SPI, true, 0xa0, 0, to_vcpu_1 },
        { "a level, routed to another", SPI, false, 0xa0, 0, to_vcpu_1 },
};

static void set_up(const struct change *change)
{
        rig_create(&rig, N_VCPUS, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring;
        intid = change->intid;
        set_edge(&rig, 0, intid, change->is_edge);
        set_priority(&rig, 0, intid, change->priority);
        if (intid == SPI)
                route(&rig, SPI, change->irouter);
        enable(&rig, 0, intid);
        shm_line_set(&rig.gic, 0, intid, GIC_WIRE_VMM, true);
        is_rung[1] = false;
}

/* Return: what is wrong, NULL: nothing. */
static const char *judge(void)
{
        uint32_t target;

        /* Each looks as it does before its guest goes on: who had it before, who has it now. */
        shm_cpuif_lines(&rig.gic, 0);
        target = gic_word_route(shm_word_load(shm_gic_word(&rig.gic, 0, intid)));
        if (target == 1 && !is_rung[1])
                return "its target was not rung";
        if (!shm_cpuif_lines(&rig.gic, target))
                return "its target has no line";
        return ack(&rig, target) == intid ? NULL : "its target does not find it";
}

static void change_keeps_it_from_nobody(const struct change *change)
{
        const char *wrong = NULL;
        unsigned after = 0;
        bool was_stopped = true;

        while (was_stopped && !wrong) {
                set_up(change);
                shm_park_begin(&rig.gic, 1, SHM_PARK_PARKED);
                was_stopped = stop_after(change->act, ++after);
                wrong = judge();
                rig_destroy(&rig);
        }
        if (wrong)
                tap_ok(false, "%s, stopped after store %u: %s", change->name, after, wrong);
        else
                tap_ok(after > 1, "%s, stopped after each of its %u stores: it is taken",
                       change->name, after - 1);
}

/* --- a 1-of-N interrupt that is changed by who has no looks left --- */

static struct shm_gic server;
static bool is_marked;

static void put_off(void *ctx)
{
        (void)ctx;
}

/* The opener has marked it at its vCPU, and looks at the gate: now the server changes it. */
static void change_between(const struct shm_hook_event *event)
{
        struct rig other;

        if (event->kind == SHM_HOOK_RMW &&
            (const void *)event->at == (const void *)&rig.gic.vcpus[0].candidates[0])
                is_marked = true;
        if (!is_marked || strcmp(event->label, "ONEOFN_A1") != 0)
                return;
        on_event = NULL;
        other = rig;
        other.gic = server;
        set_priority(&other, 0, SPI, 0xa0);
        server = other.gic;
}

static void put_off_beside_an_opener_is_taken(void)
{
        rig_create(&rig, N_VCPUS, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring;
        set_edge(&rig, 0, SPI, true);
        enable(&rig, 0, SPI);
        set_priority(&rig, 0, SPI, 0x80);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                waker(&rig, v, 2);
        route(&rig, SPI, ANY);
        shm_line_pulse(&rig.gic, 0, SPI);
        server = rig.gic;
        server.bounded = true;
        server.put_off = put_off;
        server.looks_left = 0;
        is_marked = false;
        on_event = change_between;
        waker(&rig, 0, 0);
        tap_ok(!on_event,
               "1-of-N, placed by an opener: its priority is changed before its mark goes");
        shm_oneofn_catch_up(&server, 0, 1000);
        tap_ok(shm_cpuif_lines(&rig.gic, 0) == SHM_LINE_IRQ && ack(&rig, 0) == SPI,
               "1-of-N, changed and put off beside an opener: it is taken");
        rig_destroy(&rig);
}

/* --- a 1-of-N interrupt under a class that is being dropped --- */

enum { OTHER_SPI = 41 };

static unsigned n_looks;

/*
 * vCPU 0 has found nothing in the class: now the interrupt is placed with it. It takes the mark of
 * the class off: now its gate closes, which does not find the interrupt, and another one sets the
 * mark.
 */
static void place_close_and_mark(const struct shm_hook_event *event)
{
        if ((const void *)event->at == (const void *)&rig.gic.vcpus[0].candidates[SPI / 64] &&
            strcmp(event->label, "CAND_A1") == 0 && ++n_looks == 2)
                shm_line_pulse(&rig.gic, 0, SPI);
        if (event->kind == SHM_HOOK_RMW && strcmp(event->label, "CAND_R4") == 0) {
                on_event = NULL;
                waker(&rig, 0, 2);
                shm_line_pulse(&rig.gic, 0, OTHER_SPI);
        }
}

static void closed_under_a_dropped_class_is_placed(void)
{
        rig_create(&rig, N_VCPUS, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring;
        msr(&rig, 1, ICC_PMR, 0); /* so that vCPU 0 is chosen */
        for (uint32_t i = SPI; i <= OTHER_SPI; i++) {
                set_edge(&rig, 0, i, true);
                enable(&rig, 0, i);
        }
        shm_line_pulse(&rig.gic, 0, OTHER_SPI);
        eoi(&rig, 0, ack(&rig, 0));
        route(&rig, SPI, ANY);
        n_looks = 0;
        on_event = place_close_and_mark;
        shm_cpuif_lines(&rig.gic, 0);
        tap_ok(!on_event && n_looks >= 2,
               "1-of-N: its vCPU closes while the mark of its class is off");
        tap_eq(gic_word_route(shm_word_load(shm_gic_word(&rig.gic, 0, SPI))), 1,
               "1-of-N, its vCPU closed while the mark of its class was off: it is placed anew");
        rig_destroy(&rig);
}

int main(void)
{
        for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
                change_keeps_it_from_nobody(&changes[i]);
        put_off_beside_an_opener_is_taken();
        closed_under_a_dropped_class_is_placed();
        return tap_done();
}
