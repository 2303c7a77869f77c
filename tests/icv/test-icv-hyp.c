/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The hypervisor's registers, the maintenance interrupt, and the formats of <vgic/vgic-lr.h>. IHI
 * 0069 section 12.4; chapter 6, maintenance interrupts.
 */
#include <string.h>

#include "icv-fixture.h"

/* Fields as the register descriptions number them: msb, lsb. */
static void formats_are_those_of_12_4(void)
{
        static const struct { const char *name; uint64_t mask; unsigned msb, lsb; } fields[] = {
                { "ICH_LR.vINTID", VGIC_ICH_LR_VINTID, 31, 0 },
                { "ICH_LR.pINTID", VGIC_ICH_LR_PINTID, 44, 32 },
                { "ICH_LR.EOI", VGIC_ICH_LR_EOI, 41, 41 },
                { "ICH_LR.Priority", VGIC_ICH_LR_PRIORITY, 55, 48 },
                { "ICH_LR.NMI", VGIC_ICH_LR_NMI, 59, 59 },
                { "ICH_LR.Group", VGIC_ICH_LR_GROUP1, 60, 60 },
                { "ICH_LR.HW", VGIC_ICH_LR_HW, 61, 61 },
                { "ICH_LR.State", VGIC_ICH_LR_STATE, 63, 62 },
                { "ICH_LR.State pending", VGIC_ICH_LR_PENDING, 62, 62 },
                { "ICH_LR.State active", VGIC_ICH_LR_ACTIVE, 63, 63 },
                { "ICH_HCR.En", VGIC_ICH_HCR_EN, 0, 0 },
                { "ICH_HCR.UIE", VGIC_ICH_HCR_UIE, 1, 1 },
                { "ICH_HCR.LRENPIE", VGIC_ICH_HCR_LRENPIE, 2, 2 },
                { "ICH_HCR.NPIE", VGIC_ICH_HCR_NPIE, 3, 3 },
                { "ICH_HCR.VGrp0EIE", VGIC_ICH_HCR_VGRP0EIE, 4, 4 },
                { "ICH_HCR.VGrp0DIE", VGIC_ICH_HCR_VGRP0DIE, 5, 5 },
                { "ICH_HCR.VGrp1EIE", VGIC_ICH_HCR_VGRP1EIE, 6, 6 },
                { "ICH_HCR.VGrp1DIE", VGIC_ICH_HCR_VGRP1DIE, 7, 7 },
                { "ICH_HCR.vSGIEOICount", VGIC_ICH_HCR_VSGIEOICOUNT, 8, 8 },
                { "ICH_HCR.TC", VGIC_ICH_HCR_TC, 10, 10 },
                { "ICH_HCR.TALL0", VGIC_ICH_HCR_TALL0, 11, 11 },
                { "ICH_HCR.TALL1", VGIC_ICH_HCR_TALL1, 12, 12 },
                { "ICH_HCR.TSEI", VGIC_ICH_HCR_TSEI, 13, 13 },
                { "ICH_HCR.TDIR", VGIC_ICH_HCR_TDIR, 14, 14 },
                { "ICH_HCR.DVIM", VGIC_ICH_HCR_DVIM, 15, 15 },
                { "ICH_HCR.EOIcount", VGIC_ICH_HCR_EOICOUNT, 31, 27 },
                { "ICH_VMCR.VENG0", VGIC_ICH_VMCR_VENG0, 0, 0 },
                { "ICH_VMCR.VENG1", VGIC_ICH_VMCR_VENG1, 1, 1 },
                { "ICH_VMCR.VAckCtl", VGIC_ICH_VMCR_VACKCTL, 2, 2 },
                { "ICH_VMCR.VFIQEn", VGIC_ICH_VMCR_VFIQEN, 3, 3 },
                { "ICH_VMCR.VCBPR", VGIC_ICH_VMCR_VCBPR, 4, 4 },
                { "ICH_VMCR.VEOIM", VGIC_ICH_VMCR_VEOIM, 9, 9 },
                { "ICH_VMCR.VBPR1", VGIC_ICH_VMCR_VBPR1, 20, 18 },
                { "ICH_VMCR.VBPR0", VGIC_ICH_VMCR_VBPR0, 23, 21 },
                { "ICH_VMCR.VPMR", VGIC_ICH_VMCR_VPMR, 31, 24 },
                { "ICH_MISR.EOI", VGIC_ICH_MISR_EOI, 0, 0 },
                { "ICH_MISR.U", VGIC_ICH_MISR_U, 1, 1 },
                { "ICH_MISR.LRENP", VGIC_ICH_MISR_LRENP, 2, 2 },
                { "ICH_MISR.NP", VGIC_ICH_MISR_NP, 3, 3 },
                { "ICH_MISR.VGrp0E", VGIC_ICH_MISR_VGRP0E, 4, 4 },
                { "ICH_MISR.VGrp0D", VGIC_ICH_MISR_VGRP0D, 5, 5 },
                { "ICH_MISR.VGrp1E", VGIC_ICH_MISR_VGRP1E, 6, 6 },
                { "ICH_MISR.VGrp1D", VGIC_ICH_MISR_VGRP1D, 7, 7 },
                { "ICH_VTR.ListRegs", VGIC_ICH_VTR_LISTREGS, 4, 0 },
                { "ICH_VTR.DVIM", VGIC_ICH_VTR_DVIM, 18, 18 },
                { "ICH_VTR.TDS", VGIC_ICH_VTR_TDS, 19, 19 },
                { "ICH_VTR.nV4", VGIC_ICH_VTR_NV4, 20, 20 },
                { "ICH_VTR.A3V", VGIC_ICH_VTR_A3V, 21, 21 },
                { "ICH_VTR.SEIS", VGIC_ICH_VTR_SEIS, 22, 22 },
                { "ICH_VTR.IDbits", VGIC_ICH_VTR_IDBITS, 25, 23 },
                { "ICH_VTR.PREbits", VGIC_ICH_VTR_PREBITS, 28, 26 },
                { "ICH_VTR.PRIbits", VGIC_ICH_VTR_PRIBITS, 31, 29 },
        };

        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
                uint64_t want = 0;

                for (unsigned bit = fields[i].lsb; bit <= fields[i].msb; bit++)
                        want |= UINT64_C(1) << bit;
                tap_ok(fields[i].mask == want, "12.4: %s is bits %u:%u", fields[i].name,
                       fields[i].msb, fields[i].lsb);
        }
        tap_ok(VGIC_ICH_LR_EL2(0) == (3 << 14 | 4 << 11 | 12 << 7 | 12 << 3 | 0) &&
               VGIC_ICH_LR_EL2(15) == (3 << 14 | 4 << 11 | 12 << 7 | 13 << 3 | 7) &&
               VGIC_ICH_AP0R_EL2(3) == (3 << 14 | 4 << 11 | 12 << 7 | 8 << 3 | 3) &&
               VGIC_ICH_AP1R_EL2(3) == (3 << 14 | 4 << 11 | 12 << 7 | 9 << 3 | 3),
               "encodings of ICH_LR, ICH_AP0R, ICH_AP1R");
}

static void vtr_tells_what_is_there(void)
{
        struct icv_params params = { .n_list_registers = 4, .n_priority_bits = 5 };

        tap_eq(icv_vtr(&params), INT64_C(0x90180003),
               "ICH_VTR_EL2: 4 list registers, 5 bits: 0x90180003");
        params = (struct icv_params){
                .n_list_registers = 16, .n_priority_bits = 8, .ctlr = 1 << 15 | 1 << 14 | 1 << 11,
        };
        tap_eq(icv_vtr(&params), INT64_C(0xf8f8000f),
               "ICH_VTR_EL2: 16, 8 and 7 bits, 24 of INTID, A3V, SEIS: 0xf8f8000f");
        params.n_preemption_bits = 8;
        tap_eq(icv_vtr(&params) >> 26 & 7, 6, "ICH_VTR_EL2.PREbits: 8 is 7");
        params = (struct icv_params){ .n_list_registers = 1, .n_priority_bits = 4 };
        tap_eq(icv_vtr(&params), INT64_C(0x6c180000), "ICH_VTR_EL2: 4 priority bits");
}

/* State, HW and EOI of one list register: all 16. */
static void status_tells_of_list_registers(void)
{
        for (unsigned i = 0; i < 16; i++) {
                struct fixture f = fixture(16, 5);
                bool eoi_bit = i & 1, hw = i & 2, valid = i >> 2;

                f.bank.ich_lr[15] = (uint64_t)(i >> 2) << 62 | (hw ? LR_HW : 0) |
                                    (eoi_bit ? LR_EOI : 0);
                tap_eq(icv_eisr(&f.params, &f.bank), !valid && !hw && eoi_bit ? 0x8000 : 0,
                       "ICH_EISR_EL2: State %u, HW %d, EOI %d", i >> 2, hw, eoi_bit);
                tap_eq(icv_elrsr(&f.params, &f.bank), !valid && (hw || !eoi_bit) ? 0xffff : 0x7fff,
                       "ICH_ELRSR_EL2: State %u, HW %d, EOI %d", i >> 2, hw, eoi_bit);
        }
}

/*
 * Every setting of the enables and of VENG<n> against each pair of states in two list registers,
 * EOIcount 0 and not.
 */
static void misr_follows_its_enables(void)
{
        unsigned wrong = 0, lines = 0;

        for (unsigned enables = 0; enables < 256; enables++)
                for (unsigned rest = 0; rest < 4 * 16 * 2; rest++) {
                        struct fixture f = fixture(2, 5);
                        unsigned groups = rest & 3, a = rest >> 2 & 3, b = rest >> 4 & 3,
                                 count = rest >> 6;
                        unsigned n_valid = (a != FREE) + (b != FREE),
                                 n_pending = (a == PENDING) + (b == PENDING);
                        unsigned want = 0;

                        f.bank.ich_hcr = enables | (uint64_t)count << 31;
                        f.bank.ich_vmcr = groups;
                        f.bank.ich_lr[0] = lr(40, 0, 1, (enum lr_state)a);
                        f.bank.ich_lr[1] = lr(41, 0, 1, (enum lr_state)b) | LR_EOI;
                        want |= b == FREE ? 1 : 0;
                        want |= (enables & 2) && n_valid < 2 ? 2 : 0;
                        want |= (enables & 4) && count ? 4 : 0;
                        want |= (enables & 8) && n_pending == 0 ? 8 : 0;
                        want |= (enables & 0x10) && (groups & 1) ? 0x10 : 0;
                        want |= (enables & 0x20) && !(groups & 1) ? 0x20 : 0;
                        want |= (enables & 0x40) && (groups & 2) ? 0x40 : 0;
                        want |= (enables & 0x80) && !(groups & 2) ? 0x80 : 0;
                        wrong += icv_misr(&f.params, &f.bank) != want;
                        lines += icv_maintenance(&f.params, &f.bank) != ((enables & 1) && want);
                }
        tap_eq(wrong, 0,
               "ICH_MISR_EL2: EOI, U, LRENP, NP, VGrp<g>E, VGrp<g>D, each by its condition");
        tap_eq(lines, 0, "ICH_HCR_EL2.En: without it ICH_MISR_EL2 tells, and nothing is signalled");
}

/* What a register reads as after all bits of it were written. */
static void registers_keep_what_hardware_keeps(void)
{
        static const struct { uint32_t reg; uint64_t ones, zeros; const char *words; } rows[] = {
                { VGIC_ICH_HCR_EL2, 0xf8005cff, 0,
                  "ICH_HCR_EL2: what needs SEIs, GICv4.1 or direct injection is RES0" },
                { VGIC_ICH_VMCR_EL2, 0xf8fc021b, 0x004c0008,
                  "ICH_VMCR_EL2: minima, unimplemented priority bits, VFIQEn RES1, VAckCtl RES0" },
                { VGIC_ICH_LR_EL2(1), 0xf0f81fff0000ffff, 0,
                  "ICH_LR1_EL2 with HW: pINTID; 5 bits of priority, 16 of INTID" },
                { VGIC_ICH_AP0R_EL2(0), 0xffffffff, 0, "ICH_AP0R0_EL2" },
                { VGIC_ICH_AP1R_EL2(0), 0xffffffff, 0, "ICH_AP1R0_EL2" },
        };
        struct fixture f = fixture(2, 5);
        uint64_t value = 0;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                for (unsigned ones = 0; ones < 2; ones++) {
                        uint64_t want = ones ? rows[i].ones : rows[i].zeros;

                        icv_hyp_write(&f.params, &f.bank, rows[i].reg, ones ? UINT64_MAX : 0);
                        icv_hyp_read(&f.params, &f.bank, rows[i].reg, &value);
                        tap_eq((int64_t)value, (int64_t)want, "%s: all %u written", rows[i].words,
                               ones);
                }
        icv_hyp_write(&f.params, &f.bank, VGIC_ICH_LR_EL2(0), UINT64_MAX & ~LR_HW);
        tap_eq((int64_t)f.bank.ich_lr[0], (int64_t)UINT64_C(0xd0f802000000ffff),
               "ICH_LR0_EL2 without HW: EOI only");
        icv_hyp_write(&f.params, &f.bank, VGIC_ICH_VMCR_EL2, UINT64_C(0x10) | 7 << 21 | 4 << 18);
        icv_hyp_read(&f.params, &f.bank, VGIC_ICH_VMCR_EL2, &value);
        tap_eq(value >> 18 & 7, 4, "ICH_VMCR_EL2.VBPR1: written whatever VCBPR is");
        tap_ok(icv_hyp_write(&f.params, &f.bank, VGIC_ICH_LR_EL2(2), 0) == ICV_UNDEFINED &&
               icv_hyp_read(&f.params, &f.bank, VGIC_ICH_LR_EL2(2), &value) == ICV_UNDEFINED &&
               icv_hyp_read(&f.params, &f.bank, VGIC_ICH_AP0R_EL2(1), &value) == ICV_UNDEFINED &&
               icv_hyp_write(&f.params, &f.bank, VGIC_ICH_VTR_EL2, 0) == ICV_UNDEFINED &&
               icv_hyp_write(&f.params, &f.bank, VGIC_ICH_MISR_EL2, 0) == ICV_UNDEFINED,
               "what is not implemented, and writes of read-only registers: UNDEFINED");
        f.bank = (struct vgic_lr_bank){ .ich_hcr = 1 << 1, .ich_lr = { LR_EOI } };
        tap_ok(icv_hyp_read(&f.params, &f.bank, VGIC_ICH_ELRSR_EL2, &value) == ICV_DONE &&
               value == 2 &&
               icv_hyp_read(&f.params, &f.bank, VGIC_ICH_EISR_EL2, &value) == ICV_DONE &&
               value == 1 &&
               icv_hyp_read(&f.params, &f.bank, VGIC_ICH_MISR_EL2, &value) == ICV_DONE &&
               value == 3 &&
               icv_hyp_read(&f.params, &f.bank, VGIC_ICH_VTR_EL2, &value) == ICV_DONE &&
               value == 0x90180001,
               "ICH_ELRSR_EL2, ICH_EISR_EL2, ICH_MISR_EL2, ICH_VTR_EL2 by encoding");
}

/* A level-sensitive interrupt with EOI maintenance, as a hypervisor runs it (conformance 1). */
static void level_costs_one_maintenance_interrupt(void)
{
        struct fixture f = fixture(4, 5);

        f.bank.ich_lr[0] = lr(40, 0x80, 1, PENDING) | LR_EOI;
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "ICH_LR<n>_EL2.EOI: pending: no maintenance interrupt");
        iar(&f, 1);
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "level, acknowledged: no maintenance interrupt");
        f.bank.ich_lr[0] |= UINT64_C(1) << 62; /* the line is still high */
        eoi(&f, 1, 40);
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "level, ended and pending again: no maintenance interrupt");
        iar(&f, 1);
        set(&f, VGIC_ICC_CTLR_EL1, 2);
        eoi(&f, 1, 40);
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "level, EOI mode 1, priority dropped: no maintenance interrupt");
        set(&f, VGIC_ICC_DIR_EL1, 40);
        tap_ok(icv_maintenance(&f.params, &f.bank),
               "level, EOI mode 1, deactivated: a maintenance interrupt");
        tap_eq(icv_misr(&f.params, &f.bank), 1, "level, deactivated: ICH_MISR_EL2 is EOI");
        tap_eq(icv_eisr(&f.params, &f.bank), 1,
               "level, deactivated: ICH_EISR_EL2 is list register 0");
        tap_eq(icv_elrsr(&f.params, &f.bank), 0xe,
               "ICH_ELRSR_EL2: a list register is not free before its EOI was seen");
        f.bank.ich_lr[0] = 0;
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "the maintenance interrupt is a level: gone with the list register's bit");
}

/*
 * All list registers active, one interrupt of lower priority left out: the hypervisor asks for UIE,
 * and is left in peace (conformance 9).
 */
static void full_bank_is_left_in_peace(void)
{
        struct fixture f = fixture(2, 5);

        f.bank.ich_lr[0] = lr(40, 0x80, 1, ACTIVE);
        f.bank.ich_lr[1] = lr(41, 0x40, 1, ACTIVE);
        set(&f, VGIC_ICC_AP1R_EL1(0), 1 << 16 | 1 << 8);
        f.bank.ich_hcr |= 2;
        tap_ok(!icv_maintenance(&f.params, &f.bank),
               "ICH_HCR_EL2.UIE: two list registers in use: no maintenance interrupt");
        eoi(&f, 1, 41);
        tap_eq(icv_misr(&f.params, &f.bank), 2,
               "ICH_HCR_EL2.UIE: one list register in use: ICH_MISR_EL2 is U");
}

/*
 * Whatever a bank holds: nothing is read or written outside it, and a settled bank stays as it is.
 */
static void any_bank_settles(void)
{
        uint64_t seed = 1, value;
        unsigned moved = 0, loose = 0;

        for (unsigned i = 0; i < 200000; i++) {
                struct fixture f;
                uint64_t words[sizeof(f.bank) / 8] = { 0 };
                struct vgic_lr_bank settled;

                for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
                        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                        words[j] = seed ^ seed >> 29;
                }
                memcpy(&f.bank, words, sizeof(f.bank));
                f.params = (struct icv_params){
                        .n_list_registers = (uint8_t)(1 + i % 16),
                        .n_priority_bits = (uint8_t)(4 + i / 16 % 5),
                        .n_preemption_bits = (uint8_t)(i / 80 % 4 ? 4 + i / 80 % 4 : 0),
                        .ties = (enum icv_tie)(i % 3),
                        .choices = (uint32_t)(seed >> 40 & 63),
                };
                if (i % 2)
                        icv_settle(&f.params, &f.bank);
                for (unsigned j = 0; j < 8; j++) {
                        unsigned group = (unsigned)(seed >> j & 1);
                        uint32_t intid = (uint32_t)(f.bank.ich_lr[j] & 0xffff);

                        icv_read(&f.params, &f.bank, group ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1,
                                 &value);
                        icv_write(&f.params, &f.bank,
                                  j < 4   ? VGIC_ICC_DIR_EL1
                                  : group ? VGIC_ICC_EOIR1_EL1
                                  : VGIC_ICC_EOIR0_EL1,
                                  intid);
                }
                settled = f.bank;
                icv_settle(&f.params, &settled);
                moved += i % 2 && memcmp(&settled, &f.bank, sizeof(settled)) != 0;
                f.bank = settled;
                icv_settle(&f.params, &f.bank);
                loose += memcmp(&settled, &f.bank, sizeof(settled)) != 0;
        }
        tap_eq(moved, 0,
               "operations on a settled bank leave no bit that the hardware would not have");
        tap_eq(loose, 0, "any bank: settling twice is settling once");
}

int main(void)
{
        formats_are_those_of_12_4();
        vtr_tells_what_is_there();
        status_tells_of_list_registers();
        misr_follows_its_enables();
        registers_keep_what_hardware_keeps();
        level_costs_one_maintenance_interrupt();
        full_bank_is_left_in_peace();
        any_bank_settles();
        return tap_done();
}
