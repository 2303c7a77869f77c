/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LIAR_H
#define LIAR_H

/*
 * What a daemon that is none says, and that it reads what it is asked
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto-frame.h"
#include "tap.h"

#define HELLO_OK    "\x01\0\0\0\x05\0\0\0\x04\0\0\0" "\x10\x0f\x20\x01"
/* A VmInfoReply: name "v", id 1, 1 vCPU, 32 SPIs; INIT: initialised as well. */
#define INFO_BODY   "\x12\x09\x0a\x01v\x10\x01\x30\x01\x38\x20"
#define CREATE_OK   "\x03\0\0\0\x05\0\0\0\x0b\0\0\0" INFO_BODY
#define INIT_OK     "\x05\0\0\0\x05\0\0\0\x0d\0\0\0" \
                    "\x12\x0b\x0a\x01v\x10\x01\x28\x01\x30\x01\x38\x20"

/* Read one whole frame: whatever it is, it is a request. */
static inline void skip_request(int fd)
{
        uint8_t head[PROTO_HEADER_BYTES], payload[4096];
        struct proto_header header;

        if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head))
                _exit(0);
        proto_frame_decode(head, &header);
        if (header.size > sizeof(payload) ||
            (header.size > 0 && recv(fd, payload, header.size, MSG_WAITALL) != header.size))
                _exit(0);
}

struct liar {
        char folder[32];
        struct sockaddr_un address;
        int listener;
};

/* liar_listen() - where libvgic will look for a daemon; bails out on failure. */
static inline void liar_listen(struct liar *liar)
{
        *liar = (struct liar){
                .folder = "/tmp/vgic-liar-XXXXXX", .address.sun_family = AF_UNIX,
                .listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
        };
        if (!mkdtemp(liar->folder))
                tap_bail("no temporary directory");
        snprintf(liar->address.sun_path, sizeof(liar->address.sun_path), "%s/s", liar->folder);
        if (bind(liar->listener, (struct sockaddr *)&liar->address, sizeof(liar->address)) < 0 ||
            listen(liar->listener, 5) < 0)
                tap_bail("bind: %s", strerror(errno));
}

static inline void liar_close(struct liar *liar)
{
        close(liar->listener);
        unlink(liar->address.sun_path);
        rmdir(liar->folder);
}

#endif
