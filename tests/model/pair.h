/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PAIR_H
#define PAIR_H

/*
 * A pair: one program on two GICs, libvgic's and the reference model, compared after each step
 *
 * libvgic's is a VM of its own at the test's daemon, driven by its public interface from this one
 * thread. After a step: what was read; where 1-of-N interrupts are; the lines of each vCPU that
 * runs, the doorbell of each that is parked, the kick of each that is in guest; the state of the
 * program's interrupts. At intervals and at the end: all that can be read.
 */
#include "program.h"

struct vgic_conn;

/* What happened, so that a run that agrees because nothing did is not taken for one that agrees. */
struct pair_counts {
        uint64_t acknowledged;
        uint64_t deepest;       /* acknowledged and not ended, at one vCPU */
        uint64_t placed, moved; /* 1-of-N: chosen a vCPU for; then another */
        uint64_t woken, kicked;
        uint64_t cuts;          /* saved and restored */
};

struct pair_result {
        uint32_t n_steps;     /* how many were made; the last one disagreed, if .why is not empty */
        struct pair_counts counts;
        char why[256];
};

/* pair_run() - Return: true: they agree. */
bool pair_run(struct vgic_conn *conn, const struct program *program,
              struct pair_result *ret_result);

#endif
