/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-sysreg.h"

#include <errno.h>
#include <stddef.h>

#include "base-bits.h"
#include "gic-icc.h"
#include "gic-prio.h"
#include "shm-apr.h"
#include "shm-cpuif.h"
#include "shm-held.h"
#include "shm-icc-ctlr.h"
#include "shm-oneofn.h"
#include "shm-word.h"

/*
 * What the rows of gic/gic-icc.c do: one pair of handlers each, in a table by the same number, so
 * that an access costs one look whatever its register. A row that cannot be read or written has no
 * such handler: UNDEFINED.
 */
struct handlers {
        uint64_t (*read)(struct shm_gic *gic, uint32_t vcpu, unsigned argument);
        void (*write)(struct shm_gic *gic, uint32_t vcpu, unsigned argument, uint64_t value);
        unsigned argument;      /* group, or group << 8 | n of ICC_AP<group>R<n>_EL1 */
};

static uint64_t cpuif_of(const struct shm_gic *gic, uint32_t vcpu)
{
        return shm_load(&gic->vcpus[vcpu].cpuif, CPUIF_X1);
}

static uint64_t ctlr_of(const struct shm_gic *gic, uint32_t vcpu)
{
        return base_field_get(shm_icc_ctlr_load(&gic->vcpus[vcpu]), SHM_ICC_CTLR_LIVE_SHIFT,
                              SHM_ICC_CTLR_BITS);
}

static uint64_t read_iar(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        return shm_cpuif_ack(gic, vcpu, group);
}

static void write_eoir(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        shm_cpuif_eoi(gic, vcpu, group, (uint32_t)(value & 0xffffff));
}

static uint64_t read_hppir(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        return shm_cpuif_hppir(gic, vcpu, group);
}

static void write_dir(struct shm_gic *gic, uint32_t vcpu, unsigned unused, uint64_t value)
{
        (void)unused;
        shm_cpuif_dir(gic, vcpu, (uint32_t)(value & 0xffffff));
}

static uint64_t read_pmr(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)unused;
        return base_field_get(cpuif_of(gic, vcpu), SHM_CPUIF_PMR_SHIFT, 8);
}

/* Unimplemented low bits are RAZ/WI (IHI 0069 sections 4.8.6 and 12.2.19). */
static void write_pmr(struct shm_gic *gic, uint32_t vcpu, unsigned unused, uint64_t value)
{
        (void)unused;
        shm_cpuif_set(gic, vcpu, SHM_CPUIF_PMR_SHIFT, 8,
                      value & gic_prio_mask(gic->n_priority_bits));
}

/*
 * Section 12.2.5: ICC_BPR1_EL1 with CBPR set reads as ICC_BPR0_EL1 plus one, at most 7, and ignores
 * writes.
 */
static uint64_t read_bpr(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        uint64_t cpuif = cpuif_of(gic, vcpu);
        uint64_t bpr0 = base_field_get(cpuif, SHM_CPUIF_BPR0_SHIFT, 3);

        if (group == 0)
                return bpr0;
        if (ctlr_of(gic, vcpu) & ICC_CTLR_CBPR)
                return bpr0 < 7 ? bpr0 + 1 : 7;
        return base_field_get(cpuif, SHM_CPUIF_BPR1_SHIFT, 3);
}

/* A value below the minimum sets the minimum (IHI 0069 section 12.2.4). */
static void write_bpr(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits) + group;
        unsigned shift = group ? SHM_CPUIF_BPR1_SHIFT : SHM_CPUIF_BPR0_SHIFT;

        value &= 7;
        if (group == 1 && (ctlr_of(gic, vcpu) & ICC_CTLR_CBPR))
                return;
        shm_cpuif_set(gic, vcpu, shift, 3, value < minimum ? minimum : value);
}

static uint64_t read_ctlr(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)unused;
        return ctlr_of(gic, vcpu);
}

static void write_ctlr(struct shm_gic *gic, uint32_t vcpu, unsigned unused, uint64_t value)
{
        (void)unused;
        shm_cpuif_write_ctlr(gic, vcpu, (uint32_t)value);
}

/* Section 12.2.23 */
static uint64_t read_sre(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)gic;
        (void)vcpu;
        (void)unused;
        return ICC_SRE_SYSTEM;
}

static void write_ignored(struct shm_gic *gic, uint32_t vcpu, unsigned unused, uint64_t value)
{
        (void)gic;
        (void)vcpu;
        (void)unused;
        (void)value;
}

static uint64_t read_igrpen(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        return base_field_get(cpuif_of(gic, vcpu), SHM_CPUIF_GRPEN_SHIFT + group, 1);
}

/* Section 2.3.2: 1-of-N interrupts go to a vCPU whose group is enabled. */
/* Also if it was so before: who wrote that may stand still and not have told anybody. */
static void write_igrpen(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        shm_cpuif_set_gate(gic, vcpu, SHM_CPUIF_GRPEN_SHIFT + group, 1, value & 1);
        if (value & 1)
                shm_oneofn_opened(gic, vcpu);
        else
                shm_oneofn_closed(gic, vcpu);
}

static uint64_t read_rpr(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)unused;
        return shm_cpuif_running_priority(gic, vcpu);
}

static uint64_t read_apr(struct shm_gic *gic, uint32_t vcpu, unsigned argument)
{
        return shm_apr_read(gic, vcpu, argument >> 8, argument & 3);
}

static void write_apr(struct shm_gic *gic, uint32_t vcpu, unsigned argument, uint64_t value)
{
        uint32_t now = (uint32_t)value & gic_prio_apr_mask(gic->n_priority_bits);

        shm_held_doubt(&gic->vcpus[vcpu]);
        shm_store(shm_apr_at(&gic->vcpus[vcpu], argument >> 8, argument & 3), now, APR_X2);
}

static void write_sgir(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        shm_cpuif_send_sgi(gic, vcpu, group, value);
}

#define AP(group, n)  ((group) << 8 | (n))

static const struct handlers handlers[GIC_N_ICCS] = {
        [GIC_ICC_IAR0_EL1] = { read_iar, NULL, 0 },
        [GIC_ICC_EOIR0_EL1] = { NULL, write_eoir, 0 },
        [GIC_ICC_HPPIR0_EL1] = { read_hppir, NULL, 0 },
        [GIC_ICC_BPR0_EL1] = { read_bpr, write_bpr, 0 },
        [GIC_ICC_AP0R0_EL1] = { read_apr, write_apr, AP(0, 0) },
        [GIC_ICC_AP0R1_EL1] = { read_apr, write_apr, AP(0, 1) },
        [GIC_ICC_AP0R2_EL1] = { read_apr, write_apr, AP(0, 2) },
        [GIC_ICC_AP0R3_EL1] = { read_apr, write_apr, AP(0, 3) },
        [GIC_ICC_AP1R0_EL1] = { read_apr, write_apr, AP(1, 0) },
        [GIC_ICC_AP1R1_EL1] = { read_apr, write_apr, AP(1, 1) },
        [GIC_ICC_AP1R2_EL1] = { read_apr, write_apr, AP(1, 2) },
        [GIC_ICC_AP1R3_EL1] = { read_apr, write_apr, AP(1, 3) },
        [GIC_ICC_DIR_EL1] = { NULL, write_dir, 0 },
        [GIC_ICC_RPR_EL1] = { read_rpr, NULL, 0 },
        [GIC_ICC_SGI1R_EL1] = { NULL, write_sgir, 1 },
        [GIC_ICC_ASGI1R_EL1] = { NULL, write_sgir, 0 },
        [GIC_ICC_SGI0R_EL1] = { NULL, write_sgir, 0 },
        [GIC_ICC_IAR1_EL1] = { read_iar, NULL, 1 },
        [GIC_ICC_EOIR1_EL1] = { NULL, write_eoir, 1 },
        [GIC_ICC_HPPIR1_EL1] = { read_hppir, NULL, 1 },
        [GIC_ICC_BPR1_EL1] = { read_bpr, write_bpr, 1 },
        [GIC_ICC_CTLR_EL1] = { read_ctlr, write_ctlr, 0 },
        [GIC_ICC_SRE_EL1] = { read_sre, write_ignored, 0 },
        [GIC_ICC_IGRPEN0_EL1] = { read_igrpen, write_igrpen, 0 },
        [GIC_ICC_IGRPEN1_EL1] = { read_igrpen, write_igrpen, 1 },
        [GIC_ICC_PMR_EL1] = { read_pmr, write_pmr, 0 },
};

/* NULL: UNDEFINED; so are active-priority registers beyond the implemented preemption levels. */
static const struct handlers *find(uint32_t n_priority_bits, uint32_t reg)
{
        uint32_t id = gic_icc_id(reg);

        if (id >= GIC_N_ICCS)
                return NULL;
        if (handlers[id].read == read_apr &&
            gic_icc_table[id].n_apr > gic_prio_n_apr(n_priority_bits))
                return NULL;
        return &handlers[id];
}

int shm_sysreg_read(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value)
{
        const struct handlers *h = find(gic->n_priority_bits, reg);

        if (!h || !h->read)
                return -ENOENT;
        shm_cpuif_serve(gic, vcpu);
        *ret_value = h->read(gic, vcpu, h->argument);
        return 0;
}

int shm_sysreg_write(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        const struct handlers *h = find(gic->n_priority_bits, reg);

        if (!h || !h->write)
                return -ENOENT;
        shm_cpuif_serve(gic, vcpu);
        h->write(gic, vcpu, h->argument, value);
        return 0;
}

/*
 * What can be read and written holds state; an acknowledge or the running priority cannot be
 * written.
 */
static const struct handlers *find_state(uint32_t n_priority_bits, uint32_t reg)
{
        const struct handlers *h = find(n_priority_bits, reg);

        return h && h->read && h->write ? h : NULL;
}

bool shm_sysreg_is_state(uint32_t n_priority_bits, uint32_t reg)
{
        return find_state(n_priority_bits, reg) != NULL;
}

int shm_sysreg_peek(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value)
{
        const struct handlers *h = find_state(gic->n_priority_bits, reg);

        if (!h)
                return -ENOENT;
        *ret_value = h->read(gic, vcpu, h->argument);
        return 0;
}

/* GATE-R2: a gate that somebody else opens is stored before the park word is read. */
int shm_sysreg_poke(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        const struct handlers *h = find_state(gic->n_priority_bits, reg);

        if (!h)
                return -ENOENT;
        if (h->write == write_apr)
                shm_apr_post(gic, vcpu, h->argument >> 8, h->argument & 3,
                             (uint32_t)value & gic_prio_apr_mask(gic->n_priority_bits));
        else
                h->write(gic, vcpu, h->argument, value);
        shm_word_ring(gic, vcpu);
        return 0;
}
