/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: what a VM was configured with is what its registers say
 * (IHI 0069 sections 12.2, 12.9, 12.11)
 */
#include <errno.h>

#include "conf-tables.h"

static void typer_a3v(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER) >> 24 & 1, c->config.argument);
}

static void typer_no1n(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER) >> 25 & 1, c->config.argument);
        route_w(c, 40, IROUTER_IRM);
        EQ(c, route(c, 40), c->config.argument ? 0 : IROUTER_IRM);
        EQ(c, gicr(c, 0, GICR_TYPER) >> 5 & 1, !c->config.argument);
}

static void typer_rss(struct conf *c)
{
        EQ(c, gicd(c, GICD_TYPER) >> 26 & 1, c->config.argument);
        EQ(c, icc(c, 0, CTLR) & ICC_RSS, c->config.argument ? ICC_RSS : 0);
}

static void typer_espi(struct conf *c)
{
        unsigned n = c->config.n_espis;

        EQ(c, gicd(c, GICD_TYPER) >> 8 & 1, n > 0);
        EQ(c, gicd(c, GICD_TYPER) >> 27, n ? n / 32 - 1 : 0);
        EQ(c, icc(c, 0, CTLR) & ICC_EXTRANGE, n || c->config.n_eppis ? ICC_EXTRANGE : 0);
        /* enough for the highest INTID */
        EQ(c, gicd(c, GICD_TYPER) >> 19 & 0x1f, c->config.argument);
}

static void icc_ctlr_a3v(struct conf *c)
{
        EQ(c, icc(c, 0, CTLR) & ICC_A3V, c->config.affinity_levels == 3 ? 0 : ICC_A3V);
}

static void default_priority_bits(struct conf *c)
{
        EQ(c, icc(c, 0, CTLR) >> 8 & 7, 5 - 1);
}

/* What no GIC can be is refused; what is just allowed is not. */
static void refused(struct conf *c)
{
        static const uint64_t twice[] = { 7, 7 }, aff0_16[] = { 0, 16 },
                aff3[] = { 0, UINT64_C(1) << 32 }, fine[] = { 0, 15 };
        static const uint32_t sum[] = { 1, 2 }, zero[] = { 2, 0 }, ok[] = { 1, 1 };
        static const struct {
                const char *what;
                struct conf_config config;
                int result;
        } cases[] = {
                { "3 priority bits", { .n_priority_bits = 3 }, -EINVAL },
                { "9 priority bits", { .n_priority_bits = 9 }, -EINVAL },
                { "4 priority bits", { .n_priority_bits = 4 }, 0 },
                { "8 priority bits", { .n_priority_bits = 8 }, 0 },
                { "989 SPIs", { .n_spis = 989 }, -EINVAL },
                { "988 SPIs", { .n_spis = 988 }, 0 },
                { "no SPI", { .no_spis = true }, 0 },
                { "33 ESPIs", { .n_espis = 33 }, -EINVAL },
                { "1056 ESPIs", { .n_espis = 1056 }, -EINVAL },
                { "1024 ESPIs", { .n_espis = 1024 }, 0 },
                { "32 ESPIs", { .n_espis = 32 }, 0 },
                { "16 EPPIs", { .n_eppis = 16 }, -EINVAL },
                { "96 EPPIs", { .n_eppis = 96 }, -EINVAL },
                { "64 EPPIs", { .n_eppis = 64 }, 0 },
                { "2 affinity levels", { .affinity_levels = 2 }, -EINVAL },
                { "5 affinity levels", { .affinity_levels = 5 }, -EINVAL },
                { "3 affinity levels", { .affinity_levels = 3 }, 0 },
                { "Aff3 with 3 levels", { .n_vcpus = 2, .affinity_levels = 3, .mpidrs = aff3 },
                  -EINVAL },
                { "Aff3 with 4 levels", { .n_vcpus = 2, .affinity_levels = 4, .mpidrs = aff3 }, 0 },
                { "one affinity twice", { .n_vcpus = 2, .mpidrs = twice }, -EINVAL },
                { "Aff0 16 without RSS",
                  { .n_vcpus = 2, .flags = VGIC_VM_NO_RSS, .mpidrs = aff0_16 }, -EINVAL },
                { "Aff0 15 without RSS", { .n_vcpus = 2, .flags = VGIC_VM_NO_RSS, .mpidrs = fine },
                  0 },
                { "Aff0 16 with RSS", { .n_vcpus = 2, .mpidrs = aff0_16 }, 0 },
                { "regions of 3 vCPUs in all", { .n_vcpus = 2, .n_regions = 2, .regions = sum },
                  -EINVAL },
                { "a region of none", { .n_vcpus = 2, .n_regions = 2, .regions = zero }, -EINVAL },
                { "two regions", { .n_vcpus = 2, .n_regions = 2, .regions = ok }, 0 },
                { "an unknown flag", { .flags = 0x100 }, -EINVAL },
        };

        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                conf_where(c, "%s", cases[i].what);
                EQ(c, conf_try(c, &cases[i].config), cases[i].result);
        }
}

/* MPIDR_EL1's bits that are no affinity do not count. */
static void mpidr_bits(struct conf *c)
{
        EQ(c, gicr(c, 0, GICR_TYPER + 4), 0x00000003);
        EQ(c, gicr(c, 1, GICR_TYPER + 4), 0x05000200);
        irq_setup(c, 1, 40, 1, 0x80);
        EQ(c, route(c, 40), 0x0500000200);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 1, 1), 40);
}

/* What tools are told is what was asked for. */
static void info(struct conf *c)
{
        struct vgic_vm_info local = { .size = sizeof(local) }, asked = { .size = sizeof(asked) };

        EQ(c, vgic_vm_get_info(c->vm, &local), 0);
        EQ(c, vgic_vm_query(c->conn, c->vm_name, &asked), 0);
        for (unsigned i = 0; i < 2; i++) {
                const struct vgic_vm_info *told = i ? &asked : &local;

                EQ(c, told->n_vcpus, 3);
                EQ(c, told->n_spis, 100);
                EQ(c, told->n_priority_bits, 7);
                EQ(c, told->n_espis, 96);
                EQ(c, told->n_eppis, 32);
                EQ(c, told->affinity_levels, 3);
                EQ(c, told->flags & (VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS),
                   VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS);
        }
}

static const uint64_t mpidrs[] = { 0x80000003, 0x05c1000200 };

const struct conf_test conf_config_tests[] = {
        { "typer-a3v", "12.9.38", "GICD_TYPER.A3V = 1 with four affinity levels",
          { .affinity_levels = 4, .argument = 1 }, typer_a3v },
        { "typer-a3v-no", "12.9.38", "GICD_TYPER.A3V = 0 with three",
          { .affinity_levels = 3, .argument = 0 }, typer_a3v },
        { "typer-no1n", "12.9.38", "GICD_TYPER.No1N = 0: IRM is there, GICR_TYPER.DPGS too",
          { .argument = 0 }, typer_no1n },
        { "typer-no1n-set", "12.9.38", "GICD_TYPER.No1N = 1: IRM is RES0, no DPGS",
          { .flags = VGIC_VM_NO_1_OF_N, .argument = 1 }, typer_no1n },
        { "typer-rss", "12.9.38", "GICD_TYPER.RSS = 1, and ICC_CTLR_EL1.RSS agrees",
          { .argument = 1 }, typer_rss },
        { "typer-rss-no", "12.9.38", "GICD_TYPER.RSS = 0, and ICC_CTLR_EL1.RSS agrees",
          { .flags = VGIC_VM_NO_RSS, .argument = 0 }, typer_rss },
        { "typer-espi-none", "12.9.38",
          "no extended ranges: ESPI 0, ICC_CTLR_EL1.ExtRange 0, 10 ID bits",
          { .argument = 9 }, typer_espi },
        { "typer-espi-32", "12.9.38", "32 extended SPIs: ESPI_range 0, ExtRange, 13 ID bits",
          { .n_espis = 32, .argument = 12 }, typer_espi },
        { "typer-espi-1024", "12.9.38", "1024 extended SPIs: ESPI_range 31",
          { .n_espis = 1024, .argument = 12 }, typer_espi },
        { "typer-eppi", "12.9.38", "extended PPIs only: ESPI 0, ExtRange, 11 ID bits",
          { .n_eppis = 64, .argument = 10 }, typer_espi },
        { "icc-ctlr-a3v", "12.2.6", "ICC_CTLR_EL1.A3V = 1 with four affinity levels", { 0 },
          icc_ctlr_a3v },
        { "icc-ctlr-a3v-no", "12.2.6", "ICC_CTLR_EL1.A3V = 0 with three", { .affinity_levels = 3 },
          icc_ctlr_a3v },
        { "default-priority-bits", "12.2.6", "5 priority bits unless asked for", { 0 },
          default_priority_bits },
        { "config-refused", "2.2",
          "what no GIC can be is refused, in words; the limits themselves are not",
          { 0 }, refused },
        { "config-mpidr", "2.3", "bits 31, 30 and 24 of an MPIDR_EL1 are no affinity",
          { .n_vcpus = 2, .mpidrs = mpidrs }, mpidr_bits },
        { "config-info", "12.9.38", "the VM's description says what was configured",
          { .n_vcpus = 3, .n_spis = 100, .n_priority_bits = 7, .n_espis = 96, .n_eppis = 32,
            .affinity_levels = 3,
            .flags = VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS }, info },
        { 0 },
};
