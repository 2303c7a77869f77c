/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LIFE_H
#define LIFE_H

/*
 * Life: VMs begin and end, sessions join and leave them, and what ends with them
 *
 * What    The one place where the end of a thing is told to those who held it. Leaving releases the
 *         session's vCPUs, wires, ring and interest in TDIR, and nothing of anybody else. The VM
 *         stays, unless it is ephemeral and its last VMM left.
 */
#include <stdbool.h>
#include <stdint.h>

#include "proto-state.h"

struct base_error;
struct registry;
struct session;
struct vm;

/*
 * life_init() - build the controller and all that tells of it, as much as fits into a turn. Whoever
 * asks again goes on with it. Return: 1 there is more to do; 0; -EMFILE, -ENOSPC with words in
 * @why; -ENOMEM; -EALREADY.
 */
int life_init(struct vm *vm, struct base_error *why);

/* life_join() - the session has no VM. */
void life_join(struct session *session, struct vm *vm, enum proto_role role);

/* life_leave() - leave, if attached; may destroy an ephemeral VM. */
void life_leave(struct session *session);

/*
 * life_destroy() - everybody leaves and, but for the session that asked for it, is told; the VM is
 * freed, a large one in turns of its user's.
 */
void life_destroy(struct vm *vm, const struct session *by);

/*
 * life_take_apart() - a turn's part of what is left of the VM that had this number. Return: there
 * is more.
 */
bool life_take_apart(struct registry *registry, uint64_t id);

/* life_free_buried() - all of them at once; for the end of the daemon. */
void life_free_buried(struct registry *registry);

/*
 * life_convict() - a process of this VM made a write of the daemon sleep: all its VMMs are
 * disconnected, all subscriptions dropped, and whoever attaches next gets new doorbells. So one VM
 * costs the daemon one tick (doorbell.h), not one for each of its eventfds.
 */
void life_convict(struct vm *vm, uint32_t vcpu, const char *reason);

#endif
