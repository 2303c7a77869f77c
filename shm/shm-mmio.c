/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-mmio.h"

#include "gic-prio.h"
#include "gic-reg.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-regs.h"
#include "shm-word.h"

/*
 * Accesses of a guest to GICD and GICR
 *
 * The rows of gic/ say what a register is. This file finds the row, refuses what the row does not
 * allow, and finds the words that a row of fields is a view of; shm-regs.c has the registers that
 * are no view of words. Guests mask and unmask their interrupts here, so an access costs what it
 * changes: a set or clear register visits the interrupts whose bit is 1, and a read calls nothing
 * for each of its 32 fields.
 */

/* Where an access went. What takes it is inlined so that it stays in registers. */
struct frame {
        const struct gic_reg_table *table;
        shm_atomic(uint32_t) *statusr;
        uint64_t offset;
        uint32_t vcpu;          /* whose redistributor; NO_REDIST: the distributor */
};

#define NO_REDIST  UINT32_MAX

/* IHI 0069 sections 12.9.37 and 12.11.35. The line stays clean while a guest repeats its error. */
static __attribute__((noinline, cold)) void report(struct shm_gic *gic,
                                                   shm_atomic(uint32_t) *statusr, uint32_t bit)
{
        shm_regs_count_error(gic);
        if (gic->writable && !(shm_load(statusr, STATUS_X2) & bit))
                shm_or(statusr, bit, STATUS_X3);
}

/* The words behind one access: neighbours in memory, of which the last may be missing. */
struct run {
        shm_atomic(uint64_t) *first;
        size_t stride;          /* bytes from one word to the next */
        unsigned n;
};

static inline shm_atomic(uint64_t) *nth_word(const struct run *run, unsigned i)
{
        return (shm_atomic(uint64_t) *)(void *)((char *)run->first + i * run->stride);
}

/*
 * The neighbour @stride bytes after, or before, without a multiplication for each. Of no words at
 * all, or beyond the last, it is never used: hence by integers, for which that is defined.
 */
static inline shm_atomic(uint64_t) *beside(shm_atomic(uint64_t) *word, ptrdiff_t stride)
{
        return (shm_atomic(uint64_t) *)((uintptr_t)word + (uintptr_t)stride);
}

/* @index is below @n_words; those of the @n asked for that exist. */
static inline struct run run_in(void *words, size_t stride, uint32_t index, uint32_t n_words,
                                unsigned n)
{
        return (struct run) {
                .first = (shm_atomic(uint64_t) *)(void *)((char *)words + index * stride),
                .stride = stride,
                .n = n < n_words - index ? n : n_words - index,
        };
}

/*
 * The words of @n interrupts from @intid, as far as they exist: what does not exist is RAZ/WI. An
 * access never covers two kinds of interrupt, since each kind begins at a multiple of 32. With
 * affinity routing the distributor's fields of SGIs and PPIs are RAZ/WI (section 12.9.26 and its
 * kin).
 */
static inline struct run words_of(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                                  unsigned n)
{
        const size_t shared = sizeof(struct shm_spi), own = sizeof(gic->vcpus->words[0]);

        if (vcpu != NO_REDIST) {
                if (intid < GIC_N_PRIVATE)
                        return run_in(gic->vcpus[vcpu].words, own, intid, GIC_N_PRIVATE, n);
                if (intid - GIC_EPPI_FIRST < gic->n_eppis)
                        return run_in(&gic->vcpus[vcpu].words[GIC_N_PRIVATE], own,
                                      intid - GIC_EPPI_FIRST, gic->n_eppis, n);
                return (struct run) { .n = 0 };
        }
        if (intid - GIC_SPI_FIRST < gic->n_spis)
                return run_in(&gic->spis->word, shared, intid - GIC_SPI_FIRST, gic->n_spis, n);
        if (intid - GIC_ESPI_FIRST < gic->n_espis)
                return run_in(&gic->espis->word, shared, intid - GIC_ESPI_FIRST, gic->n_espis, n);
        return (struct run) { .n = 0 };
}

/*
 * Words in list registers (@resident, by their place in @run): they are pending and active as of
 * the last fold, and the reader waits for the next, or looks at the list register if that is its
 * own thread's. @run is a copy, so that the callers' stays in registers.
 */
static __attribute__((noinline)) uint64_t read_resident(struct shm_gic *gic, struct run run,
                                                        uint32_t intid, enum gic_field field,
                                                        uint64_t resident)
{
        struct shm_fold fold;
        uint64_t value = 0;

        fold.n = 0;
        for (uint64_t left = gic->writable ? resident : 0; left; left &= left - 1) {
                unsigned i = (unsigned)__builtin_ctzll(left);

                shm_fold_note(gic, &fold, nth_word(&run, i), intid + i);
        }
        (void)shm_fold_ask(gic, &fold);
        for (; resident; resident &= resident - 1) {
                unsigned i = (unsigned)__builtin_ctzll(resident);
                uint64_t w = shm_word_load(nth_word(&run, i));

                (void)shm_fold_own(gic, &w, intid + i);
                value |= gic_field_get(field, w) << i;
        }
        return value;
}

/*
 * What a 1 in ISPENDR can come from; and that or an activation. Most words have none of these, and
 * are passed over.
 */
#define SOURCES  (GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_LISTED | GIC_WORD_WIRES | \
                  GIC_WORD_MESSAGE)
#define STATES   (SOURCES | GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)

/* ISPENDR, ISACTIVER and their likes: few bits are 1, and a word in a list register may be old. */
SHM_IN_LINE uint64_t read_state(struct shm_gic *gic, const struct run *run, uint32_t intid,
                                enum gic_field field)
{
        const uint64_t seen = GIC_WORD_RESIDENT |
                              (field == GIC_FIELD_PENDING ? SOURCES : GIC_WORD_ACTIVE);
        const ptrdiff_t stride = (ptrdiff_t)run->stride;
        shm_atomic(uint64_t) *word = run->first;
        uint64_t value = 0, resident = 0;

        for (unsigned i = 0; i < run->n; i++, word = beside(word, stride)) {
                uint64_t w = shm_word_load(word);

                if (__builtin_expect(!(w & seen), 1))
                        continue;
                if (__builtin_expect(w & GIC_WORD_RESIDENT, 0))
                        resident |= UINT64_C(1) << i;
                else
                        value |= gic_field_get(field, w) << i;
        }
        if (__builtin_expect(resident != 0, 0))
                value |= read_resident(gic, *run, intid, field, resident);
        return value;
}

/* The other fields, of @bits each. The last word first: each shifts those of higher INTIDs up. */
SHM_IN_LINE uint64_t read_config(const struct run *run, enum gic_field field, unsigned bits)
{
        const ptrdiff_t stride = (ptrdiff_t)run->stride;
        shm_atomic(uint64_t) *word = beside(run->first, stride * (run->n - (ptrdiff_t)1));
        uint64_t value = 0;

        for (unsigned n = run->n; n; n--, word = beside(word, -stride))
                value = value << bits | gic_field_get(field, shm_word_load(word));
        return value;
}

/*
 * A field of one bit, which is @bit of the word, of 2, 4 and 8 words from @at on, below those that
 * are in @bits. Without a loop, and each stays at its place in the word until all are there: that
 * is three instructions for each.
 */
SHM_IN_LINE uint64_t gather_2(shm_atomic(uint64_t) *at, ptrdiff_t stride, uint64_t bit,
                              uint64_t bits)
{
        bits = bits * 2 + (shm_word_load(beside(at, stride)) & bit);
        return bits * 2 + (shm_word_load(at) & bit);
}

SHM_IN_LINE uint64_t gather_4(shm_atomic(uint64_t) *at, ptrdiff_t stride, uint64_t bit,
                              uint64_t bits)
{
        bits = gather_2(beside(at, stride * 2), stride, bit, bits);
        return gather_2(at, stride, bit, bits);
}

SHM_IN_LINE uint64_t gather_8(shm_atomic(uint64_t) *at, ptrdiff_t stride, uint64_t bit)
{
        return gather_4(at, stride, bit, gather_4(beside(at, stride * 4), stride, bit, 0));
}

/* Of 32 words. The caller knows @stride and @bit at compile time. */
SHM_IN_LINE uint64_t gather_32(shm_atomic(uint64_t) *at, ptrdiff_t stride, uint64_t bit)
{
        uint64_t value = 0;

        static_assert(GIC_WORD_GROUP1 < UINT64_C(1) << 56 && GIC_WORD_ENABLE < UINT64_C(1) << 56,
                      "the eighth word's bit is not shifted out");
        for (ptrdiff_t i = 24; i >= 0; i -= 8)
                value = value << 8 | gather_8(beside(at, stride * i), stride, bit) / bit;
        return value;
}

/* ISENABLER, IGROUPR and their likes. Of most, all words are there. */
SHM_IN_LINE uint64_t read_bit(const struct run *run, enum gic_field field, uint64_t bit)
{
        if (__builtin_expect(run->n != 32, 0))
                return read_config(run, field, 1);
        if (run->stride == sizeof(struct shm_spi))
                return gather_32(run->first, sizeof(struct shm_spi), bit);
        return gather_32(run->first, sizeof(*run->first), bit);
}

/* @offset is within the register array, as in struct shm_access. */
static uint64_t read_fields(struct shm_gic *gic, const struct gic_reg *reg, uint32_t vcpu,
                            uint32_t offset, unsigned len)
{
        const unsigned shift = (unsigned)__builtin_ctz(reg->bits);
        uint32_t intid = reg->first_intid + (offset * 8 >> shift);
        struct run run = words_of(gic, vcpu, intid, len * 8 >> shift);

        switch ((enum gic_field)reg->get) {
        case GIC_FIELD_GROUP: return read_bit(&run, GIC_FIELD_GROUP, GIC_WORD_GROUP1);
        case GIC_FIELD_ENABLE: return read_bit(&run, GIC_FIELD_ENABLE, GIC_WORD_ENABLE);
        case GIC_FIELD_PENDING: return read_state(gic, &run, intid, GIC_FIELD_PENDING);
        case GIC_FIELD_ACTIVE: return read_state(gic, &run, intid, GIC_FIELD_ACTIVE);
        case GIC_FIELD_PRIORITY: return read_config(&run, GIC_FIELD_PRIORITY, 8);
        case GIC_FIELD_CONFIG: return read_config(&run, GIC_FIELD_CONFIG, 2);
        case GIC_FIELD_NONE: break;
        }
        return 0;
}

/*
 * ISACTIVER, ICACTIVER: of what is in a list register the guest may end it there meanwhile. After
 * the write it has heard of it, so that what it does from then on comes after the write.
 */
static __attribute__((noinline)) void write_active(struct shm_gic *gic, const struct run *run,
                                                   const struct gic_reg *reg, uint32_t intid,
                                                   uint64_t value)
{
        struct shm_fold fold;

        fold.n = 0;
        for (value &= base_mask(run->n); value; value &= value - 1) {
                unsigned i = (unsigned)__builtin_ctzll(value);

                shm_fold_note(gic, &fold, nth_word(run, i), intid + i);
                shm_word_update(gic, nth_word(run, i), intid + i, reg->set, 1);
        }
        if (reg->set == gic_field_set_active)
                shm_gate_passed_by(gic);
        (void)shm_fold_wait(gic, &fold);
}

/*
 * A set or clear register: a 0 means no interrupt, and a 1 always means one. A word that is as the
 * 1 wants it already is visited nevertheless: the process that made it so may not have paid yet
 * what that owes, and shm_word_update() knows.
 */
static void write_ones(struct shm_gic *gic, const struct gic_reg *reg, uint32_t vcpu,
                       uint32_t offset, uint64_t value)
{
        uint32_t intid = reg->first_intid + offset * 8;
        struct run run = words_of(gic, vcpu, intid, 32);

        if (__builtin_expect(reg->get == GIC_FIELD_ACTIVE, 0)) {
                write_active(gic, &run, reg, intid, value);
                return;
        }
        for (value &= base_mask(run.n); value; value &= value - 1) {
                unsigned i = (unsigned)__builtin_ctzll(value);

                shm_word_update(gic, nth_word(&run, i), intid + i, reg->set, 1);
        }
}

/*
 * The others assign every field, and a guest that means one of them writes the others back as it
 * has read them. A word that has the value already is passed over, unless it has a request or an
 * activation, which may owe something to somebody. @mask: the bits of a field that are not RES0.
 */
SHM_IN_LINE void assign(struct shm_gic *gic, const struct run *run, const struct gic_reg *reg,
                        uint32_t intid, uint64_t value, enum gic_field field, uint64_t mask)
{
        shm_atomic(uint64_t) *word = run->first;

        for (unsigned i = 0; i < run->n; i++, value >>= reg->bits) {
                uint64_t w = shm_word_load(word);

                if ((w & STATES) || gic_field_get(field, w) != (value & mask))
                        shm_word_update(gic, word, intid + i, reg->set, value & mask);
                word = beside(word, (ptrdiff_t)run->stride);
        }
}

/* The registers that assign each field they cover: priorities, configuration, groups. */
static void write_all(struct shm_gic *gic, const struct gic_reg *reg, uint32_t vcpu,
                      uint32_t offset, unsigned len, uint64_t value)
{
        const unsigned shift = (unsigned)__builtin_ctz(reg->bits);
        uint32_t intid = reg->first_intid + (offset * 8 >> shift);
        struct run run = words_of(gic, vcpu, intid, len * 8 >> shift);

        if (!reg->set)
                return;
        if (reg->is_priority)
                assign(gic, &run, reg, intid, value, GIC_FIELD_PRIORITY,
                       gic_prio_mask(gic->n_priority_bits));
        else if (reg->get == GIC_FIELD_CONFIG)
                assign(gic, &run, reg, intid, value, GIC_FIELD_CONFIG, 2);
        else
                assign(gic, &run, reg, intid, value, GIC_FIELD_GROUP, 1);
}

/* The registers that are no view of words. */
static __attribute__((noinline)) uint64_t read_other(struct shm_gic *gic, const struct gic_reg *reg,
                                                     uint32_t vcpu, uint32_t offset, unsigned len)
{
        struct shm_access access = { .reg = reg, .vcpu = vcpu, .offset = offset, .len = len };

        return shm_regs_read(gic, &access);
}

static __attribute__((noinline)) void write_other(struct shm_gic *gic, const struct gic_reg *reg,
                                                  uint32_t vcpu, uint32_t offset, unsigned len,
                                                  uint64_t value)
{
        struct shm_access access = { .reg = reg, .vcpu = vcpu, .offset = offset, .len = len };

        shm_regs_write(gic, &access, value);
}

/*
 * Inline, once for each frame: it is in the path of all reads by guests. A register that is not
 * there, or is write-only, is RAZ and told by STATUSR.
 */
SHM_IN_LINE uint64_t read_frame(struct shm_gic *gic, struct frame f, unsigned len)
{
        const struct gic_reg *reg = gic_reg_find(f.table, f.offset, len);
        uint32_t offset;

        if (__builtin_expect(!reg || reg->access == GIC_ACCESS_WO, 0)) {
                report(gic, f.statusr, reg ? GIC_STATUSR_RWOD : GIC_STATUSR_RRD);
                return 0;
        }
        offset = (uint32_t)f.offset - reg->offset;
        return reg->bits ? read_fields(gic, reg, f.vcpu, offset, len)
                         : read_other(gic, reg, f.vcpu, offset, len);
}

/*
 * As read_frame(). Registers whose ones act (ISENABLER and its kin) and those that assign fields
 * differ in which words they visit.
 */
SHM_IN_LINE void write_frame(struct shm_gic *gic, struct frame f, unsigned len, uint64_t value)
{
        const struct gic_reg *reg = gic_reg_find(f.table, f.offset, len);
        uint32_t offset;

        if (__builtin_expect(!reg || reg->access == GIC_ACCESS_RO, 0)) {
                report(gic, f.statusr, reg ? GIC_STATUSR_WROD : GIC_STATUSR_WRD);
                return;
        }
        offset = (uint32_t)f.offset - reg->offset;
        if (reg->write_one)
                write_ones(gic, reg, f.vcpu, offset, value);
        else if (reg->bits)
                write_all(gic, reg, f.vcpu, offset, len, value);
        else
                write_other(gic, reg, f.vcpu, offset, len, value);
}

static inline struct frame distributor(struct shm_gic *gic, uint64_t offset)
{
        return (struct frame) {
                .table = &gic_dist_table,
                .statusr = &gic->header->gicd_statusr,
                .offset = offset,
                .vcpu = NO_REDIST,
        };
}

/* Of vCPU @vcpu, which exists: which of its two frames. */
static inline struct frame redistributor(struct shm_gic *gic, uint64_t vcpu, uint64_t offset)
{
        bool is_sgi_base = offset % GICR_STRIDE >= GICR_FRAME_SIZE;

        return (struct frame) {
                .table = is_sgi_base ? &gic_redist_sgi_table : &gic_redist_rd_table,
                .statusr = &gic->vcpus[vcpu].gicr_statusr,
                .offset = offset % GICR_FRAME_SIZE,
                .vcpu = (uint32_t)vcpu,
        };
}

uint64_t shm_gicd_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        return read_frame(gic, distributor(gic, offset), len);
}

void shm_gicd_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        write_frame(gic, distributor(gic, offset), len, value);
}

/* There is no register behind the last redistributor: no STATUSR either. */
uint64_t shm_gicr_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        uint64_t vcpu = offset / GICR_STRIDE;

        if (vcpu < gic->n_vcpus)
                return read_frame(gic, redistributor(gic, vcpu, offset), len);
        shm_regs_count_error(gic);
        return 0;
}

/*
 * As shm_gicr_read(): behind the last redistributor nothing is written, and the error is counted.
 */
void shm_gicr_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        uint64_t vcpu = offset / GICR_STRIDE;

        if (vcpu < gic->n_vcpus)
                write_frame(gic, redistributor(gic, vcpu, offset), len, value);
        else
                shm_regs_count_error(gic);
}
