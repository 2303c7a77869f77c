/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-snapshot-format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base-crc.h"
#include "shm-segment.h"

/* --- the tables --- */

#define FIELD(type, field, offset) \
        { .name = #field, .at = (offset), .bytes = sizeof(((type *)NULL)->field), .count = 1, \
          .member = offsetof(type, field) }
#define ARRAY(type, field, offset) \
        { .name = #field, .at = (offset), .bytes = sizeof(((type *)NULL)->field[0]), \
          .count = sizeof(((type *)NULL)->field) / sizeof(((type *)NULL)->field[0]), \
          .member = offsetof(type, field) }

static const struct snapshot_field header_fields[] = {
        FIELD(struct snapshot_header, magic, 0),
        FIELD(struct snapshot_header, major, 8),
        FIELD(struct snapshot_header, minor, 10),
        FIELD(struct snapshot_header, header_bytes, 12),
        FIELD(struct snapshot_header, total_bytes, 16),
        FIELD(struct snapshot_header, checksum, SNAPSHOT_CHECKSUM_AT),
        FIELD(struct snapshot_header, flags, 28),
        FIELD(struct snapshot_header, n_vcpus, 32),
        FIELD(struct snapshot_header, n_spis, 36),
        FIELD(struct snapshot_header, n_espis, 40),
        FIELD(struct snapshot_header, n_eppis, 44),
        FIELD(struct snapshot_header, n_priority_bits, 48),
        FIELD(struct snapshot_header, features, 52),
        FIELD(struct snapshot_header, gicd_iidr, 56),
        FIELD(struct snapshot_header, gicd_typer2, 60),
        FIELD(struct snapshot_header, gicd_ctlr, 64),
        FIELD(struct snapshot_header, gicd_statusr, 68),
};

static const struct snapshot_field vcpu_fields[] = {
        FIELD(struct snapshot_vcpu, affinity, 0),
        FIELD(struct snapshot_vcpu, flags, 4),
        FIELD(struct snapshot_vcpu, ctlr_live, 8),
        FIELD(struct snapshot_vcpu, ctlr_configured, 12),
        FIELD(struct snapshot_vcpu, ctlr_default, 16),
        FIELD(struct snapshot_vcpu, ctlr_valid, 20),
        FIELD(struct snapshot_vcpu, pmr, 24),
        FIELD(struct snapshot_vcpu, bpr0, 25),
        FIELD(struct snapshot_vcpu, bpr1, 26),
        FIELD(struct snapshot_vcpu, group_enables, 27),
        FIELD(struct snapshot_vcpu, dpg, 28),
        FIELD(struct snapshot_vcpu, asleep, 29),
        FIELD(struct snapshot_vcpu, power, 30),
        FIELD(struct snapshot_vcpu, gicr_statusr, 32),
        ARRAY(struct snapshot_vcpu, ap0r, 36),
        ARRAY(struct snapshot_vcpu, ap1r, 52),
};

static const struct snapshot_field irq_fields[] = {
        FIELD(struct snapshot_irq, priority, 0),
        FIELD(struct snapshot_irq, bits, 1),
        FIELD(struct snapshot_irq, wires, 2),
        FIELD(struct snapshot_irq, holder, 4),
};

static const struct snapshot_field spi_fields[] = {
        FIELD(struct snapshot_irq, priority, 0),
        FIELD(struct snapshot_irq, bits, 1),
        FIELD(struct snapshot_irq, wires, 2),
        FIELD(struct snapshot_irq, holder, 4),
        FIELD(struct snapshot_irq, irouter, 8),
};

#define RECORD(title, size, table) \
        { .name = (title), .bytes = (size), .fields = (table), \
          .n_fields = sizeof(table) / sizeof((table)[0]) }

const struct snapshot_record snapshot_records[SNAPSHOT_N_RECORDS] = {
        [SNAPSHOT_HEADER] = RECORD("header", SNAPSHOT_HEADER_BYTES, header_fields),
        [SNAPSHOT_VCPU] = RECORD("vCPU", SNAPSHOT_VCPU_BYTES, vcpu_fields),
        [SNAPSHOT_IRQ] = RECORD("private interrupt", SNAPSHOT_IRQ_BYTES, irq_fields),
        [SNAPSHOT_SPI] = RECORD("SPI", SNAPSHOT_SPI_BYTES, spi_fields),
};

/* --- numbers --- */

/* A number of an image: little-endian, whatever the machine's own order, and not aligned. */
static uint64_t get(const uint8_t *at, unsigned bytes)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < bytes; i++)
                value |= (uint64_t)at[i] << (8 * i);
        return value;
}

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
        for (unsigned i = 0; i < bytes; i++)
                at[i] = (uint8_t)(value >> (8 * i));
}

/* Members of a structure, in the machine's own order of bytes. */
static uint64_t get_member(const void *member, unsigned bytes)
{
        switch (bytes) {
        case 1:
                return *(const uint8_t *)member;
        case 2:
                return *(const uint16_t *)member;
        case 4:
                return *(const uint32_t *)member;
        default:
                return *(const uint64_t *)member;
        }
}

/* Store a value in a member of a record, which has @bytes of this machine. */
static void put_member(void *member, unsigned bytes, uint64_t value)
{
        switch (bytes) {
        case 1:
                *(uint8_t *)member = (uint8_t)value;
                break;
        case 2:
                *(uint16_t *)member = (uint16_t)value;
                break;
        case 4:
                *(uint32_t *)member = (uint32_t)value;
                break;
        default:
                *(uint64_t *)member = value;
        }
}

/* --- records --- */

/* Return: where the next record goes. */
static uint8_t *encode_record(uint8_t *to, enum snapshot_record_id id, const void *from)
{
        const struct snapshot_record *record = &snapshot_records[id];

        memset(to, 0, record->bytes);
        for (unsigned i = 0; i < record->n_fields; i++) {
                const struct snapshot_field *field = &record->fields[i];

                for (unsigned n = 0; n < field->count; n++)
                        put(to + field->at + n * field->bytes, field->bytes,
                            get_member((const uint8_t *)from + field->member + n * field->bytes,
                                       field->bytes));
        }
        return to + record->bytes;
}

/* Bytes that no field names are 0. Return: the first that is not, or -1. */
static int stray_byte(const uint8_t *from, const struct snapshot_record *record)
{
        uint32_t at = 0;

        for (unsigned i = 0; i <= record->n_fields; i++) {
                const struct snapshot_field *field = i < record->n_fields ? &record->fields[i]
                                                     : NULL;

                for (; at < (field ? field->at : record->bytes); at++)
                        if (from[at])
                                return (int)at;
                if (field)
                        at = field->at + (uint32_t)field->bytes * field->count;
        }
        return -1;
}

static void decode_fields(const uint8_t *from, const struct snapshot_record *record, void *to)
{
        for (unsigned i = 0; i < record->n_fields; i++) {
                const struct snapshot_field *field = &record->fields[i];

                for (unsigned n = 0; n < field->count; n++)
                        put_member((uint8_t *)to + field->member + n * field->bytes, field->bytes,
                                   get(from + field->at + n * field->bytes, field->bytes));
        }
}

/* Take one record, and go on to the next. */
static int decode_record(const uint8_t **from, enum snapshot_record_id id, uint32_t index, void *to,
                         struct base_error *why)
{
        const struct snapshot_record *record = &snapshot_records[id];
        int stray = stray_byte(*from, record);

        if (stray >= 0)
                return base_error_set(why, -EBADMSG,
                                      "damaged: byte %d of %s record %" PRIu32 " must be 0", stray,
                                      record->name, index);
        decode_fields(*from, record, to);
        *from += record->bytes;
        return 0;
}

/* --- images --- */

uint64_t snapshot_bytes(const struct snapshot_header *header)
{
        uint64_t vcpu = SNAPSHOT_VCPU_BYTES +
                        (uint64_t)(GIC_N_PRIVATE + header->n_eppis) * SNAPSHOT_IRQ_BYTES;

        return SNAPSHOT_HEADER_BYTES + header->n_vcpus * vcpu +
               ((uint64_t)header->n_spis + header->n_espis) * SNAPSHOT_SPI_BYTES;
}

int snapshot_alloc(struct snapshot *snapshot)
{
        uint32_t n_vcpus = snapshot->header.n_vcpus;

        snapshot->vcpus = calloc(n_vcpus, sizeof(*snapshot->vcpus));
        snapshot->privates = calloc((size_t)n_vcpus * snapshot_n_private(snapshot),
                                    sizeof(*snapshot->privates));
        snapshot->spis = calloc(snapshot_n_spis(snapshot) + 1u, sizeof(*snapshot->spis));
        if (snapshot->vcpus && snapshot->privates && snapshot->spis)
                return 0;
        snapshot_free(snapshot);
        return -ENOMEM;
}

void snapshot_free(struct snapshot *snapshot)
{
        free(snapshot->vcpus);
        free(snapshot->privates);
        free(snapshot->spis);
        snapshot->vcpus = NULL;
        snapshot->privates = snapshot->spis = NULL;
}

/* The CRC of an image as if its checksum were 0. */
static uint32_t checksum(const uint8_t *bytes, size_t n)
{
        static const uint8_t zero[4];
        uint32_t crc = base_crc32c(0, bytes, SNAPSHOT_CHECKSUM_AT);

        crc = base_crc32c(crc, zero, sizeof(zero));
        return base_crc32c(crc, bytes + SNAPSHOT_CHECKSUM_AT + 4, n - SNAPSHOT_CHECKSUM_AT - 4);
}

void snapshot_encode(const struct snapshot *snapshot, uint8_t *bytes)
{
        struct snapshot_header header = snapshot->header;
        uint32_t n_private = snapshot_n_private(snapshot);
        uint8_t *at;

        header.magic = SNAPSHOT_MAGIC;
        header.major = SNAPSHOT_MAJOR;
        header.minor = SNAPSHOT_MINOR;
        header.header_bytes = SNAPSHOT_HEADER_BYTES;
        header.total_bytes = snapshot_bytes(&header);
        header.checksum = 0;
        at = encode_record(bytes, SNAPSHOT_HEADER, &header);
        for (uint32_t v = 0; v < header.n_vcpus; v++) {
                at = encode_record(at, SNAPSHOT_VCPU, &snapshot->vcpus[v]);
                for (uint32_t i = 0; i < n_private; i++)
                        at = encode_record(at, SNAPSHOT_IRQ,
                                           &snapshot->privates[(size_t)v * n_private + i]);
        }
        for (uint32_t i = 0; i < snapshot_n_spis(snapshot); i++)
                at = encode_record(at, SNAPSHOT_SPI, &snapshot->spis[i]);
        put(bytes + SNAPSHOT_CHECKSUM_AT, 4, checksum(bytes, header.total_bytes));
}

/* What has to hold before anything else can be believed. */
static int check_whole(const uint8_t *bytes, size_t n, const struct snapshot_header *header,
                       struct base_error *why)
{
        if (header->magic != SNAPSHOT_MAGIC)
                return base_error_set(why, -EBADMSG, "not a snapshot of an interrupt controller");
        if (header->major > SNAPSHOT_MAJOR ||
            (header->major == SNAPSHOT_MAJOR && header->minor > SNAPSHOT_MINOR))
                return base_error_set(why, -EPROTONOSUPPORT,
                                      "version %u.%u is newer than this library's, %u.%u",
                                      header->major, header->minor, SNAPSHOT_MAJOR, SNAPSHOT_MINOR);
        if (header->total_bytes != n)
                return base_error_set(why, -EBADMSG, "damaged: %zu bytes, it says it has %" PRIu64,
                                      n, header->total_bytes);
        if (header->checksum != checksum(bytes, n))
                return base_error_set(why, -EBADMSG, "damaged: the checksum does not match");
        if (header->major != SNAPSHOT_MAJOR || header->header_bytes != SNAPSHOT_HEADER_BYTES)
                return base_error_set(why, -EBADMSG,
                                      "damaged: version %u.%u does not have %" PRIu32
                                      " bytes of header",
                                      header->major, header->minor, header->header_bytes);
        return 0;
}

/* Its sizes, before anything is allocated by them. */
static int check_sizes(const struct snapshot_header *header, struct base_error *why)
{
        struct shm_shape shape = {
                .name = "snapshot", .n_vcpus = header->n_vcpus, .n_spis = header->n_spis,
                .n_priority_bits = header->n_priority_bits, .n_espis = header->n_espis,
                .n_eppis = header->n_eppis,
                .features = header->features,
        };
        const char *words;

        if (shm_segment_check_shape(&shape, &words) < 0)
                return base_error_set(why, -EBADMSG, "damaged: %s", words);
        if (header->total_bytes != snapshot_bytes(header))
                return base_error_set(why, -EBADMSG,
                                      "damaged: such a controller has an image of %" PRIu64
                                      " bytes, not %" PRIu64,
                                      snapshot_bytes(header), header->total_bytes);
        return 0;
}

/* All records behind the header, in the order of the image; the sizes are checked already. */
static int decode_records(const uint8_t *at, struct snapshot *snapshot, struct base_error *why)
{
        uint32_t n_private = snapshot_n_private(snapshot);
        int r = 0;

        for (uint32_t v = 0; r == 0 && v < snapshot->header.n_vcpus; v++) {
                r = decode_record(&at, SNAPSHOT_VCPU, v, &snapshot->vcpus[v], why);
                for (uint32_t i = 0; r == 0 && i < n_private; i++)
                        r = decode_record(&at, SNAPSHOT_IRQ, i,
                                          &snapshot->privates[(size_t)v * n_private + i], why);
        }
        for (uint32_t i = 0; r == 0 && i < snapshot_n_spis(snapshot); i++)
                r = decode_record(&at, SNAPSHOT_SPI, i, &snapshot->spis[i], why);
        return r;
}

int snapshot_decode(const uint8_t *bytes, size_t n, struct snapshot *ret_snapshot,
                    struct base_error *why)
{
        struct snapshot snapshot = { 0 };
        const uint8_t *at = bytes;
        int r;

        if (n < SNAPSHOT_HEADER_BYTES)
                return base_error_set(why, -EBADMSG, n < 8 || get(bytes, 8) != SNAPSHOT_MAGIC ?
                                      "not a snapshot of an interrupt controller" :
                                              "damaged: it ends within its header");
        /*
         * First whether it is one, and of which version: a newer one may use bytes that must be 0
         * here.
         */
        decode_fields(bytes, &snapshot_records[SNAPSHOT_HEADER], &snapshot.header);
        r = check_whole(bytes, n, &snapshot.header, why);
        if (r == 0)
                r = decode_record(&at, SNAPSHOT_HEADER, 0, &snapshot.header, why);
        if (r == 0)
                r = check_sizes(&snapshot.header, why);
        if (r == 0 && snapshot_alloc(&snapshot) < 0)
                r = base_error_set(why, -ENOMEM, "no memory");
        if (r == 0)
                r = decode_records(at, &snapshot, why);
        if (r < 0)
                snapshot_free(&snapshot);
        else
                *ret_snapshot = snapshot;
        return r;
}
