/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ICV_FIXTURE_H
#define ICV_FIXTURE_H

/*
 * A virtual CPU interface to try things on. Positions of fields are written down here a second
 * time, from the register descriptions, so that a wrong one in
 * <vgic/vgic-lr.h> does not agree with itself.
 */
#include <inttypes.h>

#include "icv.h"
#include "tap.h"

enum lr_state { FREE, PENDING, ACTIVE, BOTH };

struct fixture {
        struct icv_params params;
        struct vgic_lr_bank bank;
};

static inline uint64_t lr(uint32_t intid, unsigned priority, unsigned group, enum lr_state state)
{
        return (uint64_t)state << 62 | (uint64_t)group << 60 | (uint64_t)priority << 48 | intid;
}

#define LR_EOI  (UINT64_C(1) << 41)
#define LR_HW   (UINT64_C(1) << 61)

static inline enum lr_state state_of(const struct fixture *f, unsigned n)
{
        return (enum lr_state)(f->bank.ich_lr[n] >> 62);
}

static inline unsigned eoicount(const struct fixture *f)
{
        return f->bank.ich_hcr >> 27 & 31;
}

/* The guest's accesses; what is not done is a failure of the test. */
static inline uint64_t get(struct fixture *f, uint32_t reg)
{
        uint64_t value = UINT64_MAX;

        if (icv_read(&f->params, &f->bank, reg, &value) != ICV_DONE)
                tap_ok(false, "register %#x can be read", (unsigned)reg);
        return value;
}

static inline void set(struct fixture *f, uint32_t reg, uint64_t value)
{
        if (icv_write(&f->params, &f->bank, reg, value) != ICV_DONE)
                tap_ok(false, "register %#x can be written", (unsigned)reg);
}

static inline uint32_t iar(struct fixture *f, unsigned group)
{
        return (uint32_t)get(f, group ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1);
}

static inline void eoi(struct fixture *f, unsigned group, uint32_t intid)
{
        set(f, group ? VGIC_ICC_EOIR1_EL1 : VGIC_ICC_EOIR0_EL1, intid);
}

static inline uint32_t hppir(struct fixture *f, unsigned group)
{
        return (uint32_t)get(f, group ? VGIC_ICC_HPPIR1_EL1 : VGIC_ICC_HPPIR0_EL1);
}

/* Enabled, both groups, nothing masked, smallest binary points. */
static inline struct fixture fixture(unsigned n_list_registers, unsigned n_bits)
{
        struct fixture f = {
                .params = { .n_list_registers = (uint8_t)n_list_registers,
                            .n_priority_bits = (uint8_t)n_bits },
        };

        icv_reset(&f.params, &f.bank);
        f.bank.ich_hcr = 1;
        set(&f, VGIC_ICC_IGRPEN0_EL1, 1);
        set(&f, VGIC_ICC_IGRPEN1_EL1, 1);
        set(&f, VGIC_ICC_PMR_EL1, 0xff);
        return f;
}

#endif
