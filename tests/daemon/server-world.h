/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SERVER_WORLD_H
#define SERVER_WORLD_H

/*
 * The real server in a test's own process, one pass of its loop at a time
 *
 * What    Nothing runs but what the test asks for by pass_once() and pass(). What is not done after
 *         N_PASSES is never done.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "options.h"
#include "proto-frame.h"
#include "proto-table.h"
#include "server.h"
#include "tap.h"

#define N_PASSES  100

struct world {
        struct server *server;
        struct options options;
        char folder[32], socket[64];
};

static inline void world_open(struct world *world)
{
        *world = (struct world){ .folder = "/tmp/vgicd-test.XXXXXX" };
        if (!mkdtemp(world->folder))
                tap_bail("no folder");
        snprintf(world->socket, sizeof(world->socket), "%s/s", world->folder);
        world->options.socket_path = world->socket;
        world->options.socket_given = true;
        if (server_new(&world->options, &world->server) < 0)
                tap_bail("no server");
}

static inline void world_close(struct world *world)
{
        server_free(world->server);
        rmdir(world->folder);
}

static inline void pass_once(struct world *world)
{
        event_base_loop(world->server->loop.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

static inline void pass(struct world *world)
{
        for (unsigned i = 0; i < N_PASSES; i++)
                pass_once(world);
}

static inline void send_frame(int fd, uint32_t request, const char *payload, size_t n)
{
        uint8_t frame[PROTO_HEADER_BYTES + 64];

        proto_frame_encode(frame, &(struct proto_header){
                .request = request, .flags = PROTO_FLAG_NEED_REPLY | PROTO_VERSION,
                .size = (uint32_t)n });
        memcpy(frame + PROTO_HEADER_BYTES, payload, n);
        if (send(fd, frame, PROTO_HEADER_BYTES + n, MSG_NOSIGNAL) < 0)
                tap_bail("send: %s", strerror(errno));
}

/* Return: how many bytes came; 0 it closed; -1 nothing came. */
static inline ssize_t reply(struct world *world, int fd)
{
        char bytes[4096];

        pass(world);
        return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
}

static inline ssize_t ask(struct world *world, int fd, uint32_t request, const char *payload,
                          size_t n)
{
        send_frame(fd, request, payload, n);
        return reply(world, fd);
}

#define ASK(world, fd, request, payload)  ask(world, fd, request, payload, sizeof(payload) - 1)

static inline int open_client(struct world *world)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->socket);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            ASK(world, fd, PROTO_HELLO, "\x08\x7f") <= 0)
                tap_bail("no connection: %s", strerror(errno));
        return fd;
}

#endif
