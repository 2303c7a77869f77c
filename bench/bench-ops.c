/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The operations of the data path: see bench-ops.h
 *
 * A row's function is not inlined, and its name begins with row_: callgrind collects inside those
 * (compare.sh).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench-ops.h"
#include "load-guest.h"

#define SPI_EDGE       40u
#define SPI_LEVEL      41u
#define SPI_HOT        64u      /* N_HOT of them */
#define N_HOT          16u
#define PPI            20u
#define SGI             5u

#define GICR_STRIDE    0x20000u
#define GICR_SGI_BASE  0x10000u

static void take(struct vgic_vcpu *vcpu, uint32_t intid)
{
        uint32_t taken = vgic_vcpu_ack(vcpu, 1);

        if (taken != intid) {
                fprintf(stderr, "vgic-bench: INTID %u came for %u\n", taken, intid);
                exit(1);
        }
        vgic_vcpu_eoi(vcpu, 1, taken);
}

/* --- rows: each does its operation @n times --- */

#define ROW __attribute__((noinline)) static void

ROW row_spi_edge(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take(p->self, p->intid);
        }
}

/*
 * The device lowers its line before the EOI, as a driver that has served it does: else it would
 * come again.
 */
ROW row_spi_level(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                uint32_t taken;

                vgic_spi_assert(p->gic, SPI_LEVEL);
                taken = vgic_vcpu_ack(p->self, 1);
                vgic_spi_deassert(p->gic, SPI_LEVEL);
                vgic_vcpu_eoi(p->self, 1, taken);
        }
}

ROW row_spi_dir(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take(p->self, p->intid);
                vgic_vcpu_dir(p->self, p->intid);
        }
}

ROW row_ppi(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_ppi_pulse(p->gic, 0, PPI);
                take(p->self, PPI);
        }
}

ROW row_sgi_self(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 1);
                take(p->self, SGI);
        }
}

/*
 * A host that keeps the vCPU's inputs: asked for after each register, or returned with it. In line,
 * as in a host's own access.
 */
#define PART static inline __attribute__((always_inline)) void

PART write_and_ask(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value)
{
        vgic_vcpu_sysreg_write(vcpu, reg, value);
        vgic_vcpu_lines(vcpu);
}

PART take_and_ask(struct vgic_vcpu *vcpu, uint32_t intid)
{
        uint64_t taken = 0;

        vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_IAR1_EL1, &taken);
        vgic_vcpu_lines(vcpu);
        if (taken != intid)
                bench_die("another interrupt came", EIO);
        write_and_ask(vcpu, VGIC_ICC_EOIR1_EL1, taken);
}

PART take_with_lines(struct vgic_vcpu *vcpu, uint32_t intid)
{
        uint64_t taken = 0;
        unsigned lines;

        vgic_vcpu_sysreg_read_lines(vcpu, VGIC_ICC_IAR1_EL1, &taken, &lines);
        if (taken != intid)
                bench_die("another interrupt came", EIO);
        vgic_vcpu_sysreg_write_lines(vcpu, VGIC_ICC_EOIR1_EL1, taken, &lines);
}

ROW row_sgi_asked(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                write_and_ask(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 1);
                take_and_ask(p->self, SGI);
        }
}

ROW row_sgi_with_lines(struct bench_ops *p, unsigned n)
{
        unsigned lines;

        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write_lines(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 1, &lines);
                take_with_lines(p->self, SGI);
        }
}

ROW row_spi_asked(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take_and_ask(p->self, p->intid);
        }
}

ROW row_spi_with_lines(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, p->intid);
                take_with_lines(p->self, p->intid);
        }
}

ROW row_pmr_with_lines(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                unsigned lines;

                vgic_vcpu_sysreg_write_lines(p->self, VGIC_ICC_PMR_EL1, i % 2 ? 0xf0 : 0xff,
                                             &lines);
        }
}

ROW row_peek(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_peek_lines(p->self);
}

/* vCPUs 0 to 3, the sender among them, by the target list of ICC_SGI1R_EL1. */
ROW row_sgi_list(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 0xf);
                for (unsigned vcpu = 0; vcpu < 4; vcpu++)
                        take(p->vm.vcpus[vcpu], SGI);
        }
}

/* ICC_SGI1R_EL1.IRM: all but the sender, in one write. */
ROW row_sgi_all(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, UINT64_C(1) << 40 | SGI << 24);
                for (unsigned vcpu = 1; vcpu < p->vm.n_vcpus; vcpu++)
                        take(p->vm.vcpus[vcpu], SGI);
        }
}

ROW row_ack_none(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_ack(p->self, 1);
}

static void read_registers(struct bench_ops *p, unsigned n, uint32_t reg)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_sysreg_read(p->self, reg, &value);
}

ROW row_read_hppir(struct bench_ops *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_HPPIR1_EL1);
}

ROW row_read_rpr(struct bench_ops *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_RPR_EL1);
}

ROW row_read_ctlr(struct bench_ops *p, unsigned n)
{
        read_registers(p, n, VGIC_ICC_CTLR_EL1);
}

ROW row_write_pmr(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_PMR_EL1, i % 2 ? 0xf0 : 0x70);
}

ROW row_icc_ctlr(struct bench_ops *p, unsigned n)
{
        struct vgic_icc_ctlr ctlr;

        for (unsigned i = 0; i < n; i++)
                vgic_vm_icc_ctlr(p->gic, i % p->vm.n_vcpus, &ctlr);
}

ROW row_lines(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_vcpu_lines(p->self);
}

/* A driver masks and unmasks its interrupt. */
ROW row_mask(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_write(p->gic, 0x180 + SPI_EDGE / 32 * 4, 4, 1u << SPI_EDGE % 32);
                vgic_gicd_write(p->gic, 0x100 + SPI_EDGE / 32 * 4, 4, 1u << SPI_EDGE % 32);
        }
}

ROW row_mask_ppi(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x180, 4, 1u << PPI);
                vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x100, 4, 1u << PPI);
        }
}

ROW row_read_pending(struct bench_ops *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_gicd_read(p->gic, 0x200 + SPI_EDGE / 32 * 4, 4, &value);
}

ROW row_priority(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_gicd_write(p->gic, 0x400 + SPI_EDGE, 1, i % 2 ? 0x80 : 0x90);
}

ROW row_irouter(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_gicd_write(p->gic, 0x6000 + 8 * SPI_EDGE, 8, i % 2);
}

ROW row_message(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_write(p->gic, 0x40, 4, p->intid);
                take(p->self, p->intid);
        }
}

ROW row_sgi_other(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_vcpu_sysreg_write(p->self, VGIC_ICC_SGI1R_EL1, SGI << 24 | 2);
                take(p->vm.vcpus[1], SGI);
        }
}

/* The driver of another CPU, or a tool, makes it pending by the register. */
ROW row_ispendr(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_write(p->gic, 0x200 + SPI_EDGE / 32 * 4, 4, 1u << SPI_EDGE % 32);
                take(p->self, SPI_EDGE);
        }
}

/* Each in its turn, as devices that are busy interrupt; the VMM looks at the lines first. */
ROW row_hot_in_turn(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                vgic_spi_pulse(p->gic, SPI_HOT + i % N_HOT);
                vgic_vcpu_lines(p->self);
                take(p->self, SPI_HOT + i % N_HOT);
        }
}

/* Of the same priority, and of two words of candidates, as a timer and a device of Linux are. */
ROW row_ppi_and_spi(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                uint32_t intid = i % 2 ? SPI_HOT : PPI;

                if (i % 2)
                        vgic_spi_pulse(p->gic, SPI_HOT);
                else
                        vgic_ppi_pulse(p->gic, 0, PPI);
                vgic_vcpu_lines(p->self);
                take(p->self, intid);
        }
}

/* One operation is one delivery, too: all 16 become pending, and are taken one by one. */
ROW row_hot_at_once(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                if (i % N_HOT == 0)
                        for (unsigned k = 0; k < N_HOT; k++)
                                vgic_spi_pulse(p->gic, SPI_HOT + k);
                take(p->self, SPI_HOT + i % N_HOT);
        }
}

ROW row_read_active(struct bench_ops *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_gicd_read(p->gic, 0x300 + SPI_EDGE / 32 * 4, 4, &value);
}

ROW row_read_enable(struct bench_ops *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_gicd_read(p->gic, 0x100 + SPI_EDGE / 32 * 4, 4, &value);
}

ROW row_read_priority(struct bench_ops *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++)
                vgic_gicd_read(p->gic, 0x400 + SPI_EDGE, 4, &value);
}

/* As Linux sets a trigger: the other 15 fields are written back. */
ROW row_config(struct bench_ops *p, unsigned n)
{
        uint64_t value;

        for (unsigned i = 0; i < n; i++) {
                vgic_gicd_read(p->gic, 0xc00 + SPI_EDGE / 16 * 4, 4, &value);
                vgic_gicd_write(p->gic, 0xc00 + SPI_EDGE / 16 * 4, 4,
                                value ^ 2u << (SPI_EDGE % 16) * 2);
        }
}

ROW row_priorities(struct bench_ops *p, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                vgic_gicd_write(p->gic, 0x400 + SPI_EDGE, 4,
                                i % 2 ? 0x80808080 : 0x90909090);
}

#define SMALL           { .n_vcpus = 1, .n_spis = 32 }
#define SMALL_EOIMODE1  { .n_vcpus = 1, .n_spis = 32, .eoimode = true }
#define EIGHT           { .n_vcpus = 8, .n_spis = 32 }
#define LARGE           { .n_vcpus = 512, .n_spis = 988 }
#define CROWD_900       { .n_vcpus = 1, .n_spis = 988, .crowd = 96, .n_crowd = 900 }
/* INTIDs 64 to 127 are one word of a candidate set. */
#define CROWD_63        { .n_vcpus = 1, .n_spis = 988, .intid = 64, .crowd = 65, .n_crowd = 63 }
#define CROWD_63_FIRST  { .n_vcpus = 1, .n_spis = 988, .intid = 127, .crowd = 64, .n_crowd = 63 }
#define HOT_16          { .n_vcpus = 1, .n_spis = 128, .has_hot = true, .hot_step = 8 }
#define HOT_1           { .n_vcpus = 1, .n_spis = 128, .has_hot = true }

const struct bench_op bench_op_table[] = {
        { "edge", "SPI, edge: inject + acknowledge + EOI", row_spi_edge, SMALL, 80000, 1 },
        { "edge-512", "the same with 512 vCPUs and 988 SPIs", row_spi_edge, LARGE, 80000, 1 },
        { "crowd-900", "the same with 900 candidates of lower priority",
          row_spi_edge, CROWD_900, 1000, 1 },
        { "crowd-63", "the same with 63 of lower priority in the same word",
          row_spi_edge, CROWD_63, 4000, 1 },
        { "crowd-63-first", "the same, and the 63 have the lower INTIDs",
          row_spi_edge, CROWD_63_FIRST, 4000, 1 },
        { "hot-16", "16 SPIs in turn, 16 priorities: inject + lines + ack + EOI",
          row_hot_in_turn, HOT_16, 40000, 2 },
        { "hot-1", "16 SPIs in turn, one priority: inject + lines + ack + EOI",
          row_hot_in_turn, HOT_1, 40000, 2 },
        { "ppi-and-spi", "PPI and SPI in turn, one priority: inject + lines + ack + EOI",
          row_ppi_and_spi, HOT_1, 40000, 2 },
        { "burst-16", "16 SPIs at once, 16 priorities: each inject + ack + EOI",
          row_hot_at_once, HOT_16, 40000, 16 },
        { "burst-1", "16 SPIs at once, one priority: each inject + ack + EOI",
          row_hot_at_once, HOT_1, 40000, 16 },
        { "level", "SPI, level: raise + acknowledge + lower + EOI",
          row_spi_level, SMALL, 80000, 1 },
        { "dir", "SPI, EOImode 1: inject + acknowledge + EOI + DIR",
          row_spi_dir, SMALL_EOIMODE1, 80000, 1 },
        { "setspi", "SPI by GICD_SETSPI_NSR: write + acknowledge + EOI",
          row_message, SMALL, 80000, 1 },
        { "ispendr", "SPI by GICD_ISPENDR: write + acknowledge + EOI",
          row_ispendr, SMALL, 80000, 1 },
        { "ppi", "PPI: inject + acknowledge + EOI", row_ppi, SMALL, 80000, 1 },
        { "sgi-self", "SGI to itself: ICC_SGI1R + acknowledge + EOI",
          row_sgi_self, SMALL, 80000, 1 },
        { "sgi-other", "SGI to another: ICC_SGI1R + acknowledge + EOI there",
          row_sgi_other, EIGHT, 80000, 1 },
        { "sgi-list", "SGI to a list of 4: ICC_SGI1R + 4 acknowledges + EOIs",
          row_sgi_list, EIGHT, 20000, 1 },
        { "sgi-all", "SGI to all others of 8: ICC_SGI1R + 7 acknowledges + EOIs",
          row_sgi_all, EIGHT, 20000, 1 },
        { "ack-none", "acknowledge with nothing pending", row_ack_none, SMALL, 200000, 1 },
        { "lines-none", "the vCPU's IRQ and FIQ lines", row_lines, SMALL, 200000, 1 },
        { "peek-none", "the same as any thread finds them", row_peek, SMALL, 200000, 1 },
        { "spi-asked", "SPI: inject + IAR + lines + EOIR + lines, by registers",
          row_spi_asked, SMALL, 80000, 1 },
        { "spi-with", "the same, the lines returned by IAR and EOIR",
          row_spi_with_lines, SMALL, 80000, 1 },
        { "spi-with-900", "the same with 900 candidates of lower priority",
          row_spi_with_lines, CROWD_900, 1000, 1 },
        { "sgi-asked", "SGI to itself: SGI1R, IAR, EOIR, lines after each",
          row_sgi_asked, SMALL, 80000, 1 },
        { "sgi-with", "the same, the lines returned by each",
          row_sgi_with_lines, SMALL, 80000, 1 },
        { "pmr-with", "write of ICC_PMR_EL1 that returns the lines", row_pmr_with_lines, SMALL,
          200000, 2 },
        { "hppir", "read of ICC_HPPIR1_EL1", row_read_hppir, SMALL, 200000, 1 },
        { "rpr", "read of ICC_RPR_EL1", row_read_rpr, SMALL, 200000, 1 },
        { "ctlr", "read of ICC_CTLR_EL1", row_read_ctlr, SMALL, 200000, 1 },
        { "pmr", "write of ICC_PMR_EL1", row_write_pmr, SMALL, 200000, 2 },
        { "observe", "ICC_CTLR_EL1 of any vCPU, as an observer reads it",
          row_icc_ctlr, LARGE, 200000, 1 },
        { "mask", "GICD_ICENABLER + ISENABLER of one SPI", row_mask, SMALL, 40000, 1 },
        { "mask-ppi", "GICR_ICENABLER0 + ISENABLER0 of one PPI", row_mask_ppi, SMALL, 40000, 1 },
        { "read-ispendr", "read of GICD_ISPENDR", row_read_pending, SMALL, 40000, 1 },
        { "read-isactiver", "read of GICD_ISACTIVER", row_read_active, SMALL, 40000, 1 },
        { "read-isenabler", "read of GICD_ISENABLER", row_read_enable, SMALL, 40000, 1 },
        { "read-ipriorityr", "word read of GICD_IPRIORITYR", row_read_priority, SMALL, 200000, 1 },
        { "ipriorityr", "byte write of GICD_IPRIORITYR", row_priority, SMALL, 200000, 2 },
        { "ipriorityr-word", "word write of GICD_IPRIORITYR", row_priorities, SMALL, 80000, 2 },
        { "icfgr", "GICD_ICFGR: read + write of one field", row_config, SMALL, 40000, 2 },
        { "irouter", "write of GICD_IROUTER", row_irouter, EIGHT, 80000, 2 },
};
const unsigned bench_n_ops = sizeof(bench_op_table) / sizeof(bench_op_table[0]);

/* An edge PPI that is on; the SPIs of the rows; those that are in the way. */
static void prepare(struct bench_ops *p, const struct bench_shape *shape)
{
        p->gic = p->vm.vm;
        p->self = p->vm.vcpus[0];
        p->intid = shape->intid ? shape->intid : SPI_EDGE;
        bench_must(load_guest_cpu(p->gic, p->self, shape->eoimode), "CPU interface");
        bench_must(vgic_gicr_write(p->gic, GICR_SGI_BASE + 0xc04, 4, 2u << (PPI % 16) * 2),
                   "GICR_ICFGR1");
        bench_must(vgic_gicr_write(p->gic, GICR_SGI_BASE + 0x100, 4, 1u << PPI),
                   "GICR_ISENABLER0");
        bench_spi(&p->vm, p->intid, 0, 0x20);
        bench_spi(&p->vm, SPI_LEVEL, 0, 0x20);
        bench_must(vgic_gicd_write(p->gic, 0xc00 + SPI_LEVEL / 16 * 4, 4,
                                   2u << (SPI_EDGE % 16) * 2), "GICD_ICFGR");
        for (uint32_t i = 0; shape->has_hot && i < N_HOT; i++)
                bench_spi(&p->vm, SPI_HOT + i, 0, (uint8_t)(shape->hot_step * i));
        for (uint32_t i = 0; i < shape->n_crowd; i++) {
                bench_spi(&p->vm, shape->crowd + i, 0, 0x80);
                bench_must(vgic_spi_pulse(p->gic, shape->crowd + i), "pulse");
        }
}

void bench_ops_open(struct bench *bench, struct bench_ops *ops, const struct bench_op *op)
{
        bench_vm_open(bench, &ops->vm, "path", op->shape.n_vcpus, op->shape.n_spis);
        prepare(ops, &op->shape);
}

void bench_ops_close(struct bench_ops *ops)
{
        bench_vm_close(&ops->vm);
}

/* Member by member, not by memcmp(): padding need not be equal. */
bool bench_ops_same_vm(const struct bench_op *a, const struct bench_op *b)
{
        const struct bench_shape *x = &a->shape, *y = &b->shape;

        return x->n_vcpus == y->n_vcpus && x->n_spis == y->n_spis && x->intid == y->intid &&
               x->crowd == y->crowd && x->n_crowd == y->n_crowd && x->eoimode == y->eoimode &&
               x->has_hot == y->has_hot && x->hot_step == y->hot_step;
}
