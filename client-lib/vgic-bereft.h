/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_BEREFT_H
#define VGIC_BEREFT_H

/*
 * Bereft: a VM whose daemon is dead goes on, and its VMMs do what the daemon would have done
 *
 * What    Guests need no daemon to take interrupts. Four things need one: the wires that it drove
 *         for devices and tools, which would stay high for ever; the vCPUs of another VMM that
 *         dies, which nobody would repair; a vCPU that this VMM gives back, which would keep the
 *         1-of-N interrupts that were chosen for it; TDIR, which nobody would clear.
 * How     A VMM that has lost its connection tries to take the daemon's place for a moment
 *         (shm-lock.h). It gets it only if the daemon is really dead, and nobody else does the
 *         same. Then it repairs, and gives the place back.
 * When    By the call that finds the connection gone, and by each vgic_conn_process() after that:
 *         everything. By a vCPU that leaves its guest, that is about to sleep, or that is refused
 *         at the gate of TDIR, at most once in VGIC_BEREFT_LAG_MS: only what can have come up
 *         since.
 * Cost    With a daemon: one load of this process's own memory for each exit and park.
 * Threads Any. One at a time repairs; a vCPU does not wait for the one that does.
 */
#include "shm-local.h"
#include "vgic-private.h"

#define VGIC_BEREFT_LAG_MS    10u
#define VGIC_BEREFT_WAIT_MS  100u       /* for the lock of a daemon that closed the connection */
/* A parked vCPU looks so often whether another VMM died, and a host gets everything so often. */
#define VGIC_BEREFT_LOOK_MS  100u

/*
 * vgic_bereft_begin() - the connection is gone: repair all, if the daemon is. Not with the
 * connection's lock held.
 */
void vgic_bereft_begin(struct vgic_vm *vm);

/*
 * vgic_bereft_again() - the host asks once more: everything (@all), or what has not been done yet.
 * Return: there is nothing to wait for: it was done once, has not begun, or cannot be done.
 */
bool vgic_bereft_again(struct vgic_vm *vm, bool all);

/*
 * vgic_bereft_leave() - @n vCPUs from @first on are given back, but the daemon has not said that it
 * released them: it may be dead. Then this does it, like the daemon would, or whoever has its place
 * next: this process, or another VMM once this one is dead. No thread runs them.
 */
void vgic_bereft_leave(struct vgic_vm *vm, uint32_t first, uint32_t n);

/* vgic_bereft_tick() - on the data path; what it costs with a daemon is here. */
void vgic_bereft_tick_slow(struct vgic_vm *vm);

static inline void vgic_bereft_tick(struct vgic_vm *vm)
{
        if (__builtin_expect(shm_local_is_raised(&vm->bereft.begun), 0))
                vgic_bereft_tick_slow(vm);
}

/* vgic_bereft_may_sleep() - must a parked vCPU not look by itself for VMMs that died? */
static inline bool vgic_bereft_may_sleep(struct vgic_vm *vm)
{
        return !shm_local_is_raised(&vm->bereft.begun) || shm_local_is_raised(&vm->bereft.alone);
}

#endif
