/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ATTR_RACE_H
#define ATTR_RACE_H

/*
 * The attributes that INIT builds in, with a value that is not their default,
 * for the races of set against INIT
 *
 * Each has one writer in a race, so that what it must read as follows
 * from the writer's outcome alone.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "vgic/vgic.h"

#define RACE_N_SPIS  64         /* as the VM is created */

struct race_attr {
        const char *name;
        uint32_t group;
        uint64_t attr, initial, value;
};

/*
 * GICD_IIDR's revision, GICD_TYPER2.nASSGIcap (IHI 0069 sections 12.9.17, 12.9.39),
 * the number of interrupts
 */
static const struct race_attr race_attrs[] = {
        { "GICD_IIDR", VGIC_ATTR_DIST_REGS, 0x8, 0x5600043b, 0x5600243b },
        { "GICD_TYPER2", VGIC_ATTR_DIST_REGS, 0xc, 0, 0x100 },
        { "NR_IRQS", VGIC_ATTR_NR_IRQS, 0, RACE_N_SPIS + 32, 256 },
};
#define RACE_N_ATTRS  3u

/* The two outcomes, and that of a daemon that dies; *ret_value is what the controller must have. */
static inline bool race_outcome(const struct race_attr *a, int r, uint64_t *ret_value)
{
        *ret_value = r == 0 ? a->value : a->initial;
        return r == 0 || r == -EBUSY;
}

/* What a guest would find: the registers, and ITLinesNumber for the number of interrupts. */
static inline bool race_guest_sees(struct vgic_vm *vm, const struct race_attr *a, uint64_t value)
{
        uint64_t found = 0;

        if (a->group == VGIC_ATTR_DIST_REGS)
                return vgic_gicd_read(vm, a->attr, 4, &found) == 0 && found == value;
        return vgic_gicd_read(vm, 0x4, 4, &found) == 0 && ((found & 0x1f) + 1) * 32 == value;
}

static inline bool race_reads(struct vgic_vm *vm, const struct race_attr *a, uint64_t value)
{
        uint64_t found = 0;

        return vgic_attr_get(vm, a->group, a->attr, &found) == 0 && found == value;
}

/* A short time that differs from call to call; xorshift. */
static inline void race_spin(uint64_t *seed, unsigned bits)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        for (uint64_t n = *seed & ((1u << bits) - 1); n > 0; n--)
                __asm__ volatile("" ::: "memory");
}

#endif
