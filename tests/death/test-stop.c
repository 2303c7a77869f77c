/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * SIGSTOP: a process of the product as it is, without hooks, is single-stepped into an operation,
 * stopped after each instruction of it, and goes on later, or never does (tests/death/README)
 *
 * While it is stopped others do the same: inject the same interrupt, open the same gate. vCPU 1,
 * which sleeps in another process, hears of it and takes it; also with nobody beside, what a vCPU
 * had whose gate the stopped one has closed. Then the stopped one goes on, or is killed and
 * repaired; what it had begun is done or not, nothing is lost, and the laws hold.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "laws.h"
#include "rig.h"
#include "shm-owner.h"
#include "shm-repair.h"

/* MINE goes to vCPU 0, which is of the process that is stopped; the others to vCPU 1. */
enum { SGI = 5, MINE = 40, EDGE = 41, LEVEL = 42, ANY = 43, N_VCPUS = 2 };

/* Shared by both processes, outside of the segment. */
static struct page {
        _Atomic uint32_t begun, finished;
        _Atomic uint32_t rings[N_VCPUS];
        uint32_t acknowledged;          /* by the one that is stopped */
} *page;

static struct rig rig;
static struct laws *laws;
static uint8_t *pristine;
static unsigned long n_stops;

static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        atomic_fetch_add(&page->rings[vcpu], 1);
}

#ifdef SHM_ATOMIC_HOOKS /* check-mutants.sh has these objects */
void shm_hook(const struct shm_hook_event *event)
{
        (void)event;
}
#endif

/* --- operations --- */

static void pulse_edge(void)   { pulse(&rig, EDGE); }
static void raise_level(void)  { high(&rig, LEVEL); }
static void raise_too(void)    { shm_line_set(&rig.gic, 0, LEVEL, GIC_WIRE_FIRST_GRANT, true); }
static void pend(void)         { set_bit(&rig, 0, ISPENDR, EDGE); }
static void setspi(void)       { gicd(&rig, 0x40, EDGE); }
static void sgi_by(uint32_t v) { msr(&rig, v, ICC_SGI1R, 2 | (uint64_t)SGI << 24); }
static void send_sgi(void)     { sgi_by(0); }
static void send_it_too(void)  { sgi_by(1); }
static void pulse_any(void)    { pulse(&rig, ANY); }
static void disabled(void)     { set_bit(&rig, 0, ICENABLER, EDGE); pulse_edge(); }
static void enable_it(void)    { enable(&rig, 0, EDGE); }
static void elsewhere(void)    { route(&rig, EDGE, 0x77); pulse_edge(); }
static void route_it(void)     { route(&rig, EDGE, 1); }
static void closed(void)       { gicd(&rig, 0, 0); pulse_edge(); }
static void open_it(void)      { gicd(&rig, 0, 3); }
static void masked(void)       { set_priority(&rig, 0, EDGE, 0xf8); pulse_edge(); }
static void unmask(void)       { set_priority(&rig, 0, EDGE, 0xa0); }
static void mine(void)         { pulse(&rig, MINE); }
static void take_mine(void)    { page->acknowledged = ack(&rig, 0); }
static void hold_mine(void)    { mine(); ack(&rig, 0); }
static void end_mine(void)     { eoi(&rig, 0, MINE); }
static void reset_mine(void)   { shm_reset_vcpu(&rig.gic, 0); }
static void dpg(uint32_t v, uint32_t bits) { shm_gicr_write(&rig.gic, v * GICR_STRIDE, 4, bits); }
static void sleep_0(void)      { waker(&rig, 0, 2); }
static void nothing(void)      { }

/* vCPU 0 is chosen, and then vCPU 1 is eligible, too. */
static void any_at_0(void)
{
        dpg(1, 3u << 24);
        dpg(0, 0);
        pulse_any();
        dpg(1, 0);
}

static const struct act {
        const char *name;
        void (*prepare)(void);
        void (*act)(void);
        void (*beside)(void);
        uint32_t intid;         /* that vCPU 1 has to take then */
} acts[] = {
        { "an edge is injected", NULL, pulse_edge, pulse_edge, EDGE },
        { "an edge is injected by GICD_ISPENDR", NULL, pend, pulse_edge, EDGE },
        { "an edge is injected by GICD_SETSPI_NSR", NULL, setspi, pend, EDGE },
        { "a level is raised", NULL, raise_level, raise_too, LEVEL },
        { "a 1-of-N edge is injected", NULL, pulse_any, pulse_any, ANY },
        { "an SGI is sent", NULL, send_sgi, send_it_too, SGI },
        { "GICD_ISENABLER", disabled, enable_it, enable_it, EDGE },
        { "GICD_IROUTER", elsewhere, route_it, route_it, EDGE },
        { "GICD_CTLR", closed, open_it, open_it, EDGE },
        { "GICD_IPRIORITYR", masked, unmask, unmask, EDGE },
        { "an acknowledge", mine, take_mine, pulse_edge, EDGE },
        { "an EOI", hold_mine, end_mine, pulse_edge, EDGE },
        { "its own reset", hold_mine, reset_mine, pulse_edge, EDGE },
        { "GICR_WAKER, with a 1-of-N edge", any_at_0, sleep_0, nothing, ANY },
};

/* --- the world --- */

static void create(void)
{
        rig_create(&rig, N_VCPUS, 32, 5);
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pristine = malloc(rig.gic.bytes);
        if (page == MAP_FAILED || !pristine)
                tap_bail("no memory");
        rig.gic.ring = ring;
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_vcpu_own(&rig.gic, v, 1 + v, 100 + v);
        rig_boot(&rig);
        for (uint32_t intid = MINE; intid <= ANY; intid++) {
                set_edge(&rig, 0, intid, intid != LEVEL);
                enable(&rig, 0, intid);
                route(&rig, intid, intid == MINE ? 0 : 1);
        }
        route(&rig, ANY, UINT64_C(1) << 31);
        waker(&rig, 0, 0);
        shm_gicr_write(&rig.gic, 0, 4, 3u << 24); /* GICR_CTLR.DPG: 1-of-N goes to vCPU 1 */
        enable(&rig, 1, SGI);
        shm_tdir_set_interest(&rig.gic, 1);
        shm_tdir_try_clear(&rig.gic);
        memcpy(pristine, rig.gic.header, rig.gic.bytes);
        laws = laws_create(&rig.gic);
}

static void begin(const struct act *a)
{
        memcpy(rig.gic.header, pristine, rig.gic.bytes);
        *page = (struct page) { .acknowledged = NONE };
        if (a->prepare)
                a->prepare();
        if (shm_park_begin(&rig.gic, 1, SHM_PARK_PARKED))
                tap_bail("%s: vCPU 1 cannot sleep", a->name);
        memset((void *)page->rings, 0, sizeof page->rings);
}

/* --- the one that is stopped --- */

static pid_t start(const struct act *a)
{
        int status;
        pid_t pid = fork();

        if (pid < 0)
                tap_bail("fork");
        if (pid == 0) {
                if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
                        _exit(3);
                raise(SIGSTOP);
                atomic_store(&page->begun, 1);
                a->act();
                atomic_store(&page->finished, 1);
                _exit(0);
        }
        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
                tap_skip("no ptrace here");
        return pid;
}

/* One instruction. Return: false if it is through. */
static bool step(pid_t pid)
{
        int status;

        if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid)
                tap_skip("no single steps here");
        if (!WIFSTOPPED(status))
                tap_bail("the process ended instead of stopping: 0x%x", status);
        return !atomic_load(&page->finished);
}

/* Return: how many were done. */
static unsigned step_into(pid_t pid, unsigned n)
{
        unsigned done = 0;

        while (!atomic_load(&page->begun))
                step(pid);
        while (done < n && step(pid))
                done++;
        return done;
}

static void stop(pid_t pid)
{
        int status;

        if (ptrace(PTRACE_DETACH, pid, 0, SIGSTOP) < 0 || waitpid(pid, &status, WUNTRACED) != pid ||
            !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
                tap_bail("it does not stop");
        n_stops++;
}

static void finish(pid_t pid, bool dies)
{
        int status;

        kill(pid, dies ? SIGKILL : SIGCONT);
        if (waitpid(pid, &status, 0) != pid || WIFSIGNALED(status) != dies)
                tap_bail("it ended with 0x%x", status);
        if (!dies)
                return;
        shm_cpuif_set(&rig.gic, 0, SHM_CPUIF_ABSENT_SHIFT, 1, 1); /* as the daemon does */
        shm_vcpu_release(&rig.gic, 0);
        shm_vcpu_repair(&rig.gic, 0);
        shm_repair_words(&rig.gic);
}

/* --- judging --- */

/* vCPU 1 wakes, has its device lower the line, and ends what it took. */
static uint32_t take(void)
{
        uint32_t intid;

        shm_park_end(&rig.gic, 1);
        intid = ack(&rig, 1);
        if (intid == NONE)
                return NONE;
        for (unsigned wire = 0; intid == LEVEL && wire < GIC_N_WIRES; wire++)
                shm_line_set(&rig.gic, 0, LEVEL, wire, false);
        eoi(&rig, 1, intid);
        return intid;
}

static const char *judge_beside(const struct act *a)
{
        if (!shm_tdir_get(&rig.gic, NULL, NULL) && a->intid != SGI)
                return "TDIR is clear";
        if (a->act == sleep_0 && !(rig.gic.vcpus[0].cpuif & SHM_CPUIF_ASLEEP))
                return NULL; /* vCPU 0 takes it still */
        if (!atomic_load(&page->rings[1]))
                return "vCPU 1 was not rung";
        return take() == a->intid ? NULL : "vCPU 1 does not find it";
}

/* What the stopped one was about to send comes or not, once; nothing of another comes. */
static const char *judge_end(const struct act *a, bool dies)
{
        uint32_t first = take(), second = take();
        uint64_t w = shm_word_load(shm_gic_word(&rig.gic, 0, MINE));
        bool was_pending = a->prepare == mine;

        if (second != NONE || (first != NONE && first != a->intid))
                return "something came twice";
        if (was_pending && !dies && page->acknowledged != MINE)
                return "it was not acknowledged";
        if (was_pending && dies && !(w & GIC_WORD_ACTIVE) && !gic_word_pending(w))
                return "what was to be acknowledged is lost";
        if (a->act == end_mine && (w & GIC_WORD_ACTIVE) && !dies)
                return "it stays active";
        shm_park_begin(&rig.gic, 1, SHM_PARK_PARKED);
        laws_judge_quiet(laws, &rig.gic);
        return laws_hold(laws) ? NULL : "a law is broken";
}

static const char *try(const struct act *a, unsigned n, bool dies)
{
        const char *broken;
        pid_t pid;

        begin(a);
        pid = start(a);
        step_into(pid, n);
        stop(pid);
        a->beside();
        broken = judge_beside(a);
        shm_park_begin(&rig.gic, 1, SHM_PARK_PARKED);
        finish(pid, dies);
        return broken ? broken : judge_end(a, dies);
}

static unsigned count(const struct act *a)
{
        unsigned n;
        pid_t pid;

        begin(a);
        pid = start(a);
        n = step_into(pid, UINT32_MAX);
        stop(pid);
        finish(pid, false);
        return n;
}

/* After every instruction, and each twice: STOPS=all. Else some of them, drawn by SEED. */
static bool is_all;
static unsigned seed;
enum { N_POINTS = 30, N_STEPS = 100000 };

static void stop_at_each_instruction(const struct act *a)
{
        unsigned n = count(a), wrong = 0, points = 1 + N_STEPS / (n + 1);
        unsigned pace = is_all ? 1 : 1 + n / (points < N_POINTS ? points : N_POINTS);

        for (unsigned i = seed % (2 * pace); i <= 2 * n + 1; i += is_all ? 1 : 2 * pace - 1) {
                const char *broken = try(a, i / 2, i % 2);

                wrong += broken != NULL;
                if (broken && wrong <= 4)
                        tap_note("%s, stopped after %u of %u instructions, %s: %s", a->name, i / 2,
                                 n, i % 2 ? "killed" : "continued", broken);
        }
        tap_eq(wrong, 0, "%s: stopped between %u instructions, others come through", a->name, n);
}

int main(void)
{
        const char *stops = getenv("STOPS"), *draw = getenv("SEED");

        is_all = stops && !strcmp(stops, "all");
        seed = draw && *draw ? (unsigned)strtoul(draw, NULL, 0) : 1;
        create();
        for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
                stop_at_each_instruction(&acts[i]);
        tap_note("%lu times SIGSTOP", n_stops);
        return tap_done();
}
