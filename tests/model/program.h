/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * Random programs: a configuration and a list of steps, made from a seed, to be run on two GICs
 *
 * The same profile, seed and length give the same program, as long as nothing is changed in
 * program-*.c: a finding is told by three words. A shrunk program has no seed any more;
 * program_print() writes it as text for program_parse().
 *
 * Most steps are literal. Where a guest would use what it has read (the INTID of an acknowledge), a
 * step says so by @from, and program_resolve() makes it literal from the history of the run: so a
 * program still makes sense after steps were taken out of it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ref-gic.h"

enum program_op {
        PROGRAM_GICD_READ,  /* .where offset, .len */
        PROGRAM_GICD_WRITE, /* the same, .value */
        /* .where offset in the 128 KiB of .vcpu; .vcpu may be n_vcpus: behind the last */
        PROGRAM_GICR_READ,
        PROGRAM_GICR_WRITE,
        PROGRAM_ICC_READ,  /* .vcpu, .where VGIC_SYSREG() */
        PROGRAM_ICC_WRITE, /* the same, .value */
        PROGRAM_LINE_HIGH, /* .where INTID of an SPI, ESPI, PPI, EPPI; .vcpu for the latter two */
        PROGRAM_LINE_LOW,
        PROGRAM_LINE_PULSE,
        /*
         * .vcpu waits for an interrupt, if none is there; its next ICC access or UNPARK ends that
         */
        PROGRAM_PARK,
        PROGRAM_UNPARK,
        PROGRAM_ENTER,     /* .vcpu executes guest code; its next ICC access or UNPARK ends that */
        PROGRAM_POWER_OFF, /* .vcpu */
        PROGRAM_POWER_ON,
        PROGRAM_UNREGISTER, /* .vcpu loses its owner, and gets a new one */
        PROGRAM_REGISTER,
        PROGRAM_RESET_VCPU, /* .vcpu */
        PROGRAM_RESET_ALL,
        /*
         * libvgic's VM is saved and goes away; another goes on from the image.
         * .value: see pair_cut()
         */
        PROGRAM_CUT,
        PROGRAM_N_OPS
};

/* Where a step's value comes from. */
enum program_from {
        PROGRAM_LITERAL,
        /*
         * EOIR of the group and INTID that .vcpu acknowledged last and has not ended;
         * else as it says
         */
        PROGRAM_ACKED,
        /* DIR of the INTID that any vCPU ended last and that no DIR named since; else as it says */
        PROGRAM_DROPPED,
        PROGRAM_N_FROMS
};

struct program_step {
        uint8_t op;             /* enum program_op */
        uint8_t from;           /* enum program_from */
        /* MMIO: 1, 2, 4, 8; ICC: 1: by the call for that purpose, where there is one */
        uint8_t len;
        uint8_t vcpu;
        uint32_t where;
        uint64_t value;
};

#define PROGRAM_MAX_INTIDS  12

struct program {
        uint64_t seed;
        struct ref_config config;
        /* what it plays with: to be looked at after each step */
        uint32_t intids[PROGRAM_MAX_INTIDS];
        uint32_t n_intids;
        struct program_step *steps;
        uint32_t n_steps;
        /* pair_run(): look at everything at the end only, and not at each word of the frames */
        bool brief;
};

/* What programs may contain. */
struct program_profile {
        const char *name;
        /* upper bounds; n_priority_bits: see below; one_of_n, rss: may be true */
        struct ref_config most;
        bool vary_config;               /* false: exactly @most */
        bool setspi;                    /* GICD_SETSPI_NSR, GICD_CLRSPI_NSR */
        bool statusr;                   /* GICD_STATUSR, GICR_STATUSR */
        bool host;                      /* park, enter, power, unregister */
        bool reset;                     /* vCPU and system resets */
        bool cut;                       /* save and restore */
        bool garbage;     /* unknown offsets, widths that a register does not take, reserved bits */
        bool garbage_icc;               /* encodings that are no register of the GIC */
        bool pulse;                     /* of a level-sensitive interrupt; QEMU has no such thing */
};

/* "full" first, "cut", "qemu"; ends with .name = NULL */
extern const struct program_profile program_profiles[];
const struct program_profile *program_profile_find(const char *name);

void program_generate(struct program *program, const struct program_profile *profile, uint64_t seed,
                      uint32_t n_steps);
void program_free(struct program *program);

/*
 * As text, one step a line; parse gives false and says the line on stderr if it is not such a text.
 */
void program_print(FILE *file, const struct program *program);
void program_print_step(FILE *file, const struct program_step *step);
bool program_parse(FILE *file, struct program *program);

/* The history of one run: what steps with .from refer to. Starts zeroed. */
#define PROGRAM_MAX_ACKED  64
struct program_history {
        struct {
                uint32_t n;
                uint32_t intids[PROGRAM_MAX_ACKED];
                uint8_t groups[PROGRAM_MAX_ACKED];
        } acked[REF_MAX_VCPUS];
        uint32_t n_dropped;
        uint32_t dropped[PROGRAM_MAX_ACKED];
};

/* program_resolve() - the literal step that @step is now. */
struct program_step program_resolve(const struct program_history *history,
                                    const struct program_step *step);

/*
 * program_note() - the literal step was made; @value is what it read,
 * if it is a read that succeeded.
 */
void program_note(struct program_history *history, const struct program_step *step, uint64_t value);

/* A generator of 64-bit numbers (splitmix64). */
uint64_t program_random(uint64_t *state);

#endif
