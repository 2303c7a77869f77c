/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Segments and rings that are scribbled in tight loops, while the daemon is asked everything about
 * their VM, its sessions are killed and it is saved and restored;
 * and another VM that must not notice
 *
 * VGIC_TEST_SEED sets the seed, VGIC_HOSTILE_SECONDS how long each
 * shape of VM is worked on (else by count).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-fd.h"
#include "ports.h"
#include "scribble.h"
#include "tap.h"
#include "vgic/vgic.h"
#include "victim.h"

#define PREY          "prey"
#define N_SCRIBBLERS  2u
#define N_ASKS         800u     /* of each shape */
#define ROUNDS        5u        /* of the victim, each time that it is looked at */
#define SANITIZER_EXIT  99

struct shape {
        const char *what;
        bool has_ports;   /* its vCPUs are list-register ports, in guest while they are scribbled */
        struct vgic_vm_config config;
};

#define SHAPE(...) { .size = sizeof(struct vgic_vm_config), .name = PREY, __VA_ARGS__ }
static const struct shape shapes[] = {
        { "4 vCPUs, all kinds of interrupts", false,
          SHAPE(.n_vcpus = 4, .n_spis = 64, .n_espis = 32, .n_eppis = 32) },
        { "4 list-register ports", true,
          SHAPE(.n_vcpus = 4, .n_spis = 64, .n_espis = 32, .n_eppis = 32) },
        { "200 vCPUs, all interrupts", false,
          SHAPE(.n_vcpus = 200, .n_spis = 988, .n_espis = 1024, .n_eppis = 64) },
        { "a mirror", false, SHAPE(.n_vcpus = 4, .n_spis = 32, .flags = VGIC_VM_MIRROR) },
};

struct hunt {
        const struct daemon_proc *proc;
        const struct shape *shape;
        struct vgic_conn *tool;
        uint64_t seed;
        uint64_t n_answers;
        uint64_t n_lost;                /* calls that got no answer */
        uint64_t n_deaths, n_saves, n_bad_exits;
        char image[80];
};

static uint32_t below(struct hunt *h, uint32_t n)
{
        return (uint32_t)(scribble_draw(&h->seed) >> 20) % n;
}

static uint32_t any_intid(struct hunt *h)
{
        static const uint32_t edges[] = { 0, 15, 16, 31, 32, 95, 1019, 1020, 1056, 1119, 4096, 5119,
                                          5120, UINT32_MAX };

        return below(h, 3) ? 16 + below(h, 80) : edges[below(h, sizeof(edges) / sizeof(edges[0]))];
}

/* Any answer is right, as long as it is one. */
static void answered(struct hunt *h, int r)
{
        if (r == -ENOTCONN || r == -ETIMEDOUT || r == -EPROTO) {
                tap_note("no answer: %d %s", r, vgic_conn_error(h->tool));
                h->n_lost++;
        } else {
                h->n_answers++;
        }
}

/* --- messages --- */

static void ask_inject(struct hunt *h)
{
        answered(h, vgic_msg_inject(h->tool, PREY, below(h, 5), any_intid(h), 1 + below(h, 3)));
}

static void ask_reads(struct hunt *h)
{
        struct vgic_icc_ctlr ctlr;
        struct vgic_tdir tdir;
        uint64_t value;

        answered(h, vgic_msg_icc_ctlr(h->tool, PREY, below(h, 5), &ctlr));
        answered(h, vgic_msg_tdir(h->tool, PREY, &tdir));
        answered(h, vgic_msg_mirror_read(h->tool, PREY, below(h, 5), VGIC_ICC_PMR_EL1,
                                         1 + below(h, 2), &value));
}

static void ask_irqs(struct hunt *h)
{
        static struct vgic_irq_state states[2200];

        answered(h, vgic_msg_irqs(h->tool, PREY, below(h, 5), 0, states,
                                  sizeof(states) / sizeof(states[0])));
}

static void ask_list(struct hunt *h)
{
        struct vgic_vm_info info = { .size = sizeof(info) }, *infos = NULL;
        size_t n;

        answered(h, vgic_vm_query(h->tool, PREY, &info));
        answered(h, vgic_vm_list(h->tool, &infos, &n));
        free(infos);
}

static void ask_reset(struct hunt *h)
{
        answered(h, vgic_msg_reset(h->tool, PREY, below(h, 5), 1 + below(h, 4)));
}

/* Registers of every group, of which many exist. */
static void ask_attr(struct hunt *h)
{
        static const uint32_t dist[] = { 0x0, 0x4, 0x8, 0xc, 0x10, 0x84, 0x104, 0x184, 0x204, 0x284,
                                         0x304, 0x384, 0x420, 0xc08, 0x6100, 0x6104, 0x1000, 0x1200,
                                         0x8000 };
        static const uint32_t redist[] = { 0x0, 0x4, 0x8, 0xc, 0x10, 0x14, 0x10080, 0x10100,
                                           0x10180, 0x10200, 0x10280, 0x10300, 0x10380, 0x10400,
                                           0x10c00 };
        static const uint32_t sysregs[] = { VGIC_ICC_CTLR_EL1, VGIC_ICC_PMR_EL1,
                                            VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_BPR1_EL1,
                                            VGIC_SYSREG(3u, 0u, 12u, 8u, 4u),
                                            VGIC_SYSREG(3u, 0u, 12u, 9u, 0u),
                                            VGIC_SYSREG(3u, 0u, 12u, 9u, 1u) };
        uint32_t group = below(h, 8);
        uint64_t attr = below(h, 64), mpidr = (uint64_t)below(h, 5) << 32,
                 value = scribble_draw(&h->seed);

        if (group == VGIC_ATTR_DIST_REGS)
                attr = dist[below(h, sizeof(dist) / sizeof(dist[0]))];
        else if (group == VGIC_ATTR_REDIST_REGS)
                attr = mpidr | redist[below(h, sizeof(redist) / sizeof(redist[0]))];
        else if (group == VGIC_ATTR_CPU_SYSREGS)
                attr = mpidr | sysregs[below(h, sizeof(sysregs) / sizeof(sysregs[0]))];
        else if (group == VGIC_ATTR_LEVEL_INFO)
                attr = mpidr | 32u * below(h, 4);
        answered(h, vgic_msg_attr_has(h->tool, PREY, group, attr));
        answered(h, vgic_msg_attr_get(h->tool, PREY, group, attr, &value));
        answered(h, vgic_msg_attr_set(h->tool, PREY, group, attr, (uint32_t)value));
}

/* --- processes that come and die --- */

static void work_until_killed(struct vgic_vm *vm, struct vgic_vcpu **vcpus, unsigned n)
{
        for (;;)
                for (unsigned i = 0; i < n; i++) {
                        vgic_spi_pulse(vm, 40);
                        vgic_vcpu_eoi(vcpus[i], 1, vgic_vcpu_ack(vcpus[i], 1));
                        vgic_vcpu_park_begin(vcpus[i]);
                        vgic_vcpu_park_end(vcpus[i]);
                }
}

/*
 * A VMM that registers, subscribes, watches and grants, and works on the scribbled segment; @ready
 * is closed once it does.
 */
static void be_vmm(const struct hunt *h, int ready)
{
        static const uint32_t intids[] = { 33, 34, 35 };
        struct vgic_conn *conn = daemon_connect(h->proc);
        struct vgic_vcpu *vcpus[4];
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vm *vm;
        unsigned n = 0;

        if (vgic_vm_attach(conn, PREY, VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        for (unsigned i = 0; i < 4; i++)
                if (vgic_vcpu_register(vm, i, NULL, &vcpus[n]) == 0)
                        vgic_tdir_subscribe(vcpus[n++], base_fd_eventfd());
        vgic_tdir_watch(vm);
        if (vgic_grant(vm, "short", intids, 3, token) == 0)
                vgic_revoke(vm, "short");
        close(ready);
        work_until_killed(vm, vcpus, n);
}

static void close_ready(void *arg)
{
        close(*(int *)arg);
}

static void ask_death(struct hunt *h)
{
        int ready[2];
        char c;
        pid_t pid;

        if (pipe(ready) < 0)
                tap_bail("pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[0]);
                if (h->shape->has_ports)
                        ports_be(h->proc, PREY, 2, 2, scribble_draw(&h->seed) ^ h->n_deaths, NULL,
                                 close_ready, &ready[1]);
                be_vmm(h, ready[1]);
        }
        close(ready[1]);
        (void)!read(ready[0], &c, 1);
        close(ready[0]);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        h->n_deaths++;
}

/* --- tools that read the segment themselves --- */

/* Any outcome that vgicctl documents is right; a signal, or a sanitizer's word, is not. */
static void run_tool(struct hunt *h, const char *const *arguments)
{
        const char *build = getenv("top_builddir"),
                *argv[12] = { "vgicctl", "--socket", h->proc->socket };
        char program[512];
        int n = 3, status = 0, null;
        pid_t pid;

        snprintf(program, sizeof(program), "%s/cli/vgicctl", build ? build : ".");
        while (n < 11 && *arguments)
                argv[n++] = *arguments++;
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                null = open("/dev/null", O_WRONLY);
                dup2(null, STDOUT_FILENO);
                dup2(null, STDERR_FILENO);
                execv(program, (char **)argv);
                _exit(127);
        }
        waitpid(pid, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) >= SANITIZER_EXIT) {
                tap_note("vgicctl %s: status %#x", argv[3], (unsigned)status);
                h->n_bad_exits++;
        }
}

static void ask_snapshot(struct hunt *h)
{
        const char *const save[] = { "save", PREY, h->image, NULL };
        const char *const restore[] = { "restore", "copy", h->image, "--repair", "--lower-devices",
                                        NULL };
        const char *const onto[] = { "restore", PREY, h->image, "--repair", "--lower-devices",
                                     NULL };
        const char *const show[] = { "show", PREY, NULL };

        run_tool(h, save);
        run_tool(h, restore);
        run_tool(h, onto);
        run_tool(h, show);
        vgic_vm_destroy(h->tool, "copy");
        h->n_saves++;
}

static void ask_anything(struct hunt *h)
{
        static void (*const asks[])(struct hunt *h) = { ask_inject, ask_reads, ask_irqs, ask_list,
                                                        ask_reset, ask_attr, ask_attr };
        uint32_t which = below(h, 200);

        if (which == 0)
                ask_snapshot(h);
        else if (which < (h->shape->has_ports ? 12 : 4))
                ask_death(h);
        else
                asks[which % (sizeof(asks) / sizeof(asks[0]))](h);
}

/* --- the hunt --- */

static uint64_t seconds(void)
{
        const char *text = getenv("VGIC_HOSTILE_SECONDS");

        return text ? strtoull(text, NULL, 10) : 0;
}

static void ask_for_a_while(struct hunt *h, const struct victim *victim)
{
        uint64_t end = base_clock_ns() +
                       seconds() * UINT64_C(1000000000) / (sizeof(shapes) / sizeof(shapes[0]));
        bool serves = true;

        for (unsigned i = 0; serves && h->n_lost == 0 && (i < N_ASKS || base_clock_ns() < end);
             i++) {
                ask_anything(h);
                if (i % (N_ASKS / 4) == 0)
                        serves = victim_serves(victim, ROUNDS);
        }
        tap_ok(serves, "%s: the other VM is served while it is scribbled", h->shape->what);
}

static void report(const struct hunt *h)
{
        tap_ok(h->n_lost == 0, "%s: every request is answered: %" PRIu64, h->shape->what,
               h->n_answers);
        tap_ok(h->n_bad_exits == 0,
               "%s: saved and restored %" PRIu64 " times, killed %" PRIu64
               " times: no tool crashes",
               h->shape->what, h->n_saves, h->n_deaths);
}

static void scribbled_segment_hurts_no_other_vm(const struct daemon_proc *proc,
                                                const struct shape *shape,
                                                const struct victim *victim, uint64_t seed)
{
        struct hunt h = { .proc = proc, .shape = shape, .seed = seed,
                          .tool = daemon_connect(proc) };
        struct vgic_conn *maker = daemon_connect(proc);
        pid_t scribblers[N_SCRIBBLERS + 1];
        static const uint32_t intids[] = { 40, 41, 42, 43 };
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vm *vm = NULL;
        struct ports ports = { 0 };
        unsigned n = 0;

        snprintf(h.image, sizeof(h.image), "%s/image", proc->folder);
        if (vgic_vm_create(maker, &shape->config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("%s: %s", shape->what, vgic_conn_error(maker));
        if (!(shape->config.flags & VGIC_VM_MIRROR) && vgic_grant(vm, "bad", intids, 4, token) == 0)
                scribblers[n++] = scribble_ring(proc, PREY, token, seed + 100);
        for (unsigned i = 0; i < N_SCRIBBLERS; i++)
                scribblers[n++] = scribble_vm(proc, PREY, seed + i + 1);
        if (shape->has_ports)
                ports_start(&ports, proc, PREY, 0, 2, seed + 200);
        for (unsigned i = 0; i < n; i++)
                scribble_go(scribblers[i]);
        ask_for_a_while(&h, victim);
        if (shape->has_ports) {
                tap_ok(ports_turn(&ports, 100), "%s: entries and exits come back from it",
                       shape->what);
                tap_ok(ports_stop(&ports), "%s: and nothing crashes", shape->what);
        }
        for (unsigned i = 0; i < n; i++) {
                tap_ok(scribble_is_alive(scribblers[i]), "%s: scribbler %u scribbles", shape->what,
                       i);
                scribble_stop(scribblers[i]);
        }
        report(&h);
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(h.tool, PREY), 0, "%s: it can be destroyed", shape->what);
        vgic_disconnect(maker);
        vgic_disconnect(h.tool);
        unlink(h.image);
}

int main(void)
{
        static const char *const arguments[] = { "--tdir-lag", "1", NULL };
        const char *text = getenv("VGIC_TEST_SEED"), *asan = getenv("ASAN_OPTIONS");
        uint64_t seed = text ? strtoull(text, NULL, 0) : 20261121;
        struct daemon_proc proc;
        struct victim victim;
        char options[256];

        snprintf(options, sizeof(options), "%s:exitcode=%d", asan ? asan : "", SANITIZER_EXIT);
        setenv("ASAN_OPTIONS", options, 1);
        tap_note("VGIC_TEST_SEED=%" PRIu64, seed);
        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments, .quiet = true });
        victim_start(&victim, &proc, 0);
        for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
                scribbled_segment_hurts_no_other_vm(&proc, &shapes[i], &victim, seed + 1000 * i);
        victim_stop(&victim);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
