/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SETTINGS_H
#define SETTINGS_H

/*
 * Settings: the file of vgicd.conf(5)
 *
 * What    The same limits as on the command line, which counts more, and the rights of users. Read
 *         at the start, and again on SIGHUP; a file with an error changes nothing.
 */
#include <stdint.h>

#include "base-error.h"
#include "options.h"
#include "rights.h"

/* How the settings came to be as they are. */
struct settings_state {
        unsigned n_reloads;             /* with or without success */
        uint64_t reloaded_ns;           /* base_clock_ns() of the last one */
        struct base_error error;        /* of the last one: the settings before it are in force */
};

/* settings_default_path() - where it is looked for unless the command line says. */
const char *settings_default_path(void);

/**
 * settings_read() - read the file that @given names (or the default one) over @given
 * @ret_options: @given, and what the file says beyond the command line
 * @ret_rights:  empty before; rights_clear() releases
 *
 * Return: 0, also if there is no file and none was named; -ENOENT it was named and there is none;
 * -EINVAL, -ENOMEM or another negative errno, with words in @why that name file and line.
 */
int settings_read(const struct options *given, struct options *ret_options,
                struct rights *ret_rights, struct base_error *why);

#endif
