/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef STORM_H
#define STORM_H

/*
 * A storm of deaths: who takes part, and what they write down
 *
 * What    One VM. Its vCPUs 0 and 2 belong to a VMM process that is killed again and again (EOImode
 *         1: one thread takes, the other deactivates), vCPU 1 to one that survives. A device drives
 *         edges and a line by its ring, and waits for ends of interrupt. A tool runs vgicctl.
 * Laws    Each edge has one sender, which sends the next one only when the last was delivered. So
 *         deliveries are counted exactly: not fewer than were sent, not more than somebody began to
 *         send. The records are outside of the segment.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

enum role { VICTIM_VMM, SURVIVOR, DEVICE, TOOL, N_ROLES };

enum {
        N_STORM_VCPUS = 3,
        SURVIVOR_VCPU = 1,
        FIRST = 40, N_EDGES = 32,       /* edges */
        LINE = 80,                      /* level: the device's */
};

#define STRIDE  0x20000u

struct record {
        _Atomic uint32_t sent_begun, sent_done;         /* by its sender */
        _Atomic uint32_t taken;                         /* acknowledges that returned */
        _Atomic uint32_t ends_begun[2], ends_done[2]; /* deactivations by VICTIM_VMM and SURVIVOR */
        /* acknowledges that were committed, and not written down */
        uint32_t unrecorded_min, unrecorded_max;
};

struct storm {
        char token[VGIC_TOKEN_MAX + 1];
        _Atomic uint32_t paused;                        /* nobody sends */
        _Atomic uint32_t is_paused[N_ROLES];
        _Atomic uint32_t ready[N_ROLES];
        _Atomic uint32_t has_threads;         /* the VMM: one for each vCPU, and one that injects */
        _Atomic uint32_t line_rounds, line_served;
        _Atomic uint64_t n_delivered;
        _Atomic uint32_t to_deactivate[256];            /* by vCPU 2, of vCPU 0 */
        struct record records[128];
};

extern struct storm *storm;
extern struct daemon_proc storm_daemon;

void storm_create(void);
void storm_boot_distributor(struct vgic_vm *vm);

/* Who sends this edge. */
enum role storm_sender(uint32_t intid);

/* The processes; none returns. */
void storm_vmm(unsigned long arg);
void storm_survivor(unsigned long arg);
void storm_device(unsigned long arg);
void storm_tool(unsigned long arg);

#endif
