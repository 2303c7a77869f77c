/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
/*
 * The tables of a redistributor's registers, and their indices
 *
 * gic-redist-rd-rows.h and gic-redist-sgi-rows.h are where a register is written down, once;
 * gic-row.h makes table and index of it.
 */
#include "gic-reg.h"
#include "gic-row.h"
#include "gic-spec.h"

#define ROW GIC_ROW_NUMBER
enum rd_row_number {
#include "gic-redist-rd-rows.h"
};
enum sgi_row_number {
#include "gic-redist-sgi-rows.h"
};
#undef ROW

#define ROW GIC_ROW_REG
static const struct gic_reg rd_rows[] = {
#include "gic-redist-rd-rows.h"
};
static const struct gic_reg sgi_rows[] = {
#include "gic-redist-sgi-rows.h"
};
#undef ROW

#define ROW GIC_ROW_INDEX
static const uint8_t rd_index[GIC_REG_FRAME_WORDS] = {
#include "gic-redist-rd-rows.h"
};
static const uint8_t sgi_index[GIC_REG_FRAME_WORDS] = {
#include "gic-redist-sgi-rows.h"
};
#undef ROW

const struct gic_reg_table gic_redist_rd_table = {
        "GICR", rd_rows, sizeof rd_rows / sizeof rd_rows[0], rd_index,
};
const struct gic_reg_table gic_redist_sgi_table = {
        "GICR SGI", sgi_rows, sizeof sgi_rows / sizeof sgi_rows[0], sgi_index,
};
