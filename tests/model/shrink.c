/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Delta debugging of programs; see shrink.h
 */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>

/* enough for thousands of steps; a shrink that takes longer is stopped, not wrong */
#define MAX_RUNS  4000

struct shrink {
        struct program *program;
        shrink_fn fails;
        void *arg;
        unsigned runs;
};

static bool still_fails(struct shrink *shrink)
{
        if (shrink->runs >= MAX_RUNS)
                return false;
        shrink->runs++;
        return shrink->fails(shrink->arg, shrink->program);
}

/* Try without @n steps from @first on. */
static bool take_out(struct shrink *shrink, uint32_t first, uint32_t n)
{
        struct program *program = shrink->program;
        struct program_step *saved = malloc(program->n_steps * sizeof(*saved));
        uint32_t n_saved = program->n_steps;
        bool gone;

        if (!saved)
                return false;
        memcpy(saved, program->steps, n_saved * sizeof(*saved));
        memmove(program->steps + first, program->steps + first + n,
                (n_saved - first - n) * sizeof(*saved));
        program->n_steps = n_saved - n;
        gone = still_fails(shrink);
        if (!gone) {
                memcpy(program->steps, saved, n_saved * sizeof(*saved));
                program->n_steps = n_saved;
        }
        free(saved);
        return gone;
}

static bool take_out_all(struct shrink *shrink)
{
        bool any = false;

        for (uint32_t n = shrink->program->n_steps / 2; n; n /= 2)
                for (uint32_t first = 0; first + n <= shrink->program->n_steps;)
                        if (take_out(shrink, first, n))
                                any = true;
                        else
                                first += n;
        return any;
}

/* Try one step as @now. */
static bool replace(struct shrink *shrink, uint32_t i, struct program_step now)
{
        struct program_step before = shrink->program->steps[i];

        if (memcmp(&before, &now, sizeof(now)) == 0)
                return false;
        shrink->program->steps[i] = now;
        if (still_fails(shrink))
                return true;
        shrink->program->steps[i] = before;
        return false;
}

static void simplify_step(struct shrink *shrink, uint32_t i)
{
        for (int bit = 63; bit >= 0; bit--) {
                struct program_step now = shrink->program->steps[i];

                if (!(now.value >> bit & 1))
                        continue;
                now.value &= ~(UINT64_C(1) << bit);
                replace(shrink, i, now);
        }
}

static void simplify_config(struct shrink *shrink)
{
        struct ref_config *config = &shrink->program->config;
        uint32_t *numbers[] = { &config->n_regions, &config->n_espis, &config->n_eppis,
                                &config->n_spis, &config->n_vcpus };

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                uint32_t before = *numbers[i], least = i == 3 ? 32 : i == 4 ? 2 : 0;

                if (before <= least)
                        continue;
                *numbers[i] = least;
                if ((i == 4 && config->n_regions) || !still_fails(shrink))
                        *numbers[i] = before;
        }
}

unsigned shrink_program(struct program *program, shrink_fn fails, void *arg)
{
        struct shrink shrink = { .program = program, .fails = fails, .arg = arg };

        while (take_out_all(&shrink))
                ;
        simplify_config(&shrink);
        for (uint32_t i = 0; i < program->n_steps; i++)
                simplify_step(&shrink, i);
        take_out_all(&shrink);
        return shrink.runs;
}
