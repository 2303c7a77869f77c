/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicctl: look at the VMs of vgicd, and drive single interrupts
 *
 * Parse, connect, run the command, and turn what came of it into the exit status that scripts
 * rely on.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

/*
 * A standard descriptor that is closed would be the number of the next one opened: a table would go
 * into the daemon's socket. What is put there instead fails every read and write, as the closed one
 * did.
 */
static void occupy_standard_descriptors(void)
{
        int fd;

        do
                fd = open("/", O_PATH | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

int main(int argc, char **argv)
{
        struct cli cli = { 0 };
        int status;

        occupy_standard_descriptors();
        /*
         * A reader that went away is a failed write, reported like a full disk, not a silent death.
         */
        signal(SIGPIPE, SIG_IGN);
        if (cli_parse(&cli, argc, argv, &status) == 0) {
                status = cli_connect(&cli);
                if (status == CLI_OK)
                        status = cli.command->run(&cli);
        }
        cli_release(&cli);
        return cli_finish_output(status);
}
