/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: extended SPIs and extended PPIs, GICv3.1 (IHI 0069 sections 2.2, 12.9, 12.11)
 *
 * What holds for every kind is in the other files, which run on the extended ranges as well; this
 * is what only they have.
 */
#include <errno.h>

#include "conf-tables.h"

static const enum array all[] = { IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER,
                                  ICACTIVER, IPRIORITYR,
        ICFGR };

/* Everything of @intid is RAZ/WI, and it has no wire. */
static void absent(struct conf *c, uint32_t intid)
{
        for (unsigned i = 0; i < N_ARRAYS; i++) {
                conf_where(c, "INTID %u, array %u", intid, i);
                irq_set(c, 0, all[i], intid, UINT32_MAX);
                EQ(c, irq_get(c, 0, all[i], intid), 0);
        }
        EQ(c, is_private(intid) ? vgic_ppi_assert(c->vm, 0, intid) : vgic_spi_assert(c->vm, intid),
           -EINVAL);
}

static void espi_none(struct conf *c)
{
        static const uint32_t intids[] = { 4096, 4127, 4128, 5119 };

        for (unsigned i = 0; i < 4; i++) {
                absent(c, intids[i]);
                route_w(c, intids[i], 1);
                EQ(c, route(c, intids[i]), 0);
        }
        EQ(c, guest_errors(c), 0);
}

static void espi_beyond(struct conf *c)
{
        static const uint32_t intids[] = { 4096 + 96, 4096 + 97, 5000, 5119 };

        for (unsigned i = 0; i < 4; i++) {
                absent(c, intids[i]);
                route_w(c, intids[i], 1);
                EQ(c, route(c, intids[i]), 0);
        }
        irq_set(c, 0, ISENABLER, 4096 + 95, 1);
        EQ(c, irq_get(c, 0, ISENABLER, 4096 + 95), 1);
        EQ(c, guest_errors(c), 0);
}

static void eppi_none(struct conf *c)
{
        static const uint32_t intids[] = { 1056, 1087, 1088, 1119 };

        for (unsigned i = 0; i < 4; i++)
                absent(c, intids[i]);
        EQ(c, guest_errors(c), 0);
}

static void eppi_half(struct conf *c)
{
        absent(c, 1088);
        absent(c, 1119);
        irq_set(c, 0, ISENABLER, 1087, 1);
        EQ(c, irq_get(c, 0, ISENABLER, 1087), 1);
        EQ(c, guest_errors(c), 0);
}

static void eppi_private(struct conf *c)
{
        irq_setup(c, 0, 1060, 1, 0x80);
        irq_setup(c, 1, 1060, 0, 0x40);
        wire(c, 0, 1060, true);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        EQ(c, lines(c, 1), 0);
        EQ(c, ack(c, 0, 1), 1060);
        EQ(c, icc(c, 0, RPR), 0x80);
        wire(c, 1, 1060, true);
        EQ(c, ack(c, 1, 0), 1060);
        EQ(c, icc(c, 1, RPR), 0x40);
        wire(c, 0, 1060, false);
        eoi(c, 0, 1, 1060);
        EQ(c, is_active(c, 0, 1060), false);
        EQ(c, is_active(c, 1, 1060), true);
}

/* The message registers take extended SPIs. */
static void espi_message(struct conf *c)
{
        irq_setup(c, 0, 4100, 1, 0x80);
        gicd_w(c, GICD_SETSPI_NSR, 4100);
        EQ(c, ack(c, 0, 1), 4100);
        EQ(c, is_pending(c, 0, 4100), true);
        gicd_w(c, GICD_CLRSPI_NSR, 4100);
        eoi(c, 0, 1, 4100);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ICFGR, 4100, EDGE);
        gicd_xw(c, GICD_SETSPI_NSR, 2, 4100);
        EQ(c, ack(c, 0, 1), 4100);
        EQ(c, is_pending(c, 0, 4100), false);
        eoi(c, 0, 1, 4100);
        EQ(c, guest_errors(c), 0);
        gicd_w(c, GICD_SETSPI_NSR, 1060); /* an extended PPI is none */
        gicd_w(c, GICD_SETSPI_NSR, 4160);
        EQ(c, guest_errors(c), 2);
        EQ(c, is_pending(c, 0, 1060), false);
}

static void priority_bytes(struct conf *c)
{
        gicd_w(c, GICD_IPRIORITYRE, 0x40302010);
        gicd_xw(c, GICD_IPRIORITYRE + 2, 1, 0xff);
        EQ(c, gicd(c, GICD_IPRIORITYRE), 0x40f82010);
        EQ(c, irq_get(c, 0, IPRIORITYR, 4098), 0xf8);
        gicr_w(c, 0, GICR_IPRIORITYR + 32, 0x40302010);
        gicr_xw(c, 0, GICR_IPRIORITYR + 33, 1, 0xff);
        EQ(c, gicr(c, 0, GICR_IPRIORITYR + 32), 0x4030f810);
        EQ(c, gicr_x(c, 0, GICR_IPRIORITYR + 33, 1), 0xf8);
        EQ(c, irq_get(c, 0, IPRIORITYR, 1057), 0xf8);
        EQ(c, guest_errors(c), 0);
}

/* Kinds do not run into each other: the same index in each range at once. */
static void kinds_apart(struct conf *c)
{
        static const uint32_t intids[] = { 5, 21, 37, 1061, 1093, 4101, 4133 };

        for (unsigned i = 0; i < 7; i++) {
                irq_setup(c, 0, intids[i], 1, 0x10 * (i + 1));
                irq_set(c, 0, ISPENDR, intids[i], 1);
        }
        for (unsigned i = 0; i < 7; i++) {
                conf_where(c, "INTID %u", intids[i]);
                EQ(c, irq_get(c, 0, IPRIORITYR, intids[i]), 0x10 * (i + 1));
                EQ(c, ack(c, 0, 1), intids[i]);
                EQ(c, is_active(c, 0, intids[i]), true);
                for (unsigned k = i + 1; k < 7; k++)
                        EQ(c, is_active(c, 0, intids[k]), false);
                eoi(c, 0, 1, intids[i]);
                EQ(c, is_active(c, 0, intids[i]), false);
        }
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

static void espi_all(struct conf *c)
{
        for (uint32_t i = 4096; i < 4096 + 1024; i++) {
                irq_setup(c, 0, i, 1, (i * 8) & 0xf0);
                pulse(c, 0, i);
        }
        for (unsigned n = 0, last = 0; n < 1024; n++) {
                uint32_t intid = ack(c, 0, 1);

                OK(c, intid >= 4096 && intid < 5120);
                OK(c, ((intid * 8) & 0xf0) >= last);
                last = (intid * 8) & 0xf0;
                eoi(c, 0, 1, intid);
        }
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

const struct conf_test conf_extended_tests[] = {
        { "espi-none", "12.9",
          "without extended SPIs their registers are RAZ/WI and their wires do not exist",
          { 0 }, espi_none },
        { "espi-beyond", "12.9", "the same behind the last extended SPI", { .n_espis = 96 },
          espi_beyond },
        { "eppi-none", "12.11",
          "without extended PPIs their registers are RAZ/WI and their wires do not exist",
          { 0 }, eppi_none },
        { "eppi-half", "12.11", "32 extended PPIs: the second half is RAZ/WI", { .n_eppis = 32 },
          eppi_half },
        { "eppi-private", "2.2", "an extended PPI is each vCPU's own", { .n_vcpus = 2, ALL_KINDS },
          eppi_private },
        { "espi-message", "12.9.33",
          "GICD_SETSPI_NSR and CLRSPI_NSR take extended SPIs, and no extended PPI",
          { ALL_KINDS }, espi_message },
        { "extended-priority-bytes", "12.1.3", "IPRIORITYR<n>E takes byte accesses", { ALL_KINDS },
          priority_bytes },
        { "kinds-apart", "2.2", "the same index in each range: no kind runs into another",
          { ALL_KINDS }, kinds_apart },
        { "espi-all", "2.2", "1024 extended SPIs pending at once", { .n_espis = 1024 }, espi_all },
        { 0 },
};
