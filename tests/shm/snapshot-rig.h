/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SNAPSHOT_RIG_H
#define SNAPSHOT_RIG_H

/*
 * What tests of snapshots share: controllers in random states, images, and images compared
 */
#include <stdlib.h>

#include "base-crc.h"
#include "gic-route.h"
#include "rig.h"
#include "shm-snapshot.h"

struct image {
        uint8_t *bytes;
        size_t n;
        unsigned flags;
};

static inline struct image save(struct rig *rig)
{
        struct image image;

        if (shm_snapshot_save(&rig->gic, &image.bytes, &image.n, &image.flags) < 0)
                tap_bail("save: no memory");
        return image;
}

static inline void drop(struct image *image)
{
        free(image->bytes);
        image->bytes = NULL;
}

static inline bool same_image(const struct image *a, const struct image *b)
{
        return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

static inline uint32_t load32(const uint8_t *at)
{
        return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void store32(uint8_t *at, uint32_t value)
{
        for (unsigned i = 0; i < 4; i++)
                at[i] = (uint8_t)(value >> (8 * i));
}

/* doc/snapshot.md: CRC-32C of the whole image with its own field, at 24, as 0. */
static inline void recompute_checksum(uint8_t *bytes, size_t n)
{
        if (n < 28)
                return;
        store32(bytes + 24, 0);
        store32(bytes + 24, base_crc32c(0, bytes, n));
}

static inline uint64_t draw(uint64_t *seed)
{
        uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static inline uint32_t draw_below(uint64_t *seed, uint32_t n)
{
        return (uint32_t)(draw(seed) % n);
}

/* Any interrupt that is there. */
static inline uint32_t draw_intid(struct rig *rig, uint64_t *seed)
{
        uint32_t n_private = shm_gic_n_private(&rig->gic),
                 i = draw_below(seed, n_private + shm_gic_n_spis(&rig->gic));

        return i < n_private ? shm_gic_nth_private(i) : shm_gic_nth_spi(&rig->gic, i - n_private);
}

static inline void draw_icc_write(struct rig *rig, uint64_t *seed, uint32_t v)
{
        static const uint32_t regs[] = { ICC_CTLR, ICC_CTLR, ICC_PMR, ICC_PMR, ICC_BPR0, ICC_BPR1,
                                         ICC_IGRPEN0,
                ICC_IGRPEN1 };
        uint32_t reg = regs[draw_below(seed, sizeof(regs) / sizeof(regs[0]))];

        msr(rig, v, reg,
            reg == ICC_PMR || reg == ICC_IGRPEN0 || reg == ICC_IGRPEN1 ? draw(seed) | 0xe1
                                                                       : draw(seed));
}

/* One step of a guest and its devices. */
static inline void draw_step(struct rig *rig, uint64_t *seed)
{
        uint32_t v = draw_below(seed, rig->gic.n_vcpus), intid = draw_intid(rig, seed);
        bool is_spi = shm_gic_is_spi(&rig->gic, intid);
        unsigned what = draw_below(seed, 17);

        if (what == 0)
                set_group(rig, v, intid, (uint32_t)draw(seed) & 1);
        else if (what < 3)
                enable(rig, v, intid);
        else if (what == 3)
                set_bit(rig, v, draw(seed) & 1 ? ISPENDR : ISACTIVER, intid);
        else if (what == 4)
                set_priority(rig, v, intid, (uint8_t)draw(seed));
        else if (what == 5)
                set_edge(rig, v, intid, draw(seed) & 1);
        else if (what == 6 && is_spi)
                route(rig, intid,
                      draw(seed) & 1 ? gic_route_mpidr(rig->gic.vcpus[v].affinity) : draw(seed));
        else if (what == 7 && is_spi)
                /* GICD_SETSPI_NSR, GICD_CLRSPI_NSR */
                gicd(rig, draw(seed) & 1 ? 0x40 : 0x48, intid);
        else if (what < 10)
                shm_line_set(&rig->gic, v, intid, draw_below(seed, GIC_N_WIRES), draw(seed) & 1);
        else if (what == 10)
                shm_line_pulse(&rig->gic, v, intid);
        else if (what == 11)
                msr(rig, v, draw(seed) & 1 ? ICC_SGI1R : ICC_SGI0R,
                    draw_below(seed, 16) << 24 | draw_below(seed, 0x10000));
        else if (what == 12)
                draw_icc_write(rig, seed, v);
        else if (what == 13)
                shm_power(&rig->gic, v, draw(seed) & 3);
        else if (what == 14)
                shm_gicr_write(&rig->gic, v * (uint64_t)GICR_STRIDE + (draw(seed) & 1 ? 0x14 : 0),
                               4,
                               /* GICR_WAKER, GICR_CTLR */
                               (draw(seed) & 3 ? 0 : 2) | (draw(seed) & 3) << 24);
        else if (what == 15)
                /* GICR_STATUSR */
                shm_gicr_read(&rig->gic, v * (uint64_t)GICR_STRIDE + 0x18 + (draw(seed) & 4), 4);
        else
                mrs(rig, v, draw(seed) & 1 ? ICC_IAR1 : ICC_IAR0);
}

/* A controller that a guest has used for a while. */
static inline void scramble(struct rig *rig, uint64_t seed, unsigned steps)
{
        if (draw(&seed) & 3)
                rig_boot(rig);
        for (unsigned i = 0; i < steps; i++)
                draw_step(rig, &seed);
}

#endif
