/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ATTACKS_H
#define ATTACKS_H

/*
 * What one user does all day to hurt another: the attacks of neighbour
 *
 * Use     Each runs in a process of its own, of the hostile user, until it is killed. It ends the
 *         process with status 1 if it is refused what it needs.
 */
#include <stddef.h>

#include "daemon-proc.h"

/* How much it may take: alone all that one user may have, beside the others a share of it. */
struct attack_share {
        unsigned n_connections;
        unsigned n_vcpus;       /* of the largest VM */
        int ready_fd;           /* a byte goes here when the attack is under way */
};

struct attack {
        const char *name;
        void (*run)(const struct daemon_proc *proc, const struct attack_share *share);
};

extern const struct attack attacks[];
extern const size_t n_attacks;

#endif
