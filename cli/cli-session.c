/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The connection
 *
 * A command that needs the daemon finds the connection made; one that reads the segment attaches
 * as an observer, which the guest does not notice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

#define MAX_WAIT_MS  1000000000u        /* eleven days: for ever */

/*
 * Not by cli_fail(), since the socket's path has to be named: mostly it is the wrong one. "Not
 * permitted" has a status of its own, as its remedy is another one than to start the daemon.
 */
int cli_connect(struct cli *cli)
{
        const char *path = cli->options[CLI_OPT_SOCKET];
        struct vgic_conn_options options = {
                .size = sizeof(options),
                .socket_path = path,
                .client_name = "vgicctl",
        };
        char where[VGIC_SOCKET_MAX];
        const char *detail;
        uint64_t wait_ms;
        int ret;

        /* with --watch it is how long to watch */
        if (!cli_given(cli, CLI_OPT_WATCH)) {
                ret = cli_option_seconds(cli, CLI_OPT_TIMEOUT, 0, &wait_ms);
                if (ret != CLI_OK)
                        return ret;
                if (cli_given(cli, CLI_OPT_TIMEOUT) && wait_ms == 0)
                        return cli_usage_error(cli, "--timeout 0 leaves no time for an answer");
                options.timeout_ms = wait_ms < MAX_WAIT_MS ? (uint32_t)wait_ms : MAX_WAIT_MS;
        }
        ret = vgic_connect(&options, &cli->conn);
        if (ret == 0)
                return CLI_OK;
        if (vgic_default_socket(where, sizeof(where)) < 0)
                snprintf(where, sizeof(where), "$VGICD_SOCKET");
        detail = cli->conn ? vgic_conn_error(cli->conn) : "";
        fprintf(stderr, "vgicctl: cannot reach the daemon at %s: %s\n",
                path ? path : where,
                detail[0] ? detail : strerror(-ret));
        return ret == -EACCES || ret == -EPERM ? CLI_DENIED : CLI_UNREACHABLE;
}

int cli_observe(struct cli *cli, const char *vm_name)
{
        int ret = vgic_vm_attach(cli->conn, vm_name, VGIC_ROLE_OBSERVER, &cli->vm);

        return ret == 0 ? CLI_OK : cli_fail(cli, ret, "VM %s", vm_name);
}

void cli_release(struct cli *cli)
{
        vgic_vm_detach(cli->vm);
        vgic_disconnect(cli->conn);
        cli->vm = NULL;
        cli->conn = NULL;
}
