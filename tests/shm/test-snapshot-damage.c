/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * 100,000 damaged images, half of them with the checksum recomputed: refused and nothing changed,
 * or restored to exactly what the bytes say (saved again they are the same)
 *
 * usage: test-snapshot-damage [N [SEED]]
 */
#include <stdlib.h>

#include "snapshot-rig.h"

#define N_IMAGES  100000u
#define N_SHAPES  4

struct counts {
        unsigned refused, restored, same; /* restored, though nothing was changed that counts */
        unsigned wrong;
};

/*
 * Where structure is, damage does more: the header and the first vCPU
 * are hit more often than chance would.
 */
static size_t draw_place(uint64_t *seed, size_t n)
{
        return draw(seed) & 1 ? draw_below(seed, (uint32_t)n)
                              : draw_below(seed, n < 200 ? (uint32_t)n : 200);
}

static void damage(uint64_t *seed, uint8_t *bytes, size_t *n)
{
        unsigned times = draw(seed) & 1 ? 1 : 1 + draw_below(seed, 4);

        switch (draw_below(seed, 8)) {
        case 0: /* truncated */
                *n = draw_below(seed, (uint32_t)*n);
                break;
        case 1: /* cut, and what it says of its length made to fit */
                *n = draw_below(seed, (uint32_t)*n);
                if (*n >= 24) {
                        store32(bytes + 16, (uint32_t)*n);
                        store32(bytes + 20, 0);
                }
                break;
        case 2: /* bytes */
                while (times--)
                        bytes[draw_place(seed, *n)] = (uint8_t)draw(seed);
                break;
        case 3: /* a run of one value */
                for (size_t at = draw_place(seed, *n), i = 0, m = draw_below(seed, 64);
                     i < m && at + i < *n; i++)
                        bytes[at + i] = (uint8_t)(0 - (draw(seed) & 1));
                break;
        case 4: /* a number */
                store32(bytes + (draw_place(seed, *n - 4) & ~(size_t)3),
                        (uint32_t)draw(seed) >> draw_below(seed, 32));
                break;
        default: /* bits */
                while (times--)
                        bytes[draw_place(seed, *n)] ^= (uint8_t)(1u << draw_below(seed, 8));
        }
}

/* What it may be asked after a restore, on every vCPU: nothing of it may hang or crash. */
static void use(struct rig *rig)
{
        for (uint32_t v = 0; v < rig->gic.n_vcpus; v++) {
                shm_cpuif_lines(&rig->gic, v);
                if (ack(rig, v) != NONE)
                        eoi(rig, v, 40);
        }
}

static void one(struct rig *rig, const struct image *good, uint64_t *seed, bool recompute,
                struct counts *counts)
{
        struct image before = save(rig), bad = { malloc(good->n), good->n, 0 }, after;
        int r;

        memcpy(bad.bytes, good->bytes, good->n);
        damage(seed, bad.bytes, &bad.n);
        if (recompute)
                recompute_checksum(bad.bytes, bad.n);
        /* As long as it is, and no longer: a read beyond its end is seen by the sanitizers. */
        bad.bytes = realloc(bad.bytes, bad.n ? bad.n : 1);
        r = shm_snapshot_restore(&rig->gic, bad.bytes, bad.n, 0, NULL);
        after = save(rig);
        if (r < 0) {
                counts->refused++;
                counts->wrong += !same_image(&before, &after);
        } else {
                counts->restored++;
                counts->same += same_image(good, &after);
                counts->wrong += !same_image(&bad, &after);
                use(rig);
        }
        /* The same bytes with repair allowed: what comes of it is a state like any other. */
        if (r < 0 &&
            shm_snapshot_restore(&rig->gic, bad.bytes, bad.n, SHM_RESTORE_REPAIR, NULL) == 0) {
                struct image repaired = save(rig);

                counts->wrong += shm_snapshot_restore(&rig->gic, repaired.bytes, repaired.n, 0,
                                                      NULL) < 0;
                drop(&repaired);
        }
        drop(&before);
        drop(&bad);
        drop(&after);
}

int main(int argc, char **argv)
{
        static const struct shm_shape shapes[N_SHAPES] = {
                { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = SHM_FEATURE_ALL },
                { .n_vcpus = 1, .n_spis = 0, .n_priority_bits = 4, .features = 0 },
                { .n_vcpus = 3, .n_spis = 8, .n_espis = 32, .n_eppis = 32, .n_priority_bits = 8,
                  .features = SHM_FEATURE_ALL },
                { .n_vcpus = 2, .n_spis = 40, .n_priority_bits = 7,
                  .features = SHM_FEATURE_1_OF_N },
        };
        const unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : N_IMAGES;
        uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
        struct counts counts[2] = { { 0 } };

        for (unsigned s = 0; s < N_SHAPES; s++) {
                struct rig rig, from;
                struct image good = { NULL, 0, 0 };

                rig_create_shape(&rig, &shapes[s]);
                rig_create_shape(&from, &shapes[s]);
                for (unsigned i = 0; i < n / N_SHAPES; i++) {
                        if (i % 100 == 0) {
                                drop(&good);
                                scramble(&from, seed, 200);
                                good = save(&from);
                        }
                        one(&rig, &good, &seed, i % 2, &counts[i % 2]);
                }
                drop(&good);
                rig_destroy(&rig);
                rig_destroy(&from);
        }
        tap_ok(counts[0].wrong == 0,
               "%u damaged images: %u refused, %u restored to what they say (%u: nothing was "
               "damaged)",
               counts[0].refused + counts[0].restored, counts[0].refused, counts[0].restored,
               counts[0].same);
        tap_ok(counts[0].restored == counts[0].same, "the checksum finds all damage");
        tap_ok(counts[1].wrong == 0 && counts[1].restored > counts[1].same,
               "%u with the checksum recomputed: %u refused, %u restored to exactly what they say",
               counts[1].refused + counts[1].restored, counts[1].refused, counts[1].restored);
        return tap_done();
}
