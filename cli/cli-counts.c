/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * counts: the daemon's side of /proc/interrupts
 *
 * One row per INTID, one column per vCPU. The private interrupts of all vCPUs share a row, as IPIs
 * and timers do there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

#define COUNTS_MAX_COLUMNS 16u  /* more vCPUs than this: the table has their sum only */

/* One row. Return: 0 or a negative errno. */
static int counts_read(struct vgic_vm *vm, uint32_t intid, uint64_t *counts, uint32_t n,
                       uint64_t *ret_total)
{
        uint64_t total = 0;
        int ret;

        for (uint32_t i = 0; i < n; i++) {
                ret = vgic_vm_ack_count(vm, i, intid, &counts[i]);
                if (ret)
                        return ret;
                total += counts[i];
        }
        *ret_total = total;
        return 0;
}

/* Unlike the table every vCPU is listed, however many there are. */
static void json_row(struct cli_json *json, uint32_t intid, const uint64_t *counts, uint32_t n,
                     uint64_t total)
{
        char name[16];

        cli_json_open(json, NULL, '{');
        cli_json_number(json, "intid", intid);
        cli_json_text(json, "name", cli_intid_name(intid, name));
        cli_json_number(json, "total", total);
        cli_json_open(json, "per_vcpu", '[');
        for (uint32_t i = 0; i < n; i++)
                cli_json_number(json, NULL, counts[i]);
        cli_json_close(json, ']');
        cli_json_close(json, '}');
}

/* The first read comes before the first byte: its error leaves no half document. */
static int json_counts(struct cli *cli, const struct vgic_vm_info *info, uint64_t *counts)
{
        bool all = cli_given(cli, CLI_OPT_ALL);
        struct cli_json json;
        uint64_t total;
        int ret;

        ret = counts_read(cli->vm, 0, counts, info->n_vcpus, &total);
        if (ret)
                return cli_fail(cli, ret, "counts of %s", cli->args[0]);
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_number(&json, "vcpus", info->n_vcpus);
        cli_json_open(&json, "counts", '[');
        for (uint32_t intid = 0;
             ret == 0 && (intid = cli_intid_next(info, CLI_ALL_INTIDS, intid)) != CLI_NO_INTID;
             intid++) {
                ret = counts_read(cli->vm, intid, counts, info->n_vcpus, &total);
                if (ret == 0 && (total || all))
                        json_row(&json, intid, counts, info->n_vcpus, total);
        }
        cli_json_close(&json, ']');
        cli_json_close(&json, '}');
        return ret ? cli_fail(cli, ret, "counts of %s", cli->args[0]) : CLI_OK;
}

/* @n_columns 0: only the sum, of a VM with too many vCPUs for a line. */
static void table_row(struct cli_table *table, uint32_t intid, const uint64_t *counts,
                      uint32_t n_columns,
                      uint64_t total)
{
        char name[16];

        cli_table_cell(table, "%" PRIu32, intid);
        cli_table_cell(table, "%s", cli_intid_name(intid, name));
        for (uint32_t i = 0; i < n_columns; i++)
                cli_table_cell(table, "%" PRIu64, counts[i]);
        cli_table_cell(table, "%" PRIu64, total);
}

/*
 * Rows are kept until all are read: columns are as wide as their content, and an error prints no
 * half table.
 */
static int print_counts(struct cli *cli, const struct vgic_vm_info *info, uint64_t *counts)
{
        uint32_t n_columns = info->n_vcpus <= COUNTS_MAX_COLUMNS ? info->n_vcpus : 0;
        char right[COUNTS_MAX_COLUMNS + 4] = "rl";
        bool all = cli_given(cli, CLI_OPT_ALL), empty = true;
        struct cli_table table;
        uint64_t total;
        int ret = 0;

        memset(right + 2, 'r', n_columns + 1);
        cli_table_init(&table, right);
        cli_table_cell(&table, "INTID");
        cli_table_cell(&table, "NAME");
        for (uint32_t i = 0; i < n_columns; i++)
                cli_table_cell(&table, "CPU%" PRIu32, i);
        cli_table_cell(&table, "TOTAL");
        for (uint32_t intid = 0;
             ret == 0 && (intid = cli_intid_next(info, CLI_ALL_INTIDS, intid)) != CLI_NO_INTID;
             intid++) {
                ret = counts_read(cli->vm, intid, counts, info->n_vcpus, &total);
                if (ret || (!total && !all))
                        continue;
                table_row(&table, intid, counts, n_columns, total);
                empty = false;
        }
        if (ret || empty)
                cli_table_release(&table);
        if (ret)
                return cli_fail(cli, ret, "counts of %s", cli->args[0]);
        if (empty) {
                puts("no interrupt was ever acknowledged");
                return CLI_OK;
        }
        ret = cli_table_print(&table);
        if (ret)
                return cli_fail(cli, ret, "counts of %s", cli->args[0]);
        if (!n_columns)
                printf("\nTOTAL is the sum over %" PRIu32 " vCPUs; --json has each of them.\n",
                       info->n_vcpus);
        return CLI_OK;
}

/* All rows use one buffer, of a number for each vCPU: there may be thousands of either. */
int cli_counts(struct cli *cli)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t *counts;
        int ret, status;

        status = cli_observe(cli, cli->args[0]);
        if (status != CLI_OK)
                return status;
        ret = vgic_vm_get_info(cli->vm, &info);
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        counts = calloc(info.n_vcpus ? info.n_vcpus : 1, sizeof(*counts));
        if (!counts)
                return cli_fail(cli, -ENOMEM, "counts of %s", cli->args[0]);
        status = cli->json ? json_counts(cli, &info, counts) : print_counts(cli, &info, counts);
        free(counts);
        return status;
}
