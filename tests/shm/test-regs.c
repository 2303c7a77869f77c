/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Registers that are no field of words, and what accesses in error do (IHI 0069 sections 12.1.3,
 * 12.2, 12.9, 12.11)
 */
#include "gic-icc.h"
#include "gic-reg.h"
#include "rig.h"
#include "shm-sysreg.h"

#define RRD   1u
#define WRD   2u
#define RWOD  4u
#define WROD  8u
#define STATUSR 0x10u

static uint64_t rd(struct rig *rig, uint32_t vcpu, uint64_t offset, unsigned len)
{
        return shm_gicr_read(&rig->gic, vcpu * (uint64_t)GICR_STRIDE + offset, len);
}

static void rd_write(struct rig *rig, uint32_t vcpu, uint64_t offset, unsigned len, uint64_t value)
{
        shm_gicr_write(&rig->gic, vcpu * (uint64_t)GICR_STRIDE + offset, len, value);
}

/* Frame 0 is GICD; 1 and 2 are RD_base and SGI_base of vCPU 1. */
static uint64_t frame_read(struct rig *rig, unsigned frame, uint64_t offset, unsigned len)
{
        if (frame == 0)
                return shm_gicd_read(&rig->gic, offset, len);
        return rd(rig, 1, offset + (frame == 2 ? GICR_FRAME_SIZE : 0), len);
}

static void frame_write(struct rig *rig, unsigned frame, uint64_t offset, unsigned len,
                        uint64_t value)
{
        if (frame == 0)
                shm_gicd_write(&rig->gic, offset, len, value);
        else
                rd_write(rig, 1, offset + (frame == 2 ? GICR_FRAME_SIZE : 0), len, value);
}

static const struct gic_reg_table *const tables[3] = { &gic_dist_table, &gic_redist_rd_table,
                                                       &gic_redist_sgi_table };

/* What every row says it reads at reset, it reads. */
static void resets(struct rig *rig)
{
        unsigned broken = 0;

        for (unsigned frame = 0; frame < 3; frame++) {
                for (size_t i = 0; i < tables[frame]->n_rows; i++) {
                        const struct gic_reg *reg = &tables[frame]->rows[i];
                        unsigned len = (reg->widths & GIC_REG_W64) ? 8 : 4;

                        for (uint32_t at = 0; at < reg->bytes; at += len)
                                if (reg->reset != GIC_RESET_CONFIG &&
                                    frame_read(rig, frame, reg->offset + at, len) != reg->reset)
                                        broken++;
                }
        }
        tap_eq(broken, 0, "each row reads its reset value");
        broken = 0;
        for (unsigned i = 0; i < GIC_N_ICCS; i++) {
                const struct gic_icc_reg *reg = &gic_icc_table[i];
                bool here = reg->name && reg->n_apr <= 1u << (rig->gic.n_priority_bits - 5);
                uint64_t value = 0;
                int r = shm_sysreg_read(&rig->gic, 1, reg->encoding, &value);

                broken += r != (here && reg->access != GIC_ACCESS_WO ? 0 : -ENOENT);
                broken += r == 0 && reg->reset != GIC_RESET_CONFIG && value != reg->reset;
        }
        tap_eq(broken, 0,
               "12.2: each ICC_*_EL1 that can be read reads its reset value, the others are "
               "UNDEFINED");
        tap_eq((int64_t)mrs(rig, 1, ICC_BPR0), 7 - (int)rig->gic.n_priority_bits,
               "12.2.4 ICC_BPR0_EL1: the minimum");
        tap_eq((int64_t)mrs(rig, 1, ICC_BPR1), 8 - (int)rig->gic.n_priority_bits,
               "12.2.5 ICC_BPR1_EL1: the minimum");
}

static void icc_directions(struct rig *rig)
{
        unsigned broken = 0;

        for (unsigned i = 0; i < GIC_N_ICCS; i++) {
                const struct gic_icc_reg *reg = &gic_icc_table[i];
                bool here = reg->name && reg->n_apr <= 1u << (rig->gic.n_priority_bits - 5);
                int want = here && reg->access != GIC_ACCESS_RO ? 0 : -ENOENT;

                broken += shm_sysreg_write(&rig->gic, 1, GIC_ICC_FIRST + i, 0) !=
                          (i < 40 ? want : -ENOENT);
        }
        tap_eq(broken, 0, "12.2: writing a read-only or an absent ICC_*_EL1 is UNDEFINED");
        tap_eq(shm_sysreg_write(&rig->gic, 1, ICC_PMR, 0), 0, "12.2.19 ICC_PMR_EL1 is written");
        tap_eq(shm_sysreg_write(&rig->gic, 1, SYSREG(4, 6, 1), 0), -ENOENT,
               "12.2: its neighbour is not");
}

/*
 * Every offset and width of a frame: an error exactly where no row takes it,
 * told by the right bit alone.
 */
static void sweep(struct rig *rig, unsigned frame)
{
        unsigned reads = 0, writes = 0;

        frame_write(rig, frame ? 1 : 0, STATUSR, 4, 0xf);
        for (uint32_t offset = 0; offset < GICR_FRAME_SIZE; offset++) {
                for (unsigned len = 1; len <= 8; len *= 2) {
                        const struct gic_reg *reg = gic_reg_find(tables[frame], offset, len);
                        uint32_t want_read = !reg ? RRD : reg->access == GIC_ACCESS_WO ? RWOD : 0;
                        uint32_t want_write = !reg ? WRD : reg->access == GIC_ACCESS_RO ? WROD : 0;
                        uint64_t errors = shm_read_guest_errors(&rig->gic);

                        frame_read(rig, frame, offset, len);
                        reads += frame_read(rig, frame ? 1 : 0, STATUSR, 4) != want_read;
                        reads += shm_read_guest_errors(&rig->gic) - errors != (want_read != 0);
                        frame_write(rig, frame ? 1 : 0, STATUSR, 4, 0xf);
                        /* 0 names no SPI: counted, but no bit of STATUSR */
                        if (reg && reg->access == GIC_ACCESS_WO)
                                continue;
                        errors = shm_read_guest_errors(&rig->gic);
                        frame_write(rig, frame, offset, len, 0);
                        writes += frame_read(rig, frame ? 1 : 0, STATUSR, 4) != want_write;
                        writes += shm_read_guest_errors(&rig->gic) - errors != (want_write != 0);
                        frame_write(rig, frame ? 1 : 0, STATUSR, 4, 0xf);
                }
        }
        tap_eq(reads, 0,
               "12.1.3 %s %u: reads in error set RRD or RWOD and are counted, others do neither",
               tables[frame]->frame, frame);
        tap_eq(writes, 0,
               "12.1.3 %s %u: writes in error set WRD or WROD and are counted, others do neither",
               tables[frame]->frame, frame);
}

static void statusr(struct rig *rig)
{
        uint64_t errors;

        shm_gicd_read(&rig->gic, 0x20, 4);
        shm_gicd_write(&rig->gic, 0x20, 4, 1);
        shm_gicd_read(&rig->gic, 0x40, 4);
        shm_gicd_write(&rig->gic, 0x4, 4, 1);
        tap_eq(gicd_get(rig, STATUSR), 0xf, "12.9.37 GICD_STATUSR: each kind of error has its bit");
        gicd(rig, STATUSR, 0);
        tap_eq(gicd_get(rig, STATUSR), 0xf, "12.9.37 GICD_STATUSR: writing 0 keeps it");
        gicd(rig, STATUSR, WRD | WROD);
        tap_eq(gicd_get(rig, STATUSR), RRD | RWOD,
               "12.9.37 GICD_STATUSR: writing 1 clears that bit alone");
        gicd(rig, STATUSR, UINT32_MAX);
        tap_eq(gicd_get(rig, STATUSR), 0, "12.9.37 GICD_STATUSR: and all");
        tap_eq((int64_t)rd(rig, 0, STATUSR, 4), 0,
               "12.11.35 GICR_STATUSR: an error at the distributor is not told there");
        rd(rig, 1, 0x24, 4);
        rd_write(rig, 1, GICR_FRAME_SIZE + 0x20, 4, 1);
        rd_write(rig, 1, 0x8, 8, 1);
        tap_eq((int64_t)rd(rig, 1, STATUSR, 4), RRD | WRD | WROD,
               "12.11.35 GICR_STATUSR: both frames, each kind of error");
        tap_ok(rd(rig, 0, STATUSR, 4) == 0 && gicd_get(rig, STATUSR) == 0,
               "12.11.35 GICR_STATUSR: of that redistributor alone");
        rd_write(rig, 1, STATUSR, 4, RRD);
        tap_eq((int64_t)rd(rig, 1, STATUSR, 4), WRD | WROD,
               "12.11.35 GICR_STATUSR: write 1 to clear");

        errors = shm_read_guest_errors(&rig->gic);
        gicd(rig, 0x40, 5);
        gicd(rig, 0x40, 1023);
        gicd(rig, 0x48, 1056);
        gicd(rig, 0x48, 4096 + rig->gic.n_espis);
        tap_ok(shm_read_guest_errors(&rig->gic) - errors == 4 && gicd_get(rig, STATUSR) == 0,
               "12.9.33, 12.9.1 GICD_SETSPI_NSR, GICD_CLRSPI_NSR: an INTID of no SPI is counted, "
               "no bit of STATUSR");
        errors = shm_read_guest_errors(&rig->gic);
        rd(rig, rig->gic.n_vcpus, 0x20, 4);
        rd_write(rig, rig->gic.n_vcpus, 0x20, 4, 0);
        tap_eq((int64_t)(shm_read_guest_errors(&rig->gic) - errors), 2,
               "behind the last redistributor: counted");
        gicd(rig, 0x4, 0);
        shm_reset_all(&rig->gic);
        tap_ok(gicd_get(rig, STATUSR) == 0 && rd(rig, 1, STATUSR, 4) == 0,
               "12.9.37, 12.11.35: a reset clears them");
}

static void typers_tell_the_configuration(void)
{
        static const uint32_t regions[3] = { 2, 1, 3 };
        static const struct {
                struct shm_shape shape;
                uint32_t gicd_typer;    /* written from the bit table of 12.9.38 */
                uint32_t gicr_low;      /* 12.11.37 but for Processor_Number and Last */
                /* writable bits: low, high half (12.9.22); case 0 has no SPI */
                uint32_t irouter[2];
        } cases[] = {
                { { .n_spis = 0, .n_priority_bits = 4 }, 0x02490000, 0, { 0xffffff, 0 } },
                { { .n_spis = 1, .n_priority_bits = 5, .features = SHM_FEATURE_RSS }, 0x06490001, 0,
                  { 0xffffff, 0 } },
                { { .n_spis = 988, .n_priority_bits = 8, .features = SHM_FEATURE_AFF3 }, 0x0349001f,
                  0,
                  { 0xffffff, 0xff } },
                { { .n_spis = 64, .n_priority_bits = 5, .n_eppis = 32,
                    .features = SHM_FEATURE_1_OF_N }, 0x00510002,
                  0x08000020, { 0x80ffffff, 0 } },
                { { .n_spis = 64, .n_priority_bits = 5, .n_espis = 32,
                    .features = SHM_FEATURE_ALL }, 0x05610102, 0x20,
                  { 0x80ffffff, 0xff } },
                { { .n_spis = 96, .n_priority_bits = 5, .n_espis = 1024, .n_eppis = 64,
                    .features = SHM_FEATURE_ALL },
                  0xfd610103, 0x10000020, { 0x80ffffff, 0xff } },
        };

        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct shm_shape shape = cases[i].shape;
                const uint64_t at = 0x6100;
                unsigned broken = 0;
                struct rig rig;

                shape.n_vcpus = 6;
                shape.redist_regions = regions;
                shape.n_redist_regions = 3;
                rig_create_shape(&rig, &shape);
                tap_eq(gicd_get(&rig, 4), cases[i].gicd_typer,
                       "12.9.38 GICD_TYPER of configuration %u", i);
                for (uint32_t v = 0; v < 6; v++) {
                        bool last = v == 1 || v == 2 || v == 5;
                        uint64_t want = (uint64_t)v << 32 | cases[i].gicr_low | v << 8 |
                                        (last ? 0x10 : 0);

                        broken += rd(&rig, v, 8, 8) != want || rd(&rig, v, 8, 4) != (uint32_t)want;
                        broken += rd(&rig, v, 12, 4) != v;
                }
                tap_eq(broken, 0,
                       "12.11.37 GICR_TYPER of configuration %u: DPGS, PPInum, Last (conformance "
                       "24)", i);
                shm_gicd_write(&rig.gic, at, 8, UINT64_MAX);
                tap_eq((int64_t)shm_gicd_read(&rig.gic, at, 8),
                       i ? (int64_t)((uint64_t)cases[i].irouter[1] << 32 | cases[i].irouter[0]) : 0,
                       "12.9.22 GICD_IROUTER of configuration %u: Aff3 and Interrupt_Routing_Mode "
                       "(conformance 16)", i);
                rd_write(&rig, 0, 0, 4, UINT32_MAX);
                tap_eq((int64_t)rd(&rig, 0, 0, 4),
                       (shape.features & SHM_FEATURE_1_OF_N) ? 0x03000000 : 0,
                       "12.11.2 GICR_CTLR of configuration %u: DPG0 and DPG1NS if DPGS, DPG1S "
                       "RAZ/WI", i);
                tap_eq((int64_t)rd(&rig, 1, 0, 4), 0,
                       "12.11.2 GICR_CTLR: of that redistributor alone");
                rig_destroy(&rig);
        }
}

static uint32_t chosen(const struct rig *rig)
{
        return gic_word_route(shm_word_load(&rig->gic.spis[8].word));
}

/*
 * A pending 1-of-N SPI is with a vCPU; what makes that one ineligible
 * gives it to the other, who is rung.
 */
static void who_is_excluded_passes_one_of_n_on(void)
{
        static const struct { const char *what; uint32_t sysreg, offset, close, open; } gates[] = {
                { "12.11.2 GICR_CTLR.DPG1NS", 0, 0, 1u << 25, 0 },
                { "12.11.42 GICR_WAKER.ProcessorSleep", 0, 0x14, 2, 0 },
                { "12.2.16 ICC_IGRPEN1_EL1", ICC_IGRPEN1, 0, 0, 1 },
        };
        struct rig rig;

        rig_create(&rig, 2, 32, 5);
        rig_boot(&rig);
        enable(&rig, 0, 40);
        route(&rig, 40, UINT64_C(1) << 31);
        high(&rig, 40);
        for (unsigned i = 0; i < 3; i++) {
                uint32_t from = chosen(&rig), to = 1 - from;

                shm_park_begin(&rig.gic, to, SHM_PARK_PARKED);
                memset(rig.rings, 0, sizeof rig.rings);
                if (gates[i].sysreg)
                        msr(&rig, from, gates[i].sysreg, gates[i].close);
                else
                        rd_write(&rig, from, gates[i].offset, 4, gates[i].close);
                tap_ok(chosen(&rig) == to && rig.rings[to], "%s moves a 1-of-N interrupt on",
                       gates[i].what);
                shm_park_end(&rig.gic, to);
                if (gates[i].sysreg)
                        msr(&rig, to, gates[i].sysreg, gates[i].close);
                else
                        rd_write(&rig, to, gates[i].offset, 4, gates[i].close);
                tap_eq(chosen(&rig), GIC_NO_VCPU, "%s of both: nobody has it", gates[i].what);
                for (uint32_t v = 0; v < 2; v++) {
                        if (gates[i].sysreg)
                                msr(&rig, v, gates[i].sysreg, gates[i].open);
                        else
                                rd_write(&rig, v, gates[i].offset, 4, gates[i].open);
                        tap_eq(chosen(&rig), 0, "%s again: the first to open it has it",
                               gates[i].what);
                }
        }
        rd_write(&rig, 0, 0, 4, 1u << 24);
        tap_eq(chosen(&rig), 0, "12.11.2 GICR_CTLR.DPG0: not for Group 1");
        tap_eq(ack(&rig, 0), 40,
               "12.11.2 GICR_CTLR.DPG0, an SPI of Group 1: the chosen vCPU takes it");
        rig_destroy(&rig);
}

int main(void)
{
        struct shm_shape shape = { .n_vcpus = 3, .n_spis = 64, .n_priority_bits = 5, .n_espis = 64,
                                   .n_eppis = 32,
                                   .features = SHM_FEATURE_ALL };
        struct rig rig;

        rig_create_shape(&rig, &shape);
        resets(&rig);
        icc_directions(&rig);
        for (unsigned frame = 0; frame < 3; frame++)
                sweep(&rig, frame);
        statusr(&rig);
        rig_destroy(&rig);
        shape.n_priority_bits = 7;
        rig_create_shape(&rig, &shape);
        resets(&rig);
        icc_directions(&rig);
        rig_destroy(&rig);
        typers_tell_the_configuration();
        who_is_excluded_passes_one_of_n_on();
        return tap_done();
}
