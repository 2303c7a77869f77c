/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Options of vgic-load
 *
 * A table: name, argument, least, most, help; with what the options mean together, such as how
 * many SPIs there are for so many vCPUs.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load-options.h"

#define EXIT_USAGE 2

enum option_id {
        OPT_SOCKET, OPT_VCPUS, OPT_PROCESSES, OPT_SPIS, OPT_SECONDS, OPT_OPS, OPT_RESETS,
        OPT_RESET_VCPU, OPT_SEED,
        OPT_JSON, OPT_HELP, OPT_VERSION, N_OPTIONS
};

static const struct {
        const char *name, *argument;
        uint64_t min, max;      /* of a number */
        const char *help;
} option_rows[N_OPTIONS] = {
        [OPT_SOCKET] = { "socket", "PATH", 0, 0,
                        "the daemon's socket (default: as vgicctl's)" },
        [OPT_VCPUS] = { "vcpus", "N", 1, LOAD_MAX_VCPUS, "vCPUs, a thread each (8)" },
        [OPT_PROCESSES] = { "processes", "N", 1, LOAD_MAX_VCPUS,
                           "processes that share the vCPUs out (2)" },
        [OPT_SPIS] = { "spis", "N", 1, VGIC_MAX_SPIS,
                      "shared interrupts (two a vCPU, at least 32)" },
        [OPT_SECONDS] = { "seconds", "S", 1, 1000000, "how long (5)" },
        [OPT_OPS] = { "ops", "N", 1, UINT64_MAX, "instead: until each vCPU has made N steps" },
        [OPT_RESETS] = { "resets", "N", 0, UINT64_MAX,
                        "reset one vCPU N times held and N times running (0)" },
        [OPT_RESET_VCPU] = { "reset-vcpu", "N", 0, LOAD_MAX_VCPUS - 1, "which one (the last)" },
        [OPT_SEED] = { "seed", "N", 0, UINT64_MAX,
                      "of the random choices (from the clock; printed)" },
        [OPT_JSON] = { "json", NULL, 0, 0, "print the result as JSON" },
        [OPT_HELP] = { "help", NULL, 0, 0, "print this help" },
        [OPT_VERSION] = { "version", NULL, 0, 0, "print the version" },
};

static void print_help(void)
{
        char left[48];

        printf("Usage: vgic-load [OPTION...]\n\n"
               "Load one VM of vgicd from many threads and processes at once, and check that no\n"
               "interrupt is lost, delivered twice or held up. There is no CPU model: each\n"
               "thread does at random what a guest would.\n\n"
               "Options\n");
        for (unsigned i = 0; i < N_OPTIONS; i++) {
                snprintf(left, sizeof(left), "--%s %s", option_rows[i].name,
                         option_rows[i].argument ? option_rows[i].argument : "");
                printf("  %-18s %s\n", left, option_rows[i].help);
        }
        printf("\n"
               "Resets: the vCPU is held between two of its operations, the reset is asked for\n"
               "by another process, and stays unfinished until every other vCPU was seen to\n"
               "make a step. Only then is the vCPU let go, and must apply it. Claimed is: the\n"
               "others advance during every reset, from the call until it is applied. After\n"
               "each such reset comes one of the vCPU as it runs freely, which races with its\n"
               "own operations: it must be applied, once, and all laws must hold. N of each\n"
               "kind are made, however long that takes.\n\n"
               "Exit status: 0 all laws hold, 1 one is broken or the run failed, 2 usage.\n");
}

static int bad(const char *name, const char *text)
{
        fprintf(stderr, "vgic-load: --%s: '%s' is not in range\n", name, text);
        return -1;
}

/* Return: 0, or -1 with the error printed. */
static int take_number(unsigned id, const char *text, uint64_t *ret_value)
{
        unsigned long long value;
        char *end;

        errno = 0;
        value = strtoull(text, &end, 0);
        if (errno || end == text || *end || !isdigit((unsigned char)text[0]) ||
            value < option_rows[id].min ||
            value > option_rows[id].max)
                return bad(option_rows[id].name, text);
        *ret_value = value;
        return 0;
}

/* take_number() has checked the range of the option's row: each value fits its type. */
static void set_number(struct load_options *options, unsigned id, uint64_t value)
{
        switch (id) {
        case OPT_VCPUS:
                options->n_vcpus = (uint32_t)value;
                break;
        case OPT_PROCESSES:
                options->n_processes = (uint32_t)value;
                break;
        case OPT_SPIS:
                options->n_spis = (uint32_t)value;
                break;
        case OPT_SECONDS:
                options->seconds = (double)value;
                break;
        case OPT_OPS:
                options->n_steps = value;
                break;
        case OPT_RESETS:
                options->n_resets = value;
                break;
        case OPT_RESET_VCPU:
                options->reset_vcpu = (uint32_t)value;
                break;
        case OPT_SEED:
                options->seed = value;
                break;
        }
}

/* What was not given, and what contradicts itself. */
static int complete(struct load_options *options)
{
        if (!options->n_spis) {
                options->n_spis = 2 * options->n_vcpus > 32 ? 2 * options->n_vcpus : 32;
                if (options->n_spis > VGIC_MAX_SPIS)
                        options->n_spis = VGIC_MAX_SPIS;
        }
        if (options->reset_vcpu == UINT32_MAX)
                options->reset_vcpu = options->n_vcpus - 1;
        if (options->n_processes > options->n_vcpus)
                options->n_processes = options->n_vcpus;
        if (options->reset_vcpu >= options->n_vcpus) {
                fprintf(stderr, "vgic-load: --reset-vcpu %u: there are %u vCPUs\n",
                        options->reset_vcpu,
                        options->n_vcpus);
                return -1;
        }
        if (options->n_resets && options->n_vcpus < 2) {
                fprintf(stderr, "vgic-load: --resets needs another vCPU that runs meanwhile\n");
                return -1;
        }
        snprintf(options->vm_name, sizeof(options->vm_name), "load-%d", (int)getpid());
        return 0;
}

int load_options_parse(struct load_options *options, int argc, char **argv, int *ret_status)
{
        struct option longs[N_OPTIONS + 1] = { 0 };
        uint64_t value;
        int c;

        *options =
                (struct load_options){ .n_vcpus = 8, .n_processes = 2, .seconds = 5,
                                      .reset_vcpu = UINT32_MAX,
                                          .seed = (uint64_t)time(NULL) };
        for (unsigned i = 0; i < N_OPTIONS; i++)
                longs[i] =
                        (struct option){ .name = option_rows[i].name,
                                        .has_arg = option_rows[i].argument ? 1 : 0,
                                            .val = 256 + (int)i };
        *ret_status = EXIT_USAGE;
        while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
                unsigned id = (unsigned)c - 256;

                if (c == '?')
                        return -1;
                if (id == OPT_HELP || id == OPT_VERSION) {
                        *ret_status = 0;
                        if (id == OPT_HELP)
                                print_help();
                        else
                                printf("vgic-load %s (libvgic %s)\n", PACKAGE_VERSION,
                                       vgic_version());
                        return -1;
                }
                if (id == OPT_JSON) {
                        options->json = true;
                } else if (id == OPT_SOCKET) {
                        options->socket_path = optarg;
                } else {
                        if (take_number(id, optarg, &value) < 0)
                                return -1;
                        set_number(options, id, value);
                }
        }
        if (optind != argc) {
                fprintf(stderr, "vgic-load: '%s' is not an option\n", argv[optind]);
                return -1;
        }
        return complete(options);
}
