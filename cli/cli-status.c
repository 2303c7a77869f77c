/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * status, users: the daemon, its limits, and who holds how much of it
 *
 * What the daemon does not tell this user is left out of tables, and null in JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

static void json_usage(struct cli_json *json, const struct vgic_usage *used)
{
        cli_json_number(json, "connections", used->n_connections);
        cli_json_number(json, "vms", used->n_vms);
        cli_json_number(json, "vms_ending", used->n_vms_ending);
        cli_json_number(json, "vcpus", used->n_vcpus);
        cli_json_number(json, "vcpus_registered", used->n_vcpus_registered);
        cli_json_number(json, "descriptors", used->n_fds);
        cli_json_number(json, "bytes", used->n_bytes);
        cli_json_number(json, "refused", used->n_refused);
}

static void json_limit(struct cli_json *json, const char *key, uint64_t limit)
{
        if (limit)
                cli_json_number(json, key, limit);
        else
                cli_json_null(json, key);
}

static void json_limits(struct cli_json *json, const struct vgic_limits *limits)
{
        json_limit(json, "max_connections", limits->max_connections);
        json_limit(json, "max_vms", limits->max_vms);
        json_limit(json, "max_descriptors", limits->max_fds);
        json_limit(json, "max_bytes", limits->max_bytes);
}

static void json_user(struct cli_json *json, const char *key, uint32_t uid,
                      const struct vgic_usage *used, const struct vgic_limits *limits)
{
        char user[64];

        cli_json_open(json, key, '{');
        cli_json_text(json, "user", cli_user(uid, user));
        cli_json_number(json, "uid", uid);
        json_usage(json, used);
        json_limits(json, limits);
        cli_json_close(json, '}');
}

/* What only some are told. */
static void json_totals(struct cli_json *json, const struct vgic_daemon_info *info)
{
        cli_json_open(json, "all", '{');
        cli_json_number(json, "users", info->n_users);
        json_usage(json, &info->all);
        json_limit(json, "max_descriptors", info->all_limits.max_fds);
        json_limit(json, "max_bytes", info->all_limits.max_bytes);
        cli_json_close(json, '}');
        cli_json_open(json, "one_user", '{');
        json_limits(json, &info->limits_of_one);
        cli_json_close(json, '}');
        cli_json_number(json, "descriptor_limit", info->descriptor_limit);
        cli_json_number(json, "memory_limit", info->memory_limit);
        cli_json_number(json, "memory_resident", info->memory_resident);
        cli_json_number(json, "log_lines", info->log_lines);
        cli_json_number(json, "log_lines_lost", info->log_lines_lost);
        cli_json_number(json, "log_lines_left_out", info->log_lines_left_out);
        cli_json_number(json, "rules", info->n_rules);
        cli_json_number(json, "reloads", info->n_reloads);
        if (info->n_reloads)
                cli_json_number(json, "reload_age_ms", info->reload_age_ms);
        else
                cli_json_null(json, "reload_age_ms");
        if (info->reload_error[0])
                cli_json_text(json, "reload_error", info->reload_error);
        else
                cli_json_null(json, "reload_error");
}

static void json_status(const struct vgic_daemon_info *info)
{
        struct cli_json json;
        char user[64];

        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "version", info->version);
        cli_json_number(&json, "protocol", info->protocol);
        cli_json_number(&json, "pid", (uint64_t)info->pid);
        cli_json_text(&json, "user", cli_user(info->uid, user));
        cli_json_number(&json, "uid", info->uid);
        cli_json_number(&json, "uptime_ms", info->uptime_ms);
        json_user(&json, "you", info->own_uid, &info->own, &info->own_limits);
        if (info->has_totals)
                json_totals(&json, info);
        else
                cli_json_null(&json, "all");
        cli_json_close(&json, '}');
}

/* "3 of 4096"; nothing of no limit. */
static void print_used(const char *what, uint64_t used, uint64_t limit)
{
        printf("%-15s %" PRIu64, what, used);
        if (limit)
                printf(" of %" PRIu64, limit);
}

static void print_memory(uint64_t used, uint64_t limit)
{
        char bytes[32];

        printf("%-15s %s", "memory", cli_bytes(used, bytes));
        if (limit)
                printf(" of %s", cli_bytes(limit, bytes));
}

static void print_own(const struct vgic_daemon_info *info)
{
        const struct vgic_limits *limits = &info->own_limits;
        const struct vgic_usage *own = &info->own;
        char user[64];

        printf("\nuser            %s (uid %" PRIu32 "): yourself\n",
               cli_user(info->own_uid, user), info->own_uid);
        print_used("connections", own->n_connections, limits->max_connections);
        putchar('\n');
        print_used("VMs", own->n_vms, limits->max_vms);
        printf("\nvCPUs           %" PRIu32 ", of them registered %" PRIu32 "\n", own->n_vcpus,
               own->n_vcpus_registered);
        print_used("descriptors", own->n_fds, limits->max_fds);
        putchar('\n');
        print_memory(own->n_bytes, limits->max_bytes);
        printf("\nrefused         %" PRIu64 " requests and connections\n", own->n_refused);
}

static void print_settings(const struct vgic_daemon_info *info)
{
        char age[32];

        printf("settings        %" PRIu32 " rule%s", info->n_rules, info->n_rules == 1 ? "" : "s");
        if (!info->n_reloads)
                printf(", as at the start\n");
        else
                printf(", read anew %" PRIu32 " time%s, %s ago\n", info->n_reloads,
                       info->n_reloads == 1 ? "" : "s", cli_age(info->reload_age_ms, age));
        if (info->reload_error[0])
                printf("                the last time failed, and changed nothing: %s\n",
                       info->reload_error);
}

static void print_totals(const struct vgic_daemon_info *info)
{
        const struct vgic_limits *one = &info->limits_of_one;
        const struct vgic_usage *all = &info->all;
        char bytes[32];

        print_settings(info);
        printf("connections     %" PRIu32 ", of %" PRIu32 " user%s\n", all->n_connections,
               info->n_users, info->n_users == 1 ? "" : "s");
        printf("VMs             %" PRIu32 ", and %" PRIu32 " being taken apart\n", all->n_vms,
               all->n_vms_ending);
        printf("vCPUs           %" PRIu32 ", of them registered %" PRIu32 "\n", all->n_vcpus,
               all->n_vcpus_registered);
        print_used("descriptors", all->n_fds, info->all_limits.max_fds);
        printf(", and %" PRIu32 " for root alone\n",
               info->descriptor_limit - info->all_limits.max_fds);
        print_memory(all->n_bytes, info->all_limits.max_bytes);
        printf(", and %s for root alone\n",
               cli_bytes(info->memory_limit - info->all_limits.max_bytes, bytes));
        printf("one user has    at most %" PRIu32 " connections, %" PRIu32 " VMs, %" PRIu32
               " descriptors, %s\n",
               one->max_connections, one->max_vms, one->max_fds,
               cli_bytes(one->max_bytes, bytes));
        if (info->memory_resident)
                printf("resident        %s\n", cli_bytes(info->memory_resident, bytes));
        printf("refused         %" PRIu64 " requests and connections\n", all->n_refused);
        printf("log             %" PRIu64 " lines, %" PRIu64 " lost, %" PRIu64 " left out\n",
               info->log_lines, info->log_lines_lost, info->log_lines_left_out);
}

int cli_status(struct cli *cli)
{
        struct vgic_daemon_info info = { .size = sizeof(info) };
        char text[64];
        int ret = vgic_daemon_query(cli->conn, &info);

        if (ret)
                return cli_fail(cli, ret, "status");
        if (cli->json) {
                json_status(&info);
                return CLI_OK;
        }
        printf("version         %s, protocol %" PRIu32 "\n", info.version, info.protocol);
        printf("process         %" PRId32 ", as %s (uid %" PRIu32 ")\n", info.pid,
               cli_user(info.uid, text), info.uid);
        printf("up              %s\n", cli_age(info.uptime_ms, text));
        if (info.has_totals)
                print_totals(&info);
        print_own(&info);
        return CLI_OK;
}

/* "3/4096", or "3" without a limit. */
static void cell_used(struct cli_table *table, uint64_t used, uint64_t limit)
{
        if (limit)
                cli_table_cell(table, "%" PRIu64 "/%" PRIu64, used, limit);
        else
                cli_table_cell(table, "%" PRIu64, used);
}

static void cell_memory(struct cli_table *table, uint64_t used, uint64_t limit)
{
        char have[32], most[32];

        if (limit)
                cli_table_cell(table, "%s/%s", cli_bytes(used, have), cli_bytes(limit, most));
        else
                cli_table_cell(table, "%s", cli_bytes(used, have));
}

static int print_users(const struct cli *cli, const struct vgic_user_info *infos, size_t n)
{
        static const char *const headings[] = { "USER", "UID", "CONNECTIONS", "VMS", "VCPUS",
                                                "DESCRIPTORS", "MEMORY", "REFUSED" };
        struct cli_table table;
        char user[64];
        int ret;

        cli_table_init(&table, "lrrrrrrr");
        for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
                cli_table_cell(&table, "%s", headings[i]);
        for (const struct vgic_user_info *info = infos; info < infos + n; info++) {
                cli_table_cell(&table, "%s", cli_user(info->uid, user));
                cli_table_cell(&table, "%" PRIu32, info->uid);
                cell_used(&table, info->used.n_connections, info->limits.max_connections);
                cell_used(&table, info->used.n_vms, info->limits.max_vms);
                cli_table_cell(&table, "%" PRIu32, info->used.n_vcpus);
                cell_used(&table, info->used.n_fds, info->limits.max_fds);
                cell_memory(&table, info->used.n_bytes, info->limits.max_bytes);
                cli_table_cell(&table, "%" PRIu64, info->used.n_refused);
        }
        ret = cli_table_print(&table);
        return ret ? cli_fail(cli, ret, "users") : CLI_OK;
}

int cli_users(struct cli *cli)
{
        struct vgic_user_info *infos = NULL;
        int ret, status = CLI_OK;
        struct cli_json json;
        size_t n = 0;

        ret = vgic_user_list(cli->conn, &infos, &n);
        if (ret)
                return cli_fail(cli, ret, "users");
        if (cli->json) {
                cli_json_begin(&json, false);
                cli_json_open(&json, NULL, '{');
                cli_json_open(&json, "users", '[');
                for (size_t i = 0; i < n; i++)
                        json_user(&json, NULL, infos[i].uid, &infos[i].used, &infos[i].limits);
                cli_json_close(&json, ']');
                cli_json_close(&json, '}');
        } else {
                status = print_users(cli, infos, n);
        }
        free(infos);
        return status;
}
