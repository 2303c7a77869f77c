/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgic-bench-path: what one operation of the data path costs, for the comparison of two commits
 *
 * What    Each row is one operation done many times, in one function of its own. Without --count it prints
 *         nanoseconds an operation; with --count it is run under callgrind, which collects inside row_*() only
 *         (bench/compare.sh). Neither figure says anything alone: compare.sh runs the programs of two commits in
 *         turn and prints the ratios.
 * Owner   It uses nothing but <vgic/vgic.h> as it was in the first release, so that it builds and runs against older
 *         commits' libraries.
 * Threads One.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "load-guest.h"

#define SPI_EDGE       40u
#define SPI_LEVEL      41u
#define SPI_CROWD      96u
#define N_CROWD       900u
#define PPI            20u
#define SGI             5u
#define N_COUNTED    2000u

#define GICR_STRIDE    0x20000u
#define GICR_SGI_BASE  0x10000u

struct path {
        struct bench_vm vm;
        struct vgic_vm *gic;
        struct vgic_vcpu *self;
        uint32_t intid;         /* which SPI comes and goes */
};

struct shape {
        uint32_t n_vcpus, n_spis;
        bool crowd;             /* N_CROWD SPIs of lower priority stay pending */
        bool eoimode;
};

static void take(struct vgic_vcpu *vcpu, uint32_t intid)
{
        uint32_t taken = vgic_vcpu_ack(vcpu, 1);

        if (taken != intid) {
                fprintf(stderr, "vgic-bench-path: INTID %u came for %u\n", taken, intid);
                exit(1);
        }
        vgic_vcpu_eoi(vcpu, 1, taken);
}

/* --- rows: each does its operation @n times --- */

#define ROW __attribute__((noinline)) static void

ROW row_spi_edge(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take(p->self, p->intid);
        }
}

ROW row_spi_level(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                uint32_t taken;

                vgic_spi_assert(p->gic, SPI_LEVEL);
                taken = vgic_vcpu_ack(p->self, 1);
                vgic_spi_deassert(p->gic, SPI_LEVEL);
                vgic_vcpu_eoi(p->self, 1, taken);
        }
}

ROW row_spi_dir(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take(p->self, p->intid);
                vgic_vcpu_dir(p->self, p->intid);
        }
}

ROW row_ppi(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_ppi_pulse(p->gic, 0, PPI);
                take(p->self, PPI);
        }
}

ROW row_sgi_self(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 1);
                take(p->self, SGI);
        }
}

ROW row_sgi_list(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 0xf);
                for (unsigned vcpu = 0; vcpu < 4; vcpu++)
                        take(p->vm.vcpus[vcpu], SGI);
        }
}

ROW row_sgi_all(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, UINT64_C(1) << 40 | SGI << 24);
                for (unsigned vcpu = 1; vcpu < p->vm.n_vcpus; vcpu++)
                        take(p->vm.vcpus[vcpu], SGI);
        }
}

ROW row_ack_none(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_ack(p->self, 1);
}

static void read_registers(struct path *p, unsigned n, uint32_t reg)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_sysreg_read(p->self, reg, &value);
}

ROW row_read_hppir(struct path *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_HPPIR1_EL1);
}

ROW row_read_rpr(struct path *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_RPR_EL1);
}

ROW row_read_ctlr(struct path *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_CTLR_EL1);
}

ROW row_write_pmr(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_PMR_EL1, i % 2 ? 0xf0 : 0x70);
}

ROW row_icc_ctlr(struct path *p, unsigned n)
{
        struct vgic_icc_ctlr ctlr;

        for (unsigned i = 0; i < n; i++)
                vgic_vm_icc_ctlr(p->gic, i % p->vm.n_vcpus, &ctlr);
}

ROW row_lines(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_lines(p->self);
}

/* A driver masks and unmasks its interrupt. */
ROW row_mask(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_write(p->gic, 0x180 + SPI_EDGE / 32 * 4, 4, 1u << SPI_EDGE % 32);
                vgic_gicd_write(p->gic, 0x100 + SPI_EDGE / 32 * 4, 4, 1u << SPI_EDGE % 32);
        }
}

ROW row_mask_ppi(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x180, 4, 1u << PPI);
                vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x100, 4, 1u << PPI);
        }
}

ROW row_read_pending(struct path *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_gicd_read(p->gic, 0x200 + SPI_EDGE / 32 * 4, 4, &value);
}

ROW row_priority(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_gicd_write(p->gic, 0x400 + SPI_EDGE, 1, i % 2 ? 0x80 : 0x90);
}

ROW row_irouter(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_gicd_write(p->gic, 0x6000 + 8 * SPI_EDGE, 8, i % 2);
}

ROW row_message(struct path *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_write(p->gic, 0x40, 4, p->intid);
                take(p->self, p->intid);
        }
}

static const struct row {
        const char *name;       /* no more than 59 bytes: the table's first column */
        void (*run)(struct path *p, unsigned n);
        struct shape shape;
        unsigned n;             /* operations of one timing */
} rows[] = {
        { "SPI, edge: inject + acknowledge + EOI", row_spi_edge, { 1, 32, false, false }, 80000 },
        { "the same with 512 vCPUs and 988 SPIs", row_spi_edge, { 512, 988, false, false }, 80000 },
        { "the same with 900 candidates of lower priority", row_spi_edge, { 1, 988, true, false }, 1000 },
        { "SPI, level: raise + acknowledge + lower + EOI", row_spi_level, { 1, 32, false, false }, 80000 },
        { "SPI, EOImode 1: inject + acknowledge + EOI + DIR", row_spi_dir, { 1, 32, false, true }, 80000 },
        { "SPI by GICD_SETSPI_NSR: write + acknowledge + EOI", row_message, { 1, 32, false, false }, 80000 },
        { "PPI: inject + acknowledge + EOI", row_ppi, { 1, 32, false, false }, 80000 },
        { "SGI to itself: ICC_SGI1R + acknowledge + EOI", row_sgi_self, { 1, 32, false, false }, 80000 },
        { "SGI to a list of 4: ICC_SGI1R + 4 acknowledges + EOIs", row_sgi_list, { 8, 32, false, false }, 20000 },
        { "SGI to all others of 8: ICC_SGI1R + 7 acknowledges + EOIs", row_sgi_all, { 8, 32, false, false }, 20000 },
        { "acknowledge with nothing pending", row_ack_none, { 1, 32, false, false }, 200000 },
        { "read of ICC_HPPIR1_EL1", row_read_hppir, { 1, 32, false, false }, 200000 },
        { "read of ICC_RPR_EL1", row_read_rpr, { 1, 32, false, false }, 200000 },
        { "read of ICC_CTLR_EL1", row_read_ctlr, { 1, 32, false, false }, 200000 },
        { "write of ICC_PMR_EL1", row_write_pmr, { 1, 32, false, false }, 200000 },
        { "ICC_CTLR_EL1 of any vCPU, as an observer reads it", row_icc_ctlr, { 512, 32, false, false }, 200000 },
        { "the vCPU's IRQ and FIQ lines", row_lines, { 1, 32, false, false }, 200000 },
        { "GICD_ICENABLER + ISENABLER of one SPI", row_mask, { 1, 32, false, false }, 40000 },
        { "GICR_ICENABLER0 + ISENABLER0 of one PPI", row_mask_ppi, { 1, 32, false, false }, 40000 },
        { "read of GICD_ISPENDR", row_read_pending, { 1, 32, false, false }, 40000 },
        { "byte write of GICD_IPRIORITYR", row_priority, { 1, 32, false, false }, 200000 },
        { "write of GICD_IROUTER", row_irouter, { 8, 32, false, false }, 80000 },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* An edge PPI that is on; the SPIs of the rows; the crowd. */
static void prepare(struct path *p, const struct shape *shape)
{
        p->gic = p->vm.vm;
        p->self = p->vm.vcpus[0];
        p->intid = SPI_EDGE;
        bench_must(load_guest_cpu(p->gic, p->self, shape->eoimode), "CPU interface");
        bench_must(vgic_gicr_write(p->gic, GICR_SGI_BASE + 0xc04, 4, 2u << (PPI % 16) * 2), "GICR_ICFGR1");
        bench_must(vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x100, 4, 1u << PPI), "GICR_ISENABLER0");
        bench_spi(&p->vm, SPI_EDGE, 0, 0x20);
        bench_spi(&p->vm, SPI_LEVEL, 0, 0x20);
        bench_must(vgic_gicd_write(p->gic, 0xc00 + SPI_LEVEL / 16 * 4, 4, 2u << (SPI_EDGE % 16) * 2), "GICD_ICFGR");
        for (uint32_t i = 0; shape->crowd && i < N_CROWD; i++) {
                bench_spi(&p->vm, SPI_CROWD + i, 0, 0x80);
                bench_must(vgic_spi_pulse(p->gic, SPI_CROWD + i), "pulse");
        }
}

/* Rows that follow each other with the same shape share a VM. */
static bool same_shape(const struct shape *a, const struct shape *b)
{
        return a->n_vcpus == b->n_vcpus && a->n_spis == b->n_spis && a->crowd == b->crowd && a->eoimode == b->eoimode;
}

static void run_rows(struct bench *bench, bool count)
{
        struct path p;

        for (unsigned i = 0; i < N_ROWS; i++) {
                const struct row *row = &rows[i];
                uint64_t start;

                if (i == 0 || !same_shape(&row->shape, &rows[i - 1].shape)) {
                        if (i)
                                bench_vm_close(&p.vm);
                        bench_vm_open(bench, &p.vm, "path", row->shape.n_vcpus, row->shape.n_spis);
                        prepare(&p, &row->shape);
                }
                if (count) {
                        row->run(&p, N_COUNTED);
                        printf("%s\t%u\n", row->name, N_COUNTED);
                        continue;
                }
                row->run(&p, row->n / 10);
                start = bench_now_ns();
                row->run(&p, row->n);
                printf("%s\t%.3f\n", row->name, (double)(bench_now_ns() - start) / row->n);
        }
        bench_vm_close(&p.vm);
}

int main(int argc, char **argv)
{
        struct bench bench = { 0 };
        bool count = argc > 2 && strcmp(argv[2], "--count") == 0;

        if (argc < 2 || argc > 3 || (argc == 3 && !count)) {
                fprintf(stderr, "Usage: vgic-bench-path VGICD [--count]\n");
                return 2;
        }
        bench.daemon_path = argv[1];
        bench_daemon_start(&bench);
        run_rows(&bench, count);
        bench_daemon_stop(&bench);
        return fflush(stdout) != 0 || ferror(stdout);
}
