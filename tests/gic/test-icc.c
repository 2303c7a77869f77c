/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The table of ICC_*_EL1: encodings and access from IHI 0069 section 12.2
 */
#include <string.h>

#include "gic-icc.h"
#include "gic-spec.h"
#include "tap.h"

/* CRn, CRm, op2; access: B both, R read-only, W write-only */
static const struct {
        const char *name;
        uint8_t crn, crm, op2;
        char access;
} registers[] = {
        { "ICC_PMR_EL1", 4, 6, 0, 'B' },
        { "ICC_IAR0_EL1", 12, 8, 0, 'R' }, { "ICC_EOIR0_EL1", 12, 8, 1, 'W' },
        { "ICC_HPPIR0_EL1", 12, 8, 2, 'R' }, { "ICC_BPR0_EL1", 12, 8, 3, 'B' },
        { "ICC_AP0R0_EL1", 12, 8, 4, 'B' }, { "ICC_AP0R1_EL1", 12, 8, 5, 'B' },
        { "ICC_AP0R2_EL1", 12, 8, 6, 'B' }, { "ICC_AP0R3_EL1", 12, 8, 7, 'B' },
        { "ICC_AP1R0_EL1", 12, 9, 0, 'B' }, { "ICC_AP1R1_EL1", 12, 9, 1, 'B' },
        { "ICC_AP1R2_EL1", 12, 9, 2, 'B' }, { "ICC_AP1R3_EL1", 12, 9, 3, 'B' },
        { "ICC_DIR_EL1", 12, 11, 1, 'W' }, { "ICC_RPR_EL1", 12, 11, 3, 'R' },
        { "ICC_SGI1R_EL1", 12, 11, 5, 'W' }, { "ICC_ASGI1R_EL1", 12, 11, 6, 'W' },
        { "ICC_SGI0R_EL1", 12, 11, 7, 'W' },
        { "ICC_IAR1_EL1", 12, 12, 0, 'R' }, { "ICC_EOIR1_EL1", 12, 12, 1, 'W' },
        { "ICC_HPPIR1_EL1", 12, 12, 2, 'R' }, { "ICC_BPR1_EL1", 12, 12, 3, 'B' },
        { "ICC_CTLR_EL1", 12, 12, 4, 'B' }, { "ICC_SRE_EL1", 12, 12, 5, 'B' },
        { "ICC_IGRPEN0_EL1", 12, 12, 6, 'B' }, { "ICC_IGRPEN1_EL1", 12, 12, 7, 'B' },
};
#define N_REGISTERS (sizeof registers / sizeof registers[0])

static const struct gic_icc_reg *find(uint32_t encoding)
{
        uint32_t id = gic_icc_id(encoding);

        return id < GIC_N_ICCS && gic_icc_table[id].name ? &gic_icc_table[id] : NULL;
}

static void check_content(void)
{
        static const uint8_t access_of[] = { ['B'] = GIC_ACCESS_RW, ['R'] = GIC_ACCESS_RO,
                                             ['W'] = GIC_ACCESS_WO };
        unsigned rows = 0, form = 0;

        for (unsigned i = 0; i < N_REGISTERS; i++) {
                /* op0 = 3, op1 = 0 */
                uint32_t encoding = 0xc000u + registers[i].crn * 128u + registers[i].crm * 8u +
                                    registers[i].op2;
                const struct gic_icc_reg *row = find(encoding);

                tap_ok(row && !strcmp(row->name, registers[i].name) && row->encoding == encoding &&
                       row->access == access_of[(unsigned char)registers[i].access],
                       "12.2: %s is S3_0_C%u_C%u_%u, its access", registers[i].name,
                       registers[i].crn, registers[i].crm, registers[i].op2);
        }
        for (unsigned i = 0; i < GIC_N_ICCS; i++) {
                const struct gic_icc_reg *row = &gic_icc_table[i];

                rows += row->name != NULL;
                form += row->name && (!row->section || row->access == GIC_ACCESS_RES0);
                form += row->access == GIC_ACCESS_WO && row->reset;
        }
        tap_eq(rows, N_REGISTERS, "no other row");
        tap_eq(form, 0, "rows are well-formed");
}

/* Each of the 2^16 encodings is its own row, or none. */
static void check_find(void)
{
        unsigned broken = 0, found = 0;

        for (uint32_t encoding = 0; encoding < 0x10000; encoding++) {
                const struct gic_icc_reg *row = find(encoding);

                found += row != NULL;
                broken += row && row->encoding != encoding;
        }
        broken += find(UINT32_MAX) || find(0x10000 + GIC_ICC_FIRST) || find(GIC_ICC_FIRST - 1);
        tap_eq(broken, 0, "an encoding finds its own row only");
        tap_eq(found, N_REGISTERS, "each row of the register table is found by one encoding");
}

int main(void)
{
        const struct gic_icc_reg *sre = find(GIC_ICC_ENCODING(12, 12, 5));

        check_content();
        check_find();
        for (unsigned n = 0; n < 4; n++)
                tap_ok(find(GIC_ICC_ENCODING(12, 8, 4 + n))->n_apr == n + 1 &&
                       find(GIC_ICC_ENCODING(12, 9, n))->n_apr == n + 1,
                       "12.2.1, 12.2.2: ICC_AP<g>R%u_EL1 needs %u active-priority registers", n,
                       n + 1);
        tap_eq((int64_t)sre->reset, 7, "12.2.23 ICC_SRE_EL1: SRE, DFB and DIB are RAO");
        return tap_done();
}
