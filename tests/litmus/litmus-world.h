/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_WORLD_H
#define LITMUS_WORLD_H

/*
 * A small controller for scenarios, built by the product,
 * and what must hold of every one after an execution
 */
#include "gic-irq.h"
#include "litmus.h"
#include "shm-apr.h"
#include "shm-cpuif.h"
#include "shm-irouter.h"
#include "shm-line.h"
#include "shm-local.h"
#include "shm-mirror.h"
#include "shm-oneofn.h"
#include "shm-park.h"
#include "shm-regs.h"
#include "shm-reset.h"
#include "shm-ring.h"
#include "shm-slot.h"
#include "shm-snapshot.h"
#include "shm-takeover.h"
#include "shm-tdir.h"
#include "shm-word.h"

#define WORLD_MAX_VCPUS 4

extern struct shm_gic world;
extern bool world_rung[WORLD_MAX_VCPUS];        /* somebody rang it in this execution */
extern bool world_asleep[WORLD_MAX_VCPUS];      /* it sleeps, and only a ring wakes it */
extern bool world_daemon_rung;                  /* TDIR turned set */

/*
 * world_build() - in setup(): @n_vcpus that run, awake, take both groups and everything below
 * priority 0xf8; @n_spis from INTID 32 on: enabled, Group 1, edge, priority 0x80, routed to vCPU 0.
 * The SGI and the PPI of each vCPU the same (INTIDs 0, 1).
 */
void world_build(uint32_t n_vcpus, uint32_t n_spis, uint32_t features);
void world_end(void); /* of the one before */

/* world_reset() - in before(): nobody sleeps, nobody was rung. */
void world_reset(void);

/*
 * world_park() - a vCPU's thread: park, and sleep if there is nothing to take. Return: it sleeps.
 */
bool world_park(uint32_t vcpu);

/* world_write() - a register that is no field of words. */
void world_write(enum gic_reg_id id, uint32_t vcpu, uint32_t intid, uint64_t value);

static inline uint64_t world_word(uint32_t intid)
{
        return shm_gic_word(&world, 0, intid)->cell.value; /* in setup(), before(), after() */
}

static inline void world_set_word(uint32_t vcpu, uint32_t intid, uint64_t word)
{
        shm_init(shm_gic_word(&world, vcpu, intid), word);
}

/*
 * world_settle() - in after(): what has to hold now that nobody moves. Of each word that is
 * deliverable the candidate and its summary bit are set at its target; no vCPU sleeps, unrung, that
 * has something to take; TDIR is set if an SPI is in flight.
 */
void world_settle(void);

#endif
