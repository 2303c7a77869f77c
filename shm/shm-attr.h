/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ATTR_H
#define SHM_ATTR_H

/*
 * Attributes: registers and settings by KVM's device-attribute numbers, from outside the guest
 *
 * What    One table of groups. An attribute is decoded first, against a live controller or against
 *         what is still to be built; then it is read or set on the live one here. What is set
 *         before INIT, and what never is in the segment, the daemon keeps (daemon/attr.h); it
 *         decodes by the same table.
 * Rules   Numbers and errors are those of the kernel's arm-vgic-v3 device, without -EBUSY because a
 *         vCPU runs: doc/attributes.md.
 * Threads any.
 */
#include "gic-reg.h"
#include "shm-gic.h"

enum shm_attr_group_id {
        SHM_ATTR_ADDR = 0,
        SHM_ATTR_DIST_REGS = 1,
        SHM_ATTR_NR_IRQS = 3,
        SHM_ATTR_CTRL = 4,
        SHM_ATTR_REDIST_REGS = 5,
        SHM_ATTR_CPU_SYSREGS = 6,
        SHM_ATTR_LEVEL_INFO = 7,
        SHM_ATTR_N_GROUPS
};

#define SHM_ATTR_ADDR_DIST           2u
#define SHM_ATTR_ADDR_REDIST         3u
#define SHM_ATTR_ADDR_REDIST_REGION  5u
#define SHM_ATTR_CTRL_INIT           0u
#define SHM_ATTR_LEVEL_INFO_LINE     0u

/*
 * What an attribute is looked up in: a live controller, or, while gic is NULL, the shape of the one
 * to be built.
 */
struct shm_attr_of {
        const struct shm_gic *gic;
        const struct shm_shape *shape;
};

/* An attribute that exists. */
struct shm_attr {
        uint32_t group;                 /* enum shm_attr_group_id */
        /*
         * ADDR, CTRL: which; registers: offset in the frame, or encoding; LEVEL_INFO: first INTID
         */
        uint32_t number;
        uint32_t vcpu;
        const struct gic_reg *reg;      /* DIST_REGS, REDIST_REGS */
        bool is_pre_init;               /* can be read and set before INIT, and not changed after */
};

/* shm_attr_by_daemon() - does the group's state live in the daemon, before INIT and after? */
bool shm_attr_by_daemon(uint32_t group);

/*
 * shm_attr_decode() - Return: 0; -ENXIO no such group, attribute or register; -EINVAL no vCPU of
 * this affinity, or LEVEL_INFO's numbers are not as they must be.
 */
int shm_attr_decode(const struct shm_attr_of *of, uint32_t group, uint64_t attr,
                    struct shm_attr *ret_attr);

/*
 * shm_attr_check_value() - Return: 0; -EINVAL too wide for the group, or nothing that a pre-init
 * attribute can be.
 */
int shm_attr_check_value(const struct shm_attr *attr, uint64_t value);

/*
 * shm_attr_get() / shm_attr_set() - on a live controller; @value was checked
 *
 * Return: 0; -ENXIO cannot be read (set); -EINVAL a value that the register cannot take; -EBUSY not
 * after INIT; -EIO a bounded view gave up.
 */
int shm_attr_get(struct shm_gic *gic, const struct shm_attr *attr, uint64_t *ret_value);
int shm_attr_set(struct shm_gic *gic, const struct shm_attr *attr, uint64_t value);

/* NR_IRQS as it counts: SGIs, PPIs and SPIs; 1024 stands for all 988 SPIs that there can be. */
static inline uint32_t shm_attr_nr_irqs(uint32_t n_spis)
{
        return n_spis == GIC_MAX_SPIS ? 1024 : n_spis + GIC_N_PRIVATE;
}

static inline uint32_t shm_attr_n_spis(uint32_t nr_irqs)
{
        return nr_irqs - GIC_N_PRIVATE > GIC_MAX_SPIS ? GIC_MAX_SPIS : nr_irqs - GIC_N_PRIVATE;
}

#endif
