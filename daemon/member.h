/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef MEMBER_H
#define MEMBER_H

/*
 * Member: what a session holds of the VM that it is attached to
 *
 * What    All that life_join() gives and life_leave() takes back, in one place; the rest of a
 *         session is its connection, which has no VM before and may have another one afterwards.
 * Owner   The session (session.h) has it inside; life.c, drive.c and notes.c work on it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "notes.h"

struct grant;
struct ring;
struct vm;

struct member {
        struct vm *vm;                  /* NULL: none, or destroyed while it was attached */
        struct grant *grant;            /* while attached as a device, until revoked */
        struct ring *ring;
        uint32_t n_vcpus;               /* registered */
        bool watches_tdir;
        bool has_segment;               /* it was given it to write to */
        bool has_lock;                  /* VM_MAP gave it the lock file, with its own lock */
        /* what it is still to be told; "the VM is gone" outlives the VM */
        struct notes notes;
};

#endif
