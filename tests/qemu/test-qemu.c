/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * QEMU's GICv3 as a third opinion: the random programs of tests/model on QEMU, step by step
 *
 *   test-qemu                       what `make check` runs where QEMU is installed: a short run
 *   test-qemu --total N             N steps; `make check-qemu` runs a million
 *   test-qemu --fresh               seeds from now (printed), instead of the same ones each time
 *   test-qemu --vcpus V --bits B --seed S --steps M
 *                                   one program again
 *   test-qemu --replay FILE         one program as text, as a failure leaves it in qemu-failure.txt
 *
 * VGIC_QEMU=required: without QEMU it fails, and a million steps is what it does.
 * doc/qemu-differences.md has what QEMU does otherwise, and who is right.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>

#include "campaign.h"
#include "daemon-proc.h"
#include "tap.h"

#define DEFAULT_STEPS  1000u            /* of each program */
#define SHORT_TOTAL    20000u
#define FULL_TOTAL     1000000u
#define EXPLAINED_VERSION  "7.2."       /* whose quirks the model has */
#define QUIRKS_TOTAL   200000u          /* in so many each quirk must have mattered */

/*
 * The machines, and which part of the steps each gets;
 * 18 vCPUs are more than one cluster of affinity 1.
 */
static const struct { uint32_t n_vcpus; bool priority_8; unsigned percent; } machines[] = {
        { 4, false, 45 }, { 4, true, 25 }, { 18, false, 15 }, { 2, false, 10 }, { 1, true, 5 },
};

struct options {
        const char *replay;
        uint64_t seed, total;
        uint32_t n_vcpus, n_bits;       /* 0: all machines */
        uint32_t n_steps;
        bool one;
};

struct totals {
        uint64_t steps, mattered[REF_N_QUIRKS], asked[REF_N_QUIRKS];
        char version[64];
};

static void add(struct totals *totals, const struct campaign *campaign)
{
        totals->steps += campaign->steps;
        for (unsigned i = 0; i < REF_N_QUIRKS; i++) {
                totals->mattered[i] += campaign->mattered[i];
                totals->asked[i] += campaign->asked[i];
        }
}

/* @total steps on a machine of this shape; its seeds begin at @seed. */
static void run_machine(struct vgic_conn *conn, struct campaign campaign, bool one, uint64_t total,
                        struct totals *totals)
{
        static struct machine machine;
        uint32_t n_vcpus = campaign.profile.most.n_vcpus,
                 n_bits = campaign.profile.most.n_priority_bits;
        uint64_t first = campaign.seed;

        machine_start(&machine, n_vcpus, n_bits == 8);
        campaign.machine = &machine;
        campaign.conn = conn;
        while (campaign_run(&campaign) && !one && campaign.steps < total)
                ;
        memcpy(totals->version, machine.version, sizeof(totals->version));
        tap_ok(!campaign.qemu_differs,
               "QEMU %s, %u vCPUs, %u priority bits, seeds from %" PRIu64 ": %" PRIu64
               " steps of %" PRIu64 " programs, and %" PRIu64
               " reads at their ends: no unexplained difference",
               machine.version, n_vcpus, n_bits, first, campaign.steps, campaign.programs,
               campaign.reads);
        tap_ok(!campaign.vgicd_differs, "vgicd: the same programs: as the model without quirks");
        tap_ok(campaign.acknowledged > 0 && campaign.outputs > 0,
               "in these programs %" PRIu64 " interrupts were acknowledged, and %" PRIu64
               " steps changed an output",
               campaign.acknowledged, campaign.outputs);
        tap_note("%" PRIu64 " operations of the agent, %" PRIu64 " of wires, %" PRIu64 " resets",
                 machine.n_ops, machine.n_wires, machine.n_resets);
        if (campaign.qemu_differs &&
            strncmp(machine.version, EXPLAINED_VERSION, strlen(EXPLAINED_VERSION)) != 0)
                tap_note("the quirks are those of QEMU " EXPLAINED_VERSION
                         "x; this is another one");
        add(totals, &campaign);
        machine_stop(&machine);
}

static void report_quirks(const struct totals *totals)
{
        for (unsigned i = 0; i < REF_N_QUIRKS; i++) {
                const struct ref_quirk_words *words = ref_quirk_words(i);

                tap_ok(totals->mattered[i] > 0,
                       "%s matters in %" PRIu64 " of %" PRIu64
                       " programs asked: IHI 0069 %s; right: %s",
                       words->name, totals->mattered[i], totals->asked[i], words->section,
                       words->right);
                tap_note("QEMU: %s", words->words);
        }
}

/* doc/qemu-differences.md has the table of quirks, row by row. */
static void check_doc(void)
{
        const char *top = getenv("top_srcdir");
        static char text[65536];
        char path[4096], row[1024];
        FILE *file;

        snprintf(path, sizeof(path), "%s/doc/qemu-differences.md", top ? top : ".");
        file = fopen(path, "r");
        if (!file || fread(text, 1, sizeof(text) - 1, file) == 0)
                tap_bail("%s cannot be read", path);
        fclose(file);
        for (unsigned i = 0; i < REF_N_QUIRKS; i++) {
                const struct ref_quirk_words *words = ref_quirk_words(i);

                snprintf(row, sizeof(row), "| %s | %s | %s | %s |\n", words->name, words->words,
                         words->section, words->right);
                if (!tap_ok(strstr(text, row) != NULL, "doc/qemu-differences.md explains %s",
                            words->name))
                        tap_note("it should have the row %s", row);
        }
}

static void run_all(struct vgic_conn *conn, const struct options *options)
{
        static struct totals totals;

        for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
                uint32_t n_bits = machines[i].priority_8 ? 8 : 5;
                struct campaign campaign = {
                        .profile = campaign_profile(machines[i].n_vcpus, machines[i].priority_8),
                        .seed = options->seed, .n_steps = options->n_steps,
                };

                if (options->n_vcpus &&
                    (options->n_vcpus != machines[i].n_vcpus || options->n_bits != n_bits))
                        continue;
                run_machine(conn, campaign, options->one,
                            options->total * machines[i].percent / 100, &totals);
        }
        if (options->one || options->n_vcpus)
                return;
        tap_ok(totals.steps >= options->total,
               "QEMU %s: %" PRIu64 " steps in all, each compared: what it read, and "
               "the outputs of all vCPUs",
               totals.version, totals.steps);
        if (options->total >= QUIRKS_TOTAL)
                report_quirks(&totals);
        check_doc();
}

static void replay(struct vgic_conn *conn, const char *path)
{
        static struct machine machine;
        struct campaign campaign = { .machine = &machine, .conn = conn };
        FILE *file = fopen(path, "r");
        struct program program;

        if (!file || !program_parse(file, &program))
                tap_bail("%s: not a program", path);
        fclose(file);
        machine_start(&machine, program.config.n_vcpus, program.config.n_priority_bits == 8);
        campaign_replay(&campaign, &program);
        tap_ok(!campaign.qemu_differs, "%s: QEMU %s", path, machine.version);
        tap_ok(!campaign.vgicd_differs, "%s: vgicd", path);
        machine_stop(&machine);
        program_free(&program);
}

static struct options parse(int argc, char **argv)
{
        const char *mode = getenv("VGIC_QEMU");
        struct options options = { .seed = 1, .n_steps = DEFAULT_STEPS, .total = SHORT_TOTAL };

        if (mode && strcmp(mode, "required") == 0)
                options.total = FULL_TOTAL;
        for (int i = 1; i < argc; i++) {
                const char *next = i + 1 < argc ? argv[i + 1] : "0";

                if (strcmp(argv[i], "--fresh") == 0) {
                        options.seed = (uint64_t)time(NULL) * 1000000;
                        continue;
                }
                if (strcmp(argv[i], "--seed") == 0) {
                        options.seed = strtoull(next, NULL, 0);
                        options.one = true;
                } else if (strcmp(argv[i], "--steps") == 0) {
                        options.n_steps = (uint32_t)strtoul(next, NULL, 0);
                } else if (strcmp(argv[i], "--total") == 0) {
                        options.total = strtoull(next, NULL, 0);
                } else if (strcmp(argv[i], "--vcpus") == 0) {
                        options.n_vcpus = (uint32_t)strtoul(next, NULL, 0);
                } else if (strcmp(argv[i], "--bits") == 0) {
                        options.n_bits = (uint32_t)strtoul(next, NULL, 0);
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
        char version[256];

        if (!machine_available(version, sizeof(version)))
                machine_missing();
        tap_note("%s; seed %" PRIu64, version, options.seed);
        daemon_start(&daemon, &(struct daemon_options){ .quiet = true });
        conn = daemon_connect(&daemon);
        if (options.replay)
                replay(conn, options.replay);
        else
                run_all(conn, &options);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon ended in peace");
        return tap_done();
}
