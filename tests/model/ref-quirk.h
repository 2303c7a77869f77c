/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REF_QUIRK_H
#define REF_QUIRK_H

/*
 * Quirks: what another GICv3 does otherwise than the architecture,
 * as this project decided to read it
 *
 * The reference model (ref-gic.h) is the architecture. Told a set of quirks it behaves, in these
 * points only, as another implementation does, so that the same random programs can be compared
 * with that one, and each difference has a name here and an explanation;
 * what has no name is a finding.
 *
 * A quirk is one line of REF_QUIRKS: its name, the section of IHI 0069 that decides who is right,
 * who is, and what the other does. To add one: add the line, and ask ref_has(gic, REF_QUIRK_<name>)
 * at the rule in ref-*.c that it changes, with the architecture as the default.
 * Nothing else needs to know.
 */
#include <stdint.h>

/* X(name, section, who is right, what the other one does) */
#define REF_QUIRKS(X) \
        X(IIDR, "12.9.17", "both", "GICD_IIDR and GICR_IIDR name another implementation: 0x43b") \
        X(LINES_NUMBER, "12.9.38", "we", \
          "GICD_TYPER.ITLinesNumber is one too low: says 224 of 256 SPIs") \
        X(ID_BITS_16, "12.9.38", "both", \
          "GICD_TYPER.IDbits: 16 bits of INTID (here as many as are needed, 10)") \
        X(ID_BITS_24, "12.2.6", "both", "ICC_CTLR_EL1.IDbits: 24 bits of INTID (here 16)") \
        X(COMMON_LPI_AFF, "12.11.35", "both", \
          "GICR_TYPER.CommonLPIAff is 1, though there are no LPIs") \
        X(NO_STATUSR, "12.9.37", "both", \
          "GICD_STATUSR and GICR_STATUSR are not implemented: RAZ/WI") \
        X(NO_SETSPI, "12.9.33", "both", \
          "GICD_SETSPI_NSR and GICD_CLRSPI_NSR are not implemented: MBIS is 0") \
        X(NO_PMHE, "12.2.6", "both", "ICC_CTLR_EL1.PMHE, a hint for 1 of N, is RAZ/WI") \
        X(IROUTER_RES0, "12.9.22", "we; for IRM both", \
          "GICD_IROUTERn stores and shows its RES0 bits 63:40 and 30:24, and IRM, to no effect") \
        X(SGI_NO_RS, "12.2.22", "both", \
          "ICC_SGInR_EL1.RS, RES0 since RSS is 0, is ignored if it is not 0 (here the whole " \
          "write is)") \
        X(SGI1R_NO_GROUP0, "12.1.10", "we", \
          "ICC_SGI1R_EL1 does not generate an SGI that is Group 0 at its target") \
        X(WAKER_OPEN, "12.11.42", "we", \
          "interrupts are signalled while GICR_WAKER.ProcessorSleep is set") \
        X(HPPI_ALL_GROUPS, "12.2.15", "we", \
          "an interrupt of a group that ICC_IGRPENn_EL1 disables hides those of lower " \
          "priority in the other group") \
        X(PRIORITY_8_BITS, "12.9.20", "we", \
          "GICD_IPRIORITYRn and GICR_IPRIORITYRn hold and compare 8 bits, though 5 are " \
          "implemented") \
        X(PRIORITY_FF, "12.2.12", "we", \
          "a pending interrupt of priority 0xff is not seen by ICC_HPPIRn_EL1") \
        X(PMR_HIGH_BITS, "12.2.19", "we", \
          "ICC_PMR_EL1 holds and compares bits 31:8, which are RES0") \
        X(BPR_HIGH_BITS, "12.2.4, 12.2.5", "we", \
          "a write to ICC_BPRn_EL1 with RES0 bits set evades the minimum") \
        X(AP_SIGN, "12.2.1, 12.2.2", "we", \
          "acknowledging at the last of 32 levels sets bits 63:32 of ICC_APnRm_EL1 too; later " \
          "EOIs clear those first")

enum ref_quirk_number {
#define REF_QUIRK_NUMBER(name, section, right, words) REF_QUIRK_NUMBER_##name,
        REF_QUIRKS(REF_QUIRK_NUMBER)
#undef REF_QUIRK_NUMBER
        REF_N_QUIRKS
};

enum ref_quirk {
        REF_QUIRK_NONE = 0,
#define REF_QUIRK_BIT(name, section, right, words) REF_QUIRK_##name = 1u << REF_QUIRK_NUMBER_##name,
        REF_QUIRKS(REF_QUIRK_BIT)
#undef REF_QUIRK_BIT
};

_Static_assert(REF_N_QUIRKS <= 32, "a set of quirks is a uint32_t");

/* All: QEMU 7.2 is the only other one so far. */
#define REF_QUIRKS_QEMU ((uint32_t)((UINT64_C(1) << REF_N_QUIRKS) - 1))

struct ref_quirk_words {
        const char *name, *section, *right, *words;
};

/* ref_quirk_words() - the line of REF_QUIRKS, to print it; NULL behind the last. */
const struct ref_quirk_words *ref_quirk_words(unsigned number);

#endif
