/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: lines, triggers, and the states of an interrupt (IHI 0069 sections 1.2, 4.1.2)
 *
 * The rules hold for every kind of interrupt that has a wire: each test runs on the first and last
 * INTID of each.
 */
#include "conf-tables.h"

/* Run @rule on the first and last interrupt of each kind with a wire, set up in Group 1. */
static void for_wired(struct conf *c, void (*rule)(struct conf *c, uint32_t intid))
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        for (unsigned i = 0; i < n; i++) {
                if (intids[i] < 16)
                        continue;
                conf_where(c, "INTID %u", intids[i]);
                irq_setup(c, 0, intids[i], 1, 0x80);
                rule(c, intids[i]);
                conf_where(c, "INTID %u, afterwards", intids[i]);
                EQ(c, ack(c, 0, 1), SPURIOUS);
                EQ(c, icc(c, 0, RPR), 0xff);
        }
}

static void held_high(struct conf *c, uint32_t intid)
{
        wire(c, 0, intid, true);
        EQ(c, ack(c, 0, 1), intid);
        EQ(c, is_active(c, 0, intid), true);
        EQ(c, is_pending(c, 0, intid), true); /* active and pending */
        eoi(c, 0, 1, intid);
        EQ(c, is_active(c, 0, intid), false);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        EQ(c, ack(c, 0, 1), intid); /* again */
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), false);
        eoi(c, 0, 1, intid);
        EQ(c, lines(c, 0), 0);
}

static void level_held(struct conf *c)
{
        for_wired(c, held_high);
}

static void lowered_before_ack(struct conf *c, uint32_t intid)
{
        wire(c, 0, intid, true);
        EQ(c, is_pending(c, 0, intid), true);
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), false);
        EQ(c, lines(c, 0), 0);
}

static void level_lowered(struct conf *c)
{
        for_wired(c, lowered_before_ack);
}

static void latched(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ISPENDR, intid, 1);
        wire(c, 0, intid, true);
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), true); /* the latch survives the wire */
        EQ(c, ack(c, 0, 1), intid);
        EQ(c, is_pending(c, 0, intid), false); /* the acknowledge took it */
        eoi(c, 0, 1, intid);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), false);
}

static void level_latch(struct conf *c)
{
        for_wired(c, latched);
}

static void icpendr_high(struct conf *c, uint32_t intid)
{
        wire(c, 0, intid, true);
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), true);
        irq_set(c, 0, ISPENDR, intid, 1);
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), true);
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), false); /* no latch was left behind */
}

static void level_icpendr(struct conf *c)
{
        for_wired(c, icpendr_high);
}

static void edge_consumed(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICFGR, intid, EDGE);
        wire(c, 0, intid, true);
        EQ(c, ack(c, 0, 1), intid);
        EQ(c, is_pending(c, 0, intid), false); /* consumed, though the wire is still high */
        eoi(c, 0, 1, intid);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        wire(c, 0, intid, true); /* no edge: it is high */
        EQ(c, is_pending(c, 0, intid), false);
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), false); /* nor is a falling one */
}

static void edge_once(struct conf *c)
{
        for_wired(c, edge_consumed);
}

static void edge_stays(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICFGR, intid, EDGE);
        wire(c, 0, intid, true);
        wire(c, 0, intid, false);
        EQ(c, is_pending(c, 0, intid), true); /* latched: the wire may fall */
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), false);
}

static void edge_latch(struct conf *c)
{
        for_wired(c, edge_stays);
}

static void edge_active(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICFGR, intid, EDGE);
        pulse(c, 0, intid);
        EQ(c, ack(c, 0, 1), intid);
        pulse(c, 0, intid);
        pulse(c, 0, intid); /* two edges are one request */
        EQ(c, is_active(c, 0, intid), true);
        EQ(c, is_pending(c, 0, intid), true);
        EQ(c, ack(c, 0, 1), SPURIOUS); /* not while it is active */
        eoi(c, 0, 1, intid);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
        EQ(c, ack(c, 0, 1), SPURIOUS); /* exactly once more */
}

static void edge_while_active(struct conf *c)
{
        for_wired(c, edge_active);
}

static void pulse_level(struct conf *c, uint32_t intid)
{
        pulse(c, 0, intid);
        EQ(c, irq_state(c, 0, intid).line, 0);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
}

static void level_pulse(struct conf *c)
{
        for_wired(c, pulse_level);
}

static void edge_ispendr(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICFGR, intid, EDGE);
        irq_set(c, 0, ISPENDR, intid, 1);
        pulse(c, 0, intid); /* both make one pending state */
        EQ(c, ack(c, 0, 1), intid);
        EQ(c, is_pending(c, 0, intid), false);
        eoi(c, 0, 1, intid);
        wire(c, 0, intid, true);
        irq_set(c, 0, ICPENDR, intid, 1);
        EQ(c, is_pending(c, 0, intid), false); /* edge-triggered: a high wire holds nothing */
        wire(c, 0, intid, false);
}

static void edge_set_clear(struct conf *c)
{
        for_wired(c, edge_ispendr);
}

static void disabled(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICENABLER, intid, 1);
        wire(c, 0, intid, true);
        EQ(c, is_pending(c, 0, intid), true);
        EQ(c, lines(c, 0), 0);
        EQ(c, hppi(c, 0, 1), SPURIOUS);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ISENABLER, intid, 1);
        EQ(c, lines(c, 0), VGIC_LINE_IRQ);
        EQ(c, ack(c, 0, 1), intid);
        wire(c, 0, intid, false);
        eoi(c, 0, 1, intid);
}

static void disabled_pending(struct conf *c)
{
        for_wired(c, disabled);
}

static void disabled_edge(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ICFGR, intid, EDGE);
        irq_set(c, 0, ICENABLER, intid, 1);
        pulse(c, 0, intid);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ISENABLER, intid, 1);
        EQ(c, ack(c, 0, 1), intid);
        eoi(c, 0, 1, intid);
}

static void disabled_keeps_edge(struct conf *c)
{
        for_wired(c, disabled_edge);
}

static void disable_active(struct conf *c, uint32_t intid)
{
        wire(c, 0, intid, true);
        EQ(c, ack(c, 0, 1), intid);
        irq_set(c, 0, ICENABLER, intid, 1);
        EQ(c, is_active(c, 0, intid), true);
        EQ(c, icc(c, 0, RPR), 0x80);
        eoi(c, 0, 1, intid);
        EQ(c, is_active(c, 0, intid), false);
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, ack(c, 0, 1), SPURIOUS); /* high, but disabled */
        wire(c, 0, intid, false);
}

static void disabled_active(struct conf *c)
{
        for_wired(c, disable_active);
}

static void set_active(struct conf *c, uint32_t intid)
{
        irq_set(c, 0, ISACTIVER, intid, 1);
        EQ(c, is_active(c, 0, intid), true);
        EQ(c, icc(c, 0, RPR), 0xff); /* the running priority knows nothing of it */
        wire(c, 0, intid, true);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        EQ(c, hppi(c, 0, 1), SPURIOUS);
        irq_set(c, 0, ICACTIVER, intid, 1);
        EQ(c, ack(c, 0, 1), intid);
        wire(c, 0, intid, false);
        eoi(c, 0, 1, intid);
}

static void isactiver(struct conf *c)
{
        for_wired(c, set_active);
}

static void clear_active(struct conf *c, uint32_t intid)
{
        wire(c, 0, intid, true);
        EQ(c, ack(c, 0, 1), intid);
        wire(c, 0, intid, false);
        irq_set(c, 0, ICACTIVER, intid, 1);
        EQ(c, is_active(c, 0, intid), false);
        EQ(c, icc(c, 0, RPR), 0x80); /* deactivated, but its priority was not dropped */
        eoi(c, 0, 1, intid);
        EQ(c, icc(c, 0, RPR), 0xff);
}

static void icactiver(struct conf *c)
{
        for_wired(c, clear_active);
}

static void to_edge(struct conf *c, uint32_t intid)
{
        /* section 12.9: change the trigger while it is disabled */
        irq_set(c, 0, ICENABLER, intid, 1);
        wire(c, 0, intid, true);
        irq_set(c, 0, ICFGR, intid, EDGE);
        irq_set(c, 0, ICPENDR, intid, 1);
        irq_set(c, 0, ISENABLER, intid, 1);
        EQ(c, ack(c, 0, 1), SPURIOUS); /* no edge since */
        irq_set(c, 0, ICENABLER, intid, 1);
        irq_set(c, 0, ICFGR, intid, LEVEL);
        irq_set(c, 0, ISENABLER, intid, 1);
        EQ(c, ack(c, 0, 1), intid); /* the level counts again */
        wire(c, 0, intid, false);
        eoi(c, 0, 1, intid);
}

static void change_trigger(struct conf *c)
{
        for_wired(c, to_edge);
}

const struct conf_test conf_line_tests[] = {
        { "level-held", "4.1.2",
          "level-sensitive: still high at EOI is pending again, lowered before EOI is not",
          { ALL_KINDS }, level_held },
        { "level-lowered", "4.1.2",
          "level-sensitive: lowered before the acknowledge is not pending any more",
          { ALL_KINDS }, level_lowered },
        { "level-latch", "12.9.28",
          "level-sensitive: ISPENDR latches until ICPENDR or the acknowledge, whatever the wire",
          { ALL_KINDS }, level_latch },
        { "level-icpendr", "12.9.11",
          "level-sensitive: ICPENDR leaves it pending while the wire is high",
          { ALL_KINDS }, level_icpendr },
        { "level-pulse", "1.2.1", "level-sensitive: a pulse is one request", { ALL_KINDS },
          level_pulse },
        { "edge-once", "1.2.1",
          "edge-triggered: one rising edge is one interrupt; a held or a falling wire is none",
          { ALL_KINDS }, edge_once },
        { "edge-latch", "1.2.1", "edge-triggered: pending stays when the wire falls, until ICPENDR",
          { ALL_KINDS }, edge_latch },
        { "edge-while-active", "4.1.2",
          "edge-triggered: edges while active are delivered exactly once more",
          { ALL_KINDS }, edge_while_active },
        { "edge-set-clear", "12.9.11",
          "edge-triggered: ISPENDR and an edge are one request; ICPENDR clears under a high wire",
          { ALL_KINDS }, edge_set_clear },
        { "disabled-pending", "12.9.26",
          "asserted while disabled: pending, not signalled, fires at ISENABLER",
          { ALL_KINDS }, disabled_pending },
        { "disabled-keeps-edge", "12.9.26", "an edge while disabled is kept", { ALL_KINDS },
          disabled_keeps_edge },
        { "disabled-active", "12.9.7",
          "disabling an active interrupt leaves it active, and EOI ends it",
          { ALL_KINDS }, disabled_active },
        { "isactiver", "12.9.24",
          "ISACTIVER: active is not delivered and has no running priority; ICACTIVER frees it",
          { ALL_KINDS }, isactiver },
        { "icactiver", "12.9.5", "ICACTIVER deactivates without priority drop", { ALL_KINDS },
          icactiver },
        { "change-trigger", "12.9.9",
          "ICFGR changed while disabled: what counts is edge or level from then on",
          { ALL_KINDS }, change_trigger },
        { 0 },
};
