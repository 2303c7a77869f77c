/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vcpus, reset: the vCPUs of a VM
 *
 * vcpus reads from shared memory while they run, and stops nothing; reset is by message, so that
 * it works from a tool that may not write the segment.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

static const char *vcpu_word(const struct vgic_vcpu_state *state)
{
        if (!state->powered)
                return "off";
        return state->parked ? "parked" : "running";
}

static const char *groups_word(uint32_t enables)
{
        static const char *const words[] = { "none", "0", "1", "0+1" };

        return words[enables & 3];
}

/* AFFINITY is Aff3.Aff2.Aff1.Aff0, as the guest's MPIDR_EL1 has it. */
static void table_vcpu(struct cli_table *table, uint32_t index, const struct vgic_vcpu_state *state)
{
        uint64_t m = state->mpidr;

        cli_table_cell(table, "%" PRIu32, index);
        cli_table_cell(table, "%u.%u.%u.%u", (unsigned)(m >> 32) & 0xff, (unsigned)(m >> 16) & 0xff,
                       (unsigned)(m >> 8) & 0xff, (unsigned)m & 0xff);
        cli_table_cell(table, "%s", vcpu_word(state));
        cli_table_cell(table, "%s", state->registered ? "yes" : "no");
        cli_table_cell(table, "%s", state->asleep ? "asleep" : "awake");
        cli_table_cell(table, "%s", groups_word(state->group_enables));
        cli_table_cell(table, "0x%02" PRIx32, state->pmr);
        cli_table_cell(table, "0x%02" PRIx32, state->running_priority);
        cli_table_cell(table, "%" PRIu64, state->acknowledged);
        cli_table_cell(table, "%" PRIu64, state->parks);
        cli_table_cell(table, "%" PRIu64, state->resets);
}

static void json_vcpu(struct cli_json *json, uint32_t index, const struct vgic_vcpu_state *state)
{
        cli_json_open(json, NULL, '{');
        cli_json_number(json, "vcpu", index);
        cli_json_number(json, "mpidr", state->mpidr);
        cli_json_text(json, "state", vcpu_word(state));
        cli_json_bool(json, "registered", state->registered);
        cli_json_bool(json, "redistributor_asleep", state->asleep);
        cli_json_number(json, "group_enables", state->group_enables);
        cli_json_number(json, "pmr", state->pmr);
        cli_json_number(json, "running_priority", state->running_priority);
        cli_json_number(json, "acknowledged", state->acknowledged);
        cli_json_number(json, "parks", state->parks);
        cli_json_number(json, "resets", state->resets);
        cli_json_close(json, '}');
}

/* Rows are kept until all are read: an error prints no half table. */
static int print_vcpus(struct cli *cli, uint32_t n)
{
        static const char *const headings[] =
                { "VCPU", "AFFINITY", "STATE", "REGISTERED", "GICR", "GROUPS", "PMR",
                                                "RPR", "ACKS", "PARKS", "RESETS" };
        struct vgic_vcpu_state state;
        struct cli_table table;
        int ret = 0;

        cli_table_init(&table, "rlllllllrrr");
        for (unsigned i = 0; i < 11; i++)
                cli_table_cell(&table, "%s", headings[i]);
        for (uint32_t i = 0; ret == 0 && i < n; i++) {
                ret = vgic_vm_vcpu_state(cli->vm, i, &state);
                if (ret == 0)
                        table_vcpu(&table, i, &state);
        }
        if (ret == 0)
                ret = cli_table_print(&table);
        else
                cli_table_release(&table);
        if (ret)
                return cli_fail(cli, ret, "vCPUs of %s", cli->args[0]);
        puts("\nGICR: the redistributor (GICR_WAKER).  RPR: running priority, 0xff when idle.\n"
             "ACKS, PARKS: interrupts acknowledged, times it slept.");
        return CLI_OK;
}

/* The first vCPU is read before the first byte is written: an error leaves no half document. */
static int json_vcpus(struct cli *cli, uint32_t n)
{
        struct vgic_vcpu_state state;
        struct cli_json json;
        int ret = vgic_vm_vcpu_state(cli->vm, 0, &state);

        if (ret)
                return cli_fail(cli, ret, "vCPUs of %s", cli->args[0]);
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_open(&json, "vcpus", '[');
        for (uint32_t i = 0; i < n; i++)
                if (vgic_vm_vcpu_state(cli->vm, i, &state) == 0)
                        json_vcpu(&json, i, &state);
        cli_json_close(&json, ']');
        cli_json_close(&json, '}');
        return CLI_OK;
}

int cli_vcpus(struct cli *cli)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        int ret, status;

        status = cli_observe(cli, cli->args[0]);
        if (status != CLI_OK)
                return status;
        ret = vgic_vm_get_info(cli->vm, &info);
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        return cli->json ? json_vcpus(cli, info.n_vcpus) : print_vcpus(cli, info.n_vcpus);
}

static const char *const reset_kinds[] = {
        [VGIC_RESET_CPU_ON] = "cpu-on", [VGIC_RESET_SYSTEM] = "system",
        [VGIC_RESET_POST_LOAD] = "post-load", [VGIC_RESET_LAZY] = "lazy",
};

/* Return: CLI_OK or CLI_USAGE. */
static int reset_kind(const struct cli *cli, enum vgic_reset *ret_kind)
{
        const char *text = cli_given(cli, CLI_OPT_KIND) ? cli->options[CLI_OPT_KIND] : "cpu-on";

        for (unsigned i = VGIC_RESET_CPU_ON; i <= VGIC_RESET_LAZY; i++)
                if (strcmp(text, reset_kinds[i]) == 0) {
                        *ret_kind = (enum vgic_reset)i;
                        return CLI_OK;
                }
        return cli_usage_error(NULL, "--kind is cpu-on, system, post-load or lazy, not '%s'", text);
}

/*
 * "Requested": a vCPU that runs applies the reset before its next operation, and nobody waits for
 * that.
 */
int cli_reset(struct cli *cli)
{
        enum vgic_reset kind = VGIC_RESET_CPU_ON;
        struct cli_json json;
        uint64_t vcpu;
        int ret;

        if (cli_number(cli->args[1], "VCPU", VGIC_MAX_VCPUS - 1, &vcpu) != CLI_OK ||
            reset_kind(cli, &kind) != CLI_OK)
                return CLI_USAGE;
        ret = vgic_msg_reset(cli->conn, cli->args[0], (uint32_t)vcpu, kind);
        if (ret)
                return cli_fail(cli, ret, "vCPU %" PRIu64 " of %s", vcpu, cli->args[0]);
        if (!cli->json && kind == VGIC_RESET_SYSTEM) {
                printf("reset of %s, the whole controller, requested\n", cli->args[0]);
                return CLI_OK;
        }
        if (!cli->json) {
                printf("reset of vCPU %" PRIu64 " of %s requested\n", vcpu, cli->args[0]);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "vm", cli->args[0]);
        cli_json_number(&json, "reset", vcpu);
        cli_json_text(&json, "kind", reset_kinds[kind]);
        cli_json_close(&json, '}');
        return CLI_OK;
}
