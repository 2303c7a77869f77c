/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-attr.h"

#include <errno.h>

#include "gic-icc.h"
#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-fold.h"
#include "shm-mmio.h"
#include "shm-sysreg.h"
#include "shm-word.h"

/*
 * Attributes of a live controller: see shm-attr.h. Registers go the way of a guest's access
 * wherever the kernel's documentation says "the same effect as on real hardware"; what it excepts
 * is here.
 */
struct group {
        uint8_t value_bits;     /* 0: there is no such group */
        bool by_daemon;
        int (*decode)(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *ret_attr);
        /* NULL: -ENXIO */
        int (*get)(struct shm_gic *gic, const struct shm_attr *a, uint64_t *ret_value);
        int (*set)(struct shm_gic *gic, const struct shm_attr *a, uint64_t value);
};

/* --- which vCPU: bits 63..32 are Aff3.Aff2.Aff1.Aff0, a byte each --- */

/* Before INIT there is no table of affinities yet: by the shape that was asked for. */
static uint32_t find_in_shape(const struct shm_shape *shape, uint32_t affinity)
{
        if (!shape->mpidrs) {
                uint32_t vcpu = gic_route_default_vcpu(affinity);

                return gic_route_default_affinity(vcpu) == affinity ? vcpu : GIC_NO_VCPU;
        }
        for (uint32_t i = 0; i < shape->n_vcpus; i++)
                if (gic_route_affinity(shape->mpidrs[i]) == affinity)
                        return i;
        return GIC_NO_VCPU;
}

/*
 * Return: 0; -EINVAL no vCPU has this affinity, whether or not there is such a register (as in
 * KVM).
 */
static int decode_vcpu(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        uint32_t affinity = (uint32_t)(attr >> 32);

        a->vcpu = of->gic ? shm_affinity_find(of->gic, affinity)
                  : find_in_shape(of->shape, affinity);
        return a->vcpu < (of->gic ? of->gic->n_vcpus : of->shape->n_vcpus) ? 0 : -EINVAL;
}

/* --- settings --- */

static int decode_addr(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        (void)of;
        a->number = (uint32_t)attr;
        return attr == SHM_ATTR_ADDR_DIST || attr == SHM_ATTR_ADDR_REDIST ||
               attr == SHM_ATTR_ADDR_REDIST_REGION ? 0 : -ENXIO;
}

static int decode_ctrl(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        (void)of;
        a->number = (uint32_t)attr;
        return attr == SHM_ATTR_CTRL_INIT ? 0 : -ENXIO;
}

/* The attribute's number means nothing, as in the kernel. */
static int decode_nr_irqs(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        (void)of;
        (void)attr;
        a->is_pre_init = true;
        return 0;
}

static int get_nr_irqs(struct shm_gic *gic, const struct shm_attr *a, uint64_t *ret_value)
{
        (void)a;
        *ret_value = shm_attr_nr_irqs(gic->n_spis);
        return 0;
}

static int set_nr_irqs(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        (void)gic;
        (void)a;
        (void)value;
        return -EBUSY;
}

/* --- registers of the distributor and the redistributors --- */

/* 32 bits at a time. Write-only registers are no state: nothing to read or restore. */
static int decode_reg(const struct gic_reg_table *table, uint32_t offset, struct shm_attr *a)
{
        a->reg = gic_reg_find(table, offset, 4);
        return a->reg && a->reg->access != GIC_ACCESS_WO ? 0 : -ENXIO;
}

static int decode_dist(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        (void)of;
        a->number = (uint32_t)attr;
        if (decode_reg(&gic_dist_table, a->number, a) < 0)
                return -ENXIO;
        a->is_pre_init = a->reg->id == GIC_REG_IIDR || a->reg->id == GICD_REG_TYPER2;
        return 0;
}

/* Bits 31..0: an offset into the two frames of the redistributor, one after the other. */
static int decode_redist(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        int r = decode_vcpu(of, attr, a);

        a->number = (uint32_t)attr;
        if (r < 0)
                return r;
        if (a->number < GICR_FRAME_SIZE)
                return decode_reg(&gic_redist_rd_table, a->number, a);
        return a->number < GICR_STRIDE
               ? decode_reg(&gic_redist_sgi_table, a->number - GICR_FRAME_SIZE, a) : -ENXIO;
}

static bool is_ispendr(const struct gic_reg *reg)
{
        return reg->set == gic_field_set_pending;
}

static bool is_icpendr(const struct gic_reg *reg)
{
        return reg->set == gic_field_clear_pending;
}

/*
 * The word behind bit @i of a register with one bit for each interrupt; NULL: that bit is RAZ/WI.
 */
static shm_atomic(uint64_t) *bit_word(struct shm_gic *gic, const struct shm_attr *a, unsigned i,
                                      uint32_t *ret_intid)
{
        uint32_t offset = a->group == SHM_ATTR_DIST_REGS ? a->number : a->number % GICR_FRAME_SIZE;
        uint32_t intid = a->reg->first_intid + (offset - a->reg->offset) * 8 + i;

        *ret_intid = intid;
        if (a->group == SHM_ATTR_DIST_REGS && intid < GIC_SPI_FIRST)
                return NULL;
        return shm_gic_word(gic, a->vcpu, intid);
}

/*
 * ISPENDR shows and assigns the latch alone: the level is LEVEL_INFO's. What is listed has its
 * latch in the list register (LISTED), until its guest takes it: that is waited for, as by a
 * guest's read.
 */
static uint64_t read_latches(struct shm_gic *gic, const struct shm_attr *a)
{
        const uint64_t latched = GIC_WORD_LATCH | GIC_WORD_EDGE | GIC_WORD_LISTED;
        struct shm_fold fold;
        uint64_t value = 0;
        uint32_t intid;

        fold.n = 0;
        for (unsigned i = 0; i < 32 && gic->writable; i++) {
                shm_atomic(uint64_t) *word = bit_word(gic, a, i, &intid);

                if (word)
                        shm_fold_note(gic, &fold, word, intid);
        }
        (void)shm_fold_ask(gic, &fold);
        for (unsigned i = 0; i < 32; i++) {
                const shm_atomic(uint64_t) *word = bit_word(gic, a, i, &intid);
                uint64_t w = word ? shm_word_load(word) : 0;

                (void)shm_fold_own(gic, &w, intid);
                if (w & latched)
                        value |= UINT64_C(1) << i;
        }
        return value;
}

static uint64_t assign_latch(uint64_t w, uint64_t on)
{
        return on ? gic_field_set_pending(w, 1) : gic_field_clear_pending(w, 1);
}

/* GICD_ISPENDR<n> assigns all 32 latches: a restore must be able to clear one, too. */
static int write_latches(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        uint32_t intid;
        int r = 0;

        for (unsigned i = 0; i < 32; i++) {
                shm_atomic(uint64_t) *word = bit_word(gic, a, i, &intid);

                if (word && !shm_word_update(gic, word, intid, assign_latch, value >> i & 1))
                        r = -EIO;
        }
        return r;
}

static shm_atomic(uint32_t) *statusr_of(struct shm_gic *gic, const struct shm_attr *a)
{
        return a->reg->id == GICD_REG_STATUSR ? &gic->header->gicd_statusr
               : a->reg->id == GICR_REG_STATUSR ? &gic->vcpus[a->vcpu].gicr_statusr : NULL;
}

static uint64_t read_as_guest(struct shm_gic *gic, const struct shm_attr *a)
{
        return a->group == SHM_ATTR_DIST_REGS ? shm_gicd_read(gic, a->number, 4)
                                              : shm_gicr_read(gic, (uint64_t)a->vcpu * GICR_STRIDE +
                                                              a->number, 4);
}

static int get_reg(struct shm_gic *gic, const struct shm_attr *a, uint64_t *ret_value)
{
        *ret_value = is_ispendr(a->reg)   ? read_latches(gic, a)
                     : is_icpendr(a->reg) ? 0
                                          : read_as_guest(gic, a);
        return 0;
}

/* As the guest would write it, but for what a restore needs to assign, or must not change. */
static int set_reg(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        shm_atomic(uint32_t) *statusr = statusr_of(gic, a);

        if (a->is_pre_init) /* constant by now; to confirm it is no change */
                return read_as_guest(gic, a) == value ? 0 : -EBUSY;
        if (a->reg->access == GIC_ACCESS_RO || is_icpendr(a->reg))
                return 0;
        if (is_ispendr(a->reg))
                return write_latches(gic, a, value);
        if (statusr)
                shm_store(statusr, (uint32_t)value & GIC_STATUSR_ALL, STATUS_X1);
        else if (a->group == SHM_ATTR_DIST_REGS)
                shm_gicd_write(gic, a->number, 4, value);
        else
                shm_gicr_write(gic, (uint64_t)a->vcpu * GICR_STRIDE + a->number, 4, value);
        return 0;
}

/* --- system registers --- */

/* Bits 15..0: the encoding of a system register that holds state, as shm_sysreg_is_state(). */
static int decode_sysreg(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        int r = decode_vcpu(of, attr, a);

        /* bits 31..16 are reserved: a number with them is no register */
        a->number = (uint32_t)attr;
        if (r < 0)
                return r;
        return shm_sysreg_is_state(of->gic ? of->gic->n_priority_bits : of->shape->n_priority_bits,
                                   a->number) ? 0 : -ENXIO;
}

static int get_sysreg(struct shm_gic *gic, const struct shm_attr *a, uint64_t *ret_value)
{
        return shm_sysreg_peek(gic, a->vcpu, a->number, ret_value);
}

/*
 * Fields that cannot be written have to be what they are: a VM of another kind of controller is not
 * restored silently.
 */
static int check_sysreg(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        uint32_t id = gic_icc_id(a->number);
        uint64_t now = 0;

        if (id == GIC_ICC_SRE_EL1)
                return value & 1 ? 0 : -EINVAL;
        if (id != GIC_ICC_CTLR_EL1)
                return 0;
        shm_sysreg_peek(gic, a->vcpu, a->number, &now);
        return (now ^ value) & ~(uint64_t)ICC_CTLR_WRITABLE ? -EINVAL : 0;
}

static int set_sysreg(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        int r = check_sysreg(gic, a, value);

        return r < 0 ? r : shm_sysreg_poke(gic, a->vcpu, a->number, value);
}

/* --- input levels --- */

/* INTIDs 32 at a time, from a multiple of 32 on, which 10 bits name: no extended ones. */
static int decode_level(const struct shm_attr_of *of, uint64_t attr, struct shm_attr *a)
{
        a->number = attr & 0x3ff;
        if ((attr >> 10 & 0x3fffff) != SHM_ATTR_LEVEL_INFO_LINE || a->number % 32)
                return -EINVAL;
        /* SPIs: whatever the affinity */
        return a->number < GIC_N_PRIVATE ? decode_vcpu(of, attr, a) : 0;
}

/* SGIs have no line; what the VM does not have is RAZ/WI. */
static shm_atomic(uint64_t) *level_word(struct shm_gic *gic, const struct shm_attr *a, unsigned i)
{
        uint32_t intid = a->number + i;

        return intid < GIC_PPI_FIRST || intid >= GIC_INTID_SPECIAL ? NULL
               : shm_gic_word(gic, a->vcpu, intid);
}

/* KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: bit n is the line of interrupt n of 32, whoever drives it. */
static int get_level(struct shm_gic *gic, const struct shm_attr *a, uint64_t *ret_value)
{
        *ret_value = 0;
        for (unsigned i = 0; i < 32; i++) {
                const shm_atomic(uint64_t) *word = level_word(gic, a, i);

                if (word && (shm_word_load(word) & GIC_WORD_WIRES))
                        *ret_value |= UINT64_C(1) << i;
        }
        return 0;
}

/*
 * The level, and no edge of it: a restored level must not depend on whether ICFGR was restored
 * before.
 */
static uint64_t assign_wire(uint64_t w, uint64_t high)
{
        return base_bit_assign(w, gic_word_wire(GIC_WIRE_VMM), high != 0);
}

/* KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: bit n becomes the VMM's own wire of interrupt n of 32. */
static int set_level(struct shm_gic *gic, const struct shm_attr *a, uint64_t value)
{
        int r = 0;

        for (unsigned i = 0; i < 32; i++) {
                shm_atomic(uint64_t) *word = level_word(gic, a, i);

                if (word && !shm_word_update(gic, word, a->number + i, assign_wire, value >> i & 1))
                        r = -EIO;
        }
        return r;
}

/* --- the table --- */

static const struct group groups[SHM_ATTR_N_GROUPS] = {
        [SHM_ATTR_ADDR] = { .value_bits = 64, .by_daemon = true, .decode = decode_addr },
        [SHM_ATTR_DIST_REGS] = { .value_bits = 32, .decode = decode_dist, .get = get_reg,
                                .set = set_reg },
        [SHM_ATTR_NR_IRQS] = { .value_bits = 32, .decode = decode_nr_irqs, .get = get_nr_irqs,
                              .set = set_nr_irqs },
        [SHM_ATTR_CTRL] = { .value_bits = 64, .by_daemon = true, .decode = decode_ctrl },
        [SHM_ATTR_REDIST_REGS] = { .value_bits = 32, .decode = decode_redist, .get = get_reg,
                                  .set = set_reg },
        [SHM_ATTR_CPU_SYSREGS] = { .value_bits = 64, .decode = decode_sysreg, .get = get_sysreg,
                                  .set = set_sysreg },
        [SHM_ATTR_LEVEL_INFO] = { .value_bits = 32, .decode = decode_level, .get = get_level,
                                 .set = set_level },
};

bool shm_attr_by_daemon(uint32_t group)
{
        return group < SHM_ATTR_N_GROUPS && groups[group].by_daemon;
}

static bool is_mirror(const struct shm_attr_of *of)
{
        return of->gic ? of->gic->mirror : (of->shape->flags & SHM_FLAG_MIRROR) != 0;
}

int shm_attr_decode(const struct shm_attr_of *of, uint32_t group, uint64_t attr,
                    struct shm_attr *ret_attr)
{
        *ret_attr = (struct shm_attr) { .group = group };
        if (group >= SHM_ATTR_N_GROUPS || !groups[group].value_bits)
                return -ENXIO;
        if (is_mirror(of) && !groups[group].by_daemon) /* it has none of these registers */
                return -ENXIO;
        return groups[group].decode(of, attr, ret_attr);
}

/* Who made it has to be us; the revision one that we know. */
static int check_iidr(uint32_t value)
{
        uint32_t revision = (value & GICD_IIDR_REVISION) >> GICD_IIDR_REVISION_SHIFT;

        if ((value ^ GICD_IIDR_DEFAULT) & ~GICD_IIDR_REVISION)
                return -EINVAL;
        return revision > GICD_IIDR_REVISION_LAST ? -EINVAL : 0;
}

/* Before INIT nothing else looks at these values: they become the shape that INIT builds. */
static int check_pre_init(const struct shm_attr *a, uint64_t value)
{
        if (a->group == SHM_ATTR_NR_IRQS)
                return value >= 64 && value <= 1024 && value % 32 == 0 ? 0 : -EINVAL;
        if (a->reg->id == GIC_REG_IIDR)
                return check_iidr((uint32_t)value);
        return value & ~(uint64_t)GICD_TYPER2_FIELDS ? -EINVAL : 0;
}

int shm_attr_check_value(const struct shm_attr *attr, uint64_t value)
{
        unsigned bits = groups[attr->group].value_bits;

        if (bits < 64 && value >> bits)
                return -EINVAL;
        return attr->is_pre_init ? check_pre_init(attr, value) : 0;
}

int shm_attr_get(struct shm_gic *gic, const struct shm_attr *attr, uint64_t *ret_value)
{
        const struct group *group = &groups[attr->group];

        return group->get ? group->get(gic, attr, ret_value) : -ENXIO;
}

int shm_attr_set(struct shm_gic *gic, const struct shm_attr *attr, uint64_t value)
{
        const struct group *group = &groups[attr->group];

        return group->set ? group->set(gic, attr, value) : -ENXIO;
}
