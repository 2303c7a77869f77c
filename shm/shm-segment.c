/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gic-prio.h"
#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-reset.h"
#include "shm-word.h"

#define REQUIRED_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* --- shape --- */

static int by_affinity(const void *a, const void *b)
{
        uint32_t x = shm_load(&((const struct shm_affinity *)a)->affinity, AFFINITY_X1);
        uint32_t y = shm_load(&((const struct shm_affinity *)b)->affinity, AFFINITY_X1);

        return x < y ? -1 : x > y;
}

/* Fill @table (n_vcpus entries), sorted. Return: false if two vCPUs share an affinity. */
static bool fill_affinities(const struct shm_shape *shape, struct shm_affinity *table)
{
        for (uint32_t i = 0; i < shape->n_vcpus; i++)
                table[i] = (struct shm_affinity) {
                        .affinity = shape->mpidrs ? gic_route_affinity(shape->mpidrs[i])
                                    : gic_route_default_affinity(i),
                        .vcpu = i,
                };
        qsort(table, shape->n_vcpus, sizeof *table, by_affinity);
        for (uint32_t i = 1; i < shape->n_vcpus; i++)
                if (shm_load(&table[i].affinity, AFFINITY_X1) ==
                    shm_load(&table[i - 1].affinity, AFFINITY_X1))
                        return false;
        return true;
}

/*
 * Bits of MPIDR_EL1 that say nothing about affinity, but that a VMM's copy of it may have: MT, U
 * and RES1.
 */
#define MPIDR_IGNORED  (UINT64_C(1) << 24 | UINT64_C(1) << 30 | UINT64_C(1) << 31)

/* Affinities name vCPUs: they are well-formed, and no two are the same. Return: what is wrong. */
static const char *check_mpidrs(const struct shm_shape *shape)
{
        for (uint32_t i = 0; i < shape->n_vcpus; i++) {
                uint32_t affinity = gic_route_affinity(shape->mpidrs[i]);

                if (shape->mpidrs[i] & ~(GIC_IROUTER_AFFINITIES | MPIDR_IGNORED))
                        return "mpidrs must have no bits but Aff3 (39..32), Aff2 to Aff0 (23..0), "
                               "and 31, 30, 24";
                if (!(shape->features & SHM_FEATURE_AFF3) && affinity >> 24)
                        return "mpidrs must have Aff3 0 with 3 affinity levels";
                if (!(shape->features & SHM_FEATURE_RSS) && (affinity & 0xff) > 15)
                        return "mpidrs must have Aff0 0 to 15 without the range selector (RSS)";
        }
        return NULL;
}

/* Return: what is wrong with where redistributor regions end; NULL. */
static const char *check_regions(const struct shm_shape *shape)
{
        uint64_t sum = 0;

        for (uint32_t i = 0; i < shape->n_redist_regions; i++) {
                if (!shape->redist_regions[i])
                        return "redist_regions must not have an empty region";
                sum += shape->redist_regions[i];
        }
        return shape->n_redist_regions && sum != shape->n_vcpus
               ? "redist_regions must have n_vcpus vCPUs together" : NULL;
}

/* Return: what is wrong with it, NULL if nothing. */
static const char *check_numbers(const struct shm_shape *shape)
{
        const struct { bool ok; const char *why; } rules[] = {
                { shape->n_vcpus >= 1 && shape->n_vcpus <= SHM_MAX_VCPUS,
                 "n_vcpus must be 1 to 4096" },
                { shape->n_spis <= GIC_MAX_SPIS, "n_spis must be 0 to 988" },
                { shape->n_espis <= GIC_MAX_ESPIS && shape->n_espis % GIC_EXTENDED_STEP == 0,
                  "n_espis must be 0 to 1024 and a multiple of 32" },
                { shape->n_eppis <= GIC_MAX_EPPIS && shape->n_eppis % GIC_EXTENDED_STEP == 0,
                 "n_eppis must be 0, 32 or 64" },
                { shape->n_priority_bits >= GIC_MIN_PRIORITY_BITS &&
                 shape->n_priority_bits <= GIC_MAX_PRIORITY_BITS,
                 "n_priority_bits must be 4 to 8" },
                { !(shape->features & ~SHM_FEATURE_ALL) && !(shape->flags & ~SHM_FLAGS_ALL),
                 "there is no such feature" },
                { shape->iidr_revision <= GICD_IIDR_REVISION_LAST,
                  "the revision in GICD_IIDR must be 0 to 3" },
                { !(shape->gicd_typer2 & ~GICD_TYPER2_FIELDS),
                 "GICD_TYPER2 has a bit that is RES0" },
                { memchr(shape->name, 0, sizeof shape->name) && shape->name[0],
                 "the name must have 1 to 63 bytes" },
        };

        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
                if (!rules[i].ok)
                        return rules[i].why;
        return NULL;
}

int shm_segment_check_shape(const struct shm_shape *shape, const char **ret_why)
{
        struct shm_affinity *table;
        const char *why = check_numbers(shape);
        bool distinct;

        if (!why)
                why = check_regions(shape);
        if (!why && shape->mpidrs)
                why = check_mpidrs(shape);
        if (why) {
                *ret_why = why;
                return -EINVAL;
        }
        if (!shape->mpidrs)
                return 0;
        table = calloc(shape->n_vcpus, sizeof *table);
        if (!table)
                return -ENOMEM;
        distinct = fill_affinities(shape, table);
        free(table);
        if (!distinct) {
                *ret_why = "two vCPUs have the same affinity";
                return -EINVAL;
        }
        return 0;
}

/* --- layout --- */

static uint64_t round_up(uint64_t n, uint64_t to)
{
        return (n + to - 1) / to * to;
}

static uint32_t counter_stride(const struct shm_shape *shape)
{
        uint32_t n = GIC_N_PRIVATE + shape->n_spis + shape->n_eppis + shape->n_espis;

        return (uint32_t)round_up(n * sizeof(uint64_t), SHM_LINE);
}

/* Place the areas behind the header, each on a page. Return: the end. */
static uint64_t place_areas(const struct shm_shape *shape, struct shm_area *areas)
{
        const struct shm_area wanted[SHM_N_AREAS] = {
                [SHM_AREA_AFFINITY] = { 0, sizeof(struct shm_affinity), shape->n_vcpus },
                [SHM_AREA_VCPU] = { 0, sizeof(struct shm_vcpu), shape->n_vcpus },
                [SHM_AREA_SPI] = { 0, sizeof(struct shm_spi), shape->n_spis },
                [SHM_AREA_ESPI] = { 0, sizeof(struct shm_spi), shape->n_espis },
                [SHM_AREA_COUNTER] = { 0, counter_stride(shape), shape->n_vcpus },
        };
        uint64_t end = sizeof(struct shm_header);

        for (int i = 0; i < SHM_N_AREAS; i++) {
                areas[i] = wanted[i];
                if (!wanted[i].count)
                        continue;
                areas[i].offset = end;
                end = round_up(end + (uint64_t)wanted[i].stride * wanted[i].count, 4096);
        }
        return end;
}

uint64_t shm_segment_bytes(const struct shm_shape *shape)
{
        struct shm_area areas[SHM_N_AREAS];

        return place_areas(shape, areas);
}

/* Point into the mapping. The areas and sizes have been checked. */
static void set_view(struct shm_gic *gic, void *base, const struct shm_area *areas,
                     const struct shm_shape *shape, uint64_t bytes, bool writable)
{
        uint8_t *start = base;

        *gic = (struct shm_gic) {
                .header = base,
                .affinities = (const void *)(start + areas[SHM_AREA_AFFINITY].offset),
                .vcpus = (void *)(start + areas[SHM_AREA_VCPU].offset),
                .spis = (void *)(start + areas[SHM_AREA_SPI].offset),
                .espis = (void *)(start + areas[SHM_AREA_ESPI].offset),
                .counters = start + areas[SHM_AREA_COUNTER].offset,
                .bytes = bytes,
                .counter_stride = areas[SHM_AREA_COUNTER].stride,
                .n_vcpus = shape->n_vcpus,
                .n_spis = shape->n_spis,
                .n_espis = shape->n_espis,
                .n_eppis = shape->n_eppis,
                .n_priority_bits = shape->n_priority_bits,
                .features = shape->features,
                .mirror = shape->flags & SHM_FLAG_MIRROR,
                .awake = shape->flags & SHM_FLAG_AWAKE,
                .writable = writable,
        };
}

/* --- build --- */

/*
 * IHI 0069 section 12.2.6, ICC_CTLR_EL1: the read-only fields; EOImode, CBPR and PMHE reset to 0.
 */
uint32_t shm_segment_icc_ctlr(uint32_t n_priority_bits, uint32_t features, bool extended)
{
        uint32_t ctlr = (n_priority_bits - 1) << ICC_CTLR_PRIBITS_SHIFT |
                        0u << ICC_CTLR_IDBITS_SHIFT;

        if (features & SHM_FEATURE_AFF3)
                ctlr |= ICC_CTLR_A3V;
        if (features & SHM_FEATURE_RSS)
                ctlr |= ICC_CTLR_RSS;
        if (extended)
                ctlr |= ICC_CTLR_EXTRANGE;
        return ctlr;
}

/*
 * A vCPU as reset leaves it. Nobody else has the segment yet: stores need no order before READY-R1.
 */
static void build_vcpu(struct shm_gic *gic, uint32_t index, uint32_t affinity)
{
        struct shm_vcpu *vcpu = &gic->vcpus[index];
        uint64_t ctlr = shm_segment_icc_ctlr(gic->n_priority_bits, gic->features, gic->n_espis ||
                                             gic->n_eppis);

        vcpu->index = index;
        vcpu->affinity = affinity;
        shm_init(&vcpu->icc_ctlr, ctlr << SHM_ICC_CTLR_LIVE_SHIFT |
                 ctlr << SHM_ICC_CTLR_DEFAULT_SHIFT |
                                     SHM_ICC_CTLR_LIVE_VALID | SHM_ICC_CTLR_DEFAULT_VALID);
        for (uint32_t i = 0; i < shm_gic_n_private(gic); i++)
                shm_init(&vcpu->words[i], gic_word_set_route(0, (uint16_t)index));
        shm_reset_build(gic, index);
        if (gic->mirror) /* nothing is known until it is published */
                shm_init(&vcpu->icc_ctlr, 0);
}

/* GICR_TYPER.Last ends each contiguous region of redistributors. */
static void mark_regions(struct shm_gic *gic, const struct shm_shape *shape)
{
        uint32_t end = 0;

        for (uint32_t i = 0; i < shape->n_redist_regions; i++) {
                end += shape->redist_regions[i];
                gic->vcpus[end - 1].flags |= SHM_VCPU_LAST;
        }
        gic->vcpus[shape->n_vcpus - 1].flags |= SHM_VCPU_LAST;
}

/* What a participant that does not know it would get wrong. */
static uint64_t must_understand(const struct shm_shape *shape)
{
        return ((shape->features & SHM_FEATURE_1_OF_N) ? SHM_UNDERSTAND_1_OF_N : 0) |
               (shape->n_espis || shape->n_eppis ? SHM_UNDERSTAND_EXTENDED : 0) |
               ((shape->flags & SHM_FLAG_AWAKE) ? SHM_UNDERSTAND_AWAKE : 0) |
               ((shape->flags & SHM_FLAG_MIRROR) ? SHM_UNDERSTAND_MIRROR :
                SHM_UNDERSTAND_PORTS | SHM_UNDERSTAND_SLOT_ACK | SHM_UNDERSTAND_CLASSES);
}

/* Into zeroed memory, from a checked shape. */
static void build_header(struct shm_gic *gic, const struct shm_shape *shape,
                         const struct shm_area *areas)
{
        struct shm_header *h = gic->header;
        struct shm_affinity *table = (struct shm_affinity *)((uint8_t *)h +
                                                             areas[SHM_AREA_AFFINITY].offset);

        h->magic = SHM_MAGIC;
        h->major = SHM_MAJOR;
        h->minor = SHM_MINOR;
        h->header_bytes = sizeof *h;
        h->total_bytes = gic->bytes;
        h->vm_id = shape->vm_id;
        snprintf(h->name, sizeof h->name, "%s", shape->name);
        h->n_vcpus = shape->n_vcpus;
        h->n_spis = shape->n_spis;
        h->n_espis = shape->n_espis;
        h->n_eppis = shape->n_eppis;
        h->n_priority_bits = shape->n_priority_bits;
        h->features = shape->features;
        h->flags = shape->flags;
        h->must_understand = must_understand(shape);
        h->may_ignore = SHM_IGNORE_LOCKS;
        h->gicd_iidr = GICD_IIDR_DEFAULT | shape->iidr_revision << GICD_IIDR_REVISION_SHIFT;
        h->gicd_typer2 = shape->gicd_typer2;
        memcpy(h->areas, areas, sizeof h->areas);
        fill_affinities(shape, table);
}

void shm_segment_build_vcpus(struct shm_gic *gic, uint32_t first, uint32_t n)
{
        for (uint32_t i = first; i < gic->n_vcpus && i - first < n; i++)
                build_vcpu(gic, shm_load(&gic->affinities[i].vcpu, AFFINITY_X1),
                           shm_load(&gic->affinities[i].affinity, AFFINITY_X1));
}

void shm_segment_finish(struct shm_gic *gic, const struct shm_shape *shape)
{
        mark_regions(gic, shape);
        /* GICD_IROUTER<n> resets to affinity 0.0.0.0 */
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                shm_init(&shm_gic_spi(gic, shm_gic_nth_spi(gic, i))->word,
                            gic_word_set_route(gic_irq_reset(0, false),
                                               (uint16_t)shm_affinity_find(gic, 0)));
        /* READY-R1: everything above, before anybody who sees ready. */
        shm_store(&gic->header->ready, 1, READY_R1);
}

/* A memfd of @bytes, mode 0600, size sealed; and its read-only twin. */
static int open_memory(const char *name, uint64_t bytes, int *ret_fd, int *ret_fd_ro)
{
        char path[64];
        int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int error;

        if (fd < 0)
                return -errno;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (fchmod(fd, 0600) < 0 || ftruncate(fd, (off_t)bytes) < 0 ||
            fcntl(fd, F_ADD_SEALS, REQUIRED_SEALS) < 0 ||
            (*ret_fd_ro = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
                error = -errno;
                close(fd);
                return error;
        }
        *ret_fd = fd;
        return 0;
}

int shm_segment_begin(const struct shm_shape *shape, int *ret_fd, int *ret_fd_ro,
                      struct shm_gic *ret_gic)
{
        struct shm_area areas[SHM_N_AREAS];
        const char *why = NULL;
        uint64_t bytes;
        int fd = -1, fd_ro = -1, r;
        void *base;

        r = shm_segment_check_shape(shape, &why);
        if (r < 0)
                return r;
        bytes = place_areas(shape, areas);
        r = open_memory("vgic-segment", bytes, &fd, &fd_ro);
        if (r < 0)
                return r;
        base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (base == MAP_FAILED) {
                r = -errno;
                close(fd);
                close(fd_ro);
                return r;
        }
        set_view(ret_gic, base, areas, shape, bytes, true);
        build_header(ret_gic, shape, areas);
        *ret_fd = fd;
        *ret_fd_ro = fd_ro;
        return 0;
}

int shm_segment_create(const struct shm_shape *shape, int *ret_fd, int *ret_fd_ro,
                       struct shm_gic *ret_gic)
{
        int r = shm_segment_begin(shape, ret_fd, ret_fd_ro, ret_gic);

        if (r < 0)
                return r;
        shm_segment_build_vcpus(ret_gic, 0, shape->n_vcpus);
        shm_segment_finish(ret_gic, shape);
        return 0;
}

/* --- map --- */

/* The header, copied once, against the rules; nothing else of it is believed. */
static int check_header(const struct shm_header *h, uint64_t bytes, bool writable,
                        struct shm_shape *shape, struct shm_area *areas)
{
        struct shm_area expected[SHM_N_AREAS];
        const char *why;

        if (h->magic != SHM_MAGIC || h->header_bytes != sizeof *h || h->total_bytes != bytes)
                return -EBADMSG;
        if (h->major != SHM_MAJOR || (h->must_understand & ~SHM_MUST_UNDERSTAND) ||
            (h->features & ~SHM_FEATURE_ALL) ||
            (h->flags & ~SHM_FLAGS_ALL))
                return -EPROTONOSUPPORT;
        /* Whoever shares a segment of minor 3 marks a summary, where nobody looks by now. */
        if (writable && !(h->flags & SHM_FLAG_MIRROR) &&
            !(h->must_understand & SHM_UNDERSTAND_CLASSES))
                return -EPROTONOSUPPORT;
        *shape = (struct shm_shape) {
                .vm_id = h->vm_id, .n_vcpus = h->n_vcpus, .n_spis = h->n_spis,
                         .n_priority_bits = h->n_priority_bits,
                .n_espis = h->n_espis, .n_eppis = h->n_eppis, .features = h->features,
                .flags = h->flags,
        };
        memcpy(shape->name, h->name, sizeof shape->name);
        memcpy(areas, h->areas, sizeof h->areas);
        if (shm_segment_check_shape(shape, &why) < 0 || place_areas(shape, expected) > bytes)
                return -EBADMSG;
        for (int i = 0; i < SHM_N_AREAS; i++) {
                uint64_t size = (uint64_t)areas[i].stride * areas[i].count;

                if (expected[i].count &&
                    (areas[i].stride != expected[i].stride || areas[i].count != expected[i].count))
                        return -EBADMSG;
                if (areas[i].offset > bytes || size > bytes - areas[i].offset ||
                    areas[i].offset % SHM_LINE)
                        return -EBADMSG;
        }
        return 0;
}

int shm_segment_map(int fd, bool writable, struct shm_gic *ret_gic)
{
        struct shm_header copy;
        struct shm_area areas[SHM_N_AREAS];
        struct shm_shape shape;
        struct stat st;
        void *base;
        int seals, r;

        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & REQUIRED_SEALS) != REQUIRED_SEALS || fstat(fd, &st) < 0 ||
            st.st_size < (off_t)sizeof copy)
                return -EBADMSG;
        base = mmap(NULL, (size_t)st.st_size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                    MAP_SHARED, fd, 0);
        if (base == MAP_FAILED)
                return errno == EACCES || errno == EPERM ? -EBADMSG : -errno;
        /* READY-A1: pairs with READY-R1. */
        if (!shm_load(&((struct shm_header *)base)->ready, READY_A1)) {
                munmap(base, (size_t)st.st_size);
                return -ENODATA;
        }
        /* The constant part; what follows changes while we copy. */
        memset(&copy, 0, sizeof copy);
        memcpy(&copy, base, offsetof(struct shm_header, ready));
        r = check_header(&copy, (uint64_t)st.st_size, writable, &shape, areas);
        if (r < 0) {
                munmap(base, (size_t)st.st_size);
                return r;
        }
        set_view(ret_gic, base, areas, &shape, (uint64_t)st.st_size, writable);
        ret_gic->has_locks = copy.may_ignore & SHM_IGNORE_LOCKS;
        return 0;
}

void shm_segment_unmap(struct shm_gic *gic)
{
        if (gic->header)
                munmap(gic->header, gic->bytes);
        *gic = (struct shm_gic) { 0 };
}

void shm_segment_set_daemon_epoch(struct shm_gic *gic, uint64_t epoch)
{
        shm_store(&gic->header->daemon_epoch, epoch, DAEMON_X1);
}

uint64_t shm_segment_daemon_epoch(const struct shm_gic *gic)
{
        return shm_load(&gic->header->daemon_epoch, DAEMON_X2);
}
