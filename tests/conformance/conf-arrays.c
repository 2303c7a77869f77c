/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: every register array, every interrupt (IHI 0069 sections 12.8 to 12.11)
 *
 * For each array and each kind of interrupt one test, which walks all interrupts of the kind: the
 * field is at its place, is that interrupt's only, resets to 0, and writes of 0 to set- and
 * clear-type registers change nothing. What the field means is looked up beside the register, by
 * vgic_vm_irq_state().
 */
#include "conf-tables.h"

enum kind { SGIS, PPIS, SPIS, EPPIS, ESPIS };
#define ROW(array, kind) ((unsigned)(array) << 4 | (kind))

static void span(const struct conf *c, enum kind kind, uint32_t *ret_first, uint32_t *ret_n)
{
        const uint32_t first[] = { 0, 16, 32, VGIC_EPPI_FIRST, VGIC_ESPI_FIRST };
        const uint32_t n[] = { 16, 16, c->config.n_spis, c->config.n_eppis, c->config.n_espis };

        *ret_first = first[kind];
        *ret_n = n[kind];
}

/* What the model says of an interrupt, as the field of @array shows it. */
static uint32_t truth(struct conf *c, unsigned vcpu, enum array array, uint32_t intid)
{
        struct vgic_irq_state state = irq_state(c, vcpu, intid);

        switch (array) {
        case IGROUPR:
                return state.group;
        case ISENABLER:
        case ICENABLER:
                return state.enabled;
        case ISPENDR:
        case ICPENDR:
                return state.pending;
        case ISACTIVER:
        case ICACTIVER:
                return state.active;
        case IPRIORITYR:
                return state.priority;
        default:
                return state.edge ? EDGE : LEVEL;
        }
}

/* Exactly @intid's field is @value, and all others of the kind are @rest. */
static void expect_one(struct conf *c, enum array array, uint32_t first, uint32_t n, uint32_t intid,
                       uint32_t value, uint32_t rest)
{
        for (uint32_t i = first; i < first + n; i++) {
                uint32_t want = i == intid ? value : rest;

                conf_where(c, "INTID %u written, INTID %u read", intid, i);
                EQ(c, irq_get(c, 1, array, i), want);
                EQ(c, truth(c, 1, array, i), want);
                if (is_private(i))
                        EQ(c, irq_get(c, 0, array, i), rest); /* the other redistributor's */
        }
}

static void write_zero(struct conf *c, enum array array, uint32_t intid)
{
        unsigned shift;
        bool in_gicr;
        uint32_t offset = irq_register(array, intid, &in_gicr, &shift);

        if (in_gicr)
                gicr_w(c, 1, offset, 0);
        else
                gicd_w(c, offset, 0);
}

static void walk_assigned(struct conf *c, enum array array, uint32_t first, uint32_t n)
{
        uint32_t value = array == IPRIORITYR ? 0xa8 : array == ICFGR ? EDGE : 1;

        for (uint32_t i = first; i < first + n; i++) {
                irq_set(c, 1, array, i, value);
                expect_one(c, array, first, n, i, value, 0);
                irq_set(c, 1, array, i, 0);
        }
        expect_one(c, array, first, n, first, 0, 0);
}

static void walk_set(struct conf *c, enum array set, enum array clear, uint32_t first, uint32_t n)
{
        for (uint32_t i = first; i < first + n; i++) {
                irq_set(c, 1, set, i, 1);
                write_zero(c, set, i);
                write_zero(c, clear, i);
                expect_one(c, set, first, n, i, 1, 0);
                EQ(c, irq_get(c, 1, clear, i), 1);
                irq_set(c, 1, clear, i, 1);
        }
        expect_one(c, set, first, n, first, 0, 0);
}

static void walk_clear(struct conf *c, enum array set, enum array clear, uint32_t first, uint32_t n)
{
        for (uint32_t i = first; i < first + n; i++) {
                irq_set(c, 0, set, i, 1);
                irq_set(c, 1, set, i, 1);
        }
        for (uint32_t i = first; i < first + n; i++) {
                irq_set(c, 1, clear, i, 1);
                expect_one(c, clear, first, n, i, 0, 1);
                EQ(c, irq_get(c, 1, set, i), 0);
                irq_set(c, 1, set, i, 1);
        }
}

static void walk(struct conf *c)
{
        static const enum array other[N_ARRAYS] = {
                [ISENABLER] = ICENABLER, [ICENABLER] = ISENABLER, [ISPENDR] = ICPENDR,
                [ICPENDR] = ISPENDR,
                [ISACTIVER] = ICACTIVER, [ICACTIVER] = ISACTIVER,
        };
        enum array array = (enum array)(c->config.argument >> 4);
        uint32_t first, n;

        span(c, (enum kind)(c->config.argument & 15), &first, &n);
        OK(c, n > 0);
        expect_one(c, array, first, n, first, 0, 0);
        if (array == ISENABLER || array == ISPENDR || array == ISACTIVER)
                walk_set(c, array, other[array], first, n);
        else if (array == ICENABLER || array == ICPENDR || array == ICACTIVER)
                walk_clear(c, other[array], array, first, n);
        else
                walk_assigned(c, array, first, n);
        conf_where(c, "%s", "");
        EQ(c, guest_errors(c), 0);
}

/* SGIs are edge-triggered, and that cannot be changed. */
static void sgi_icfgr(struct conf *c)
{
        EQ(c, gicr(c, 0, GICR_ICFGR0), 0xaaaaaaaa);
        gicr_w(c, 0, GICR_ICFGR0, 0);
        EQ(c, gicr(c, 0, GICR_ICFGR0), 0xaaaaaaaa);
        gicr_w(c, 0, GICR_ICFGR0, UINT32_MAX);
        EQ(c, gicr(c, 0, GICR_ICFGR0), 0xaaaaaaaa);
        EQ(c, guest_errors(c), 0);
}

/* Bit 0 of each pair is RES0. */
static void icfgr_low_bits(struct conf *c)
{
        gicr_w(c, 0, GICR_ICFGR1, UINT32_MAX);
        EQ(c, gicr(c, 0, GICR_ICFGR1), 0xaaaaaaaa);
        gicd_w(c, GICD_ICFGR + 8, 0x55555555);
        EQ(c, gicd(c, GICD_ICFGR + 8), 0);
        gicd_w(c, GICD_ICFGR + 8, UINT32_MAX);
        EQ(c, gicd(c, GICD_ICFGR + 8), 0xaaaaaaaa);
}

static void priority_bytes(struct conf *c)
{
        gicd_w(c, GICD_IPRIORITYR + 40, 0x40302010);
        for (unsigned i = 0; i < 4; i++)
                EQ(c, gicd_x(c, GICD_IPRIORITYR + 40 + i, 1), 0x10 * (i + 1));
        gicd_xw(c, GICD_IPRIORITYR + 41, 1, 0xa0);
        EQ(c, gicd(c, GICD_IPRIORITYR + 40), 0x4030a010);
        gicr_w(c, 0, GICR_IPRIORITYR + 16, 0x40302010);
        for (unsigned i = 0; i < 4; i++)
                EQ(c, gicr_x(c, 0, GICR_IPRIORITYR + 16 + i, 1), 0x10 * (i + 1));
        gicr_xw(c, 0, GICR_IPRIORITYR + 18, 1, 0xa0);
        EQ(c, gicr(c, 0, GICR_IPRIORITYR + 16), 0x40a02010);
        EQ(c, guest_errors(c), 0);
}

/* Fields of interrupts that are not implemented are RAZ/WI; that is no error. */
static void beyond_last(struct conf *c)
{
        static const enum array all[] = { IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR,
                                          ISACTIVER, ICACTIVER,
                IPRIORITYR, ICFGR };

        for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                static const uint32_t intids[] = { 72, 95, 96, 512, 1019 };

                for (unsigned j = 0; j < sizeof(intids) / sizeof(intids[0]); j++) {
                        conf_where(c, "array %u, INTID %u", i, intids[j]);
                        irq_set(c, 0, all[i], intids[j], UINT32_MAX);
                        EQ(c, irq_get(c, 0, all[i], intids[j]), 0);
                }
        }
        route_w(c, 96, 1);
        EQ(c, route(c, 96), 0);
        route_w(c, 1019, 1);
        EQ(c, route(c, 1019), 0);
        EQ(c, guest_errors(c), 0);
}

#define WALK(name, section, array, kind) \
        { name, section, "each interrupt's field, its reset value, its neighbours untouched", \
          { .n_vcpus = 2, .cold = true, ALL_KINDS, .argument = ROW(array, kind) }, walk }

const struct conf_test conf_array_tests[] = {
        WALK("sgi-igroupr", "12.11.12", IGROUPR, SGIS),
        WALK("sgi-isenabler", "12.11.25", ISENABLER, SGIS),
        WALK("sgi-icenabler", "12.11.5", ICENABLER, SGIS),
        WALK("sgi-ispendr", "12.11.27", ISPENDR, SGIS),
        WALK("sgi-icpendr", "12.11.10", ICPENDR, SGIS),
        WALK("sgi-isactiver", "12.11.23", ISACTIVER, SGIS),
        WALK("sgi-icactiver", "12.11.3", ICACTIVER, SGIS),
        WALK("sgi-ipriorityr", "12.11.21", IPRIORITYR, SGIS),
        WALK("ppi-igroupr", "12.11.12", IGROUPR, PPIS),
        WALK("ppi-isenabler", "12.11.25", ISENABLER, PPIS),
        WALK("ppi-icenabler", "12.11.5", ICENABLER, PPIS),
        WALK("ppi-ispendr", "12.11.27", ISPENDR, PPIS),
        WALK("ppi-icpendr", "12.11.10", ICPENDR, PPIS),
        WALK("ppi-isactiver", "12.11.23", ISACTIVER, PPIS),
        WALK("ppi-icactiver", "12.11.3", ICACTIVER, PPIS),
        WALK("ppi-ipriorityr", "12.11.21", IPRIORITYR, PPIS),
        WALK("ppi-icfgr", "12.11.8", ICFGR, PPIS),
        WALK("spi-igroupr", "12.9.13", IGROUPR, SPIS),
        WALK("spi-isenabler", "12.9.26", ISENABLER, SPIS),
        WALK("spi-icenabler", "12.9.7", ICENABLER, SPIS),
        WALK("spi-ispendr", "12.9.28", ISPENDR, SPIS),
        WALK("spi-icpendr", "12.9.11", ICPENDR, SPIS),
        WALK("spi-isactiver", "12.9.24", ISACTIVER, SPIS),
        WALK("spi-icactiver", "12.9.5", ICACTIVER, SPIS),
        WALK("spi-ipriorityr", "12.9.20", IPRIORITYR, SPIS),
        WALK("spi-icfgr", "12.9.9", ICFGR, SPIS),
        { "sgi-icfgr", "12.11.7", "GICR_ICFGR0 is read-only: SGIs are edge-triggered",
          { .cold = true }, sgi_icfgr },
        { "icfgr-low-bits", "12.9.9", "ICFGR: bit 0 of each field is RES0", { 0 }, icfgr_low_bits },
        { "priority-bytes", "12.1.3", "IPRIORITYR takes byte accesses", { 0 }, priority_bytes },
        { "beyond-last", "12.9",
          "fields of SPIs that are not implemented are RAZ/WI, without error",
          { .n_spis = 40 }, beyond_last },
        { 0 },
};

const struct conf_test conf_extended_array_tests[] = {
        WALK("eppi-igroupr", "12.11.13", IGROUPR, EPPIS),
        WALK("eppi-isenabler", "12.11.26", ISENABLER, EPPIS),
        WALK("eppi-icenabler", "12.11.6", ICENABLER, EPPIS),
        WALK("eppi-ispendr", "12.11.28", ISPENDR, EPPIS),
        WALK("eppi-icpendr", "12.11.11", ICPENDR, EPPIS),
        WALK("eppi-isactiver", "12.11.24", ISACTIVER, EPPIS),
        WALK("eppi-icactiver", "12.11.4", ICACTIVER, EPPIS),
        WALK("eppi-ipriorityr", "12.11.22", IPRIORITYR, EPPIS),
        WALK("eppi-icfgr", "12.11.9", ICFGR, EPPIS),
        WALK("espi-igroupr", "12.9.14", IGROUPR, ESPIS),
        WALK("espi-isenabler", "12.9.27", ISENABLER, ESPIS),
        WALK("espi-icenabler", "12.9.8", ICENABLER, ESPIS),
        WALK("espi-ispendr", "12.9.29", ISPENDR, ESPIS),
        WALK("espi-icpendr", "12.9.12", ICPENDR, ESPIS),
        WALK("espi-isactiver", "12.9.25", ISACTIVER, ESPIS),
        WALK("espi-icactiver", "12.9.6", ICACTIVER, ESPIS),
        WALK("espi-ipriorityr", "12.9.21", IPRIORITYR, ESPIS),
        WALK("espi-icfgr", "12.9.10", ICFGR, ESPIS),
        { 0 },
};
