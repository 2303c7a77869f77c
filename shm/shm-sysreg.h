/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SYSREG_H
#define SHM_SYSREG_H

/*
 * System registers: MRS and MSR of ICC_*_EL1, one pair of handlers for each row of gic/gic-icc.c
 *
 * What    Of the vCPU's own thread as its guest does it (read, write); of those that hold state,
 *         from outside, for attributes (peek, poke).
 * How     The row of a register is found by one look, whatever its register; a row that cannot be
 *         read or written has no such handler: UNDEFINED.
 */
#include "shm-gic.h"

/*
 * shm_sysreg_read() / shm_sysreg_write() - MRS / MSR of an ICC_*_EL1; @reg: op0 << 14 | op1 << 11 |
 * CRn << 7 | CRm << 3 | op2
 *
 * Return: 0; -ENOENT not such a register, or not readable (writable).
 */
int shm_sysreg_read(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value);
int shm_sysreg_write(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value);

/*
 * shm_sysreg_is_state() - is it one of the registers that hold state, with that many priority bits?
 * ICC_IAR0_EL1 does not.
 */
bool shm_sysreg_is_state(uint32_t n_priority_bits, uint32_t reg);

/*
 * shm_sysreg_peek() / shm_sysreg_poke() - the same for registers that hold state, of a vCPU that
 * may be running elsewhere
 *
 * Most are one word. The active priorities are posted to the owner: shm-apr.h. Threads: any.
 *
 * Return: 0; -ENOENT.
 */
int shm_sysreg_peek(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value);
int shm_sysreg_poke(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value);

#endif
