/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_DAEMON_H
#define SHM_DAEMON_H

/*
 * What only the daemon does to a segment: its liveness, and when an end of interrupt may be due
 */
#include "shm-gic.h"

/*
 * shm_daemon_set_epoch() - the daemon lives since @epoch (CLOCK_BOOTTIME, ns); 0: it stopped in
 * order.
 */
void shm_daemon_set_epoch(struct shm_gic *gic, uint64_t epoch);

/* level-sensitive: its end of interrupt matters to a device */
#define SHM_EOI_LEVEL  (1u << 0)
#define SHM_EOI_BUSY   (1u << 1)        /* pending or active: an end of interrupt can still come */

/*
 * shm_daemon_eoi_due() - of one moment of SPI @intid. Return: SHM_EOI_*; 0 also if there is no such
 * SPI.
 */
unsigned shm_daemon_eoi_due(const struct shm_gic *gic, uint32_t intid);

#endif
