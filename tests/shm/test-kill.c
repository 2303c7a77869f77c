/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Real deaths: a process that works two vCPUs is killed at random instants; the repair must leave
 * every time a state that an execution without death could have left (test-repair has the same
 * store by store)
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "rig.h"
#include "shm-repair.h"

enum { IRQ = 40, ENOUGH = 6, MOST = 400 };      /* deaths in the middle of something; in all */

static struct rig rig;
static _Atomic uint64_t *progress;

/* EOImode 0: one vCPU takes and ends. EOImode 1: vCPU 0 takes, vCPU 1 deactivates. */
static void work(bool apart)
{
        for (;;) {
                pulse(&rig, IRQ);
                if (shm_cpuif_ack(&rig.gic, 0, 1) == IRQ) {
                        shm_cpuif_eoi(&rig.gic, 0, 1, IRQ);
                        if (apart)
                                shm_cpuif_dir(&rig.gic, 1, IRQ);
                }
                atomic_fetch_add(progress, 1);
        }
}

static void run_and_kill(bool apart, uint64_t n_rounds)
{
        uint64_t start = atomic_load(progress);
        pid_t child = fork();

        if (child == 0)
                work(apart);
        if (child < 0)
                tap_bail("fork");
        while (atomic_load(progress) - start < n_rounds)
                continue;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
}

static bool is_active(void)
{
        return get_bit(&rig, 0, ISACTIVER, IRQ);
}

/* Whatever was left: ended by hand, the next one comes exactly once. */
static bool works_again(bool apart)
{
        if (mrs(&rig, 0, ICC_RPR) != 0xff)
                eoi(&rig, 0, IRQ);
        if (apart)
                msr(&rig, 1, ICC_DIR, IRQ);
        pulse(&rig, IRQ);
        if (ack(&rig, 0) != IRQ || ack(&rig, 0) != NONE)
                return false;
        eoi(&rig, 0, IRQ);
        if (apart)
                msr(&rig, 1, ICC_DIR, IRQ);
        return ack(&rig, 0) == NONE && !is_active() && mrs(&rig, 0, ICC_RPR) == 0xff;
}

static void boot(uint32_t mode)
{
        rig_create(&rig, 2, 32, 5);
        rig_boot(&rig);
        msr(&rig, 0, ICC_CTLR, mode);
        msr(&rig, 1, ICC_CTLR, mode);
        set_edge(&rig, 0, IRQ, true);
        enable(&rig, 0, IRQ);
}

static void one_vcpu(void)
{
        unsigned torn = 0, stuck = 0, full = 0, n = 0;

        boot(0);
        for (; n < MOST && full < ENOUGH; n++) {
                run_and_kill(false, 1 + n % 7);
                full += atomic_load(&rig.gic.vcpus[0].slot.op) != SHM_SLOT_NONE;
                shm_vcpu_repair(&rig.gic, 0);
                shm_repair_words(&rig.gic);
                torn += is_active() != (mrs(&rig, 0, ICC_RPR) != 0xff);
                stuck += !works_again(false);
        }
        tap_note("%u deaths, %u in the middle of an operation", n, full);
        tap_eq(torn, 0, "killed in acknowledge or EOI: active and its priority, or neither");
        tap_eq(stuck, 0, "owners killed: the next interrupt comes exactly once");
        tap_ok(full == ENOUGH, "operations were hit");
        rig_destroy(&rig);
}

/* vCPU 0 lives on and may take the next interrupt before vCPU 1 is repaired. */
static void two_vcpus(void)
{
        unsigned ended_twice = 0, not_ended = 0, stuck = 0, full = 0, n = 0;

        boot(2);
        for (; n < MOST && full < ENOUGH; n++) {
                bool again, in_dir;

                run_and_kill(true, 1 + n % 7);
                shm_vcpu_repair(&rig.gic, 0);
                shm_repair_words(&rig.gic);
                in_dir = SHM_SLOT_OP_KIND(atomic_load(&rig.gic.vcpus[1].slot.op)) == SHM_SLOT_DIR;
                full += in_dir;
                pulse(&rig, IRQ);
                again = ack(&rig, 0) == IRQ;
                shm_vcpu_repair(&rig.gic, 1);
                ended_twice += again && !is_active();
                not_ended += in_dir && !again && is_active();
                stuck += !again && in_dir && ack(&rig, 0) != IRQ;
                stuck += !works_again(true);
        }
        tap_note("%u deaths, %u in the middle of a DIR", n, full);
        tap_eq(ended_twice, 0,
               "killed in the DIR of another's interrupt: what its holder took since is not ended");
        tap_eq(not_ended, 0, "owners killed in a DIR that had begun: it is completed");
        tap_eq(stuck, 0, "owners killed: the next interrupt comes exactly once");
        tap_ok(full == ENOUGH, "deactivations of another's interrupt were hit");
        rig_destroy(&rig);
}

int main(void)
{
        progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (progress == MAP_FAILED)
                tap_bail("mmap");
        one_vcpu();
        two_vcpus();
        return tap_done();
}
