/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Activation: see activation.h
 *
 * The service manager passes the sockets of vgicd.socket and, from its descriptor store, what an
 * earlier daemon of the service left there. The two are told apart by what they are and not by
 * their names, since any name may stand for either: a socket that listens, or that is bound to an
 * address and has no peer, is a place to be spoken to. Everything else was stored.
 *
 * Exactly one place is taken, a listening Unix stream socket. Another place is refused with words,
 * since a daemon that does not listen where its unit says helps nobody.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "activation.h"
#include "log.h"

/* Can somebody address the service through @fd? One of a pair has its peer already. */
static bool is_place(int fd)
{
        struct sockaddr_storage address;
        socklen_t size = sizeof(address), peer_size = sizeof(address);

        if (sd_is_socket(fd, AF_UNSPEC, 0, 1) > 0)
                return true;
        if (getpeername(fd, (struct sockaddr *)&address, &peer_size) == 0)
                return false;
        return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
               size > offsetof(struct sockaddr_un, sun_path);
}

/*
 * Close this process's copies of what was stored. The service manager keeps its own: a later
 * build, which knows what they are, still finds them.
 */
static void close_stored(int end, int kept)
{
        for (int fd = SD_LISTEN_FDS_START; fd < end; fd++)
                if (fd != kept)
                        close(fd);
}

int activation_take(int *ret_fd)
{
        int n = sd_listen_fds(1), end = SD_LISTEN_FDS_START + n, n_places = 0, place = -1;

        if (n == 0)
                return 0;
        if (n < 0) {
                log_line(LOG_ERR, "LISTEN_FDS cannot be understood: %s", strerror(-n));
                return -EINVAL;
        }
        for (int fd = SD_LISTEN_FDS_START; fd < end; fd++)
                if (is_place(fd) && n_places++ == 0)
                        place = fd;
        if (n_places > 1) {
                log_line(LOG_ERR,
                         "the service manager passed %d sockets, but vgicd takes exactly one "
                         "listening socket: keep one ListenStream= in vgicd.socket",
                         n_places);
                return -EINVAL;
        }
        if (n_places == 0 || sd_is_socket(place, AF_UNIX, SOCK_STREAM, 1) <= 0) {
                log_line(LOG_ERR,
                         "the service manager passed no listening AF_UNIX stream socket: "
                         "set ListenStream= to a path and Accept=no in vgicd.socket");
                return -EINVAL;
        }
        if (n > 1)
                log_line(LOG_NOTICE,
                         "%d descriptors of another version of vgicd are in the service manager's "
                         "descriptor store: they are left there for that version "
                         "(\"systemctl stop vgicd\" drops them)",
                         n - 1);
        close_stored(end, place);
        *ret_fd = place;
        return 1;
}
