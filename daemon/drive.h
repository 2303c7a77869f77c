/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DRIVE_H
#define DRIVE_H

/*
 * Drive: what a device does with its grant, and how it loses it
 *
 * What    A raise has a consequence (its end is to be told: eoi.h), a revocation has one (the
 *         device is told: notes.h). grant.h knows neither: it is the plain table of wires.
 * Trust   The entries of a ring are the client's: what it was not granted is counted and ignored.
 */
#include <stdint.h>

#include "grant.h"

struct ring;

enum drive_op { DRIVE_ASSERT = 1, DRIVE_DEASSERT, DRIVE_PULSE };

/* drive_wire() - what the device asks of its wire. Return: 0; -EACCES not granted; -EINVAL. */
int drive_wire(struct grant *grant, uint32_t intid, enum drive_op op);

/*
 * drive_ring_entry() - the same, as an entry of its ring. Return: 0, also if it was ignored;
 * -EBADMSG no such kind.
 */
int drive_ring_entry(struct ring *ring, uint64_t entry);

/* drive_revoke() - lower the wires of a grant, tell its device, and forget it. */
void drive_revoke(struct grant *grant);

#endif
