/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-mirror.h"

#include <errno.h>

#include "base-bits.h"
#include "gic-icc.h"
#include "shm-reset.h"

/*
 * A word that is not ICC_CTLR_EL1's: one value of 32 bits, or two of 16, default above configured;
 * bits 32, 33: valid (configured, default); 63..34: the epoch.
 */
#define WORD_CONFIGURED_VALID  (UINT64_C(1) << 32)
#define WORD_DEFAULT_VALID     (UINT64_C(1) << 33)
#define WORD_EPOCH_SHIFT       34
#define WORD_EPOCH_WIDTH       30

#define ICC(crn, crm, op2)  (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define BOTH  (SHM_MIRROR_DEFAULT | SHM_MIRROR_CONFIGURED)

enum scope { OF_VM, OF_VCPU, OF_CTLR };

static const struct row {
        uint32_t reg;
        const char *name;
        enum scope scope;
        unsigned slot;          /* of shm_header.mirror or shm_vcpu.mirror */
        unsigned kinds;         /* SHM_MIRROR_DEFAULT alone: constant, 32 bits */
        uint32_t bits;          /* that a value can have */
} rows[] = {
        { ICC(12, 12, 4), "ICC_CTLR_EL1", OF_CTLR, 0, BOTH, 0xfffff },
        { ICC(12, 12, 5), "ICC_SRE_EL1", OF_VCPU, 0, BOTH, 7 },
        { ICC(4, 6, 0), "ICC_PMR_EL1", OF_VCPU, 1, BOTH, 0xff },
        { ICC(12, 8, 3), "ICC_BPR0_EL1", OF_VCPU, 2, BOTH, 7 },
        { ICC(12, 12, 3), "ICC_BPR1_EL1", OF_VCPU, 3, BOTH, 7 },
        { ICC(12, 12, 6), "ICC_IGRPEN0_EL1", OF_VCPU, 4, BOTH, 1 },
        { ICC(12, 12, 7), "ICC_IGRPEN1_EL1", OF_VCPU, 5, BOTH, 1 },
        { SHM_MIRROR_GICR | 0x4, "GICR_IIDR", OF_VCPU, 6, SHM_MIRROR_DEFAULT, UINT32_MAX },
        { SHM_MIRROR_GICR | 0x8, "GICR_TYPER", OF_VCPU, 7, SHM_MIRROR_DEFAULT, UINT32_MAX },
        { SHM_MIRROR_GICD | 0x4, "GICD_TYPER", OF_VM, 0, SHM_MIRROR_DEFAULT, UINT32_MAX },
        { SHM_MIRROR_GICD | 0x8, "GICD_IIDR", OF_VM, 1, SHM_MIRROR_DEFAULT, UINT32_MAX },
        { SHM_MIRROR_GICD | 0xc, "GICD_TYPER2", OF_VM, 2, SHM_MIRROR_DEFAULT, UINT32_MAX },
};
#define N_ROWS (sizeof rows / sizeof rows[0])
#define GICR_TYPER_REG (SHM_MIRROR_GICR | 0x8)

static const struct row *find(uint32_t reg)
{
        for (size_t i = 0; i < N_ROWS; i++)
                if (rows[i].reg == reg)
                        return &rows[i];
        return NULL;
}

/* NULL: no such vCPU. That of a register of the VM is the same for every @vcpu. */
static shm_atomic(uint64_t) *word_of(const struct shm_gic *gic, uint32_t vcpu,
                                     const struct row *row)
{
        if (row->scope == OF_VM)
                return &gic->header->mirror[row->slot];
        if (vcpu >= gic->n_vcpus)
                return NULL;
        return row->scope == OF_CTLR ? &gic->vcpus[vcpu].icc_ctlr
               : &gic->vcpus[vcpu].mirror[row->slot];
}

/* Where a value, its valid bit and the epoch are in a register's word. */
struct place {
        unsigned shift, width, epoch_shift, epoch_width;
        uint64_t valid;
};

/* Where a row keeps a value of this kind in its word, its validity, and the count of voidings. */
static struct place place_of(const struct row *row, unsigned kind)
{
        bool is_default = kind == SHM_MIRROR_DEFAULT;

        if (row->scope == OF_CTLR)
                return (struct place) {
                        is_default ? SHM_ICC_CTLR_DEFAULT_SHIFT : SHM_ICC_CTLR_CONFIGURED_SHIFT,
                                SHM_ICC_CTLR_BITS,
                        SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS,
                        is_default ? SHM_ICC_CTLR_DEFAULT_VALID : SHM_ICC_CTLR_CONFIGURED_VALID,
                };
        if (row->kinds == SHM_MIRROR_DEFAULT)
                return (struct place) { 0, 32, WORD_EPOCH_SHIFT, WORD_EPOCH_WIDTH,
                                       WORD_DEFAULT_VALID };
        return (struct place) { is_default ? 16 : 0, 16, WORD_EPOCH_SHIFT, WORD_EPOCH_WIDTH,
                                is_default ? WORD_DEFAULT_VALID : WORD_CONFIGURED_VALID };
}

static uint32_t epoch_of(uint64_t w, const struct place *p)
{
        return (uint32_t)base_field_get(w, p->epoch_shift, p->epoch_width);
}

int shm_mirror_epoch(const struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint32_t *ret_epoch)
{
        const struct row *row = find(reg);
        const shm_atomic(uint64_t) *word = row ? word_of(gic, vcpu, row) : NULL;
        struct place p;

        if (!word)
                return -EINVAL;
        p = place_of(row, SHM_MIRROR_DEFAULT);
        /* MIRROR-A2: before the register is read elsewhere. */
        *ret_epoch = epoch_of(shm_load(word, MIRROR_A2), &p);
        return 0;
}

/* The read-only fields of ICC_CTLR_EL1 are the same in both values. */
static bool contradicts(const struct row *row, uint64_t w, unsigned kind, uint64_t value)
{
        unsigned other_kind = BOTH & ~kind;
        struct place other = place_of(row, other_kind);

        return row->scope == OF_CTLR && (w & other.valid) &&
               ((base_field_get(w, other.shift,
                                other.width) ^ value) & ~(uint64_t)ICC_CTLR_WRITABLE);
}

/*
 * GICR_TYPER's upper half is the vCPU's affinity, which is known already. Return: false if it is
 * another's.
 */
static bool take_affinity(const struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *value)
{
        if (reg != GICR_TYPER_REG)
                return true;
        if (*value >> 32 != gic->vcpus[vcpu].affinity)
                return false;
        *value &= UINT32_MAX;
        return true;
}

int shm_mirror_publish(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kind,
                       uint64_t value, uint32_t epoch)
{
        const struct row *row = find(reg);
        shm_atomic(uint64_t) *word = row ? word_of(gic, vcpu, row) : NULL;
        struct place p;
        uint64_t old, now;
        unsigned tries = 0;

        if (!word || (kind != SHM_MIRROR_DEFAULT && kind != SHM_MIRROR_CONFIGURED) ||
            !(row->kinds & kind) ||
            !take_affinity(gic, vcpu, reg, &value) || (value & ~(uint64_t)row->bits))
                return -EINVAL;
        p = place_of(row, kind);
        old = shm_load(word, MIRROR_X1);
        /* MIRROR-R1: value, validity and epoch in one compare-and-swap. */
        do {
                if (epoch != SHM_MIRROR_ANY_EPOCH && epoch_of(old, &p) != epoch)
                        return -ESTALE;
                if (contradicts(row, old, kind, value))
                        return -EINVAL;
                now = base_field_set(old, p.shift, p.width, value) | p.valid;
                if (shm_cas(word, &old, now, MIRROR_R1))
                        return 0;
        } while (shm_gic_retry(gic, &tries));
        return -ESTALE;
}

int shm_mirror_read(const struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kind,
                    uint64_t *ret_value)
{
        const struct row *row = find(reg);
        const shm_atomic(uint64_t) *word = row ? word_of(gic, vcpu, row) : NULL;
        struct place p;
        uint64_t w;

        if (word && kind == SHM_MIRROR_LIVE)
                return -ENODATA;
        if (!word || (kind != SHM_MIRROR_DEFAULT && kind != SHM_MIRROR_CONFIGURED) ||
            !(row->kinds & kind))
                return -EINVAL;
        p = place_of(row, kind);
        w = shm_load(word, MIRROR_A1);
        if (!(w & p.valid))
                return -ENODATA;
        *ret_value = base_field_get(w, p.shift, p.width);
        if (reg == GICR_TYPER_REG)
                *ret_value |= (uint64_t)gic->vcpus[vcpu].affinity << 32;
        return 0;
}

/* MIRROR-R2: not valid, and another epoch, together. */
static void invalidate_word(const struct shm_gic *gic, shm_atomic(uint64_t) *word,
                            const struct row *row, unsigned kinds)
{
        uint64_t old = shm_load(word, MIRROR_X1);
        unsigned tries = 0;
        uint64_t now;

        do {
                struct place p = place_of(row, SHM_MIRROR_DEFAULT);

                now = base_field_set(old, p.epoch_shift, p.epoch_width, epoch_of(old, &p) + 1);
                for (unsigned kind =
                        SHM_MIRROR_DEFAULT; kind <= SHM_MIRROR_CONFIGURED; kind <<= 1) {
                        if (!(kinds & row->kinds & kind))
                                continue;
                        p = place_of(row, kind);
                        now = base_field_set(now, p.shift, p.width, 0) & ~p.valid;
                }
        } while (!shm_cas(word, &old, now, MIRROR_R2) &&
                 shm_gic_retry(gic, &tries));
}

/* A reset of the kernel's controller, as far as this row of registers goes: values are void. */
static void invalidate_row(struct shm_gic *gic, uint32_t vcpu, const struct row *row,
                           unsigned kinds)
{
        if (!(row->kinds & kinds))
                return;
        if (row->scope == OF_VM || vcpu != SHM_MIRROR_ALL_VCPUS) {
                invalidate_word(gic, word_of(gic, vcpu, row), row, kinds);
                return;
        }
        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                invalidate_word(gic, word_of(gic, i, row), row, kinds);
}

int shm_mirror_invalidate(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, unsigned kinds)
{
        bool all_vcpus = vcpu == SHM_MIRROR_ALL_VCPUS;
        const struct row *one = find(reg);

        if ((!one && reg != SHM_MIRROR_ALL_REGS) || !kinds || (kinds & ~BOTH))
                return -EINVAL;
        if (!all_vcpus && vcpu >= gic->n_vcpus && !(one && one->scope == OF_VM))
                return -EINVAL;
        if (one) {
                invalidate_row(gic, vcpu, one, kinds);
                return 0;
        }
        for (size_t i = 0; i < N_ROWS; i++)
                /* of one vCPU: nothing that belongs to all */
                if (all_vcpus || rows[i].scope != OF_VM)
                        invalidate_row(gic, vcpu, &rows[i], kinds);
        return 0;
}

int shm_mirror_nth(unsigned i, uint32_t *ret_reg, unsigned *ret_kinds, const char **ret_name)
{
        if (i >= N_ROWS)
                return -EINVAL;
        *ret_reg = rows[i].reg;
        *ret_kinds = rows[i].kinds;
        *ret_name = rows[i].name;
        return 0;
}

int shm_mirror_reset(struct shm_gic *gic, uint32_t vcpu, unsigned kind)
{
        if (kind == SHM_RESET_SYSTEM)
                return shm_mirror_invalidate(gic, SHM_MIRROR_ALL_VCPUS, SHM_MIRROR_ALL_REGS,
                                             SHM_MIRROR_CONFIGURED);
        if (vcpu >= gic->n_vcpus)
                return -EINVAL;
        if (kind == SHM_RESET_LAZY)
                return shm_mirror_invalidate(gic, vcpu, SHM_MIRROR_ALL_REGS, SHM_MIRROR_CONFIGURED);
        return kind == SHM_RESET_CPU_ON || kind == SHM_RESET_POST_LOAD ? 0 : -EINVAL;
}
