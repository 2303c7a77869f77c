/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-mmio.h"

#include "gic-prio.h"
#include "gic-reg.h"
#include "shm-gate.h"
#include "shm-regs.h"
#include "shm-word.h"

/*
 * The rows of gic/ say what a register is. This file finds the row, refuses what the row does not allow, and finds the
 * words that a row of fields is a view of; shm-regs.c has the registers that are no view of words.
 */

/*
 * Where an access went: the distributor, or one frame of one redistributor. What takes it is inlined so that it stays in
 * registers: guests mask and unmask their interrupts here.
 */
struct frame {
        const struct gic_reg_table *table;
        shm_atomic(uint32_t) *statusr;
        uint64_t offset;
        uint32_t vcpu;
        uint32_t first_intid;   /* fields of lower INTIDs are RAZ/WI in this frame */
};

/* IHI 0069 sections 12.9.37 and 12.11.35. The line stays clean while a guest repeats its error. */
static void report(struct shm_gic *gic, const struct frame *f, uint32_t bit)
{
        shm_regs_count_error(gic);
        if (gic->writable && !(shm_load(f->statusr, STATUS_X2) & bit))
                shm_or(f->statusr, bit, STATUS_X3);
}

/* With affinity routing the distributor's fields of SGIs and PPIs are RAZ/WI (section 12.9.26 and its kin). */
static shm_atomic(uint64_t) *field_word(const struct shm_gic *gic, const struct frame *f, uint32_t intid)
{
        return intid >= f->first_intid ? shm_gic_word(gic, f->vcpu, intid) : NULL;
}

/*
 * A word to read a field of. What is in a list register is pending and active as of the last fold, so who reads that asks
 * for the next one: whoever polls sees it change (after a finite delay, without a stop).
 */
static uint64_t word_to_read(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid, const struct gic_reg *reg)
{
        uint64_t w = shm_word_load(word);

        if (__builtin_expect(w & GIC_WORD_RESIDENT, 0) && gic->writable &&
            (reg->get == gic_field_pending || reg->get == gic_field_active))
                shm_word_update(gic, word, intid, gic_lr_ask, 0);
        return w;
}

static uint64_t read_fields(struct shm_gic *gic, const struct frame *f, const struct shm_access *a)
{
        const struct gic_reg *reg = a->reg;
        uint32_t intid = reg->first_intid + a->offset * 8 / reg->bits;
        uint64_t value = 0;

        for (unsigned shift = 0; shift < a->len * 8; shift += reg->bits, intid++) {
                shm_atomic(uint64_t) *word = field_word(gic, f, intid);

                if (word)
                        value |= reg->get(word_to_read(gic, word, intid, reg)) << shift;
        }
        return value;
}

static void write_fields(struct shm_gic *gic, const struct frame *f, const struct shm_access *a, uint64_t value)
{
        const struct gic_reg *reg = a->reg;
        uint32_t intid = reg->first_intid + a->offset * 8 / reg->bits;
        uint64_t mask = reg->is_priority ? gic_prio_mask(gic->n_priority_bits) : (1u << reg->bits) - 1;

        for (unsigned n = reg->set ? a->len * 8 / reg->bits : 0; n; n--, intid++, value >>= reg->bits) {
                shm_atomic(uint64_t) *word = field_word(gic, f, intid);

                if (word)
                        shm_word_update(gic, word, intid, reg->set, value & mask);
        }
        if (__builtin_expect(reg->set == gic_field_set_active, 0))
                shm_gate_passed_by(gic);
}

static inline bool decode(const struct frame *f, unsigned len, struct shm_access *ret_access)
{
        const struct gic_reg *reg = f->offset <= UINT32_MAX ? gic_reg_find(f->table, (uint32_t)f->offset, len) : NULL;

        if (!reg)
                return false;
        *ret_access = (struct shm_access) {
                .reg = reg, .vcpu = f->vcpu, .offset = (uint32_t)f->offset - reg->offset, .len = len,
        };
        return true;
}

static inline __attribute__((always_inline)) uint64_t read_frame(struct shm_gic *gic, const struct frame *f, unsigned len)
{
        struct shm_access a;

        if (!decode(f, len, &a)) {
                report(gic, f, GIC_STATUSR_RRD);
                return 0;
        }
        if (a.reg->access == GIC_ACCESS_WO) {
                report(gic, f, GIC_STATUSR_RWOD);
                return 0;
        }
        return a.reg->bits ? read_fields(gic, f, &a) : shm_regs_read(gic, &a);
}

static inline __attribute__((always_inline)) void write_frame(struct shm_gic *gic, const struct frame *f, unsigned len, uint64_t value)
{
        struct shm_access a;

        if (!decode(f, len, &a))
                report(gic, f, GIC_STATUSR_WRD);
        else if (a.reg->access == GIC_ACCESS_RO)
                report(gic, f, GIC_STATUSR_WROD);
        else if (a.reg->bits)
                write_fields(gic, f, &a, value);
        else
                shm_regs_write(gic, &a, value);
}

static struct frame distributor(struct shm_gic *gic, uint64_t offset)
{
        return (struct frame) {
                .table = &gic_dist_table,
                .statusr = &gic->header->gicd_statusr,
                .offset = offset,
                .first_intid = GIC_SPI_FIRST,
        };
}

/* Which redistributor, and which of its two frames. There is no register behind the last: no STATUSR either. */
static bool redistributor(struct shm_gic *gic, uint64_t offset, struct frame *ret_frame)
{
        uint64_t vcpu = offset / GICR_STRIDE;
        bool is_sgi_base = offset % GICR_STRIDE >= GICR_FRAME_SIZE;

        if (vcpu >= gic->n_vcpus)
                return false;
        *ret_frame = (struct frame) {
                .table = is_sgi_base ? &gic_redist_sgi_table : &gic_redist_rd_table,
                .statusr = &gic->vcpus[vcpu].gicr_statusr,
                .offset = offset % GICR_FRAME_SIZE,
                .vcpu = (uint32_t)vcpu,
        };
        return true;
}

uint64_t shm_gicd_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        struct frame f = distributor(gic, offset);

        return read_frame(gic, &f, len);
}

void shm_gicd_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct frame f = distributor(gic, offset);

        write_frame(gic, &f, len, value);
}

uint64_t shm_gicr_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        struct frame f;

        if (redistributor(gic, offset, &f))
                return read_frame(gic, &f, len);
        shm_regs_count_error(gic);
        return 0;
}

void shm_gicr_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct frame f;

        if (redistributor(gic, offset, &f))
                write_frame(gic, &f, len, value);
        else
                shm_regs_count_error(gic);
}
