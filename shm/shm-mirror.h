/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_MIRROR_H
#define SHM_MIRROR_H

/*
 * Mirror: registers of a controller that lives elsewhere, as its VMM published them
 *
 * What    Each register is one word: its values, which of them are valid, and an epoch that counts
 *         invalidations. So a reader sees a value together with its validity, and a publication of
 *         what was read before an invalidation fails. Of ICC_CTLR_EL1 it is the word that a
 *         delivering controller has, with the epoch where the live value would be: there is none.
 * Threads Any; lock-free. A reader makes one load. Order: MIRROR-* in doc/memory-order.md.
 */
#include "shm-gic.h"

/* Registers: ICC_*_EL1 by their encoding (16 bits); those of the frames by offset. */
#define SHM_MIRROR_GICD      (1u << 20)
#define SHM_MIRROR_GICR      (2u << 20)
#define SHM_MIRROR_ALL_VCPUS UINT32_MAX
#define SHM_MIRROR_ALL_REGS  UINT32_MAX
#define SHM_MIRROR_ANY_EPOCH UINT32_MAX

#define SHM_MIRROR_DEFAULT     (1u << 0)
#define SHM_MIRROR_CONFIGURED  (1u << 1)
#define SHM_MIRROR_LIVE        (1u << 2)        /* never known */

/*
 * shm_mirror_epoch() - of a register, to read it elsewhere and then publish it. Return: 0; -EINVAL.
 */
int shm_mirror_epoch(const struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint32_t *ret_epoch);

/*
 * shm_mirror_publish() - @value is register @reg's value of @kind from now on
 *
 * Return: 0; -EINVAL no such register, vCPU, kind, or a value that this register cannot have;
 * -ESTALE invalidated since
 * @epoch.
 */
int shm_mirror_publish(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kind,
                       uint64_t value, uint32_t epoch);

/*
 * shm_mirror_read() - Return: 0; -EINVAL; -ENODATA never published, or invalidated since;
 * SHM_MIRROR_LIVE: always.
 */
int shm_mirror_read(const struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kind,
                    uint64_t *ret_value);

/*
 * shm_mirror_invalidate() - values of @kinds of one register or all, of one vCPU or all. Return: 0;
 * -EINVAL.
 */
int shm_mirror_invalidate(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kinds);

/*
 * shm_mirror_nth() - the registers that can be mirrored, for i from 0. Return: 0; -EINVAL there are
 * no more.
 */
int shm_mirror_nth(unsigned i, uint32_t *ret_reg, unsigned *ret_kinds, const char **ret_name);

/*
 * shm_mirror_reset() - as shm_reset_request(); SHM_RESET_SYSTEM ignores @vcpu. Return: 0; -EINVAL.
 */
int shm_mirror_reset(struct shm_gic *gic, uint32_t vcpu, unsigned kind);

#endif
