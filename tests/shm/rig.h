/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef RIG_H
#define RIG_H

/*
 * A controller to test: created here, driven by the registers that a guest would use,
 * doorbells counted
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gic-irq.h"
#include "shm-cpuif.h"
#include "shm-line.h"
#include "shm-mmio.h"
#include "shm-park.h"
#include "shm-read.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-slot.h"
#include "shm-sysreg.h"
#include "shm-tdir.h"
#include "shm-word.h"
#include "tap.h"

#define SYSREG(crn, crm, op2) (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define ICC_PMR     SYSREG(4, 6, 0)
#define ICC_IAR0    SYSREG(12, 8, 0)
#define ICC_EOIR0   SYSREG(12, 8, 1)
#define ICC_HPPIR0  SYSREG(12, 8, 2)
#define ICC_BPR0    SYSREG(12, 8, 3)
#define ICC_AP0R(n) SYSREG(12, 8, 4 + (n))
#define ICC_AP1R(n) SYSREG(12, 9, (n))
#define ICC_DIR     SYSREG(12, 11, 1)
#define ICC_RPR     SYSREG(12, 11, 3)
#define ICC_SGI1R   SYSREG(12, 11, 5)
#define ICC_ASGI1R  SYSREG(12, 11, 6)
#define ICC_SGI0R   SYSREG(12, 11, 7)
#define ICC_IAR1    SYSREG(12, 12, 0)
#define ICC_EOIR1   SYSREG(12, 12, 1)
#define ICC_HPPIR1  SYSREG(12, 12, 2)
#define ICC_BPR1    SYSREG(12, 12, 3)
#define ICC_CTLR    SYSREG(12, 12, 4)
#define ICC_SRE     SYSREG(12, 12, 5)
#define ICC_IGRPEN0 SYSREG(12, 12, 6)
#define ICC_IGRPEN1 SYSREG(12, 12, 7)

#define NONE 1023u

struct rig {
        struct shm_gic gic;
        int fd, fd_ro;
        unsigned rings[64];     /* by vCPU % 64; single-threaded tests only */
        unsigned raised;
};

static inline void rig_ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)park;
        ((struct rig *)ctx)->rings[vcpu % 64]++;
}

static inline void rig_raised(void *ctx)
{
        ((struct rig *)ctx)->raised++;
}

static inline void rig_create_shape(struct rig *rig, const struct shm_shape *of)
{
        struct shm_shape shape = *of;

        shape.vm_id = 1;
        snprintf(shape.name, sizeof shape.name, "test");
        *rig = (struct rig) { 0 };
        if (shm_segment_create(&shape, &rig->fd, &rig->fd_ro, &rig->gic) < 0)
                tap_bail("cannot create a segment of %u vCPUs", shape.n_vcpus);
        rig->gic.ring = rig_ring;
        rig->gic.raised = rig_raised;
        rig->gic.hook_ctx = rig;
}

static inline void rig_create(struct rig *rig, uint32_t n_vcpus, uint32_t n_spis, uint32_t bits)
{
        struct shm_shape shape = { .n_vcpus = n_vcpus, .n_spis = n_spis, .n_priority_bits = bits,
                                  .features = SHM_FEATURE_ALL };

        rig_create_shape(rig, &shape);
}

/*
 * As if created, for who does it thousands of times: the segment is made once, and is then as it
 * was. All of a program are of one shape, one at a time, and nobody else has it mapped.
 */
static inline void rig_renew(struct rig *rig, uint32_t n_vcpus, uint32_t n_spis, uint32_t bits)
{
        static struct rig new;
        static void *image;

        if (!image) {
                rig_create(&new, n_vcpus, n_spis, bits);
                image = malloc(new.gic.bytes);
                if (!image)
                        tap_bail("out of memory");
                memcpy(image, new.gic.header, new.gic.bytes);
        }
        memcpy(new.gic.header, image, new.gic.bytes);
        *rig = new;
        rig->gic.hook_ctx = rig;
}

static inline void rig_destroy(struct rig *rig)
{
        shm_segment_unmap(&rig->gic);
        close(rig->fd);
        close(rig->fd_ro);
}

static inline void msr(struct rig *rig, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        if (shm_sysreg_write(&rig->gic, vcpu, reg, value) < 0)
                tap_bail("no such register to write: 0x%x", reg);
}

static inline uint64_t mrs(struct rig *rig, uint32_t vcpu, uint32_t reg)
{
        uint64_t value = 0;

        if (shm_sysreg_read(&rig->gic, vcpu, reg, &value) < 0)
                tap_bail("no such register to read: 0x%x", reg);
        return value;
}

static inline void gicd(struct rig *rig, uint64_t offset, uint32_t value)
{
        shm_gicd_write(&rig->gic, offset, 4, value);
}

static inline uint32_t gicd_get(struct rig *rig, uint64_t offset)
{
        return (uint32_t)shm_gicd_read(&rig->gic, offset, 4);
}

/* Of vCPU's SGI_base frame. */
static inline void gicr(struct rig *rig, uint32_t vcpu, uint64_t offset, uint32_t value)
{
        shm_gicr_write(&rig->gic, vcpu * (uint64_t)GICR_STRIDE + GICR_FRAME_SIZE + offset, 4,
                       value);
}

static inline uint32_t gicr_get(struct rig *rig, uint32_t vcpu, uint64_t offset)
{
        return (uint32_t)shm_gicr_read(&rig->gic,
                                       vcpu * (uint64_t)GICR_STRIDE + GICR_FRAME_SIZE + offset, 4);
}

static inline void waker(struct rig *rig, uint32_t vcpu, uint32_t value)
{
        shm_gicr_write(&rig->gic, vcpu * (uint64_t)GICR_STRIDE + 0x14, 4, value);
}

/*
 * Where the field of an INTID lies (IHI 0069 sections 12.8 and 12.10): the 32-bit register of the
 * array whose first register is at @base (IGROUPR and so on, below) with @bits for each INTID.
 * Return: its offset in GICD or SGI_base.
 */
static inline uint64_t field_at(uint32_t base, unsigned bits, uint32_t intid, bool *ret_gicr,
                                unsigned *ret_shift)
{
        uint32_t n = intid;

        *ret_gicr = intid < 32 || (intid >= 1056 && intid < 1120);
        if (intid >= 4096) {
                n = intid - 4096;
                base = bits == 8 ? 0x2000 : bits == 2 ? 0x3000 : 0x1000 + (base - 0x80) * 4;
        } else if (intid >= 1056) {
                n = intid - 1056 + 32;
        }
        *ret_shift = n * bits % 32;
        return base + n * bits / 32 * 4;
}

static inline uint32_t field_get(struct rig *rig, uint32_t vcpu, uint32_t base, unsigned bits,
                                 uint32_t intid)
{
        unsigned shift;
        bool is_gicr;
        uint64_t at = field_at(base, bits, intid, &is_gicr, &shift);

        return (is_gicr ? gicr_get(rig, vcpu, at) : gicd_get(rig, at)) >> shift &
               ((1u << bits) - 1);
}

/* Assign one field, the others as they read; @plain: the others as 0. */
static inline void field_put(struct rig *rig, uint32_t vcpu, uint32_t base, unsigned bits,
                             uint32_t intid, uint32_t field, bool plain)
{
        unsigned shift;
        bool is_gicr;
        uint64_t at = field_at(base, bits, intid, &is_gicr, &shift);
        uint32_t old = plain ? 0 : is_gicr ? gicr_get(rig, vcpu, at) : gicd_get(rig, at);
        uint32_t now = (old & ~(((1u << bits) - 1) << shift)) | field << shift;

        if (is_gicr)
                gicr(rig, vcpu, at, now);
        else
                gicd(rig, at, now);
}

/* A 1-bit register array: set the bit of one INTID (SGIs and PPIs in @vcpu's redistributor). */
static inline void set_bit(struct rig *rig, uint32_t vcpu, uint32_t base, uint32_t intid)
{
        field_put(rig, vcpu, base, 1, intid, 1, true);
}

static inline uint32_t get_bit(struct rig *rig, uint32_t vcpu, uint32_t base, uint32_t intid)
{
        return field_get(rig, vcpu, base, 1, intid);
}

#define IGROUPR    0x080u
#define ISENABLER  0x100u
#define ICENABLER  0x180u
#define ISPENDR    0x200u
#define ICPENDR    0x280u
#define ISACTIVER  0x300u
#define ICACTIVER  0x380u
#define IPRIORITYR 0x400u
#define ICFGR      0xc00u
#define IROUTER    0x6000u

static inline void set_priority(struct rig *rig, uint32_t vcpu, uint32_t intid, uint8_t priority)
{
        unsigned shift;
        bool is_gicr;
        uint64_t at = field_at(IPRIORITYR, 8, intid, &is_gicr, &shift) + shift / 8;

        if (is_gicr)
                shm_gicr_write(&rig->gic, vcpu * (uint64_t)GICR_STRIDE + GICR_FRAME_SIZE + at, 1,
                               priority);
        else
                shm_gicd_write(&rig->gic, at, 1, priority);
}

static inline void set_edge(struct rig *rig, uint32_t vcpu, uint32_t intid, bool is_edge)
{
        field_put(rig, vcpu, ICFGR, 2, intid, is_edge ? 2 : 0, false);
}

static inline void set_group(struct rig *rig, uint32_t vcpu, uint32_t intid, uint32_t group)
{
        field_put(rig, vcpu, IGROUPR, 1, intid, group, false);
}

/* As Linux brings it up: all in Group 1, priority 0xa0, every vCPU awake with PMR 0xf0. */
static inline void rig_boot(struct rig *rig)
{
        gicd(rig, 0, 0x3);
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig->gic); i++) {
                set_group(rig, 0, shm_gic_nth_spi(&rig->gic, i), 1);
                set_priority(rig, 0, shm_gic_nth_spi(&rig->gic, i), 0xa0);
        }
        for (uint32_t v = 0; v < rig->gic.n_vcpus; v++) {
                waker(rig, v, 0);
                for (uint32_t i = 0; i < shm_gic_n_private(&rig->gic); i++) {
                        set_group(rig, v, shm_gic_nth_private(i), 1);
                        set_priority(rig, v, shm_gic_nth_private(i), 0xa0);
                }
                msr(rig, v, ICC_PMR, 0xf0);
                msr(rig, v, ICC_IGRPEN0, 1);
                msr(rig, v, ICC_IGRPEN1, 1);
                shm_cpuif_set(&rig->gic, v, SHM_CPUIF_POWERED_SHIFT, 1, 1);
        }
}

static inline void enable(struct rig *rig, uint32_t vcpu, uint32_t intid)
{
        set_bit(rig, vcpu, ISENABLER, intid);
}

static inline void route(struct rig *rig, uint32_t intid, uint64_t value)
{
        shm_gicd_write(&rig->gic,
                       intid >= 4096 ? 0x8000 + 8ull * (intid - 4096) : IROUTER + 8ull * intid, 8,
                       value);
}

static inline void high(struct rig *rig, uint32_t intid)
{
        shm_line_set(&rig->gic, 0, intid, GIC_WIRE_VMM, true);
}

static inline void low(struct rig *rig, uint32_t intid)
{
        shm_line_set(&rig->gic, 0, intid, GIC_WIRE_VMM, false);
}

static inline void pulse(struct rig *rig, uint32_t intid)
{
        shm_line_pulse(&rig->gic, 0, intid);
}

static inline uint32_t ack(struct rig *rig, uint32_t vcpu)
{
        return (uint32_t)mrs(rig, vcpu, ICC_IAR1);
}

static inline void eoi(struct rig *rig, uint32_t vcpu, uint32_t intid)
{
        msr(rig, vcpu, ICC_EOIR1, intid);
}

#endif
