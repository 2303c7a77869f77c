/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Memory-mapped registers (IHI 0069 sections 12.1, 12.8 to 12.11): views of words,
 * on three sizes of controller
 */
#include "rig.h"

static void control(struct rig *rig)
{
        gicd(rig, 0, 0xffffffff);
        tap_eq(gicd_get(rig, 0), 0x53,
               "12.9.4 GICD_CTLR: ARE and DS are RAO/WI, the rest RES0, RWP reads 0 (conformance "
               "22)");
        gicd(rig, 0, 0);
        tap_eq(gicd_get(rig, 0), 0x50, "12.9 GICD_CTLR: the group enables clear");
        tap_eq(gicd_get(rig, 0xffe8) & 0xf0, 0x30, "12.9 GICD_PIDR2: GICv3");
}

static void typer(struct rig *rig)
{
        uint32_t value = gicd_get(rig, 4), n_spis = rig->gic.n_spis;

        tap_ok(32 * ((value & 0x1f) + 1) >= 32 + n_spis && 32 * (value & 0x1f) < 32 + n_spis + 31,
               "12.9 GICD_TYPER: ITLinesNumber covers %u SPIs", n_spis);
        tap_ok((value & 1u << 24) && !(value & 1u << 25) && !(value & 1u << 17) &&
               (value & 1u << 26),
               "12.9.38 GICD_TYPER: A3V, 1-of-N, RSS, no LPIs");
}

/* 24 */
static void gicr_typer(struct rig *rig)
{
        unsigned broken = 0, n = rig->gic.n_vcpus;

        for (uint32_t v = 0; v < n; v++) {
                uint64_t offset = v * (uint64_t)GICR_STRIDE + 8,
                         value = shm_gicr_read(&rig->gic, offset, 8);

                broken += (value >> 32) != ((v & 0xf) | v >> 4 << 8);
                broken += (value >> 8 & 0xffff) != v;
                broken += (value >> 4 & 1) != (v == n - 1);
                broken += shm_gicr_read(&rig->gic, offset, 4) != (uint32_t)value;
                broken += shm_gicr_read(&rig->gic, offset + 4, 4) != value >> 32;
        }
        tap_eq(broken, 0,
               "12.11 GICR_TYPER: affinity, Processor_Number, Last, halves, %u vCPUs (conformance "
               "24)", n);
        tap_eq((int64_t)shm_gicr_read(&rig->gic, n * (uint64_t)GICR_STRIDE + 8, 8), 0,
               "GICR: no frame behind the last");
        tap_eq((int64_t)shm_gicr_read(&rig->gic, UINT64_MAX - 7, 8), 0,
               "GICR: nor at the end of the world");
}

static uint32_t n_intids(const struct rig *rig)
{
        return shm_gic_n_private(&rig->gic) + shm_gic_n_spis(&rig->gic);
}

static uint32_t nth_intid(const struct rig *rig, uint32_t i)
{
        uint32_t n = shm_gic_n_private(&rig->gic);

        return i < n ? shm_gic_nth_private(i) : shm_gic_nth_spi(&rig->gic, i - n);
}

/* Sum of all registers of a 1-bit array: one bit set shows as itself. */
static uint64_t sum_of_array(struct rig *rig, uint32_t base)
{
        uint64_t sum = 0;

        for (uint32_t r = 0; r < 32; r++)
                sum += gicd_get(rig, base + 4 * r) +
                       (uint64_t)gicd_get(rig, 0x1000 + (base - 0x80) * 4 + 4 * r);
        for (uint32_t r = 0; r < 3; r++)
                sum += gicr_get(rig, 0, base + 4 * r);
        return sum;
}

/* Every interrupt's bit in every array: reads as written, and changes nobody else's. */
static void arrays(struct rig *rig)
{
        static const struct { uint32_t set, clear; const char *name; } pairs[] = {
                { ISENABLER, ICENABLER, "enable" }, { ISPENDR, ICPENDR, "pending" },
                { ISACTIVER, ICACTIVER, "active" },
        };

        for (unsigned p = 0; p < 3; p++) {
                unsigned broken = 0;

                for (uint32_t i = 0; i < n_intids(rig); i++) {
                        uint32_t intid = nth_intid(rig, i);

                        set_bit(rig, 0, pairs[p].set, intid);
                        broken += !get_bit(rig, 0, pairs[p].set, intid) ||
                                  !get_bit(rig, 0, pairs[p].clear, intid);
                        broken += sum_of_array(rig, pairs[p].set) != UINT64_C(1) << (intid % 32);
                        /* private interrupts are in the redistributor */
                        broken += gicd_get(rig, pairs[p].set) != 0;
                        broken += rig->gic.n_vcpus > 1 && gicr_get(rig, 1, pairs[p].set) != 0;
                        set_bit(rig, 0, pairs[p].clear, intid);
                        broken += get_bit(rig, 0, pairs[p].set, intid);
                }
                tap_eq(broken, 0, "12.9, 12.11: set and clear registers of %s, each INTID alone",
                       pairs[p].name);
        }
}

/* What is not implemented: RAZ/WI, and no error. */
static void absent(struct rig *rig)
{
        uint64_t errors = shm_read_guest_errors(&rig->gic);
        uint32_t end = 32 + rig->gic.n_spis;
        uint64_t broken = 0;

        for (uint32_t i = end; i < 1024; i++)
                set_bit(rig, 0, ISENABLER, i);
        for (uint32_t i = 4096 + rig->gic.n_espis; i < 5120; i++) {
                set_bit(rig, 0, ISENABLER, i);
                route(rig, i, 1);
                broken += shm_gicd_read(&rig->gic, 0x8000 + 8ull * (i - 4096), 8);
        }
        for (uint32_t i = 1056 + rig->gic.n_eppis; i < 1120; i++)
                set_bit(rig, 0, ISENABLER, i);
        for (uint32_t at = 0; at < 0x80; at += 4)
                gicd(rig, 0x3400 + at, UINT32_MAX);
        tap_ok(sum_of_array(rig, ISENABLER) == 0 && broken == 0 && gicd_get(rig, 0x3400) == 0,
               "12.9: INTIDs that are not there are RAZ/WI");
        tap_eq((int64_t)(shm_read_guest_errors(&rig->gic) - errors), 0,
               "INTIDs that are not there are written: no guest error is counted");
}

static void fields(struct rig *rig)
{
        uint8_t mask = (uint8_t)(0xff00 >> rig->gic.n_priority_bits);
        unsigned priorities = 0, triggers = 0, groups = 0;

        for (uint32_t i = 0; i < n_intids(rig); i++) {
                uint32_t intid = nth_intid(rig, i);

                set_priority(rig, 0, intid, 0xff);
                priorities += field_get(rig, 0, IPRIORITYR, 8, intid) != mask;
                priorities += field_get(rig, 0, IPRIORITYR, 8, nth_intid(rig, i ? i - 1 : 1)) != 0;
                set_priority(rig, 0, intid, 0);
                set_edge(rig, 0, intid, true);
                triggers += field_get(rig, 0, ICFGR, 2, intid) != 2;
                triggers += intid > 16 && field_get(rig, 0, ICFGR, 2, nth_intid(rig, i - 1)) != 0;
                set_edge(rig, 0, intid, false);
                triggers += field_get(rig, 0, ICFGR, 2, intid) != (intid < 16 ? 2 : 0);
                set_group(rig, 0, intid, 1);
                groups += sum_of_array(rig, IGROUPR) != UINT64_C(1) << (intid % 32);
                set_group(rig, 0, intid, 0);
        }
        tap_eq(priorities, 0,
               "12.9.20, 12.11.21 IPRIORITYR: byte access, unimplemented bits RAZ/WI, each INTID "
               "alone");
        tap_eq(triggers, 0, "12.9.9, 12.11.8 ICFGR: each INTID alone; SGIs stay edge-triggered");
        tap_eq(groups, 0, "12.9.13, 12.11.12 IGROUPR: each INTID alone");
        gicr(rig, 0, IPRIORITYR + 16, 0x40302010);
        tap_ok(gicr_get(rig, 0, IPRIORITYR + 16) == (0x40302010u & (mask * 0x01010101u)) &&
               gicr_get(rig, 0, IPRIORITYR + 12) == 0,
               "12.11.21 GICR_IPRIORITYR: four at once");
        gicr(rig, 0, ICFGR, 0);
        tap_eq(gicr_get(rig, 0, ICFGR), 0xaaaaaaaa,
               "12.11.7 GICR_ICFGR0: SGIs are edge-triggered, read-only");
        gicr(rig, 0, ICFGR + 4, 0xffffffff);
        tap_eq(gicr_get(rig, 0, ICFGR + 4), 0xaaaaaaaa,
               "12.11.8 GICR_ICFGR1: bit 0 of each field is RES0");
        gicr(rig, 0, ICFGR + 4, 0x00000008);
        tap_eq(gicr_get(rig, 0, ICFGR + 4), 0x8, "12.11.8 GICR_ICFGR1: PPI 17 alone");
        set_group(rig, 0, 20, 1);
        tap_eq(gicr_get(rig, 0, IGROUPR), 1u << 20, "12.11.12 GICR_IGROUPR0");
}

/* 21 */
static void widths(struct rig *rig)
{
        uint64_t errors = shm_read_guest_errors(&rig->gic);

        gicr(rig, 0, ISENABLER, 0xffffffff);
        shm_gicr_write(&rig->gic, GICR_FRAME_SIZE + ICENABLER, 1, 0xff);
        shm_gicr_write(&rig->gic, GICR_FRAME_SIZE + ICENABLER, 2, 0xffff);
        shm_gicr_write(&rig->gic, GICR_FRAME_SIZE + ICENABLER, 8, UINT64_MAX);
        shm_gicr_write(&rig->gic, GICR_FRAME_SIZE + ICENABLER + 2, 4, UINT32_MAX);
        tap_eq(gicr_get(rig, 0, ISENABLER), 0xffffffff,
               "12.1.3: byte, halfword, doubleword and misaligned writes are ignored (conformance "
               "21)");
        tap_eq((int64_t)shm_gicd_read(&rig->gic, IPRIORITYR + 32, 2), 0,
               "12.1.3: no halfwords in GICD_IPRIORITYR");
        tap_eq((int64_t)shm_gicd_read(&rig->gic, UINT64_C(0x100000004), 4), 0,
               "GICD: an offset beyond 32 bits does not wrap");
        tap_eq((int64_t)(shm_read_guest_errors(&rig->gic) - errors), 6,
               "accesses in error are counted");
        gicr(rig, 0, ICENABLER, 0xffffffff);
}

/* 20, 22: work for a parked vCPU rings it */
static void rings(struct rig *rig)
{
        if (rig->gic.n_spis == 0 || rig->gic.n_vcpus < 2)
                return;
        gicd(rig, 0, 0);
        route(rig, 33, 1);
        set_group(rig, 0, 33, 1);
        waker(rig, 1, 0);
        msr(rig, 1, ICC_PMR, 0xf0);
        msr(rig, 1, ICC_IGRPEN1, 1);
        enable(rig, 0, 33);
        tap_eq(shm_park_begin(&rig->gic, 1, SHM_PARK_PARKED), 0, "parked: nothing to do");
        memset(rig->rings, 0, sizeof rig->rings);
        set_bit(rig, 0, ISPENDR, 33);
        tap_ok(rig->rings[1] == 1 && rig->rings[0] == 0,
               "12.9 GICD_ISPENDR by anyone rings where it is routed (conformance 20)");
        gicd(rig, 0, 2);
        tap_eq(rig->rings[1], 2, "12.9 GICD_CTLR: enabling the group rings (conformance 22)");
        tap_eq(shm_cpuif_lines(&rig->gic, 1), SHM_LINE_IRQ,
               "SETSPI: the line of its vCPU is asserted");
        waker(rig, 1, 2);
        waker(rig, 1, 0);
        tap_eq(rig->rings[1], 3, "11.1 GICR_WAKER: waking rings (conformance 23)");
        shm_park_end(&rig->gic, 1);
        tap_eq(ack(rig, 1), 33, "routed to vCPU 1: vCPU 1 takes it");
        eoi(rig, 1, 33);
        shm_gicd_write(&rig->gic, 0x40, 4, 33);
        tap_eq(ack(rig, 1), 33, "12.9 GICD_SETSPI_NSR: level");
        eoi(rig, 1, 33);
        tap_eq(ack(rig, 1), 33, "12.9 GICD_SETSPI_NSR: holds");
        shm_gicd_write(&rig->gic, 0x48, 4, 33);
        eoi(rig, 1, 33);
        tap_eq(ack(rig, 1), NONE, "12.9 GICD_CLRSPI_NSR: until cleared");
        shm_gicd_write(&rig->gic, 0x40, 2, 33);
        tap_eq(ack(rig, 1), 33, "12.1.3 GICD_SETSPI_NSR: as a halfword");
        shm_gicd_write(&rig->gic, 0x48, 2, 33);
        eoi(rig, 1, 33);
        tap_eq(ack(rig, 1), NONE, "12.1.3 GICD_CLRSPI_NSR: as a halfword");
        shm_gicd_write(&rig->gic, 0x40, 4, 1020);
        shm_gicd_write(&rig->gic, 0x40, 4, 3);
        tap_eq(get_bit(rig, 0, ISPENDR, 3), 0, "12.9 GICD_SETSPI_NSR: SPIs only");
}

/*
 * The last extended SPI and PPI: as any other,
 * from the wire or the message to the end of interrupt.
 */
static void extended(struct rig *rig)
{
        uint32_t espi = 4096 + rig->gic.n_espis - 1, eppi = 1056 + rig->gic.n_eppis - 1;
        struct shm_irq_state state;

        if (!rig->gic.n_espis || !rig->gic.n_eppis)
                return;
        rig_boot(rig);
        enable(rig, 0, espi);
        route(rig, espi, 1);
        tap_eq((int64_t)shm_gicd_read(&rig->gic, 0x8000 + 8ull * (espi - 4096), 8), 1,
               "12.9.23 GICD_IROUTER<n>E: reads as written");
        high(rig, espi);
        tap_ok(get_bit(rig, 0, ISPENDR, espi) && ack(rig, 0) == NONE && ack(rig, 1) == espi &&
               get_bit(rig, 0, ISACTIVER, espi),
               "extended SPI: delivered where it is routed");
        low(rig, espi);
        eoi(rig, 1, espi);
        tap_ok(!get_bit(rig, 0, ISACTIVER, espi) && ack(rig, 1) == NONE,
               "extended SPI: ended");
        shm_gicd_write(&rig->gic, 0x40, 4, espi);
        shm_read_irq(&rig->gic, 0, espi, &state);
        tap_ok(state.pending && state.line, "12.9.33 GICD_SETSPI_NSR: an extended SPI's level");
        shm_gicd_write(&rig->gic, 0x48, 4, espi);
        tap_eq(get_bit(rig, 0, ISPENDR, espi), 0,
               "12.9.1 GICD_CLRSPI_NSR: the end of an extended SPI's level");
        for (uint32_t v = 0; v < 2; v++)
                enable(rig, v, eppi);
        shm_line_set(&rig->gic, 1, eppi, GIC_WIRE_VMM, true);
        tap_ok(get_bit(rig, 1, ISPENDR, eppi) && !get_bit(rig, 0, ISPENDR, eppi) &&
               ack(rig, 0) == NONE && ack(rig, 1) == eppi,
               "extended PPI: delivered to its vCPU alone");
        shm_line_set(&rig->gic, 1, eppi, GIC_WIRE_VMM, false);
        eoi(rig, 1, eppi);
        tap_ok(!get_bit(rig, 1, ISACTIVER, eppi) && ack(rig, 1) == NONE,
               "extended PPI: ended");
}

static void check(uint32_t n_vcpus, uint32_t n_spis, uint32_t bits, uint32_t n_espis,
                  uint32_t n_eppis)
{
        struct shm_shape shape = { .n_vcpus = n_vcpus, .n_spis = n_spis, .n_priority_bits = bits,
                                   .n_espis = n_espis,
                                   .n_eppis = n_eppis, .features = SHM_FEATURE_ALL };
        struct rig rig;

        tap_note("%u vCPUs, %u SPIs, %u priority bits, %u extended SPIs, %u extended PPIs", n_vcpus,
                 n_spis, bits, n_espis, n_eppis);
        rig_create_shape(&rig, &shape);
        control(&rig);
        typer(&rig);
        gicr_typer(&rig);
        arrays(&rig);
        absent(&rig);
        fields(&rig);
        widths(&rig);
        rings(&rig);
        extended(&rig);
        rig_destroy(&rig);
}

int main(void)
{
        check(1, 0, 8, 0, 0);
        check(4, 64, 5, 64, 32);
        check(512, 988, 4, 1024, 64);
        return tap_done();
}
