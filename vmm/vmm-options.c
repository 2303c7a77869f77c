/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Options: what the command line says
 *
 * Trust   The user's own words, but each number is checked here once so that nobody has to later.
 */
#include "vmm-options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vgic/vgic.h>

#include "vmm-log.h"

#define MIN_MEMORY_MIB      16
#define MAX_MEMORY_MIB   32768
#define MAX_TIMEOUT_S  1000000
#define DEFAULT_LIST_REGISTERS 4

enum {
        OPT_KERNEL = 256,
        OPT_APPEND,
        OPT_INITRD,
        OPT_SMP,
        OPT_MEMORY,
        OPT_TIMEOUT,
        OPT_CPU_INTERFACE,
        OPT_LIST_REGISTERS,
        OPT_SOCKET,
        OPT_NAME,
        OPT_STATS,
        OPT_VERBOSE,
        OPT_HELP,
        OPT_VERSION,
};

static const struct option long_options[] = {
        { "kernel",         required_argument, NULL, OPT_KERNEL         },
        { "append",         required_argument, NULL, OPT_APPEND         },
        { "initrd",         required_argument, NULL, OPT_INITRD         },
        { "smp",            required_argument, NULL, OPT_SMP            },
        { "memory",         required_argument, NULL, OPT_MEMORY         },
        { "timeout",        required_argument, NULL, OPT_TIMEOUT        },
        { "cpu-interface",  required_argument, NULL, OPT_CPU_INTERFACE  },
        { "list-registers", required_argument, NULL, OPT_LIST_REGISTERS },
        { "socket",         required_argument, NULL, OPT_SOCKET         },
        { "name",           required_argument, NULL, OPT_NAME           },
        { "stats",          no_argument,       NULL, OPT_STATS          },
        { "verbose",        no_argument,       NULL, OPT_VERBOSE        },
        { "help",           no_argument,       NULL, OPT_HELP           },
        { "version",        no_argument,       NULL, OPT_VERSION        },
        { NULL,             0,                 NULL, 0                  },
};

static const char help_text[] =
        "Usage: vgic-vmm --kernel FILE [OPTION]...\n"
        "Run an arm64 guest whose interrupt controller lives in vgicd.\n"
        "\n"
        "  --kernel FILE    arm64 Image, or a flat binary (loaded at RAM + 0x80000,\n"
        "                   x0 = device tree)\n"
        "  --append ARGS    the kernel's command line\n"
        "  --initrd FILE    initial RAM disk\n"
        "  --smp N          number of vCPUs, 1 to 8 (default 1)\n"
        "  --memory MIB     guest memory, 16 to 32768 (default 512)\n"
        "  --timeout S      end the guest after S seconds\n"
        "  --cpu-interface trap|lr\n"
        "                   the guest's accesses to it are trapped, or work on list\n"
        "                   registers (default trap)\n"
        "  --list-registers N\n"
        "                   with lr: how many each vCPU has, 1 to 16 (default 4)\n"
        "  --socket PATH    the daemon's socket (default: as vgicctl's)\n"
        "  --name NAME      the VM's name at the daemon (default vgic-vmm-PID)\n"
        "  --stats          print counters to standard error at the end (SIGUSR1: at once)\n"
        "  --verbose        say more on standard error\n"
        "  --help           print this text\n"
        "  --version        print the version\n"
        "\n"
        "The console is on standard input and output. On a terminal, Ctrl-A x ends the guest.\n"
        "\n"
        "Status: 0 the guest powered off; 1 a failure of this host; 2 wrong usage;\n"
        "3 the guest died; 4 no daemon, or it refused; 124 timeout; 128+N ended by signal N.\n";

static int complain(const char *what, const char *value)
{
        vmm_error("%s: '%s'", what, value);
        return 2;
}

/* A fraction is allowed, for --timeout. The comparison is written so that NaN fails it. */
static int parse_number(const char *text, double min, double max, double *ret_number)
{
        char *end;
        double number;

        errno = 0;
        number = strtod(text, &end);
        if (errno != 0 || end == text || *end != '\0' || !(number >= min && number <= max))
                return -EINVAL;
        *ret_number = number;
        return 0;
}

/* Digits only: strtod() would take "1e1", "0x8" and " 4" as well. */
static int parse_whole(const char *text, double min, double max, double *ret_number)
{
        if (text[strspn(text, "0123456789")] != '\0')
                return -EINVAL;
        return parse_number(text, min, max, ret_number);
}

/* The daemon's own rule for names, here with an error that names the option. */
static bool name_is_valid(const char *name)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        size_t length = strlen(name);

        return length > 0 && length <= VGIC_NAME_MAX && name[0] != '.' && name[0] != '-' &&
               strspn(name, allowed) == length;
}

/* Return: as apply(). */
static int apply_number(int option, const char *value, struct vmm_options *options)
{
        double number;

        switch (option) {
        case OPT_SMP:
                if (parse_whole(value, 1, VMM_MAX_CPUS, &number) < 0)
                        return complain("--smp takes a number from 1 to 8", value);
                options->n_cpus = (unsigned)number;
                return -1;
        case OPT_MEMORY:
                if (parse_whole(value, MIN_MEMORY_MIB, MAX_MEMORY_MIB, &number) < 0)
                        return complain("--memory takes a number of MiB from 16 to 32768", value);
                options->memory_bytes = (uint64_t)number << 20;
                return -1;
        case OPT_LIST_REGISTERS:
                if (parse_whole(value, 1, VGIC_MAX_LIST_REGISTERS, &number) < 0)
                        return complain("--list-registers takes a number from 1 to 16", value);
                options->n_list_registers = (unsigned)number;
                return -1;
        default:
                if (parse_number(value, 0.001, MAX_TIMEOUT_S, &number) < 0)
                        return complain("--timeout takes a number of seconds from 0.001 to 1000000",
                                        value);
                options->timeout_ns = (uint64_t)(number * 1e9);
                return -1;
        }
}

static int apply_interface(const char *value, struct vmm_options *options)
{
        options->has_list_registers = strcmp(value, "lr") == 0;
        if (!options->has_list_registers && strcmp(value, "trap") != 0)
                return complain("--cpu-interface takes trap or lr", value);
        return -1;
}

/* Return: -1 to go on with the next option, else the status to exit with. */
static int apply(int option, const char *value, struct vmm_options *options)
{
        switch (option) {
        case OPT_KERNEL:
                options->kernel_path = value;
                return -1;
        case OPT_APPEND:
                options->append = value;
                return -1;
        case OPT_INITRD:
                options->initrd_path = value;
                return -1;
        case OPT_SOCKET:
                options->socket_path = value;
                return -1;
        case OPT_NAME:
                if (!name_is_valid(value))
                        return complain("--name takes up to 63 of A-Z a-z 0-9 . _ -, first not . "
                                        "or -",
                                        value);
                options->name = value;
                return -1;
        case OPT_CPU_INTERFACE:
                return apply_interface(value, options);
        case OPT_STATS:
                options->stats = true;
                return -1;
        case OPT_VERBOSE:
                options->verbose = true;
                return -1;
        case OPT_HELP:
                fputs(help_text, stdout);
                return 0;
        case OPT_VERSION:
                printf("vgic-vmm %s\n", vgic_version());
                return 0;
        case OPT_SMP:
        case OPT_MEMORY:
        case OPT_TIMEOUT:
        case OPT_LIST_REGISTERS:
                return apply_number(option, value, options);
        default: /* getopt has complained */
                fputs("Try 'vgic-vmm --help'.\n", stderr);
                return 2;
        }
}

int vmm_options_parse(int argc, char **argv, struct vmm_options *ret_options)
{
        struct vmm_options options = { .append = "", .n_cpus = 1,
                                       .memory_bytes = UINT64_C(512) << 20 };
        int option, status;

        while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                status = apply(option, optarg, &options);
                if (status >= 0)
                        return status;
        }
        if (optind < argc)
                return complain("unexpected argument", argv[optind]);
        if (!options.kernel_path) {
                vmm_error("--kernel FILE is missing; try 'vgic-vmm --help'");
                return 2;
        }
        if (options.n_list_registers > 0 && !options.has_list_registers) {
                vmm_error("--list-registers needs --cpu-interface=lr");
                return 2;
        }
        if (options.has_list_registers && options.n_list_registers == 0)
                options.n_list_registers = DEFAULT_LIST_REGISTERS;
        *ret_options = options;
        return -1;
}
