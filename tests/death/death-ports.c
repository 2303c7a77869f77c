/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a process with list-register ports can be in the middle of when it dies: test-points-lr
 *
 * VICTIM is a list-register port or a trap port, OTHER is either, too: asleep, or in guest.
 */
#include "death-acts.h"
#include "shm-fold.h"
#include "shm-sysreg.h"

const bool death_has_ports = true;

/* --- states before --- */

static void ports1(void)       { death_port(VICTIM, 1); }
static void ports2(void)       { death_port(VICTIM, 2); }
static void ports16(void)      { death_port(VICTIM, 16); }
static void both(void)         { ports2(); death_port(OTHER, 2); }

static void pend_edges(void)   { pulse(&rig, EDGE); pulse(&rig, HIGH); pulse(&rig, AWAY); }

static void pend_all(void)
{
        pend_edges();
        high(&rig, LEVEL);
        shm_line_set(&rig.gic, VICTIM, PPI, GIC_WIRE_VMM, true);
        msr(&rig, OTHER, ICC_SGI1R, UINT64_C(1) << VICTIM | (uint64_t)SGI << 24);
        high(&rig, OFF);
}

static void edge1(void)        { ports1(); pulse(&rig, EDGE); }
static void edge2(void)        { ports2(); pulse(&rig, EDGE); }
static void level2(void)       { ports2(); high(&rig, LEVEL); }
static void any2(void)
{
        ports2();
        for (uint32_t v = 1; v < N_VCPUS; v++)
                waker(&rig, v, 2);
        pulse(&rig, ANY);
}
static void edges1(void)       { ports1(); pend_edges(); }
static void edges2(void)       { ports2(); pend_edges(); }
static void all1(void)         { ports1(); pend_all(); }
static void all16(void)        { ports16(); pend_all(); }

/* In guest, and what happened there. */
static void guest_ack(void)
{
        if (death_guest_ack(VICTIM) == NONE)
                tap_bail("nothing to acknowledge in guest");
}

static void guest_drop(uint32_t intid)
{
        death_guest_write(VICTIM, ICC_EOIR1, intid);
}

static void in_edge(void)      { edge2(); death_enter(VICTIM); }
static void in_edge_ack(void)  { in_edge(); guest_ack(); }
static void in_edge_end(void)  { in_edge_ack(); guest_drop(EDGE); }
static void in_edges_end(void) { edges2(); death_enter(VICTIM); death_guest_works(VICTIM); }
static void in_edge_again(void) { in_edge_ack(); pulse(&rig, EDGE); }
static void in_all(void)
{
        all16();
        death_enter(VICTIM);
        guest_ack();
        guest_drop(HIGH);
        guest_ack();
}
static void in_level_ack(void) { level2(); death_enter(VICTIM); guest_ack(); }
static void in_level_end(void) { in_level_ack(); guest_drop(LEVEL); }
static void in_level_low(void) { in_level_ack(); low(&rig, LEVEL); guest_drop(LEVEL); }
static void in_any(void)       { any2(); death_enter(VICTIM); }
static void in_any_ack(void)   { in_any(); guest_ack(); }
static void in_mode1(void)     { mode1(); in_edge_ack(); guest_drop(EDGE); }
static void in_mode1_ppi(void)
{
        mode1();
        ports2();
        shm_line_set(&rig.gic, VICTIM, PPI, GIC_WIRE_VMM, true);
        death_enter(VICTIM);
        guest_ack();
        shm_line_set(&rig.gic, VICTIM, PPI, GIC_WIRE_VMM, false);
        guest_drop(PPI);
        death_guest_write(VICTIM, ICC_DIR, PPI);
}

/*
 * One list register: EDGE is active outside of it, since HIGH has it;
 * EOIcount says that its end was written.
 */
static void active_outside(void)
{
        edge1();
        death_enter(VICTIM);
        guest_ack();
        death_exit(VICTIM);
        pulse(&rig, HIGH);
}

static void in_counted(void)
{
        active_outside();
        death_enter(VICTIM);
        guest_ack();
        guest_drop(HIGH);
        guest_drop(EDGE);
}

/* Three of them nested, of which one or two ended without list register. */
static void in_counted_one(void)
{
        set_priority(&rig, 0, LEVEL, 0x80);
        active_outside();
        low(&rig, HIGH);
        gicd(&rig, ICPENDR + 4, 1u << (HIGH - 32));
        high(&rig, LEVEL);
        death_enter(VICTIM);
        guest_ack();
        low(&rig, LEVEL);
        death_exit(VICTIM);
        pulse(&rig, HIGH);
        death_enter(VICTIM);
        guest_ack();
        guest_drop(HIGH);
        guest_drop(LEVEL);
}

static void in_counted_two(void) { in_counted_one(); guest_drop(EDGE); }

static void in_registers(void)
{
        in_edge();
        death_guest_write(VICTIM, ICC_PMR, 0x80);
        death_guest_write(VICTIM, ICC_BPR1, 5);
        death_guest_write(VICTIM, ICC_IGRPEN0, 0);
}

static void in_ctlr(void)      { in_edge(); death_guest_write(VICTIM, ICC_CTLR, 1); }

/* Changed from outside while it was resident: the fold has to bring that about. */
static void in_disabled(void)  { in_edge(); set_bit(&rig, 0, ICENABLER, EDGE); }
static void in_cleared(void)   { in_edge(); set_bit(&rig, 0, ICPENDR, EDGE); }
static void in_ended(void)     { in_edge_ack(); set_bit(&rig, 0, ICACTIVER, EDGE); }
static void in_activated(void) { in_edge(); set_bit(&rig, 0, ISACTIVER, EDGE); }
static void in_rerouted(void)  { in_edge(); route(&rig, EDGE, OTHER); }
static void in_raised(void)    { in_edge(); set_priority(&rig, 0, EDGE, 0x20); }
static void in_reset(void)
{
        in_edge_ack();
        shm_reset_request(&rig.gic, VICTIM, SHM_RESET_SYSTEM);
}

/* The gate: a port that entered while TDIR was clear. */
static void late(uint32_t v)
{
        death_port(v, 2);
        shm_tdir_try_clear(&death_daemon);
        death_enter(v);
        if (shm_tdir_get(&rig.gic, NULL, NULL))
                tap_bail("TDIR is set");
}

static void late_other(void)   { late(OTHER); pulse(&rig, EDGE); }
static void late_other_port(void) { ports2(); late_other(); }
static void late_victim(void)  { late(VICTIM); pulse(&rig, AWAY); }
static void late_both(void)
{
        late(VICTIM);
        death_port(SECOND, 0);
        pulse(&rig, ALSO);
        pulse(&rig, AWAY);
}
static void unsettled(void)    { death_port(OTHER, 2); pulse(&rig, EDGE); death_enter(OTHER); }
static void unsettled_port(void) { ports2(); unsettled(); }

/* OTHER has AWAY in a list register. */
static void away(void)         { both(); pulse(&rig, AWAY); death_enter(OTHER); }
static void away_ack(void)     { away(); death_guest_ack(OTHER); }
static void mode1_away(void)   { mode1(); away(); }
static void mode1_away_ack(void) { mode1(); away_ack(); death_guest_write(OTHER, ICC_EOIR1, AWAY); }
static void mode1_away_out(void) { mode1_away_ack(); death_exit(OTHER); }
static void make_away(void)    { set_bit(&rig, 0, ISACTIVER, AWAY); }
static void clear_away_active(void) { set_bit(&rig, 0, ICACTIVER, AWAY); }
static void mode1_away_made(void) { mode1_away(); make_away(); }
static void mode1_away_cleared(void) { mode1_away_ack(); clear_away_active(); }
static void mode1_away_anew(void) { mode1_away_cleared(); make_away(); }
static void mode1_away_out_made(void) { mode1_away_out(); clear_away_active(); make_away(); }
static void away_level(void)
{
        both();
        high(&rig, AWAY_LEVEL);
        death_enter(OTHER);
        death_guest_ack(OTHER);
}
static void in_no_more(void)   { in_mode1(); death_exit(VICTIM); }
static void mode1_ports(void)  { mode1(); both(); }

/* --- operations --- */

static void enter_it(void)     { death_enter(VICTIM); }
static void exit_it(void)      { death_exit(VICTIM); }

static void run_it(void)
{
        death_enter(VICTIM);
        for (uint32_t intid = death_guest_ack(VICTIM); intid != NONE;
             intid = death_guest_ack(VICTIM))
                guest_drop(intid);
        death_exit(VICTIM);
}

static void ack_it(void)       { ack(&rig, VICTIM); }
static void look(void)         { shm_park_begin(&rig.gic, VICTIM, SHM_PARK_PARKED); }
static void dir_edge(void)     { msr(&rig, VICTIM, ICC_DIR, EDGE); }
static void dir_away(void)     { msr(&rig, VICTIM, ICC_DIR, AWAY); }
static void disable_away(void) { set_bit(&rig, 0, ICENABLER, AWAY); }
static void clear_away(void)   { set_bit(&rig, 0, ICPENDR, AWAY); }
static void end_away(void)     { set_bit(&rig, 0, ICACTIVER, AWAY); }
static void end_level(void)    { set_bit(&rig, 0, ICACTIVER, AWAY_LEVEL); }
static void again_away(void)   { pulse(&rig, AWAY); }
static void lower_level(void)  { low(&rig, AWAY_LEVEL); }
static void route_away(void)   { route(&rig, AWAY, SECOND); }
static void raise_away(void)   { set_priority(&rig, 0, AWAY, 0x20); }
static void group_away(void)   { set_group(&rig, 0, AWAY, 0); }
static void read_away(void)    { gicd_get(&rig, ISACTIVER + 4); }
static void ctlr_off(void)     { gicd(&rig, 0, 0); }
static void clear_tdir(void)
{
        shm_fold_ask_spis(&death_daemon);
        shm_tdir_try_clear(&death_daemon);
}

static void reset_other(void)  { shm_reset_request(&rig.gic, OTHER, SHM_RESET_SYSTEM); }

#define FOLDS (DEATH_FOLDS | DEATH_COLD)

const struct death_act death_acts[] = {
        ACT("enter, nothing to list", ports2, enter_it, COLD),
        ACT("enter with an edge", edge2, enter_it, COLD),
        ACT("enter with a level", level2, enter_it, COLD),
        ACT("enter with a 1-of-N edge", any2, enter_it, COLD),
        ACT("enter with more than there are list registers", all1, enter_it, COLD),
        ACT("enter with all of them", all16, enter_it, COLD),
        ACT("enter, active outside of list registers", active_outside, enter_it, COLD),
        ACT("enter, refused at the gate", late_other_port, enter_it, COLD),
        ACT("enter, the gate opens", unsettled_port, enter_it, COLD),
        ACT("exit, nothing taken", in_edge, exit_it, FOLDS),
        ACT("exit, acknowledged", in_edge_ack, exit_it, FOLDS),
        ACT("exit, ended", in_edge_end, exit_it, FOLDS),
        ACT("exit, several ended", in_edges_end, exit_it, FOLDS),
        ACT("exit, acknowledged, and pending again", in_edge_again, exit_it, FOLDS),
        ACT("exit with all of them", in_all, exit_it, FOLDS),
        ACT("exit, level acknowledged", in_level_ack, exit_it, FOLDS),
        ACT("exit, level ended and still high", in_level_end, exit_it, FOLDS),
        ACT("exit, level ended and low", in_level_low, exit_it, FOLDS),
        ACT("exit, 1-of-N edge not taken", in_any, exit_it, FOLDS),
        ACT("exit, 1-of-N edge acknowledged", in_any_ack, exit_it, FOLDS),
        ACT("exit, priority dropped", in_mode1, exit_it, FOLDS),
        ACT("exit, PPI deactivated in guest", in_mode1_ppi, exit_it, FOLDS),
        ACT("exit with EOIcount 1", in_counted, exit_it, FOLDS),
        ACT("exit with EOIcount 1, of two", in_counted_one, exit_it, FOLDS),
        ACT("exit with EOIcount 2", in_counted_two, exit_it, FOLDS),
        ACT("exit, registers written", in_registers, exit_it, FOLDS | DEATH_WIDE),
        ACT("exit, ICC_CTLR_EL1 written", in_ctlr, exit_it, FOLDS | DEATH_EARLY_SLOT | DEATH_WIDE),
        ACT("forced fold: disabled", in_disabled, exit_it, FOLDS),
        ACT("forced fold: cleared", in_cleared, exit_it, FOLDS),
        ACT("forced fold: active state cleared", in_ended, exit_it, FOLDS),
        ACT("forced fold: active state set", in_activated, exit_it, FOLDS),
        ACT("forced fold: routed away", in_rerouted, exit_it, FOLDS),
        ACT("forced fold: priority", in_raised, exit_it, FOLDS),
        ACT("exit to a posted reset", in_reset, exit_it, COLD | DEATH_SERVED | DEATH_EARLY_SLOT),
        ACT("exit of the last port that does not trap", late_victim, exit_it, FOLDS),
        ACT("exit of it, two wait", late_both, exit_it, FOLDS),
        ACT("a run: enter, handle, exit", edges2, run_it, FOLDS),
        ACT("a run with one list register", edges1, run_it, FOLDS),
        ACT("trap port: acknowledge, refused at the gate", late_other, ack_it, 0),
        ACT("trap port: acknowledge, the gate opens", unsettled, ack_it, 0),
        ACT("trap port: goes to sleep at the gate", late_other, look, 0),
        ACT("trapped DIR of its own", in_no_more, dir_edge, 0),
        ACT("trapped DIR of another vCPU's", mode1_away_out, dir_away, 0),
        ACT("trapped DIR of another vCPU's, which has it in guest", mode1_away_ack, dir_away, 0),
        ACT("trapped DIR of what another vCPU has not taken", mode1_away, dir_away, 0),
        ACT("trapped DIR of what another vCPU has not taken, made active", mode1_away_made,
            dir_away, 0),
        ACT("trapped DIR of another vCPU's in guest, active state cleared", mode1_away_cleared,
            dir_away, 0),
        ACT("trapped DIR of another vCPU's in guest, cleared and set", mode1_away_anew,
            dir_away, 0),
        ACT("trapped DIR of another vCPU's, cleared and set", mode1_away_out_made, dir_away, 0),
        ACT("trapped DIR of what is not active", mode1_ports, dir_edge, 0),
        ACT("resident elsewhere: GICD_ICENABLER", away, disable_away, OUT),
        ACT("resident elsewhere: GICD_ICPENDR", away, clear_away, OUT),
        ACT("resident elsewhere: GICD_ICACTIVER", away_ack, end_away, OUT),
        ACT("resident elsewhere: GICD_ICACTIVER of a level", away_level, end_level, OUT),
        ACT("resident elsewhere: injected again", away_ack, again_away, OUT),
        ACT("resident elsewhere: level lowered", away_level, lower_level, OUT),
        ACT("resident elsewhere: GICD_IROUTER", away, route_away, OUT),
        ACT("resident elsewhere: GICD_IPRIORITYR", away, raise_away, OUT),
        ACT("resident elsewhere: GICD_IGROUPR", away, group_away, OUT),
        ACT("resident elsewhere: GICD_ISACTIVER is read", away_ack, read_away, OUT),
        ACT("resident elsewhere: GICD_CTLR off", away, ctlr_off, OUT),
        ACT("resident elsewhere: TDIR not cleared", away_ack, clear_tdir, OUT),
        ACT("a port in guest: TDIR cleared", unsettled, clear_tdir, OUT),
        ACT("a port in guest: its reset", away_ack, reset_other, OUT),
        };
const unsigned death_n_acts = sizeof death_acts / sizeof death_acts[0];

/* --- what somebody else does in between --- */

/*
 * OTHER wakes or leaves its guest, works, and goes back:
 * what it sees in its last look it would not sleep over.
 */
static void as_other(void (*act)(void))
{
        bool guest = death_is_in_guest(OTHER);

        guest ? death_exit(OTHER) : shm_park_end(&rig.gic, OTHER);
        act();
        if (rig.gic.vcpus[OTHER].cpuif & SHM_CPUIF_OFF)
                return;
        if (guest) {
                death_page->rings[OTHER] = 0;
                death_enter(OTHER);
        } else if (shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED)) {
                death_page->rings[OTHER]++;
        }
}

static void take_one(void)
{
        uint32_t intid = death_read_iar(OTHER, 1);

        if (intid != NONE)
                death_page->taken[OTHER][intid]++;
}

static void take_and_end(void)
{
        for (unsigned i = 0; i < 64; i++) {
                uint32_t intid = death_read_iar(OTHER, 1);

                if (intid == NONE)
                        return;
                death_page->taken[OTHER][intid]++;
                death_lower(OTHER, intid);
                death_write(OTHER, ICC_EOIR1, intid);
                death_write(OTHER, ICC_DIR, intid);
        }
}

static void end_by_dir(void)
{
        death_write(OTHER, ICC_DIR, EDGE);
        death_write(OTHER, ICC_DIR, AWAY);
}
static void other_takes(void)  { as_other(take_one); }
static void other_works(void)  { as_other(take_and_end); }
static void other_dirs(void)   { as_other(end_by_dir); }
static void other_folds(void)
{
        if (death_is_in_guest(OTHER)) {
                death_exit(OTHER);
                death_enter(OTHER);
        }
}
static void again(void)        { pulse(&rig, EDGE); pulse(&rig, AWAY); }
static void again_takes(void)  { pulse(&rig, AWAY); other_takes(); }
static void takes_again(void)  { other_takes(); pulse(&rig, AWAY); }
static void reroute(void)      { route(&rig, EDGE, OTHER); }
static void reroute_works(void) { reroute(); other_works(); }
static void works_reroute(void) { other_works(); reroute(); }
/*
 * Of what VICTIM has no more than one is concerned:
 * several in its list registers are several things.
 */
#define SOME  (1u << (EDGE - 32) | 1u << (AWAY - 32))
static void clear_active(void) { gicd(&rig, ICACTIVER + 4, SOME); }
static void make_active(void)  { gicd(&rig, ISACTIVER + 4, SOME); }
static void disable(void)      { gicd(&rig, ICENABLER + 4, SOME); }
static void clear_pending(void) { gicd(&rig, ICPENDR + 4, SOME); }
static void raise_levels(void) { high(&rig, LEVEL); }
static void lower_levels(void) { low(&rig, LEVEL); }
static void lower_and_raise(void) { low(&rig, LEVEL); high(&rig, LEVEL); }
static void reset_victim(void) { shm_reset_request(&rig.gic, VICTIM, SHM_RESET_CPU_ON); }

const struct death_act death_others[] = {
        ACT("nobody", NULL, NULL, 0),
        ACT("injects again", NULL, again, DEATH_TELLS),
        ACT("vCPU 1 takes one and holds it", NULL, other_takes, 0),
        ACT("vCPU 1 works", NULL, other_works, 0),
        { "injects again, vCPU 1 takes it and holds it", .act = again_takes, .late = takes_again },
        ACT("vCPU 1 folds", NULL, other_folds, 0),
        ACT("vCPU 1 deactivates", NULL, other_dirs, 0),
        { "GICD_IROUTER to vCPU 1, which works", .act = reroute_works, .late = works_reroute },
        ACT("GICD_ICACTIVER", NULL, clear_active, 0),
        ACT("GICD_ISACTIVER", NULL, make_active, 0),
        ACT("GICD_ICENABLER", NULL, disable, 0),
        ACT("GICD_ICPENDR", NULL, clear_pending, 0),
        ACT("TDIR cleared, if it can be", NULL, clear_tdir, 0),
        ACT("the device raises its levels", NULL, raise_levels, 0),
        ACT("the device lowers its levels", NULL, lower_levels, 0),
        ACT("the device lowers and raises its level", NULL, lower_and_raise, 0),
        ACT("a tool resets vCPU 0", NULL, reset_victim, DEATH_WIDE),
};
const unsigned death_n_others = sizeof death_others / sizeof death_others[0];

/* --- what others do while somebody is stopped --- */

static void tdir_again(void)   { clear_tdir(); pulse(&rig, AWAY); }
static void tdir_told(void)    { tdir_again(); death_tell(); }
static void park_and_clear(void) { other_works(); clear_tdir(); }
static void clear_and_park(void) { clear_tdir(); other_works(); }
static void asked(void)        { set_bit(&rig, VICTIM, ISENABLER,
                SGI + 2); reset_victim(); shm_sysreg_poke(&rig.gic, VICTIM, ICC_AP1R(0), 0); }

const struct death_act death_while_stopped[] = {
        ACT("TDIR cleared, if it can be; injects again", NULL, tdir_again, DEATH_TELLS),
        ACT("the same, and the daemon tells of TDIR", NULL, tdir_told, DEATH_TELLS),
        { "vCPU 1 works and sleeps, TDIR cleared", .act = park_and_clear, .late = clear_and_park },
        ACT("a tool resets vCPU 0, and posts", NULL, asked, DEATH_WIDE),
};
const unsigned death_n_while_stopped = sizeof death_while_stopped / sizeof death_while_stopped[0];

/* --- what a third one dies in the middle of while somebody is stopped --- */

static void third_enters(void) { death_port(OTHER, 2); pulse(&rig, AWAY); }
static void third_in(void)     { third_enters(); death_enter(OTHER); }
static void third_in_ack(void) { third_in(); death_guest_ack(OTHER); }

static void third_enter(void)
{
        shm_park_end(&rig.gic, OTHER);
        death_enter(OTHER);
}

static void third_exit(void)   { death_exit(OTHER); }

static void third_route(void)  { route(&rig, EDGE, OTHER); }

/* Not with acts that have put vCPU 1 in guest, or made it a port. */
const struct death_act death_thirds[] = {
        ACT("enters", third_enters, third_enter, 0),
        ACT("leaves, nothing taken", third_in, third_exit, 0),
        ACT("leaves, acknowledged", third_in_ack, third_exit, 0),
        ACT("acknowledges", pend_away, third_ack, 0),
        ACT("deactivates", NULL, third_dir, 0),
        ACT("injects", NULL, pend_edge, OUT),
        ACT("clears TDIR", NULL, clear_tdir, OUT),
        ACT("routes", NULL, third_route, OUT),
};
const unsigned death_n_thirds = sizeof death_thirds / sizeof death_thirds[0];

/* --- what another thread of the dead process was in the middle of: vCPU 2 --- */

static void second_enters(void) { death_port(SECOND, 2); second_pend(); }
static void second_in(void)    { second_enters(); death_enter(SECOND); death_guest_ack(SECOND); }
static void second_enter(void) { death_enter(SECOND); }
static void second_exit(void)  { death_exit(SECOND); }

const struct death_act death_seconds[] = {
        ACT("acknowledges", second_pend, second_ack, 0),
        ACT("enters", second_enters, second_enter, 0),
        ACT("leaves", second_in, second_exit, 0),
        ACTS("deactivates", NULL, second_dir, 0, 2),
};
const unsigned death_n_seconds = sizeof death_seconds / sizeof death_seconds[0];
