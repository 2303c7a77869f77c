/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ATTR_H
#define ATTR_H

/*
 * Attributes: what a VM is given before its controller is built, and what never is in its segment
 *
 * What    shm-attr.h has the table of all groups. Before INIT the pre-init registers and the number
 *         of interrupts change the shape that vm_build() builds; every other register has no value
 *         yet. Addresses are kept here, before INIT and after. A live controller's registers are
 *         read and set through the segment, as a VMM would.
 * Threads The daemon's one thread: INIT and each attribute come one after the other, so none is
 * half before it.
 */
#include <stdbool.h>
#include <stdint.h>

struct vm;

#define ATTR_IS_INIT     1      /* of attr_set(): the value is right, and it asks for VM_INIT */
#define ATTR_NO_ADDRESS  UINT64_MAX     /* what an address reads as until it is set */

struct vm_attrs {
        uint64_t dist_base;
        uint64_t redist_base;   /* of the one region; or regions are used */
        uint64_t *regions;      /* by index: count 63..52, base 51..16 */
        uint32_t n_regions;
        bool nr_irqs_set;
};

void attr_init(struct vm_attrs *attrs);
void attr_deinit(struct vm_attrs *attrs);

/*
 * attr_has(), attr_get(), attr_set() - @value of attr_get() goes in too: the index of a
 * redistributor region
 *
 * Return: 0; -ENODATA only after INIT; and as doc/attributes.md says: -ENXIO, -EINVAL, -EBUSY,
 * -EEXIST, -E2BIG, -ENOENT; attr_set() of INIT itself: ATTR_IS_INIT, and the caller makes it
 * (life_init()).
 */
int attr_has(struct vm *vm, uint32_t group, uint64_t attr);
int attr_get(struct vm *vm, uint32_t group, uint64_t attr, uint64_t *value);
int attr_set(struct vm *vm, uint32_t group, uint64_t attr, uint64_t value);

#endif
