/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: the redistributors' own registers,
 * and their power state (IHI 0069 sections 11.1, 12.11)
 */
#include "conf-tables.h"

static void gicr_typer(struct conf *c)
{
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                uint64_t typer = gicr_x(c, i, GICR_TYPER, 8);

                conf_where(c, "vCPU %u", i);
                EQ(c, typer >> 8 & 0xffff, i);                                /* Processor_Number */
                EQ(c, typer >> 32, (i & 15) | i >> 4 << 8); /* 16 to an Aff1, as KVM numbers them */
                EQ(c, typer >> 4 & 1, i == c->config.n_vcpus - 1);              /* Last */
                EQ(c, typer & 0xf, 0); /* no LPIs: PLPIS, VLPIS, Dirty, DirectLPI */
                EQ(c, typer >> 6 & 3, 0);                                       /* MPAM, RVPEID */
                EQ(c, typer >> 24 & 7, 0);                                  /* CommonLPIAff, VSGI */
                EQ(c, gicr(c, i, GICR_TYPER), (uint32_t)typer);
                EQ(c, gicr(c, i, GICR_TYPER + 4), typer >> 32);
        }
}

static void gicr_typer_last(struct conf *c)
{
        static const bool last[] = { true, false, false, true, false, true };

        for (unsigned i = 0; i < 6; i++) {
                conf_where(c, "vCPU %u", i);
                EQ(c, gicr(c, i, GICR_TYPER) >> 4 & 1, last[i]);
                EQ(c, gicr(c, i, GICR_TYPER) >> 8 & 0xffff, i);
        }
}

static void gicr_typer_affinity(struct conf *c)
{
        static const uint32_t want[] = { 0x01020304, 0x00000000, 0xff00ff00 };

        for (unsigned i = 0; i < 3; i++)
                EQ(c, gicr(c, i, GICR_TYPER + 4), want[i]);
}

static void gicr_typer_ppinum(struct conf *c)
{
        EQ(c, gicr(c, 0, GICR_TYPER) >> 27, c->config.argument);
}

static void gicr_typer_read_only(struct conf *c)
{
        uint64_t before = gicr_x(c, 0, GICR_TYPER, 8);

        gicr_xw(c, 0, GICR_TYPER, 8, ~before);
        gicr_w(c, 0, GICR_TYPER + 4, 0xffffffff);
        EQ(c, gicr_x(c, 0, GICR_TYPER, 8), before);
        EQ(c, gicr(c, 0, GICR_STATUSR), STATUSR_WROD);
}

static void gicr_ctlr(struct conf *c)
{
        EQ(c, gicr(c, 0, GICR_CTLR), 0);
        gicr_w(c, 0, GICR_CTLR, UINT32_MAX);
        EQ(c, gicr(c, 0, GICR_CTLR), GICR_DPG0 | GICR_DPG1NS); /* DPG1S, Enable_LPIs, RWP, UWP: 0 */
        EQ(c, gicr(c, 1, GICR_CTLR), 0);
        gicr_w(c, 0, GICR_CTLR, GICR_DPG0);
        EQ(c, gicr(c, 0, GICR_CTLR), GICR_DPG0);
        gicr_w(c, 0, GICR_CTLR, GICR_DPG1NS);
        EQ(c, gicr(c, 0, GICR_CTLR), GICR_DPG1NS);
        gicr_w(c, 0, GICR_CTLR, 0);
        EQ(c, gicr(c, 0, GICR_CTLR), 0);
}

static void gicr_ctlr_no_dpg(struct conf *c)
{
        gicr_w(c, 0, GICR_CTLR, UINT32_MAX);
        EQ(c, gicr(c, 0, GICR_CTLR), 0);
        EQ(c, gicr(c, 0, GICR_TYPER) >> 5 & 1, 0);
}

/* DPG concerns 1-of-N interrupts only: those routed to the vCPU, and its private ones, come. */
static void dpg_targeted(struct conf *c)
{
        gicr_w(c, 0, GICR_CTLR, GICR_DPG0 | GICR_DPG1NS);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
        eoi(c, 0, 1, 40);
        irq_setup(c, 0, 20, 0, 0x80);
        irq_set(c, 0, ISPENDR, 20, 1);
        EQ(c, ack(c, 0, 0), 20);
}

static void waker_reset(struct conf *c)
{
        for (unsigned i = 0; i < 2; i++)
                EQ(c, gicr(c, i, GICR_WAKER), WAKER_SLEEP | WAKER_ASLEEP);
}

static void waker_handshake(struct conf *c)
{
        gicr_w(c, 0, GICR_WAKER, 0);
        EQ(c, gicr(c, 0, GICR_WAKER), 0);
        EQ(c, gicr(c, 1, GICR_WAKER), WAKER_SLEEP | WAKER_ASLEEP);
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
        EQ(c, gicr(c, 0, GICR_WAKER), WAKER_SLEEP | WAKER_ASLEEP);
        gicr_w(c, 0, GICR_WAKER, ~WAKER_SLEEP); /* ChildrenAsleep is read-only, the others RES0 */
        EQ(c, gicr(c, 0, GICR_WAKER), 0);
        gicr_w(c, 0, GICR_WAKER, UINT32_MAX);
        EQ(c, gicr(c, 0, GICR_WAKER), WAKER_SLEEP | WAKER_ASLEEP);
}

static void asleep(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++) {
                conf_where(c, "INTID %u", intids[i]);
                irq_setup(c, 0, intids[i], i & 1, 0x80);
                gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
                irq_set(c, 0, ISPENDR, intids[i], 1);
                EQ(c, lines(c, 0), 0);
                EQ(c, hppi(c, 0, i & 1), SPURIOUS);
                EQ(c, ack(c, 0, i & 1), SPURIOUS);
                EQ(c, is_pending(c, 0, intids[i]), true);
                gicr_w(c, 0, GICR_WAKER, 0);
                EQ(c, lines(c, 0), i & 1 ? VGIC_LINE_IRQ : VGIC_LINE_FIQ);
                EQ(c, ack(c, 0, i & 1), intids[i]);
                eoi(c, 0, i & 1, intids[i]);
        }
}

/* Going to sleep takes back what was signalled and not acknowledged. */
static void sleep_takes_back(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        route_w(c, 40, affinity_of(c, 1));
        EQ(c, ack(c, 1, 1), 40); /* another may take it */
        eoi(c, 1, 1, 40);
}

static void sleep_active(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
        EQ(c, is_active(c, 0, 40), true);
        EQ(c, icc(c, 0, RPR), 0x80);
        eoi(c, 0, 1, 40);
        EQ(c, is_active(c, 0, 40), false);
}

static void asleep_group_off(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
        irq_set(c, 0, ISPENDR, 40, 1);
        icc_w(c, 0, IGRPEN1, 0);
        gicr_w(c, 0, GICR_WAKER, 0);
        EQ(c, lines(c, 0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        icc_w(c, 0, IGRPEN1, 1);
        EQ(c, ack(c, 0, 1), 40);
}

/* The redistributor's own fields are those of its vCPU, whoever writes. */
static void frames_apart(struct conf *c)
{
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                gicr_w(c, i, GICR_ISENABLER0, 1u << (16 + i));
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                conf_where(c, "vCPU %u", i);
                EQ(c, gicr(c, i, GICR_ISENABLER0), 1u << (16 + i));
                EQ(c, gicr(c, i, GICR_ICENABLER0), 1u << (16 + i));
        }
}

static const uint32_t three_regions[] = { 1, 3, 2 };
static const uint64_t odd_mpidrs[] = { 0x0100020304, 0, 0xff0000ff00 };

const struct conf_test conf_redist_tests[] = {
        { "gicr-typer", "12.11.37",
          "GICR_TYPER: affinity, Processor_Number, Last in the last frame, no LPIs; "
          "as 64 and twice 32 bits",
          { .n_vcpus = 33 }, gicr_typer },
        { "gicr-typer-last", "12.11.37", "GICR_TYPER.Last ends each region",
          { .n_vcpus = 6, .n_regions = 3, .regions = three_regions }, gicr_typer_last },
        { "gicr-typer-affinity", "12.11.37", "GICR_TYPER.Affinity_Value: all four levels",
          { .n_vcpus = 3, .mpidrs = odd_mpidrs }, gicr_typer_affinity },
        { "gicr-ppinum-0", "12.11.37", "GICR_TYPER.PPInum = 0 without extended PPIs",
          { .argument = 0 }, gicr_typer_ppinum },
        { "gicr-ppinum-1", "12.11.37", "GICR_TYPER.PPInum = 1 with 32",
          { .n_eppis = 32, .argument = 1 }, gicr_typer_ppinum },
        { "gicr-ppinum-2", "12.11.37", "GICR_TYPER.PPInum = 2 with 64",
          { .n_eppis = 64, .argument = 2 }, gicr_typer_ppinum },
        { "gicr-typer-read-only", "12.11.37", "GICR_TYPER ignores writes", { 0 },
          gicr_typer_read_only },
        { "gicr-ctlr", "12.11.2", "GICR_CTLR: DPG0 and DPG1NS are writable, all else is 0",
          { .n_vcpus = 2 }, gicr_ctlr },
        { "gicr-ctlr-no-dpg", "12.11.2", "GICR_CTLR without DPGS: all 0",
          { .flags = VGIC_VM_NO_1_OF_N }, gicr_ctlr_no_dpg },
        { "dpg-targeted", "12.11.2", "GICR_CTLR.DPG* does not stop what is routed to the vCPU",
          { 0 }, dpg_targeted },
        { "waker-reset", "12.11.42", "GICR_WAKER resets with ProcessorSleep and ChildrenAsleep",
          { .n_vcpus = 2, .cold = true }, waker_reset },
        { "waker-handshake", "11.1", "ChildrenAsleep follows ProcessorSleep; each vCPU its own",
          { .n_vcpus = 2, .cold = true }, waker_handshake },
        { "asleep", "11.1", "nothing is signalled to a sleeping vCPU; all of it is when it wakes",
          { ALL_KINDS }, asleep },
        { "sleep-takes-back", "11.1",
          "what was signalled before the sleep and not taken stays pending",
          { .n_vcpus = 2 }, sleep_takes_back },
        { "sleep-active", "11.1", "an active interrupt stays active through the sleep", { 0 },
          sleep_active },
        { "asleep-group-off", "11.1",
          "group disabled while asleep: wake delivers nothing until it is enabled",
          { 0 }, asleep_group_off },
        { "frames-apart", "12.10", "each redistributor shows its own vCPU's interrupts",
          { .n_vcpus = 5 }, frames_apart },
        { 0 },
};
