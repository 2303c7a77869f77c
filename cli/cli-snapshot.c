/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * save, restore: the interrupt controller of a VM to and from a file
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli-json.h"

#define GICD_IIDR    0x8
#define GICD_TYPER2  0xc
#define IMAGE_MAX (64u << 20)   /* far above the largest controller */

static bool is_standard(const char *path)
{
        return strcmp(path, "-") == 0;
}

static int file_error(const char *path, int error)
{
        fprintf(stderr, "vgicctl: %s: %s\n", is_standard(path) ? "standard stream" : path,
                strerror(-error));
        return CLI_FAILED;
}

/* Whether the image is exact is always said: a restore depends on it. */
static void print_outcome(const struct cli *cli, const char *verb, const char *json_key,
                          unsigned flags, size_t bytes)
{
        struct cli_json json;
        char size[32];

        if (!cli->json) {
                printf("%s %s: %s, %s\n", verb, cli->args[0],
                       (flags & VGIC_SNAPSHOT_EXACT) ? "exact" : "not exact",
                       cli_bytes(bytes, size));
                return;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, json_key, cli->args[0]);
        cli_json_bool(&json, "exact", flags & VGIC_SNAPSHOT_EXACT);
        cli_json_number(&json, "bytes", bytes);
        cli_json_close(&json, '}');
}

/*
 * As an observer: no vCPU is stopped and nothing is written into the VM. The warning goes to
 * standard error, since standard output may be the image.
 */
int cli_save(struct cli *cli)
{
        const char *path = cli->args[1];
        unsigned flags = 0;
        void *image = NULL;
        size_t bytes = 0;
        int ret, status;

        if (is_standard(path) && isatty(STDOUT_FILENO))
                return cli_usage_error(cli,
                                       "a snapshot is no text: it is not written to a terminal");
        status = cli_observe(cli, cli->args[0]);
        if (status != CLI_OK)
                return status;
        ret = vgic_snapshot_save(cli->vm, &image, &bytes, &flags);
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        ret = cli_write_file(path, image, bytes);
        free(image);
        if (ret)
                return file_error(path, ret);
        if (!(flags & VGIC_SNAPSHOT_EXACT))
                fprintf(stderr,
                        "vgicctl: %s was running: the snapshot is not exact, restoring it takes "
                        "--repair\n",
                        cli->args[0]);
        if (!is_standard(path))
                print_outcome(cli, "saved", "saved", flags, bytes);
        return CLI_OK;
}

/* A VM as the saved one was. */
static int create(struct cli *cli, const struct vgic_snapshot_info *info)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = cli->args[0], .n_vcpus = info->n_vcpus,
                .n_spis = info->n_spis,
                .n_priority_bits = info->n_priority_bits, .flags = info->vm_flags,
                .mpidrs = info->mpidrs,
                .n_espis = info->n_espis, .n_eppis = info->n_eppis,
                .affinity_levels = info->affinity_levels,
                .n_redist_regions = info->n_redist_regions, .redist_regions = info->redist_regions,
        };

        return vgic_vm_create(cli->conn, &config, &cli->vm);
}

/*
 * A pre-init register of the VM that was made. What cannot be set is told by the restore, which
 * finds it different.
 */
static void set_register(struct cli *cli, uint64_t offset, uint32_t value)
{
        uint64_t now;

        if (vgic_attr_get(cli->vm, VGIC_ATTR_DIST_REGS, offset, &now) == 0 && now != value)
                (void)vgic_attr_set(cli->vm, VGIC_ATTR_DIST_REGS, offset, value);
}

/*
 * Attach to the VM, or make it. Return: CLI_OK, with *ret_made; or a status with the error printed.
 */
static int find_or_make(struct cli *cli, const struct vgic_snapshot_info *info, bool *ret_made)
{
        int ret = vgic_vm_attach(cli->conn, cli->args[0], VGIC_ROLE_VMM, &cli->vm);

        *ret_made = ret == -ENOENT;
        if (*ret_made)
                ret = create(cli, info);
        if (ret == 0 && *ret_made) {
                set_register(cli, GICD_IIDR, info->gicd_iidr);
                set_register(cli, GICD_TYPER2, info->gicd_typer2);
                ret = vgic_vm_init(cli->vm);
        }
        return ret ? cli_fail(cli, ret, "VM %s", cli->args[0]) : CLI_OK;
}

/*
 * A VM that is not there is made as the image says, and destroyed again if the restore fails. One
 * that was there is left as it was.
 */
static int restore(struct cli *cli, const void *image, size_t bytes)
{
        unsigned flags = (cli_given(cli, CLI_OPT_REPAIR) ? VGIC_RESTORE_REPAIR : 0) |
                         (cli_given(cli, CLI_OPT_LOWER_DEVICES) ? VGIC_RESTORE_LOWER_DEVICES : 0);
        struct vgic_snapshot_info *info = NULL;
        char why[256] = "";
        bool made = false;
        int ret, status;

        ret = vgic_snapshot_describe(image, bytes, &info, why, sizeof(why));
        if (ret) {
                fprintf(stderr, "vgicctl: %s: %s\n",
                        is_standard(cli->args[1]) ? "standard input" : cli->args[1], why);
                return CLI_FAILED;
        }
        status = find_or_make(cli, info, &made);
        if (status == CLI_OK) {
                ret = vgic_snapshot_restore(cli->vm, image, bytes, flags, why, sizeof(why));
                if (ret) {
                        fprintf(stderr, "vgicctl: VM %s: %s\n", cli->args[0], why);
                        status = ret == -EACCES ? CLI_DENIED : CLI_FAILED;
                }
        }
        if (status != CLI_OK && made && cli->vm) { /* it would be an empty VM of that name */
                vgic_vm_detach(cli->vm);
                cli->vm = NULL;
                vgic_vm_destroy(cli->conn, cli->args[0]);
        }
        if (status == CLI_OK)
                print_outcome(cli, "restored", "restored", info->flags, bytes);
        free(info);
        return status;
}

/* The image is read whole before anything is made at the daemon: a pipe may break in the middle. */
int cli_restore(struct cli *cli)
{
        char *image = NULL;
        size_t bytes = 0;
        int ret, status;

        ret = cli_read_file(cli->args[1], IMAGE_MAX, &image, &bytes);
        if (ret)
                return file_error(cli->args[1], ret);
        status = restore(cli, image, bytes);
        free(image);
        return status;
}
