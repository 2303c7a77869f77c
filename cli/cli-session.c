/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The connection, and how sizes are written
 *
 * A command that needs the daemon finds the connection made; one that reads the segment attaches
 * as an observer, which the guest does not notice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

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
        const char *detail;
        int ret;

        ret = vgic_connect(&options, &cli->conn);
        if (ret == 0)
                return CLI_OK;
        detail = cli->conn ? vgic_conn_error(cli->conn) : "";
        fprintf(stderr, "vgicctl: cannot reach the daemon at %s: %s\n",
                path ? path : VGIC_DEFAULT_SOCKET,
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

char *cli_bytes(uint64_t bytes, char *text)
{
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        double value = (double)bytes;
        unsigned unit = 0;

        while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
                value /= 1024;
                unit++;
        }
        snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
        return text;
}
