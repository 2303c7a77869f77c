/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * inject: drive the tools' wire of one interrupt, by message
 *
 * The tools have a wire of their own, so that what is asserted by hand is OR-ed with what the VMM
 * and devices do, and nothing of theirs is lost when it is lowered.
 */
#include <stdio.h>

#include "cli.h"
#include "cli-json.h"

static const struct {
        enum cli_option_id option;
        enum vgic_line_op op;
        const char *name, *done;
} inject_operations[] = {
        { CLI_OPT_PULSE, VGIC_LINE_PULSE, "pulse", "pulsed" }, /* the default */
        { CLI_OPT_ASSERT, VGIC_LINE_ASSERT, "assert", "asserted" },
        { CLI_OPT_DEASSERT, VGIC_LINE_DEASSERT, "deassert", "deasserted" },
};

/*
 * Whether --vcpu fits the INTID is checked here, by its range: of an SPI the user would think that
 * --vcpu chose the target, which the guest's routing does.
 */
int cli_inject(struct cli *cli)
{
        unsigned n_given = 0, chosen = 0;
        uint64_t intid, vcpu;
        struct cli_json json;
        char name[16];
        int ret;

        for (unsigned i = 0; i < 3; i++) {
                if (!cli_given(cli, inject_operations[i].option))
                        continue;
                chosen = i;
                n_given++;
        }
        if (n_given > 1)
                return cli_usage_error(cli, "--assert, --deassert and --pulse exclude each other");
        if (cli_number(cli->args[1], "INTID", UINT32_MAX, &intid) != CLI_OK ||
            cli_option_number(cli, CLI_OPT_VCPU, UINT32_MAX, 0, &vcpu) != CLI_OK)
                return CLI_USAGE;
        cli_intid_name((uint32_t)intid, name);
        if (cli_intid_has_wire((uint32_t)intid, CLI_PRIVATE) && !cli_given(cli, CLI_OPT_VCPU))
                return cli_usage_error(cli, "%s needs --vcpu: it is one vCPU's", name);
        if (cli_intid_has_wire((uint32_t)intid, CLI_SHARED) && cli_given(cli, CLI_OPT_VCPU))
                return cli_usage_error(cli, "--vcpu goes with a PPI: %s belongs to no vCPU", name);
        ret = vgic_msg_inject(cli->conn, cli->args[0], (uint32_t)vcpu, (uint32_t)intid,
                              inject_operations[chosen].op);
        if (ret)
                return cli_fail(cli, ret, "%s of %s", name, cli->args[0]);
        if (!cli->json) {
                printf("%s %s of %s\n", inject_operations[chosen].done, name, cli->args[0]);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_number(&json, "intid", intid);
        cli_json_text(&json, "name", name);
        cli_json_text(&json, "operation", inject_operations[chosen].name);
        cli_json_close(&json, '}');
        return CLI_OK;
}
