/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
/*
 * The table of the distributor's registers, and its index
 *
 * gic-dist-rows.h is where a register is written down, once; gic-row.h makes both of it.
 */
#include "gic-reg.h"
#include "gic-row.h"
#include "gic-spec.h"

#define ROW GIC_ROW_NUMBER
enum row_number {
#include "gic-dist-rows.h"
};
#undef ROW

#define ROW GIC_ROW_REG
static const struct gic_reg rows[] = {
#include "gic-dist-rows.h"
};
#undef ROW

#define ROW GIC_ROW_INDEX
static const uint8_t index_of[GIC_REG_FRAME_WORDS] = {
#include "gic-dist-rows.h"
};
#undef ROW

const struct gic_reg_table gic_dist_table = {
        "GICD", rows, sizeof rows / sizeof rows[0], index_of,
};
