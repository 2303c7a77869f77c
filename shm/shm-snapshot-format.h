/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SNAPSHOT_FORMAT_H
#define SHM_SNAPSHOT_FORMAT_H

/*
 * The image of a controller: its records, in memory and as bytes (doc/snapshot.md has them field by
 * field)
 *
 * What    An image is a header, a record per vCPU (its fixed part, then one per private interrupt),
 *         and a record per SPI and extended SPI; little-endian, without padding. Three tables say
 *         which member of which structure stands where; they encode, decode, and find bytes that no
 *         field names. None of it depends on the segment's layout.
 * Trust   An image may hold any bytes. snapshot_decode() checks that it is whole and is what it
 *         says it is; whether its values make sense is asked by snapshot_check().
 * Threads Any: nothing is shared.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base-error.h"
#include "shm-gic.h"

#define SNAPSHOT_MAGIC          UINT64_C(0x50414e5343494756)  /* "VGICSNAP" */
#define SNAPSHOT_MAJOR          1u
#define SNAPSHOT_MINOR          0u
#define SNAPSHOT_HEADER_BYTES  96u
#define SNAPSHOT_VCPU_BYTES    72u      /* of the fixed part */
#define SNAPSHOT_IRQ_BYTES      8u
#define SNAPSHOT_SPI_BYTES     16u
#define SNAPSHOT_CHECKSUM_AT   24u

#define SNAPSHOT_FLAG_EXACT    (1u << 0)

/* snapshot_vcpu.flags */
#define SNAPSHOT_VCPU_LAST     (1u << 0)

/* snapshot_vcpu.power */
enum snapshot_power { SNAPSHOT_POWER_UNTOLD, SNAPSHOT_POWER_ON, SNAPSHOT_POWER_OFF };

/* snapshot_vcpu.ctlr_valid */
#define SNAPSHOT_CTLR_DEFAULT     (1u << 0)
#define SNAPSHOT_CTLR_CONFIGURED  (1u << 1)
#define SNAPSHOT_CTLR_LIVE        (1u << 2)
#define SNAPSHOT_CTLR_ALL         7u

/* snapshot_irq.bits */
#define SNAPSHOT_IRQ_ENABLE   (1u << 0)
#define SNAPSHOT_IRQ_GROUP1   (1u << 1)
#define SNAPSHOT_IRQ_EDGE_CFG (1u << 2)
#define SNAPSHOT_IRQ_ACTIVE   (1u << 3)
#define SNAPSHOT_IRQ_LATCH    (1u << 4)
#define SNAPSHOT_IRQ_MESSAGE  (1u << 5)
#define SNAPSHOT_IRQ_EDGE     (1u << 6)
#define SNAPSHOT_IRQ_ALL      0x7fu

struct snapshot_header {
        uint64_t magic;
        uint16_t major;
        uint16_t minor;
        uint32_t header_bytes;
        uint64_t total_bytes;
        uint32_t checksum;              /* CRC-32C of the image with this field as 0 */
        uint32_t flags;                 /* SNAPSHOT_FLAG_* */
        uint32_t n_vcpus;
        uint32_t n_spis;
        uint32_t n_espis;
        uint32_t n_eppis;
        uint32_t n_priority_bits;
        uint32_t features;              /* SHM_FEATURE_*: their values are those of the segment */
        uint32_t gicd_iidr;
        uint32_t gicd_typer2;
        uint32_t gicd_ctlr;             /* EnableGrp0, EnableGrp1 */
        uint32_t gicd_statusr;
};

struct snapshot_vcpu {
        uint32_t affinity;
        uint32_t flags;                 /* SNAPSHOT_VCPU_* */
        uint32_t ctlr_live;             /* ICC_CTLR_EL1; 0 if it is not valid */
        uint32_t ctlr_configured;
        uint32_t ctlr_default;
        uint32_t ctlr_valid;            /* SNAPSHOT_CTLR_* */
        uint8_t pmr;
        uint8_t bpr0;
        uint8_t bpr1;
        uint8_t group_enables;          /* bit g: ICC_IGRPEN<g>_EL1 */
        uint8_t dpg;                    /* bit g: GICR_CTLR.DPG<g> */
        uint8_t asleep;                 /* GICR_WAKER.ProcessorSleep */
        uint8_t power;                  /* enum snapshot_power */
        uint32_t gicr_statusr;
        uint32_t ap0r[SHM_N_APR];
        uint32_t ap1r[SHM_N_APR];
};

struct snapshot_irq {
        uint8_t priority;
        uint8_t bits;                   /* SNAPSHOT_IRQ_* */
        uint8_t wires;                  /* bit n: the level of wire n */
        /* active: the vCPU that acknowledged it, if one did; else GIC_NO_VCPU */
        uint16_t holder;
        uint64_t irouter;               /* SPIs only: as written */
};

/* An image, taken apart. Starts zeroed; snapshot_free() it. */
struct snapshot {
        struct snapshot_header header;
        struct snapshot_vcpu *vcpus;    /* n_vcpus */
        /* of vCPU v: from v * snapshot_n_private() on, as shm_gic_nth_private() */
        struct snapshot_irq *privates;
        struct snapshot_irq *spis;      /* in the order of shm_gic_nth_spi() */
};

static inline uint32_t snapshot_n_private(const struct snapshot *snapshot)
{
        return GIC_N_PRIVATE + snapshot->header.n_eppis;
}

static inline uint32_t snapshot_n_spis(const struct snapshot *snapshot)
{
        return snapshot->header.n_spis + snapshot->header.n_espis;
}

/* The INTID of SPI number @i. */
static inline uint32_t snapshot_nth_spi(const struct snapshot *snapshot, uint32_t i)
{
        return i < snapshot->header.n_spis ? GIC_SPI_FIRST + i : GIC_ESPI_FIRST +
               (i - snapshot->header.n_spis);
}

/*
 * snapshot_alloc() - the arrays for the shape in .header, which is within its limits. Return: 0;
 * -ENOMEM.
 */
int snapshot_alloc(struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* The bytes of an image of this shape. */
uint64_t snapshot_bytes(const struct snapshot_header *header);

/*
 * snapshot_encode() - @bytes: snapshot_bytes() of them. Completes magic, version, sizes and
 * checksum.
 */
void snapshot_encode(const struct snapshot *snapshot, uint8_t *bytes);

/**
 * snapshot_decode() - take an image apart
 *
 * Return: 0; -EBADMSG damaged; -EPROTONOSUPPORT a newer version; -ENOMEM. All with words in @why.
 */
int snapshot_decode(const uint8_t *bytes, size_t n, struct snapshot *ret_snapshot,
                    struct base_error *why);

/* One row of the format: for tests and doc/snapshot.md. */
struct snapshot_field {
        const char *name;
        uint16_t at;                    /* offset in the record */
        uint8_t bytes;                  /* 1, 2, 4, 8 */
        uint8_t count;                  /* an array of so many */
        uint16_t member;                /* offset in the structure */
};

struct snapshot_record {
        const char *name;
        uint32_t bytes;
        const struct snapshot_field *fields;
        unsigned n_fields;
};

enum snapshot_record_id { SNAPSHOT_HEADER, SNAPSHOT_VCPU, SNAPSHOT_IRQ, SNAPSHOT_SPI,
                         SNAPSHOT_N_RECORDS };
extern const struct snapshot_record snapshot_records[SNAPSHOT_N_RECORDS];

#endif
