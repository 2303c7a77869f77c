/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BENCH_H
#define BENCH_H

/*
 * vgic-bench: the rows of "what good means", as ratios within one run
 *
 * What    Each row times the product and its yardstick (a bare loop, one compare-and-swap, a bare
 *         eventfd wake) alternately in one process, and compares medians. Absolute times mean
 *         little on a shared machine and are not shown as results.
 * Owner   main() starts a daemon on a temporary socket and ends it; each row makes and releases its
 * own VM. Threads Rows run one after another.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vgic/vgic.h>

#define BENCH_MAX_VCPUS 512u
#define BENCH_MAX_PAIRS 512u

enum bench_bound { BENCH_AT_MOST, BENCH_AT_LEAST, BENCH_WITHIN, BENCH_SHOWN };

struct bench_target {
        enum bench_bound bound;
        double value;           /* WITHIN: the ratio may differ from 1 by so much */
};

struct bench {
        const char *daemon_path;
        char directory[64];
        char socket[96];
        pid_t daemon;
        unsigned n_missed, n_skipped;
        bool failed;            /* a row could not be measured */
};

struct bench_series {
        double values[BENCH_MAX_PAIRS];
        unsigned n;
};

struct bench_vm {
        struct bench *bench;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[BENCH_MAX_VCPUS];
        uint32_t n_vcpus, n_spis;
        char name[32];
};

/* bench-stats.c */
uint64_t bench_now_ns(void);
void bench_pin(unsigned cpu); /* the calling thread */
void bench_pin_process(pid_t pid, unsigned cpu);
void bench_unpin_process(pid_t pid);
unsigned bench_n_cpus(void);
void bench_add(struct bench_series *series, double value);
double bench_median(const struct bench_series *series);
/* One row: median of @series over median of @base, spread as the quartiles of the pairs. */
void bench_row(struct bench *bench, const char *name, const struct bench_series *series,
               const struct bench_series *base, const char *unit, struct bench_target target);
/* One row whose value is a count, not a time. @how it was counted. */
void bench_row_count(struct bench *bench, const char *name, double value, const char *unit,
                     struct bench_target target,
                     const char *how);
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A row that cannot be measured here, and why. */
void bench_skip(struct bench *bench, const char *name, const char *why);
void bench_heading(void);

/* bench-vm.c: every function ends the process with a message if something does not work. */
void bench_vm_open(struct bench *bench, struct bench_vm *vm, const char *name, uint32_t n_vcpus,
                   uint32_t n_spis);
/*
 * The same of vCPUs registered with @options (list registers), whose guest sets
 * ICC_CTLR_EL1.EOImode or not.
 */
void bench_vm_open_with(struct bench *bench, struct bench_vm *vm, const char *name,
                        uint32_t n_vcpus, uint32_t n_spis,
                        const struct vgic_vcpu_options *options, bool eoimode);
void bench_vm_close(struct bench_vm *vm);
struct vgic_conn *bench_connect(const struct bench *bench);
void bench_die(const char *what, int error) __attribute__((noreturn));
void bench_must(int ret, const char *what);
void bench_daemon_start(struct bench *bench);
void bench_daemon_stop(struct bench *bench);
/* Route SPI @intid to vCPU @vcpu. */
void bench_spi(struct bench_vm *vm, uint32_t intid, uint32_t vcpu, uint8_t priority);
/* @n edges of @intid: inject, acknowledge, EOI, all on this thread. */
void bench_deliver(struct bench_vm *vm, uint32_t intid, uint32_t vcpu, uint64_t n);

/* bench-tool.c: is a program installed? */
bool bench_have_tool(const char *name);
/* Run a shell command; the last number that it prints. Return: 0 or -1, also if it fails. */
int bench_number_from(const char *command, double *ret_value);
/*
 * Instructions inside @function while this program runs as "--mode=@mode SOCKET @arguments" under
 * callgrind. Return: 0 or -1.
 */
int bench_instructions(const struct bench *bench, const char *function, const char *mode,
                       const char *arguments,
                       double *ret_n);

/* The rows. */
void bench_icc_ctlr(struct bench *bench);     /* bench-icc-ctlr.c */
void bench_deliver_rows(struct bench *bench); /* bench-deliver.c */
void bench_op_rows(struct bench *bench);      /* bench-op-rows.c */
void bench_wake_rows(struct bench *bench);    /* bench-wake.c */
void bench_device_row(struct bench *bench);   /* bench-device.c */
void bench_tdir_rows(struct bench *bench);    /* bench-tdir.c */
void bench_trace_rows(struct bench *bench);   /* bench-trace.c */
void bench_lr_rows(struct bench *bench);      /* bench-lr.c */
void bench_count_rows(struct bench *bench);   /* bench-count.c */
void bench_observed_rows(struct bench *bench); /* bench-observed.c */
/* A VM of 512 vCPUs, and one turn of each of them (@n_rounds times). */
void bench_observed_open(struct bench *bench, struct bench_vm *vm);
void bench_flat_out(struct bench_vm *vm, unsigned n_rounds);
/* @n reads of ICC_CTLR_EL1 of random vCPUs of it. */
void bench_read_ctlr(struct vgic_vm *vm, uint64_t *seed, unsigned n);
int bench_mode_flat_out(struct bench *bench, char **argv);
int bench_mode_read(struct bench *bench, char **argv);
int bench_mode_reader(struct bench *bench, char **argv);
int bench_mode_runner(struct bench *bench, char **argv);
int bench_mode_raise(struct bench *bench, char **argv);
/* Modes in which this program runs under callgrind or strace: do a number of operations and end. */
int bench_count_mode(struct bench *bench, int argc, char **argv);

#endif
