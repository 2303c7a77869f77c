/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GIC_ROW_H
#define GIC_ROW_H

/*
 * From a list of registers to its table and its index, both at compile time
 *
 * A file of rows has one ROW(number, offset, bytes, the other members of struct gic_reg) for each
 * register. It is included three times, with ROW defined as each of these in turn: the numbers are
 * an enumeration, the table is what programs walk, and the index says for each 32-bit word of the
 * frame which row it belongs to, so that an access finds its row by one load. What is written down
 * once cannot disagree; tests/gic/test-reg.c compares the two anyway.
 */
#define GIC_ROW_NUMBER(number, at, n, ...)  GIC_ROW_##number,
#define GIC_ROW_REG(number, at, n, ...)     { .offset = (at), .bytes = (n), __VA_ARGS__ },
#define GIC_ROW_INDEX(number, at, n, ...) \
        [(at) / 4 ... ((at) + (n) - 1) / 4] = GIC_ROW_##number + 1,

#endif
