/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicd: the vGIC service; see doc/vgicd.8
 *
 * Options, descriptors, the log and signals, in the order in which they need each other; then the
 * server runs until it is told to stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "server.h"

#define EXIT_USAGE  2

/*
 * A VM of 512 vCPUs takes more descriptors than the usual soft limit; the hard one is the
 * administrator's word.
 */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                log_line(LOG_WARNING, "the limit of descriptors cannot be raised: %s",
                         strerror(errno));
}

/*
 * A standard descriptor that is closed would be the number of the next one opened: a line of the
 * log would go into a client's socket or a VM's memory. What is put there instead fails every read
 * and write, as the closed one did. Descriptors that the service manager passes come after the
 * standard ones and stay where they are.
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
        struct options options;
        struct server *server = NULL;
        int r;

        occupy_standard_descriptors();
        r = options_parse(argc, argv, &options);
        if (r > 0 && (fflush(stdout) != 0 || ferror(stdout))) { /* help and version */
                fprintf(stderr, "vgicd: the output cannot be written: %s\n", strerror(errno));
                return EXIT_FAILURE;
        }
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        log_open(options.log_priority);
        signal(SIGPIPE, SIG_IGN);
        raise_descriptor_limit();
        r = server_new(&options, &server);
        if (r == -ENOMEM)
                log_line(LOG_ERR, "out of memory");
        if (r == 0)
                r = server_run(server);
        server_free(server);
        if (r == 0)
                log_line(LOG_INFO, "stopped");
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
