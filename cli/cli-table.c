/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Tables
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli-table.h"

void cli_table_init(struct cli_table *table, const char *right)
{
        *table = (struct cli_table){ .n_columns = (unsigned)strlen(right), .right = right };
}

void cli_table_cell(struct cli_table *table, const char *format, ...)
{
        va_list arguments;
        char **cells, *cell = NULL;
        int ret;

        if (table->n_cells == table->room) {
                size_t room = table->room ? 2 * table->room : 64;

                cells = reallocarray(table->cells, room, sizeof(*cells));
                if (!cells) {
                        table->failed = true;
                        return;
                }
                table->cells = cells;
                table->room = room;
        }
        va_start(arguments, format);
        ret = vasprintf(&cell, format, arguments);
        va_end(arguments);
        if (ret < 0) {
                table->failed = true;
                return;
        }
        for (char *c = cell; *c; c++)
                if (iscntrl((unsigned char)*c))
                        *c = '?';
        table->cells[table->n_cells++] = cell;
}

/* Widths are in bytes: names of VMs are ASCII. */
static void print_row(const struct cli_table *table, char *const *row, const size_t *widths)
{
        size_t gap = 0; /* owed before the next text: so that no line ends in spaces */

        for (unsigned i = 0; i < table->n_columns; i++) {
                size_t length = strlen(row[i]), pad = widths[i] - length;
                bool right = table->right[i] == 'r';

                if (length) {
                        printf("%*s%s", (int)(gap + (right ? pad : 0)), "", row[i]);
                        gap = right ? 0 : pad;
                } else {
                        gap += widths[i];
                }
                gap += 2;
        }
        putchar('\n');
}

void cli_table_release(struct cli_table *table)
{
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        *table = (struct cli_table){ 0 };
}

int cli_table_print(struct cli_table *table)
{
        size_t *widths = calloc(table->n_columns, sizeof(*widths));
        int ret = table->failed || !widths ? -ENOMEM : 0;

        for (size_t i = 0; ret == 0 && i < table->n_cells; i++) {
                size_t length = strlen(table->cells[i]);

                if (length > widths[i % table->n_columns])
                        widths[i % table->n_columns] = length;
        }
        for (size_t i = 0; ret == 0 && i + table->n_columns <= table->n_cells;
             i += table->n_columns)
                print_row(table, table->cells + i, widths);
        free(widths);
        cli_table_release(table);
        return ret;
}
