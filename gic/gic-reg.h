/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_REG_H
#define GIC_REG_H

/*
 * Memory-mapped registers as tables
 *
 * What    One row per register or register array: where it lies, which accesses it takes, what it
 *         reads after a reset, and either how it reads and changes an interrupt's word (bits > 0)
 *         or which register it is (id). Registers that the architecture defines and this GIC does
 *         not have are rows too: RES0, with a reason.
 * Order   Rows are sorted by offset and do not overlap: tests/gic checks it. gic-row.h tells how a
 *         table comes with its index.
 * Section Subsections are those of IHI 0069H.
 */
#include <stddef.h>
#include <stdint.h>

#include "gic-word.h"

#define GIC_REG_W8   1u          /* access widths: a bit for each, which is its number of bytes */
#define GIC_REG_W16  2u
#define GIC_REG_W32  4u
#define GIC_REG_W64  8u

enum gic_access {
        GIC_ACCESS_RES0,        /* RAZ/WI, without error: .why says the reason */
        /* also what is write-1-to-set or -clear, and what has fixed fields only */
        GIC_ACCESS_RW,
        GIC_ACCESS_RO,
        GIC_ACCESS_WO,
};

/*
 * Registers that are not a field of interrupt words; shm/ holds their state, in a table of handlers
 * by this number.
 */
enum gic_reg_id {
        GIC_REG_NONE,           /* a field of words, or RES0 */
        GIC_REG_CONSTANT,       /* its reset value */
        GICD_REG_CTLR,
        GICD_REG_TYPER,
        GICD_REG_TYPER2,
        GICD_REG_STATUSR,
        GICD_REG_SETSPI,
        GICD_REG_CLRSPI,
        GICD_REG_IROUTER,       /* 64 bits per interrupt from .first_intid */
        GIC_REG_IIDR,
        GICR_REG_CTLR,
        GICR_REG_TYPER,
        GICR_REG_STATUSR,
        GICR_REG_WAKER,
        GIC_N_REGS
};

/* The field of an interrupt's word that a register shows. */
enum gic_field {
        GIC_FIELD_NONE,
        GIC_FIELD_GROUP,
        GIC_FIELD_ENABLE,
        GIC_FIELD_PENDING,
        GIC_FIELD_ACTIVE,
        GIC_FIELD_PRIORITY,
        GIC_FIELD_CONFIG,
};

/* what it reads at reset depends on the VM's configuration */
#define GIC_RESET_CONFIG  UINT64_MAX

struct gic_reg {
        const char *name;
        uint32_t offset;
        uint32_t bytes;
        uint8_t widths;                 /* GIC_REG_W* */
        uint8_t access;                 /* enum gic_access */
        uint8_t id;                     /* enum gic_reg_id */
        uint8_t bits;                   /* per interrupt; 0: not a field of words */
        uint16_t first_intid;           /* of the array's first field */
        uint8_t is_priority;            /* unimplemented low bits of each field are RES0 */
        /* each unit of the widest access reads so at reset; or GIC_RESET_CONFIG */
        uint64_t reset;
        uint8_t get;                    /* enum gic_field: what a read shows */
        /* set or clear: a bit that is written as 0 changes nothing */
        uint8_t write_one;
        /* the word after a write; NULL: write-ignored */
        uint64_t (*set)(uint64_t word, uint64_t field);
        const char *section;            /* of IHI 0069 */
        /* RES0, or RW and ignores writes: the reason; else what is missing, or NULL */
        const char *why;
};

#define GIC_REG_FRAME_BYTES  0x10000u
#define GIC_REG_FRAME_WORDS  (GIC_REG_FRAME_BYTES / 4)

struct gic_reg_table {
        const char *frame;
        const struct gic_reg *rows;
        size_t n_rows;
        const uint8_t *index;           /* of each 32-bit word of the frame: its row + 1; 0: none */
};

extern const struct gic_reg_table gic_dist_table;        /* GICD */
extern const struct gic_reg_table gic_redist_rd_table;   /* GICR, RD_base */
extern const struct gic_reg_table gic_redist_sgi_table;  /* GICR, SGI_base */

/*
 * gic_reg_find() - the row that an access of @len bytes (1, 2, 4, 8) at @offset hits
 *
 * NULL if there is none, or the row does not take this width, or the access is not aligned: RAZ/WI
 * and an error (IHI 0069 section 12.1.3).
 */
static inline const struct gic_reg *gic_reg_find(const struct gic_reg_table *table, uint64_t offset,
                                                 unsigned len)
{
        unsigned row = offset < GIC_REG_FRAME_BYTES ? table->index[offset / 4] : 0;
        const struct gic_reg *reg;

        if (!row)
                return NULL;
        reg = &table->rows[row - 1];
        return (reg->widths & len) && !(offset & (len - 1)) ? reg : NULL;
}

/* --- fields of interrupt words: what a read shows --- */

/* IHI 0069 section 12.9.13, GICD_IGROUPR<n> */
static inline uint64_t gic_field_group(uint64_t w)
{
        return gic_word_group(w);
}

/* GICD_ISENABLER<n>, GICD_ICENABLER<n>: 12.9.26, 12.9.7 */
static inline uint64_t gic_field_enable(uint64_t w)
{
        return (w & GIC_WORD_ENABLE) != 0;
}

/* GICD_ISPENDR<n>, GICD_ICPENDR<n>: 12.9.28, 12.9.11 */
static inline uint64_t gic_field_pending(uint64_t w)
{
        return gic_word_pending(w);
}

/* GICD_ISACTIVER<n>, GICD_ICACTIVER<n>: 12.9.24, 12.9.5 */
static inline uint64_t gic_field_active(uint64_t w)
{
        return (w & GIC_WORD_ACTIVE) != 0;
}

/* GICD_IPRIORITYR<n>: 12.9.20 */
static inline uint64_t gic_field_priority(uint64_t w)
{
        return gic_word_priority(w);
}

/* GICD_ICFGR<n> (12.9.9): bit 1 of each pair; bit 0 is RES0. */
static inline uint64_t gic_field_config(uint64_t w)
{
        return (w & GIC_WORD_EDGE_CFG) ? 2 : 0;
}

/* By its number. A caller that knows @field at compile time pays for that one alone. */
static inline uint64_t gic_field_get(enum gic_field field, uint64_t w)
{
        switch (field) {
        case GIC_FIELD_GROUP: return gic_field_group(w);
        case GIC_FIELD_ENABLE: return gic_field_enable(w);
        case GIC_FIELD_PENDING: return gic_field_pending(w);
        case GIC_FIELD_ACTIVE: return gic_field_active(w);
        case GIC_FIELD_PRIORITY: return gic_field_priority(w);
        case GIC_FIELD_CONFIG: return gic_field_config(w);
        case GIC_FIELD_NONE: break;
        }
        return 0;
}

/* --- and the word after a write; write_one: of the bits that are 1 --- */
uint64_t gic_field_set_group(uint64_t w, uint64_t field);
uint64_t gic_field_set_enable(uint64_t w, uint64_t field);
uint64_t gic_field_clear_enable(uint64_t w, uint64_t field);
uint64_t gic_field_set_pending(uint64_t w, uint64_t field);
uint64_t gic_field_clear_pending(uint64_t w, uint64_t field);
uint64_t gic_field_set_active(uint64_t w, uint64_t field);
uint64_t gic_field_clear_active(uint64_t w, uint64_t field);
uint64_t gic_field_set_priority(uint64_t w, uint64_t field);
uint64_t gic_field_set_config(uint64_t w, uint64_t field);

#endif
