/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

/*
 * Options: what the command line says
 */
#include <stdbool.h>
#include <stdint.h>

#define VMM_MAX_CPUS 8

struct vmm_options {
        const char *kernel_path;
        const char *initrd_path; /* NULL: none */
        const char *append;      /* bootargs, never NULL */
        const char *socket_path; /* NULL: the library's default */
        const char *name;        /* NULL: vgic-vmm-<pid> */
        unsigned n_cpus;
        bool has_list_registers;
        unsigned n_list_registers; /* 0 without */
        uint64_t memory_bytes;
        uint64_t timeout_ns;     /* 0: none */
        bool stats;
        bool verbose;
};

/*
 * Return: -1 to go on, else the status to exit with (0 after --help or --version,
 * 2 after a complaint).
 */
int vmm_options_parse(int argc, char **argv, struct vmm_options *ret_options);

#endif
