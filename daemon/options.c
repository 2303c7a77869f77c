/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Options: see options.h
 *
 * A number is checked where it is read, so that everything behind this file can believe it.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base-error.h"
#include "log.h"
#include "options.h"

enum { OPTION_TDIR_LAG = UCHAR_MAX + 1, OPTION_MAX_CONNECTIONS, OPTION_MAX_VMS,
      OPTION_MAX_DESCRIPTORS, OPTION_MAX_MEMORY, OPTION_METRICS, OPTION_METRICS_VMS,
      OPTION_USER };

static const struct option long_options[] = {
        { "config", required_argument, NULL, 'c' },
        { "socket", required_argument, NULL, 's' },
        { "log-level", required_argument, NULL, 'l' },
        { "tdir-lag", required_argument, NULL, OPTION_TDIR_LAG },
        { "max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS },
        { "max-vms", required_argument, NULL, OPTION_MAX_VMS },
        { "max-descriptors", required_argument, NULL, OPTION_MAX_DESCRIPTORS },
        { "max-memory", required_argument, NULL, OPTION_MAX_MEMORY },
        { "metrics", required_argument, NULL, OPTION_METRICS },
        { "metrics-vms", required_argument, NULL, OPTION_METRICS_VMS },
        { "user", no_argument, NULL, OPTION_USER },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
};

static void print_help(void)
{
        printf("Usage: vgicd [OPTIONS]\n"
               "Own the Arm GICv3 interrupt controllers of virtual machines and serve them to\n"
               "VMMs, device processes and tools.\n\n"
               "  -c, --config PATH      settings and rights (default %s)\n"
               "  -s, --socket PATH      listen here (default %s);\n"
               "                         under socket activation systemd's descriptor is used\n"
               "                         instead\n"
               "  -l, --log-level LEVEL  error, warning, notice, info (default) or debug\n"
               "      --tdir-lag MS      how long TDIR stays set, and for how long after the\n"
               "                         last SPI in flight at most (default %d, 0 to %d)\n"
               "      --max-connections N\n"
               "                         how many connections one user other than root may have\n"
               "                         (default %d)\n"
               "      --max-vms N        how many VMs (default %d)\n"
               "      --max-descriptors N\n"
               "                         how many of vgicd's descriptors (default three\n"
               "                         quarters of its limit)\n"
               "      --max-memory MIB   how much memory (default half of what vgicd may take)\n"
               "      --metrics ADDRESS  serve metrics over HTTP at /PATH, 127.0.0.1:PORT or\n"
               "                         [::1]:PORT (default: nowhere)\n"
               "      --metrics-vms N    of so many VMs also single ones (default 0, at most %d)\n"
               "      --user             serve the calling user: by default at\n"
               "                         $XDG_RUNTIME_DIR/vgicd/vgicd.sock, with the settings of\n"
               "                         $XDG_CONFIG_HOME/vgicd.conf (~/.config)\n"
               "  -h, --help             print this and exit\n"
               "  -V, --version          print the version and exit\n\n"
               "Exit status: 0 stopped in order, 1 could not start or run, 2 wrong usage.\n"
               "See vgicd(8), vgicd.conf(5).\n",
               VGICD_CONF, OPTIONS_DEFAULT_SOCKET, OPTIONS_DEFAULT_TDIR_LAG, OPTIONS_MAX_TDIR_LAG,
               OPTIONS_DEFAULT_MAX_CONNECTIONS, OPTIONS_DEFAULT_MAX_VMS, OPTIONS_MAX_METRICS_VMS);
}

static int usage(void)
{
        fprintf(stderr, "Try 'vgicd --help'.\n");
        return -EINVAL;
}

/* A number from @least to @most; @what it is, for the message. */
static int parse_number(const char *option, const char *what, const char *text, unsigned long least,
                        unsigned long most,
                        unsigned *ret_value)
{
        char *end;
        unsigned long value;

        errno = 0;
        value = strtoul(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end || errno || value < least || value > most) {
                fprintf(stderr, "vgicd: %s takes %s from %lu to %lu, not '%s'\n", option, what,
                        least, most, text);
                return usage();
        }
        *ret_value = (unsigned)value;
        return 0;
}

/* Return: 0; -EINVAL, with words printed; -ENOENT @c is none of these. */
static int parse_limit(int c, const char *text, struct options *o)
{
        o->tdir_lag_given |= c == OPTION_TDIR_LAG;
        if (c == OPTION_TDIR_LAG)
                return parse_number("--tdir-lag", "milliseconds", text, 0, OPTIONS_MAX_TDIR_LAG,
                                    &o->tdir_lag_ms);
        if (c == OPTION_MAX_CONNECTIONS)
                return parse_number("--max-connections", "a number", text, 1, OPTIONS_MOST,
                                    &o->max_connections);
        if (c == OPTION_MAX_VMS)
                return parse_number("--max-vms", "a number", text, 1, OPTIONS_MOST,
                                    &o->max_vms);
        if (c == OPTION_MAX_DESCRIPTORS)
                return parse_number("--max-descriptors", "a number", text, 1, OPTIONS_MOST,
                                    &o->max_descriptors);
        if (c == OPTION_MAX_MEMORY)
                return parse_number("--max-memory", "MiB", text, 1, OPTIONS_MOST,
                                    &o->max_memory_mib);
        if (c == OPTION_METRICS_VMS) {
                o->metrics_vms_given = true;
                return parse_number("--metrics-vms", "a number", text, 0, OPTIONS_MAX_METRICS_VMS,
                                    &o->metrics_vms);
        }
        return -ENOENT;
}

/* Return: 0; usage()'s, with words on stderr. */
static int parse_level(const char *text, int *ret_priority)
{
        int r = log_priority_from_name(text);

        if (r < 0) {
                fprintf(stderr, "vgicd: --log-level takes error, warning, notice, info or debug, "
                                "not '%s'\n", text);
                return usage();
        }
        *ret_priority = r;
        return 0;
}

/* @ret_path: NAME below the folder that @variable names; "": it names none. */
static void path_below(const char *variable, const char *name, char ret_path[PATH_MAX])
{
        const char *folder = getenv(variable);

        ret_path[0] = '\0';
        if (folder && folder[0] == '/' &&
            snprintf(ret_path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
                ret_path[0] = '\0';
}

/* The paths of --user, where others were not given. */
static void set_users_paths(struct options *o)
{
        path_below("XDG_RUNTIME_DIR", "vgicd", o->users_folder);
        path_below("XDG_RUNTIME_DIR", "vgicd/vgicd.sock", o->users_socket);
        path_below("XDG_CONFIG_HOME", "vgicd.conf", o->users_config);
        if (!o->users_config[0])
                path_below("HOME", ".config/vgicd.conf", o->users_config);
        if (!o->socket_given)
                o->socket_path = o->users_socket;
}

/* Return: 0; usage()'s, with words on stderr. */
static int parse_metrics(const char *text, struct options *o)
{
        struct metrics_address address;
        struct base_error why = { 0 };

        if (metrics_address_parse(text, &address, &why) < 0) {
                fprintf(stderr, "vgicd: --metrics: %s\n", why.text);
                return usage();
        }
        snprintf(o->metrics, sizeof(o->metrics), "%s", text);
        o->metrics_given = true;
        return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
        struct options o = {
                .socket_path = OPTIONS_DEFAULT_SOCKET,
                .log_priority = LOG_INFO,
                .tdir_lag_ms = OPTIONS_DEFAULT_TDIR_LAG,
        };
        static char name[] = "vgicd"; /* getopt's messages start as ours do */
        int c, r = 0;

        if (argc > 0)
                argv[0] = name;
        while ((c = getopt_long(argc, argv, "c:s:l:hV", long_options, NULL)) != -1) {
                if (c == 'c') {
                        o.config_path = optarg;
                } else if (c == 's') {
                        o.socket_path = optarg;
                        o.socket_given = true;
                } else if (c == 'l') {
                        r = parse_level(optarg, &o.log_priority);
                        o.log_given = true;
                } else if (c == OPTION_USER) {
                        o.is_users = true;
                } else if (c == OPTION_METRICS) {
                        r = parse_metrics(optarg, &o);
                } else if (c > UCHAR_MAX) {
                        r = parse_limit(c, optarg, &o);
                } else if (c == 'h') {
                        print_help();
                        return 1;
                } else if (c == 'V') {
                        printf("vgicd %s\n", PACKAGE_VERSION);
                        return 1;
                } else {
                        return usage();
                }
                if (r < 0)
                        return r;
        }
        if (optind < argc) {
                fprintf(stderr, "vgicd: unexpected argument '%s'\n", argv[optind]);
                return usage();
        }
        *ret_options = o;
        if (o.is_users)
                set_users_paths(ret_options);
        return 0;
}
