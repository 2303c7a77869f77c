/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef OWNER_H
#define OWNER_H

/*
 * Owner: which session has registered which vCPU, and what is done when that changes
 *
 * What    A vCPU is owned by one session at a time. What the owner before left half done is
 *         finished or taken back (doc/sudden-death.md) before the next one has it; a list-register
 *         port counts among those who want to hear of TDIR, for as long as it is owned.
 * States  vm->vcpus[i]: owner NULL and was_owned false (never), owner set (registered), owner NULL
 *         and was_owned true (to be looked at before the next owner).
 * Threads The daemon's one thread.
 */
#include <stdint.h>

struct session;
struct vm;

/*
 * owner_take() - session takes a vCPU over; repairs what a dead one left. @n_list_registers: 0, a
 * trap port. Return: 0; -EINVAL; -EBUSY.
 */
int owner_take(struct vm *vm, uint32_t index, struct session *session, unsigned n_list_registers);

/*
 * owner_release() - only what @session owns; what its process left undone is finished or taken
 * back, unless it may still be running. Return: 0; -EINVAL.
 */
int owner_release(struct vm *vm, uint32_t index, struct session *session);

/*
 * owner_release_all() - @session leaves; shm_repair_words() is to follow. What of its vCPUs is not
 * repaired by that, because there is too much of it, is when the next owner takes them.
 */
void owner_release_all(struct vm *vm, struct session *session);

#endif
