/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attributes: see attr.h
 */
#include <errno.h>
#include <stdlib.h>

#include "attr.h"
#include "shm-attr.h"
#include "vm.h"

#define ADDRESS_ALIGN    UINT64_C(0x10000)
#define ADDRESS_END      (UINT64_C(1) << 52)    /* what the base field of a region can name */
#define REGION_BASE      UINT64_C(0x000fffffffff0000)
#define REGION_FLAGS     UINT64_C(0xf000)
#define REGION_INDEX     UINT64_C(0xfff)
#define REGION_COUNT_SHIFT  52

void attr_init(struct vm_attrs *attrs)
{
        *attrs = (struct vm_attrs){ .dist_base = ATTR_NO_ADDRESS, .redist_base = ATTR_NO_ADDRESS };
}

void attr_deinit(struct vm_attrs *attrs)
{
        free(attrs->regions);
        attr_init(attrs);
}

/* --- addresses --- */

struct range {
        uint64_t base, bytes;
};

static bool overlap(struct range a, uint64_t base, uint64_t bytes)
{
        return base != ATTR_NO_ADDRESS && a.base < base + bytes && base < a.base + a.bytes;
}

static uint64_t region_base(uint64_t region)
{
        return region & REGION_BASE;
}

static uint64_t region_bytes(uint64_t region)
{
        return (region >> REGION_COUNT_SHIFT) * GICR_STRIDE;
}

/* Aligned, within what a guest can address, and over no other frame. */
static int check_range(const struct vm *vm, struct range r)
{
        const struct vm_attrs *attrs = &vm->attrs;

        if (r.base % ADDRESS_ALIGN)
                return -EINVAL;
        if (r.base >= ADDRESS_END || r.bytes > ADDRESS_END - r.base)
                return -E2BIG;
        if (overlap(r, attrs->dist_base, GICD_FRAME_SIZE) ||
            overlap(r, attrs->redist_base, (uint64_t)vm->shape.n_vcpus * GICR_STRIDE))
                return -EINVAL;
        for (uint32_t i = 0; i < attrs->n_regions; i++)
                if (overlap(r, region_base(attrs->regions[i]), region_bytes(attrs->regions[i])))
                        return -EINVAL;
        return 0;
}

/* An address is set once, as KVM has it. Return: 0; -EEXIST; as check_range(). */
static int set_base(struct vm *vm, uint64_t *base, uint64_t value, uint64_t bytes)
{
        int r;

        if (*base != ATTR_NO_ADDRESS)
                return -EEXIST;
        r = check_range(vm, (struct range){ value, bytes });
        if (r == 0)
                *base = value;
        return r;
}

/* Regions come in the order of their indices, and exclude the one region of REDIST. */
static int set_region(struct vm *vm, uint64_t value)
{
        struct vm_attrs *attrs = &vm->attrs;
        uint32_t index = (uint32_t)(value & REGION_INDEX);
        uint64_t *grown;
        int r;

        if (!region_bytes(value) || (value & REGION_FLAGS) ||
            attrs->redist_base != ATTR_NO_ADDRESS ||
            index > attrs->n_regions)
                return -EINVAL;
        if (index < attrs->n_regions)
                return -EEXIST;
        r = check_range(vm, (struct range){ region_base(value), region_bytes(value) });
        if (r < 0)
                return r;
        grown = realloc(attrs->regions, (index + 1) * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        grown[index] = value;
        attrs->regions = grown;
        attrs->n_regions = index + 1;
        return 0;
}

/* The one region of REDIST and the list of REDIST_REGION exclude each other. */
static int set_address(struct vm *vm, uint32_t number, uint64_t value)
{
        if (number == SHM_ATTR_ADDR_DIST)
                return set_base(vm, &vm->attrs.dist_base, value, GICD_FRAME_SIZE);
        if (number == SHM_ATTR_ADDR_REDIST_REGION)
                return set_region(vm, value);
        if (vm->attrs.n_regions > 0)
                return -EINVAL;
        return set_base(vm, &vm->attrs.redist_base, value,
                        (uint64_t)vm->shape.n_vcpus * GICR_STRIDE);
}

/*
 * KVM names a region by its index in the value that the get brings along; the two others ignore it.
 * Return: 0; -ENOENT there is no region of this index.
 */
static int get_address(const struct vm *vm, uint32_t number, uint64_t *value)
{
        const struct vm_attrs *attrs = &vm->attrs;
        uint64_t index = *value & REGION_INDEX;

        if (number == SHM_ATTR_ADDR_DIST) {
                *value = attrs->dist_base;
        } else if (number == SHM_ATTR_ADDR_REDIST) {
                *value = attrs->n_regions ? region_base(attrs->regions[0]) : attrs->redist_base;
        } else {
                if (index >= attrs->n_regions)
                        return -ENOENT;
                *value = attrs->regions[index];
        }
        return 0;
}

/* --- before INIT --- */

/* Of the shape that INIT will build. Return: 0; -ENODATA it has no value before INIT. */
static int get_pre_init(const struct vm *vm, const struct shm_attr *a, uint64_t *value)
{
        if (!a->is_pre_init)
                return -ENODATA;
        *value = a->group == SHM_ATTR_NR_IRQS ? shm_attr_nr_irqs(vm->shape.n_spis)
               : a->reg->id == GIC_REG_IIDR   ? GICD_IIDR_DEFAULT |
                       vm->shape.iidr_revision << GICD_IIDR_REVISION_SHIFT
                                              : vm->shape.gicd_typer2;
        return 0;
}

/* Before INIT these registers are part of the shape that is to be built. */
static int set_pre_init(struct vm *vm, const struct shm_attr *a, uint64_t value)
{
        if (a->group == SHM_ATTR_NR_IRQS) {
                if (vm->attrs.nr_irqs_set)
                        return -EBUSY;
                vm->attrs.nr_irqs_set = true;
                vm->shape.n_spis = shm_attr_n_spis((uint32_t)value);
        } else if (a->reg->id == GIC_REG_IIDR) {
                vm->shape.iidr_revision =
                        ((uint32_t)value & GICD_IIDR_REVISION) >> GICD_IIDR_REVISION_SHIFT;
        } else {
                vm->shape.gicd_typer2 = (uint32_t)value;
        }
        return 0;
}

/* --- all --- */

static int decode(const struct vm *vm, uint32_t group, uint64_t attr, struct shm_attr *ret_attr)
{
        struct shm_attr_of of = { .gic = vm->initialised ? &vm->gic : NULL, .shape = &vm->shape };

        return shm_attr_decode(&of, group, attr, ret_attr);
}

int attr_has(struct vm *vm, uint32_t group, uint64_t attr)
{
        struct shm_attr a;

        return decode(vm, group, attr, &a);
}

int attr_get(struct vm *vm, uint32_t group, uint64_t attr, uint64_t *value)
{
        struct shm_attr a;
        int r = decode(vm, group, attr, &a);

        if (r < 0)
                return r;
        if (group == SHM_ATTR_ADDR)
                return get_address(vm, a.number, value);
        if (group == SHM_ATTR_CTRL)
                return -ENXIO;
        return vm->initialised ? shm_attr_get(&vm->gic, &a, value) : get_pre_init(vm, &a, value);
}

/*
 * What has no value before INIT is -ENODATA whatever @value is, so that is looked at before the
 * value (doc/protocol.md section 6, 24 ATTR_GET).
 */
int attr_set(struct vm *vm, uint32_t group, uint64_t attr, uint64_t value)
{
        struct shm_attr a;
        int r = decode(vm, group, attr, &a);

        if (r == 0 && !vm->initialised && !a.is_pre_init && !shm_attr_by_daemon(group))
                r = -ENODATA;
        if (r == 0)
                r = shm_attr_check_value(&a, value);
        if (r < 0)
                return r;
        if (vm->building.begun && !vm->initialised && a.is_pre_init)
                return -EBUSY; /* its shape is settled */
        if (group == SHM_ATTR_ADDR)
                return set_address(vm, a.number, value);
        if (group == SHM_ATTR_CTRL)
                return ATTR_IS_INIT;
        return vm->initialised ? shm_attr_set(&vm->gic, &a, value) : set_pre_init(vm, &a, value);
}
