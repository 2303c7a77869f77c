/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REPLAY_H
#define REPLAY_H

/*
 * One random program on two GICs: what the reference model gives, and whether QEMU gives the same
 *
 * The model runs first and writes down, for each step, the literal access, what it reads and the
 * outputs of all vCPUs. Then QEMU makes the same accesses, many in one go, and is compared step by
 * step; up to the first difference it cannot matter that it ran ahead.
 * Threads: one.
 */
#include "machine.h"
#include "program.h"

struct replay_step {
        struct program_step literal;
        bool skipped;        /* no access that a guest of QEMU's machine can make: nobody made it */
        bool undefined;                 /* the ICC register is UNDEFINED */
        uint64_t value;                 /* what a read gives; else 0 */
        uint8_t lines[REF_MAX_VCPUS];   /* REF_LINE_* of each vCPU afterwards */
};

struct replay {
        struct replay_step *steps;
        uint32_t n_steps;
        uint32_t n_vcpus;
};

/* replay_predict() - run it on the model with @quirks. */
void replay_predict(struct replay *replay, const struct program *program, uint32_t quirks);
void replay_free(struct replay *replay);

/*
 * replay_differs() - the first step in which two predictions for one program differ, or UINT32_MAX.
 */
uint32_t replay_differs(const struct replay *a, const struct replay *b);

/*
 * replay_qemu() - run it in @machine, which has the program's configuration and is reset afterwards
 *
 * Return: the first step in which QEMU gives something else than @replay, or UINT32_MAX; @ret_got
 * is what it gave there.
 */
uint32_t replay_qemu(struct machine *machine, const struct replay *replay,
                     struct replay_step *ret_got);

/* replay_acknowledges() - it reads ICC_IAR<n>_EL1. */
bool replay_acknowledges(const struct replay_step *step);

/* replay_explain() - say as TAP notes where the two differ. */
void replay_explain(const struct replay *replay, uint32_t step, const struct replay_step *got);

#endif
