/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A hostile neighbour: what one user can do to another's requests and device interrupts
 *
 * usage: neighbour [SAMPLES [ATTACK...]]
 *
 * A user measures how long a request takes, and how long a device's interrupt takes to a vCPU that
 * waits for it: first alone, then under each attack by another user (attacks.h), then under all of
 * them, or under those that are named ("all" is one). Prints the median and the 99th percentile of
 * each. Ends with 1 if one of the latter is beyond
 * 3 x its idle value + 1 ms. The daemon has a real-time priority, and the victim a higher one: what
 * is measured is the daemon, not who else has a processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "as-user.h"
#include "attacks.h"
#include "base-clock.h"
#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic-private.h"

#define VICTIM     12345u
#define ATTACKER   12346u
#define SPI        40u
#define LARGEST    4096u
#define LARGE       512u        /* so that all attacks at once find descriptors */
#define MOST_CONNECTIONS  4000u /* of 4096 that one user may have */
#define MOST_ATTACKS 64u
#define SETTLE_MS  2000         /* all attacks are under way */

/* --- the attackers --- */

/* No real-time priority, all descriptors that it may have, another user. */
static void become_attacker(void)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
        if (setgid(ATTACKER) < 0 || setuid(ATTACKER) < 0)
                _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* What one attack takes from another may end it: it begins again. */
static void attack_again_and_again(void)
{
        for (;;) {
                pid_t pid = fork();

                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        return;
                }
                waitpid(pid, NULL, 0);
        }
}

/* @among: others attack, too. */
static pid_t begin(const struct daemon_proc *proc, const struct attack *attack, bool among)
{
        struct attack_share share = {
                .n_connections = among ? MOST_CONNECTIONS / (unsigned)n_attacks : MOST_CONNECTIONS,
                .n_vcpus = among ? LARGE : LARGEST,
        };
        int ready[2];
        pid_t pid;

        if (pipe2(ready, O_CLOEXEC) < 0)
                tap_bail("no pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                share.ready_fd = ready[1]; /* ready[0] stays open: nobody may listen by then */
                become_attacker();
                if (among)
                        attack_again_and_again();
                attack->run(proc, &share);
                _exit(1);
        }
        close(ready[1]);
        if (!among && !daemon_wait_readable(ready[0]))
                printf("the attack %s is not under way yet\n", attack->name);
        close(ready[0]);
        return pid;
}

/* Return: it had not ended by itself. */
static bool end(pid_t pid)
{
        bool ran = waitpid(pid, NULL, WNOHANG) == 0;

        kill(pid, SIGKILL);
        if (ran)
                waitpid(pid, NULL, 0);
        return ran;
}

/* --- the victim --- */

struct victim {
        struct vgic_conn *conn, *device_conn;
        struct vgic_vm *vm, *device;
        struct vgic_vcpu *vcpu;
};

struct times {
        uint64_t median, late;          /* ns; late: the 99th percentile */
};

static int by_value(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static struct times judge(uint64_t *samples, unsigned n)
{
        qsort(samples, n, sizeof(*samples), by_value);
        return (struct times){ samples[n / 2], samples[n - 1 - n / 100] };
}

static uint64_t ask(struct victim *victim)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t start = base_clock_ns();

        if (vgic_vm_query(victim->conn, "victim", &info) < 0)
                tap_bail("the victim is not served: %s", vgic_conn_error(victim->conn));
        return base_clock_ns() - start;
}

static uint64_t interrupt(struct victim *victim)
{
        uint64_t start = base_clock_ns();
        uint32_t intid;

        if (vgic_spi_pulse(victim->device, SPI) < 0)
                tap_bail("the device: %s", vgic_conn_error(victim->device_conn));
        if (vgic_vcpu_park(victim->vcpu, start + DAEMON_WAIT_MS * UINT64_C(1000000), NULL, 0) <= 0)
                tap_bail("the interrupt does not come");
        start = base_clock_ns() - start;
        intid = vgic_vcpu_ack(victim->vcpu, 1);
        vgic_vcpu_eoi(victim->vcpu, 1, intid);
        return start;
}

static struct times measure(struct victim *victim, uint64_t (*once)(struct victim *victim),
                            unsigned n)
{
        uint64_t *samples = calloc(n, sizeof(*samples));
        struct times times;

        if (!samples)
                tap_bail("out of memory");
        for (unsigned i = 0; i < n; i++) {
                poll(NULL, 0, 1);
                samples[i] = once(victim);
        }
        times = judge(samples, n);
        free(samples);
        return times;
}

static struct victim set_up(const struct daemon_proc *proc)
{
        const uint32_t intid = SPI;
        struct victim victim = { .conn = as_user_connect(proc, VICTIM),
                                 .device_conn = as_user_connect(proc, VICTIM) };
        char token[VGIC_TOKEN_MAX + 1];

        victim.vm = daemon_vm(victim.conn, "victim", 1, 64, 0);
        guest_open_distributor(victim.vm);
        guest_open_spis(victim.vm, 64);
        guest_make_spis_edge(victim.vm, 64);
        victim.vcpu = guest_boot_vcpu(victim.vm, 0, 0);
        if (vgic_grant(victim.vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(victim.device_conn, "victim", token, &victim.device) < 0)
                tap_bail("the victim's device: %s", vgic_conn_error(victim.device_conn));
        return victim;
}

/* --- all --- */

/* Where that is not allowed, what is measured is also who else has a processor. */
static void come_first(pid_t pid, int priority)
{
        const struct sched_param first = { .sched_priority = priority };

        if (sched_setscheduler(pid, SCHED_FIFO, &first) < 0)
                printf("no real-time priority (%s): the figures are of a busy machine\n",
                       strerror(errno));
}

static bool is_held(struct times idle, struct times now)
{
        return now.late <= 3 * idle.late + 1000000;
}

static bool print(const char *name, struct times request, struct times device, bool held)
{
        printf("%-8s request %8.3f %8.3f ms, device interrupt %8.3f %8.3f ms%s\n", name,
               (double)request.median / 1e6, (double)request.late / 1e6,
               (double)device.median / 1e6, (double)device.late / 1e6, held ? "" : "  TOO LATE");
        fflush(stdout);
        return held;
}

static bool try_under(struct victim *victim, const char *name, unsigned n, struct times request,
                      struct times device)
{
        struct times request_now = measure(victim, ask, n);
        struct times device_now = measure(victim, interrupt, n);

        return print(name, request_now, device_now,
                     is_held(request, request_now) && is_held(device, device_now));
}

/* Alone. Return: the victim's times are held. */
static bool try_one(struct victim *victim, const struct daemon_proc *proc, size_t i, unsigned n,
                    struct times request, struct times device)
{
        pid_t pid = begin(proc, &attacks[i], false);
        bool held = try_under(victim, attacks[i].name, n, request, device);

        if (!end(pid))
                tap_bail("the attack %s ended by itself", attacks[i].name);
        return held;
}

/* The same of all at once. */
static bool try_all(struct victim *victim, const struct daemon_proc *proc, unsigned n,
                    struct times request, struct times device)
{
        pid_t pids[MOST_ATTACKS];
        bool held;

        for (size_t i = 0; i < n_attacks; i++)
                pids[i] = begin(proc, &attacks[i], true);
        poll(NULL, 0, SETTLE_MS);
        held = try_under(victim, "all", n, request, device);
        for (size_t i = 0; i < n_attacks; i++)
                end(pids[i]);
        return held;
}

static bool is_asked_for(const char *name, char **names)
{
        bool is_named = !*names;

        for (; *names; names++)
                is_named |= strcmp(*names, name) == 0;
        return is_named;
}

int main(int argc, char **argv)
{
        unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
        char **names = argc > 1 ? argv + 2 : argv + 1;
        struct times request, device;
        struct daemon_proc proc;
        struct victim victim;
        int log_fds[2];
        bool held = true;

        as_user_need_root();
        if (n < 100 || n_attacks > MOST_ATTACKS || pipe2(log_fds, O_CLOEXEC) < 0)
                tap_bail("usage: neighbour [SAMPLES, 100 and more [ATTACK...]]");
        /* nobody reads the log */
        daemon_start(&proc, &(struct daemon_options){ .log_fd = log_fds[1] });
        come_first(proc.pid, 1);
        come_first(0, 2);
        as_user_open_socket(&proc);
        victim = set_up(&proc);
        printf("median and 99th percentile of %u\n", n);
        request = measure(&victim, ask, n);
        device = measure(&victim, interrupt, n);
        print("idle", request, device, true);
        for (size_t i = 0; i < n_attacks; i++)
                if (is_asked_for(attacks[i].name, names))
                        held &= try_one(&victim, &proc, i, n, request, device);
        if (is_asked_for("all", names))
                held &= try_all(&victim, &proc, n, request, device);
        daemon_stop(&proc);
        printf("3 x idle + 1 ms: %s\n", held ? "held" : "not held");
        return held ? 0 : 1;
}
