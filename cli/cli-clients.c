/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * sessions, disconnect: who is connected, as what to which VM, and how to end a connection
 *
 * A user is told of its own connections, and of another's as of one that there is not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

static const char *role_name(const struct vgic_session_info *info)
{
        switch (info->role) {
        case VGIC_ROLE_VMM:
                return "vmm";
        case VGIC_ROLE_OBSERVER:
                return "observer";
        case VGIC_ROLE_DEVICE:
                return "device";
        default:
                return "-";
        }
}

static void json_text_or_null(struct cli_json *json, const char *key, const char *text)
{
        if (text[0])
                cli_json_text(json, key, text);
        else
                cli_json_null(json, key);
}

static void json_session(struct cli_json *json, const struct vgic_session_info *info)
{
        char user[64];

        cli_json_open(json, NULL, '{');
        cli_json_number(json, "session", info->id);
        cli_json_number(json, "pid", (uint64_t)info->pid);
        cli_json_text(json, "user", cli_user(info->uid, user));
        cli_json_number(json, "uid", info->uid);
        cli_json_number(json, "age_ms", info->age_ms);
        json_text_or_null(json, "client", info->client_name);
        cli_json_bool(json, "attached", info->attached);
        if (info->attached)
                cli_json_text(json, "role", role_name(info));
        else
                cli_json_null(json, "role");
        json_text_or_null(json, "vm", info->vm);
        if (info->vm[0]) {
                cli_json_number(json, "vm_id", info->vm_id);
                cli_json_number(json, "vm_owner_uid", info->vm_owner_uid);
        }
        json_text_or_null(json, "grant", info->grant);
        cli_json_number(json, "vcpus_registered", info->n_vcpus);
        cli_json_bool(json, "ring", info->ring);
        cli_json_bool(json, "unread", info->unread);
        cli_json_number(json, "requests", info->n_requests);
        cli_json_number(json, "errors", info->n_errors);
        cli_json_number(json, "refused", info->n_refused);
        cli_json_close(json, '}');
}

/* NAME; UID/NAME where another user's device is attached by a grant. */
static void cell_vm(struct cli_table *table, const struct vgic_session_info *info)
{
        if (!info->attached)
                cli_table_cell(table, "-");
        else if (!info->vm[0])
                cli_table_cell(table, "(destroyed)");
        else if (info->vm_owner_uid != info->uid)
                cli_table_cell(table, "%" PRIu32 "/%s", info->vm_owner_uid, info->vm);
        else
                cli_table_cell(table, "%s", info->vm);
}

static int print_sessions(const struct cli *cli, const struct vgic_session_info *infos, size_t n)
{
        static const char *const headings[] = { "SESSION", "PID", "USER", "AGE", "ROLE", "VM",
                                                "GRANT", "VCPUS", "REQUESTS", "ERRORS", "REFUSED",
                                                "CLIENT" };
        struct cli_table table;
        char text[64];
        int ret;

        cli_table_init(&table, "rrlrlllrrrrl");
        for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
                cli_table_cell(&table, "%s", headings[i]);
        for (const struct vgic_session_info *info = infos; info < infos + n; info++) {
                cli_table_cell(&table, "%" PRIu64, info->id);
                cli_table_cell(&table, "%" PRId32, info->pid);
                cli_table_cell(&table, "%s", cli_user(info->uid, text));
                cli_table_cell(&table, "%s", cli_age(info->age_ms, text));
                cli_table_cell(&table, "%s", role_name(info));
                cell_vm(&table, info);
                cli_table_cell(&table, "%s", info->grant[0] ? info->grant : "-");
                cli_table_cell(&table, "%" PRIu32, info->n_vcpus);
                cli_table_cell(&table, "%" PRIu64, info->n_requests);
                cli_table_cell(&table, "%" PRIu64, info->n_errors);
                cli_table_cell(&table, "%" PRIu64, info->n_refused);
                cli_table_cell(&table, "%s", info->client_name[0] ? info->client_name : "-");
        }
        ret = cli_table_print(&table);
        return ret ? cli_fail(cli, ret, "sessions") : CLI_OK;
}

int cli_sessions(struct cli *cli)
{
        struct vgic_session_info *infos = NULL;
        int ret, status = CLI_OK;
        struct cli_json json;
        size_t n = 0;

        ret = vgic_session_list(cli->conn, &infos, &n);
        if (ret)
                return cli_fail(cli, ret, "sessions");
        if (cli->json) {
                cli_json_begin(&json, false);
                cli_json_open(&json, NULL, '{');
                cli_json_open(&json, "sessions", '[');
                for (size_t i = 0; i < n; i++)
                        json_session(&json, &infos[i]);
                cli_json_close(&json, ']');
                cli_json_close(&json, '}');
        } else {
                status = print_sessions(cli, infos, n);
        }
        free(infos);
        return status;
}

int cli_disconnect(struct cli *cli)
{
        struct cli_json json;
        uint64_t id;
        int ret;

        if (cli_number(cli->args[0], "SESSION", UINT64_MAX, &id) != CLI_OK)
                return CLI_USAGE;
        ret = vgic_session_end(cli->conn, id);
        if (ret == -EINVAL)
                return cli_usage_error(cli, "session %" PRIu64 " is this command's own", id);
        if (ret)
                return cli_fail(cli, ret, "session %" PRIu64, id);
        if (!cli->json) {
                printf("disconnected session %" PRIu64 "\n", id);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_number(&json, "disconnected", id);
        cli_json_close(&json, '}');
        return CLI_OK;
}
