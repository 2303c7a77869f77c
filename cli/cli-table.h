/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/*
 * Tables: columns as wide as their content, two spaces apart, nothing at the end of a line
 *
 * Owner   The caller; end with cli_table_print(), which also releases it, or with
 *         cli_table_release(). Cells are copied.
 */
#include <stdbool.h>
#include <stddef.h>

struct cli_table {
        unsigned n_columns;
        const char *right;      /* per column: 'r' flush right, else left */
        char **cells;           /* by row, the headings first */
        size_t n_cells;
        size_t room;
        bool failed;            /* memory ran out */
};

/* @right: one letter a column, 'l' or 'r'; its length is the number of columns. */
void cli_table_init(struct cli_table *table, const char *right);
/* The next cell, row by row. Control characters of names become '?'. */
void cli_table_cell(struct cli_table *table, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Print and release. Return: 0, or -ENOMEM with nothing printed. */
int cli_table_print(struct cli_table *table);
void cli_table_release(struct cli_table *table);

#endif
