/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * icc-ctlr: ICC_CTLR_EL1 of any vCPU, from shared memory or by message
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

/* Fields of ICC_CTLR_EL1 (Arm IHI 0069 section 12.2.6). */
static const struct {
        const char *name;
        unsigned shift, width;
} icc_ctlr_fields[] = {
        { "EOImode", 1, 1 }, { "CBPR", 0, 1 }, { "PMHE", 6, 1 }, { "PRIbits", 8, 3 },
        { "IDbits", 11, 3 },
        { "SEIS", 14, 1 }, { "A3V", 15, 1 }, { "RSS", 18, 1 }, { "ExtRange", 19, 1 },
};
#define ICC_CTLR_N_FIELDS (sizeof(icc_ctlr_fields) / sizeof(icc_ctlr_fields[0]))

struct icc_ctlr_row {
        const char *name;
        bool valid;
        uint32_t value;
};

static uint32_t field_of(uint32_t value, size_t i)
{
        return value >> icc_ctlr_fields[i].shift & ((1u << icc_ctlr_fields[i].width) - 1);
}

/* A value that is not known is null: 0 would be a value. */
static void json_row(struct cli_json *json, const struct icc_ctlr_row *row)
{
        char hex[16];

        if (!row->valid) {
                cli_json_null(json, row->name);
                return;
        }
        snprintf(hex, sizeof(hex), "0x%08" PRIx32, row->value);
        cli_json_open(json, row->name, '{');
        cli_json_number(json, "value", row->value);
        cli_json_text(json, "hex", hex);
        for (size_t i = 0; i < ICC_CTLR_N_FIELDS; i++)
                cli_json_number(json, icc_ctlr_fields[i].name, field_of(row->value, i));
        cli_json_close(json, '}');
}

static void json_ctlr(const struct cli *cli, uint64_t vcpu, const char *via,
                      const struct icc_ctlr_row *rows)
{
        struct cli_json json;

        cli_json_begin(&json, false);
        json.lines = 1; /* the three values stay on one line each */
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_number(&json, "vcpu", vcpu);
        cli_json_text(&json, "via", via);
        for (unsigned i = 0; i < 3; i++)
                json_row(&json, &rows[i]);
        cli_json_close(&json, '}');
}

/*
 * All three values side by side: where they differ is what one looks for. The last line puts the
 * live one into words.
 */
static int print_ctlr(const struct cli *cli, uint64_t vcpu, const char *via,
                      const struct icc_ctlr_row *rows)
{
        struct cli_table table;
        int ret;

        printf("ICC_CTLR_EL1 of vCPU %" PRIu64 " of %s, read %s\n\n", vcpu, cli->args[0],
               strcmp(via, "shm") == 0 ? "from shared memory" : "by message");
        cli_table_init(&table, "llrrrrrrrrr");
        cli_table_cell(&table, "WHICH");
        cli_table_cell(&table, "VALUE");
        for (size_t i = 0; i < ICC_CTLR_N_FIELDS; i++)
                cli_table_cell(&table, "%s", icc_ctlr_fields[i].name);
        for (unsigned r = 0; r < 3; r++) {
                cli_table_cell(&table, "%s", rows[r].name);
                if (rows[r].valid)
                        cli_table_cell(&table, "0x%08" PRIx32, rows[r].value);
                else
                        cli_table_cell(&table, "not known");
                for (size_t i = 0; i < ICC_CTLR_N_FIELDS; i++) {
                        if (rows[r].valid)
                                cli_table_cell(&table, "%" PRIu32, field_of(rows[r].value, i));
                        else
                                cli_table_cell(&table, "-");
                }
        }
        ret = cli_table_print(&table);
        if (ret)
                return cli_fail(cli, ret, "vCPU %" PRIu64, vcpu);
        if (rows[2].valid)
                printf("\nNow: EOI %s; %" PRIu32 " priority bits; INTIDs of %s bits.\n",
                       field_of(rows[2].value, 0) ? "drops the priority, DIR deactivates"
                                                   : "drops the priority and deactivates",
                       field_of(rows[2].value, 3) + 1, field_of(rows[2].value, 4) ? "24" : "16");
        return CLI_OK;
}

/*
 * From shared memory no one is asked: neither the vCPU, whatever it is doing, nor the daemon. By
 * message the daemon reads the same; the two have to agree.
 */
int cli_icc_ctlr(struct cli *cli)
{
        const char *via = cli_given(cli, CLI_OPT_VIA) ? cli->options[CLI_OPT_VIA] : "shm";
        struct vgic_icc_ctlr ctlr;
        uint64_t vcpu;
        int ret, status;

        if (strcmp(via, "shm") != 0 && strcmp(via, "message") != 0)
                return cli_usage_error(cli, "--via is 'shm' or 'message', not '%s'", via);
        if (cli_number(cli->args[1], "VCPU", VGIC_MAX_VCPUS - 1, &vcpu) != CLI_OK)
                return CLI_USAGE;
        if (strcmp(via, "shm") == 0) {
                status = cli_observe(cli, cli->args[0]);
                if (status != CLI_OK)
                        return status;
                ret = vgic_vm_icc_ctlr(cli->vm, (uint32_t)vcpu, &ctlr);
        } else {
                ret = vgic_msg_icc_ctlr(cli->conn, cli->args[0], (uint32_t)vcpu, &ctlr);
        }
        if (ret)
                return cli_fail(cli, ret, "vCPU %" PRIu64 " of %s", vcpu, cli->args[0]);

        const struct icc_ctlr_row rows[3] = {
                { "default", ctlr.valid & VGIC_ICC_CTLR_DEFAULT, ctlr.arch_default },
                { "configured", ctlr.valid & VGIC_ICC_CTLR_CONFIGURED, ctlr.configured },
                { "live", ctlr.valid & VGIC_ICC_CTLR_LIVE, ctlr.live },
        };

        if (!cli->json)
                return print_ctlr(cli, vcpu, via, rows);
        json_ctlr(cli, vcpu, via, rows);
        return CLI_OK;
}
