/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * vgic-vmm: the reference VMM, an arm64 machine whose interrupt controller is in vgicd
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm-board.h"
#include "vmm-log.h"
#include "vmm-loop.h"
#include "vmm-machine.h"
#include "vmm-options.h"
#include "vmm-selftest.h"
#include "vmm-unicorn.h"

/*
 * A standard descriptor that is closed would be the number of the next one opened: the guest's
 * console would go to the daemon's socket. What is put there instead fails every read and write, as
 * the closed one did.
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

/*
 * The guest's whole life, from the files on the command line to the exit status. Unicorn is tested
 * before an engine exists for the guest: a library of another build fails here, with a reason, and
 * not in the middle of the guest.
 */
static int run(struct vmm_machine *machine, const struct vmm_options *options)
{
        int r, status = vmm_board_init(machine, options);

        if (status != 0)
                return status;
        if (vmm_unicorn_check() < 0 || vmm_selftest() < 0)
                return VMM_STATUS_HOST;
        status = vmm_board_reset(machine);
        if (status != 0)
                return status;
        vmm_console_init(&machine->console);
        if (options->verbose)
                vmm_error("VM '%s': %u vCPUs", machine->name, machine->n_cpus);
        status = vmm_loop_run(machine);
        r = vmm_console_deinit(&machine->console);
        if (r < 0 && status == VMM_STATUS_OFF) {
                vmm_error("standard output is lost: %s", strerror(-r));
                status = VMM_STATUS_HOST;
        }
        if (options->stats || options->verbose)
                vmm_board_print_stats(machine);
        return status;
}

int main(int argc, char **argv)
{
        static struct vmm_machine machine;
        struct vmm_options options;
        int status;

        occupy_standard_descriptors();
        status = vmm_options_parse(argc, argv, &options);
        /* help and version */
        if (status == VMM_STATUS_OFF && (fflush(stdout) != 0 || ferror(stdout))) {
                vmm_error("standard output is lost: %s", strerror(errno));
                return VMM_STATUS_HOST;
        }
        if (status >= 0)
                return status;
        status = run(&machine, &options);
        vmm_board_deinit(&machine);
        return status;
}
