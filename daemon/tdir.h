/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TDIR_H
#define TDIR_H

/*
 * TDIR: the daemon's half. TDIR says that an SPI is in flight (doc/list-registers.md)
 *
 * What    Whoever turns TDIR set rings the VM's eventfd, if somebody is interested. The daemon then
 *         tells every subscribed vCPU and every watcher, and after a lag tries to clear it, and
 *         again after each lag until nothing is in flight.
 * Ports   What ended in a list register of a vCPU that goes on in guest is known when it folds:
 *         they are asked a millisecond before each look, which waits for them for no longer than a
 *         lag.
 * Rest    After TDIR_LOOKS looks that found an SPI in flight the daemon leaves it to whoever ends
 *         one of them to ring, so a VM that leaves an interrupt pending costs nothing. Not where a
 *         VMM would not ring (the feature TDIR_END). Whoever dies between the end and the ring is
 *         found when it leaves; whoever is stopped there rings when it goes on.
 * Cost    The lag timer runs only while TDIR is set and somebody is interested.
 * Trust   The word in the segment is the VM's own to spoil: each wake-up here broadcasts at most
 *         once.
 */
#include <stdint.h>

#include "vm.h"

#define TDIR_LOOKS  32u

/* tdir_open() / tdir_close() - with the controller. open: 0; -ENOMEM. */
int tdir_open(struct vm *vm);
void tdir_close(struct vm *vm);

/* tdir_on_own_raise() - struct shm_gic.raised: the daemon itself injected. */
void tdir_on_own_raise(void *vm);

/*
 * tdir_subscribe() - @fd, an eventfd, is taken over on success. Return: 0; -EEXIST; -ENOSPC with
 * words.
 */
int tdir_subscribe(struct vm *vm, uint32_t vcpu, int fd, struct base_error *why);
/* Return: 0; -ENOENT there was no subscription. */
int tdir_unsubscribe(struct vm *vm, uint32_t vcpu);

/* tdir_look_again() - a VMM has come that would not ring: no rest. */
void tdir_look_again(struct vm *vm);

/* tdir_watch() / tdir_unwatch() - one more, one fewer session that wants events. */
void tdir_watch(struct vm *vm);
void tdir_unwatch(struct vm *vm);

/*
 * tdir_add_port() / tdir_drop_port() - one more, one fewer list-register port, which is rung when
 * it has to trap.
 */
void tdir_add_port(struct vm *vm);
void tdir_drop_port(struct vm *vm);

/*
 * tdir_query() - exact where nobody is interested, else as last broadcast. Return: 0 clear, 1 set.
 */
uint32_t tdir_query(struct vm *vm, uint64_t *ret_generation, uint32_t *ret_in_flight);

#endif
