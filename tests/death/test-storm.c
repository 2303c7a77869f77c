/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A storm of deaths: the product as it is, with the real daemon; processes are killed at random
 * instructions (tests/death/README)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"
#include "shm-slot.h"
#include "vgic-private.h"

struct storm *storm;
struct daemon_proc storm_daemon;

static struct vgic_conn *tool;
static struct vgic_vm *vm;              /* as an observer */
static pid_t pids[N_ROLES];
static uint64_t seed = 1;
static unsigned long n_deaths[N_ROLES], n_steps, n_unrecorded, n_in_ack, n_in_other;
static unsigned n_lost, n_doubled, n_stuck;

static uint32_t random_below(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (uint32_t)((seed >> 33) % n);
}

/* --- processes --- */

static void (*const mains[N_ROLES])(unsigned long arg) = {
        [VICTIM_VMM] = storm_vmm, [SURVIVOR] = storm_survivor, [DEVICE] = storm_device,
        [TOOL] = storm_tool,
};

static void spawn(enum role role, unsigned long arg)
{
        atomic_store(&storm->ready[role], 0);
        fflush(stdout);
        pids[role] = fork();
        if (pids[role] < 0)
                tap_bail("fork");
        if (pids[role] == 0) {
                mains[role](arg);
                _exit(7);
        }
}

/*
 * Until @word is @value; a process that ended by itself is the test's fault. Return: false after
 * the limit of time.
 */
static bool wait_for(_Atomic uint32_t *word, uint32_t value)
{
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (atomic_load(word) != value) {
                int status;
                pid_t pid = waitpid(-1, &status, WNOHANG);

                if (pid > 0 && pid != pids[TOOL])
                        tap_bail("a process ended by itself: 0x%x", status);
                if (base_clock_ns() > end)
                        return false;
                sched_yield();
        }
        return true;
}

static void wait_sessions(uint32_t n)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (vgic_vm_query(tool, "storm", &info) == 0 && info.n_sessions != n)
                if (base_clock_ns() > end)
                        tap_bail("the daemon does not see the death: %u sessions, not %u",
                                 info.n_sessions, n);
}

/* --- death --- */

static void spin(uint32_t n)
{
        for (volatile uint32_t i = 0; i < n; i++)
                ;
}

static bool is_in_operation(void)
{
        return atomic_load(&vm->gic.vcpus[0].slot.op) != SHM_SLOT_NONE ||
               atomic_load(&vm->gic.vcpus[2].slot.op) != SHM_SLOT_NONE;
}

/*
 * One instruction at a time, from wherever it is: @n, or until an operation has begun,
 * and @n more of that.
 */
static void step_and_kill(pid_t pid, uint32_t n, bool into_operation)
{
        uint32_t limit = into_operation ? 4000 : 0;
        int status;

        if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
            waitpid(pid, &status, 0) != pid) {
                kill(pid, SIGKILL);
                waitpid(pid, &status, 0);
                return;
        }
        for (uint32_t i = 0; i < n; i++) {
                for (; limit && !is_in_operation(); limit--)
                        if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 ||
                            waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
                                limit = 1;
                limit = 0;
                if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid ||
                    !WIFSTOPPED(status))
                        break;
                n_steps++;
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
}

static void end_of(enum role role, bool steps)
{
        int status;

        if (steps) {
                if (role == VICTIM_VMM && random_below(2))
                        step_and_kill(pids[role], random_below(150), true);
                else
                        step_and_kill(pids[role], random_below(600), false);
        } else {
                kill(pids[role], SIGKILL);
                waitpid(pids[role], &status, 0);
        }
        pids[role] = 0;
        n_deaths[role]++;
}

/*
 * The slots of the dead VMM's vCPUs, before anybody repairs: the daemon is held while it dies. What
 * one of them is acknowledging was not delivered.
 */
static uint32_t acknowledging[2];

static void end_of_vmm(bool steps)
{
        daemon_pause(&storm_daemon);
        end_of(VICTIM_VMM, steps);
        for (unsigned i = 0; i < 2; i++) {
                uint64_t op = atomic_load(&vm->gic.vcpus[2 * i].slot.op);

                acknowledging[i] = SHM_SLOT_OP_KIND(op) == SHM_SLOT_ACK ? SHM_SLOT_OP_INTID(op) : 0;
                n_in_ack += acknowledging[i] != 0;
                n_in_other += op != SHM_SLOT_NONE && !acknowledging[i];
        }
        daemon_resume(&storm_daemon);
}

/* --- judgement --- */

static bool is_active(uint32_t intid, uint32_t *ret_holder)
{
        struct vgic_irq_state state = { 0 };

        if (vgic_vm_irq_state(vm, 0, intid, &state) < 0)
                tap_bail("no state of %u", intid);
        *ret_holder = state.holder;
        return state.active;
}

/*
 * An acknowledge that was committed, and of which the dead one did not come to write: its slot was
 * empty, so it was delivered. If an end was under way as well, either is possible.
 */
static void count_unrecorded(void)
{
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++) {
                struct record *r = &storm->records[intid];
                uint32_t holder, begun, done;

                begun = r->ends_begun[VICTIM_VMM] + r->ends_begun[SURVIVOR];
                done = r->ends_done[VICTIM_VMM] + r->ends_done[SURVIVOR];
                atomic_store(&r->ends_begun[VICTIM_VMM], r->ends_done[VICTIM_VMM]);
                r->unrecorded_min = r->unrecorded_max = 0;
                if (!is_active(intid, &holder) || holder == SURVIVOR_VCPU)
                        continue;
                if (acknowledging[0] == intid || acknowledging[1] == intid)
                        continue;
                r->unrecorded_min = r->taken == done && begun == done;
                r->unrecorded_max = r->taken == done || (r->taken == begun && begun != done);
                n_unrecorded += r->unrecorded_max;
        }
}

static bool all_came(void)
{
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++) {
                const struct record *r = &storm->records[intid];

                if (r->taken + r->unrecorded_max < r->sent_done)
                        return false;
        }
        return true;
}

static void show(const char *what, uint32_t intid)
{
        const struct record *r = &storm->records[intid];
        struct vgic_irq_state state = { 0 };

        vgic_vm_irq_state(vm, 0, intid, &state);
        tap_note("%s: %u: sent %u..%u, taken %u + %u..%u, ends %u+%u..%u+%u; pending %d active %d "
                 "holder %d vcpu %d",
                 what, intid, r->sent_done, r->sent_begun, r->taken, r->unrecorded_min,
                 r->unrecorded_max, r->ends_done[0], r->ends_done[1], r->ends_begun[0],
                 r->ends_begun[1], state.pending, state.active, (int)state.holder, (int)state.vcpu);
}

/* All is quiet: nobody sends, everybody has taken what there was. */
static void judge(void)
{
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (!all_came() && base_clock_ns() < end)
                sched_yield();
        /*
         * What is neither sent nor not sent may still be on its way: until nothing is pending or
         * active any more.
         */
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++) {
                struct vgic_irq_state state = { 0 };
                struct record *r = &storm->records[intid];

                while (vgic_vm_irq_state(vm, 0, intid, &state) == 0 &&
                       (state.pending || state.active) && base_clock_ns() < end)
                        sched_yield();
                while (base_clock_ns() < end &&
                       (r->ends_begun[0] != r->ends_done[0] || r->ends_begun[1] != r->ends_done[1]))
                        sched_yield();
                if (r->taken + r->unrecorded_max < r->sent_done || state.pending) {
                        n_lost++;
                        show("LOST", intid);
                } else if (r->taken + r->unrecorded_min > r->sent_begun) {
                        n_doubled++;
                        show("DOUBLED", intid);
                } else if (state.active) {
                        n_stuck++;
                        show("STUCK", intid);
                }
                r->sent_begun = r->sent_done = r->taken = 0;
                for (unsigned who = 0; who < 2; who++)
                        r->ends_begun[who] = r->ends_done[who] = 0;
                r->unrecorded_min = r->unrecorded_max = 0;
        }
}

/* --- the storm --- */

static void create_vm(char *token)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "storm",
                                         .n_vcpus = N_STORM_VCPUS, .n_spis = 64 };
        struct vgic_conn *conn = daemon_connect(&storm_daemon);
        struct vgic_vm *made = NULL;
        uint32_t intids[N_EDGES + 1], n = 0;

        if (vgic_vm_create(conn, &config, &made) < 0 || vgic_vm_init(made) < 0)
                tap_bail("VM: %s", vgic_conn_error(conn));
        storm_boot_distributor(made);
        for (uint32_t i = 0; i < N_EDGES; i++)
                if (storm_sender(FIRST + i) == DEVICE)
                        intids[n++] = FIRST + i;
        intids[n++] = LINE;
        if (vgic_grant(made, "device", intids, n, token) < 0)
                tap_bail("grant: %s", vgic_conn_error(conn));
        vgic_vm_detach(made);
        vgic_disconnect(conn);
}

/* The device's line is served round after round: no end of interrupt is kept from it. */
static bool line_goes_on(void)
{
        uint32_t before = storm->line_rounds;
        uint64_t end = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);

        while (storm->line_rounds - before < 2)
                if (base_clock_ns() > end)
                        return false;
        return true;
}

static void pause_all(bool on)
{
        atomic_store(&storm->paused, on);
        for (unsigned role = 0; role < N_ROLES; role++)
                if (pids[role] && !wait_for(&storm->is_paused[role], on))
                        tap_bail("role %u does not stop", role);
}

static unsigned n_processes(void)
{
        unsigned n = 1; /* the observer */

        for (unsigned role = 0; role < N_ROLES; role++)
                n += pids[role] != 0;
        return n;
}

static void one_death(unsigned round)
{
        static const enum role order[] = { VICTIM_VMM, VICTIM_VMM, DEVICE, VICTIM_VMM, TOOL };
        enum role role = order[round % (sizeof order / sizeof order[0])];
        bool threads = round & 1;

        if (role == TOOL) {
                spawn(TOOL, random_below(UINT32_MAX));
                spin(random_below(4000000));
                end_of(TOOL, false);
                return;
        }
        spin(random_below(200000));
        if (role == VICTIM_VMM)
                end_of_vmm(!atomic_load(&storm->has_threads) && random_below(2));
        else
                end_of(role, random_below(2));
        /* What the dead one had paused or not is no matter: the others stop sending. */
        pause_all(true);
        wait_sessions(n_processes());
        if (role == VICTIM_VMM)
                count_unrecorded();
        atomic_store(&storm->has_threads,
                     role == VICTIM_VMM ? threads : atomic_load(&storm->has_threads));
        spawn(role, random_below(UINT32_MAX));
        if (!wait_for(&storm->ready[role], 1))
                tap_bail("role %u does not start again", role);
        judge();
        pause_all(false);
        if (role == DEVICE || round % 16 == 0)
                n_stuck += !line_goes_on();
}

int main(void)
{
        const char *kills = getenv("KILLS"), *draw = getenv("SEED");
        unsigned long n = kills && *kills ? strtoul(kills, NULL, 0) : 600;
        uint64_t limit = base_clock_ns() +
                         (kills && *kills ? UINT64_C(86400) : 12) * UINT64_C(1000000000);
        unsigned round = 0;

        seed = draw && *draw ? strtoull(draw, NULL, 0) : 1;
        storm_create();
        daemon_start(&storm_daemon, &(struct daemon_options){ .quiet = true });
        tool = daemon_connect(&storm_daemon);
        create_vm(storm->token);
        {
                struct vgic_conn *conn = daemon_connect(&storm_daemon);

                if (vgic_vm_attach(conn, "storm", VGIC_ROLE_OBSERVER, &vm) < 0)
                        tap_bail("observer: %s", vgic_conn_error(conn));
        }
        for (unsigned role = 0; role < TOOL; role++) {
                spawn(role, random_below(UINT32_MAX));
                if (!wait_for(&storm->ready[role], 1))
                        tap_bail("role %u does not start", role);
        }
        for (; round < n && base_clock_ns() < limit && !n_lost && !n_doubled && !n_stuck; round++)
                one_death(round);
        for (unsigned role = 0; role < TOOL; role++)
                end_of(role, false);
        tap_note("killed: VMM %lu, device %lu, vgicctl %lu; %lu single steps; %lu acknowledged and "
                 "not written down",
                 n_deaths[VICTIM_VMM], n_deaths[DEVICE], n_deaths[TOOL], n_steps, n_unrecorded);
        tap_note("a vCPU was in the middle of an acknowledge %lu times, of another operation %lu "
                 "times", n_in_ack, n_in_other);
        tap_note("delivered %lu", (unsigned long)storm->n_delivered);
        tap_eq(n_lost, 0, "after %u deaths: no interrupt was lost", round);
        tap_eq(n_doubled, 0, "none was delivered twice");
        tap_eq(n_stuck, 0, "none stays active, no device waits for an end of interrupt");
        tap_ok(storm->n_delivered > round, "interrupts were delivered all the time");
        tap_ok(daemon_alive(&storm_daemon), "the daemon serves on");
        tap_eq(daemon_stop(&storm_daemon), 0, "the daemon stops in order");
        return tap_done();
}
