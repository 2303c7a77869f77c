/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef OPTIONS_H
#define OPTIONS_H

/*
 * Options: the command line of vgicd, which settings.h completes
 */
#include <limits.h>
#include <stdbool.h>

#include "metrics-address.h"

#define OPTIONS_DEFAULT_SOCKET   "/run/vgicd/vgicd.sock"
#define OPTIONS_DEFAULT_TDIR_LAG 10
#define OPTIONS_MAX_TDIR_LAG     10000
#define OPTIONS_DEFAULT_MAX_CONNECTIONS  4096
#define OPTIONS_DEFAULT_MAX_VMS          2048
#define OPTIONS_MAX_METRICS_VMS      1000
#define OPTIONS_MOST  1000000000lu      /* of anything that is counted */

struct options {
        const char *config_path;        /* NULL: the default one, if there is one */
        const char *socket_path;
        bool is_users;                  /* --user: one user's own, with the paths of that one */
        /* the folder of its socket, and its settings; "": there is no place for them */
        char users_folder[PATH_MAX], users_config[PATH_MAX];
        char users_socket[PATH_MAX];
        bool socket_given;      /* on the command line */
        int log_priority;
        bool log_given;
        unsigned tdir_lag_ms;
        bool tdir_lag_given;
        unsigned max_connections;       /* of one user; 0: the default */
        unsigned max_vms;               /* of one user; 0: the default */
        /* of one user; 0: three quarters of what this process may have */
        unsigned max_descriptors;
        unsigned max_memory_mib;        /* of one user; 0: half of what there is: memory.h */
        char metrics[METRICS_ADDRESS_MAX];      /* where they are served; "": nowhere */
        bool metrics_given;
        unsigned metrics_vms;           /* how many VMs have series of their own */
        bool metrics_vms_given;
};

/**
 * options_parse() - read the command line
 *
 * Return: 0 go on; 1 --help or --version was printed: stop with status 0; -EINVAL an error was
 * printed: stop with status 2.
 */
int options_parse(int argc, char **argv, struct options *ret_options);

#endif
