/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_REGS_H
#define SHM_REGS_H

/*
 * Registers of GICD and GICR that are no field of interrupt words: one pair of handlers each, by
 * enum gic_reg_id
 *
 * Threads: any.
 */
#include "gic-reg.h"
#include "shm-gic.h"

/* One access, decoded: it hits @reg, and the register allows it. */
struct shm_access {
        const struct gic_reg *reg;
        uint32_t vcpu;          /* redistributor accesses: whose; else no vCPU's number */
        uint32_t offset;        /* within the register array, bytes */
        unsigned len;
};

/* shm_regs_read() - RES0 reads 0. shm_regs_write() - RES0 ignores it. */
uint64_t shm_regs_read(struct shm_gic *gic, const struct shm_access *a);
void shm_regs_write(struct shm_gic *gic, const struct shm_access *a, uint64_t value);

/* shm_regs_count_error() - a guest's access in error, for the host to see */
void shm_regs_count_error(struct shm_gic *gic);

#endif
