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
 * Exactly one place is taken for clients, a listening Unix stream socket, and at most one that is
 * called for metrics. Another place is refused with words, since a daemon that does not listen
 * where its unit says helps nobody.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
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

struct passed {
        int n;
        char **names;                   /* n of them */
        int n_places;
        int place;                      /* the first */
        int metrics;                    /* -1: none */
};

/*
 * Close this process's copies of what was stored. The service manager keeps its own: a later
 * build, which knows what they are, still finds them.
 */
static void close_stored(const struct passed *passed)
{
        for (int i = 0; i < passed->n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (fd != passed->place && fd != passed->metrics)
                        close(fd);
        }
}

static void sort(struct passed *passed)
{
        for (int i = 0; i < passed->n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (!is_place(fd))
                        continue;
                if (passed->metrics < 0 && strcmp(passed->names[i], ACTIVATION_METRICS) == 0)
                        passed->metrics = fd;
                else if (passed->n_places++ == 0)
                        passed->place = fd;
        }
}

/* Return: 1; -EINVAL, logged. */
static int check(const struct passed *passed)
{
        int n_stored = passed->n - passed->n_places - (passed->metrics >= 0);

        if (passed->n_places > 1) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the service manager passed %d sockets, but vgicd takes exactly one "
                          "listening socket: keep one ListenStream= in vgicd.socket",
                          passed->n_places);
                return -EINVAL;
        }
        if (passed->n_places == 0 || sd_is_socket(passed->place, AF_UNIX, SOCK_STREAM, 1) <= 0) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "the service manager passed no listening AF_UNIX stream socket: "
                          "set ListenStream= to a path and Accept=no in vgicd.socket");
                return -EINVAL;
        }
        if (n_stored > 0)
                log_event(LOG_NOTICE, LOG_EVENT_STORED,
                          "%d descriptors of another version of vgicd are in the service manager's "
                          "descriptor store: they are left there for that version "
                          "(\"systemctl stop vgicd\" drops them)",
                          n_stored);
        return 1;
}

static void free_names(char **names)
{
        for (char **name = names; name && *name; name++)
                free(*name);
        free(names);
}

int activation_take(int *ret_fd, int *ret_metrics_fd)
{
        struct passed passed = { .place = -1, .metrics = -1 };
        int r;

        *ret_metrics_fd = -1;
        passed.n = sd_listen_fds_with_names(1, &passed.names);
        if (passed.n == 0)
                return 0;
        if (passed.n < 0) {
                log_event(LOG_ERR, LOG_EVENT_NO_START,
                          "LISTEN_FDS cannot be understood: %s", strerror(-passed.n));
                return -EINVAL;
        }
        sort(&passed);
        free_names(passed.names);
        r = check(&passed);
        if (r < 0)
                return r;
        close_stored(&passed);
        *ret_fd = passed.place;
        *ret_metrics_fd = passed.metrics;
        return 1;
}
