/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Activation: see activation.h
 *
 * Exactly one listening Unix stream socket is taken from the service manager. What else it passes
 * is refused with words, since a daemon that listens elsewhere than its unit says helps nobody.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "activation.h"
#include "log.h"

int activation_take(int *ret_fd)
{
        int n = sd_listen_fds(1);

        if (n == 0)
                return 0;
        if (n < 0) {
                log_line(LOG_ERR, "LISTEN_FDS cannot be understood: %s", strerror(-n));
                return -EINVAL;
        }
        if (n != 1) {
                log_line(LOG_ERR,
                         "the service manager passed %d descriptors, but vgicd takes exactly one listening socket: "
                         "keep one ListenStream= in vgicd.socket",
                         n);
                return -EINVAL;
        }
        if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0) {
                log_line(LOG_ERR,
                         "the descriptor that the service manager passed is not a listening AF_UNIX stream socket: "
                         "set ListenStream= to a path and Accept=no in vgicd.socket");
                return -EINVAL;
        }
        *ret_fd = SD_LISTEN_FDS_START;
        return 1;
}
