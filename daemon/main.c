/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicd: the vGIC service; see doc/vgicd.8
 *
 * Standard descriptors, options, the log, signals and limits, in the order in which they need each
 * other; then the server runs until it is told to stop.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "log-writer.h"
#include "options.h"
#include "process.h"
#include "server.h"

#define EXIT_USAGE  2

int main(int argc, char **argv)
{
        struct options options;
        struct server *server = NULL;
        int r;

        process_occupy_standard();
        r = options_parse(argc, argv, &options);
        if (r > 0 && (fflush(stdout) != 0 || ferror(stdout))) { /* help and version */
                fprintf(stderr, "vgicd: the output cannot be written: %s\n", strerror(errno));
                return EXIT_FAILURE;
        }
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        log_open(options.log_priority);
        r = log_writer_start();
        if (r < 0) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "no thread can be made for the log: %s", strerror(-r));
                return EXIT_FAILURE;
        }
        process_set_up();
        r = server_new(&options, &server);
        if (r == -ENOMEM)
                log_event(LOG_ERR, LOG_EVENT_NO_START, "out of memory");
        if (r == 0)
                r = server_run(server);
        server_free(server);
        if (r == 0)
                log_event(LOG_INFO, LOG_EVENT_ENDING, "stopped");
        log_writer_finish();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
