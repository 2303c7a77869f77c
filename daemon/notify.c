/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Notify: see notify.h
 *
 * Not by sd_notify(3), which waits while the manager's queue is full: nothing must stop the loop.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base-fd.h"
#include "notify.h"

static const char *plural(unsigned n)
{
        return n == 1 ? "" : "s";
}

/*
 * The manager's socket: a path, or an abstract name behind a '@'. Return: the address's length; 0:
 * there is none.
 */
static socklen_t manager_address(struct sockaddr_un *ret_address)
{
        const char *name = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t n = name ? strlen(name) : 0;

        if (n < 2 || n >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@'))
                return 0;
        memcpy(address.sun_path, name, n);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        *ret_address = address;
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

/* What passes by itself: a full queue, a lack of memory, or of descriptors for the socket. */
static int errno_of_telling(int error)
{
        switch (error) {
        case EAGAIN:
        case ENOBUFS:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
                return -EAGAIN;
        default:
                return -error;
        }
}

/* One datagram to the service manager. Return: as in notify.h. */
static int tell(const char *text)
{
        struct sockaddr_un address;
        socklen_t size = manager_address(&address);
        BASE_CLEANUP_FD int fd = -1;

        if (size == 0)
                return 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                             (struct sockaddr *)&address, size) < 0)
                return errno_of_telling(errno);
        return 0;
}

int notify_ready(void)
{
        return tell("READY=1");
}

int notify_reloading(void)
{
        return tell("RELOADING=1\nSTATUS=Reading the settings");
}

int notify_status(const struct notify_numbers *numbers)
{
        char text[160];

        snprintf(text, sizeof(text),
                 "STATUS=%u VM%s, %u session%s, %u descriptor%s, %" PRIu64 " KiB",
                 numbers->n_vms, plural(numbers->n_vms), numbers->n_sessions,
                 plural(numbers->n_sessions), numbers->n_fds, plural(numbers->n_fds),
                 numbers->n_bytes / 1024);
        return tell(text);
}

int notify_watchdog(void)
{
        return tell("WATCHDOG=1");
}

void notify_stopping(void)
{
        tell("STOPPING=1\nSTATUS=Stopping");
}
