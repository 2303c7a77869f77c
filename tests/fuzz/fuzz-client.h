/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_CLIENT_H
#define FUZZ_CLIENT_H

/*
 * Something that is no daemon: answers requests as an input says, in a thread of its own
 *
 *   An answer takes one byte: enum liar_answer in bits 2..0, how in bits 7..3. Where the input ends
 *   answers are honest.
 */
#include <pthread.h>
#include <stdbool.h>

#include "fuzz-input.h"
#include "shm-gic.h"
#include "shm-ring.h"

enum liar_answer {
        LIAR_HONEST,
        /*
         * an honest frame, one byte of which (2 bytes: where) is another (1);
         * how & 16: and it goes on
         */
        LIAR_CHANGED,
        LIAR_EVENT,   /* first an event: its kind, an INTID (2 bytes) */
        /*
         * how & 1: of another request; flags, n, payload; how >> 1: descriptors;
         * how & 16: it goes on
         */
        LIAR_FRAME,
        LIAR_RAW,     /* n bytes; then no more is said */
        LIAR_CLOSE,
        LIAR_SCRIBBLE,    /* 3 bytes: where in the segment, 8 what; then as if honest */
        LIAR_DESCRIPTORS, /* an honest frame with how descriptors of another kind */
};

struct liar {
        int listener;
        struct fuzz_input in;
        uint32_t role;          /* enum proto_role that is asked for */
        bool initialised;
        struct shm_gic gic;     /* what it gives out */
        struct shm_ring ring;
        int fds[2];             /* of the segment: read-write, read-only */
        int ring_fd, bells[2];
        pthread_t thread;
};

void liar_start(struct liar *liar, const char *path, struct fuzz_input in);
void liar_stop(struct liar *liar);

#endif
