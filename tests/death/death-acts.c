/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a process can be in the middle of when it dies
 */
#include "death-acts.h"
#include "shm-apr.h"
#include "shm-irouter.h"
#include "shm-mirror.h"
#include "shm-owner.h"
#include "shm-snapshot.h"
#include "shm-sysreg.h"
#include "shm-takeover.h"

const bool death_has_ports = false;

/* --- states before --- */

static void pend_level(void)   { high(&rig, LEVEL); }
static void pend_any(void)     { pulse(&rig, ANY); }
static void pend_ppi(void)     { shm_line_set(&rig.gic, VICTIM, PPI, GIC_WIRE_VMM, true); }
static void pend_sgi(void)
{
        msr(&rig, OTHER, ICC_SGI1R, UINT64_C(1) << VICTIM | (uint64_t)SGI << 24);
}
static void pend_off(void)     { high(&rig, OFF); }

static void pend_but_any(void) { pend_edge(); pend_level(); pend_away(); }

static void pend_all(void)
{
        pend_edge();
        pend_level();
        pend_any();
        pend_ppi();
        pend_sgi();
        pend_away();
        pend_off();
}

static void hold(uint32_t vcpu)
{
        if (ack(&rig, vcpu) == NONE)
                tap_bail("nothing to hold");
}

static void hold_edge(void)    { pend_edge(); hold(VICTIM); }
static void hold_level(void)   { pend_level(); hold(VICTIM); }
static void hold_ended_level(void) { hold_level(); low(&rig, LEVEL); }
static void hold_any(void)
{
        pend_any();
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (ack(&rig, v) != NONE)
                        return;
}
static void hold_ppi(void)     { pend_ppi(); hold(VICTIM); }
static void hold_then_high(void) { hold_edge(); pulse(&rig, HIGH); }
static void hold_two(void)     { hold_then_high(); hold(VICTIM); }
static void hold_and_again(void) { hold_edge(); pend_edge(); }
static void mode1_pend_edge(void) { mode1(); pend_edge(); }
static void mode1_hold_edge(void) { mode1(); hold_edge(); }
static void mode1_dropped_edge(void) { mode1_hold_edge(); eoi(&rig, VICTIM, EDGE); }
static void mode1_dropped_level(void) { mode1(); hold_level(); eoi(&rig, VICTIM, LEVEL); }
static void mode1_away(void)   { mode1(); pend_away(); hold(OTHER); eoi(&rig, OTHER, AWAY); }
static void mode1_away_level(void)
{
        mode1();
        high(&rig, AWAY_LEVEL);
        hold(OTHER);
        eoi(&rig, OTHER, AWAY_LEVEL);
}
static void mode1_away_again(void) { mode1_away(); pend_away(); }
static void hold_away(void)    { pend_away(); hold(OTHER); pend_edge(); hold(VICTIM); }
static void hold_away_level(void) { high(&rig, AWAY_LEVEL); hold(OTHER); }
static void hold_away_low(void) { hold_away_level(); low(&rig, AWAY_LEVEL); }
static void ask_reset(void)
{
        hold_level();
        shm_reset_request(&rig.gic, VICTIM, SHM_RESET_SYSTEM);
}
static void off_other(void)    { pend_away(); hold(OTHER); shm_power(&rig.gic, OTHER, false); }
static void off_victim(void)   { hold_level(); shm_power(&rig.gic, VICTIM, false); }
static void off_with_any(void)
{
        for (uint32_t v = 1; v < N_VCPUS; v++)
                waker(&rig, v, 2);
        pend_any();
}
static void all_asleep(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                waker(&rig, v, 2);
        pend_any();
}
static void all_closed(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                msr(&rig, v, ICC_IGRPEN1, 0);
        pend_any();
}
static void dist_off(void)     { gicd(&rig, 0, 0); pend_all(); }
static void post_apr(void)     { hold_level(); shm_sysreg_poke(&rig.gic, VICTIM, ICC_AP1R(0), 0); }

/* An outsider that took the vCPU, had half of its reset done, and stands still. */
static void taken_victim(void)
{
        uint64_t ticket;

        off_victim();
        if (shm_takeover_seize(&rig.gic, VICTIM, &ticket) != SHM_SEIZE_DONE)
                tap_bail("not taken");
        set_bit(&rig, VICTIM, ICENABLER, PPI);
}

static void off_and_asked(void)
{
        hold_level();
        shm_reset_request(&rig.gic, VICTIM, SHM_RESET_CPU_ON);
}

static void clear_tdir(void)   { shm_tdir_try_clear(&death_daemon); }
static void set_tdir(void)     { shm_tdir_raise(&rig.gic, 32); }
static void owe(void)          { hold_ended_level(); eoi(&rig, VICTIM, LEVEL); }

/* --- operations --- */

static void ack_it(void)       { ack(&rig, VICTIM); }
static void eoi_edge(void)     { eoi(&rig, VICTIM, EDGE); }
static void eoi_level(void)    { eoi(&rig, VICTIM, LEVEL); }
static void eoi_any(void)      { eoi(&rig, VICTIM, ANY); }
static void eoi_ppi(void)      { eoi(&rig, VICTIM, PPI); }
static void eoi_high(void)     { eoi(&rig, VICTIM, HIGH); }
static void eoi_away(void)     { eoi(&rig, VICTIM, AWAY); }
static void dir_edge(void)     { msr(&rig, VICTIM, ICC_DIR, EDGE); }
static void dir_level(void)    { msr(&rig, VICTIM, ICC_DIR, LEVEL); }
static void dir_away(void)     { msr(&rig, VICTIM, ICC_DIR, AWAY); }
static void dir_away_level(void) { msr(&rig, VICTIM, ICC_DIR, AWAY_LEVEL); }
static void low_level(void)    { low(&rig, LEVEL); }
static void setspi_edge(void)  { gicd(&rig, 0x40, EDGE); }
static void setspi_away(void)  { gicd(&rig, 0x40, AWAY_LEVEL); }
static void clrspi_edge(void)  { gicd(&rig, 0x48, EDGE); }
static void sgi_list(void)     { msr(&rig, VICTIM, ICC_SGI1R, 0x7 | (uint64_t)(SGI + 1) << 24); }
static void sgi_others(void)
{
        msr(&rig, VICTIM, ICC_SGI1R, UINT64_C(1) << 40 | (uint64_t)(SGI + 1) << 24);
}
static void route_away(void)   { route(&rig, EDGE, OTHER); }
static void route_nowhere(void) { route(&rig, EDGE, 0x77); }
static void route_any(void)    { route(&rig, EDGE, UINT64_C(1) << 31); }
static void route_one(void)    { route(&rig, ANY, OTHER); }
static void isenabler(void)    { gicd(&rig, ISENABLER + 4, 0xff00); }
static void icenabler(void)    { gicd(&rig, ICENABLER + 4, 0xff00); }
static void ispendr(void)      { gicd(&rig, ISPENDR + 4, 0xff00); }
static void icpendr(void)      { gicd(&rig, ICPENDR + 4, 0xff00); }
static void isactiver(void)    { gicd(&rig, ISACTIVER + 4, 0xff00); }
static void icactiver(void)    { gicd(&rig, ICACTIVER + 4, 0xff00); }
static void gicr_icactiver(void) { gicr(&rig, VICTIM, ICACTIVER, UINT32_MAX); }
static void ipriorityr(void)
{
        gicd(&rig, IPRIORITYR + EDGE, 0x20202020);
        gicd(&rig, IPRIORITYR + EDGE + 4, 0x20202020);
}
static void igroupr(void)      { gicd(&rig, IGROUPR + 4, 0xffff00ff); }
static void icfgr(void)        { gicd(&rig, ICFGR + EDGE / 16 * 4, 0); }
static void ctlr_off(void)     { gicd(&rig, 0, 0); }
static void ctlr_on(void)      { gicd(&rig, 0, 3); }
static void sleep_victim(void) { waker(&rig, VICTIM, 2); }
static void wake_victim(void)  { waker(&rig, VICTIM, 0); }
static void wake_other(void)   { waker(&rig, OTHER, 0); }
static void close_group(void)  { msr(&rig, VICTIM, ICC_IGRPEN1, 0); }
static void open_group(void)   { msr(&rig, VICTIM, ICC_IGRPEN1, 1); }
static void dpg(void)          { shm_gicr_write(&rig.gic, 0, 4, 3u << 24); }
static void pmr(void)          { msr(&rig, VICTIM, ICC_PMR, 0x80); }
static void write_ctlr(void)   { msr(&rig, VICTIM, ICC_CTLR, 3); }
static void reset_self(void)   { shm_reset_vcpu(&rig.gic, VICTIM); }
static void reset_anew(void)   { shm_reset_vcpu_anew(&rig.gic, VICTIM); }
static void reset_other(void)  { shm_reset_request(&rig.gic, OTHER, SHM_RESET_SYSTEM); }
static void reset_lazy(void)   { shm_reset_request(&rig.gic, OTHER, SHM_RESET_LAZY); }
static void reset_on(void)     { shm_reset_request(&rig.gic, OTHER, SHM_RESET_CPU_ON); }
static void post_load(void)    { shm_reset_request(&rig.gic, OTHER, SHM_RESET_POST_LOAD); }
static void power_on(void)     { shm_power(&rig.gic, VICTIM, true); }
static void power_off(void)    { shm_power(&rig.gic, VICTIM, false); }
static void apr_post(void)     { shm_sysreg_poke(&rig.gic, OTHER, ICC_AP1R(0), 0x100); }
static void wake(void)         { shm_park_wake(&rig.gic, OTHER); }
static void mirror(void)
{
        shm_mirror_publish(&rig.gic, 0, SHM_MIRROR_GICD | 0x4, SHM_MIRROR_DEFAULT, 0x1234,
                           SHM_MIRROR_ANY_EPOCH);
}
static void take_notices(void)
{
        uint32_t intids[64];
        size_t n = shm_eoi_take(&death_daemon, intids, 64);

        for (size_t i = 0; i < n; i++)
                death_page->notices[intids[i]]++;
}

static void daemon_high(void)  { shm_line_set(&death_daemon, 0, LEVEL, 3, true); }
static void daemon_pulse(void) { shm_line_pulse(&death_daemon, 0, AWAY); }
/* Nobody runs vCPU 0; an outsider took it. */
static void given_back(void)
{
        hold_level();
        shm_vcpu_release(&death_daemon, VICTIM);
}

static void given_back_taken(void)
{
        uint64_t ticket;

        given_back();
        shm_or(&rig.gic.vcpus[VICTIM].request, SHM_REQUEST_RESET + SHM_REQUEST_ONE_ASK,
               REQUEST_R1); /* as who asked had begun */
        if (shm_takeover_seize(&rig.gic, VICTIM, &ticket) != SHM_SEIZE_DONE)
                tap_bail("not taken");
        set_bit(&rig, VICTIM, ICENABLER, PPI);
}

static void any_at_victim(void) { off_with_any(); }
static void daemon_registers(void) { shm_vcpu_own(&death_daemon, VICTIM, 3, 300); }
static void daemon_releases(void) { shm_vcpu_release(&death_daemon, VICTIM); }
static void other_dist_reset(void) { shm_reset_request_all(&rig.gic); }
static void reset_all(void)    { shm_reset_all(&rig.gic); }
static void daemon_notify(void) { shm_line_notify(&death_daemon, EDGE, true); }

/* --- the same in parts --- */

#define N_FIELDS 8u     /* EDGE and what follows */

static void isenabler_part(unsigned i) { set_bit(&rig, 0, ISENABLER, EDGE + i); }
static void icenabler_part(unsigned i) { set_bit(&rig, 0, ICENABLER, EDGE + i); }
static void ispendr_part(unsigned i)   { set_bit(&rig, 0, ISPENDR, EDGE + i); }
static void icpendr_part(unsigned i)   { set_bit(&rig, 0, ICPENDR, EDGE + i); }
static void isactiver_part(unsigned i) { set_bit(&rig, 0, ISACTIVER, EDGE + i); }
static void icactiver_part(unsigned i) { set_bit(&rig, 0, ICACTIVER, EDGE + i); }
static void ipriorityr_part(unsigned i) { set_priority(&rig, 0, EDGE + i, 0x20); }
static void igroupr_part(unsigned i)   { set_group(&rig, 0, EDGE + i, 0); }
static void icfgr_part(unsigned i)     { set_edge(&rig, 0, EDGE + i, false); }
static void sgi_list_part(unsigned i)
{
        msr(&rig, VICTIM, ICC_SGI1R, 1u << i | (uint64_t)(SGI + 1) << 24);
}
static void sgi_others_part(unsigned i) { sgi_list_part(i + 1); }

/*
 * Who opens or closes a gate, and then has 1-of-N interrupts placed:
 * what was placed late came late.
 */
static void wake_other_part(unsigned i)
{
        if (i == 0)
                shm_cpuif_set(&rig.gic, OTHER, SHM_CPUIF_ASLEEP_SHIFT, 1, 0);
        else
                shm_oneofn_opened(&rig.gic, OTHER);
}


const struct death_act death_acts[] = {
        ACT("inject an edge", NULL, pend_edge, 0),
        ACT("inject an edge elsewhere", NULL, pend_away, OUT),
        ACT("inject a level", NULL, pend_level, 0),
        ACT("inject a disabled level", NULL, pend_off, 0),
        ACT("inject a 1-of-N edge", NULL, pend_any, OUT),
        ACT("inject a 1-of-N edge, nobody eligible", all_asleep, pend_any, OUT),
        ACT("inject a PPI", NULL, pend_ppi, 0),
        ACT("lower a level", pend_level, low_level, 0),
        ACT("GICD_SETSPI_NSR, edge", NULL, setspi_edge, 0),
        ACT("GICD_SETSPI_NSR, level elsewhere", NULL, setspi_away, OUT),
        ACT("GICD_CLRSPI_NSR", pend_edge, clrspi_edge, 0),
        ACT("the daemon raises a device's line", NULL, daemon_high, OUT),
        ACT("the daemon pulses a device's line", NULL, daemon_pulse, OUT),
        ACT("the daemon asks for ends", NULL, daemon_notify, OUT),
        ACT("acknowledge an edge", pend_edge, ack_it, 0),
        ACT("acknowledge an edge, EOImode 1", mode1_pend_edge, ack_it, 0),
        ACT("acknowledge a level", pend_level, ack_it, 0),
        ACT("acknowledge a 1-of-N edge", off_with_any, ack_it, 0),
        ACT("acknowledge an SGI", pend_sgi, ack_it, 0),
        ACT("acknowledge a PPI", pend_ppi, ack_it, 0),
        ACT("acknowledge, preempting", hold_then_high, ack_it, 0),
        ACT("acknowledge, the first of several", pend_all, ack_it, 0),
        ACT("acknowledge, nothing there", NULL, ack_it, 0),
        ACT("EOI with deactivation, edge", hold_edge, eoi_edge, 0),
        ACT("EOI with deactivation, edge pending again", hold_and_again, eoi_edge, 0),
        ACT("EOI with deactivation, level still high", hold_level, eoi_level, 0),
        ACT("EOI with deactivation, level low", hold_ended_level, eoi_level, 0),
        ACT("EOI with deactivation, 1-of-N", hold_any, eoi_any, 0),
        ACT("EOI with deactivation, PPI", hold_ppi, eoi_ppi, 0),
        ACT("EOI with deactivation, of two", hold_two, eoi_high, 0),
        ACT("EOI with deactivation, another vCPU's interrupt", hold_away, eoi_away, 0),
        ACT("EOI without deactivation", mode1_hold_edge, eoi_edge, 0),
        ACT("DIR of its own, edge", mode1_dropped_edge, dir_edge, 0),
        ACT("DIR of its own, level", mode1_dropped_level, dir_level, 0),
        ACT("DIR of another vCPU's edge", mode1_away, dir_away, 0),
        ACT("DIR of another vCPU's edge, pending again", mode1_away_again, dir_away, 0),
        ACT("DIR of another vCPU's level", mode1_away_level, dir_away_level, 0),
        ACT("DIR of what is not active", mode1, dir_edge, 0),
        ACTS("SGI to several", NULL, sgi_list, 0, 3),
        ACTS("SGI to all others", NULL, sgi_others, 0, 2),
        ACT("GICD_IROUTER, pending", pend_edge, route_away, 0),
        ACT("GICD_IROUTER, active", hold_edge, route_away, 0),
        ACT("GICD_IROUTER to nobody", pend_edge, route_nowhere, 0),
        ACT("GICD_IROUTER to any", pend_edge, route_any, 0),
        ACT("GICD_IROUTER from any to one", pend_any, route_one, OUT),
        ACTS("GICD_ISENABLER", pend_off, isenabler, 0, N_FIELDS),
        ACTS("GICD_ICENABLER", pend_all, icenabler, 0, N_FIELDS),
        ACTS("GICD_ISPENDR", NULL, ispendr, 0, N_FIELDS),
        ACTS("GICD_ICPENDR", pend_all, icpendr, 0, N_FIELDS),
        ACTS("GICD_ISACTIVER", pend_edge, isactiver, 0, N_FIELDS),
        ACTS("GICD_ICACTIVER of its own level", hold_ended_level, icactiver, 0, N_FIELDS),
        ACTS("GICD_ICACTIVER of another's level, high", hold_away_level, icactiver, OUT, N_FIELDS),
        ACTS("GICD_ICACTIVER of another's level, low", hold_away_low, icactiver, OUT, N_FIELDS),
        ACT("GICR_ICACTIVER", hold_ppi, gicr_icactiver, 0),
        ACTS("GICD_IPRIORITYR", pend_edge, ipriorityr, 0, N_FIELDS),
        ACTS("GICD_IGROUPR", pend_but_any, igroupr, DEATH_WIDE, N_FIELDS),
        ACTS("GICD_ICFGR", pend_level, icfgr, 0, N_FIELDS),
        ACT("GICD_CTLR off", pend_all, ctlr_off, 0),
        ACT("GICD_CTLR on", dist_off, ctlr_on, OUT),
        ACT("GICR_WAKER, to sleep with a 1-of-N edge", off_with_any, sleep_victim, 0),
        ACT("GICR_WAKER, awake", all_asleep, wake_victim, 0),
        ACTS("GICR_WAKER of another, awake", all_asleep, wake_other, OUT, 2),
        ACT("ICC_IGRPEN1, closed with a 1-of-N edge", off_with_any, close_group, 0),
        ACT("ICC_IGRPEN1, opened", all_closed, open_group, 0),
        ACT("GICR_CTLR.DPG with a 1-of-N edge", off_with_any, dpg, 0),
        ACT("ICC_PMR", pend_edge, pmr, 0),
        ACT("ICC_CTLR", pend_edge, write_ctlr, 0),
        ACT("its own reset", hold_level, reset_self, COLD),
        ACT("its own reset, what was configured forgotten", hold_level, reset_anew, COLD),
        ACT("a posted reset, served", ask_reset, ack_it, COLD),
        ACT("reset of a vCPU that runs", pend_away, reset_other, OUT),
        ACT("reset of a vCPU that is off: system", off_other, reset_other, OUT | COLD),
        ACT("reset of a vCPU that is off: lazy", off_other, reset_lazy, OUT | COLD),
        ACT("reset of a vCPU that is off: CPU_ON", off_other, reset_on, OUT | COLD),
        ACT("reset after a load", pend_away, post_load, OUT),
        ACT("power on", off_victim, power_on, COLD),
        ACT("power on, taken by an outsider", taken_victim, power_on, COLD | DEATH_EARLY_SLOT),
        ACT("power off", hold_any, power_off, COLD),
        ACT("power off with a 1-of-N edge", off_with_any, power_off, COLD),
        ACT("power off with a posted reset", off_and_asked, power_off, COLD),
        ACT("the daemon registers a vCPU", given_back, daemon_registers, OUT | COLD),
        ACT("the daemon registers a vCPU, taken by an outsider", given_back_taken, daemon_registers,
            OUT | COLD | DEATH_SERVED),
        ACT("the daemon releases a vCPU with a 1-of-N edge", any_at_victim, daemon_releases,
            OUT | COLD),
        ACT("a tool resets everything", pend_all, other_dist_reset,
            OUT | COLD | DEATH_LAWS | DEATH_WIDE),
        ACT("the VMM resets everything", pend_all, reset_all, COLD | DEATH_LAWS | DEATH_WIDE),
        ACT("a vCPU woken", NULL, wake, OUT),
        ACT("active priorities posted", NULL, apr_post, OUT),
        ACT("active priorities taken", post_apr, ack_it, 0),
        ACT("a mirror's register", NULL, mirror, OUT),
        ACT("TDIR raised", clear_tdir, set_tdir, OUT),
        ACT("TDIR cleared", set_tdir, clear_tdir, OUT),
        ACT("TDIR not cleared", pend_edge, clear_tdir, OUT),
        ACT("ends of interrupt taken", owe, take_notices, OUT | DEATH_NO_NOTICE),
};
const unsigned death_n_acts = sizeof death_acts / sizeof death_acts[0];

/* --- what somebody else does in between --- */

/*
 * OTHER wakes, works and goes to sleep again: what it sees in its last
 * look it would not sleep over.
 */
static void as_other(void (*act)(void))
{
        shm_park_end(&rig.gic, OTHER);
        act();
        if (!(rig.gic.vcpus[OTHER].cpuif & SHM_CPUIF_OFF) &&
            shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED))
                death_page->rings[OTHER]++;
}

static void take_one(void)
{
        uint32_t intid = ack(&rig, OTHER);

        if (intid != NONE)
                death_page->taken[OTHER][intid]++;
}

static void take_and_end(void)
{
        for (unsigned i = 0; i < 64; i++) {
                uint32_t intid = ack(&rig, OTHER);

                if (intid == NONE)
                        return;
                death_page->taken[OTHER][intid]++;
                death_lower(OTHER, intid);
                eoi(&rig, OTHER, intid);
                msr(&rig, OTHER, ICC_DIR, intid);
        }
}

static void end_by_dir(void)   { msr(&rig, OTHER, ICC_DIR, EDGE); msr(&rig, OTHER, ICC_DIR, AWAY); }
static void other_takes(void)  { as_other(take_one); }
static void other_works(void)  { as_other(take_and_end); }
static void other_dirs(void)   { as_other(end_by_dir); }
static void again(void)        { pend_edge(); pend_away(); }
static void again_works(void)  { pend_away(); other_works(); }
static void again_takes(void)  { pend_away(); other_takes(); }
static void works_again(void)  { other_works(); pend_away(); }
static void takes_again(void)  { other_takes(); pend_away(); }
static void reroute(void)      { route(&rig, EDGE, OTHER); route(&rig, LEVEL, OTHER); }
static void reroute_works(void) { reroute(); other_works(); }
static void works_reroute(void) { other_works(); reroute(); }
static void clear_active(void) { gicd(&rig, ICACTIVER + 4, 0xff00); }
static void disable(void)      { gicd(&rig, ICENABLER + 4, 0xff00); }
static void clear_edge(void)   { set_bit(&rig, 0, ICPENDR, EDGE); }
static void clear_message(void) { gicd(&rig, 0x48, EDGE); }
static void make_active(void)  { set_bit(&rig, 0, ISACTIVER, EDGE); }
static void both_ways(void)    { make_active(); clear_active(); }
static void clear_and_again(void) { clear_edge(); pulse(&rig, EDGE); }

/* With the priority of another interrupt. */
static void end_unacknowledged(void)
{
        take_one();
        eoi(&rig, OTHER, EDGE);
}

static void other_ends(void)   { pend_away(); as_other(end_unacknowledged); }
static void ends_late(void)    { as_other(end_unacknowledged); pend_away(); }
static void reset_victim(void) { shm_reset_request(&rig.gic, VICTIM, SHM_RESET_CPU_ON); }
static void reset_second(void) { shm_reset_request(&rig.gic, SECOND, SHM_RESET_LAZY); }

const struct death_act death_others[] = {
        ACT("nobody", NULL, NULL, 0),
        ACT("injects again", NULL, again, DEATH_TELLS),
        ACT("vCPU 1 takes one and holds it", NULL, other_takes, 0),
        ACT("vCPU 1 works", NULL, other_works, 0),
        { "injects again, vCPU 1 works", .act = again_works, .late = works_again },
        { "injects again, vCPU 1 takes it and holds it", .act = again_takes, .late = takes_again },
        ACT("vCPU 1 deactivates", NULL, other_dirs, 0),
        { "GICD_IROUTER to vCPU 1, which works", .act = reroute_works, .late = works_reroute },
        ACT("GICD_ICACTIVER", NULL, clear_active, 0),
        ACT("GICD_ICENABLER", NULL, disable, 0),
        ACT("GICD_ICPENDR", NULL, clear_edge, 0),
        ACT("GICD_CLRSPI_NSR", NULL, clear_message, 0),
        ACT("GICD_ICPENDR, and injects again", NULL, clear_and_again, 0),
        ACT("GICD_ISACTIVER", NULL, make_active, 0),
        ACT("GICD_ISACTIVER, GICD_ICACTIVER", NULL, both_ways, 0),
        { "vCPU 1 ends what it has not acknowledged", .act = other_ends, .late = ends_late },
        ACT("a tool resets vCPU 0", NULL, reset_victim, 0),
        ACT("a tool resets vCPU 2", NULL, reset_second, DEATH_COLD),
        ACT("a tool resets everything", NULL, other_dist_reset, DEATH_COLD | DEATH_WIDE),
};
const unsigned death_n_others = sizeof death_others / sizeof death_others[0];

/* --- what others do while somebody is stopped --- */

static void boots(uint32_t v)
{
        shm_power(&rig.gic, v, true);
        waker(&rig, v, 0);
        msr(&rig, v, ICC_PMR, 0xf0);
        msr(&rig, v, ICC_IGRPEN1, 1);
        /* as they were before: the same words, but for the salt */
        for (uint32_t intid = SGI; intid <= SGI + 1; intid++) {
                set_group(&rig, v, intid, 1);
                set_priority(&rig, v, intid, 0xa0);
                enable(&rig, v, intid);
        }
}

static void other_off(void)    { shm_park_end(&rig.gic, OTHER); shm_power(&rig.gic, OTHER, false); }
static void other_boots(void)  { boots(OTHER); }
static void other_boots_asked(void) { boots(OTHER); set_bit(&rig, OTHER, ISENABLER,
                                                            SGI + 2); reset_on(); }
static void asked_again(void)  { set_bit(&rig, OTHER, ISENABLER, SGI + 2); reset_on(); }
static void tdir_again(void)   { clear_tdir(); pend_away(); }
static void gate_flips(void)   { wake_other(); waker(&rig, OTHER, 2); wake_victim(); }

/* Of two that wait for anybody, only the second is left. */
static void sleep_more(void)
{
        all_asleep();
        route(&rig, HIGH, UINT64_C(1) << 31);
        pulse(&rig, HIGH);
        set_bit(&rig, 0, ICENABLER, ANY);
}

static void posts_twice(void)  { shm_sysreg_poke(&rig.gic, VICTIM, ICC_AP1R(0),
                0x200); shm_sysreg_poke(&rig.gic, VICTIM, ICC_AP1R(0), 0x800); }

const struct death_act death_while_stopped[] = {
        ACT("vCPU 1 is turned off", NULL, other_off, 0),
        ACT("vCPU 1 is turned on and boots", NULL, other_boots, 0),
        ACT("vCPU 1 boots, and another tool asks for its reset", NULL, other_boots_asked, 0),
        ACT("another tool resets vCPU 1", NULL, asked_again, 0),
        ACT("TDIR cleared, if it can be; injects again", NULL, tdir_again, DEATH_TELLS),
        ACT("GICR_WAKER flips", NULL, gate_flips, 0),
        ACT("all go to sleep, another 1-of-N edge", NULL, sleep_more, 0),
        ACT("active priorities posted twice", NULL, posts_twice, 0),
};
const unsigned death_n_while_stopped = sizeof death_while_stopped / sizeof death_while_stopped[0];

/* --- what a third one dies in the middle of while somebody is stopped --- */

static void third_eoi(void)    { shm_park_end(&rig.gic, OTHER); eoi(&rig, OTHER, AWAY); }
static void third_sgi(void)    { msr(&rig, OTHER, ICC_SGI1R, UINT64_C(1) << VICTIM |
                                     (uint64_t)(SGI + 1) << 24); }
static void third_mode1(void)  { mode1(); }
static void third_hold(void)   { pend_away(); ack(&rig, OTHER); }
static void third_sleeps(void) { waker(&rig, OTHER, 2); }
static void reset_victim_of(void) { shm_reset_request(&rig.gic, VICTIM, SHM_RESET_SYSTEM); }

const struct death_act death_thirds[] = {
        ACT("acknowledges", pend_away, third_ack, 0),
        ACT("ends", third_hold, third_eoi, 0),
        ACT("deactivates", third_mode1, third_dir, 0),
        ACT("sends an SGI", NULL, third_sgi, 0),
        ACT("injects", NULL, pend_edge, OUT),
        ACT("injects a 1-of-N edge", NULL, pend_any, OUT),
        ACT("goes to sleep by GICR_WAKER", NULL, third_sleeps, 0),
        ACT("routes", NULL, route_away, OUT),
        ACT("clears TDIR", NULL, clear_tdir, OUT),
        ACT("resets vCPU 0", NULL, reset_victim_of, OUT),
        ACT("resets vCPU 1", NULL, reset_other, OUT),
};
const unsigned death_n_thirds = sizeof death_thirds / sizeof death_thirds[0];

/* --- what another thread of the dead process was in the middle of: vCPU 2 --- */

static void second_hold(void)  { second_pend(); ack(&rig, SECOND); }
static void second_eoi(void)   { eoi(&rig, SECOND, ALSO); }
static void second_sgi(void)
{
        msr(&rig, SECOND, ICC_SGI1R, UINT64_C(1) << OTHER | (uint64_t)(SGI + 1) << 24);
}
static void second_route(void) { route(&rig, EDGE, SECOND); }
static void second_reset(void) { shm_reset_vcpu(&rig.gic, SECOND); }

const struct death_act death_seconds[] = {
        ACT("acknowledges", second_pend, second_ack, 0),
        ACT("ends", second_hold, second_eoi, 0),
        ACTS("deactivates", NULL, second_dir, 0, 2),
        ACT("sends an SGI", NULL, second_sgi, 0),
        ACT("routes", NULL, second_route, 0),
        ACT("resets itself", second_hold, second_reset, DEATH_COLD),
};
const unsigned death_n_seconds = sizeof death_seconds / sizeof death_seconds[0];
