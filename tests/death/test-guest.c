/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Death in guest: what a list-register port's guest had, by hand and not by comparison
 * (tests/death/README)
 *
 * Nothing of what it did is in the segment. Then the gate of TDIR, which the dead one held shut;
 * and with no daemon. And what others do at each store of an entry, and of an acknowledge that the
 * gate refuses, without a death.
 */
#include "death.h"
#include "shm-gate.h"

static const struct death_act vmm = { .name = "a VMM" };

/* --- killed in guest --- */

static void listed(void)       { pulse(&rig, EDGE); death_enter(VICTIM); }
static void taken(void)        { listed(); death_guest_ack(VICTIM); }
static void ended(void)        { taken(); death_guest_write(VICTIM, ICC_EOIR1, EDGE); }
static void again(void)        { taken(); pulse(&rig, EDGE); }
static void cleared(void)      { listed(); set_bit(&rig, 0, ICPENDR, EDGE); }
static void level(void)        { high(&rig, LEVEL); death_enter(VICTIM); death_guest_ack(VICTIM); }
static void level_low(void)    { level(); low(&rig, LEVEL); }
static void active(void)       { taken(); death_exit(VICTIM); death_enter(VICTIM); }
static void active_ended(void) { active(); death_guest_write(VICTIM, ICC_EOIR1, EDGE); }
static void deactivated(void)  { active(); set_bit(&rig, 0, ICACTIVER, EDGE); }

static const struct {
        const char *name;
        void (*prepare)(void);
        uint32_t intid;
        unsigned taken;         /* how often it is delivered from then on, until all is quiet */
        bool active;            /* after the burial */
} cases[] = {
        { "listed, not taken: it comes", listed, EDGE, 1, false },
        { "taken: it comes again (exception 5)", taken, EDGE, 1, false },
        { "taken and ended: it comes again (exception 5)", ended, EDGE, 1, false },
        { "taken, and sent again: it comes once", again, EDGE, 1, false },
        { "listed, then GICD_ICPENDR: it does not come", cleared, EDGE, 0, false },
        { "a level taken, still high: it comes", level, LEVEL, 1, false },
        { "a level taken, then lowered: it does not come", level_low, LEVEL, 0, false },
        { "active before it entered: it still is", active, EDGE, 0, true },
        { "active before, and ended in guest: it still is (exception 5)", active_ended, EDGE, 0,
          true },
        { "active before, then GICD_ICACTIVER: it is not", deactivated, EDGE, 0, false },
};

static void killed_in_guest(unsigned n_list_registers)
{
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct death_state state;
                const char *broken = NULL;
                unsigned n_taken = 0;
                bool is_active;

                death_world_begin(NULL);
                death_port(VICTIM, n_list_registers);
                cases[i].prepare();
                memset(death_page->taken, 0, sizeof death_page->taken);
                death_bury(&vmm);
                is_active = rig.gic.spis[cases[i].intid - 32].word & GIC_WORD_ACTIVE;
                death_look(&vmm, &state, &broken);
                for (uint32_t v = 0; v < N_VCPUS; v++)
                        n_taken += death_page->taken[v][cases[i].intid];
                if (broken)
                        tap_note("%s", broken);
                tap_ok(!broken && n_taken == cases[i].taken && is_active == cases[i].active,
                       "%u list registers, killed in guest, %s", n_list_registers, cases[i].name);
        }
}

/* --- ICC_CTLR_EL1 was written in guest, and its owner died while it folded that --- */

static void leave_guest(const struct death_act *unused)
{
        (void)unused;
        death_exit(VICTIM);
}

static void bury(const struct death_act *unused)
{
        (void)unused;
        death_bury(&vmm);
}

/* And another one that asked before, and was late: it leaves its mark, and no more. */
static void reset_and_mark(void)
{
        shm_reset_request(&rig.gic, VICTIM, SHM_RESET_CPU_ON);
        shm_or(&rig.gic.vcpus[VICTIM].icc_ctlr, SHM_ICC_CTLR_ASKED, CTLR_R2);
}

static void ctlr_written_in_guest(void)
{
        static const struct death_act tool = { .name = "a tool resets", .act = reset_and_mark };
        struct death_plan in_repair = { .other = &tool, .other_at = 1, .each_access = true };
        unsigned n_wrong = 0;

        for (;; in_repair.other_at++) {
                struct death_plan plan = { .kill_at = 1 };

                do {
                        death_world_begin(NULL);
                        death_port(VICTIM, 2);
                        listed();
                        death_guest_write(VICTIM, ICC_CTLR, 2);
                        death_run(leave_guest, NULL, &plan);
                        plan.kill_at++;
                } while (!death_page->is_full);
                death_here(bury, NULL, &in_repair);
                if (death_page->n_stores < in_repair.other_at)
                        break;
                n_wrong += (rig.gic.vcpus[VICTIM].icc_ctlr & ICC_CTLR_EOIMODE) != 0;
        }
        tap_eq(n_wrong, 0, "ICC_CTLR_EL1 written in guest, a reset at each of %u accesses of the "
               "repair, and the mark of a late one: it is reset", in_repair.other_at - 1);
}

/* --- the gate --- */

/* @v enters while TDIR is clear. */
static void late(uint32_t v)
{
        death_port(v, 2);
        shm_tdir_try_clear(&death_daemon);
        death_enter(v);
}

static void dead_at_the_gate(void)
{
        uint32_t refused, taken;

        death_world_begin(NULL);
        late(VICTIM);
        pulse(&rig, AWAY);
        refused = ack(&rig, OTHER);
        shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED);
        memset(death_page->rings, 0, sizeof death_page->rings);
        death_bury(&vmm);
        shm_park_end(&rig.gic, OTHER);
        taken = ack(&rig, OTHER);
        tap_ok(refused == NONE && death_page->rings[OTHER] && taken == AWAY,
               "a port that does not trap is killed in guest: who waits at the gate is rung when "
               "it is buried, and takes the SPI");
}

static void no_daemon(void)
{
        uint32_t refused, taken;
        bool rung;

        death_world_begin(NULL);
        late(OTHER);
        shm_tdir_set_interest(&death_daemon, 0); /* nobody is told */
        pulse(&rig, EDGE);
        memset(death_page->rings, 0, sizeof death_page->rings);
        refused = ack(&rig, VICTIM);
        rung = death_page->rings[OTHER];
        shm_park_begin(&rig.gic, VICTIM, SHM_PARK_PARKED);
        death_page->rings[VICTIM] = 0;
        death_exit(OTHER);
        rung = rung && death_page->rings[VICTIM];
        shm_park_end(&rig.gic, VICTIM);
        taken = ack(&rig, VICTIM);
        tap_ok(refused == NONE && rung && taken == EDGE,
               "nobody hears of TDIR's change, as if there were no daemon: who is refused rings "
               "the port that does not trap, and is rung when it leaves");
}

/* --- the order of acknowledging --- */

static void leave(const struct death_act *unused) { (void)unused; death_exit(VICTIM); }

/* One list register. EDGE is active, HIGH was taken over it, and ends: by INTID. */
static void order_is_kept(void)
{
        struct death_plan plan = { .kill_at = 1 };
        unsigned wrong = 0, n = 0;

        for (;; plan.kill_at++) {
                death_world_begin(NULL);
                death_port(VICTIM, 1);
                taken();
                death_exit(VICTIM);
                pulse(&rig, HIGH);
                death_enter(VICTIM);
                if (death_guest_ack(VICTIM) != HIGH)
                        tap_bail("nothing to acknowledge");
                set_priority(&rig, 0, HIGH, 0xb0); /* by now, EDGE is the higher one */
                if (!death_run(leave, NULL, &plan))
                        break;
                death_bury(&vmm);
                death_succeed(&vmm);
                if (!(rig.gic.spis[HIGH - 32].word & GIC_WORD_ACTIVE))
                        continue;
                n++;
                high(&rig, LEVEL); /* has the list register */
                death_write(VICTIM, ICC_EOIR1, HIGH);
                wrong += (rig.gic.spis[HIGH - 32].word & GIC_WORD_ACTIVE) ||
                         !(rig.gic.spis[EDGE - 32].word & GIC_WORD_ACTIVE);
        }
        tap_ok(n > 10 && wrong == 0,
               "killed after each of %u stores of an exit, folded in %u: an end is by INTID",
               plan.kill_at - 1, n);
}

/* --- others, at each store, without a death --- */

static void pend_edge(void)    { pulse(&rig, EDGE); }
static void disable(void)      { set_bit(&rig, 0, ICENABLER, EDGE); }
static void clear_active(void) { set_bit(&rig, 0, ICACTIVER, EDGE); }
static void enter(const struct death_act *unused) { (void)unused; death_enter(VICTIM); }
static void acknowledge(const struct death_act *unused) { (void)unused; ack(&rig, VICTIM); }

static void disabled_on_the_way_in(void)
{
        static const struct death_act other = { .name = "GICD_ICENABLER", .act = disable };
        struct death_plan plan = { .other = &other };
        unsigned wrong = 0, n;

        do {
                bool has = false, resident;

                death_world_begin(NULL);
                death_port(VICTIM, 2);
                pend_edge();
                plan.other_at++;
                death_here(enter, NULL, &plan);
                n = death_page->n_stores;
                for (unsigned i = 0; i < VGIC_MAX_LIST_REGISTERS; i++)
                        has |= (death_page->banks[VICTIM].ich_lr[i] & VGIC_ICH_LR_STATE) &&
                               (uint32_t)death_page->banks[VICTIM].ich_lr[i] == EDGE;
                resident = rig.gic.spis[EDGE - 32].word & GIC_WORD_RESIDENT;
                wrong += has != resident;
        } while (plan.other_at < n);
        tap_eq(wrong, 0,
               "disabled after each of %u stores of an entry: in a list register if and only if "
               "its word says so", n);
}

static void cleared_at_the_gate(void)
{
        static const struct death_act other = { .name = "GICD_ICACTIVER", .act = clear_active };
        struct death_plan plan = { .other = &other };
        unsigned lost = 0, n;

        do {
                death_world_begin(NULL);
                late(OTHER);
                pend_edge();
                plan.other_at++;
                death_here(acknowledge, NULL, &plan);
                n = death_page->n_stores;
                death_exit(OTHER);
                lost += ack(&rig, VICTIM) != EDGE;
        } while (plan.other_at < n);
        tap_eq(lost, 0,
               "its activity cleared after each of %u stores of an acknowledge that the gate "
               "refuses: it comes when the gate opens", n);
}

int main(void)
{
        death_world_create();
        killed_in_guest(1);
        killed_in_guest(4);
        killed_in_guest(16);
        ctlr_written_in_guest();
        dead_at_the_gate();
        no_daemon();
        order_is_kept();
        disabled_on_the_way_in();
        cleared_at_the_gate();
        return tap_done();
}
