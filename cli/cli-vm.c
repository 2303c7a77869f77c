/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * list, show, destroy: VMs as the daemon sees them
 *
 * All by message, so that they also work for a VM that has no controller yet.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

/* The members of one VM, the same for list and show. */
static void json_vm(struct cli_json *json, const struct vgic_vm_info *vm)
{
        cli_json_text(json, "name", vm->name);
        cli_json_number(json, "id", vm->id);
        cli_json_number(json, "owner_uid", vm->owner_uid);
        if (vm->owner_pid)
                cli_json_number(json, "owner_pid", (uint64_t)vm->owner_pid);
        else
                cli_json_null(json, "owner_pid");
        cli_json_bool(json, "initialised", vm->initialised);
        cli_json_number(json, "vcpus", vm->n_vcpus);
        cli_json_number(json, "vcpus_registered", vm->n_vcpus_registered);
        cli_json_number(json, "spis", vm->n_spis);
        cli_json_number(json, "extended_spis", vm->n_espis);
        cli_json_number(json, "extended_ppis", vm->n_eppis);
        cli_json_number(json, "priority_bits", vm->n_priority_bits);
        cli_json_number(json, "affinity_levels", vm->affinity_levels);
        cli_json_number(json, "redistributor_regions", vm->n_redist_regions);
        cli_json_bool(json, "one_of_n", !(vm->flags & VGIC_VM_NO_1_OF_N));
        cli_json_bool(json, "range_selector", !(vm->flags & VGIC_VM_NO_RSS));
        cli_json_bool(json, "ephemeral", vm->flags & VGIC_VM_EPHEMERAL);
        cli_json_bool(json, "mirror", vm->flags & VGIC_VM_MIRROR);
        cli_json_bool(json, "awake_at_reset", vm->flags & VGIC_VM_AWAKE);
        cli_json_number(json, "sessions", vm->n_sessions);
        cli_json_number(json, "grants", vm->n_grants);
        cli_json_bool(json, "tdir", vm->tdir);
        cli_json_number(json, "tdir_generation", vm->tdir_generation);
        cli_json_number(json, "icc_ctlr_messages", vm->icc_ctlr_messages);
        cli_json_number(json, "injections_socket", vm->injections_socket);
        cli_json_number(json, "injections_ring", vm->injections_ring);
        cli_json_number(json, "segment_bytes", vm->segment_bytes);
        cli_json_number(json, "guest_errors", vm->guest_errors);
}

static void json_list(const struct vgic_vm_info *vms, size_t n)
{
        struct cli_json json;

        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_open(&json, "vms", '[');
        for (size_t i = 0; i < n; i++) {
                cli_json_open(&json, NULL, '{');
                json_vm(&json, &vms[i]);
                cli_json_close(&json, '}');
        }
        cli_json_close(&json, ']');
        cli_json_close(&json, '}');
}

/*
 * The columns that fit a line; show has the rest. VCPUS is registered ones of all; SPIS includes
 * the extended.
 */
static int print_list(const struct cli *cli, const struct vgic_vm_info *vms, size_t n)
{
        static const char *const headings[] =
                { "NAME", "STATE", "VCPUS", "SPIS", "TDIR", "INJECTED", "SESSIONS",
                                                "GRANTS", "ERRORS", "OWNER", "PID" };
        struct cli_table table;
        char user[64];
        int ret;

        if (n == 0) {
                puts("no VMs");
                return CLI_OK;
        }
        cli_table_init(&table, "llrrlrrrrlr");
        for (unsigned i = 0; i < 11; i++)
                cli_table_cell(&table, "%s", headings[i]);
        for (const struct vgic_vm_info *vm = vms; vm < vms + n; vm++) {
                cli_table_cell(&table, "%s", vm->name);
                cli_table_cell(&table, "%s",
                               !vm->initialised ? "created" :
                               vm->flags & VGIC_VM_MIRROR ? "mirror" : "ready");
                cli_table_cell(&table, "%" PRIu32 "/%" PRIu32, vm->n_vcpus_registered, vm->n_vcpus);
                cli_table_cell(&table, "%" PRIu32, vm->n_spis + vm->n_espis);
                cli_table_cell(&table, "%s", vm->tdir ? "set" : "clear");
                cli_table_cell(&table, "%" PRIu64, vm->injections_socket + vm->injections_ring);
                cli_table_cell(&table, "%" PRIu32, vm->n_sessions);
                cli_table_cell(&table, "%" PRIu32, vm->n_grants);
                cli_table_cell(&table, "%" PRIu64, vm->guest_errors);
                cli_table_cell(&table, "%s", cli_user(vm->owner_uid, user));
                if (vm->owner_pid)
                        cli_table_cell(&table, "%" PRId32, vm->owner_pid);
                else
                        cli_table_cell(&table, "-");
        }
        ret = cli_table_print(&table);
        return ret ? cli_fail(cli, ret, "list") : CLI_OK;
}

int cli_list(struct cli *cli)
{
        struct vgic_vm_info *vms = NULL;
        int ret, status = CLI_OK;
        size_t n;

        ret = vgic_vm_list(cli->conn, &vms, &n);
        if (ret)
                return cli_fail(cli, ret, "list");
        if (cli->json)
                json_list(vms, n);
        else
                status = print_list(cli, vms, n);
        free(vms);
        return status;
}

/* One range of interrupts: "SPIs            64 (INTIDs 32 to 95)" */
static void print_range(const char *what, uint32_t first, uint32_t n, const char *whose)
{
        if (n)
                printf("%-15s %" PRIu32 "%s (INTIDs %" PRIu32 " to %" PRIu32 ")\n", what, n, whose,
                       first,
                       first + n - 1);
        else
                printf("%-15s none\n", what);
}

/* What was chosen when the VM was created. */
static void print_configuration(const struct vgic_vm_info *vm)
{
        print_range("SPIs", VGIC_SPI_FIRST, vm->n_spis, "");
        print_range("extended SPIs", VGIC_ESPI_FIRST, vm->n_espis, "");
        print_range("extended PPIs", VGIC_EPPI_FIRST, vm->n_eppis, " a vCPU");
        printf("priorities      %u (%" PRIu32 " bits)\n", 1u << (vm->n_priority_bits & 31),
               vm->n_priority_bits);
        printf("affinity levels %" PRIu32 "%s\n", vm->affinity_levels,
               vm->affinity_levels == 3 ? " (no Aff3)" : "");
        printf("redistributors  %" PRIu32 " region%s\n", vm->n_redist_regions,
               vm->n_redist_regions == 1 ? "" : "s");
        printf("1-of-N          %s\n", vm->flags & VGIC_VM_NO_1_OF_N ? "no" : "yes");
        printf("range selector  %s\n",
               vm->flags & VGIC_VM_NO_RSS ? "no: SGIs to Aff0 0 to 15" : "yes");
        printf("at reset        redistributors are %s\n",
               vm->flags & VGIC_VM_AWAKE ? "awake" : "asleep");
        printf("lives           %s\n",
               vm->flags & VGIC_VM_EPHEMERAL ? "until its last VMM leaves" : "until destroyed");
}

/* What was chosen at creation stands in the middle, what changes later around it. */
static void print_vm(const struct vgic_vm_info *vm)
{
        char user[64], bytes[32];

        cli_user(vm->owner_uid, user);
        printf("name            %s\n", vm->name);
        printf("id              %" PRIu64 "\n", vm->id);
        printf("owner           %s (uid %" PRIu32 "), ", user, vm->owner_uid);
        if (vm->owner_pid)
                printf("VMM is process %" PRId32 "\n", vm->owner_pid);
        else
                printf("no VMM is attached\n");
        printf("state           %s\n", vm->initialised ? "ready" : "created, not initialised yet");
        printf("controller      %s\n",
               vm->flags & VGIC_VM_MIRROR ? "mirror: it lives elsewhere, nothing is delivered" :
               "delivering");
        printf("vCPUs           %" PRIu32 ", of them registered %" PRIu32 "\n", vm->n_vcpus,
               vm->n_vcpus_registered);
        print_configuration(vm);
        printf("segment         %s\n", cli_bytes(vm->segment_bytes, bytes));
        printf("sessions        %" PRIu32 "\n", vm->n_sessions);
        printf("grants          %" PRIu32 "\n", vm->n_grants);
        printf("TDIR            %s, generation %" PRIu64 "\n", vm->tdir ? "set" : "clear",
               vm->tdir_generation);
        printf("injections      %" PRIu64 " by message, %" PRIu64 " by ring\n",
               vm->injections_socket,
               vm->injections_ring);
        printf("ICC_CTLR_EL1    %" PRIu64 " reads by message\n", vm->icc_ctlr_messages);
        printf("guest errors    %" PRIu64 "%s\n", vm->guest_errors,
               vm->guest_errors ? " (accesses to registers that do not exist, or not of this size "
                                  "or direction)"
                                : "");
}

/* By message, without attaching: also of a VM that is not initialised. */
int cli_show(struct cli *cli)
{
        struct vgic_vm_info vm = { .size = sizeof(vm) };
        struct cli_json json;
        int ret;

        ret = vgic_vm_query(cli->conn, cli->args[0], &vm);
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        if (!cli->json) {
                print_vm(&vm);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        json_vm(&json, &vm);
        cli_json_close(&json, '}');
        return CLI_OK;
}

/* By name, whoever is attached: the daemon tells those (VGIC_EVENT_REVOKED). */
int cli_destroy(struct cli *cli)
{
        struct cli_json json;
        int ret;

        ret = vgic_vm_destroy(cli->conn, cli->args[0]);
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        if (!cli->json) {
                printf("destroyed %s\n", cli->args[0]);
                return CLI_OK;
        }
        cli_json_begin(&json, false);
        cli_json_open(&json, NULL, '{');
        cli_json_text(&json, "destroyed", cli->args[0]);
        cli_json_close(&json, '}');
        return CLI_OK;
}
