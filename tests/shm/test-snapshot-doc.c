/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The format of snapshots: the tables in the code are sorted and do not overlap, and
 * doc/snapshot.md has their very rows
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm-snapshot-format.h"
#include "tap.h"

static bool in_order(const struct snapshot_record *record)
{
        uint32_t end = 0;

        for (unsigned i = 0; i < record->n_fields; i++) {
                const struct snapshot_field *field = &record->fields[i];

                if (field->at < end || field->at % field->bytes)
                        return false;
                end = field->at + (uint32_t)field->bytes * field->count;
        }
        return end <= record->bytes;
}

/* The line that the page must have for this field. */
static void row_of(const struct snapshot_field *field, char *row, size_t size)
{
        if (field->count > 1)
                snprintf(row, size, "| %u | %u x %u | `%s` |", field->at, field->count,
                         field->bytes, field->name);
        else
                snprintf(row, size, "| %u | %u | `%s` |", field->at, field->bytes, field->name);
}

/* The page, from the line on that begins with @title. */
static bool find_section(FILE *file, const char *title)
{
        char line[1024];

        rewind(file);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, title, strlen(title)) == 0)
                        return true;
        return false;
}

/* Its rows are the record's fields, in their order, and no others. */
static bool same_rows(FILE *file, const struct snapshot_record *record)
{
        char line[1024], row[128];
        unsigned i = 0;

        while (fgets(line, sizeof(line), file) && line[0] != '#') {
                if (line[0] != '|' || line[2] < '0' || line[2] > '9')
                        continue;
                if (i == record->n_fields)
                        return false;
                row_of(&record->fields[i++], row, sizeof(row));
                if (strncmp(line, row, strlen(row)) != 0) {
                        tap_note("it should be: %s", row);
                        return false;
                }
        }
        return i == record->n_fields;
}

int main(void)
{
        const char *top = getenv("top_srcdir");
        char path[512], title[64];
        FILE *file;

        snprintf(path, sizeof(path), "%s/doc/snapshot.md", top ? top : ".");
        file = fopen(path, "r");
        if (!file)
                tap_bail("cannot open %s", path);
        for (unsigned i = 0; i < SNAPSHOT_N_RECORDS; i++) {
                const struct snapshot_record *record = &snapshot_records[i];

                tap_ok(in_order(record),
                       "%s: fields are sorted, aligned, apart, and within %u bytes", record->name,
                       record->bytes);
                snprintf(title, sizeof(title), "### %s, %u bytes", record->name, record->bytes);
                tap_ok(find_section(file, title) && same_rows(file, record),
                       "doc/snapshot.md has \"%s\" with the same rows", title);
        }
        fclose(file);
        return tap_done();
}
