/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Errors: one line on stderr, and the exit status that a script can tell apart
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct {
        int error;
        enum cli_exit status;
        const char *words;      /* NULL: as the system says it */
} cli_errors[] = {
        { ENOENT, CLI_NOT_FOUND, "there is no such VM" },
        /*
         * Names and numbers were checked by syntax before the call: what is left is that they name
         * nothing.
         */
        { EINVAL, CLI_NOT_FOUND, "the VM has no such vCPU or interrupt" },
        { ENOTCONN, CLI_UNREACHABLE, "the daemon is gone" },
        { ETIMEDOUT, CLI_UNREACHABLE, "the daemon does not answer" },
        { EACCES, CLI_DENIED, "not permitted" },
        { EPERM, CLI_DENIED, "not permitted" },
        { ENODATA, CLI_FAILED, "the VM is not initialised yet" },
        { EOPNOTSUPP, CLI_FAILED, "not of this kind of VM" },
};

/* What cannot be a VM's name, or a grant's, names none: the detail says why. */
static bool is_about_the_name(int error, const char *detail)
{
        return error == -EINVAL &&
               (strncmp(detail, "name ", 5) == 0 || strncmp(detail, "label ", 6) == 0);
}

int cli_usage_error(const struct cli *cli, const char *format, ...)
{
        va_list arguments;

        (void)cli;
        fputs("vgicctl: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return CLI_USAGE;
}

/*
 * What was meant, what the errno says of it, and in brackets what the daemon added. The status
 * depends on the errno only, so that a script need not read the words.
 */
int cli_fail(const struct cli *cli, int error, const char *format, ...)
{
        const char *words = NULL, *detail = cli->conn ? vgic_conn_error(cli->conn) : "";
        enum cli_exit status = CLI_FAILED;
        va_list arguments;

        for (size_t i = 0; i < sizeof(cli_errors) / sizeof(cli_errors[0]); i++) {
                if (cli_errors[i].error != -error)
                        continue;
                status = cli_errors[i].status;
                words = cli_errors[i].words;
        }
        if (error == -ENOENT && cli->command->missing)
                words = cli->command->missing;
        else if (is_about_the_name(error, detail))
                words = cli->command->missing ? cli->command->missing : "there is no such VM";
        else if (error == -EOPNOTSUPP && strncmp(detail, "this vgicd", 10) == 0)
                words = "the daemon is too old";
        else if (error == -EOPNOTSUPP && !detail[0])
                words = "the VM is a mirror: it has no delivering controller";
        fputs("vgicctl: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, ": %s", words ? words : strerror(-error));
        if (detail[0])
                fprintf(stderr, " (%s)", detail);
        fputc('\n', stderr);
        return status;
}

/* A full disk or a closed pipe must not look like success. */
int cli_finish_output(int status)
{
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) {
                fprintf(stderr, "vgicctl: the output cannot be written: %s\n", strerror(errno));
                return CLI_FAILED;
        }
        return status;
}
