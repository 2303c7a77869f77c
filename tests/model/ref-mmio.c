/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The reference model: the registers of the distributor and of the redistributors (IHI 0069
 * sections 12.8 to 12.11)
 *
 * Section 12.1.3 says of which sizes accesses are; an access that a register does not take, and one
 * where there is no register, is RAZ/WI, reported in GICD_STATUSR or GICR_STATUSR and counted.
 */
#include <stddef.h>

#include "ref-private.h"

/* GICD_STATUSR and GICR_STATUSR. */
#define RRD   (1u << 0)        /* read of a reserved location */
#define WRD   (1u << 1)        /* write to one */
#define RWOD  (1u << 2)        /* read of a write-only register */
#define WROD  (1u << 3)        /* write to a read-only register */

enum kind {
        NO_REGISTER,
        RES0,   /* defined, and nothing here: MPAM, LPIs, NMIs, security states, legacy operation */
        RES0_64,
        CTLR, TYPER, IIDR, TYPER2, STATUSR, SETSPI, CLRSPI, WAKER, IROUTER, ID,
        IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, IPRIORITYR, ICFGR,
};

enum access { RW, RO, WO };

struct where {
        uint32_t first, last;   /* offsets of the first and of the last register */
        enum kind kind;
        uint32_t first_intid;   /* arrays: of the first field */
        enum access access;
};

/* Section 12.8, the distributor's register map. */
static const struct where distributor[] = {
        { 0x0000, 0x0000, CTLR, 0, RW },         { 0x0004, 0x0004, TYPER, 0, RO },
        { 0x0008, 0x0008, IIDR, 0, RO },         { 0x000c, 0x000c, TYPER2, 0, RO },
        { 0x0010, 0x0010, STATUSR, 0, RW },      { 0x0040, 0x0040, SETSPI, 0, WO },
        { 0x0048, 0x0048, CLRSPI, 0, WO },       { 0x0050, 0x0050, RES0, 0, RW },
        { 0x0058, 0x0058, RES0, 0, RW },         { 0x0080, 0x00fc, IGROUPR, 0, RW },
        { 0x0100, 0x017c, ISENABLER, 0, RW },    { 0x0180, 0x01fc, ICENABLER, 0, RW },
        { 0x0200, 0x027c, ISPENDR, 0, RW },      { 0x0280, 0x02fc, ICPENDR, 0, RW },
        { 0x0300, 0x037c, ISACTIVER, 0, RW },    { 0x0380, 0x03fc, ICACTIVER, 0, RW },
        { 0x0400, 0x07fc, IPRIORITYR, 0, RW },   { 0x0800, 0x0bfc, RES0, 0, RW },
        { 0x0c00, 0x0cfc, ICFGR, 0, RW },        { 0x0d00, 0x0d7c, RES0, 0, RW },
        { 0x0e00, 0x0efc, RES0, 0, RW },         { 0x0f00, 0x0f00, RES0, 0, RW },
        { 0x0f10, 0x0f2c, RES0, 0, RW },         { 0x0f80, 0x0ffc, RES0, 0, RW },
        { 0x1000, 0x107c, IGROUPR, 4096, RW },   { 0x1200, 0x127c, ISENABLER, 4096, RW },
        { 0x1400, 0x147c, ICENABLER, 4096, RW }, { 0x1600, 0x167c, ISPENDR, 4096, RW },
        { 0x1800, 0x187c, ICPENDR, 4096, RW },   { 0x1a00, 0x1a7c, ISACTIVER, 4096, RW },
        { 0x1c00, 0x1c7c, ICACTIVER, 4096, RW }, { 0x2000, 0x23fc, IPRIORITYR, 4096, RW },
        { 0x3000, 0x30fc, ICFGR, 4096, RW },     { 0x3400, 0x347c, RES0, 0, RW },
        { 0x3600, 0x36fc, RES0, 0, RW },         { 0x3b00, 0x3b7c, RES0, 0, RW },
        { 0x6100, 0x7fdc, IROUTER, 32, RW },     { 0x8000, 0x9ffc, IROUTER, 4096, RW },
        { 0xffd0, 0xfffc, ID, 0, RO },           { 0, 0, NO_REGISTER, 0, RW },
};

/*
 * Section 12.10, the redistributor's register maps: RD_base and, from 64 KiB on,
 * SGI_base; without LPIs.
 */
static const struct where redistributor[] = {
        { 0x0000, 0x0000, CTLR, 0, RW },         { 0x0004, 0x0004, IIDR, 0, RO },
        { 0x0008, 0x000c, TYPER, 0, RO },        { 0x0010, 0x0010, STATUSR, 0, RW },
        { 0x0014, 0x0014, WAKER, 0, RW },        { 0xffd0, 0xfffc, ID, 0, RO },
        { 0x0018, 0x001c, RES0, 0, RW },         { 0x0040, 0x004c, RES0_64, 0, RW },
        { 0x0070, 0x007c, RES0_64, 0, RW },      { 0x00a0, 0x00a4, RES0_64, 0, RW },
        { 0x00b0, 0x00b4, RES0_64, 0, RW },      { 0x00c0, 0x00c0, RES0, 0, RW },
        { 0x10080, 0x10080, IGROUPR, 0, RW },    { 0x10084, 0x10088, IGROUPR, 1056, RW },
        { 0x10100, 0x10100, ISENABLER, 0, RW },  { 0x10104, 0x10108, ISENABLER, 1056, RW },
        { 0x10180, 0x10180, ICENABLER, 0, RW },  { 0x10184, 0x10188, ICENABLER, 1056, RW },
        { 0x10200, 0x10200, ISPENDR, 0, RW },    { 0x10204, 0x10208, ISPENDR, 1056, RW },
        { 0x10280, 0x10280, ICPENDR, 0, RW },    { 0x10284, 0x10288, ICPENDR, 1056, RW },
        { 0x10300, 0x10300, ISACTIVER, 0, RW },  { 0x10304, 0x10308, ISACTIVER, 1056, RW },
        { 0x10380, 0x10380, ICACTIVER, 0, RW },  { 0x10384, 0x10388, ICACTIVER, 1056, RW },
        { 0x10400, 0x1041c, IPRIORITYR, 0, RW }, { 0x10420, 0x1045c, IPRIORITYR, 1056, RW },
        { 0x10c00, 0x10c04, ICFGR, 0, RW },      { 0x10c08, 0x10c14, ICFGR, 1056, RW },
        { 0x10d00, 0x10d08, RES0, 0, RW },       { 0x10e00, 0x10e00, RES0, 0, RW },
        { 0x10f80, 0x10f88, RES0, 0, RW },       { 0, 0, NO_REGISTER, 0, RW },
};

/* One access. */
struct mmio {
        bool is_gicd;
        uint32_t vcpu;
        uint32_t offset;
        unsigned len;
        const struct where *where;
};

static bool byte_access(const struct mmio *a)
{
        bool byte_res0 = a->is_gicd && ((a->offset >= 0x800 && a->offset < 0xc00) ||
                                        (a->offset >= 0xf10 && a->offset < 0xf30));

        return a->where->kind == IPRIORITYR || byte_res0;
}

static bool half_word_access(const struct mmio *a)
{
        return a->is_gicd && a->offset >= 0x40 && a->offset < 0x5c;
}

static bool double_word_access(const struct mmio *a)
{
        return a->where->kind == IROUTER || a->where->kind == RES0_64 ||
               (!a->is_gicd && a->where->kind == TYPER);
}

/* Section 12.1.3. */
static bool takes(const struct mmio *a)
{
        if (a->offset % a->len)
                return false;
        return a->len == 4 || (a->len == 1 && byte_access(a)) ||
               (a->len == 2 && half_word_access(a)) || (a->len == 8 && double_word_access(a));
}

static void find(struct mmio *a)
{
        const struct where *where = a->is_gicd ? distributor : redistributor;

        while (where->kind != NO_REGISTER &&
               (a->offset < where->first || a->offset > where->last + 3))
                where++;
        a->where = where;
}

static void report(struct ref_gic *gic, const struct mmio *a, uint32_t status)
{
        gic->guest_errors++;
        if (ref_has(gic, REF_QUIRK_NO_STATUSR))
                return;
        if (a->is_gicd)
                gic->statusr |= status;
        else
                gic->pe[a->vcpu].statusr |= status;
}

/* Return: the access is to be made. */
static bool check(struct ref_gic *gic, const struct mmio *a, bool write)
{
        uint32_t status = 0;

        if (a->where->kind == NO_REGISTER || !takes(a))
                status = write ? WRD : RRD;
        else if (a->where->access == RO && write)
                status = WROD;
        else if (a->where->access == WO && !write)
                status = RWOD;
        if (status)
                report(gic, a, status);
        return !status;
}

/* --- arrays of fields --- */

static uint32_t field_bits(enum kind kind)
{
        return kind == IPRIORITYR ? 8 : kind == ICFGR ? 2 : 1;
}

static uint32_t field_value(const struct ref_irq *irq, enum kind kind)
{
        switch (kind) {
        case IGROUPR:
                return irq->group1;
        case ISENABLER:
        case ICENABLER:
                return irq->enabled;
        case ISPENDR:
        case ICPENDR:
                return ref_pending(irq);
        case ISACTIVER:
        case ICACTIVER:
                return irq->active;
        case IPRIORITYR:
                return irq->priority;
        case ICFGR:
                return irq->edge ? 2 : 0; /* bit 0 of each field is RES0 */
        default:
                return 0;
        }
}

static void set_field(struct ref_gic *gic, uint32_t vcpu, uint32_t intid, enum kind kind,
                      uint32_t value)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        switch (kind) {
        case IGROUPR:
                irq->group1 = value;
                break;
        case ISENABLER:
                irq->enabled |= value;
                break;
        case ICENABLER:
                irq->enabled &= !value;
                break;
        case ISPENDR:
                irq->latch |= value;
                break;
        case ICPENDR: /* what holds its level stays pending */
                irq->latch &= !value;
                break;
        case ISACTIVER:
                irq->active |= value;
                break;
        case ICACTIVER:
                irq->active &= !value;
                if (value)
                        irq->holder = REF_NO_VCPU;
                break;
        case IPRIORITYR:
                irq->priority = ref_has(gic, REF_QUIRK_PRIORITY_8_BITS)
                                        ? value
                                        : value & ref_priority_bits(gic);
                break;
        case ICFGR:
                if (intid >= REF_N_SGIS) /* SGIs are edge-triggered, always */
                        irq->edge = value & 2;
                break;
        default:
                break;
        }
}

/*
 * The interrupt of field @i. Private interrupts are RAZ/WI in the distributor (section 12.9,
 * affinity routing).
 */
static bool field_irq(struct ref_gic *gic, const struct mmio *a, uint32_t i, uint32_t *ret_intid)
{
        uint32_t intid = a->where->first_intid +
                         (a->offset - a->where->first) * 8 / field_bits(a->where->kind) + i;

        *ret_intid = intid;
        if (a->is_gicd != !ref_is_private(intid))
                return false;
        return ref_irq(gic, a->vcpu, intid) != NULL;
}

static uint64_t read_fields(struct ref_gic *gic, const struct mmio *a)
{
        uint32_t bits = field_bits(a->where->kind), intid;
        uint64_t value = 0;

        for (uint32_t i = 0; i < a->len * 8 / bits; i++)
                if (field_irq(gic, a, i, &intid))
                        value |= (uint64_t)field_value(ref_irq(gic, a->vcpu, intid), a->where->kind)
                                 << (i * bits);
        return value;
}

static void write_fields(struct ref_gic *gic, const struct mmio *a, uint64_t value)
{
        uint32_t bits = field_bits(a->where->kind), intid;

        for (uint32_t i = 0; i < a->len * 8 / bits; i++)
                if (field_irq(gic, a, i, &intid))
                        set_field(gic, a->vcpu, intid, a->where->kind,
                                  (uint32_t)(value >> (i * bits)) & ((1u << bits) - 1));
}

/* --- other registers --- */

/* The half, or the whole, of a 64-bit register. */
static uint64_t part(uint64_t whole, const struct mmio *a)
{
        if (a->len == 8)
                return whole;
        return a->offset % 8 ? whole >> 32 : whole & UINT32_MAX;
}

/* GICD_TYPER, section 12.9. */
static uint64_t gicd_typer(const struct ref_gic *gic)
{
        const struct ref_config *config = &gic->config;
        uint64_t value = (config->n_spis + REF_N_PRIVATE + 31) / 32 - 1; /* ITLinesNumber */
        /* the largest INTID is 5119, 1119, 1019 */
        uint64_t id_bits = config->n_espis ? 13 : config->n_eppis ? 11 : 10;

        if (ref_has(gic, REF_QUIRK_LINES_NUMBER))
                value--;
        if (ref_has(gic, REF_QUIRK_ID_BITS_16))
                id_bits = 16;
        if (config->n_espis)
                value |= 1 << 8 | (uint64_t)(config->n_espis / 32 - 1) << 27; /* ESPI, ESPI_range */
        value |= (uint64_t)!ref_has(gic, REF_QUIRK_NO_SETSPI) << 16;    /* MBIS */
        value |= (id_bits - 1) << 19;                                   /* IDbits */
        value |= (uint64_t)(config->affinity_levels == 4) << 24;        /* A3V */
        value |= (uint64_t)!config->one_of_n << 25;                     /* No1N */
        value |= (uint64_t)config->rss << 26;                           /* RSS */
        return value;
}

/* The last of its region: nothing of the same region follows it. */
static bool is_last(const struct ref_gic *gic, uint32_t vcpu)
{
        uint32_t end = 0;

        for (uint32_t i = 0; i < gic->config.n_regions; i++) {
                end += gic->config.regions[i];
                if (vcpu == end - 1)
                        return true;
        }
        return vcpu == gic->config.n_vcpus - 1;
}

/* GICR_TYPER, section 12.11. */
static uint64_t gicr_typer(const struct ref_gic *gic, uint32_t vcpu)
{
        uint64_t affinity = ref_affinity(gic, vcpu), value = (uint64_t)vcpu << 8;

        value |= (uint64_t)ref_has(gic, REF_QUIRK_COMMON_LPI_AFF) << 24;
        value |= ((affinity >> 32) << 24 | (affinity & 0xffffff)) << 32;
        value |= (uint64_t)(gic->config.n_eppis / 32) << 27;    /* PPInum */
        value |= (uint64_t)gic->config.one_of_n << 5;           /* DPGS */
        value |= (uint64_t)is_last(gic, vcpu) << 4;             /* Last */
        return value;
}

/*
 * Section 12.1.2: CoreSight identification of an Arm GICv3; the part number is the implementer's.
 */
static uint64_t identification(const struct mmio *a)
{
        static const uint8_t ids[12] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05,
                                         0xb1 };
        uint32_t index = (a->offset & 0xffff) - 0xffd0;

        if (!a->is_gicd && index / 4 == 4)
                return 0x93;
        return ids[index / 4];
}

/*
 * GICD_IROUTER<n>: the affinity, as far as it is supported; IRM only with 1-of-N.
 * INTIDs without an SPI: RAZ/WI.
 */
static struct ref_irq *irouter(struct ref_gic *gic, const struct mmio *a)
{
        uint32_t intid = a->where->first_intid + (a->offset - a->where->first) / 8;

        return ref_is_spi(gic, intid) ? ref_irq(gic, 0, intid) : NULL;
}

static void write_irouter(struct ref_gic *gic, const struct mmio *a, uint64_t value)
{
        uint32_t intid = a->where->first_intid + (a->offset - a->where->first) / 8;
        struct ref_irq *irq = irouter(gic, a);
        uint64_t implemented = UINT64_C(0xffffff), before;

        if (!irq)
                return;
        if (gic->config.affinity_levels == 4)
                implemented |= UINT64_C(0xff00000000);
        if (gic->config.one_of_n)
                implemented |= UINT64_C(1) << 31;
        before = irq->route | irq->route_res0;
        if (a->len == 4 && a->offset % 8)
                value = (before & UINT32_MAX) | value << 32;
        else if (a->len == 4)
                value = (before & ~(uint64_t)UINT32_MAX) | (value & UINT32_MAX);
        if (ref_has(gic, REF_QUIRK_IROUTER_RES0))
                irq->route_res0 = value & ~implemented;
        /* if it becomes 1-of-N while it is there, it may stay */
        irq->chosen = ref_target(gic, 0, intid);
        irq->route = value & implemented;
}

/*
 * GICD_SETSPI_NSR, GICD_CLRSPI_NSR: an edge makes pending, or not; a level is held, or not. The
 * INTID is in bits 12..0: a half-word written to bits 31..16 says 0 there.
 */
static void write_message(struct ref_gic *gic, const struct mmio *a, uint64_t value, bool set)
{
        uint32_t intid = a->offset % 4 ? 0 : value & 0x1fff;
        struct ref_irq *irq;

        if (ref_has(gic, REF_QUIRK_NO_SETSPI))
                return;
        if (!ref_is_spi(gic, intid)) {
                gic->guest_errors++;
                return;
        }
        irq = ref_irq(gic, 0, intid);
        if (irq->edge)
                irq->latch = set;
        else
                irq->message = set;
}

static uint64_t read_gicd(struct ref_gic *gic, const struct mmio *a)
{
        struct ref_irq *irq;

        switch (a->where->kind) {
        case CTLR: /* ARE and DS are RAO/WI, RWP is 0 */
                return (uint64_t)gic->group_enable[0] | (uint64_t)gic->group_enable[1] << 1 |
                       1 << 4 | 1 << 6;
        case TYPER:
                return gicd_typer(gic);
        case IIDR:
                return ref_has(gic, REF_QUIRK_IIDR) ? 0x43b : gic->config.iidr;
        case STATUSR:
                return gic->statusr;
        case IROUTER:
                irq = irouter(gic, a);
                return irq ? part(irq->route | irq->route_res0, a) : 0;
        case ID:
                return identification(a);
        default:
                return read_fields(gic, a);
        }
}

static void write_gicd(struct ref_gic *gic, const struct mmio *a, uint64_t value)
{
        switch (a->where->kind) {
        case CTLR:
                gic->group_enable[0] = value & 1;
                gic->group_enable[1] = value >> 1 & 1;
                break;
        case STATUSR: /* write 1 to clear */
                gic->statusr &= ~(uint32_t)value;
                break;
        case SETSPI:
        case CLRSPI:
                write_message(gic, a, value, a->where->kind == SETSPI);
                break;
        case IROUTER:
                write_irouter(gic, a, value);
                break;
        default:
                write_fields(gic, a, value);
        }
}

static uint64_t read_gicr(struct ref_gic *gic, const struct mmio *a)
{
        const struct ref_pe *pe = &gic->pe[a->vcpu];

        switch (a->where->kind) {
        case CTLR: /* DPG1S belongs to two security states */
                return (uint64_t)pe->dpg[0] << 24 | (uint64_t)pe->dpg[1] << 25;
        case TYPER:
                return part(gicr_typer(gic, a->vcpu), a);
        case IIDR:
                return ref_has(gic, REF_QUIRK_IIDR) ? 0x43b : gic->config.iidr;
        case STATUSR:
                return pe->statusr;
        case WAKER: /* ChildrenAsleep follows ProcessorSleep at once (section 11.1) */
                return pe->processor_sleep ? 6 : 0;
        case ID:
                return identification(a);
        default:
                return read_fields(gic, a);
        }
}

static void write_gicr(struct ref_gic *gic, const struct mmio *a, uint64_t value)
{
        struct ref_pe *pe = &gic->pe[a->vcpu];

        switch (a->where->kind) {
        case CTLR:
                pe->dpg[0] = gic->config.one_of_n && (value >> 24 & 1);
                pe->dpg[1] = gic->config.one_of_n && (value >> 25 & 1);
                break;
        case STATUSR:
                pe->statusr &= ~(uint32_t)value;
                break;
        case WAKER:
                pe->processor_sleep = value >> 1 & 1;
                break;
        default:
                write_fields(gic, a, value);
        }
}

/* Where it goes; behind the last redistributor there is nothing that could report it. */
static bool locate(struct ref_gic *gic, bool is_gicd, uint64_t offset, unsigned len, struct mmio *a)
{
        uint64_t vcpu = is_gicd ? 0 : offset / 0x20000;

        *a = (struct mmio) { .is_gicd = is_gicd, .vcpu = (uint32_t)vcpu, .len = len };
        if (vcpu >= gic->config.n_vcpus) {
                gic->guest_errors++;
                return false;
        }
        a->offset = (uint32_t)(is_gicd ? (offset > 0xffff ? 0xffff : offset) : offset % 0x20000);
        find(a);
        return true;
}

uint64_t ref_gicd_read(struct ref_gic *gic, uint64_t offset, unsigned len)
{
        struct mmio a;

        return locate(gic, true, offset, len, &a) && check(gic, &a, false) ? read_gicd(gic, &a) : 0;
}

void ref_gicd_write(struct ref_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct mmio a;

        if (locate(gic, true, offset, len, &a) && check(gic, &a, true))
                write_gicd(gic, &a, value);
}

uint64_t ref_gicr_read(struct ref_gic *gic, uint64_t offset, unsigned len)
{
        struct mmio a;

        return locate(gic, false, offset, len, &a) && check(gic, &a, false) ? read_gicr(gic, &a)
                                                                            : 0;
}

void ref_gicr_write(struct ref_gic *gic, uint64_t offset, unsigned len, uint64_t value)
{
        struct mmio a;

        if (locate(gic, false, offset, len, &a) && check(gic, &a, true))
                write_gicr(gic, &a, value);
}
