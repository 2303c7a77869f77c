/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * doc/gic-coverage.md from the register tables of gic/ and an access log
 *
 * What    Standard input: the access log (access-log.h). Standard output: the document. A test is
 *         named at a register that it touched by an access that the register takes; of many, those
 *         first that touch the fewest others.
 * Fails   if the log cannot be understood, or if a row is not touched in each direction that it
 *         allows (RES0: both).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gic-icc.h"
#include "gic-reg.h"
#include "gic-spec.h"

#define MAX_TESTS   1024u
#define MAX_ROWS     256u
#define NAME_BYTES    64u
#define N_SHOWN        4u

enum { READ = 1, WRITE = 2 };

struct row {
        const char *frame;              /* as the log names it */
        const char *name;
        uint64_t base, bytes;       /* what the log may say of it; GICR: within one redistributor */
        unsigned widths;                /* in bytes, or-ed; 0: a system register */
        unsigned access;                /* enum gic_access */
        uint64_t reset;
        const char *section, *why;
        bool is_fixed;                  /* RW, and ignores writes */
        uint8_t touched[MAX_TESTS];     /* READ | WRITE, by test */
};

/* One struct, so that nothing here is global. */
struct coverage {
        struct row rows[MAX_ROWS];
        unsigned n_rows;
        char tests[MAX_TESTS][NAME_BYTES];
        unsigned n_touched[MAX_TESTS];  /* rows, by test */
        unsigned n_tests;
};

static struct row *new_row(struct coverage *cov)
{
        if (cov->n_rows == MAX_ROWS)
                abort();
        return &cov->rows[cov->n_rows++];
}

static void add_table(struct coverage *cov, const struct gic_reg_table *table, const char *frame,
                      uint64_t base)
{
        for (size_t i = 0; i < table->n_rows; i++) {
                const struct gic_reg *reg = &table->rows[i];

                *new_row(cov) = (struct row) {
                        .frame = frame, .name = reg->name, .base = base + reg->offset,
                        .bytes = reg->bytes,
                        .widths = reg->widths, .access = reg->access, .reset = reg->reset,
                        .section = reg->section,
                        .why = reg->why, .is_fixed = reg->bits && !reg->set,
                };
        }
}

static void add_iccs(struct coverage *cov)
{
        for (unsigned i = 0; i < GIC_N_ICCS; i++) {
                const struct gic_icc_reg *reg = &gic_icc_table[i];

                if (reg->name)
                        *new_row(cov) = (struct row) {
                                .frame = "ICC", .name = reg->name, .base = reg->encoding,
                                .bytes = 1,
                                .access = reg->access, .reset = reg->reset, .section = reg->section,
                                .why = reg->why,
                        };
        }
}

/* --- the log --- */

static unsigned test_of(struct coverage *cov, const char *name)
{
        for (unsigned i = 0; i < cov->n_tests; i++)
                if (!strcmp(cov->tests[i], name))
                        return i;
        if (cov->n_tests == MAX_TESTS)
                abort();
        snprintf(cov->tests[cov->n_tests], NAME_BYTES, "%s", name);
        return cov->n_tests++;
}

/* An access that the register does not take says nothing of it. */
static bool takes(const struct row *row, uint64_t where, unsigned len, unsigned direction)
{
        if (where < row->base || where - row->base >= row->bytes)
                return false;
        /* GIC_REG_W8, W16, W32, W64 are 1, 2, 4, 8 */
        if (row->widths && (!(row->widths & len) || where % len))
                return false;
        return row->access != (direction == READ ? GIC_ACCESS_WO : GIC_ACCESS_RO);
}

static void note(struct coverage *cov, const char *test, const char *frame, uint64_t where,
                 unsigned len, unsigned direction)
{
        if (!strcmp(test, "-"))
                return;
        if (!strcmp(frame, "GICR"))
                where %= GICR_STRIDE;
        for (unsigned i = 0; i < cov->n_rows; i++) {
                struct row *row = &cov->rows[i];

                if (!strcmp(row->frame, frame) && takes(row, where, len, direction))
                        row->touched[test_of(cov, test)] |= (uint8_t)direction;
        }
}

static bool read_log(struct coverage *cov, FILE *log)
{
        char line[256], test[NAME_BYTES], frame[8], direction;
        unsigned long long where;
        unsigned len, n = 0;

        while (fgets(line, sizeof line, log)) {
                n++;
                if (sscanf(line, "%63s %7s %llx %u %c", test, frame, &where, &len, &direction) !=
                    5 ||
                    (direction != 'r' && direction != 'w')) {
                        fprintf(stderr, "access log, line %u: cannot be understood: %s", n, line);
                        return false;
                }
                note(cov, test, frame, where, len, direction == 'r' ? READ : WRITE);
        }
        for (unsigned i = 0; i < cov->n_rows; i++)
                for (unsigned t = 0; t < cov->n_tests; t++)
                        cov->n_touched[t] += cov->rows[i].touched[t] != 0;
        return true;
}

/* --- the document --- */

static const char *const access_names[] = {
        [GIC_ACCESS_RES0] = "RES0", [GIC_ACCESS_RW] = "RW", [GIC_ACCESS_RO] = "RO",
        [GIC_ACCESS_WO] = "WO",
};

static void print_place(const struct row *row)
{
        uint64_t at = row->base % GICR_FRAME_SIZE;
        unsigned encoding = (unsigned)row->base;

        if (!row->widths) /* op0 is 3 and op1 is 0 */
                printf("S3_0_C%u_C%u_%u |", encoding >> 7 & 15, encoding >> 3 & 15, encoding & 7);
        else if (row->bytes <= 8)
                printf("0x%04x |", (unsigned)at);
        else
                printf("0x%04x-0x%04x |", (unsigned)at, (unsigned)(at + row->bytes - 1));
        for (unsigned width = 1, n = 0; width <= 8; width *= 2)
                if (row->widths & width)
                        printf("%s%u", n++ ? ", " : " ", width * 8);
        if (row->widths)
                printf(" |");
}

static void print_reset(const struct row *row)
{
        if (row->access == GIC_ACCESS_WO)
                printf(" - |");
        else if (row->reset == GIC_RESET_CONFIG)
                printf(" by configuration |");
        else
                printf(" 0x%llx |", (unsigned long long)row->reset);
}

/* Position of @test in the order of row: by the number of rows it touches, then by name. */
static bool comes_first(const struct coverage *cov, unsigned a, unsigned b)
{
        if (cov->n_touched[a] != cov->n_touched[b])
                return cov->n_touched[a] < cov->n_touched[b];
        return strcmp(cov->tests[a], cov->tests[b]) < 0;
}

static void print_tests(const struct coverage *cov, const struct row *row)
{
        unsigned n = 0, shown[N_SHOWN + 1];

        for (unsigned t = 0; t < cov->n_tests; t++) {
                unsigned at;

                if (!row->touched[t])
                        continue;
                for (at = n < N_SHOWN ? n : N_SHOWN; at > 0 && comes_first(cov, t, shown[at - 1]);
                     at--)
                        shown[at] = shown[at - 1];
                shown[at] = t;
                n++;
        }
        for (unsigned i = 0; i < n && i < N_SHOWN; i++)
                printf("%s%s", i ? ", " : " ", cov->tests[shown[i]]);
        if (n > N_SHOWN)
                printf(" and %u more", n - N_SHOWN);
        printf(" |\n");
}

static void print_row(const struct coverage *cov, const struct row *row)
{
        printf("| `%s` | ", row->name);
        print_place(row);
        printf(" %s |", access_names[row->access]);
        print_reset(row);
        printf(" %s |", row->section);
        if (row->access == GIC_ACCESS_RES0)
                printf(" RAZ/WI: %s |", row->why);
        else if (row->is_fixed)
                printf(" yes; writes ignored: %s |", row->why);
        else
                printf(" yes%s%s |", row->why ? "; " : "", row->why ? row->why : "");
        print_tests(cov, row);
}

static const char head[] =
        "<!-- Generated by `make gic-coverage` from gic/ and a run of tests/conformance. -->\n"
        "# Registers: what is implemented, and which tests touch it\n"
        "\n"
        "One row of the register tables in `gic/` each (`gic-dist.c`, `gic-redist.c`,\n"
        "`gic-icc.c`): a GICv3.2 with one security state (DS = 1), affinity routing always on,\n"
        "without LPIs. Sections are those of Arm IHI 0069H. Do not edit this page.\n"
        "\n"
        "- *access*: RW is also what is written by ones (set, clear). RES0 registers are defined\n"
        "  by the architecture and not there: they read 0 and ignore writes, without error.\n"
        "- *reset*: what a read shows after a reset, for each unit of the widest access.\n"
        "- Fields of interrupts that a VM does not have are RAZ/WI, and so are those of INTIDs 0\n"
        "  to 31 in GICD.\n"
        "- What no row takes, at this width and alignment or in this direction, is RAZ/WI,\n"
        "  counted for the host, and told by GICD_STATUSR or GICR_STATUSR. What no row of ICC_*\n"
        "  takes is UNDEFINED: the call says -ENOENT, and the VMM injects it.\n"
        "- *tests*: named tests of `tests/conformance/test-conformance` that make an access which\n"
        "  the register takes, those that touch the fewest registers first.\n";

static void print_frame(const struct coverage *cov, const char *title, const char *frame,
                        uint64_t base, uint64_t end)
{
        bool is_icc = !strcmp(frame, "ICC");

        printf("\n## %s\n\n", title);
        printf("| register | %s | access | reset | section | implemented | tests |\n",
               is_icc ? "encoding" : "offset | widths");
        printf("|---|---|%s---|---|---|---|---|\n", is_icc ? "" : "---|");
        for (unsigned i = 0; i < cov->n_rows; i++)
                if (!strcmp(cov->rows[i].frame, frame) && cov->rows[i].base >= base &&
                    cov->rows[i].base < end)
                        print_row(cov, &cov->rows[i]);
}

/* A row must be touched in each direction that it allows. */
static unsigned count_untouched(const struct coverage *cov)
{
        unsigned n = 0;

        for (unsigned i = 0; i < cov->n_rows; i++) {
                const struct row *row = &cov->rows[i];
                unsigned touched = row->access == GIC_ACCESS_WO   ? READ
                                   : row->access == GIC_ACCESS_RO ? WRITE
                                                                  : 0;

                for (unsigned t = 0; t < cov->n_tests; t++)
                        touched |= row->touched[t];
                if (!(touched & READ) || !(touched & WRITE)) {
                        fprintf(stderr, "%s: no test %s it\n", row->name,
                                (touched & READ) ? "writes" : "reads");
                        n++;
                }
        }
        return n;
}

int main(void)
{
        struct coverage *cov = calloc(1, sizeof *cov);
        unsigned untouched;

        if (!cov)
                return 2;
        add_table(cov, &gic_dist_table, "GICD", 0);
        add_table(cov, &gic_redist_rd_table, "GICR", 0);
        add_table(cov, &gic_redist_sgi_table, "GICR", GICR_FRAME_SIZE);
        add_iccs(cov);
        if (!read_log(cov, stdin)) {
                free(cov);
                return 2;
        }
        fputs(head, stdout);
        print_frame(cov, "Distributor (GICD)", "GICD", 0, UINT64_MAX);
        print_frame(cov, "Redistributor, RD_base (GICR)", "GICR", 0, GICR_FRAME_SIZE);
        print_frame(cov, "Redistributor, SGI_base (GICR)", "GICR", GICR_FRAME_SIZE, UINT64_MAX);
        print_frame(cov, "CPU interface (ICC_*_EL1)", "ICC", 0, UINT64_MAX);
        untouched = count_untouched(cov);
        free(cov);
        return untouched ? 1 : 0;
}
