/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Segments: built, sealed, mapped by somebody who believes nothing
 *
 * Which shapes can be built; that nobody can resize the file; and that a mapper refuses every
 * header that is not one, field by field.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "rig.h"

static const struct shm_shape plain = { .vm_id = 77, .name = "vm", .n_vcpus = 4, .n_spis = 32,
                                        .n_priority_bits = 5,
                                   .features = SHM_FEATURE_ALL };

static int shape_error(uint32_t n_vcpus, uint32_t n_spis, uint32_t bits, const char *name)
{
        struct shm_shape shape = { .n_vcpus = n_vcpus, .n_spis = n_spis, .n_priority_bits = bits,
                                   .features = SHM_FEATURE_ALL };
        const char *why = NULL;
        int r;

        memcpy(shape.name, name, strnlen(name, sizeof shape.name));
        r = shm_segment_check_shape(&shape, &why);
        return r < 0 && !why ? 1 : r;
}

static void shapes_are_checked(void)
{
        static const uint64_t twice[2] = { 5, 5 | UINT64_C(1) << 31 };
        struct shm_shape shape = { .name = "x", .n_vcpus = 2, .n_priority_bits = 5, .mpidrs = twice,
                                   .features = SHM_FEATURE_ALL };
        char unterminated[65] = { 0 };
        const char *why = NULL;

        memset(unterminated, 'a', 64);
        tap_ok(shape_error(0, 0, 5, "a") == -EINVAL && shape_error(4097, 0, 5, "a") == -EINVAL &&
               shape_error(1, 989, 5, "a") == -EINVAL &&
               shape_error(1, 0, 3, "a") == -EINVAL &&
               shape_error(1, 0, 9, "a") == -EINVAL &&
               shape_error(1, 0, 5, "") == -EINVAL &&
               shape_error(1, 0, 5, unterminated) == -EINVAL,
               "what cannot be built is refused, in words");
        tap_ok(shape_error(1, 0, 4, "a") == 0 && shape_error(4096, 988, 8, "a") == 0,
               "the limits themselves can");
        tap_ok(shm_segment_check_shape(&shape, &why) == -EINVAL && why,
               "two vCPUs of one affinity are refused");
}

/*
 * Aff3 in 39..32, Aff2 to Aff0 in 23..0; RES1, U and MT of MPIDR_EL1 mean nothing here; every other
 * bit is a mistake.
 */
static void mpidr_bits(void)
{
        const uint64_t allowed = UINT64_C(0xff00ffffff) | UINT64_C(1) << 31 | UINT64_C(1) << 30 |
                                 UINT64_C(1) << 24;

        for (unsigned bit = 0; bit < 64; bit++) {
                const uint64_t mpidr[1] = { UINT64_C(1) << bit };
                struct shm_shape shape = { .name = "x", .n_vcpus = 1, .n_priority_bits = 5,
                                           .mpidrs = mpidr,
                                   .features = SHM_FEATURE_ALL };
                const char *why = NULL;
                int r = shm_segment_check_shape(&shape, &why);

                tap_ok(allowed >> bit & 1 ? r == 0 : r == -EINVAL && why,
                       "bit %u of an mpidr is %s", bit,
                       allowed >> bit & 1 ? "taken" : "refused, in words");
        }
}

static void sizes_follow_the_shape(void)
{
        static const struct { uint32_t n_vcpus, n_spis; } list[] = {
                { 1, 0 }, { 1, 988 }, { 512, 988 }, { 4096, 988 }
        };

        for (unsigned i = 0; i < 4; i++) {
                struct shm_shape shape = { .vm_id = 1, .name = "s", .n_vcpus = list[i].n_vcpus,
                                           .n_spis = list[i].n_spis, .n_priority_bits = 5,
                                   .features = SHM_FEATURE_ALL };
                uint64_t bytes = shm_segment_bytes(&shape),
                         least = list[i].n_vcpus * UINT64_C(4096) + list[i].n_spis * 64;
                struct shm_gic gic, other;
                int fd, fd_ro;

                tap_ok(bytes % 4096 == 0 && bytes > least &&
                       bytes < least + 4096 * 8 + list[i].n_vcpus * (1100 * UINT64_C(8)),
                       "%u vCPUs, %u SPIs: %u KiB", list[i].n_vcpus, list[i].n_spis,
                       (unsigned)(bytes >> 10));
                if (shm_segment_create(&shape, &fd, &fd_ro, &gic) < 0)
                        tap_bail("create");
                tap_ok(shm_segment_map(fd, true, &other) == 0 && other.n_vcpus == list[i].n_vcpus &&
                       other.n_spis == list[i].n_spis && other.bytes == bytes,
                       "%u vCPUs, %u SPIs: mapped again", list[i].n_vcpus, list[i].n_spis);
                atomic_store(shm_gic_counter(&gic, list[i].n_vcpus - 1, 31 + list[i].n_spis), 5);
                tap_eq((int64_t)atomic_load(
                               shm_gic_counter(&other, list[i].n_vcpus - 1, 31 + list[i].n_spis)),
                       5, "two mappings: the last counter is one memory");
                shm_segment_unmap(&other);
                shm_segment_unmap(&other);
                shm_segment_unmap(&gic);
                close(fd);
                close(fd_ro);
        }
}

static void descriptors_are_sealed(void)
{
        struct shm_gic gic, reader;
        struct stat st;
        int fd, fd_ro, seals;
        struct shm_icc_ctlr ctlr;

        if (shm_segment_create(&plain, &fd, &fd_ro, &gic) < 0)
                tap_bail("create");
        seals = fcntl(fd, F_GET_SEALS);
        tap_eq(seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
               F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
               "sealed against shrinking, growing, unsealing");
        tap_ok(ftruncate(fd, 4096) < 0 && ftruncate(fd, 1 << 30) < 0,
               "a sealed segment: its size cannot change");
        tap_ok(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600, "mode 0600");
        tap_ok((fcntl(fd_ro, F_GETFL) & O_ACCMODE) == O_RDONLY,
               "the other descriptor is read-only");
        tap_ok(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd_ro, 0) == MAP_FAILED &&
                       errno == EACCES,
               "the observer's descriptor: not mapped for writing");
        tap_ok(write(fd_ro, "x", 1) < 0, "the observer's descriptor: not written");
        tap_ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd_ro, F_GETFD) & FD_CLOEXEC),
               "both are close-on-exec");
        tap_ok(shm_segment_map(fd_ro, true, &reader) < 0, "mapping it for writing is refused");
        tap_ok(shm_segment_map(fd_ro, false, &reader) == 0 && !reader.writable,
               "mapping it for reading works");
        tap_ok(shm_read_icc_ctlr(&reader, 3, &ctlr) == 0 && ctlr.valid == 5 &&
                       shm_read_icc_ctlr(&reader, 4, &ctlr) == -EINVAL,
               "the observer's mapping: ICC_CTLR_EL1 is read, of a vCPU that exists only");
        shm_gicd_read(&reader, 0x3, 4);
        tap_eq((int64_t)shm_gicd_read(&reader, 0, 4), 0x50,
               "registers too; an access in error does not try to count");
        tap_ok(gic.header->must_understand & SHM_UNDERSTAND_PORTS,
               "who does not know list-register ports refuses it: it would pass their gate");
        tap_ok(gic.header->must_understand & SHM_UNDERSTAND_SLOT_ACK,
               "who looks at the gates before its slot says so refuses it");
        tap_ok(gic.header->must_understand & SHM_UNDERSTAND_CLASSES,
               "who marks candidates in a summary refuses it: nobody would look there");
        shm_segment_unmap(&reader);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
}

/* Make a segment, spoil it by @spoil, map it. */
static int map_spoilt_for(bool writable, void (*spoil)(struct shm_header *h))
{
        struct shm_gic gic, other;
        int fd, fd_ro, r;

        if (shm_segment_create(&plain, &fd, &fd_ro, &gic) < 0)
                tap_bail("create");
        spoil(gic.header);
        r = shm_segment_map(fd, writable, &other);
        if (r == 0)
                shm_segment_unmap(&other);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
        return r;
}

static int map_spoilt(void (*spoil)(struct shm_header *h))
{
        return map_spoilt_for(true, spoil);
}

#define SPOIL(name, statement) static void spoil_##name(struct shm_header *h) { statement; }
SPOIL(nothing, (void)h)
SPOIL(ready, atomic_store(&h->ready, 0))
SPOIL(magic, h->magic++)
SPOIL(major, h->major++)
SPOIL(minor, h->minor++)
SPOIL(must, h->must_understand = UINT64_C(1) << 40)
SPOIL(minor3, h->minor = 3; h->must_understand &= ~SHM_UNDERSTAND_CLASSES)
SPOIL(may, h->may_ignore = UINT64_C(1) << 40)
SPOIL(header_bytes, h->header_bytes = 8192)
SPOIL(total, h->total_bytes += 4096)
SPOIL(vcpus0, h->n_vcpus = 0)
SPOIL(vcpus_more, h->n_vcpus = 5)
SPOIL(vcpus_many, h->n_vcpus = UINT32_MAX)
SPOIL(spis_more, h->n_spis = 64)
SPOIL(bits, h->n_priority_bits = 40)
SPOIL(name, memset(h->name, 'a', sizeof h->name))
SPOIL(vcpu_offset, h->areas[SHM_AREA_VCPU].offset = h->total_bytes - 4096)
SPOIL(vcpu_far, h->areas[SHM_AREA_VCPU].offset = UINT64_MAX - 4095)
SPOIL(spi_offset, h->areas[SHM_AREA_SPI].offset = h->total_bytes)
SPOIL(spi_odd, h->areas[SHM_AREA_SPI].offset += 8)
SPOIL(stride, h->areas[SHM_AREA_VCPU].stride = 64)
SPOIL(counter_stride, h->areas[SHM_AREA_COUNTER].stride = 0x40000000)
SPOIL(count, h->areas[SHM_AREA_SPI].count = 33)
SPOIL(affinities, h->areas[SHM_AREA_AFFINITY].offset = h->total_bytes + 64)
SPOIL(reserved_area, (h->areas[SHM_AREA_LPI] = (struct shm_area) { UINT64_MAX / 2, 64, 1 }))

static void spoilt(void)
{
        static const struct {
                void (*spoil)(struct shm_header *h);
                int want;
                const char *what;
        } list[] = {
                { spoil_nothing, 0, "nothing" }, { spoil_minor, 0, "a newer minor" },
                { spoil_may, 0, "an unknown may-ignore bit" },
                { spoil_ready, -ENODATA, "not ready" }, { spoil_magic, -EBADMSG, "magic" },
                { spoil_major, -EPROTONOSUPPORT, "a newer major" },
                { spoil_must, -EPROTONOSUPPORT, "an unknown must-understand bit" },
                { spoil_header_bytes, -EBADMSG, "header size" },
                { spoil_total, -EBADMSG, "total size" }, { spoil_vcpus0, -EBADMSG, "no vCPUs" },
                { spoil_vcpus_more, -EBADMSG, "a vCPU too many" },
                { spoil_vcpus_many, -EBADMSG, "2^32 - 1 vCPUs" },
                { spoil_spis_more, -EBADMSG, "more SPIs than lines" },
                { spoil_bits, -EBADMSG, "40 priority bits" },
                { spoil_name, -EBADMSG, "a name without end" },
                { spoil_vcpu_offset, -EBADMSG, "vCPUs that reach beyond the end" },
                { spoil_vcpu_far, -EBADMSG, "an offset that wraps" },
                { spoil_spi_offset, -EBADMSG, "SPIs at the end" },
                { spoil_spi_odd, -EBADMSG, "SPIs off their lines" },
                { spoil_stride, -EBADMSG, "another stride" },
                { spoil_counter_stride, -EBADMSG, "a huge stride" },
                { spoil_count, -EBADMSG, "another count" },
                { spoil_affinities, -EBADMSG, "affinities outside" },
                { spoil_reserved_area, -EBADMSG, "an unknown area outside" },
        };

        for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
                tap_eq(map_spoilt(list[i].spoil), list[i].want, "mapping with %s", list[i].what);
        tap_eq(map_spoilt_for(true, spoil_minor3), -EPROTONOSUPPORT,
               "a segment of minor 3, whose sharers mark a summary: not mapped for writing");
        tap_eq(map_spoilt_for(false, spoil_minor3), 0,
               "a segment of minor 3: mapped for reading, which looks at no candidate");
}

static void wrong_descriptors(void)
{
        struct shm_gic gic, other;
        int fd, fd_ro, copy, null = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
        char path[] = "/tmp/vgic-test-XXXXXX";
        int file = mkstemp(path);

        if (shm_segment_create(&plain, &fd, &fd_ro, &gic) < 0 || pipe(pipes) < 0 || file < 0)
                tap_bail("create");
        unlink(path);
        copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (write(copy, gic.header, gic.bytes) != (ssize_t)gic.bytes ||
            write(file, gic.header, gic.bytes) != (ssize_t)gic.bytes)
                tap_bail("write");
        tap_eq(shm_segment_map(copy, true, &other), -EBADMSG,
               "an exact copy without seals is refused");
        fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
        tap_eq(shm_segment_map(copy, true, &other), -EBADMSG, "with one seal missing too");
        fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL);
        tap_eq(shm_segment_map(copy, true, &other), 0,
               "with all of them it is as good as the first");
        shm_segment_unmap(&other);
        tap_ok(shm_segment_map(null, true, &other) == -EBADMSG &&
               shm_segment_map(pipes[0], false, &other) == -EBADMSG &&
               shm_segment_map(-1, false, &other) == -EBADMSG,
               "devices, pipes, nothing at all");
        tap_eq(shm_segment_map(file, true, &other), -EBADMSG, "a file of the same bytes");
        close(copy);
        copy = memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (write(copy, gic.header, 2048) != 2048)
                tap_bail("write");
        fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
        tap_eq(shm_segment_map(copy, true, &other), -EBADMSG, "shorter than a header");
        close(copy);
        close(null);
        close(file);
        close(pipes[0]);
        close(pipes[1]);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
}

static void each_candidate_bit_has_one_intid(void)
{
        unsigned broken = 0;

        for (uint32_t i = 0; i < 4096; i++)
                broken += shm_candidate_index(shm_candidate_intid(i)) != i;
        tap_eq(broken, 0, "each candidate bit has one INTID, and back");
}

int main(void)
{
        int n_fds = tap_fd_count();

        shapes_are_checked();
        mpidr_bits();
        sizes_follow_the_shape();
        descriptors_are_sealed();
        spoilt();
        wrong_descriptors();
        each_candidate_bit_has_one_intid();
        tap_eq(tap_fd_count(), n_fds, "no descriptor leaks");
        return tap_done();
}
