/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a client may send to the daemon: the real server in this process, one connection, the input as its bytes
 *
 *   byte 0   bit 0: HELLO was exchanged before; bit 1: a VM was made before; bit 2: it was initialised;
 *            bit 7..3: how many eventfds go along with the input's first byte
 *   rest     as sent
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/un.h>
#include <unistd.h>

#include "base-fd.h"
#include "fuzz.h"
#include "log.h"
#include "options.h"
#include "proto-fds.h"
#include "server.h"

#define TURNS 64

static const char prologue[] =
        "\x01\0\0\0\x01\0\0\0\x02\0\0\0" "\x08\x1f"                             /* HELLO: all features */
        "\x03\0\0\0\x01\0\0\0\x0b\0\0\0" "\x0a\x01v\x10\x02\x18\x20"            /* VM_CREATE: "v", 2 vCPUs, 32 SPIs, */
        "\x38\x20\x40\x20"                                                     /* 32 extended SPIs, 32 extended PPIs */
        "\x05\0\0\0\x01\0\0\0\0\0\0\0";                                         /* VM_INIT */
static const size_t prologue_sizes[] = { 0, 14, 14, 37, 14, 14, 14, 49 };

/* Let the daemon work, and take in what it says, until it has nothing more to do. */
static void turn(struct server *server, int fd)
{
        char bytes[65536];
        int quiet = 0;

        for (int i = 0; i < TURNS && quiet < 3; i++) {
                struct proto_fds fds = { 0 };
                ssize_t n;

                event_base_loop(server->base, EVLOOP_NONBLOCK);
                n = proto_fds_recv(fd, bytes, sizeof(bytes), &fds);
                proto_fds_clear(&fds);
                quiet = n > 0 ? 0 : quiet + 1;
        }
}

static void feed(struct server *server, int fd, const uint8_t *data, size_t size, unsigned n_fds)
{
        int bell = base_fd_eventfd(), fds[32];

        for (unsigned i = 0; i < 32; i++)
                fds[i] = bell;
        while (size > 0) {
                ssize_t n = proto_fds_send(fd, data, size, fds, n_fds);

                if (n <= 0)
                        break;
                data += n;
                size -= (size_t)n;
                n_fds = 0;
                turn(server, fd);
        }
        base_fd_close(bell);
}

static int open_client(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                abort();
        return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char dir[] = "/tmp/vgicd-fuzz-XXXXXX", path[64];
        struct options options = { .socket_path = path, .socket_given = true, .tdir_lag_ms = 0 };
        struct server *server = NULL;
        int fd;

        if (size < 1 || !mkdtemp(dir))
                return 0;
        snprintf(path, sizeof(path), "%s/s", dir);
        log_open(LOG_CRIT);
        if (server_new(&options, &server) < 0)
                abort();
        fd = open_client(path);
        feed(server, fd, (const uint8_t *)prologue, prologue_sizes[data[0] & 7], 0);
        turn(server, fd);
        feed(server, fd, data + 1, size - 1, data[0] >> 3);
        turn(server, fd);
        base_fd_close(fd);
        event_base_loop(server->base, EVLOOP_NONBLOCK);
        server_free(server);
        unlink(path);
        rmdir(dir);
        return 0;
}
