/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The life of a virtual interrupt in a list register: chosen, signalled, acknowledged, ended. Rule
 * by rule from IHI 0069 chapter 6 (virtual interrupt handling), section 4.8 (priorities) and the
 * descriptions of ICV_*_EL1 and ICH_*_EL2 (sections 12.3 and 12.4).
 */
#include "icv-fixture.h"

static void highest_enabled_pending_one_is_chosen(void)
{
        struct fixture f = fixture(16, 5);

        tap_eq(hppir(&f, 1), 1023, "ICV_HPPIR1: nothing pending: 1023");
        f.bank.ich_lr[3] = lr(40, 0x80, 1, PENDING);
        f.bank.ich_lr[9] = lr(50, 0x40, 1, PENDING);
        f.bank.ich_lr[11] = lr(60, 0xc0, 1, PENDING);
        tap_eq(hppir(&f, 1), 50,
               "4.8: the lowest value is the highest priority, in whichever list register");
        f.bank.ich_lr[12] = lr(33, 0x00, 1, BOTH);
        f.bank.ich_lr[13] = lr(34, 0x00, 1, ACTIVE);
        f.bank.ich_lr[14] = lr(35, 0x00, 1, FREE);
        tap_eq(hppir(&f, 1), 50,
               "HighestPriorityVirtualInterrupt: active, pending and active, inactive: not chosen");
        f.bank.ich_lr[15] = lr(27, 0x38, 0, PENDING);
        tap_eq(hppir(&f, 1), 1023, "ICV_HPPIR1: the highest is of Group 0: 1023");
        tap_eq(hppir(&f, 0), 27, "ICV_HPPIR0: the highest is of Group 0: its INTID");
        set(&f, VGIC_ICC_IGRPEN0_EL1, 0);
        tap_eq(hppir(&f, 1), 50, "ICV_IGRPEN0: a group that is disabled hides nothing");
        tap_eq(hppir(&f, 0), 1023, "ICV_IGRPEN0: a group that is disabled shows nothing");
        set(&f, VGIC_ICC_PMR_EL1, 0);
        set(&f, VGIC_ICC_AP1R_EL1(0), 1);
        f.bank.ich_hcr = 0;
        tap_eq(hppir(&f, 1), 50,
               "ICV_HPPIR1: neither PMR nor the running priority counts, nor ICH_HCR_EL2.En");
        f.params.n_list_registers = 9;
        tap_eq(hppir(&f, 1), 40,
               "ICH_VTR_EL2.ListRegs: a list register that is not implemented holds nothing");
}

static void ties_are_broken_as_chosen(void)
{
        static const struct { enum icv_tie tie; uint32_t intid; } want[] = {
                { ICV_TIE_INTID, 41 }, { ICV_TIE_FIRST, 60 }, { ICV_TIE_LAST, 52 },
        };
        struct fixture f = fixture(4, 5);

        f.bank.ich_lr[0] = lr(60, 0x80, 1, PENDING);
        f.bank.ich_lr[1] = lr(41, 0x80, 1, PENDING);
        f.bank.ich_lr[2] = lr(52, 0x80, 1, PENDING);
        f.bank.ich_lr[3] = lr(20, 0x88, 1, PENDING);
        for (unsigned i = 0; i < 3; i++) {
                f.params.ties = want[i].tie;
                tap_eq(hppir(&f, 1), want[i].intid,
                       "4.8: of equals, IMPLEMENTATION DEFINED: choice %u", i);
        }
        f.params.ties = ICV_TIE_INTID;
        f.bank.ich_lr[0] = lr(60, 0x87, 1, PENDING);
        f.bank.ich_lr[1] |= UINT64_C(7) << 48;
        tap_eq(hppir(&f, 1), 41,
               "ICH_LR<n>_EL2.Priority: bits that are not implemented do not count");
}

static void priority_ff_is_masked_not_hidden(void)
{
        struct fixture f = fixture(4, 8);

        f.bank.ich_lr[0] = lr(40, 0xff, 1, PENDING);
        tap_eq(hppir(&f, 1), 40, "ICV_HPPIR1: 0xff is a priority, too");
        tap_eq(icv_lines(&f.params, &f.bank), 0, "4.8.6: priority 0xff: no mask lets it through");
        f.params.choices = ICV_CHOICE_FF_IS_IDLE;
        tap_eq(hppir(&f, 1), 1023, "ICV_HPPIR1: priority 0xff, by choice: not seen");
}

static void signals_need_enable_mask_and_group(void)
{
        struct fixture f = fixture(4, 5);

        tap_eq(icv_lines(&f.params, &f.bank), 0, "CanSignalVirtualInterrupt: nothing pending");
        f.bank.ich_lr[1] = lr(40, 0x80, 1, PENDING);
        tap_eq(icv_lines(&f.params, &f.bank), VGIC_LINE_IRQ, "ICV lines: Group 1 pending is vIRQ");
        f.bank.ich_lr[1] = lr(40, 0x80, 0, PENDING);
        tap_eq(icv_lines(&f.params, &f.bank), VGIC_LINE_FIQ, "ICV lines: Group 0 pending is vFIQ");
        f.bank.ich_lr[2] = lr(41, 0x78, 1, PENDING);
        tap_eq(icv_lines(&f.params, &f.bank), VGIC_LINE_IRQ,
               "ICV lines: of two groups pending, the highest priority alone");
        f.bank.ich_hcr = 0;
        tap_eq(icv_lines(&f.params, &f.bank), 0, "ICH_HCR_EL2.En 0: nothing is signalled");
        tap_eq(iar(&f, 1), 1023, "ICH_HCR_EL2.En 0: ICV_IAR1 is 1023");
        f.bank.ich_hcr = 1;
        set(&f, VGIC_ICC_PMR_EL1, 0x78);
        tap_eq(icv_lines(&f.params, &f.bank), 0, "4.8.6: the priority of the mask is masked");
        tap_eq(iar(&f, 1), 1023, "4.8.6: the priority of the mask cannot be acknowledged");
        set(&f, VGIC_ICC_PMR_EL1, 0x80);
        tap_eq(icv_lines(&f.params, &f.bank), VGIC_LINE_IRQ,
               "4.8.6: a priority higher than the mask is not masked");
        set(&f, VGIC_ICC_BPR1_EL1, 7);
        set(&f, VGIC_ICC_PMR_EL1, 0x70);
        tap_eq(icv_lines(&f.params, &f.bank), 0,
               "4.8.6: the mask compares whole priorities, not group priorities");
}

/*
 * Section 4.8.2, "Priority grouping", by ICC_BPR0_EL1: g is the group priority field.
 * ICC_BPR1_EL1 n: row n - 1.
 */
static const char grouping[8][9] = {
        "gggggggs", "ggggggss", "gggggsss", "ggggssss", "gggsssss", "ggssssss", "gsssssss",
        "ssssssss",
};

static unsigned group_priority(unsigned priority, unsigned row)
{
        unsigned value = 0;

        for (unsigned i = 0; i < 8; i++)
                if (grouping[row][i] == 'g')
                        value |= priority & 0x80u >> i;
        return value;
}

/* Every priority against every running priority, for each binary point of each group. */
static void group_priorities_preempt(unsigned n_bits)
{
        unsigned pre = n_bits < 7 ? n_bits : 7, minimum = 7 - pre,
                 highest_pmr = 0xff00u >> n_bits & 0xff;
        unsigned wrong = 0, bits = 0, levels = 0;
        struct fixture f = fixture(1, n_bits);

        for (unsigned bpr = minimum; bpr < 8; bpr++)
                /* Group 0; Group 1; Group 1 with CBPR */
                for (unsigned kind = 0; kind < 3; kind++) {
                        unsigned group = kind > 0;

                        if (kind == 1 && bpr == 7) /* ICC_BPR1_EL1 = 7 is row 6 */
                                continue;
                        set(&f, VGIC_ICC_CTLR_EL1, kind == 2);
                        set(&f, VGIC_ICC_BPR0_EL1, kind == 1 ? 7 : bpr);
                        if (kind < 2)
                                set(&f, VGIC_ICC_BPR1_EL1, kind == 1 ? bpr + 1 : 7);
                        for (unsigned p = 0; p < 0xff; p += 1u << (8 - n_bits))
                                for (unsigned r = 0; r < 1u << pre; r++) {
                                        unsigned running = r << (8 - pre),
                                                 level = group_priority(p, bpr);
                                        bool want = level < group_priority(running, bpr) &&
                                                    p < highest_pmr;
                                        struct fixture g = f;

                                        g.bank.ich_lr[0] = lr(40, p, group, PENDING);
                                        (r % 3 ? g.bank.ich_ap0r
                                               : g.bank.ich_ap1r)[r / 32] |= 1u << r % 32;
                                        wrong += (icv_lines(&g.params, &g.bank) != 0) != want;
                                        if (!want)
                                                continue;
                                        iar(&g, group);
                                        level >>= 8 - pre;
                                        bits += !((group ? g.bank.ich_ap1r
                                                         : g.bank.ich_ap0r)[level / 32] >>
                                                  level % 32 &
                                                  1);
                                        levels += get(&g, VGIC_ICC_RPR_EL1) !=
                                                  group_priority(p, bpr);
                                }
                }
        tap_eq(wrong, 0,
               "4.8: %u bits: preemption by the candidate's group priority; equal never; both "
               "groups count", n_bits);
        tap_eq(bits, 0,
               "ICH_AP<g>R<n>_EL2: %u bits: acknowledging sets the bit of the group priority",
               n_bits);
        tap_eq(levels, 0, "ICV_RPR: %u bits: the group priority that was acknowledged", n_bits);
}

static void acknowledge_makes_active(void)
{
        struct fixture f = fixture(4, 5);

        f.bank.ich_lr[2] = lr(40, 0x80, 1, PENDING) | LR_EOI;
        tap_eq(iar(&f, 0), 1023, "ICV_IAR0: the highest is of Group 1: 1023");
        tap_eq(state_of(&f, 2), PENDING,
               "ICV_IAR0: the highest is of Group 1: its list register stays");
        tap_eq(iar(&f, 1), 40, "ICV_IAR1: the INTID of the highest");
        tap_eq((int64_t)f.bank.ich_lr[2], (int64_t)(lr(40, 0x80, 1, ACTIVE) | LR_EOI),
               "AcknowledgeVInterrupt: pending becomes active, all else stays");
        tap_eq(f.bank.ich_ap1r[0], 1 << 16, "ICH_AP1R0_EL2: the bit of priority 0x80");
        tap_eq(f.bank.ich_ap0r[0], 0, "ICH_AP0R0_EL2: no bit for an acknowledge of Group 1");
        tap_eq(iar(&f, 1), 1023, "ICV_IAR1: nothing else pending: 1023");
        f.bank.ich_lr[3] = lr(41, 0x80, 1, PENDING);
        tap_eq(iar(&f, 1), 1023, "4.8: equal to the running priority: 1023");
        f.bank.ich_lr[3] = lr(41, 0x10, 0, PENDING);
        tap_eq(iar(&f, 0), 41, "4.8: higher than the running priority: acknowledged, nested");
        tap_eq(f.bank.ich_ap0r[0], 1 << 2, "ICH_AP0R0_EL2: the bit of priority 0x10");
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0x10, "ICV_RPR: the highest of both groups");

        f = fixture(4, 5);
        f.bank.ich_lr[0] = lr(1021, 0x80, 1, PENDING);
        tap_eq(iar(&f, 1), 1021, "ICH_LR<n>_EL2.vINTID 1020..1023 (UNPREDICTABLE): told as it is");
        tap_eq(state_of(&f, 0), FREE, "vINTID 1020..1023 acknowledged: its list register is empty");
        tap_eq(f.bank.ich_ap1r[0], 0, "vINTID 1020..1023 acknowledged: no priority is active");
}

static void lpis_have_no_active_state(void)
{
        for (unsigned mode = 0; mode < 2; mode++)
                for (unsigned active = 0; active < 2; active++) {
                        struct fixture f = fixture(4, 5);

                        f.params.choices = active ? ICV_CHOICE_LPI_ACTIVE : 0;
                        set(&f, VGIC_ICC_CTLR_EL1, mode << 1);
                        f.bank.ich_lr[0] = lr(8192, 0x80, 1, PENDING);
                        tap_eq(iar(&f, 1), 8192, "LPI, EOI mode %u, choice %u: acknowledged", mode,
                               active);
                        tap_eq(state_of(&f, 0), active ? ACTIVE : FREE,
                               "LPI, acknowledged: no active state but by choice");
                        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0x80,
                               "LPI, acknowledged: its priority is active");
                        set(&f, VGIC_ICC_DIR_EL1, 8192);
                        tap_ok(eoicount(&f) == 0 && state_of(&f, 0) == (active ? ACTIVE : FREE),
                               "ICV_DIR of an LPI: nothing (conformance 10)");
                        eoi(&f, 1, 8192);
                        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0xff,
                               "LPI: EOI drops the priority");
                        tap_eq(state_of(&f, 0), FREE,
                               "LPI: the list register is empty in either mode");
                        set(&f, VGIC_ICC_AP1R_EL1(0), 1);
                        eoi(&f, 1, 8193);
                        tap_eq(eoicount(&f), 0,
                               "ICH_HCR_EL2.EOIcount: not for LPIs (conformance 10)");
                }
}

static void eoi_drops_and_deactivates(void)
{
        struct fixture f = fixture(4, 5);

        f.bank.ich_lr[0] = lr(40, 0x80, 1, PENDING);
        iar(&f, 1);
        f.bank.ich_lr[1] = lr(41, 0x40, 1, PENDING);
        iar(&f, 1);
        for (uint32_t special = 1020; special < 1024; special++)
                eoi(&f, 1, special);
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0x40,
               "ICV_EOIR1: 1020..1023 are ignored (conformance 6)");
        tap_eq(eoicount(&f), 0, "ICH_HCR_EL2.EOIcount: ICV_EOIR1 of 1020..1023 is not counted");
        eoi(&f, 1, 41);
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0x80,
               "ICV_EOIR1: drops the highest active priority, and no other");
        tap_eq(state_of(&f, 1), FREE, "EOI mode 0: ICV_EOIR1 deactivates: active becomes inactive");
        tap_eq(state_of(&f, 0), ACTIVE, "EOI mode 0: ICV_EOIR1 deactivates that one only");
        f.bank.ich_lr[0] |= UINT64_C(1) << 62;
        eoi(&f, 1, 40 | 1u << 24);
        tap_eq(state_of(&f, 0), PENDING,
               "EOI mode 0: pending and active becomes pending (bits 31:24 are RES0)");
        tap_eq(iar(&f, 1), 40, "EOI mode 0: what became pending is acknowledged again");
        tap_eq(eoicount(&f), 0, "ICH_HCR_EL2.EOIcount: all were in list registers");
        eoi(&f, 1, 40 | 1u << 16);
        tap_eq(state_of(&f, 0), FREE, "ICV_CTLR.IDbits 16: INTID bits 23:16 are RES0");
        f.bank.ich_lr[0] = lr(40, 0x80, 1, ACTIVE);
        eoi(&f, 1, 40);
        tap_eq(state_of(&f, 0), ACTIVE, "ICV_EOIR1 without an active priority: ignored");
        eoi(&f, 1, 99);
        tap_eq(eoicount(&f), 0,
               "ICH_HCR_EL2.EOIcount: ICV_EOIR1 without an active priority is not counted (either "
               "is permitted)");
        f.params.choices = ICV_CHOICE_EOI_UNDROPPED;
        eoi(&f, 1, 99);
        tap_eq(eoicount(&f), 1,
               "ICH_HCR_EL2.EOIcount: ICV_EOIR1 without an active priority, by choice: counted");
}

static void ends_without_list_register_are_counted(void)
{
        struct fixture f = fixture(1, 5);

        f.bank.ich_lr[0] = lr(40, 0x80, 1, PENDING);
        for (unsigned i = 1; i <= 33; i++) {
                set(&f, VGIC_ICC_AP1R_EL1(0), 1u << 5);
                eoi(&f, 1, 40);
                if (i == 1 || i == 31 || i == 32 || i == 33)
                        tap_eq(eoicount(&f), i % 32,
                               "ICH_HCR_EL2.EOIcount: EOI %u of an interrupt that no list register "
                               "has active (conformance 8)", i);
        }
        tap_eq((int64_t)(f.bank.ich_hcr & ~(UINT64_C(31) << 27)), 1,
               "ICH_HCR_EL2: EOIcount wraps, and no other field changes");
        tap_eq(state_of(&f, 0), PENDING,
               "ICH_HCR_EL2.EOIcount counted: the same INTID, pending, stays");
        set(&f, VGIC_ICC_CTLR_EL1, 2);
        set(&f, VGIC_ICC_AP1R_EL1(0), 1u << 5);
        eoi(&f, 1, 40);
        tap_eq(eoicount(&f), 1, "ICH_HCR_EL2.EOIcount: with EOI mode 1 EOI does not count");
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0xff,
               "EOI mode 1: ICV_EOIR1 of what no list register has drops the priority");
        set(&f, VGIC_ICC_DIR_EL1, 40);
        tap_eq(eoicount(&f), 2, "ICH_HCR_EL2.EOIcount: with EOI mode 1 ICV_DIR counts");
        set(&f, VGIC_ICC_DIR_EL1, 5119);
        tap_eq(eoicount(&f), 3,
               "ICH_HCR_EL2.EOIcount: ICV_DIR of extended ranges counts, all below 8192");
        set(&f, VGIC_ICC_DIR_EL1, 1023);
        tap_eq(eoicount(&f), 3, "ICH_HCR_EL2.EOIcount: ICV_DIR of special INTIDs does not count");
}

static void dir_deactivates(void)
{
        struct fixture f = fixture(4, 5);

        f.bank.ich_lr[3] = lr(40, 0x80, 1, PENDING);
        iar(&f, 1);
        set(&f, VGIC_ICC_DIR_EL1, 40);
        set(&f, VGIC_ICC_DIR_EL1, 41);
        tap_ok(state_of(&f, 3) == ACTIVE && eoicount(&f) == 0,
               "ICV_DIR with EOI mode 0: ignored (conformance 7)");
        set(&f, VGIC_ICC_CTLR_EL1, 2);
        eoi(&f, 1, 40);
        tap_eq(state_of(&f, 3), ACTIVE, "EOI mode 1: ICV_EOIR1 drops the priority only");
        tap_eq((int64_t)get(&f, VGIC_ICC_RPR_EL1), 0xff,
               "EOI mode 1: after ICV_EOIR1 the running priority is idle");
        f.bank.ich_lr[0] = lr(41, 0x80, 1, PENDING);
        tap_eq(iar(&f, 1), 41, "EOI mode 1: others of the same priority are taken meanwhile");
        set(&f, VGIC_ICC_DIR_EL1, 40);
        tap_eq(state_of(&f, 3), FREE, "ICV_DIR: active becomes inactive");
        tap_ok(state_of(&f, 0) == ACTIVE && get(&f, VGIC_ICC_RPR_EL1) == 0x80,
               "ICV_DIR: ends no other, and drops no priority");
        f.bank.ich_lr[0] |= UINT64_C(1) << 62;
        set(&f, VGIC_ICC_DIR_EL1, 41);
        tap_eq(state_of(&f, 0), PENDING, "ICV_DIR: pending and active becomes pending");
        set(&f, VGIC_ICC_DIR_EL1, 41);
        tap_ok(state_of(&f, 0) == PENDING && eoicount(&f) == 1,
               "ICV_DIR: pending is not active: counted");
        f.bank.ich_lr[1] = lr(42, 0x20, 0, ACTIVE) | LR_HW | UINT64_C(42) << 32;
        set(&f, VGIC_ICC_DIR_EL1, 42);
        tap_eq((int64_t)f.bank.ich_lr[1],
               (int64_t)(lr(42, 0x20, 0, FREE) | LR_HW | UINT64_C(42) << 32),
               "ICH_LR<n>_EL2.HW: the virtual interrupt ends as any other");
}

/* What no correct guest does: each choice, and that without it the answer is the trap port's. */
static void unpredictable_ends_are_as_chosen(void)
{
        struct fixture f = fixture(4, 5), g;

        f.bank.ich_lr[0] = lr(40, 0x80, 1, PENDING);
        f.bank.ich_lr[1] = lr(41, 0x90, 1, ACTIVE);
        iar(&f, 1);
        g = f;
        eoi(&g, 0, 40);
        tap_ok(state_of(&g, 0) == ACTIVE && g.bank.ich_ap1r[0] == 1 << 16,
               "EOIR of the other group: ignored");
        g.params.choices = ICV_CHOICE_EOI_ANY_GROUP;
        eoi(&g, 0, 40);
        tap_ok(state_of(&g, 0) == FREE && g.bank.ich_ap1r[0] == 0, "or drops and ends");
        g = f;
        g.params.choices = ICV_CHOICE_EOI_ANY_GROUP | ICV_CHOICE_EOI_CHECKS_LR;
        eoi(&g, 0, 40);
        tap_ok(state_of(&g, 0) == ACTIVE && g.bank.ich_ap1r[0] == 0, "or drops only");
        g = f;
        eoi(&g, 1, 41);
        tap_ok(state_of(&g, 1) == FREE && g.bank.ich_ap1r[0] == 0,
               "EOIR of another active one: drops the highest, ends that one");
        g = f;
        g.params.choices = ICV_CHOICE_EOI_CHECKS_LR;
        eoi(&g, 1, 41);
        tap_ok(state_of(&g, 1) == ACTIVE && g.bank.ich_ap1r[0] == 0, "or drops only");
        g = f;
        set(&g, VGIC_ICC_AP0R_EL1(0), 1 << 16);
        eoi(&g, 1, 40);
        tap_eq(g.bank.ich_ap1r[0], 1 << 16,
               "equal active priorities of both groups: Group 0 is the highest");
        eoi(&g, 0, 33);
        eoi(&g, 1, 40);
        tap_ok(g.bank.ich_ap1r[0] == 0 && state_of(&g, 0) == FREE && eoicount(&g) == 1,
               "equal active priorities of both groups: Group 1 is next");
        g = f;
        set(&g, VGIC_ICC_AP0R_EL1(0), 1 << 17);
        eoi(&g, 1, 40);
        tap_ok(g.bank.ich_ap1r[0] == 0 && g.bank.ich_ap0r[0] == 1 << 17 && state_of(&g, 0) == FREE,
               "a lower active priority of Group 0 is not in the way");
        g = f;
        g.params.choices = ICV_CHOICE_EOI_COUNTS;
        set(&g, VGIC_ICC_CTLR_EL1, 2);
        eoi(&g, 1, 50);
        tap_eq(eoicount(&g), 1, "QEMU counts with EOI mode 1 too");
}

int main(void)
{
        highest_enabled_pending_one_is_chosen();
        ties_are_broken_as_chosen();
        priority_ff_is_masked_not_hidden();
        signals_need_enable_mask_and_group();
        for (unsigned n_bits = 4; n_bits <= 8; n_bits++)
                group_priorities_preempt(n_bits);
        acknowledge_makes_active();
        lpis_have_no_active_state();
        eoi_drops_and_deactivates();
        ends_without_list_register_are_counted();
        dir_deactivates();
        unpredictable_ends_are_as_chosen();
        return tap_done();
}
