/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A writer is stopped for ever after each of its stores; another one makes the same interrupt
 * pending: it is delivered
 *
 * The first writer is left by a jump out of the hook of its n-th store (shm-hook.h), for every n:
 * it never goes on, nobody notices, nobody repairs. That its doorbell is counted and then written
 * is a store in front of the write (shm_bell_ringing()). Then the second writer does what it does,
 * from beginning to end. By then, if the interrupt's word says that it is to be delivered
 * (gic_word_wanting(), with a target), the target has it as a candidate, was rung if it sleeps or
 * executes guest code and would take it, TDIR is set, the daemon was told; and the target takes it.
 */
#include "marked.h"
#include "rig.h"
#include "shm-attr.h"
#include "shm-oneofn.h"
#include "shm-sysreg.h"
#include "stop.h"

enum { SPI = 40, PPI = 27, SGI = 3, N_VCPUS = 3, OTHER = 2 };

static struct rig rig;
static bool is_rung[N_VCPUS], is_told;
static uint32_t intid; /* of this case */
static bool is_news = true; /* the daemon has to hear of TDIR */

void shm_hook(const struct shm_hook_event *event)
{
        stop_hook(event);
}

/* The doorbell as the product rings it: counted, then written. */
static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        shm_bell_ringing(&rig.gic, vcpu);
        is_rung[vcpu] = true;
}

/* TDIR turned set: the daemon will look. */
static void raised(void *ctx)
{
        (void)ctx;
        is_told = true;
}

/* --- what writers do --- */

static void do_pulse(void)
{
        shm_line_pulse(&rig.gic, 0, intid);
}

static void do_level(void)
{
        shm_line_set(&rig.gic, 0, intid, GIC_WIRE_VMM, true);
}

static void do_other_level(void)
{
        shm_line_set(&rig.gic, 0, intid, GIC_WIRE_FIRST_GRANT, true);
}

static void do_message(void)
{
        gicd(&rig, 0x40, intid);
}

static void do_ispendr(void)
{
        set_bit(&rig, 0, ISPENDR, intid);
}

static void do_sgi(void)
{
        msr(&rig, OTHER, ICC_SGI1R, (uint64_t)intid << 24 | 1);
}

static void do_enable(void)
{
        enable(&rig, 0, intid);
}

static void do_route(void)
{
        route(&rig, intid, 1);
}

static void do_route_0(void)
{
        route(&rig, intid, 0);
}

static void do_route_any(void)
{
        route(&rig, intid, UINT64_C(1) << 31);
}

static void do_priority(void)
{
        set_priority(&rig, 0, intid, 0x80);
}

static void do_group(void)
{
        set_group(&rig, 0, intid, 1);
}

static void do_other_group(void)
{
        set_group(&rig, 0, intid, 0);
}

static void do_edge(void)
{
        set_edge(&rig, 0, intid, true);
}

static void do_level_sensitive(void)
{
        set_edge(&rig, 0, intid, false);
}

static void do_icpendr(void)
{
        set_bit(&rig, 0, ICPENDR, intid);
}

static void do_notify(void)
{
        shm_line_notify(&rig.gic, intid, true);
}

/* What GICD_ISPENDR<n> of a restore assigns: this one alone is pending. */
static void do_attr_latch(void)
{
        const struct shm_attr_of of = { .gic = &rig.gic };
        struct shm_attr attr;

        if (shm_attr_decode(&of, SHM_ATTR_DIST_REGS, 0x200 + intid / 32 * 4, &attr) < 0 ||
            shm_attr_set(&rig.gic, &attr, UINT64_C(1) << intid % 32) < 0)
                tap_bail("GICD_ISPENDR<n> as an attribute");
}

/* The same of wires. */
static void do_attr_wire(void)
{
        const struct shm_attr_of of = { .gic = &rig.gic };
        struct shm_attr attr;

        if (shm_attr_decode(&of, SHM_ATTR_LEVEL_INFO, intid / 32 * 32, &attr) < 0 ||
            shm_attr_set(&rig.gic, &attr, UINT64_C(1) << intid % 32) < 0)
                tap_bail("levels as an attribute");
}

static void do_open(void)
{
        gicd(&rig, 0, 3);
}

static void do_wake(void)
{
        waker(&rig, 0, 0);
}

static void do_isactiver(void)
{
        set_bit(&rig, 0, ISACTIVER, intid);
}

/* --- one case --- */

struct act {
        const char *name;
        void (*act)(void);
};

struct fixture {
        const char *name;
        void (*prepare)(void);  /* before the first writer */
};

struct kind {
        const char *name;
        uint32_t intid;
        bool is_edge, one_of_n;
};

static void prepare_nothing(void)
{
}

static void prepare_pending(void)
{
        set_bit(&rig, 0, ICENABLER, intid);
        do_pulse();
}

static void prepare_closed(void)
{
        gicd(&rig, 0, 0);
        do_pulse();
}

static void prepare_asleep(void)
{
        waker(&rig, 0, 2);
        do_pulse();
}

/*
 * Raised, and lowered by a handler's acknowledge and end: a candidate is left over, and TDIR is
 * cleared.
 */
static void prepare_again(void)
{
        do_pulse();
        eoi(&rig, 0, ack(&rig, 0));
        shm_tdir_try_clear(&rig.gic);
}

static void set_up(const struct kind *kind, uint32_t park, void (*prepare)(void))
{
        rig_renew(&rig, N_VCPUS, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring;
        rig.gic.raised = raised;
        shm_tdir_set_interest(&rig.gic, 1);
        intid = kind->intid;
        enable(&rig, 0, intid);
        set_edge(&rig, 0, intid, kind->is_edge);
        if (kind->one_of_n)
                do_route_any();
        is_told = false;
        prepare();
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                is_rung[v] = false;
                if (v != OTHER && shm_park_begin(&rig.gic, v, park))
                        is_rung[v] = true; /* it sees what it has before it sleeps */
        }
        if (!shm_tdir_get(&rig.gic, NULL, NULL))
                is_told = false;
}

static const char *judge(uint32_t park)
{
        uint64_t w = shm_word_load(shm_gic_word(&rig.gic, 0, intid));
        uint32_t target = gic_word_route(w);
        bool is_spi = intid >= 32;
        const char *lacks;

        if (is_spi && gic_word_in_flight(w)) {
                if (!shm_tdir_get(&rig.gic, NULL, NULL))
                        return "TDIR is clear with an SPI in flight";
                if (is_news && !is_told)
                        return "the daemon was not told of TDIR";
        }
        if (!gic_word_wanting(w))
                return NULL;
        if ((w & GIC_WORD_IRM) && target >= N_VCPUS)
                return "pending, and nobody was chosen";
        if (target >= N_VCPUS)
                return NULL;
        lacks = marked_lacks(&rig.gic.vcpus[target], intid, w);
        if (lacks)
                return lacks;
        if (!shm_cpuif_admits(&rig.gic, target, w))
                return (w & GIC_WORD_IRM) ? "given to who does not take it" : NULL;
        if (park != SHM_PARK_RUNNING && target != OTHER && !is_rung[target])
                return "its target was not rung";
        shm_park_end(&rig.gic, target);
        return mrs(&rig, target, gic_word_group(w) ? ICC_IAR1 : ICC_IAR0) == intid ? NULL
               : "its target does not find it";
}

static unsigned n_stops;

/*
 * Return: NULL, or what did not hold; then *ret_at is the store after which the first was stopped.
 */
static const char *try_all(const struct kind *kind, uint32_t park, void (*prepare)(void),
                           void (*first)(void), void (*second)(void), unsigned *ret_at)
{
        const char *wrong = NULL;
        bool was_stopped = true;

        for (*ret_at = 1; was_stopped && !wrong; ++*ret_at) {
                set_up(kind, park, prepare);
                was_stopped = stop_after(first, *ret_at);
                n_stops += was_stopped;
                second();
                wrong = judge(park);
        }
        --*ret_at;
        return wrong;
}

static void check(const char *what, const struct kind *kind, void (*prepare)(void),
                  struct act first, struct act second)
{
        static const struct {
                uint32_t park;
                const char *name;
        } parks[] = {
                { SHM_PARK_PARKED, "parked" }, { SHM_PARK_IN_GUEST, "in guest" },
                { SHM_PARK_RUNNING, "running" },
        };

        for (unsigned i = 0; i < 3; i++) {
                unsigned at;
                const char *wrong = try_all(kind, parks[i].park, prepare, first.act, second.act,
                                            &at);

                tap_ok(!wrong, "%s%s, its target %s: %s is stopped at each store, then %s",
                       kind->name, what, parks[i].name, first.name, second.name);
                if (wrong)
                        printf("# after store %u: %s\n", at, wrong);
        }
}

/* --- the cases --- */

static const struct kind edge = { "an edge", SPI, true, false };
static const struct kind level = { "a level", SPI, false, false };
static const struct kind ppi = { "a PPI", PPI, true, false };
static const struct kind ppi_level = { "a PPI's level", PPI, false, false };
static const struct kind sgi = { "an SGI", SGI, true, false };
static const struct kind any = { "1-of-N", SPI, true, true };
static const struct kind any_level = { "a 1-of-N level", SPI, false, true };

static const struct act pulses = { "a pulse", do_pulse };
static const struct act raises = { "a line", do_level };
static const struct act raises_other = { "another source's line", do_other_level };
static const struct act sends = { "a message", do_message };
static const struct act pends = { "ISPENDR", do_ispendr };
static const struct act sgis = { "ICC_SGI1R", do_sgi };
static const struct act enables = { "ISENABLER", do_enable };
static const struct act routes = { "IROUTER", do_route };
static const struct act routes_any = { "IROUTER, 1-of-N", do_route_any };
static const struct act priority = { "IPRIORITYR", do_priority };
static const struct act groups = { "IGROUPR", do_group };
static const struct act opens = { "GICD_CTLR", do_open };
static const struct act wakes = { "GICR_WAKER", do_wake };
static const struct act activates = { "ISACTIVER", do_isactiver };

static void injector_pays_for_stopped(const struct kind *kind, const struct act *acts, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                for (unsigned j = 0; j < n; j++) {
                        check("", kind, prepare_nothing, acts[i], acts[j]);
                        check(", again", kind, prepare_again, acts[i], acts[j]);
                }
}

static void injections(void)
{
        const struct act spi_acts[] = { pulses, raises, raises_other, sends, pends };
        const struct act ppi_acts[] = { pulses, raises, pends };
        const struct act sgi_acts[] = { sgis, pends };

        injector_pays_for_stopped(&edge, spi_acts, 5);
        injector_pays_for_stopped(&level, spi_acts, 5);
        injector_pays_for_stopped(&any, spi_acts, 5);
        injector_pays_for_stopped(&any_level, spi_acts, 5);
        injector_pays_for_stopped(&ppi, ppi_acts, 3);
        injector_pays_for_stopped(&ppi_level, ppi_acts, 3);
        injector_pays_for_stopped(&sgi, sgi_acts, 2);
}

static void prepare_all_asleep(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                waker(&rig, v, 2);
        do_pulse();
}

static void do_wake_1(void)
{
        waker(&rig, 1, 0);
}

/* As who opened its gate and stood still leaves it: the daemon, which was busy, places it. */
static void prepare_put_off(void)
{
        prepare_all_asleep();
        shm_cpuif_set(&rig.gic, 0, SHM_CPUIF_ASLEEP_SHIFT, 1, 0);
}

static void do_catch_up(void)
{
        shm_oneofn_catch_up(&rig.gic, 0, 1000);
}

static void prepare_no_groups(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_sysreg_poke(&rig.gic, v, ICC_IGRPEN1, 0);
        do_pulse();
}

static void do_igrpen(void)
{
        shm_sysreg_poke(&rig.gic, 0, ICC_IGRPEN1, 1);
}

/*
 * With nobody: a vCPU that opens its gate is stopped before it has placed what waits for a target;
 * the next one that opens its gate places it.
 */
static void openers(void)
{
        const struct act wakes_1 = { "another vCPU's GICR_WAKER", do_wake_1 };
        const struct act igrpen = { "ICC_IGRPEN1_EL1 from outside", do_igrpen };

        const struct act catches_up = { "the daemon's catching up", do_catch_up };

        check(", put off", &any, prepare_put_off, catches_up, wakes_1);
        check(", all groups off", &any, prepare_no_groups, igrpen, igrpen);
        check(", all asleep", &any, prepare_all_asleep, wakes, wakes_1);
        check(", all asleep", &any, prepare_all_asleep, wakes_1, wakes);
}

static void do_wake_2(void)
{
        waker(&rig, OTHER, 0);
}

static void do_sleep_0(void)
{
        waker(&rig, 0, 2);
}

static void do_close_0(void)
{
        shm_sysreg_poke(&rig.gic, 0, ICC_IGRPEN1, 0);
}

static void do_dpg_0(void)
{
        shm_gicr_write(&rig.gic, 0, 4, 3u << 24);
}

static void do_open_dpg_1(void)
{
        shm_gicr_write(&rig.gic, GICR_STRIDE, 4, 0);
}

static void do_off_0(void)
{
        shm_power(&rig.gic, 0, false);
}

static void prepare_others_asleep(void)
{
        waker(&rig, 1, 2);
        waker(&rig, OTHER, 2);
        do_pulse();
}

/* vCPU 0 was chosen, the others are excluded by GICR_CTLR.DPG. */
static void prepare_others_excluded(void)
{
        for (uint32_t v = 1; v < N_VCPUS; v++)
                shm_gicr_write(&rig.gic, v * (uint64_t)GICR_STRIDE, 4, 3u << 24);
        do_pulse();
}

static void prepare_one_asleep(void)
{
        waker(&rig, OTHER, 2);
        do_pulse();
}

/*
 * vCPU 0 was chosen: who closes its gate is stopped before it has placed that anew. Whoever opens a
 * gate next places it, and so does who makes it pending again. (And where another vCPU is eligible,
 * nobody has to come: test-oneofn-stopped.c.)
 */
static void closers(void)
{
        static const struct act acts[] = {
                { "vCPU 0's GICR_WAKER", do_sleep_0 }, { "its ICC_IGRPEN1_EL1", do_close_0 },
                { "its GICR_CTLR.DPG", do_dpg_0 }, { "its power off", do_off_0 },
        };
        const struct act wakes_1 = { "another vCPU's GICR_WAKER", do_wake_1 };
        const struct act wakes_2 = { "a third one's GICR_WAKER", do_wake_2 };
        const struct act opens_dpg_1 = { "another vCPU's GICR_CTLR.DPG", do_open_dpg_1 };

        for (unsigned i = 0; i < 4; i++) {
                check(", with vCPU 0", &any, prepare_one_asleep, acts[i], wakes_2);
                check(", others asleep", &any, prepare_others_asleep, acts[i], wakes_1);
                check(", others excluded", &any, prepare_others_excluded, acts[i], opens_dpg_1);
                check(", with vCPU 0", &any, do_pulse, acts[i], pulses);
                check(", with vCPU 0", &any_level, do_level, acts[i], raises_other);
        }
}

/*
 * Pending before, and not deliverable: whoever makes it so is stopped, then the same is written
 * again, or it is injected once more.
 */
static void changes_of_what_is_pending(void)
{
        const struct kind *kinds[] = { &edge, &level, &any, &ppi, &sgi };
        const struct act again[] = { pulses, pends, enables };

        for (unsigned i = 0; i < 5; i++)
                for (unsigned j = kinds[i] == &sgi; j < 3; j++)
                        check(", disabled", kinds[i], prepare_pending, enables, again[j]);
        for (unsigned j = 0; j < 2; j++) {
                check(", pending", &edge, do_pulse, routes, j ? pulses : routes);
                check(", pending", &edge, do_pulse, routes_any, j ? pulses : routes_any);
                check(", pending", &any, do_pulse, routes, j ? pulses : routes);
                check(", pending", &edge, do_pulse, priority, j ? pulses : priority);
                check(", pending", &edge, do_pulse, groups, j ? pulses : groups);
                check(", its group closed", &edge, prepare_closed, opens, j ? pulses : opens);
                check(", its target asleep", &edge, prepare_asleep, wakes, j ? pulses : wakes);
                check(", vCPU 0 asleep", &any, prepare_asleep, wakes, j ? pulses : wakes);
        }
        check("", &edge, prepare_nothing, activates, activates);
        is_news = false; /* a pulse of what is active sees to it that TDIR is set, no more */
        check("", &edge, prepare_nothing, activates, pulses);
        is_news = true;
}

/*
 * Whoever brings an SPI into flight is stopped; then a register is written that has a field of the
 * same interrupt. That field may be as it was, or another; of the word that the write leaves TDIR
 * is set, and if it is to be delivered it is.
 */
static void writes_beside(void)
{
        const struct act firsts[] = { pulses, raises, sends, pends, activates };
        const struct act writes[] = {
                priority, { "IGROUPR", do_other_group }, groups, enables, pends, activates,
                { "ICPENDR", do_icpendr }, { "ICFGR, edge", do_edge },
                { "ICFGR, level", do_level_sensitive }, { "IROUTER, vCPU 1", do_route },
                { "IROUTER, vCPU 0", do_route_0 }, routes_any, { "a grant", do_notify },
                { "GICD_ISPENDR by attribute", do_attr_latch },
                { "levels by attribute", do_attr_wire },
        };
        const struct kind *kinds[] = { &edge, &level, &any, &any_level };

        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
                for (unsigned i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
                        for (unsigned j = 0; j < sizeof writes / sizeof writes[0]; j++)
                                check(", a register", kinds[k], prepare_nothing, firsts[i],
                                      writes[j]);
        for (unsigned j = 0; j < sizeof writes / sizeof writes[0]; j++) {
                check(", disabled, a register", &edge, prepare_pending, enables, writes[j]);
                check(", disabled, a register", &any, prepare_pending, enables, writes[j]);
        }
}

int main(void)
{
        injections();
        writes_beside();
        changes_of_what_is_pending();
        openers();
        closers();
        tap_ok(n_stops > 1000, "%u stops", n_stops);
        return tap_done();
}
