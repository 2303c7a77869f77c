/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_PORT_H
#define SHM_PORT_H

/*
 * List-register port: a vCPU whose CPU model runs the architecture's virtual CPU interface
 *
 * What    shm_port_enter() fills a bank of ICH_* registers before the guest runs; shm_port_exit()
 *         folds it into the interrupts' words afterwards.
 * Why     In between the guest acknowledges and ends interrupts in the list registers, without a
 *         call, as on hardware.
 * How     Listed are the pending interrupts of the highest priority, then the active ones, as far
 *         as there are list registers. What is listed is marked resident in its word, and is
 *         nobody else's to deliver. After the fold no interrupt is resident at this vCPU.
 * Outside Whoever changes a resident word marks it and rings this vCPU, which leaves the guest and
 *         folds (gic-lr.h). A reader asks for a fold and waits (shm-fold.h), or gets what was known
 *         at the last fold.
 * Slot    A fold is one operation (SHM_SLOT_FOLD): what was read back is in the segment's bank
 *         before it begins, so that a repair completes it.
 * Threads The vCPU's own thread. @vcpu is a checked index.
 */
#include "shm-gic.h"

/*
 * What the virtual CPU interface has: IHI 0069 section 12.4. may_alias: a host's own bank of the
 * same layout is filled and folded in place.
 */
struct __attribute__((may_alias)) shm_port_bank {
        uint64_t ich_lr[SHM_N_LIST_REGISTERS];
        uint32_t ich_ap0r[SHM_N_APR];
        uint32_t ich_ap1r[SHM_N_APR];
        uint64_t ich_vmcr;
        uint64_t ich_hcr;
};

/* shm_port_configure() - 1..16 list registers; 0: a trap port again. While it is not in guest. */
void shm_port_configure(struct shm_gic *gic, uint32_t vcpu, unsigned n);

/* shm_port_enter() - publish "in guest", fill @bank. A ring from here on makes the vCPU leave. */
void shm_port_enter(struct shm_gic *gic, uint32_t vcpu, struct shm_port_bank *ret_bank);

/*
 * shm_port_exit() - "no longer in guest"; fold @bank as the guest left it. What is not valid in it
 * counts as unchanged.
 */
void shm_port_exit(struct shm_gic *gic, uint32_t vcpu, const struct shm_port_bank *bank);

/*
 * shm_port_repair() - of a dead owner: complete its fold (@folding; @walk and @states are of its
 * slot), and bring back what was still resident. The port is out of the guest then.
 */
void shm_port_repair(struct shm_gic *gic, uint32_t vcpu, bool folding, uint64_t walk,
                     uint64_t states);

#endif
