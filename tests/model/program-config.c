/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Random programs: the profiles, and a GIC for each program
 *
 * A profile says how large a GIC may be and which steps a program may make; a program draws its GIC
 * below that. Each profile leaves out what another implementation than ours does not have.
 */
#include <string.h>

#include "program-private.h"

const struct program_profile program_profiles[] = {
        { .name = "full",
          .most = { .n_vcpus = 20,
                    .n_spis = 988,
                    .n_espis = 1024,
                    .n_eppis = 64,
                    .n_priority_bits = 8,
                    .affinity_levels = 4,
                    .one_of_n = true,
                    .rss = true,
                    .awake = true },
          .vary_config = true,
          .setspi = true,
          .statusr = true,
          .host = true,
          .reset = true,
          .garbage = true,
          .garbage_icc = true,
          .pulse = true },
        { .name = "cut",
          .most = { .n_vcpus = 6,
                    .n_spis = 988,
                    .n_espis = 1024,
                    .n_eppis = 64,
                    .n_priority_bits = 8,
                    .affinity_levels = 4,
                    .one_of_n = true,
                    .rss = true,
                    .awake = true },
          .vary_config = true,
          .setspi = true,
          .statusr = true,
          .host = true,
          .reset = true,
          .cut = true,
          .garbage = true,
          .garbage_icc = true,
          .pulse = true },
        { .name = "plain",
          .most = { .n_vcpus = 4, .n_spis = 988, .n_priority_bits = 8, .affinity_levels = 4,
                    .rss = true },
          .vary_config = true,
          .setspi = true,
          .reset = true,
          .garbage = true,
          .garbage_icc = true,
          .pulse = true },
        { .name = "qemu",
          .most = { .n_vcpus = 4, .n_spis = 256, .n_priority_bits = 5, .affinity_levels = 4,
                    .mpidrs = { 0, 1, 2, 3 } },
          .setspi = true, .statusr = true, .garbage = true },
        { .name = NULL },
};

const struct program_profile *program_profile_find(const char *name)
{
        for (const struct program_profile *profile = program_profiles; profile->name; profile++)
                if (strcmp(profile->name, name) == 0)
                        return profile;
        return NULL;
}

static void vary_mpidrs(struct maker *m, struct ref_config *config)
{
        bool spread = percent(m, 30);

        for (uint32_t i = 0; i < config->n_vcpus; i++) {
                uint64_t aff0 = i % 16, aff1 = i / 16, aff2 = 0, aff3 = 0;

                if (spread) {
                        aff0 = config->rss ? i * 23 % 256 : i % 16;
                        aff1 = below(m, 2) + i / 16 * 2;
                        aff2 = below(m, 3) * 100;
                        aff3 = config->affinity_levels == 4 ? below(m, 2) * 7 : 0;
                }
                config->mpidrs[i] = aff3 << 32 | aff2 << 16 | aff1 << 8 | aff0;
        }
}

static void vary_regions(struct maker *m, struct ref_config *config)
{
        uint32_t left = config->n_vcpus;

        config->n_regions = 0;
        while (left && percent(m, 60)) {
                uint32_t n = config->n_regions == REF_MAX_REGIONS - 1 ? left : 1 + below(m, left);

                config->regions[config->n_regions++] = n;
                left -= n;
        }
        if (config->n_regions && left)
                config->regions[config->n_regions++] = left;
}

static uint32_t at_most(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

/* Large ones are rare: the model asks all interrupts whatever it wants to know. */
static void vary_config(struct maker *m, struct ref_config *config)
{
        const struct ref_config *most = &m->profile->most;
        bool large = percent(m, 3);

        config->n_vcpus = large ? 1 + below(m, most->n_vcpus)
                                : 1 + below(m, at_most(most->n_vcpus, 6));
        config->n_priority_bits = percent(m, 40) ? 5 : 4 + below(m, 5);
        config->n_spis = at_most(most->n_spis,
                                 large ? ONE_OF(m, 988, 987, 960, 500)
                                       : ONE_OF(m, 0, 1, 8, 31, 32, 32, 32, 33, 64, 100, 160));
        config->n_espis = at_most(most->n_espis,
                                  large ? ONE_OF(m, 1024, 992) : ONE_OF(m, 0, 0, 32, 64));
        config->n_eppis = at_most(most->n_eppis, ONE_OF(m, 0, 0, 32, 64));
        config->affinity_levels = percent(m, 70) ? most->affinity_levels : 3;
        config->one_of_n = most->one_of_n && percent(m, 75);
        config->rss = most->rss && percent(m, 70);
        config->awake = most->awake && percent(m, 30);
        vary_mpidrs(m, config);
        if (most->one_of_n)
                vary_regions(m, config);
}

static void pick(struct maker *m, uint32_t first, uint32_t n, uint32_t count)
{
        uint32_t start = n > 8 ? below(m, n - 8) : 0;

        for (uint32_t i = 0; n && i < count && m->program->n_intids < PROGRAM_MAX_INTIDS; i++)
                m->program->intids[m->program->n_intids++] =
                        first + (percent(m, 10) ? n - 1 : start + below(m, at_most(n, 8)));
}

static void pick_interrupts(struct maker *m)
{
        const struct ref_config *config = &m->program->config;

        pick(m, 0, 16, 2);
        pick(m, 16, 16, 2);
        pick(m, 4096, config->n_espis, 2);
        pick(m, 1056, config->n_eppis, 2);
        pick(m, 32, config->n_spis, 4);
}

void program_make_config(struct maker *m)
{
        m->program->config = m->profile->most;
        if (m->profile->vary_config)
                vary_config(m, &m->program->config);
        pick_interrupts(m);
}
