/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: what a VM was configured with is what its registers say (IHI 0069 sections 12.2, 12.9, 12.11)
 */
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

const struct conf_test conf_config_tests[] = {
        { "typer-a3v", "12.9", "GICD_TYPER.A3V = 1 with four affinity levels", { .affinity_levels = 4, .argument = 1 }, typer_a3v },
        { "typer-a3v-no", "12.9", "GICD_TYPER.A3V = 0 with three", { .affinity_levels = 3, .argument = 0 }, typer_a3v },
        { "typer-no1n", "12.9", "GICD_TYPER.No1N = 0: IRM is there, GICR_TYPER.DPGS too", { .argument = 0 }, typer_no1n },
        { "typer-no1n-set", "12.9", "GICD_TYPER.No1N = 1: IRM is RES0, no DPGS", { .flags = VGIC_VM_NO_1_OF_N, .argument = 1 }, typer_no1n },
        { "typer-rss", "12.9", "GICD_TYPER.RSS = 1, and ICC_CTLR_EL1.RSS agrees", { .argument = 1 }, typer_rss },
        { "typer-rss-no", "12.9", "GICD_TYPER.RSS = 0, and ICC_CTLR_EL1.RSS agrees", { .flags = VGIC_VM_NO_RSS, .argument = 0 }, typer_rss },
        { 0 },
};
