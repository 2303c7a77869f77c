/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_MMIO_H
#define SHM_MMIO_H

/*
 * Memory-mapped registers: a guest's accesses to the GICD and GICR frames
 *
 * @len is 1, 2, 4 or 8. What no row of the register tables takes, or allows in this direction, is
 * RAZ/WI, counted, and told by GICD_STATUSR or GICR_STATUSR. Threads: any.
 */
#include "shm-gic.h"

uint64_t shm_gicd_read(struct shm_gic *gic, uint64_t offset, unsigned len);
void shm_gicd_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value);
uint64_t shm_gicr_read(struct shm_gic *gic, uint64_t offset, unsigned len);
void shm_gicr_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value);

#endif
