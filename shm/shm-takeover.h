/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_TAKEOVER_H
#define SHM_TAKEOVER_H

/*
 * Take-over: an outsider resets a vCPU that is off, and power on never waits for it
 *
 * What    A vCPU *runs* if somebody owns it and it was not told to be off. What an outsider asks of
 *         a vCPU that runs is posted, and applied by its owner. One that does not run is taken
 *         (SHM_CPUIF_SEIZED, and its count in "takes"): the outsider applies the reset itself, word
 *         by word, and looks before each change whether it still has it. Power on and registration
 *         set "runs" and end TAKEN in one compare-and-swap: of the two exactly one comes first.
 * Seize   Who finds it taken then finishes that reset itself, before the guest runs. The outsider,
 *         if it is only slow, may have one change left that it decided on before; so the four salt
 *         bits of every word are moved first, and that compare-and-swap fails. Nobody waits, and an
 *         outsider that died in the middle is finished. A repair that finds a vCPU taken is the
 *         next outsider: it takes it from the one before.
 * Limits  The salt has four bits: an outsider that stands still at one instruction while the vCPU
 *         is seized sixteen times from others, and finds the very word it left, changes it. It can
 *         also drop, late, error bits of GICR_STATUSR and active priorities that another outsider
 *         posted.
 * Order   TAKE-* in doc/memory-order.md.
 */
#include "base-bits.h"
#include "shm-gic.h"

#define SHM_CPUIF_SEIZES  (base_mask(SHM_CPUIF_SEIZES_WIDTH) << SHM_CPUIF_SEIZES_SHIFT)

/* May its owner be operating it? */
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
        SHM_SEIZE_OTHER,         /* another outsider has it; or a bounded view gave up */
};

/*
 * shm_takeover_seize() - for SHM_SEIZE_DONE, *ret_ticket is what the other calls want. Threads:
 * any.
 */
enum shm_seize shm_takeover_seize(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket);

/*
 * shm_takeover_apply() - reset it (@only_posted: if that is asked for still), and let go. Return:
 * true; false: its owner has taken it back, and resets it.
 */
bool shm_takeover_apply(struct shm_gic *gic, uint32_t vcpu, uint64_t ticket, bool only_posted);

/*
 * shm_takeover_change() - clear and set bits of cpuif that say who runs it; what is set means that
 * it runs: an outsider that has it loses it. @by_owner: then it is the owner's own thread, whose
 * slot says so before: who repairs after its death in the middle salts and resets the vCPU all the
 * same. Return: the word before, with TAKEN only if it was taken back by this. Threads: any.
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
 * shm_takeover_steal() - take it from the outsider that has it, which is dead or slow: nothing that
 * one decided comes true any more. Return: false if nobody has it; *ret_ticket as of
 * shm_takeover_seize(). Threads: any.
 */
bool shm_takeover_steal(struct shm_gic *gic, uint32_t vcpu, uint64_t *ret_ticket);

/*
 * shm_takeover_revoke() - whoever has it loses it, as by power on: a restore replaces all that it
 * was about to change.
 */
void shm_takeover_revoke(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_takeover_salt() - after it was taken back from an outsider: nothing that was decided before
 * comes true now.
 */
void shm_takeover_salt(struct shm_gic *gic, uint32_t vcpu);

#endif
