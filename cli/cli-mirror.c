/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * mirror: the registers of a mirror, as its VMM published them
 *
 * A mirror has no controller to read from: each value is shown with whether it is known, from
 * shared memory or, with --via message, from the daemon.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

static const unsigned kinds[] = { VGIC_MIRROR_DEFAULT, VGIC_MIRROR_CONFIGURED };
static const char *const kind_names[] = { "default", "configured" };

/*
 * Return: 0 and its text; 1 it is not known, or there is none of this kind ("-"); a negative errno.
 */
static int value_text(struct cli *cli, bool by_message, uint32_t vcpu, uint32_t reg, unsigned kind,
                      bool has_kind, char *text,
                      size_t size)
{
        uint64_t value;
        int r;

        snprintf(text, size, "-");
        if (!has_kind)
                return 1;
        r = by_message ? vgic_msg_mirror_read(cli->conn, cli->args[0], vcpu, reg, kind, &value)
                       : vgic_mirror_read(cli->vm, vcpu, reg, kind, &value);
        if (r == -ENODATA) {
                snprintf(text, size, "not known");
                return 1;
        }
        if (r == 0)
                snprintf(text, size, "0x%08" PRIx64, value);
        return r;
}

/* The heading comes after the last read, so that an error prints no half table. */
static int print(struct cli *cli, bool by_message, uint32_t vcpu)
{
        struct cli_table table;
        char text[2][32];
        const char *name;
        unsigned has;
        uint32_t reg;
        int r;

        cli_table_init(&table, "lll");
        cli_table_cell(&table, "REGISTER");
        cli_table_cell(&table, "DEFAULT");
        cli_table_cell(&table, "CONFIGURED");
        for (unsigned i = 0; vgic_mirror_register(i, &reg, &has, &name) == 0; i++) {
                for (unsigned k = 0; k < 2; k++) {
                        r = value_text(cli, by_message, vcpu, reg, kinds[k], has & kinds[k],
                                       text[k], sizeof(text[k]));
                        if (r < 0) {
                                cli_table_release(&table);
                                return r;
                        }
                }
                cli_table_cell(&table, "%s", name);
                cli_table_cell(&table, "%s", text[0]);
                cli_table_cell(&table, "%s", text[1]);
        }
        printf("Registers of vCPU %" PRIu32 " of %s, as its VMM published them\n\n", vcpu,
               cli->args[0]);
        return cli_table_print(&table);
}

static int print_json(struct cli *cli, bool by_message, uint32_t vcpu)
{
        struct cli_json json;
        char text[32];
        const char *name;
        unsigned has;
        uint32_t reg;
        int r = value_text(cli, by_message, vcpu, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, true,
                           text, sizeof(text));

        if (r < 0) /* before the first byte of output */
                return r;
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_number(&json, "vcpu", vcpu);
        cli_json_open(&json, "registers", '{');
        for (unsigned i = 0; vgic_mirror_register(i, &reg, &has, &name) == 0; i++) {
                cli_json_open(&json, name, '{');
                for (unsigned k = 0; k < 2; k++) {
                        if (value_text(cli, by_message, vcpu, reg, kinds[k], has & kinds[k], text,
                                       sizeof(text)) == 0)
                                cli_json_text(&json, kind_names[k], text);
                        else
                                cli_json_null(&json, kind_names[k]);
                }
                cli_json_close(&json, '}');
        }
        cli_json_close(&json, '}');
        cli_json_close(&json, '}');
        return 0;
}

/* A VM that is none has other commands; before INIT nothing can be published. */
static int check_mirror(struct cli *cli)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        int r = vgic_vm_query(cli->conn, cli->args[0], &info);

        if (r < 0)
                return cli_fail(cli, r, "VM %s", cli->args[0]);
        if (!(info.flags & VGIC_VM_MIRROR)) {
                fprintf(stderr,
                        "vgicctl: VM %s is no mirror: 'attr', 'vcpus', 'irqs' and 'icc-ctlr' show "
                        "its controller\n",
                        cli->args[0]);
                return CLI_FAILED;
        }
        return info.initialised ? CLI_OK : cli_fail(cli, -ENODATA, "VM %s", cli->args[0]);
}

/*
 * That the VM is a mirror is checked before it is attached to: of another VM the user is told which
 * commands show it.
 */
int cli_mirror(struct cli *cli)
{
        const char *via = cli_given(cli, CLI_OPT_VIA) ? cli->options[CLI_OPT_VIA] : "shm";
        bool by_message = strcmp(via, "message") == 0;
        uint64_t vcpu;
        int status, r;

        if (strcmp(via, "shm") != 0 && !by_message)
                return cli_usage_error(cli, "--via is 'shm' or 'message', not '%s'", via);
        if (cli_number(cli->args[1], "VCPU", VGIC_MAX_VCPUS - 1, &vcpu) != CLI_OK)
                return CLI_USAGE;
        status = check_mirror(cli);
        if (status == CLI_OK && !by_message)
                status = cli_observe(cli, cli->args[0]);
        if (status != CLI_OK)
                return status;
        r = cli->json ? print_json(cli, by_message, (uint32_t)vcpu) :
                print(cli, by_message, (uint32_t)vcpu);
        return r < 0 ? cli_fail(cli, r, "vCPU %" PRIu64 " of %s", vcpu, cli->args[0]) : CLI_OK;
}
