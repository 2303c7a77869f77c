/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The configuration of a VM through libvgic: what is refused and in which words, what is told, what
 * the guest sees
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

/* GICD_TYPER, GICR_TYPER, ICC_CTLR_EL1 (IHI 0069, their descriptions) */
#define GICD_TYPER      0x4u
#define TYPER_ESPI      (1u << 8)
#define TYPER_A3V       (1u << 24)
#define TYPER_NO1N      (1u << 25)
#define TYPER_RSS       (1u << 26)
#define GICR_TYPER      0x8u
#define GICR_STRIDE     0x20000u
#define GICR_TYPER_LAST (1u << 4)
#define CTLR_A3V        (1u << 15)
#define CTLR_RSS        (1u << 18)
#define CTLR_EXTRANGE   (1u << 19)

static struct daemon_proc daemon_;

static struct vgic_vm *create(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

static void destroy(struct vgic_conn *conn, struct vgic_vm *vm, const char *name)
{
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, name);
}

/* --- wrong configurations --- */

#define CONFIG(...)                                                                           \
        { .size = sizeof(struct vgic_vm_config), .name = "wrong", .n_vcpus = 4, .n_spis = 32, \
          __VA_ARGS__ }

static const uint32_t three[] = { 1, 2 }, five[] = { 4, 1 }, with_zero[] = { 4, 0 },
        wraps[] = { UINT32_MAX, 5 },
                      ones[] = { 1, 1, 1, 1, 1 };
static const uint64_t aff3[] = { 0, 1, 2, UINT64_C(1) << 32 }, aff0[] = { 0, 1, 2, 16 },
                      reserved[] = { 0, 1, 2, 1 << 25 }, twice[] = { 0, 1, 2, 1 };

static const struct {
        const char *what;
        struct vgic_vm_config config;
        const char *words[3];   /* the member, and what it can be */
} wrong[] = {
        { "33 extended SPIs", CONFIG(.n_espis = 33), { "n_espis", "32", "1024" } },
        { "31 extended SPIs", CONFIG(.n_espis = 31), { "n_espis", "32", "1024" } },
        { "1056 extended SPIs", CONFIG(.n_espis = 1056), { "n_espis", "32", "1024" } },
        { "as many extended SPIs as can be counted", CONFIG(.n_espis = UINT32_MAX - 31),
          { "n_espis", "32", "1024" } },
        { "1 extended PPI", CONFIG(.n_eppis = 1), { "n_eppis", "32", "64" } },
        { "96 extended PPIs", CONFIG(.n_eppis = 96), { "n_eppis", "32", "64" } },
        { "1 affinity level", CONFIG(.affinity_levels = 1), { "affinity_levels", "3", "4" } },
        { "2 affinity levels", CONFIG(.affinity_levels = 2), { "affinity_levels", "3", "4" } },
        { "5 affinity levels", CONFIG(.affinity_levels = 5), { "affinity_levels", "3", "4" } },
        { "regions of too few vCPUs", CONFIG(.n_redist_regions = 2, .redist_regions = three),
          { "redist_regions", "n_vcpus", "4" } },
        { "regions of too many vCPUs", CONFIG(.n_redist_regions = 2, .redist_regions = five),
          { "redist_regions", "n_vcpus", "4" } },
        { "regions whose sum wraps to the right one",
          CONFIG(.n_redist_regions = 2, .redist_regions = wraps),
          { "redist_regions", "n_vcpus", "4" } },
        { "an empty region", CONFIG(.n_redist_regions = 2, .redist_regions = with_zero),
          { "redist_regions", "at least one", "" } },
        { "more regions than vCPUs", CONFIG(.n_redist_regions = 5, .redist_regions = ones),
          { "n_redist_regions", "n_vcpus", "" } },
        { "regions that are nowhere", CONFIG(.n_redist_regions = 2),
          { "n_redist_regions", "redist_regions", "" } },
        { "Aff3 with 3 levels", CONFIG(.affinity_levels = 3, .mpidrs = aff3),
          { "mpidrs", "Aff3 0", "3" } },
        { "Aff0 16 without range selector", CONFIG(.flags = VGIC_VM_NO_RSS, .mpidrs = aff0),
          { "mpidrs", "Aff0 0 to 15", "" } },
        { "a reserved bit of an MPIDR", CONFIG(.mpidrs = reserved), { "mpidrs", "Aff3", "Aff0" } },
        { "an affinity twice", CONFIG(.mpidrs = twice), { "affinity", "", "" } },
        { "an unknown flag", CONFIG(.flags = 1u << 5), { "flags", "0x20", "0x1f" } },
        { "the highest flag", CONFIG(.flags = 1u << 31), { "flags", "0x80000000", "0x1f" } },
        { "9 priority bits", CONFIG(.n_priority_bits = 9), { "n_priority_bits", "4", "8" } },
};

static void wrong_member_is_named_with_what_it_can_be(struct vgic_conn *conn)
{
        struct vgic_vm_info *infos = NULL;
        size_t n = 9;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct vgic_vm *vm = NULL;
                const char *said;

                tap_eq(vgic_vm_create(conn, &wrong[i].config, &vm), -EINVAL, "create: %s",
                       wrong[i].what);
                said = vgic_conn_error(conn);
                tap_ok(!vm && strstr(said, wrong[i].words[0]) && strstr(said, wrong[i].words[1]) &&
                       strstr(said, wrong[i].words[2]),
                       "%s: the words name the member and what it can be: %s", wrong[i].what, said);
        }
        tap_ok(vgic_vm_list(conn, &infos, &n) == 0 && n == 0, "nothing came to be of any");
        free(infos);
}

/* --- right ones, as they are told --- */

static bool same_configuration(const struct vgic_vm_info *a, const struct vgic_vm_info *b)
{
        return a->n_vcpus == b->n_vcpus && a->n_spis == b->n_spis && a->n_espis == b->n_espis &&
               a->n_eppis == b->n_eppis && a->affinity_levels == b->affinity_levels &&
               a->flags == b->flags && a->n_redist_regions == b->n_redist_regions &&
               a->n_priority_bits == b->n_priority_bits;
}

/* What the guest reads is what was configured. */
static void guest_reads_what_was_configured(struct vgic_vm *vm, const struct vgic_vm_info *expected,
                                            const char *what)
{
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t typer = 0, redist = 0;

        vgic_vm_icc_ctlr(vm, 0, &ctlr);
        tap_eq(!!(ctlr.live & CTLR_RSS), !(expected->flags & VGIC_VM_NO_RSS),
               "%s: ICC_CTLR_EL1.RSS agrees", what);
        tap_eq(!!(ctlr.live & CTLR_A3V), expected->affinity_levels == 4,
               "%s: ICC_CTLR_EL1.A3V agrees", what);
        tap_eq(!!(ctlr.live & CTLR_EXTRANGE), expected->n_espis || expected->n_eppis,
               "%s: ICC_CTLR_EL1.ExtRange agrees", what);
        vgic_gicd_read(vm, GICD_TYPER, 4, &typer);
        tap_eq(!(typer & TYPER_NO1N), !(expected->flags & VGIC_VM_NO_1_OF_N),
               "%s: GICD_TYPER.No1N agrees", what);
        tap_eq(!!(typer & TYPER_RSS), !(expected->flags & VGIC_VM_NO_RSS),
               "%s: GICD_TYPER.RSS agrees", what);
        tap_eq(!!(typer & TYPER_A3V), expected->affinity_levels == 4, "%s: GICD_TYPER.A3V agrees",
               what);
        tap_eq(typer & TYPER_ESPI ? ((typer >> 27) + 1) * 32 : 0, expected->n_espis,
               "%s: GICD_TYPER.ESPI_range agrees", what);
        vgic_gicr_read(vm, GICR_TYPER, 8, &redist);
        tap_eq((redist >> 27 & 31) * 32, expected->n_eppis, "%s: GICR_TYPER.PPInum agrees", what);
}

/* Each way to ask gives the same answer. */
static void every_way_to_ask_gives_the_same_answer(struct vgic_conn *conn,
                                                   const struct vgic_vm_config *config,
                                                   const struct vgic_vm_info *expected,
                                                   const char *what)
{
        struct vgic_conn *other = daemon_connect(&daemon_);
        struct vgic_vm_info info = { .size = sizeof(info) }, *infos = NULL;
        struct vgic_vm *vm = NULL, *seen = NULL;
        size_t n = 0;

        tap_eq(vgic_vm_create(conn, config, &vm), 0, "%s: create: %s", what, vgic_conn_error(conn));
        tap_ok(vgic_vm_get_info(vm, &info) == 0 && same_configuration(&info, expected),
               "%s: as created", what);
        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        tap_ok(vgic_vm_get_info(vm, &info) == 0 && same_configuration(&info, expected),
               "%s: as initialised", what);
        tap_ok(vgic_vm_query(other, config->name, &info) == 0 &&
               same_configuration(&info, expected),
               "%s: as asked for", what);
        tap_ok(vgic_vm_list(other, &infos, &n) == 0 && n == 1 &&
               same_configuration(&infos[0], expected),
               "%s: as listed", what);
        tap_ok(vgic_vm_attach(other, config->name, VGIC_ROLE_OBSERVER, &seen) == 0 &&
               vgic_vm_get_info(seen, &info) == 0 && same_configuration(&info, expected),
               "%s: as attached", what);
        guest_reads_what_was_configured(seen, expected, what);
        free(infos);
        vgic_vm_detach(seen);
        vgic_disconnect(other);
        destroy(conn, vm, config->name);
}

static void each_configuration_is_told_and_advertised(struct vgic_conn *conn)
{
        static const uint32_t regions[] = { 1, 3, 2 };
        static const uint64_t far[] = { UINT64_C(0xff00ffffff), 200 };
        struct vgic_vm_config config = { .size = sizeof(config), .name = "plain", .n_vcpus = 6,
                                         .n_spis = 64 };
        struct vgic_vm_info told = { .n_vcpus = 6, .n_spis = 64, .n_priority_bits = 5,
                                     .affinity_levels = 4,
                .n_redist_regions = 1 };

        every_way_to_ask_gives_the_same_answer(conn, &config, &told, "defaults");
        config.size = offsetof(struct vgic_vm_config, n_espis);
        config.n_espis = 77; /* behind the end of what the caller says it filled in */
        every_way_to_ask_gives_the_same_answer(conn, &config, &told,
                                               "a caller that knows no extended ranges");
        config = (struct vgic_vm_config){ .size = sizeof(config), .name = "all", .n_vcpus = 6,
                                          .n_spis = 988, .n_priority_bits = 8,
                                          .flags = VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS,
                                          .n_espis = 1024, .n_eppis = 64, .affinity_levels = 3,
                                          .n_redist_regions = 3, .redist_regions = regions };
        told = (struct vgic_vm_info){ .n_vcpus = 6, .n_spis = 988, .n_priority_bits = 8,
                                      .affinity_levels = 3, .flags = config.flags, .n_espis = 1024,
                                      .n_eppis = 64, .n_redist_regions = 3 };
        every_way_to_ask_gives_the_same_answer(conn, &config, &told, "all that is not the default");
        config = (struct vgic_vm_config){ .size = sizeof(config), .name = "far", .n_vcpus = 2,
                                          .n_espis = 32, .affinity_levels = 4, .mpidrs = far };
        told = (struct vgic_vm_info){ .n_vcpus = 2, .n_priority_bits = 5, .affinity_levels = 4,
                                      .n_espis = 32, .n_redist_regions = 1 };
        every_way_to_ask_gives_the_same_answer(
                conn, &config, &told,
                "4 levels and a range selector, with affinities that need them");
}

/* GICR_TYPER.Last ends each region, and nothing else. */
static void last_ends_each_region_and_nothing_else(struct vgic_conn *conn)
{
        static const uint32_t regions[] = { 1, 3, 2 }, all[] = { 6 };
        static const struct {
                uint32_t n;
                const uint32_t *regions;
                unsigned last;          /* a bit per vCPU */
        } cases[] = {
                { 0, NULL, 0x20 }, { 1, all, 0x20 }, { 3, regions, 0x29 },
        };

        for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
                struct vgic_vm_config config = { .size = sizeof(config), .name = "regions",
                                                 .n_vcpus = 6,
                        .n_redist_regions = cases[c].n, .redist_regions = cases[c].regions };
                struct vgic_vm *vm = create(conn, &config);
                unsigned last = 0;

                for (uint32_t i = 0; i < 6; i++) {
                        uint64_t typer = 0;

                        vgic_gicr_read(vm, i * GICR_STRIDE + GICR_TYPER, 4, &typer);
                        last |= (typer & GICR_TYPER_LAST ? 1u : 0) << i;
                }
                tap_eq(last, cases[c].last, "%u regions: GICR_TYPER.Last ends each",
                       cases[c].n ? cases[c].n : 1);
                destroy(conn, vm, "regions");
        }
}

int main(void)
{
        struct vgic_conn *conn;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        wrong_member_is_named_with_what_it_can_be(conn);
        each_configuration_is_told_and_advertised(conn);
        last_ends_each_region_and_nothing_else(conn);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
