/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REF_QUIRK_H
#define REF_QUIRK_H

/*
 * Quirks: what another GICv3 does otherwise than the architecture, as this project decided to read it
 *
 * The reference model (ref-gic.h) is the architecture. Told a set of quirks it behaves, in these points only, as
 * another implementation does, so that the same random programs can be compared with that one, and each difference has
 * a name here and an explanation; what has no name is a finding.
 *
 * A quirk is one line of REF_QUIRKS: its name, the section of IHI 0069 that decides who is right, who is, and what the
 * other does. To add one: add the line, and ask ref_has(gic, REF_QUIRK_<name>) at the rule in ref-*.c that it changes,
 * with the architecture as the default. Nothing else needs to know.
 */
#include <stdint.h>

/* X(name, section, who is right, what the other one does) */
#define REF_QUIRKS(X) \
        X(TYPER_QEMU, "12.9.38", "both", \
          "GICD_TYPER: IDbits 15 (here 9), no MBIS, No1N, no RSS; GICD_IIDR and the ID registers name another part") \
        X(NO_STATUSR, "12.9.37", "both", "GICD_STATUSR and GICR_STATUSR are not implemented: RAZ/WI") \
        X(NO_SETSPI, "12.9.33", "both", "GICD_SETSPI_NSR and GICD_CLRSPI_NSR are not implemented: MBIS = 0")

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

#define REF_QUIRKS_QEMU ((uint32_t)((UINT64_C(1) << REF_N_QUIRKS) - 1)) /* all: QEMU 7.2 is the only other one so far  \
                                                                         */

struct ref_quirk_words {
        const char *name, *section, *right, *words;
};

/* ref_quirk_words() - the line of REF_QUIRKS, to print it; NULL behind the last. */
const struct ref_quirk_words *ref_quirk_words(unsigned number);

#endif
