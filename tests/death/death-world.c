/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The world of a death: see death.h
 *
 * Every participant's stores are counted by shm_hook(), which the objects that this test is linked
 * with call after each atomic operation (shm-atomic.h). The process that is to die kills itself
 * there, so that nothing of it is executed after that store: no handler, no exit, no destructor.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "death.h"
#include "shm-atomic.h"
#include "shm-gate.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-takeover.h"

struct rig rig;
struct shm_gic death_daemon;
struct death_page *death_page;
const struct death_act *death_second, *death_third;

static uint8_t *pristine;               /* the segment as it is before each trial */
static struct death_plan plan;
static bool counting, in_other, mortal;
static unsigned n_other_stores;

/* --- who counts --- */

static void die(void)
{
        kill(getpid(), SIGKILL);
        for (;;)
                pause();
}

/*
 * The victim's own slot decides what was delivered;
 * one that is emptied for another choice was of nothing.
 */
static void watch_slot(const struct shm_hook_event *event)
{
        const struct shm_vcpu *victim = &rig.gic.vcpus[VICTIM];

        if (event->at == &victim->counters.acknowledged)
                death_page->acknowledged = true;
        if (event->at != &victim->slot.op)
                return;
        death_page->is_full = SHM_SLOT_OP_KIND(event->now) != SHM_SLOT_NONE;
        if (death_page->is_full) {
                death_page->was_full = true;
                death_page->slot_kind = SHM_SLOT_OP_KIND(event->now);
                death_page->acknowledged = false;
                if (death_page->slot_kind == SHM_SLOT_FOLD)
                        death_guest_folds(VICTIM);
        } else if (death_page->slot_kind == SHM_SLOT_ACK && !death_page->acknowledged) {
                death_page->was_full = false;
        }
}

static void watch_others(const struct shm_hook_event *event)
{
        for (uint32_t v = OTHER; v < N_VCPUS; v++) {
                if (event->at != &rig.gic.vcpus[v].slot.op)
                        continue;
                if (SHM_SLOT_OP_KIND(event->now) == SHM_SLOT_FOLD)
                        death_guest_folds(v);
                if (v == OTHER)
                        death_page->third_kind = SHM_SLOT_OP_KIND(event->now);
        }
}

static void one_access(void)
{
        if (in_other) {
                if (mortal && ++n_other_stores == plan.other_kill_at)
                        die();
                return;
        }
        death_page->n_stores++;
        if (plan.other && death_page->n_stores == plan.other_at) {
                in_other = true;
                plan.other->act();
                if (plan.stopped)
                        plan.stopped();
                in_other = false;
        }
        if (mortal && death_page->n_stores == plan.kill_at)
                die();
}

/* Another participant changed the word in between: who is killed here has not read it again. */
static void one_failure(void)
{
        if (in_other || !plan.other || death_page->n_stores < plan.other_at)
                return;
        death_page->n_failed++;
        if (mortal && plan.kill_at_failed)
                die();
}

void shm_hook(const struct shm_hook_event *event)
{
        bool stores = event->kind == SHM_HOOK_STORE || event->kind == SHM_HOOK_RMW;

        if (!counting)
                return;
        if (event->kind == SHM_HOOK_CAS_FAILED)
                one_failure();
        if (!stores) {
                if (plan.each_access)
                        one_access();
                return;
        }
        if (!in_other)
                watch_slot(event);
        else
                watch_others(event);
        one_access();
}

static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        death_page->rings[vcpu]++;
}

static void raised(void *ctx)
{
        (void)ctx;
        death_page->raised++;
}

/* --- the state before --- */

static void set_up_interrupts(void)
{
        static const uint32_t edges[] = { EDGE, ANY, AWAY, HIGH, ALSO };

        for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
                set_edge(&rig, 0, edges[i], true);
        route(&rig, AWAY, OTHER);
        route(&rig, AWAY_LEVEL, OTHER);
        route(&rig, ALSO, SECOND);
        route(&rig, ANY, UINT64_C(1) << 31);
        set_priority(&rig, 0, HIGH, 0x40);
        for (uint32_t intid = EDGE; intid <= ALSO; intid++)
                if (intid != OFF)
                        enable(&rig, 0, intid);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                enable(&rig, v, SGI);
                enable(&rig, v, SGI + 1);
                enable(&rig, v, PPI);
        }
        shm_line_notify(&death_daemon, LEVEL, true);
        shm_line_notify(&death_daemon, AWAY_LEVEL, true);
}

void death_world_create(void)
{
        rig_create(&rig, N_VCPUS, N_SPIS, 5);
        death_page = mmap(NULL, sizeof *death_page, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pristine = malloc(rig.gic.bytes);
        if (death_page == MAP_FAILED || !pristine)
                tap_bail("no memory");
        rig.gic.ring = ring;
        rig.gic.raised = raised;
        death_daemon = rig.gic;
        death_daemon.bounded = true;
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_vcpu_own(&death_daemon, v, v == OTHER ? 2 : 1, 100 + v);
        rig_boot(&rig);
        set_up_interrupts();
        shm_tdir_set_interest(&death_daemon, 1);
        shm_tdir_try_clear(&death_daemon);
        memcpy(pristine, rig.gic.header, rig.gic.bytes);
}

void death_world_begin(const struct death_act *act)
{
        bool awake = false;

        memcpy(rig.gic.header, pristine, rig.gic.bytes);
        memset(death_page, 0, sizeof *death_page);
        if (act && act->prepare)
                act->prepare();
        if (death_second && death_second->prepare)
                death_second->prepare();
        if (death_third && death_third->prepare)
                death_third->prepare();
        /*
         * OTHER sleeps, or is in guest: whatever comes to it must ring. With what it finds in its
         * last look it would not sleep.
         */
        if (!(rig.gic.vcpus[OTHER].cpuif & SHM_CPUIF_OFF) && !death_is_in_guest(OTHER))
                awake = shm_park_begin(&rig.gic, OTHER, SHM_PARK_PARKED) != 0;
        death_page->raised_before = death_page->raised;
        death_page->raised = 0;
        memset(death_page->rings, 0, sizeof death_page->rings);
        death_page->rings[OTHER] = awake;
        death_page->tdir_before = SHM_TDIR_GENERATION(rig.gic.header->tdir);
}

/* --- dying, and what comes after --- */

static void start(const struct death_plan *by, bool dies)
{
        plan = *by;
        mortal = dies;
        n_other_stores = 0;
        death_page->n_stores = 0;
        death_page->n_failed = 0;
        death_page->finished = 0;
        counting = true;
}

void death_here(void (*act)(const struct death_act *arg), const struct death_act *arg,
                const struct death_plan *by)
{
        start(by, false);
        act(arg);
        counting = false;
        death_page->finished = 1;
}

bool death_run(void (*act)(const struct death_act *arg), const struct death_act *arg,
               const struct death_plan *by)
{
        int status = 0;
        pid_t pid;

        death_page->finished = 0;
        pid = fork();
        if (pid < 0)
                tap_bail("fork");
        if (pid == 0) {
                start(by, true);
                act(arg);
                death_page->finished = 1;
                _exit(0);
        }
        if (waitpid(pid, &status, 0) != pid)
                tap_bail("waitpid");
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
                return true;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                tap_bail("%s: the process ended with 0x%x instead of its death",
                         arg ? arg->name : "?", status);
        return false;
}

/* It is forked where the other one stands still, and never comes back from there. */
bool death_run_third(const struct death_act *act, unsigned kill_at)
{
        int status = 0;
        pid_t pid = fork();

        if (pid < 0)
                tap_bail("fork");
        if (pid == 0) {
                mortal = true;
                n_other_stores = 0;
                plan.other_kill_at = kill_at;
                plan.each_access = false;
                act->act();
                _exit(0);
        }
        if (waitpid(pid, &status, 0) != pid)
                tap_bail("waitpid");
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

bool death_is_dead(const struct death_act *act, uint32_t vcpu)
{
        if (death_third)
                return !(death_third->flags & DEATH_OUTSIDER) && vcpu == OTHER;
        return !(act->flags & DEATH_OUTSIDER) && (VICTIMS & 1u << vcpu);
}

/* As daemon/attach.c and daemon/vm.c have it: owner_release_all(), then the words. */
void death_bury(const struct death_act *act)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (death_is_dead(act, v))
                        shm_cpuif_set(&death_daemon, v, SHM_CPUIF_ABSENT_SHIFT, 1, 1);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                if (!death_is_dead(act, v))
                        continue;
                shm_vcpu_release(&death_daemon, v);
                shm_vcpu_repair(&death_daemon, v);
        }
        shm_repair_words(&death_daemon);
        /* It hears of TDIR now, if somebody has told it. */
        if ((death_page->raised || death_page->raised_before) &&
            shm_tdir_get(&death_daemon, NULL, NULL))
                shm_gate_ring_untrapped(&death_daemon);
}

void death_succeed(const struct death_act *act)
{
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                if (!death_is_dead(act, v))
                        continue;
                shm_vcpu_repair(&death_daemon, v);
                shm_vcpu_own(&death_daemon, v, 3, 300 + v);
                death_port(v, rig.gic.vcpus[v].port >> SHM_PORT_N_SHIFT);
        }
}
