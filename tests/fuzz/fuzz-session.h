/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef FUZZ_SESSION_H
#define FUZZ_SESSION_H

/*
 * Inputs of the target "session": a state, then steps
 *
 *   byte 0   enum session_state, modulo SESSION_N_STATES: what was done before
 *   steps    byte 0: enum session_step, modulo SESSION_N_STEPS; byte 1: bits 1..0: which client;
 *            bits 7..2: how; byte 2: n; then n bytes (fewer at the end)
 */
#include <stdint.h>

#include "fuzz-mutate.h"
#include "proto-table.h"

enum session_state {
        SESSION_NEW,            /* nothing was said */
        SESSION_READY,          /* every client: HELLO with all features */
        /* client 0 has VM "v": 2 vCPUs, 32 SPIs, 32 extended SPIs, 32 extended PPIs */
        SESSION_CREATED,
        SESSION_RUNNING,   /* ... initialised and mapped, vCPU 0 registered; client 1 observes it */
        /* ... TDIR subscribed and watched, grant "g"; client 2 is its device, with a ring */
        SESSION_GRANTED,
        SESSION_MIRROR,         /* client 0 has VM "v", a mirror */
        SESSION_MIRRORING,      /* ... initialised; client 1 observes it */
        SESSION_DESTROYED,      /* SESSION_GRANTED, then client 1 destroyed it */
        SESSION_N_STATES
};

enum session_step {
        /*
         * request, flags (^ version), descriptors (15..0: how many; 7..4: of what kind), repeats:
         * how often the payload's last two bytes come 16 times more; payload. SESSION_TOKEN in it
         * is replaced by the token of the last grant
         */
        SESSION_FRAME,
        SESSION_RAW,      /* bytes */
        SESSION_RING_PUT, /* an entry of the client's ring: 8 bytes; how & 1: the bell is rung */
        SESSION_RING_SCRIBBLE, /* 2 bytes: where; then what; the bell is rung */
        /* 3 bytes: where in the segment; then what; how & 1: TDIR's bell is rung */
        SESSION_SCRIBBLE,
        /*
         * how & 3: 0 close, and connect again; 1 no more writing; 2 no more reading;
         * 3 fill the bells
         */
        SESSION_CLOSE,
        SESSION_TURN,  /* how & 1: the daemon works, but this client does not read */
        SESSION_N_STEPS
};

#define SESSION_TOKEN  "0123456789abcdef0123456789ABCDEF"

/* How often a request was answered with OK in this process; by its number. */
extern uint64_t fuzz_session_answered[PROTO_REQUESTS_END];

#endif
