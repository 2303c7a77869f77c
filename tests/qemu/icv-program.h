/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ICV_PROGRAM_H
#define ICV_PROGRAM_H

/*
 * Random programs of a hypervisor and its guest on one virtual CPU interface,
 * with what icv/ says of each step
 *
 * The generator looks at the model's bank, so that a guest ends what it has acknowledged, and a
 * hypervisor fills list registers that are free. Some steps are neither sensible nor nice.
 */
#include "icv.h"

/* the guest's; HYP: the hypervisor's write */
enum icv_step_kind { ICV_STEP_READ, ICV_STEP_WRITE, ICV_STEP_HYP };

#define ICV_N_DUMP     11u
#define ICV_DUMP_MISR  8u

struct icv_step {
        enum icv_step_kind kind;
        uint32_t reg;
        uint64_t value;
        bool known;          /* by now every register has been written: the state can be compared */
        /* What the model says. */
        enum icv_result result;
        uint64_t read;
        unsigned lines;
        bool maintenance;
        uint64_t dump[ICV_N_DUMP];
};

struct icv_counts {
        unsigned acknowledged, nested, ended, deactivated, counted, trapped, maintained,
                quirk_vgrp0d;
};

/* the hypervisor's registers that are looked at after each step */
extern const uint32_t icv_dump[ICV_N_DUMP];

/**
 * icv_program_generate() - the same for the same @seed;
 * it begins by writing every register of the hypervisor.
 */
void icv_program_generate(uint64_t seed, struct icv_step *steps, unsigned n,
                          struct icv_counts *counts);

/** icv_step_name() - a register in words. */
const char *icv_step_name(uint32_t reg);

#endif
