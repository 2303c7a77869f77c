/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BENCH_OPS_H
#define BENCH_OPS_H

/*
 * The operations of the data path, one by one
 *
 * What    Each is one function that does its operation n times on a trap port, and the VM that it
 *         needs. Three programs go through the table: vgic-bench times each (bench-op-rows.c),
 *         vgic-bench-path compares two commits (bench-path.c), and tests/cost counts instructions
 *         and locked operations.
 * Owner   The caller opens a VM for a row and closes it. Nothing but <vgic/vgic.h> as it was in the
 *         first release is used, so that this builds and runs against older commits' libraries.
 * Threads One.
 */
#include "bench.h"

struct bench_ops {
        struct bench_vm vm;
        struct vgic_vm *gic;
        struct vgic_vcpu *self;
        uint32_t intid;         /* the SPI that comes and goes */
};

/* What the operation finds. */
struct bench_shape {
        uint32_t n_vcpus, n_spis;
        uint32_t intid;         /* the SPI that comes and goes; 0: the usual one */
        uint32_t crowd;         /* the SPIs from there on ... */
        uint32_t n_crowd;       /* ... so many, have a lower priority and stay pending */
        bool eoimode;           /* ICC_CTLR_EL1.EOImode */
        bool has_hot;           /* the 16 hot SPIs are there, ... */
        unsigned hot_step;      /* ... each so much lower in priority than the one before */
};

struct bench_op {
        const char *id;         /* one word, for tables that programs read */
        const char *name;       /* no more than 59 bytes: the first column of compare.sh */
        void (*run)(struct bench_ops *ops, unsigned n);
        struct bench_shape shape;
        unsigned n;             /* operations of one timing */
        unsigned turn;          /* after so many operations it does the same again */
};

extern const struct bench_op bench_op_table[];
extern const unsigned bench_n_ops;

/* A VM for @op, ready for its run(). Ends the process if anything does not work. */
void bench_ops_open(struct bench *bench, struct bench_ops *ops, const struct bench_op *op);
void bench_ops_close(struct bench_ops *ops);
/* Does a VM that was opened for one do for the other, too? */
bool bench_ops_same_vm(const struct bench_op *a, const struct bench_op *b);

#endif
