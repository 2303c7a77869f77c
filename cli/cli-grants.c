/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * grants, revoke: what devices in processes of their own may drive, and which of them does
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

/* Of one VM. */
struct vm_grants {
        char vm[VGIC_NAME_MAX + 1];
        uint32_t owner_uid;
        struct vgic_grant_info *infos;
        size_t n;
};

/* "32-40,42", in memory that grows with it. Return: to be freed; NULL: no memory. */
static char *ranges(const uint32_t *numbers, size_t n)
{
        char *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);

        if (!stream)
                return NULL;
        for (size_t i = 0, end; i < n; i = end + 1) {
                for (end = i; end + 1 < n && numbers[end + 1] == numbers[end] + 1;)
                        end++;
                fprintf(stream, "%s%" PRIu32, i ? "," : "", numbers[i]);
                if (end > i)
                        fprintf(stream, "-%" PRIu32, numbers[end]);
        }
        if (fclose(stream) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static void json_grant(struct cli_json *json, const struct vm_grants *of,
                       const struct vgic_grant_info *info)
{
        cli_json_open(json, NULL, '{');
        cli_json_text(json, "vm", of->vm);
        cli_json_number(json, "vm_owner_uid", of->owner_uid);
        cli_json_text(json, "grant", info->label);
        cli_json_number(json, "id", info->id);
        cli_json_open(json, "intids", '[');
        for (uint32_t i = 0; i < info->n_intids; i++)
                cli_json_number(json, NULL, info->intids[i]);
        cli_json_close(json, ']');
        cli_json_open(json, "uids", '[');
        for (uint32_t i = 0; i < info->n_uids; i++)
                cli_json_number(json, NULL, info->uids[i]);
        cli_json_close(json, ']');
        if (info->session) {
                cli_json_open(json, "device", '{');
                cli_json_number(json, "session", info->session);
                cli_json_number(json, "pid", (uint64_t)info->pid);
                cli_json_number(json, "uid", info->uid);
                cli_json_close(json, '}');
        } else {
                cli_json_null(json, "device");
        }
        cli_json_close(json, '}');
}

/* The VM as one names it: another user's by UID/NAME. */
static void row(struct cli_table *table, const struct vm_grants *of,
                const struct vgic_grant_info *info)
{
        char *intids = ranges(info->intids, info->n_intids);
        char *uids = ranges(info->uids, info->n_uids);
        char user[64];

        if (of->owner_uid == geteuid())
                cli_table_cell(table, "%s", of->vm);
        else
                cli_table_cell(table, "%" PRIu32 "/%s", of->owner_uid, of->vm);
        cli_table_cell(table, "%s", info->label);
        cli_table_cell(table, "%s", intids ? intids : "?");
        cli_table_cell(table, "%s", !info->n_uids ? "-" : uids ? uids : "?");
        if (info->session) {
                cli_table_cell(table, "%" PRIu64, info->session);
                cli_table_cell(table, "%" PRId32, info->pid);
                cli_table_cell(table, "%s", cli_user(info->uid, user));
        } else {
                for (unsigned i = 0; i < 3; i++)
                        cli_table_cell(table, "-");
        }
        free(intids);
        free(uids);
}

static void print_json(const struct vm_grants *all, size_t n)
{
        struct cli_json json;

        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_open(&json, "grants", '[');
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < all[i].n; j++)
                        json_grant(&json, &all[i], &all[i].infos[j]);
        cli_json_close(&json, ']');
        cli_json_close(&json, '}');
}

static int print_grants(const struct cli *cli, const struct vm_grants *all, size_t n)
{
        static const char *const headings[] = { "VM", "GRANT", "INTIDS", "USERS", "SESSION", "PID",
                                                "USER" };
        struct cli_table table;
        int ret;

        if (cli->json) {
                print_json(all, n);
                return CLI_OK;
        }
        cli_table_init(&table, "llllrrl");
        for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
                cli_table_cell(&table, "%s", headings[i]);
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < all[i].n; j++)
                        row(&table, &all[i], &all[i].infos[j]);
        ret = cli_table_print(&table);
        return ret ? cli_fail(cli, ret, "grants") : CLI_OK;
}

/* By UID/NAME, since two users can have a VM of one name. Return: 0; a negative errno. */
static int fetch(struct cli *cli, const struct vgic_vm_info *vm, struct vm_grants *ret_of)
{
        char name[VGIC_NAME_MAX + 16];

        *ret_of = (struct vm_grants){ .owner_uid = vm->owner_uid };
        snprintf(ret_of->vm, sizeof(ret_of->vm), "%s", vm->name);
        snprintf(name, sizeof(name), "%" PRIu32 "/%s", vm->owner_uid, vm->name);
        return vgic_grant_list(cli->conn, name, &ret_of->infos, &ret_of->n);
}

/*
 * Of @n VMs, all before any is printed: an error is no half a list. One of several that was
 * destroyed meanwhile has none.
 */
static int show(struct cli *cli, const struct vgic_vm_info *vms, size_t n)
{
        struct vm_grants *all = calloc(n + 1, sizeof(*all));
        int ret = all ? 0 : -ENOMEM, status;

        for (size_t i = 0; ret == 0 && i < n; i++) {
                if (vms[i].n_grants)
                        ret = fetch(cli, &vms[i], &all[i]);
                if (ret == -ENOENT && n > 1)
                        ret = 0;
        }
        status = ret ? cli_fail(cli, ret, "grants") : print_grants(cli, all, n);
        for (size_t i = 0; all && i < n; i++)
                free(all[i].infos);
        free(all);
        return status;
}

int cli_grants(struct cli *cli)
{
        struct vgic_vm_info vm = { .size = sizeof(vm) }, *vms = NULL;
        const char *name = cli->args[0];
        int ret, status;
        size_t n = 0;

        ret = name ? vgic_vm_query(cli->conn, name, &vm) : vgic_vm_list(cli->conn, &vms, &n);
        if (ret && name)
                return cli_fail(cli, ret, "VM %s", name);
        if (ret)
                return cli_fail(cli, ret, "grants");
        status = name ? show(cli, &vm, 1) : show(cli, vms, n);
        free(vms);
        return status;
}

int cli_revoke(struct cli *cli)
{
        struct cli_json json;
        int ret = vgic_msg_revoke(cli->conn, cli->args[0], cli->args[1]);

        if (ret)
                return cli_fail(cli, ret, "grant %s of VM %s", cli->args[1], cli->args[0]);
        if (!cli->json) {
                printf("revoked %s of %s\n", cli->args[1], cli->args[0]);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_text(&json, "revoked", cli->args[1]);
        cli_json_close(&json, '}');
        return CLI_OK;
}
