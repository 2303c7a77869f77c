/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PROGRAM_PRIVATE_H
#define PROGRAM_PRIVATE_H

/*
 * Between program-config.c, which makes up a GIC, and program-generate.c,
 * which makes up what is done to it.
 */
#include "program.h"

struct maker {
        struct program *program;
        const struct program_profile *profile;
        uint64_t random;
        uint32_t room;
};

/* What chance gives; @m knows what it gave before. */
static inline uint32_t below(struct maker *m, uint32_t n)
{
        return n ? (uint32_t)((program_random(&m->random) >> 11) % n) : 0;
}

static inline bool percent(struct maker *m, uint32_t n)
{
        return below(m, 100) < n;
}

static inline uint32_t one_of(struct maker *m, const uint32_t *list, uint32_t n)
{
        return list[below(m, n)];
}

#define ONE_OF(m, ...) \
        one_of(m, (const uint32_t[]){ __VA_ARGS__ }, \
               sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static inline uint32_t any_vcpu(struct maker *m)
{
        return below(m, m->program->config.n_vcpus);
}

static inline uint32_t any_intid(struct maker *m)
{
        return m->program->intids[below(m, m->program->n_intids)];
}

static inline uint32_t any_priority(struct maker *m)
{
        return percent(m, 15) ? below(m, 256)
                              : ONE_OF(m, 0x00, 0x20, 0x3e, 0x40, 0x48, 0x80, 0x90, 0xa0, 0xa8,
                                       0xf0, 0xf8, 0xff);
}

static inline bool is_private(uint32_t intid)
{
        return intid < 32 || (intid >= 1056 && intid < 4096);
}

/* The next step of the program, if there is room. */
static inline void emit(struct maker *m, struct program_step step)
{
        struct program *program = m->program;

        if (program->n_steps < m->room)
                program->steps[program->n_steps++] = step;
}

/* program_make_config() - of @m's profile, and the interrupts that the program plays with. */
void program_make_config(struct maker *m);

#endif
