/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

/*
 * Many programs on one machine: QEMU against the model with its quirks,
 * libvgic against the model without
 *
 * So each quirk is one difference between QEMU and libvgic, and nothing else is. How often a quirk
 * makes a program come out otherwise is counted:
 * one that never does explains nothing. Threads: one.
 */
#include "machine.h"
#include "program.h"

struct vgic_conn;

struct campaign {
        struct machine *machine;
        struct vgic_conn *conn;         /* to the test's vgicd */
        struct program_profile profile; /* that of the machine */
        uint64_t seed;                  /* of the next program */
        uint32_t n_steps;               /* random ones, of each program */
        uint64_t steps, reads; /* executed by QEMU: random steps; reads of everything at the ends */
        uint64_t programs;
        /* interrupts taken; steps after which some vCPU's IRQ or FIQ was another */
        uint64_t acknowledged, outputs;
        uint64_t mattered[REF_N_QUIRKS], asked[REF_N_QUIRKS];   /* programs */
        bool qemu_differs, vgicd_differs;
};

/* campaign_profile() - programs for a machine of this shape. */
struct program_profile campaign_profile(uint32_t n_vcpus, bool priority_8);

/*
 * campaign_run() - the next program; on a difference it is shrunk and shown.
 * Return: false: there was one.
 */
bool campaign_run(struct campaign *campaign);

/* campaign_replay() - this program, as it is. Return: false: there is a difference; it is shown. */
bool campaign_replay(struct campaign *campaign, const struct program *program);

#endif
