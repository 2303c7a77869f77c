/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: acknowledge, priority drop and deactivation (IHI 0069 sections 2.2.1, 4.1.1, 12.2)
 */
#include "conf-tables.h"

static void iar_spurious(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++) {
                EQ(c, ack(c, 0, group), SPURIOUS);
                EQ(c, hppi(c, 0, group), SPURIOUS);
        }
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, icc(c, 0, AP0R0) | icc(c, 0, AP1R0), 0);
}

/* An interrupt of the other group is neither shown nor taken. */
static void iar_other_group(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++) {
                irq_setup(c, 0, 40, group, 0x80);
                irq_set(c, 0, ISPENDR, 40, 1);
                EQ(c, hppi(c, 0, !group), SPURIOUS);
                EQ(c, ack(c, 0, !group), SPURIOUS);
                EQ(c, is_pending(c, 0, 40), true);
                EQ(c, is_active(c, 0, 40), false);
                EQ(c, hppi(c, 0, group), 40);
                EQ(c, ack(c, 0, group), 40);
                eoi(c, 0, group, 40);
        }
}

static void activate(struct conf *c, uint32_t intid, unsigned group, unsigned priority)
{
        irq_setup(c, 0, intid, group, priority);
        irq_set(c, 0, ISPENDR, intid, 1);
        EQ(c, ack(c, 0, group), intid);
}

static void eoir_special(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        activate(c, 41, 0, 0x40);
        for (uint32_t intid = 1020; intid <= 1023; intid++) {
                conf_where(c, "INTID %u", intid);
                eoi(c, 0, 0, intid);
                EQ(c, icc(c, 0, RPR), 0x40);
                eoi(c, 0, 1, intid);
                EQ(c, icc(c, 0, RPR), 0x40);
        }
        eoi(c, 0, 0, 41);
        for (uint32_t intid = 1020; intid <= 1023; intid++) {
                eoi(c, 0, 1, intid);
                EQ(c, icc(c, 0, RPR), 0x80);
        }
        EQ(c, is_active(c, 0, 40), true);
}

static void eoir_unknown(struct conf *c)
{
        static const uint32_t intids[] = { 96, 97, 500, 1019, 1024, 1055, 1056, 1119, 1120, 4095,
                                           4096, 5119, 5120,
                8191, 8192, 0xffffff };

        activate(c, 40, 1, 0x80);
        for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++) {
                conf_where(c, "INTID %u", intids[i]);
                eoi(c, 0, 1, intids[i]);
                EQ(c, icc(c, 0, RPR), 0x80);
                EQ(c, is_active(c, 0, 40), true);
        }
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0xff);
}

static void eoir_field(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        icc_w(c, 0, EOIR1, UINT64_C(0xffffffffff000000) | 40);
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, is_active(c, 0, 40), false);
}

static void eoir_wrong_group(struct conf *c)
{
        for (unsigned group = 0; group < 2; group++) {
                activate(c, 40, group, 0x80);
                eoi(c, 0, !group, 40);
                EQ(c, icc(c, 0, RPR), 0x80);
                EQ(c, is_active(c, 0, 40), true);
                eoi(c, 0, group, 40);
                EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, is_active(c, 0, 40), false);
        }
}

/* The highest active priority of both groups has to be the register's group. */
static void eoir_highest_group(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        activate(c, 41, 0, 0x40);
        eoi(c, 0, 1, 40); /* Group 0 runs: ignored */
        EQ(c, icc(c, 0, RPR), 0x40);
        EQ(c, is_active(c, 0, 40), true);
        eoi(c, 0, 0, 41);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0xff);
}

static void eoir_tie(struct conf *c)
{
        icc_w(c, 0, AP0R0, 1u << 16);
        icc_w(c, 0, AP1R0, 1u << 16);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, AP1R0), 1u << 16);
        eoi(c, 0, 0, 40);
        EQ(c, icc(c, 0, AP0R0), 0);
        EQ(c, icc(c, 0, AP1R0), 1u << 16);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, AP1R0), 0);
}

static void eoir_idle(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISACTIVER, 40, 1);
        eoi(c, 0, 1, 40); /* no active priority to drop: ignored */
        EQ(c, is_active(c, 0, 40), true);
        EQ(c, icc(c, 0, RPR), 0xff);
}

/* Out of order: priorities drop from the highest, the named INTID is deactivated. */
static void eoir_out_of_order(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        activate(c, 41, 1, 0x40);
        eoi(c, 0, 1, 40);
        EQ(c, icc(c, 0, RPR), 0x80);
        EQ(c, is_active(c, 0, 40), false);
        EQ(c, is_active(c, 0, 41), true);
        eoi(c, 0, 1, 41);
        EQ(c, icc(c, 0, RPR), 0xff);
        EQ(c, is_active(c, 0, 41), false);
}

static void eoimode1_all(struct conf *c)
{
        uint32_t intids[CONF_MAX_PROBES];
        unsigned n = conf_probes(c, intids);

        icc_w(c, 0, CTLR, ICC_EOIMODE);
        for (unsigned i = 0; i < n; i++) {
                conf_where(c, "INTID %u", intids[i]);
                activate(c, intids[i], i & 1, 0x80);
                eoi(c, 0, i & 1, intids[i]);
                EQ(c, icc(c, 0, RPR), 0xff);
                EQ(c, is_active(c, 0, intids[i]), true);
                irq_set(c, 0, ISPENDR, intids[i], 1);
                EQ(c, ack(c, 0, i & 1), SPURIOUS); /* active and pending */
                dir(c, 0, intids[i]);
                EQ(c, is_active(c, 0, intids[i]), false);
                EQ(c, ack(c, 0, i & 1), intids[i]);
                eoi(c, 0, i & 1, intids[i]);
                dir(c, 0, intids[i]);
        }
}

static void dir_other_vcpu(struct conf *c)
{
        static const uint32_t spis[] = { 40, 4096 };

        icc_w(c, 0, CTLR, ICC_EOIMODE);
        icc_w(c, 1, CTLR, ICC_EOIMODE);
        for (unsigned i = 0; i < (c->config.n_espis ? 2u : 1u); i++) {
                activate(c, spis[i], 1, 0x80);
                EQ(c, irq_state(c, 0, spis[i]).holder, 0);
                eoi(c, 0, 1, spis[i]);
                dir(c, 1, spis[i]);
                EQ(c, is_active(c, 0, spis[i]), false);
                EQ(c, irq_state(c, 0, spis[i]).holder, VGIC_NO_VCPU);
        }
}

/* A private interrupt is each vCPU's own. */
static void dir_private(struct conf *c)
{
        static const uint32_t intids[] = { 3, 20, 1056 };

        icc_w(c, 0, CTLR, ICC_EOIMODE);
        icc_w(c, 1, CTLR, ICC_EOIMODE);
        for (unsigned i = 0; i < (c->config.n_eppis ? 3u : 2u); i++) {
                activate(c, intids[i], 1, 0x80);
                irq_set(c, 1, ISACTIVER, intids[i], 1);
                eoi(c, 0, 1, intids[i]);
                dir(c, 1, intids[i]);
                EQ(c, is_active(c, 0, intids[i]), true);
                EQ(c, is_active(c, 1, intids[i]), false);
                dir(c, 0, intids[i]);
                EQ(c, is_active(c, 0, intids[i]), false);
        }
}

static void dir_eoimode0(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        dir(c, 0, 40);
        EQ(c, is_active(c, 0, 40), true);
        EQ(c, icc(c, 0, RPR), 0x80);
        icc_w(c, 1, CTLR, ICC_EOIMODE);
        dir(c, 1, 40); /* the mode of the vCPU that writes counts */
        EQ(c, is_active(c, 0, 40), false);
}

static void dir_special(struct conf *c)
{
        static const uint32_t intids[] = { 1020, 1021, 1022, 1023, 96, 1019, 1024, 1056, 4096, 5120,
                                           8192, 0xffffff };

        icc_w(c, 0, CTLR, ICC_EOIMODE);
        activate(c, 40, 1, 0x80);
        for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++)
                dir(c, 0, intids[i]);
        EQ(c, icc(c, 0, RPR), 0x80);
        EQ(c, is_active(c, 0, 40), true);
        icc_w(c, 0, DIR, UINT64_C(0xffffffffff000000) | 40);
        EQ(c, is_active(c, 0, 40), false);
}

static void dir_inactive(struct conf *c)
{
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        dir(c, 0, 40);
        EQ(c, is_pending(c, 0, 40), true);
        EQ(c, ack(c, 0, 1), 40);
}

/* An interrupt that EOIR left active is deactivated by ICACTIVER as well. */
static void eoimode1_icactiver(struct conf *c)
{
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        activate(c, 40, 1, 0x80);
        eoi(c, 0, 1, 40);
        irq_set(c, 0, ICACTIVER, 40, 1);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
}

static void eoi_other_vcpu(struct conf *c)
{
        activate(c, 40, 1, 0x80);
        eoi(c, 1, 1, 40); /* nothing is active at vCPU 1 */
        EQ(c, is_active(c, 0, 40), true);
        irq_setup(c, 1, 41, 1, 0x80);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 1, 1), 41);
        eoi(c, 1, 1, 40); /* drops its own priority, deactivates what it names */
        EQ(c, icc(c, 1, RPR), 0xff);
        EQ(c, icc(c, 0, RPR), 0x80);
        EQ(c, is_active(c, 0, 40), false);
        EQ(c, is_active(c, 1, 41), true);
}

static void hppir_free(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_setup(c, 0, 41, 1, 0xa0);
        icc_w(c, 0, PMR, 0x10);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, hppi(c, 0, 1), 40); /* PMR does not count */
        EQ(c, hppi(c, 0, 1), 40); /* nothing is taken by it */
        EQ(c, ack(c, 0, 1), SPURIOUS);
        icc_w(c, 0, PMR, 0xff);
        EQ(c, ack(c, 0, 1), 40);
        irq_set(c, 0, ISPENDR, 41, 1);
        EQ(c, ack(c, 0, 1), SPURIOUS);
        EQ(c, hppi(c, 0, 1), 41); /* nor does the running priority */
}

static void ack_counts(struct conf *c)
{
        uint64_t n = 0;

        irq_setup(c, 0, 40, 1, 0x80);
        for (unsigned i = 0; i < 3; i++) {
                irq_set(c, 0, ISPENDR, 40, 1);
                EQ(c, ack(c, 0, 1), 40);
                EQ(c, irq_state(c, 0, 40).holder, 0);
                eoi(c, 0, 1, 40);
        }
        EQ(c, ack(c, 0, 1), SPURIOUS);
        EQ(c, vgic_vm_ack_count(c->vm, 0, 40, &n), 0);
        EQ(c, n, 3);
}

const struct conf_test conf_eoi_tests[] = {
        { "iar-spurious", "2.2.1",
          "nothing deliverable: ICC_IAR0/1_EL1 read 1023, and no state changes",
          { 0 }, iar_spurious },
        { "iar-other-group", "12.2.14",
          "ICC_IAR<g>_EL1 does not take, HPPIR<g> does not show, the other group's",
          { 0 }, iar_other_group },
        { "eoir-special", "12.2.9", "ICC_EOIR0/1_EL1 of 1020..1023: ignored, no priority drop",
          { 0 }, eoir_special },
        { "eoir-unknown", "12.2.10", "ICC_EOIR1_EL1 of INTIDs that do not exist: ignored", { 0 },
          eoir_unknown },
        { "eoir-field", "12.2.10", "ICC_EOIR1_EL1: bits 63:24 are RES0", { 0 }, eoir_field },
        { "eoir-wrong-group", "12.2.10", "ICC_EOIR<g>_EL1 of the group that does not run: ignored",
          { 0 }, eoir_wrong_group },
        { "eoir-highest-group", "12.2.9",
          "ICC_EOIR<g>_EL1: the highest active priority's group decides",
          { 0 }, eoir_highest_group },
        { "eoir-tie", "12.2.9", "both groups active at one priority: Group 0 goes first", { 0 },
          eoir_tie },
        { "eoir-idle", "12.2.10", "EOIR without an active priority: ignored", { 0 }, eoir_idle },
        { "eoir-out-of-order", "4.1.1",
          "EOIR drops the highest active priority, and deactivates the INTID it names",
          { 0 }, eoir_out_of_order },
        { "eoimode1", "4.1.1",
          "EOImode 1: EOIR drops the priority only, DIR deactivates, for every kind",
          { ALL_KINDS }, eoimode1_all },
        { "dir-other-vcpu", "4.1.1", "EOImode 1: DIR deactivates an SPI from another vCPU",
          { .n_vcpus = 2, ALL_KINDS }, dir_other_vcpu },
        { "dir-private", "4.1.1", "DIR of an SGI or PPI means the vCPU's own",
          { .n_vcpus = 2, ALL_KINDS }, dir_private },
        { "dir-eoimode0", "12.2.8", "EOImode 0: DIR is ignored", { .n_vcpus = 2 }, dir_eoimode0 },
        { "dir-special", "12.2.8",
          "DIR of special and unknown INTIDs: ignored; bits 63:24 are RES0",
          { 0 }, dir_special },
        { "dir-inactive", "4.1.2", "DIR of an interrupt that is not active changes nothing", { 0 },
          dir_inactive },
        { "eoimode1-icactiver", "12.9.5", "ICACTIVER deactivates what EOIR left active", { 0 },
          eoimode1_icactiver },
        { "eoi-other-vcpu", "4.1.1",
          "EOIR drops the writer's own priority, and deactivates by INTID",
          { .n_vcpus = 2 }, eoi_other_vcpu },
        { "hppir-free", "12.2.12", "HPPIR ignores PMR and the running priority, and takes nothing",
          { 0 }, hppir_free },
        { "ack-counts", "4.1.1", "an acknowledge makes the vCPU the holder, once each", { 0 },
          ack_counts },
        { 0 },
};
