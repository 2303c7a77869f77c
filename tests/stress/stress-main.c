/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * stress [--threads|--processes] [--steps N] [--seed N] [--vcpus N] [--devices N] [--mix N]
 * [--list-registers N] [--verbose]
 *
 * Runs rounds until N operations were done (0: only as many as a check takes). Speaks TAP; prints
 * the seed, and with a violation the words and their history.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "shm-owner.h"
#include "stress.h"

#if defined __SANITIZE_THREAD__
#define IS_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define IS_TSAN 1
#endif
#endif
#ifndef IS_TSAN
#define IS_TSAN 0
#endif

#ifdef SHM_ATOMIC_HOOKS
enum { CHECK_STEPS = IS_TSAN ? 200000 : 1250000 };
#else
enum { CHECK_STEPS = IS_TSAN ? 500000 : 4000000 };
#endif

struct run {
        uint64_t steps;
        int mix;                /* of all rounds; -1: drawn */
        bool verbose;
        union {
                pthread_t thread;
                pid_t pid;
        } parties[MAX_PARTIES];
        uint64_t n_rounds;
};

static double seconds(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void make_party(struct stress *s, uint32_t who, enum role role)
{
        struct party *p = &s->parties[who];

        p->stress = s;
        p->who = who;
        p->role = role;
        p->vcpu = role == ROLE_VCPU ? who : 0;
        p->seed = s->seed * 977 + who * UINT64_C(0x9e3779b97f4a7c15);
        p->rig = s->rig;
        p->order = atomic_load(&s->order);
}

static struct stress *create(uint32_t n_vcpus, uint32_t n_devices, uint64_t seed, bool processes)
{
        struct shm_shape shape = {
                .n_vcpus = n_vcpus, .n_spis = 176, .n_espis = 64, .n_eppis = 32,
                .n_priority_bits = 5,
                .features = SHM_FEATURE_ALL,
        };
        struct stress *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                -1, 0);

        if (s == MAP_FAILED)
                tap_bail("no memory");
        s->n_vcpus = n_vcpus;
        s->n_devices = n_devices;
        s->n_parties = n_vcpus + n_devices + 1;
        s->seed = seed;
        s->processes = processes;
        rig_create_shape(&s->rig, &shape);
        s->rig.gic.ring = party_ring;
        s->rig.gic.raised = NULL;
        s->rig.gic.hook_ctx = s;
        s->laws = laws_create(&s->rig.gic);
        s->laws->tell = log_tell;
        s->laws->ctx = s;
        for (uint32_t v = 0; v < n_vcpus; v++) {
                shm_vcpu_own(&s->rig.gic, v, 1, 1);
                shm_power(&s->rig.gic, v, true);
        }
        for (uint32_t i = 0; i <= s->n_parties; i++)
                make_party(s, i,
                           i < n_vcpus               ? ROLE_VCPU
                           : i < n_vcpus + n_devices ? ROLE_DEVICE
                                                     : ROLE_OUTSIDER);
        return s;
}

/* The child's own mapping of the segment. */
static void run_child(struct stress *s, uint32_t who)
{
        struct party *p = &s->parties[who];
        struct shm_gic gic;

        if (shm_segment_map(s->rig.fd, true, &gic) < 0)
                _exit(2);
        gic.ring = party_ring;
        gic.hook_ctx = s;
        gic.bounded = p->role == ROLE_OUTSIDER;
        p->rig.gic = gic;
        party_run(p);
        _exit(0);
}

static void start(struct stress *s, struct run *run)
{
        for (uint32_t i = 0; i < s->n_parties; i++) {
                if (s->processes) {
                        run->parties[i].pid = fork();
                        if (run->parties[i].pid == 0)
                                run_child(s, i);
                        if (run->parties[i].pid < 0)
                                tap_bail("fork");
                } else if (pthread_create(&run->parties[i].thread, NULL, party_run,
                                          &s->parties[i])) {
                        tap_bail("pthread_create");
                }
        }
}

/* Return: how many ended as they should. */
static uint32_t finish(struct stress *s, struct run *run)
{
        uint32_t n = 0;

        round_end(s);
        for (uint32_t i = 0; i < s->n_parties; i++) {
                int status = 0;

                party_bell(&s->parties[i]);
                if (s->processes)
                        waitpid(run->parties[i].pid, &status, 0);
                else
                        pthread_join(run->parties[i].thread, NULL);
                n += status == 0;
        }
        return n;
}

static uint64_t n_ops(const struct stress *s)
{
        uint64_t n = 0;

        for (uint32_t i = 0; i < s->n_parties; i++)
                n += atomic_load(&s->parties[i].n_ops);
        return n;
}

/* Half of the rounds leave nothing to be excused. */
static uint32_t draw_mix(struct stress *s, const struct run *run)
{
        static const uint32_t mixes[] = {
                0, 0, MIX_GATES, MIX_GATES, MIX_GATES, MIX_RESET, MIX_RESET | MIX_GATES, MIX_MODES,
                MIX_APR | MIX_GATES, MIX_RESET | MIX_TAKE, MIX_RESET | MIX_TAKE,
                        MIX_CLEAR | MIX_GATES, MIX_LOOSE | MIX_GATES, MIX_OFF, MIX_OFF,
                MIX_STILL, MIX_STILL | MIX_ALONE, MIX_FLIP | MIX_ALONE,
        };

        if (run->mix >= 0)
                return (uint32_t)run->mix;
        return mixes[party_below(&s->parties[s->n_parties], sizeof mixes / sizeof mixes[0])];
}

static void run_rounds(struct stress *s, struct run *run)
{
        char text[64];

        if (!round_first(s))
                return;
        while (laws_hold(s->laws) && n_ops(s) < run->steps) {
                uint32_t mix = draw_mix(s, run);

                round_run(s, mix);
                run->n_rounds++;
                if (run->verbose || !laws_hold(s->laws))
                        tap_note("round %llu, %s, %u steps each: %llu operations so far",
                                 (unsigned long long)run->n_rounds, log_mix(mix, text, sizeof text),
                                 s->n_steps, (unsigned long long)n_ops(s));
        }
}

static void show(const struct stress *s, const struct run *run, double time)
{
        uint64_t judged = 0, taken = 0, sleeps = 0, silent = 0;

        for (uint32_t v = 0; v < s->n_vcpus; v++) {
                judged += atomic_load(&s->laws->vcpus[v].n_judged);
                taken += atomic_load(&s->rig.gic.vcpus[v].counters.acknowledged);
                sleeps += atomic_load(&s->parties[v].n_sleeps);
                silent += atomic_load(&s->parties[v].n_timeouts);
        }
        tap_note("%llu operations in %llu rounds, %.1f s, %.0f per second; %llu acknowledges (%llu "
                 "judged by law 1), %llu sleeps (%llu not rung)",
                 (unsigned long long)n_ops(s), (unsigned long long)run->n_rounds, time,
                 (double)n_ops(s) / time, (unsigned long long)taken, (unsigned long long)judged,
                 (unsigned long long)sleeps, (unsigned long long)silent);
        tap_note("%llu disables judged by law 6; a device stood still %llu times",
                 (unsigned long long)atomic_load(&s->n_off),
                 (unsigned long long)atomic_load(&s->n_still));
}

static void usage(void)
{
        fprintf(stderr,
                "usage: stress [--threads|--processes] [--steps N] [--seed N] [--vcpus 1..%d] "
                "[--devices 0..4] [--mix BITS] [--list-registers 0..16|any] [--verbose]\n",
                MAX_VCPUS);
        exit(2);
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "threads", 0, NULL, 't' },
                                                 { "processes", 0, NULL, 'p' },
                                                 { "steps", 1, NULL, 'n' },
                                                 { "seed", 1, NULL, 's' },
                                                 { "vcpus", 1, NULL, 'v' },
                                                 { "devices", 1, NULL, 'd' },
                                                 { "mix", 1, NULL, 'm' },
                                                 { "verbose", 0, NULL, 'V' },
                                                 { "list-registers", 1, NULL, 'l' },
                                                 { NULL, 0, NULL, 0 } };
        struct run run = { .mix = -1 };
        uint32_t n_vcpus = 4, n_devices = 2;
        uint64_t seed = (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
        bool processes = false;
        int list_registers = 0;
        struct stress *s;
        double begin;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (c) {
                case 't': processes = false; break;
                case 'p': processes = true; break;
                case 'n': run.steps = strtoull(optarg, NULL, 0); break;
                case 's': seed = strtoull(optarg, NULL, 0); break;
                case 'v': n_vcpus = (uint32_t)strtoul(optarg, NULL, 0); break;
                case 'd': n_devices = (uint32_t)strtoul(optarg, NULL, 0); break;
                case 'm': run.mix = (int)strtol(optarg, NULL, 0); break;
                case 'l':
                        list_registers = strcmp(optarg, "any") ? (int)strtol(optarg, NULL, 0) : -1;
                        break;
                case 'V': run.verbose = true; break;
                default: usage();
                }
        }
        if (!n_vcpus || n_vcpus > MAX_VCPUS || n_devices > 4 ||
            list_registers > VGIC_MAX_LIST_REGISTERS)
                usage();
        if (processes && IS_TSAN)
                tap_skip("ThreadSanitizer sees one process only");
        if (!run.steps)
                run.steps = CHECK_STEPS;
        tap_note("%u vCPUs, %u devices, an outsider: %s; --seed %llu", n_vcpus, n_devices,
                 processes ? "processes" : "threads", (unsigned long long)seed);
        s = create(n_vcpus, n_devices, seed, processes);
        s->list_registers = list_registers;
        begin = seconds();
        start(s, &run);
        run_rounds(s, &run);
        tap_eq(finish(s, &run), s->n_parties, "every party ended in order");
        tap_eq((int64_t)atomic_load(&s->laws->n_broken), 0, "no law is broken");
        tap_ok(n_ops(s) >= run.steps, "as many operations as were asked for");
        show(s, &run, seconds() - begin);
        rig_destroy(&s->rig);
        laws_destroy(s->laws);
        munmap(s, sizeof *s);
        return tap_done();
}
