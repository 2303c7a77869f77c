/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * libvgic against the reference model: random programs on both must agree after each step
 *
 *   test-model                        what `make check` runs: the same programs each time
 *   test-model --fresh --total N      N steps from a seed of now (printed): for nights, `make
 *   check-model STEPS=N` test-model --profile P --seed S --steps M
 *                                     one program again
 *   test-model --replay FILE          one program as text, as a failure prints it
 *
 * A failure is shrunk, printed, and written to model-failure.txt.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "pair.h"
#include "shrink.h"
#include "tap.h"

#ifndef __has_feature
#define __has_feature(feature) 0 /* clang's */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
        __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DEFAULT_TOTAL  200000u   /* with a sanitizer each step takes several times as long */
#else
#define DEFAULT_TOTAL  1200000u
#endif
#define DEFAULT_STEPS  1500u
#define FAILURE_FILE   "model-failure.txt"

struct options {
        const char *profile;
        const char *replay;
        uint64_t seed;
        uint32_t steps;         /* of each program */
        uint64_t total;         /* of all programs; 0: one program */
        bool one;
};

static struct vgic_conn *connect_daemon(const struct daemon_proc *daemon)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = daemon->socket };
        struct vgic_conn *conn = NULL;

        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        return conn;
}

static bool fails(void *arg, const struct program *program)
{
        struct pair_result result;

        return !pair_run(arg, program, &result);
}

static void print_failure(FILE *file, const struct program *program,
                          const struct pair_result *result)
{
        fprintf(file, "# step %u: %s\n", result->n_steps, result->why);
        program_print(file, program);
}

/* Shorter, then on paper. */
static void explain(struct vgic_conn *conn, struct program *program)
{
        FILE *file = fopen(FAILURE_FILE, "w");
        struct pair_result result;
        unsigned runs;
        char line[256];

        runs = shrink_program(program, fails, conn);
        pair_run(conn, program, &result);
        tap_note("shrunk to %u steps in %u runs; %s replays it with --replay", program->n_steps,
                 runs, FAILURE_FILE);
        if (!file)
                tap_bail("%s: %s", FAILURE_FILE, strerror(errno));
        print_failure(file, program, &result);
        fclose(file);
        file = fopen(FAILURE_FILE, "r");
        while (file && fgets(line, sizeof(line), file)) {
                line[strcspn(line, "\n")] = '\0';
                tap_note("  %s", line);
        }
        if (file)
                fclose(file);
}

static void add_counts(struct pair_counts *sum, const struct pair_counts *counts)
{
        sum->acknowledged += counts->acknowledged;
        sum->deepest = counts->deepest > sum->deepest ? counts->deepest : sum->deepest;
        sum->placed += counts->placed;
        sum->moved += counts->moved;
        sum->woken += counts->woken;
        sum->kicked += counts->kicked;
        sum->cuts += counts->cuts;
}

/* Return: steps made; 0: it failed. */
static uint64_t run_seed(struct vgic_conn *conn, const struct program_profile *profile,
                         uint64_t seed, uint32_t steps, struct pair_counts *counts)
{
        struct pair_result result;
        struct program program;
        uint64_t n;

        program_generate(&program, profile, seed, steps);
        if (!pair_run(conn, &program, &result)) {
                tap_note("--profile %s --seed %" PRIu64 " --steps %u fails at step %u: %s",
                         profile->name, seed, steps, result.n_steps, result.why);
                program.n_steps = result.n_steps;
                explain(conn, &program);
                result.n_steps = 0;
        }
        n = result.n_steps;
        add_counts(counts, &result.counts);
        program_free(&program);
        return n;
}

static void run_profile(struct vgic_conn *conn, const struct program_profile *profile,
                        const struct options *options)
{
        struct pair_counts counts = { 0 };
        uint64_t steps = 0, programs = 0, n = 1;

        while (n && steps < options->total) {
                n = run_seed(conn, profile, options->seed + programs, options->steps, &counts);
                steps += n;
                programs++;
                if (options->one)
                        break;
        }
        tap_ok(n != 0,
               "profile %s, seeds from %" PRIu64 ": %" PRIu64 " steps of %" PRIu64 " programs",
               profile->name, options->seed, steps, programs);
        tap_note("acknowledged %" PRIu64 ", up to %" PRIu64
                 " of them not ended at one vCPU; 1-of-N: placed %" PRIu64 ", moved %" PRIu64
                 "; woken %" PRIu64 ", kicked %" PRIu64 "; cut by save and restore %" PRIu64,
                 counts.acknowledged, counts.deepest, counts.placed, counts.moved, counts.woken,
                 counts.kicked, counts.cuts);
}

static void replay(struct vgic_conn *conn, const char *path)
{
        FILE *file = fopen(path, "r");
        struct pair_result result;
        struct program program;

        if (!file || !program_parse(file, &program))
                tap_bail("%s: not a program", path);
        fclose(file);
        pair_run(conn, &program, &result);
        tap_ok(!result.why[0], "%s: step %u: %s", path, result.n_steps, result.why);
        program_free(&program);
}

static void run_all(struct vgic_conn *conn, const struct options *options)
{
        const struct program_profile *profile =
                options->profile ? program_profile_find(options->profile) : program_profiles;
        struct options fewer = *options;

        if (options->replay) {
                replay(conn, options->replay);
                return;
        }
        if (!profile)
                tap_bail("there is no profile \"%s\"", options->profile);
        run_profile(conn, profile, options);
        if (options->profile)
                return;
        fewer.total /= 5; /* a cut takes as long as a thousand steps */
        run_profile(conn, program_profile_find("cut"), &fewer);
}

static uint64_t number(const char *word)
{
        return word ? strtoull(word, NULL, 0) : 0;
}

static struct options parse(int argc, char **argv)
{
        struct options options = { .seed = 1, .steps = DEFAULT_STEPS, .total = DEFAULT_TOTAL };

        for (int i = 1; i < argc; i++) {
                const char *next = i + 1 < argc ? argv[i + 1] : NULL;

                if (strcmp(argv[i], "--fresh") == 0) {
                        options.seed = (uint64_t)time(NULL) * 1000000;
                        continue;
                }
                if (strcmp(argv[i], "--seed") == 0) {
                        options.seed = number(next);
                        options.one = true;
                } else if (strcmp(argv[i], "--from") == 0) {
                        options.seed = number(next);
                } else if (strcmp(argv[i], "--steps") == 0) {
                        options.steps = (uint32_t)number(next);
                } else if (strcmp(argv[i], "--total") == 0) {
                        options.total = number(next);
                } else if (strcmp(argv[i], "--profile") == 0) {
                        options.profile = next;
                } else if (strcmp(argv[i], "--replay") == 0) {
                        options.replay = next;
                } else {
                        tap_bail("unknown option %s", argv[i]);
                }
                i++;
        }
        return options;
}

int main(int argc, char **argv)
{
        struct options options = parse(argc, argv);
        struct daemon_proc daemon;
        struct vgic_conn *conn;

        daemon_start(&daemon, NULL);
        conn = connect_daemon(&daemon);
        run_all(conn, &options);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon ended in peace");
        return tap_done();
}
