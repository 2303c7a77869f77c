/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Images of controllers: one is restored into a small controller, which is then used
 *
 *   byte 0   bit 0: the checksum is made right first; bit 1: so is the length that the header says;
 *   bit 2: repair is asked
 *            for; bit 3: devices' wires come back low
 *   rest     the image
 *
 * Laws     Refused: the controller is as it was. Taken: saved again it is what the bytes said (or,
 *          repaired, what restores without repair). What shm_snapshot_info() takes and describes as
 *          this controller's shape is not refused for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base-crc.h"
#include "fuzz-input.h"
#include "fuzz-mutate.h"
#include "shm-cpuif.h"
#include "shm-line.h"
#include "shm-segment.h"
#include "shm-snapshot.h"

enum { N_VCPUS = 2, N_SPIS = 8, N_EPPIS = 32, AT_TOTAL = 16, AT_CHECKSUM = 24 };

struct image {
        uint8_t *bytes;
        size_t n;
};

static struct image save(const struct shm_gic *gic)
{
        struct image image;
        unsigned flags;

        FUZZ_ASSERT(shm_snapshot_save(gic, &image.bytes, &image.n, &flags) == 0 &&
                    flags == SHM_SNAPSHOT_EXACT);
        return image;
}

static bool same(const struct image *a, const struct image *b)
{
        return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

static void put(struct image *image, size_t at, unsigned bytes, uint64_t value)
{
        for (unsigned i = 0; at + bytes <= image->n && i < bytes; i++)
                image->bytes[at + i] = (uint8_t)(value >> (8 * i));
}

/* A copy of the input, exactly as long as it is. */
static struct image take(const uint8_t *data, size_t size, unsigned how)
{
        struct image image = { malloc(size ? size : 1), size };

        FUZZ_ASSERT(image.bytes);
        if (size)
                memcpy(image.bytes, data, size);
        if (how & 2)
                put(&image, AT_TOTAL, 8, size);
        if (how & 1) {
                put(&image, AT_CHECKSUM, 4, 0);
                put(&image, AT_CHECKSUM, 4, base_crc32c(0, image.bytes, image.n));
        }
        return image;
}

static void check_repaired(struct shm_gic *gic, const struct image *repaired)
{
        struct image again;

        FUZZ_ASSERT(shm_snapshot_restore(gic, repaired->bytes, repaired->n, 0, NULL) == 0);
        again = save(gic);
        FUZZ_ASSERT(same(repaired, &again));
        free(again.bytes);
}

/* Whatever state it is: it works on. */
static void use(struct shm_gic *gic)
{
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                uint32_t intid = shm_cpuif_ack(gic, v, 1);

                shm_cpuif_eoi(gic, v, 1, intid);
                intid = shm_cpuif_ack(gic, v, 0);
                shm_cpuif_eoi(gic, v, 0, intid);
                shm_line_pulse(gic, v, 20);
                shm_line_pulse(gic, v, 33);
                shm_cpuif_lines(gic, v);
        }
}

static void describe(const struct image *image)
{
        struct shm_snapshot_info *info = NULL;
        const char *why;

        if (shm_snapshot_info(image->bytes, image->n, &info, NULL) < 0)
                return;
        snprintf(info->shape.name, sizeof(info->shape.name), "x");
        FUZZ_ASSERT(shm_segment_check_shape(&info->shape, &why) == 0);
        free(info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct shm_shape shape = { .name = "fuzz", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                         .n_eppis = N_EPPIS,
                                         .n_priority_bits = 5, .features = SHM_FEATURE_ALL };
        unsigned how = size ? data[0] : 0, flags = how >> 2 & SHM_RESTORE_ALL;
        struct image image, before, after;
        struct shm_gic gic;
        int fd, fd_ro, r;

        FUZZ_ASSERT(shm_segment_create(&shape, &fd, &fd_ro, &gic) == 0);
        image = take(data + (size > 0), size - (size > 0), how);
        describe(&image);
        before = save(&gic);
        r = shm_snapshot_restore(&gic, image.bytes, image.n, flags, NULL);
        after = save(&gic);
        FUZZ_ASSERT(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENXIO ||
                    r == -EAGAIN);
        if (r < 0)
                FUZZ_ASSERT(same(&before, &after));
        else if (flags)
                check_repaired(&gic, &after);
        else
                FUZZ_ASSERT(same(&image, &after));
        use(&gic);
        free(image.bytes);
        free(before.bytes);
        free(after.bytes);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
        return 0;
}

/*
 * One byte or a few of an image that is whole otherwise: a field is a little more than it can be.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        uint64_t random = seed;

        if (size < 2 || (fuzz_below(&random, 4) == 0 && LLVMFuzzerMutate))
                return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
        data[0] = (uint8_t)(3 | fuzz_below(&random, 4) << 2);
        for (uint32_t i = 1 + fuzz_below(&random, 3); i; i--) {
                size_t at = 1 + fuzz_below(&random,
                                           fuzz_below(&random, 4) || size < 128 ? size - 1 : 127);
                uint32_t how = fuzz_below(&random, 4);

                data[at] = (uint8_t)(how == 0   ? data[at] + 1u
                                     : how == 1 ? data[at] - 1u
                                     : how == 2 ? data[at] ^ 1u << fuzz_below(&random, 8)
                                                : fuzz_below(&random, 20));
        }
        return size;
}
