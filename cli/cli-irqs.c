/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * irqs: the state of every interrupt, read from shared memory while the vCPUs run
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "cli-json.h"
#include "cli-table.h"

/* What the walk over all interrupts hands each state to. */
struct irqs_out {
        const struct cli *cli;
        struct cli_table table;
        struct cli_json json;
        uint64_t n_shown, n_hidden;
};

static bool irqs_interesting(const struct vgic_irq_state *s)
{
        return s->enabled || s->pending || s->active || s->acknowledged;
}

/*
 * Every interrupt, used or not: a program that reads this filters by itself. null is for what does
 * not apply.
 */
static void irqs_json(struct irqs_out *out, const struct vgic_irq_state *s)
{
        struct cli_json *json = &out->json;
        char name[16];

        cli_json_open(json, NULL, '{');
        cli_json_number(json, "intid", s->intid);
        cli_json_text(json, "name", cli_intid_name(s->intid, name));
        if (s->vcpu == VGIC_NO_VCPU)
                cli_json_null(json, "vcpu");
        else
                cli_json_number(json, "vcpu", s->vcpu);
        cli_json_bool(json, "one_of_n", s->one_of_n);
        cli_json_bool(json, "enabled", s->enabled);
        cli_json_bool(json, "pending", s->pending);
        cli_json_bool(json, "active", s->active);
        if (s->active && s->holder != VGIC_NO_VCPU)
                cli_json_number(json, "active_on", s->holder);
        else
                cli_json_null(json, "active_on");
        cli_json_bool(json, "stale", s->stale);
        cli_json_bool(json, "line", s->line);
        cli_json_bool(json, "latch", s->latch);
        cli_json_text(json, "trigger", s->edge ? "edge" : "level");
        cli_json_number(json, "group", s->group);
        cli_json_number(json, "priority", s->priority);
        cli_json_number(json, "acknowledged", s->acknowledged);
        cli_json_close(json, '}');
        out->n_shown++;
}

static void vcpu_cell(struct cli_table *table, uint32_t vcpu)
{
        if (vcpu == VGIC_NO_VCPU)
                cli_table_cell(table, "-");
        else
                cli_table_cell(table, "%" PRIu32, vcpu);
}

/*
 * An unused interrupt is hidden unless --all was given, and counted: the last line says how many.
 */
static void irqs_row(struct irqs_out *out, const struct vgic_irq_state *s)
{
        struct cli_table *table = &out->table;
        char name[16];

        if (!irqs_interesting(s) && !cli_given(out->cli, CLI_OPT_ALL)) {
                out->n_hidden++;
                return;
        }
        out->n_shown++;
        cli_table_cell(table, "%s", cli_intid_name(s->intid, name));
        vcpu_cell(table, s->vcpu);
        cli_table_cell(table, "%c%c%c%c%c%c%s", s->enabled ? 'E' : '.', s->pending ? 'P' : '.',
                       s->active ? 'A' : '.',
                       s->line ? 'H' : '.', s->latch ? 'L' : '.', s->one_of_n ? 'N' : '.',
                       s->stale ? "S" : "");
        cli_table_cell(table, "%s", s->edge ? "edge" : "level");
        cli_table_cell(table, "%u", s->group);
        cli_table_cell(table, "0x%02x", s->priority);
        vcpu_cell(table, s->active ? s->holder : VGIC_NO_VCPU);
        cli_table_cell(table, "%" PRIu64, s->acknowledged);
}

/*
 * Walk the interrupts of these kinds, private ones of @vcpu. Return: 0 or the error of the first
 * read.
 */
static int irqs_walk_kind(struct irqs_out *out, const struct vgic_vm_info *info, uint32_t vcpu,
                          enum cli_intids kind)
{
        struct vgic_irq_state state;

        for (uint32_t intid = 0; (intid = cli_intid_next(info, kind, intid)) != CLI_NO_INTID;
             intid++) {
                int ret = vgic_vm_irq_state(out->cli->vm, vcpu, intid, &state);

                if (ret)
                        return ret;
                if (out->cli->json)
                        irqs_json(out, &state);
                else
                        irqs_row(out, &state);
        }
        return 0;
}

/* The private interrupts of each vCPU (or of one), then the shared ones. */
static int irqs_walk(struct irqs_out *out, const struct vgic_vm_info *info, uint64_t only_vcpu)
{
        int ret = 0;

        for (uint32_t vcpu = 0; ret == 0 && vcpu < info->n_vcpus; vcpu++)
                if (only_vcpu == VGIC_NO_VCPU || vcpu == only_vcpu)
                        ret = irqs_walk_kind(out, info, vcpu, CLI_PRIVATE);
        return ret ? ret : irqs_walk_kind(out, info, 0, CLI_SHARED);
}

/* Instead of a table without rows a sentence says that no interrupt is used. */
static int print_irqs(struct irqs_out *out, const struct vgic_vm_info *info, uint64_t only_vcpu)
{
        static const char *const headings[] =
                { "INTID", "VCPU", "FLAGS", "TRIGGER", "GROUP", "PRIORITY", "ACTIVE-ON",
                                                "ACKS" };
        int ret;

        cli_table_init(&out->table, "lrllrrrr");
        for (unsigned i = 0; i < 8; i++)
                cli_table_cell(&out->table, "%s", headings[i]);
        ret = irqs_walk(out, info, only_vcpu);
        if (ret == 0 && out->n_shown)
                ret = cli_table_print(&out->table);
        else
                cli_table_release(&out->table);
        if (ret)
                return cli_fail(out->cli, ret, "interrupts of %s", out->cli->args[0]);
        if (out->n_shown)
                puts("\n"
                     "FLAGS: E enabled, P pending, A active, H line high,\n"
                     "       L latched (edge or ISPENDR), N 1-of-N,\n"
                     "       S listed at a vCPU in guest, which may have gone on since.\n"
                     "VCPU: whose it is (SGI, PPI) or where it is routed (SPI; 1-of-N: chosen).\n"
                     "ACKS: how often it was acknowledged.  EPPI, ESPI: the extended ranges.");
        else
                puts("no interrupt is enabled, pending or active, and none was ever acknowledged");
        if (out->n_hidden)
                printf("%" PRIu64 " unused interrupts are not shown (--all shows them).\n",
                       out->n_hidden);
        return CLI_OK;
}

static int json_irqs(struct irqs_out *out, const struct vgic_vm_info *info, uint64_t only_vcpu)
{
        struct vgic_irq_state state;
        int ret = vgic_vm_irq_state(out->cli->vm, 0, 0, &state);

        /* Before the first byte is written, so that what is written is a whole document. */
        if (ret)
                return cli_fail(out->cli, ret, "interrupts of %s", out->cli->args[0]);
        cli_json_begin(&out->json, false);
        cli_json_open(&out->json, NULL, '{');
        cli_json_text(&out->json, "vm", out->cli->args[0]);
        cli_json_open(&out->json, "irqs", '[');
        ret = irqs_walk(out, info, only_vcpu);
        cli_json_close(&out->json, ']');
        cli_json_close(&out->json, '}');
        return ret ? cli_fail(out->cli, ret, "interrupts of %s", out->cli->args[0]) : CLI_OK;
}

/*
 * Nothing is stopped, so rows may be of different moments. A vCPU that does not exist is refused
 * here: the walk would print shared interrupts only, as if it had no others.
 */
int cli_irqs(struct cli *cli)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct irqs_out out = { .cli = cli };
        uint64_t only_vcpu;
        int ret, status;

        status = cli_option_number(cli, CLI_OPT_VCPU, VGIC_MAX_VCPUS - 1, VGIC_NO_VCPU, &only_vcpu);
        if (status != CLI_OK)
                return status;
        status = cli_observe(cli, cli->args[0]);
        if (status != CLI_OK)
                return status;
        ret = vgic_vm_get_info(cli->vm, &info);
        if (ret == 0 && only_vcpu != VGIC_NO_VCPU && only_vcpu >= info.n_vcpus) {
                fprintf(stderr, "vgicctl: VM %s has no vCPU %" PRIu64 "\n", cli->args[0],
                        only_vcpu);
                return CLI_NOT_FOUND;
        }
        if (ret)
                return cli_fail(cli, ret, "VM %s", cli->args[0]);
        return cli->json ? json_irqs(&out, &info, only_vcpu) : print_irqs(&out, &info, only_vcpu);
}
