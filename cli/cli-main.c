/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicctl: look at the VMs of vgicd, and drive single interrupts
 */
#include <signal.h>
#include <stdlib.h>

#include "cli.h"

int main(int argc, char **argv)
{
        struct cli cli = { 0 };
        int status;

        /* A reader that went away is a failed write, reported like a full disk, not a silent death. */
        signal(SIGPIPE, SIG_IGN);
        if (cli_parse(&cli, argc, argv, &status) == 0) {
                status = cli_connect(&cli);
                if (status == CLI_OK)
                        status = cli.command->run(&cli);
        }
        cli_release(&cli);
        return cli_finish_output(status);
}
