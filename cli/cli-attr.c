/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * attr: one register or setting by KVM's device-attribute numbers, by message
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli-json.h"

static const struct {
        const char *name;
        uint32_t group;
} attr_groups[] = {
        { "addr", VGIC_ATTR_ADDR }, { "dist-regs", VGIC_ATTR_DIST_REGS },
        { "nr-irqs", VGIC_ATTR_NR_IRQS },
        { "ctrl", VGIC_ATTR_CTRL }, { "redist-regs", VGIC_ATTR_REDIST_REGS },
        { "cpu-sysregs", VGIC_ATTR_CPU_SYSREGS }, { "level-info", VGIC_ATTR_LEVEL_INFO },
};

/* What an errno means here, where it is not about the VM's name. */
static const struct {
        int error;
        enum cli_exit status;
        const char *words;
} attr_errors[] = {
        { ENXIO, CLI_NOT_FOUND, "there is no such group, attribute or register" },
        { ENOENT, CLI_NOT_FOUND, "not found" },
        { EINVAL, CLI_FAILED, "not accepted" },
        { EBUSY, CLI_FAILED, "not now" },
        { EEXIST, CLI_FAILED, "set already" },
        { E2BIG, CLI_FAILED, "too high" },
};

/* One request, with what it is made of. */
struct attr_request {
        const char *verb;
        uint64_t group, attr, value;
        bool has_value;
};

/*
 * The same errno says other things of an attribute than of a VM, so attr_errors[] is asked first.
 * Return: the exit status.
 */
static int attr_fail(const struct cli *cli, int error, const struct attr_request *request)
{
        for (size_t i = 0; i < sizeof(attr_errors) / sizeof(attr_errors[0]); i++) {
                if (attr_errors[i].error != -error)
                        continue;
                fprintf(stderr,
                        "vgicctl: group %" PRIu64 ", attribute 0x%" PRIx64 " of %s: %s (%s)\n",
                        request->group,
                        request->attr, cli->args[1], attr_errors[i].words,
                        vgic_conn_error(cli->conn));
                return attr_errors[i].status;
        }
        return cli_fail(cli, error, "VM %s", cli->args[1]);
}

/* By name, or by KVM's number. */
static int take_group(const char *text, uint64_t *ret_group)
{
        for (size_t i = 0; i < sizeof(attr_groups) / sizeof(attr_groups[0]); i++)
                if (strcmp(text, attr_groups[i].name) == 0) {
                        *ret_group = attr_groups[i].group;
                        return CLI_OK;
                }
        return cli_number(text, "GROUP", UINT32_MAX, ret_group);
}

/* VALUE is for set, and for a get whose attribute takes an index by it (a redistributor region). */
static int take_arguments(struct cli *cli, struct attr_request *request)
{
        request->verb = cli->args[0];
        request->has_value = cli->args[4] != NULL;
        if (strcmp(request->verb, "get") != 0 && strcmp(request->verb, "set") != 0 &&
            strcmp(request->verb, "has") != 0)
                return cli_usage_error(cli, "attr is followed by get, set or has, not by '%s'",
                                       request->verb);
        if (strcmp(request->verb, "set") == 0 && !request->has_value)
                return cli_usage_error(cli, "attr set needs a VALUE");
        if (strcmp(request->verb, "has") == 0 && request->has_value)
                return cli_usage_error(cli, "attr has takes no VALUE");
        if (take_group(cli->args[2], &request->group) != CLI_OK ||
            cli_number(cli->args[3], "ATTR", UINT64_MAX, &request->attr) != CLI_OK)
                return CLI_USAGE;
        return request->has_value ? cli_number(cli->args[4], "VALUE", UINT64_MAX, &request->value) :
                CLI_OK;
}

/*
 * By message, without attaching: it has to work before there is a controller, and to make one is
 * itself an attribute (group CTRL).
 */
static int attr_ask(struct cli *cli, struct attr_request *request)
{
        uint32_t group = (uint32_t)request->group;

        if (request->verb[0] == 'g')
                return vgic_msg_attr_get(cli->conn, cli->args[1], group, request->attr,
                                         &request->value);
        if (request->verb[0] == 's')
                return vgic_msg_attr_set(cli->conn, cli->args[1], group, request->attr,
                                         request->value);
        return vgic_msg_attr_has(cli->conn, cli->args[1], group, request->attr);
}

/*
 * Twice the value: as a number for programs, in hexadecimal for eyes. "has" has none: it succeeds
 * or fails.
 */
static void json_attr(const struct cli *cli, const struct attr_request *request)
{
        struct cli_json json;
        char hex[24];

        snprintf(hex, sizeof(hex), "0x%" PRIx64, request->value);
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[1]);
        cli_json_text(&json, "operation", request->verb);
        cli_json_number(&json, "group", request->group);
        cli_json_number(&json, "attr", request->attr);
        if (request->verb[0] != 'h') {
                cli_json_number(&json, "value", request->value);
                cli_json_text(&json, "hex", hex);
        }
        cli_json_close(&json, '}');
}

int cli_attr(struct cli *cli)
{
        struct attr_request request = { 0 };
        int status = take_arguments(cli, &request), r;

        if (status != CLI_OK)
                return status;
        r = attr_ask(cli, &request);
        if (r < 0)
                return attr_fail(cli, r, &request);
        if (cli->json)
                json_attr(cli, &request);
        else if (request.verb[0] == 'h')
                puts("yes");
        else
                printf("0x%" PRIx64 "\n", request.value);
        return CLI_OK;
}
