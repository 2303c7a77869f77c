/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The command line: options in any place, one command, its arguments; and the help that the tables
 * yield
 */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

#define CLI_GLOBAL_OPTIONS (CLI_OPTION(CLI_OPT_SOCKET) | CLI_OPTION(CLI_OPT_JSON) | \
                            CLI_OPTION(CLI_OPT_HELP) | CLI_OPTION(CLI_OPT_VERSION) | \
                            CLI_OPTION(CLI_OPT_TIMEOUT))

/* @mask: CLI_OPTION() bits. Both helps print from the table that the parser reads. */
static void print_options(const char *title, uint32_t mask)
{
        char left[48];

        if (!mask)
                return;
        printf("\n%s\n", title);
        for (unsigned i = 0; i < CLI_N_OPTIONS; i++) {
                const struct cli_option *o = &cli_options[i];
                char letter[8] = "   ";

                if (!(mask & CLI_OPTION(i)))
                        continue;
                if (o->letter)
                        snprintf(letter, sizeof(letter), "-%c,", o->letter);
                snprintf(left, sizeof(left), "%s --%s%s%s", letter, o->name, o->argument ? " " : "",
                         o->argument ? o->argument : "");
                printf("  %-24s %s\n", left, o->help);
        }
}

static void print_help(void)
{
        char left[48];

        printf("Usage: vgicctl [OPTION...] COMMAND [ARGUMENT...]\n\n"
               "Look at the virtual interrupt controllers of vgicd, and drive single\n"
               "interrupts.\n\n"
               "Commands\n");
        for (unsigned i = 0; i < cli_n_commands; i++) {
                snprintf(left, sizeof(left), "%s %s", cli_commands[i].name, cli_commands[i].args);
                printf("  %-18s %s\n", left, cli_commands[i].summary);
        }
        print_options("Options, with every command", CLI_GLOBAL_OPTIONS);
        printf("\n"
               "Exit status\n"
               "  0 done  1 refused or failed  2 usage  3 no such VM, vCPU, interrupt, ...\n"
               "  4 no daemon there  5 not permitted\n\n"
               "'vgicctl COMMAND --help' tells more of one command; vgicctl(1) of all.\n");
}

static void print_command_help(const struct cli_command *command)
{
        printf("Usage: vgicctl %s%s%s [OPTION...]\n\n%c%s.\n%s", command->name,
               command->args[0] ? " " : "",
               command->args, toupper((unsigned char)command->summary[0]), command->summary + 1,
               command->help);
        print_options("Options", command->options);
        print_options("Options, with every command", CLI_GLOBAL_OPTIONS);
}

static const struct cli_command *find_command(const char *name)
{
        for (unsigned i = 0; i < cli_n_commands; i++)
                if (strcmp(cli_commands[i].name, name) == 0)
                        return &cli_commands[i];
        return NULL;
}

/*
 * Take in all of argv; getopt moves options that follow the command to the front. Return: CLI_OK or
 * CLI_USAGE.
 */
static int take_options(struct cli *cli, int argc, char **argv)
{
        struct option longs[CLI_N_OPTIONS + 1] = { 0 };
        char shorts[2 * CLI_N_OPTIONS + 2] = ":";
        size_t n = 1;
        int c, id;

        for (unsigned i = 0; i < CLI_N_OPTIONS; i++) {
                const struct cli_option *o = &cli_options[i];

                longs[i] =
                        (struct option){ .name = o->name, .has_arg = o->argument ? 1 : 0,
                                        .val = 256 + (int)i };
                if (o->letter)
                        shorts[n++] = o->letter;
                if (o->letter && o->argument)
                        shorts[n++] = ':';
        }
        opterr = 0;
        while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
                if (c == ':')
                        return cli_usage_error(cli, "%s needs an argument", argv[optind - 1]);
                if (c == '?')
                        return cli_usage_error(cli, "unknown option '%s'", argv[optind - 1]);
                id = c - 256;
                for (unsigned i = 0; c < 256 && i < CLI_N_OPTIONS; i++)
                        if (cli_options[i].letter == c)
                                id = (int)i;
                cli->options[id] = optarg ? optarg : "";
        }
        return CLI_OK;
}

/* The command and its arguments. Return: CLI_OK or CLI_USAGE. */
static int take_command(struct cli *cli, int argc, char **argv)
{
        const struct cli_command *command;

        if (argc == 0)
                return cli_usage_error(cli, "which command? See 'vgicctl --help'");
        command = find_command(argv[0]);
        if (!command)
                return cli_usage_error(cli, "unknown command '%s'. See 'vgicctl --help'", argv[0]);
        cli->command = command;
        if (cli_given(cli, CLI_OPT_HELP))
                return CLI_OK;
        for (unsigned i = 0; i < CLI_N_OPTIONS; i++)
                if (cli_given(cli, i) && !(CLI_OPTION(i) & (command->options | CLI_GLOBAL_OPTIONS)))
                        return cli_usage_error(cli, "'%s' takes no --%s", command->name,
                                               cli_options[i].name);
        if ((unsigned)argc - 1 < command->n_args ||
            (unsigned)argc - 1 > command->n_args + command->n_more)
                return cli_usage_error(cli, "usage: vgicctl %s%s%s", command->name,
                                       command->args[0] ? " " : "",
                                       command->args);
        for (unsigned i = 0; i < (unsigned)argc - 1; i++)
                cli->args[i] = argv[1 + i];
        return CLI_OK;
}

/*
 * --version and --help stand alone, and a command's --help needs none of its arguments: so both are
 * looked at before what is missing is an error.
 */
int cli_parse(struct cli *cli, int argc, char **argv, int *ret_exit)
{
        *ret_exit = take_options(cli, argc, argv);
        if (*ret_exit != CLI_OK)
                return -1;
        if (cli_given(cli, CLI_OPT_VERSION)) {
                printf("vgicctl %s (libvgic %s)\n", PACKAGE_VERSION, vgic_version());
                return -1;
        }
        if (cli_given(cli, CLI_OPT_HELP) && optind == argc) {
                print_help();
                return -1;
        }
        *ret_exit = take_command(cli, argc - optind, argv + optind);
        if (*ret_exit != CLI_OK)
                return -1;
        if (cli_given(cli, CLI_OPT_HELP)) {
                print_command_help(cli->command);
                return -1;
        }
        cli->json = cli_given(cli, CLI_OPT_JSON);
        return 0;
}
