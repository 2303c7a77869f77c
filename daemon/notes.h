/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef NOTES_H
#define NOTES_H

/*
 * Notes: what a session is still to be told
 *
 * What    State, not a queue: which ends of interrupt, which revocations, whether TDIR changed. So
 *         a client that does not read, or a full ring, costs nothing and loses nothing: it is told
 *         the state when there is room.
 * Way     By the session's ring if it has one, else by events on its socket.
 * Turns   A send takes a microsecond or two, and one change may be news for thousands of sessions:
 *         each is told in a turn of its own user's (turns.h), and before its next request is
 *         served, so that no answer overtakes what it has to know first.
 */
#include <stdbool.h>
#include <stdint.h>

#include "intid-map.h"
#include "turns.h"

struct event;
struct session;

struct notes {
        bool tdir;
        bool vm_gone;
        bool waiting;                   /* any of these may be set */
        uint64_t eoi[INTID_MAP_WORDS];
        uint64_t revoked[INTID_MAP_WORDS];
        /* the ring was full: an older client does not tell when there is room */
        struct event *retry;
        uint32_t retry_us;
        struct turn turn;               /* of the session's user, to tell */
};

/* notes_tdir() - TDIR of its VM changed; told in a turn. */
void notes_tdir(struct session *session);

/* notes_eoi() / notes_revoked() - note an SPI or extended SPI; notes_ask() has it told. */
void notes_eoi(struct session *session, uint32_t intid);
void notes_revoked(struct session *session, uint32_t intid);

/* notes_vm_gone() - its VM was destroyed. */
void notes_vm_gone(struct session *session);

/* notes_ask() - tell what there is to tell, in a turn of the session's user. */
void notes_ask(struct session *session);

/* notes_flush() - tell what can be told now: within a turn of its user. */
void notes_flush(struct session *session);

/* notes_forget() - the session leaves its VM: only that this is gone is still of interest. */
void notes_forget(struct session *session);

void notes_close(struct session *session);

#endif
