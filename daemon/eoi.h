/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef EOI_H
#define EOI_H

/*
 * Ends of interrupt: telling a device that its level-sensitive interrupt was deactivated
 *
 * What    The deactivating vCPU sets a bit in the segment, without a system call. Nobody rings, so
 *         the daemon looks by a timer, and only while an interrupt that a device raised may still
 *         end.
 * Cost    First look after EOI_FIRST_US, then at doubled distance up to EOI_LAST_US, as long as one
 *         of them is pending or active; idle costs nothing. A look is a turn of the VM's user
 *         (turns.h), and as long as one: a VMM can say without end that all have ended.
 */
#include <stdint.h>

struct grant;
struct vm;

#define EOI_FIRST_US    200u
#define EOI_LAST_US    5000u
/*
 * Looks at the longest distance with nothing in flight before the timer stops: the bit follows the
 * deactivation of the word by some instructions.
 */
#define EOI_N_QUIET       3u

/* eoi_watch() - the device of @grant raised @intid (checked). */
void eoi_watch(struct grant *grant, uint32_t intid);

/* eoi_kick() - look soon, and go on as long as there is reason to. */
void eoi_kick(struct vm *vm);

/* eoi_stop() - with the controller. */
void eoi_stop(struct vm *vm);

#endif
