/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Arguments: the table of options, and numbers out of what was given
 *
 * The commands read their options and arguments by these calls. Which command it is and whether it
 * takes the option was decided before, by cli-parse.c; this file knows no command.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const struct cli_option cli_options[CLI_N_OPTIONS] = {
        [CLI_OPT_SOCKET] = { "socket", "PATH", 's',
                            "the daemon's socket (default $VGICD_SOCKET, your own daemon's, or "
                            VGIC_DEFAULT_SOCKET ")" },
        [CLI_OPT_JSON] = { "json", NULL, 'j', "print JSON instead of a table" },
        [CLI_OPT_HELP] = { "help", NULL, 'h', "print this help, or a command's" },
        [CLI_OPT_VERSION] = { "version", NULL, 'V', "print the version" },
        [CLI_OPT_ALL] = { "all", NULL, 'a', "leave nothing out" },
        [CLI_OPT_VIA] = { "via", "shm|message", 0,
                         "read shared memory (the default), or ask by message" },
        [CLI_OPT_WATCH] = { "watch", NULL, 'w', "go on and print each change" },
        [CLI_OPT_COUNT] = { "count", "N", 'n', "with --watch: end after N changes" },
        [CLI_OPT_TIMEOUT] = { "timeout", "SECONDS", 't',
                             "wait so long for each answer (5); with --watch: end after it" },
        [CLI_OPT_ASSERT] = { "assert", NULL, 0, "raise the wire" },
        [CLI_OPT_DEASSERT] = { "deassert", NULL, 0, "lower the wire" },
        [CLI_OPT_PULSE] = { "pulse", NULL, 0,
                           "a rising edge that leaves the wire low (the default)" },
        [CLI_OPT_VCPU] = { "vcpu", "N", 0, "of this vCPU (inject: of a PPI)" },
        [CLI_OPT_REPAIR] = { "repair", NULL, 0,
                            "take a snapshot that is not exact, and make it consistent" },
        [CLI_OPT_LOWER_DEVICES] = { "lower-devices", NULL, 0,
                                   "the wires of device grants come back low" },
        [CLI_OPT_KIND] = { "kind", "KIND", 0, "cpu-on (the default), system, post-load or lazy" },
};

bool cli_given(const struct cli *cli, enum cli_option_id id)
{
        return cli->options[id] != NULL;
}

int cli_number(const char *text, const char *what, uint64_t max, uint64_t *ret_value)
{
        unsigned long long value;
        char *end;

        errno = 0;
        value = strtoull(text, &end, 0);
        /* strtoull() would take "-1" and " 1". */
        if (errno || end == text || *end || !isdigit((unsigned char)text[0]) || value > max)
                return cli_usage_error(NULL, "%s must be a number from 0 to %llu, not '%s'", what,
                                       (unsigned long long)max, text);
        *ret_value = value;
        return CLI_OK;
}

int cli_option_number(const struct cli *cli, enum cli_option_id id, uint64_t max, uint64_t fallback,
                      uint64_t *ret_value)
{
        char what[32];

        if (!cli_given(cli, id)) {
                *ret_value = fallback;
                return CLI_OK;
        }
        snprintf(what, sizeof(what), "--%s", cli_options[id].name);
        return cli_number(cli->options[id], what, max, ret_value);
}

int cli_option_seconds(const struct cli *cli, enum cli_option_id id, uint64_t fallback_ms,
                       uint64_t *ret_ms)
{
        const char *text = cli->options[id];
        double seconds;
        char *end;

        if (!cli_given(cli, id)) {
                *ret_ms = fallback_ms;
                return CLI_OK;
        }
        seconds = strtod(text, &end);
        /* strtod() would take "-1", "inf", "nan" and "0x1p3". */
        if (end == text || *end || text[strspn(text, "0123456789.")] || seconds > UINT32_MAX)
                return cli_usage_error(cli,
                                       "--%s must be a number of seconds from 0 to %lu, not '%s'",
                                       cli_options[id].name, (unsigned long)UINT32_MAX, text);
        *ret_ms = (uint64_t)(seconds * 1000);
        *ret_ms += (double)*ret_ms < seconds * 1000;
        return CLI_OK;
}
