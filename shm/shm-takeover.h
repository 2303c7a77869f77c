/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_TAKEOVER_H
#define SHM_TAKEOVER_H

/*
 * Take-over: an outsider resets a vCPU that does not run, and power on never waits for it
 *
 * What    A vCPU *runs* if its owner may be operating it (shm_takeover_runs()). The owner of one
 *         that runs applies a reset that an outsider asks for. A vCPU that does not run is seized
 *         by the outsider, which resets it word by word and lets go.
 * Why     A VMM may ask for the reset of a vCPU that is off, or that nobody has registered, and
 *         expects it to be reset when the call returns. Power on may come at any moment from
 *         another thread; it must find all of the reset or nothing of it, and cannot wait for an
 *         outsider that may be stopped or dead.
 * Seize   SEIZED and a count of seizures stand in the same word as the bits that say who runs the
 *         vCPU: together they are the ticket. Power on and registration set "runs" and take SEIZED
 *         off in one compare-and-swap: of the two exactly one comes first. The outsider looks
 *         before each change whether its ticket holds (TAKE-A1).
 * Reclaim An owner that finds the vCPU seized makes the reset itself, before its guest runs. The
 *         outsider, if it is only slow, may have one change left that it decided on before; so the
 *         owner first moves the four salt bits of every word, and the compare-and-swap of that
 *         change fails. Nobody waits, and the reset of an outsider that died is finished.
 *         A repair that finds a vCPU seized seizes it from the first outsider in the same way.
 * Limits  The salt has four bits: an outsider that stands still at one instruction while the vCPU
 *         is seized sixteen times, and finds the very word it left, changes it. It can also drop,
 *         late, error bits of GICR_STATUSR and active priorities that another outsider posted.
 * Order   TAKE-* in doc/memory-order.md. The table of states is in shm-layout.h.
 */
#include "base-bits.h"
#include "shm-gic.h"

#define SHM_CPUIF_SEIZES  (base_mask(SHM_CPUIF_SEIZES_WIDTH) << SHM_CPUIF_SEIZES_SHIFT)

/* May the owner of a vCPU whose cpuif word is @cpuif be operating it? */
static inline bool shm_takeover_runs(uint64_t cpuif)
{
        if (cpuif & SHM_CPUIF_ABSENT)
                return false;
        return (cpuif & SHM_CPUIF_POWERED) ||
               (cpuif & (SHM_CPUIF_OWNED | SHM_CPUIF_OFF)) == SHM_CPUIF_OWNED;
}

enum shm_seize {
        SHM_SEIZE_DONE,
        SHM_SEIZE_RUNS,
        SHM_SEIZE_OTHER,        /* another outsider has it; or a bounded view gave up */
};

/*
 * shm_takeover_seize() - seize a vCPU that does not run. SHM_SEIZE_DONE: *ret_ticket is the ticket
 * that the other calls want. Threads: any.
 */
enum shm_seize shm_takeover_seize(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket);

/*
 * shm_takeover_apply() - reset a seized vCPU (@only_posted: if that is asked for still), and let
 * go.
 * Return: true; false: its owner has reclaimed it, and resets it.
 */
bool shm_takeover_apply(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, bool only_posted);

/*
 * shm_takeover_change() - clear and set bits of cpuif that say who runs the vCPU. If it runs by
 * that, an outsider that has it loses it. @by_owner: the caller is the owner's own thread, whose
 * slot says RESET before the change: a repair after its death in the middle salts and resets the
 * vCPU all the same. Return: the word before, with SEIZED only if this call took it off. Threads:
 * any.
 */
uint64_t shm_takeover_change(struct shm_gic *gic, uint32_t vcpu, uint64_t clear, uint64_t set,
                             bool by_owner);

/*
 * shm_takeover_is_still_seized() - does @ticket still hold it? TAKE-A1: after the load of what is
 * to be changed.
 */
bool shm_takeover_is_still_seized(const struct shm_vcpu *self, uint64_t ticket);

/* shm_takeover_strike_off() - the reset that request, as @asked, asks for is made. */
void shm_takeover_strike_off(struct shm_gic *gic, uint32_t vcpu, uint32_t asked);

/*
 * shm_takeover_steal() - seize a vCPU from the outsider that has it, which is dead or slow: no
 * change that one decided on comes true any more. Return: false if nobody has it; *ret_ticket as of
 * shm_takeover_seize(). Threads: any.
 */
bool shm_takeover_steal(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket);

/*
 * shm_takeover_revoke() - an outsider that has the vCPU loses it, as by power on: a restore
 * replaces all that it was about to change.
 */
void shm_takeover_revoke(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_takeover_salt() - after the vCPU was reclaimed from an outsider: move the salt of every word,
 * so that no change which that one decided on before comes true now.
 */
void shm_takeover_salt(struct shm_gic *gic, uint32_t vcpu);

#endif
