/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * No operation of the data path takes over 3 % more instructions than "table" says, or more locked
 * operations
 *
 *   test-cost [TABLE]           compare; without an argument with the one beside this source
 *   test-cost --write           print the counts in the form of the table (make update-costs)
 *   test-cost --locked          print where each locked operation is: file and offset
 *
 * Counts are exact and repeat, but they are a compiler's: with another one, or other flags, this
 * test says so and skips. Each operation is counted N times and 2 N times; the difference is N of
 * them without the way there and back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vgic/vgic-lr.h>

#include "bench-ops.h"
#include "cost-step.h"
#include "daemon-proc.h"
#include "tap.h"

#define MAX_ROWS   64u
#define N_LRS      16u
#define TOLERANCE  0.03

/* The build that the figures are of: make update-costs says so in the table's first line. */
#ifdef __x86_64__
#define MACHINE  "x86-64"
#else
#define MACHINE  "another machine"
#endif
#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#define BUILD    "build: " MACHINE ", " COMPILER ", " COST_CFLAGS

/* Without the blanks that a make variable brings along. */
static const char *build_name(void)
{
        static char name[sizeof(BUILD)];
        size_t n = 0;

        for (const char *from = BUILD; *from; from++)
                if (*from != ' ' || (from[1] && from[1] != ' '))
                        name[n++] = *from;
        name[n] = '\0';
        return name;
}

struct row {
        char id[24], name[64];
        double instructions, locked;
};

/* --- counting --- */

/* Warm, then @n and 2 @n operations. */
static void count_row(struct row *row, void (*run)(void *arg, unsigned n), void *arg, unsigned n,
                      bool shows_locked)
{
        static struct cost_count once, twice;

        run(arg, 2 * n);
        if (!cost_step(run, arg, n, &once) || !cost_step(run, arg, 2 * n, &twice))
                tap_skip("no instruction can be stepped here");
        row->instructions = (double)(twice.instructions - once.instructions) / n;
        row->locked = (double)(twice.n_locked - once.n_locked) / n;
        for (unsigned i = once.n_locked; shows_locked && i < twice.n_locked; i++) {
                Dl_info info;

                if (dladdr((void *)(uintptr_t)twice.locked[i], &info))
                        printf("%s\t%s\t%#lx\n", row->id, info.dli_fname,
                               (unsigned long)(twice.locked[i] - (uintptr_t)info.dli_fbase));
        }
}

struct op_run {
        const struct bench_op *op;
        struct bench_ops ops;
};

static void run_op(void *arg, unsigned n)
{
        struct op_run *run = arg;

        run->op->run(&run->ops, n);
}

static unsigned count_ops(struct bench *bench, struct row *rows, bool shows_locked)
{
        static struct op_run run;

        for (unsigned i = 0; i < bench_n_ops; i++) {
                run.op = &bench_op_table[i];
                if (i == 0 || !bench_ops_same_vm(run.op, run.op - 1)) {
                        if (i)
                                bench_ops_close(&run.ops);
                        bench_ops_open(bench, &run.ops, run.op);
                }
                snprintf(rows[i].id, sizeof(rows[i].id), "%s", run.op->id);
                snprintf(rows[i].name, sizeof(rows[i].name), "%s", run.op->name);
                count_row(&rows[i], run_op, &run, run.op->turn, shows_locked);
        }
        bench_ops_close(&run.ops);
        return bench_n_ops;
}

/* An entry and an exit of a list-register port whose interrupts stay listed and are not taken. */
struct entry {
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
};

static void enter_and_exit(void *arg, unsigned n)
{
        struct entry *entry = arg;

        for (unsigned i = 0; i < n; i++) {
                vgic_lr_enter(entry->vcpu, &entry->bank);
                vgic_lr_exit(entry->vcpu, &entry->bank);
        }
}

static unsigned count_entries(struct bench *bench, struct row *rows, bool shows_locked)
{
        static const unsigned listed[] = { 0, 1, 4, 16 };
        const unsigned n = sizeof(listed) / sizeof(listed[0]);
        struct vgic_vcpu_options options = { .size = sizeof(options), .list_registers = N_LRS };
        static struct bench_vm vm;
        static struct entry entry;
        unsigned pending = 0;

        bench_vm_open_with(bench, &vm, "cost-lr", 1, 32, &options, false);
        entry.vcpu = vm.vcpus[0];
        for (uint32_t i = 0; i < vm.n_spis; i++)
                bench_spi(&vm, VGIC_SPI_FIRST + i, 0, 0x80);
        for (unsigned k = 0; k < n; k++) {
                for (; pending < listed[k]; pending++)
                        bench_must(vgic_spi_pulse(vm.vm, VGIC_SPI_FIRST + pending), "pulse");
                snprintf(rows[k].id, sizeof(rows[k].id), "enter-exit-%u", listed[k]);
                snprintf(rows[k].name, sizeof(rows[k].name),
                         "list registers: enter + exit, %u listed", listed[k]);
                count_row(&rows[k], enter_and_exit, &entry, 1, shows_locked);
        }
        bench_vm_close(&vm);
        return n;
}

/* --- comparing --- */

static const struct row *find(const struct row *rows, unsigned n, const char *id)
{
        for (unsigned i = 0; i < n; i++)
                if (!strcmp(rows[i].id, id))
                        return &rows[i];
        return NULL;
}

/* Return: how many rows; 0: the figures are of another build. */
static unsigned read_table(const char *path, struct row *rows)
{
        FILE *file = fopen(path, "re");
        bool is_this_build = false;
        char line[512];
        unsigned n = 0;

        if (!file)
                tap_bail("%s: %s", path, strerror(errno));
        while (fgets(line, sizeof(line), file)) {
                line[strcspn(line, "\n")] = '\0';
                is_this_build = is_this_build || !strcmp(line, build_name());
                if (n < MAX_ROWS && sscanf(line, "%23s %lf %lf", rows[n].id, &rows[n].instructions,
                                           &rows[n].locked) == 3)
                        n++;
        }
        fclose(file);
        return is_this_build ? n : 0;
}

static void compare(const struct row *table, unsigned n_table, const struct row *rows, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                const struct row *was = find(table, n_table, rows[i].id);

                if (!tap_ok(was, "%s stands in the table", rows[i].id))
                        continue;
                tap_ok(rows[i].instructions <= was->instructions * (1 + TOLERANCE),
                       "%s: %.1f instructions, the table has %.1f", rows[i].id,
                       rows[i].instructions, was->instructions);
                tap_ok(rows[i].locked <= was->locked * (1 + TOLERANCE),
                       "%s: %.2f locked operations, the table has %.2f", rows[i].id,
                       rows[i].locked, was->locked);
        }
        for (unsigned i = 0; i < n_table; i++)
                tap_ok(find(rows, n, table[i].id), "%s of the table is counted", table[i].id);
}

int main(int argc, char **argv)
{
        static struct row table[MAX_ROWS], rows[MAX_ROWS];
        bool writes = argc > 1 && !strcmp(argv[1], "--write");
        bool shows_locked = argc > 1 && !strcmp(argv[1], "--locked");
        const char *path = argc > 1 ? argv[1] : COST_TABLE;
        /* Else the daemon, each time it looks whether TDIR may be cleared, rings ports in guest. */
        static const char *const rarely[] = { "--tdir-lag", "10000", NULL };
        struct daemon_proc daemon;
        struct bench bench = { 0 };
        unsigned n, n_table = 0;

        if (!writes && !shows_locked) {
                n_table = read_table(path, table);
                if (!n_table) {
                        tap_note("this is %s", build_name());
                        tap_skip("the figures are of another build: see the table's first line");
                }
        }
        daemon_start(&daemon, &(struct daemon_options){ .quiet = true, .arguments = rarely });
        snprintf(bench.socket, sizeof(bench.socket), "%s", daemon.socket);
        n = count_ops(&bench, rows, shows_locked);
        n += count_entries(&bench, rows + n, shows_locked);
        if (daemon_stop(&daemon))
                tap_bail("vgicd did not end well");
        if (writes) {
                printf("%s\n", build_name());
                for (unsigned i = 0; i < n; i++)
                        printf("%-16s %10.2f %6.2f  %s\n", rows[i].id, rows[i].instructions,
                               rows[i].locked, rows[i].name);
        }
        if (writes || shows_locked)
                return fflush(stdout) != 0 || ferror(stdout);
        compare(table, n_table, rows, n);
        return tap_done();
}
