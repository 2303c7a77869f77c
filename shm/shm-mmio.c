/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-mmio.h"

#include "gic-prio.h"
#include "gic-reg.h"
#include "gic-route.h"
#include "shm-cpuif.h"
#include "shm-irouter.h"
#include "shm-word.h"

/*
 * The rows of gic/ say what a register is; this file finds the words that it is a view of, and keeps the few registers
 * that are no view of words.
 */

/* One access, decoded. */
struct access {
        const struct gic_reg *reg;
        uint32_t vcpu;          /* redistributor accesses: whose; else 0 */
        uint32_t offset;        /* within the register array, bytes */
        unsigned len;
};

static void count_error(struct shm_gic *gic)
{
        if (gic->writable)
                atomic_fetch_add_explicit(&gic->header->guest_errors, 1, memory_order_relaxed);
}

/*
 * The part of a 64-bit register that an access of @len bytes at byte @offset shows, and what a write of it makes of
 * the whole.
 */
static uint64_t narrow(uint64_t whole, const struct access *a)
{
        return base_field_get(whole, (a->offset % 8) * 8, a->len * 8);
}

static uint64_t widen(uint64_t whole, const struct access *a, uint64_t value)
{
        return base_field_set(whole, (a->offset % 8) * 8, a->len * 8, value);
}

/* --- registers that are fields of words --- */

static _Atomic uint64_t *field_word(const struct shm_gic *gic, const struct access *a, bool is_gicd, uint32_t intid)
{
        /* The distributor's fields of private interrupts are RAZ/WI with affinity routing (IHI 0069 section 12.9). */
        if (is_gicd != (intid >= GIC_N_PRIVATE))
                return NULL;
        return shm_gic_word(gic, a->vcpu, intid);
}

static uint64_t read_fields(const struct shm_gic *gic, const struct access *a, bool is_gicd)
{
        unsigned bits = a->reg->bits;
        uint32_t first = a->reg->first_intid + a->offset * 8 / bits;
        uint64_t value = 0;

        for (unsigned i = 0; i < a->len * 8 / bits; i++) {
                const _Atomic uint64_t *word = field_word(gic, a, is_gicd, first + i);

                if (word)
                        value |= a->reg->get(shm_word_load(word)) << (i * bits);
        }
        return value;
}

static void write_fields(struct shm_gic *gic, const struct access *a, bool is_gicd, uint64_t value)
{
        unsigned bits = a->reg->bits;
        uint32_t first = a->reg->first_intid + a->offset * 8 / bits;

        for (unsigned i = 0; i < a->len * 8 / bits; i++) {
                _Atomic uint64_t *word = field_word(gic, a, is_gicd, first + i);
                uint64_t field = base_field_get(value, i * bits, bits);

                if (a->reg->is_priority)
                        field &= gic_prio_mask(gic->n_priority_bits);
                if (word)
                        shm_word_update(gic, word, first + i, a->reg->set, field);
        }
}

/* --- distributor --- */

/*
 * GATE-R1: the gate is stored (SC) before each vCPU's park word is read (SC): one that parked with the old gate is
 * rung, one that parks later sees the new gate when it looks again.
 */
static void write_gicd_ctlr(struct shm_gic *gic, uint32_t value)
{
        const uint32_t groups = GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1;
        uint32_t old = atomic_exchange_explicit(&gic->header->gicd_ctlr, value & groups, memory_order_seq_cst);

        if (value & groups & ~old)
                for (uint32_t i = 0; i < gic->n_vcpus; i++)
                        shm_word_ring(gic, i);
}

/* IHI 0069 section 12.9, GICD_TYPER: what is implemented, and nothing that is not. */
static uint32_t gicd_typer(const struct shm_gic *gic)
{
        uint32_t it_lines = (gic->n_spis + GIC_N_PRIVATE + 31) / 32 - 1;

        return it_lines |
               1u << 16 |       /* MBIS: GICD_SETSPI_NSR */
               9u << 19 |       /* IDbits: 10 */
               1u << 24 |       /* A3V */
               1u << 25 |       /* No1N: no 1-of-N */
               1u << 26;        /* RSS: SGIs reach Aff0 0..255 */
}

static uint64_t message_set(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_message_set(w);
}

static uint64_t message_clear(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_message_clear(w);
}

static void write_message(struct shm_gic *gic, uint64_t value, bool set)
{
        uint32_t intid = (uint32_t)(value & 0x1fff);

        if (!shm_gic_is_spi(gic, intid)) {
                count_error(gic);
                return;
        }
        if (set)
                shm_word_update(gic, shm_gic_word(gic, 0, intid), intid, message_set, 0);
        else
                shm_word_update(gic, shm_gic_word(gic, 0, intid), intid, message_clear, 0);
}

/* No1N = 1 makes Interrupt_Routing_Mode RES0. INTIDs 32.. have registers; the array starts at INTID 32. */
static uint32_t irouter_intid(const struct access *a)
{
        return GIC_SPI_FIRST + a->offset / 8;
}

static uint64_t read_irouter(const struct shm_gic *gic, const struct access *a)
{
        uint32_t intid = irouter_intid(a);

        if (!shm_gic_is_spi(gic, intid))
                return 0;
        return narrow(atomic_load_explicit(&gic->spis[intid - GIC_SPI_FIRST].irouter, memory_order_seq_cst), a);
}

static void write_irouter(struct shm_gic *gic, const struct access *a, uint64_t value)
{
        uint32_t intid = irouter_intid(a);
        _Atomic uint64_t *irouter;
        uint64_t old;

        if (!shm_gic_is_spi(gic, intid))
                return;
        irouter = &gic->spis[intid - GIC_SPI_FIRST].irouter;
        old = atomic_load_explicit(irouter, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(irouter, &old, widen(old, a, value) & GIC_IROUTER_AFFINITIES,
                                                      memory_order_seq_cst, memory_order_relaxed))
                ;
        shm_irouter_reroute(gic, intid);
}

static uint64_t read_gicd_special(const struct shm_gic *gic, const struct access *a)
{
        switch (a->reg->id) {
        case GIC_REG_CONSTANT:
                return a->reg->value;
        case GICD_REG_CTLR:
                return atomic_load_explicit(&gic->header->gicd_ctlr, memory_order_relaxed) | GICD_CTLR_ARE | GICD_CTLR_DS;
        case GICD_REG_TYPER:
                return gicd_typer(gic);
        case GICD_REG_TYPER2:
                return gic->header->gicd_typer2;
        case GICD_REG_IIDR:
                return gic->header->gicd_iidr;
        case GICD_REG_IROUTER:
                return read_irouter(gic, a);
        default:
                return 0;
        }
}

static void write_gicd_special(struct shm_gic *gic, const struct access *a, uint64_t value)
{
        switch (a->reg->id) {
        case GICD_REG_CTLR:
                write_gicd_ctlr(gic, (uint32_t)value);
                break;
        case GICD_REG_SETSPI:
        case GICD_REG_CLRSPI:
                write_message(gic, value, a->reg->id == GICD_REG_SETSPI);
                break;
        case GICD_REG_IROUTER:
                write_irouter(gic, a, value);
                break;
        default:
                break;
        }
}

static bool decode(struct shm_gic *gic, const struct gic_reg_table *table, uint64_t offset, unsigned len, struct access *a)
{
        a->reg = offset <= UINT32_MAX ? gic_reg_find(table, (uint32_t)offset, len) : NULL;
        if (!a->reg) {
                count_error(gic);
                return false;
        }
        a->offset = (uint32_t)offset - a->reg->offset;
        a->len = len;
        return true;
}

uint64_t shm_gicd_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        struct access a = { .vcpu = 0 };

        if (!decode(gic, &gic_dist_table, offset, len, &a))
                return 0;
        return a.reg->bits ? read_fields(gic, &a, true) : read_gicd_special(gic, &a);
}

void shm_gicd_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct access a = { .vcpu = 0 };

        if (!decode(gic, &gic_dist_table, offset, len, &a))
                return;
        if (!a.reg->bits)
                write_gicd_special(gic, &a, value);
        else if (a.reg->set)
                write_fields(gic, &a, true, value);
}

/* --- redistributors --- */

/* IHI 0069 section 12.11, GICR_TYPER: one contiguous region, so Last is set in the last frame only. */
static uint64_t gicr_typer(const struct shm_gic *gic, uint32_t vcpu)
{
        return (uint64_t)gic->vcpus[vcpu].affinity << 32 | (uint64_t)(vcpu & 0xffff) << 8 |
               (vcpu == gic->n_vcpus - 1 ? UINT64_C(1) << 4 : 0);
}

static uint64_t gicr_waker(const struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = atomic_load_explicit(&gic->vcpus[vcpu].cpuif, memory_order_relaxed);

        return (cpuif & SHM_CPUIF_ASLEEP) ? GICR_WAKER_PROCESSOR_SLEEP | GICR_WAKER_CHILDREN_ASLEEP : 0;
}

/* GATE-R2: as GATE-R1, for one vCPU. ChildrenAsleep follows at once (IHI 0069 section 11.1). */
static void write_gicr_waker(struct shm_gic *gic, uint32_t vcpu, uint64_t value)
{
        bool asleep = value & GICR_WAKER_PROCESSOR_SLEEP;

        shm_cpuif_set(gic, vcpu, SHM_CPUIF_ASLEEP_SHIFT, 1, asleep);
        if (!asleep)
                shm_word_ring(gic, vcpu);
}

static uint64_t read_rd_special(const struct shm_gic *gic, const struct access *a)
{
        switch (a->reg->id) {
        case GIC_REG_CONSTANT:
                return a->reg->value;
        case GICR_REG_IIDR:
                return gic->header->gicd_iidr;
        case GICR_REG_TYPER:
                return narrow(gicr_typer(gic, a->vcpu), a);
        case GICR_REG_WAKER:
                return gicr_waker(gic, a->vcpu);
        default:
                return 0;
        }
}

/* Which redistributor, and which of its two frames. */
static const struct gic_reg_table *split(const struct shm_gic *gic, uint64_t *offset, uint32_t *ret_vcpu)
{
        uint64_t vcpu = *offset / GICR_STRIDE;

        if (vcpu >= gic->n_vcpus)
                return NULL;
        *ret_vcpu = (uint32_t)vcpu;
        *offset %= GICR_STRIDE;
        if (*offset < GICR_FRAME_SIZE)
                return &gic_redist_rd_table;
        *offset -= GICR_FRAME_SIZE;
        return &gic_redist_sgi_table;
}

uint64_t shm_gicr_read(struct shm_gic *gic, uint64_t offset, unsigned len)
{
        struct access a = { .vcpu = 0 };
        const struct gic_reg_table *table = split(gic, &offset, &a.vcpu);

        if (!table) {
                count_error(gic);
                return 0;
        }
        if (!decode(gic, table, offset, len, &a))
                return 0;
        return a.reg->bits ? read_fields(gic, &a, false) : read_rd_special(gic, &a);
}

void shm_gicr_write(struct shm_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct access a = { .vcpu = 0 };
        const struct gic_reg_table *table = split(gic, &offset, &a.vcpu);

        if (!table) {
                count_error(gic);
                return;
        }
        if (!decode(gic, table, offset, len, &a))
                return;
        if (a.reg->id == GICR_REG_WAKER)
                write_gicr_waker(gic, a.vcpu, value);
        else if (a.reg->bits && a.reg->set)
                write_fields(gic, &a, false, value);
}
