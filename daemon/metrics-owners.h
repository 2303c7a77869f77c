/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_OWNERS_H
#define METRICS_OWNERS_H

/*
 * Metrics of owners: what users hold, of what they may, and series of single VMs
 *
 * What    All users together and the one who holds most, which says whether a limit is near however
 *         many users there are. By name only for a reader who may see whose VMs there are, and of a
 *         bounded number: the METRICS_OWNERS_USERS users who hold most memory, and as many VMs as
 *         vgicd.conf(5) allows, those that were made first.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct evbuffer;
struct metrics_text;
struct users;
struct vm;

#define METRICS_OWNERS_USERS  16u
#define METRICS_VM_FAMILIES    7u

/* Series of single VMs, filled by a walk: a part for each family, since these may not mix. */
struct metrics_vms {
        struct evbuffer *families[METRICS_VM_FAMILIES]; /* NULL: none are asked for */
        uint32_t most;                  /* VMs that get some */
        uint32_t n;
        uint32_t n_left_out;
        bool is_incomplete;             /* there was no memory */
};

/* metrics_vms_open() - for at most @most VMs. Return: 0; -ENOMEM. close: idempotent. */
int metrics_vms_open(struct metrics_vms *vms, uint32_t most);
void metrics_vms_close(struct metrics_vms *vms);

/* metrics_vms_add() - struct metrics_walk.vm; @vms: a struct metrics_vms. */
void metrics_vms_add(void *vms, struct vm *vm);

/* metrics_vms_put() - what was added, family by family; it stays. */
void metrics_vms_put(struct metrics_text *text, const struct metrics_vms *vms);

/* metrics_users_put() - what users hold; @by_name: also single ones. */
void metrics_users_put(struct metrics_text *text, const struct users *users, bool by_name);

#endif
