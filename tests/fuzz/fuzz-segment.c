/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a VMM may write into its own segment: a good one, changed by the input, then all that the
 * daemon and readers do
 *
 *   byte 0   which: bit 0: a mirror; bit 1: extended SPIs; bit 2: extended PPIs; bits 4..3: so many
 *            priority bits more than 4; bit 5: in use, its vCPUs registered, before it is changed;
 *            bit 6: nothing is restored into it
 *   12 each  changes: bits 1..0 of byte 0: anywhere, in the header, in an SPI, in a vCPU; 3 bytes:
 *            where; 8 bytes: what; bit 2 of byte 0: the 8 bytes are exclusive-ORed to what is there
 *
 * Laws     A segment that is mapped lies in its mapping with all its areas. A snapshot saves. What
 *          of it is restored is saved as the same. What cannot be mapped is refused with a
 *          documented error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz-input.h"
#include "fuzz-mutate.h"
#include "gic-irq.h"
#include "shm-attr.h"
#include "shm-cpuif.h"
#include "shm-daemon.h"
#include "shm-fold.h"
#include "shm-line.h"
#include "shm-lines.h"
#include "shm-mirror.h"
#include "shm-mmio.h"
#include "shm-owner.h"
#include "shm-read.h"
#include "shm-repair.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-snapshot.h"
#include "shm-tdir.h"

#define N_VCPUS  3u
#define N_SPIS  64u

static void change(struct shm_gic *gic, struct fuzz_input *in)
{
        uint8_t *bytes = (uint8_t *)gic->header;
        unsigned how = (unsigned)fuzz_take(in, 1);
        uint64_t where = fuzz_take(in, 3), what = fuzz_take(in, 8), before;
        size_t n = gic->bytes;

        if ((how & 3) == 1) {
                n = sizeof(struct shm_header);
        } else if ((how & 3) == 2) {
                bytes = (uint8_t *)gic->spis;
                n = gic->n_spis * sizeof(*gic->spis);
        } else if ((how & 3) == 3) {
                bytes = (uint8_t *)gic->vcpus;
                n = gic->n_vcpus * sizeof(*gic->vcpus);
        }
        bytes += where % (n - 8);
        memcpy(&before, bytes, 8);
        what ^= how & 4 ? before : 0;
        memcpy(bytes, &what, 8);
}

static bool inside(const struct shm_gic *gic, const void *at, uint64_t count, uint64_t size)
{
        uint64_t offset = (uint64_t)((const uint8_t *)at - (const uint8_t *)gic->header);

        return count == 0 || (offset <= gic->bytes && size <= (gic->bytes - offset) / count);
}

static void check_view(const struct shm_gic *gic, size_t bytes)
{
        uint32_t n_words = 32 + gic->n_spis + gic->n_eppis + gic->n_espis;

        FUZZ_ASSERT(gic->bytes == bytes);
        FUZZ_ASSERT(gic->n_vcpus >= 1 && gic->n_vcpus <= 4096 && gic->n_spis <= 988 &&
                    gic->n_espis <= 1024 && gic->n_eppis <= 64);
        FUZZ_ASSERT(gic->n_priority_bits >= 4 && gic->n_priority_bits <= 8);
        FUZZ_ASSERT(inside(gic, gic->vcpus, gic->n_vcpus, sizeof(*gic->vcpus)));
        FUZZ_ASSERT(inside(gic, gic->affinities, gic->n_vcpus, sizeof(*gic->affinities)));
        FUZZ_ASSERT(inside(gic, gic->spis, gic->n_spis, sizeof(*gic->spis)));
        FUZZ_ASSERT(inside(gic, gic->espis, gic->n_espis, sizeof(*gic->espis)));
        FUZZ_ASSERT(inside(gic, gic->counters, gic->n_vcpus, gic->counter_stride) &&
                    gic->counter_stride >= 8 * n_words);
}

/*
 * An image of whatever it is; a restore of that is refused,
 * or gives a controller that is saved as the same.
 */
static void save_and_restore(struct shm_gic *gic, bool restore)
{
        struct shm_snapshot_info *info = NULL;
        uint8_t *image, *again;
        size_t n, n_again;
        unsigned flags;

        FUZZ_ASSERT(shm_snapshot_save(gic, &image, &n, &flags) == 0);
        if (shm_snapshot_info(image, n, &info, NULL) == 0)
                FUZZ_ASSERT(info->shape.n_vcpus == gic->n_vcpus &&
                            info->shape.n_spis == gic->n_spis);
        free(info);
        if (restore && gic->writable &&
            shm_snapshot_restore(gic, image, n, SHM_RESTORE_REPAIR, NULL) == 0) {
                FUZZ_ASSERT(shm_snapshot_save(gic, &again, &n_again, &flags) == 0);
                /* Its vCPUs may not rest: a flag, and so the checksum, can differ. */
                FUZZ_ASSERT(n_again == n);
                FUZZ_ASSERT(!(flags & SHM_SNAPSHOT_EXACT) || !(image[28] & 1) ||
                            memcmp(image, again, n) == 0);
                free(again);
        }
        free(image);
}

static void read_attributes(struct shm_gic *gic)
{
        static const uint32_t numbers[] = { 0x0,   0x4,   0x8,     0xc,     0x14,   0x84,   0x104,
                                            0x304, 0x404, 0x10100, 0x10400, 0xc230, 0xc664, 32 };
        const struct shm_attr_of of = { .gic = gic };
        struct shm_attr attr;
        uint64_t value;

        for (uint32_t group = 0; group < SHM_ATTR_N_GROUPS; group++)
                for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                        if (shm_attr_decode(&of, group, numbers[i], &attr) == 0)
                                shm_attr_get(gic, &attr, &value);
}

static void read_mirror(const struct shm_gic *gic)
{
        const char *name;
        uint64_t value;
        uint32_t reg, epoch;
        unsigned kinds;

        for (unsigned i = 0; shm_mirror_nth(i, &reg, &kinds, &name) == 0; i++)
                for (uint32_t vcpu = 0; vcpu <= gic->n_vcpus && vcpu < 8; vcpu++) {
                        shm_mirror_epoch(gic, vcpu, reg, &epoch);
                        for (unsigned kind = 1; kind <= 4; kind <<= 1)
                                shm_mirror_read(gic, vcpu, reg, kind, &value);
                }
}

static void read_all(struct shm_gic *gic, bool restore)
{
        struct shm_icc_ctlr ctlr;
        struct shm_irq_state irq;
        struct shm_vcpu_state state;
        uint64_t value;
        uint32_t in_flight;

        for (uint32_t vcpu = 0; vcpu <= gic->n_vcpus && vcpu < 8; vcpu++) {
                shm_read_icc_ctlr(gic, vcpu, &ctlr);
                shm_read_vcpu(gic, vcpu, &state);
                shm_snapshot_rests(gic, vcpu < gic->n_vcpus ? vcpu : 0);
                shm_lines_peek(gic, vcpu < gic->n_vcpus ? vcpu : 0);
                for (uint32_t intid = 0; intid < 5200; intid = intid == 100    ? 1050
                                                               : intid == 1100 ? 4090
                                                               : intid == 4140 ? 5100
                                                                               : intid + 1) {
                        shm_read_irq(gic, vcpu, intid, &irq);
                        shm_read_count(gic, vcpu, intid, &value);
                }
        }
        shm_tdir_get(gic, &value, &in_flight);
        shm_read_guest_errors(gic);
        shm_segment_daemon_epoch(gic);
        read_mirror(gic);
        read_attributes(gic);
        save_and_restore(gic, restore);
}

static void operate(struct shm_gic *gic)
{
        uint32_t intids[16];

        gic->bounded = true;
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++) {
                uint32_t intid = shm_gic_nth_spi(gic, i);

                shm_line_set(gic, intid % gic->n_vcpus, intid, 1, true);
                shm_line_notify(gic, intid, true);
                shm_line_pulse(gic, intid % gic->n_vcpus, intid);
                shm_line_set(gic, intid % gic->n_vcpus, intid, 1, false);
                shm_daemon_eoi_due(gic, intid);
        }
        shm_eoi_take(gic, intids, 16);
        shm_fold_ask_spis(gic);
        shm_fold_is_asked(gic);
        shm_tdir_try_clear(gic);
        for (uint32_t vcpu = 0; vcpu < gic->n_vcpus; vcpu++) {
                shm_vcpu_own(gic, vcpu, 1, 1);
                shm_vcpu_repair(gic, vcpu);
                shm_reset_request(gic, vcpu, SHM_RESET_CPU_ON);
                shm_vcpu_release(gic, vcpu);
        }
        shm_repair_words(gic);
        shm_reset_all(gic);
}

static void operate_mirror(struct shm_gic *gic)
{
        uint32_t reg;
        const char *name;
        unsigned kinds;

        for (unsigned i = 0; shm_mirror_nth(i, &reg, &kinds, &name) == 0; i++)
                shm_mirror_invalidate(gic, SHM_MIRROR_ALL_VCPUS, reg, kinds);
        for (unsigned kind = 0; kind < 6; kind++)
                shm_mirror_reset(gic, 1, kind);
}

/* As a VM that runs: what it holds is to be repaired later. */
static void put_in_use(struct shm_gic *gic)
{
        shm_gicd_write(gic, 0, 4, 3);
        for (uint32_t vcpu = 0; vcpu < gic->n_vcpus; vcpu++) {
                shm_vcpu_own(gic, vcpu, 1, 1);
                shm_gicr_write(gic, vcpu * UINT64_C(0x20000) + 0x14, 4, 0);
        }
        for (uint32_t intid = 32; intid < 40; intid++)
                shm_line_set(gic, 0, intid, 1, true);
        shm_gicd_write(gic, 0x104, 4, 0xffff);
        shm_cpuif_ack(gic, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct shm_shape shape = {
                .vm_id = 1, .name = "fuzz", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                .features = SHM_FEATURE_ALL
        };
        struct shm_gic gic = { 0 }, other = { 0 };
        struct fuzz_input in = { data, size };
        unsigned which = (unsigned)fuzz_take(&in, 1);
        int fd = -1, fd_ro = -1, r;

        shape.flags = which & 1 ? SHM_FLAG_MIRROR : 0;
        shape.n_espis = which & 2 ? 32 : 0;
        shape.n_eppis = which & 4 ? 32 : 0;
        shape.n_priority_bits = 4 + (which >> 3 & 3);
        FUZZ_ASSERT(shm_segment_create(&shape, &fd, &fd_ro, &gic) == 0);
        if ((which & 33) == 32)
                put_in_use(&gic);
        while (in.size)
                change(&gic, &in);
        for (unsigned writable = 0; writable < 2; writable++) {
                r = shm_segment_map(writable ? fd : fd_ro, writable, &other);
                FUZZ_ASSERT(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENODATA);
                if (r < 0)
                        continue;
                check_view(&other, gic.bytes);
                read_all(&other, !(which & 64));
                shm_segment_unmap(&other);
        }
        FUZZ_ASSERT(shm_segment_map(fd_ro, true, &other) == -EBADMSG);
        read_all(&gic, !(which & 64));
        if (gic.mirror)
                operate_mirror(&gic);
        else
                operate(&gic);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
        return 0;
}

/*
 * A value that some check is for: a small number, an offset of an area,
 * a page more or less, one bit.
 */
static uint64_t make_value(uint64_t *random)
{
        switch (fuzz_below(random, 5)) {
        case 0:
                return fuzz_below(random, 70);
        case 1:
                return (uint64_t)fuzz_below(random, 24) * 4096 +
                       (fuzz_below(random, 3) ? 0 : fuzz_below(random, 3) * 64);
        case 2:
                return UINT64_C(1) << fuzz_below(random, 64);
        case 3:
                return UINT64_MAX << fuzz_below(random, 64);
        default:
                return (uint64_t)fuzz_below(random, UINT32_MAX) << 32 |
                       fuzz_below(random, UINT32_MAX);
        }
}

/*
 * Mostly at the beginning of a member: of the header and its table of areas, of an SPI, of a vCPU.
 */
static size_t make(uint8_t *records, size_t room, uint64_t *random)
{
        unsigned how = fuzz_below(random, 8);
        uint64_t where = (uint64_t)fuzz_below(random, 1 << 16) * 4, what = make_value(random);

        (void)room;
        if ((how & 3) == 1)
                where = fuzz_below(random, 2)
                                ? offsetof(struct shm_header, areas) +
                                          4 * fuzz_below(random,
                                                         sizeof(struct shm_area) * SHM_N_AREAS / 4)
                                : 4 * fuzz_below(random, sizeof(struct shm_header) / 4);
        if ((how & 3) == 2)
                where = fuzz_below(random, N_SPIS) * sizeof(struct shm_spi) +
                        8 * fuzz_below(random, 3);
        records[0] = (uint8_t)how;
        for (unsigned i = 0; i < 3; i++)
                records[1 + i] = (uint8_t)(where >> 8 * i);
        for (unsigned i = 0; i < 8; i++)
                records[4 + i] = (uint8_t)(what >> 8 * i);
        return 1;
}

static const struct fuzz_records records = { .head = 1, .record = 12, .make = make };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        return fuzz_mutate_records(&records, data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t max, unsigned seed)
{
        return fuzz_cross_records(&records, a, n_a, b, n_b, out, max, seed);
}
