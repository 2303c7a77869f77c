/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A reset that is asked for once is applied once, whoever stops or dies in the middle of it
 *
 * A process is stopped at each of its accesses (shm-hook.h), loads too. Meanwhile the repair of
 * another process's death runs, more than once; the vCPU is served, or turned on; its guest sets
 * itself up. Then the first one goes on, or never does. From then on the guest must find what it
 * set up, unless the reset was asked for only after that; and of each reset that was asked for
 * there is one.
 */
#include <setjmp.h>

#include "rig.h"
#include "shm-hook.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-takeover.h"

enum { VCPU = 1, OTHER = 0, PPI = 27 };

static struct rig rig;
static sigjmp_buf dead;
static unsigned n_accesses, stop_at;
static void (*meanwhile)(void);         /* NULL: the one that is stopped dies */
static bool was_asked;                  /* before it was stopped */

void shm_hook(const struct shm_hook_event *event)
{
        void (*act)(void) = meanwhile;

        (void)event;
        if (!stop_at || ++n_accesses != stop_at)
                return;
        stop_at = 0;
        was_asked = rig.gic.vcpus[VCPU].request / SHM_REQUEST_ONE_ASK != 0;
        if (!act)
                siglongjmp(dead, 1);
        act();
}

/* As the guest leaves it: awake, PMR and group enables, EOImode, a PPI enabled. */
static void guest_sets_up(void)
{
        waker(&rig, VCPU, 0);
        msr(&rig, VCPU, ICC_PMR, 0xf0);
        msr(&rig, VCPU, ICC_IGRPEN1, 1);
        msr(&rig, VCPU, ICC_CTLR, ICC_CTLR_EOIMODE);
        set_bit(&rig, VCPU, ISENABLER, PPI);
}

static bool is_set_up(void)
{
        return mrs(&rig, VCPU, ICC_PMR) == 0xf0 && mrs(&rig, VCPU, ICC_IGRPEN1) == 1 &&
               (mrs(&rig, VCPU, ICC_CTLR) & ICC_CTLR_EOIMODE) &&
               get_bit(&rig, VCPU, ISENABLER, PPI) &&
               !(shm_gicr_read(&rig.gic, VCPU * (uint64_t)GICR_STRIDE + 0x14, 4) & 2);
}

static void repaired_and_served(void)
{
        shm_repair_words(&rig.gic);
        shm_cpuif_serve(&rig.gic, VCPU);
        guest_sets_up();
        shm_repair_words(&rig.gic);
        shm_cpuif_serve(&rig.gic, VCPU);
}

static void turned_on(void)
{
        shm_power(&rig.gic, VCPU, true);
        shm_cpuif_serve(&rig.gic, VCPU);
        guest_sets_up();
}

static void repaired_and_turned_on(void)
{
        shm_repair_words(&rig.gic);
        turned_on();
        shm_repair_words(&rig.gic);
}

static void turned_on_and_repaired(void)
{
        turned_on();
        shm_repair_words(&rig.gic);
}

static void cpu_on(void)
{
        shm_reset_request(&rig.gic, VCPU, SHM_RESET_CPU_ON);
}

static void system_reset(void)
{
        shm_reset_request(&rig.gic, VCPU, SHM_RESET_SYSTEM);
}

static void repair(void)
{
        shm_repair_words(&rig.gic);
}

static void turn_off(void)
{
        shm_power(&rig.gic, VCPU, false);
}

static void boot(bool on)
{
        rig_create(&rig, 2, 32, 5);
        rig_boot(&rig);
        shm_vcpu_own(&rig.gic, VCPU, 7, 1);
        guest_sets_up();
        if (!on)
                turn_off();
        atomic_store(&rig.gic.vcpus[VCPU].counters.resets, 0);
        was_asked = false;
}

/* Return: it had so many accesses. */
static bool run_stopped(void (*act)(void), unsigned at, void (*others)(void))
{
        bool stopped;

        n_accesses = 0;
        meanwhile = others;
        if (sigsetjmp(dead, 0) == 0) {
                stop_at = at;
                act();
        }
        stopped = !stop_at;
        stop_at = 0;
        return stopped;
}

/* Asked for by one process, which is stopped at each access. */
static void goes_on_later(const char *what, bool on, void (*act)(void), void (*others)(void))
{
        unsigned n_deaf = 0, n_twice = 0, at;
        bool stopped = true;

        for (at = 1; stopped; at++) {
                boot(on);
                stopped = run_stopped(act, at, others);
                shm_cpuif_serve(&rig.gic, VCPU);
                if (stopped && was_asked) {
                        n_deaf += !is_set_up();
                        n_twice += rig.gic.vcpus[VCPU].counters.resets != 1;
                }
                rig_destroy(&rig);
        }
        tap_eq(n_deaf, 0, "%s, stopped at each of %u accesses: the guest's state stays", what,
               at - 2);
        tap_eq(n_twice, 0, "%s, stopped at each of %u accesses: one reset", what, at - 2);
}

/* The first dies at each access; who repairs is stopped at each of its own, and goes on later. */
static void repair_goes_on_later(const char *what, bool on, void (*act)(void), void (*others)(void))
{
        unsigned n_deaf = 0, n_twice = 0, n = 0;
        bool died = true;

        for (unsigned at = 1; died; at += 7) {
                bool stopped = true;

                for (unsigned in = 1; stopped; in += 5, n++) {
                        boot(on);
                        died = run_stopped(act, at, NULL);
                        stopped = run_stopped(repair, in, others);
                        shm_cpuif_serve(&rig.gic, VCPU);
                        if (stopped) {
                                n_deaf += !is_set_up();
                                n_twice += rig.gic.vcpus[VCPU].counters.resets > 1;
                        }
                        rig_destroy(&rig);
                }
        }
        tap_eq(n_deaf, 0, "%s dies, its repair is stopped (%u cases): the guest's state stays",
               what, n);
        tap_eq(n_twice, 0, "%s dies, its repair is stopped: not more than one reset", what);
}

/* Dies at each access: what was asked for is applied, or nothing is left of it. */
static void dies(const char *what, bool on, void (*act)(void))
{
        unsigned n_half = 0, at;
        bool died = true;

        for (at = 1; died; at++) {
                boot(on);
                died = run_stopped(act, at, NULL);
                repair();
                repair();
                if (on)
                        shm_cpuif_serve(&rig.gic, VCPU);
                else
                        shm_power(&rig.gic, VCPU, true);
                n_half += (was_asked || !died) == is_set_up() ||
                          (rig.gic.vcpus[VCPU].request & SHM_REQUEST_RESET) ||
                          (rig.gic.vcpus[VCPU].cpuif & SHM_CPUIF_SEIZED);
                rig_destroy(&rig);
        }
        tap_eq(n_half, 0, "%s, dead at each of %u accesses: applied, or not asked for", what,
               at - 2);
}

/* What readers are told of ICC_CTLR_EL1: the reset at once, and never what was before it again. */
static void shows_at_once(void)
{
        struct shm_icc_ctlr ctlr = { 0 };

        boot(true);
        system_reset();
        tap_ok(!(shm_gicr_read(&rig.gic, VCPU * (uint64_t)GICR_STRIDE + 0x14, 4) & 2) &&
               rig.gic.vcpus[VCPU].counters.resets == 0, "asked for, not applied");
        shm_read_icc_ctlr(&rig.gic, VCPU, &ctlr);
        tap_ok(ctlr.live == ctlr.arch_default && !(ctlr.valid & 2),
               "asked for, not applied: readers see ICC_CTLR_EL1 reset, nothing configured");
        rig_destroy(&rig);
}

int main(void)
{
        goes_on_later("CPU_ON asked of one that runs", true, cpu_on, repaired_and_served);
        goes_on_later("SYSTEM asked of one that runs", true, system_reset, repaired_and_served);
        goes_on_later("CPU_ON asked of one that is off", false, cpu_on, repaired_and_turned_on);
        goes_on_later("SYSTEM asked of one that is off", false, system_reset,
                      turned_on_and_repaired);
        goes_on_later("SYSTEM asked of one that is off, turned on", false, system_reset, turned_on);
        repair_goes_on_later("who asks one that runs", true, cpu_on, repaired_and_served);
        repair_goes_on_later("who asks one that is off", false, system_reset, turned_on);
        repair_goes_on_later("who asks one that is off, two repairs", false, cpu_on,
                             repaired_and_turned_on);
        dies("CPU_ON asked of one that runs", true, cpu_on);
        dies("SYSTEM asked of one that is off", false, system_reset);
        shows_at_once();
        return tap_done();
}
