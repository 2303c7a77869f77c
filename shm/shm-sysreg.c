/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-cpuif.h"

#include <errno.h>
#include <stddef.h>

#include "base-bits.h"
#include "gic-prio.h"

/*
 * System registers of the CPU interface (IHI 0069 section 12.2): one row each
 *
 * The rows are the ICC_*_EL1 encodings with op0 = 3, op1 = 0. They are found by CRn, CRm and op2 through a table made
 * of the same rows, so that an access costs one look whatever its register.
 */
struct sysreg {
        const char *name;
        uint32_t reg;
        uint64_t (*read)(struct shm_gic *gic, uint32_t vcpu, unsigned argument);
        void (*write)(struct shm_gic *gic, uint32_t vcpu, unsigned argument, uint64_t value);
        unsigned argument;      /* group, or group << 8 | n of ICC_AP<group>R<n>_EL1 */
};

static uint64_t cpuif_of(const struct shm_gic *gic, uint32_t vcpu)
{
        return atomic_load_explicit(&gic->vcpus[vcpu].cpuif, memory_order_relaxed);
}

static uint64_t ctlr_of(const struct shm_gic *gic, uint32_t vcpu)
{
        return base_field_get(atomic_load_explicit(&gic->vcpus[vcpu].icc_ctlr, memory_order_relaxed),
                              SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS);
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

/* Unimplemented low bits are RAZ/WI (IHI 0069 section 4.8.6). */
static void write_pmr(struct shm_gic *gic, uint32_t vcpu, unsigned unused, uint64_t value)
{
        (void)unused;
        shm_cpuif_set(gic, vcpu, SHM_CPUIF_PMR_SHIFT, 8, value & gic_prio_mask(gic->n_priority_bits));
}

/* ICC_BPR1_EL1 with CBPR set reads as ICC_BPR0_EL1 plus one, at most 7, and ignores writes. */
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

/* A value below the minimum sets the minimum (IHI 0069, ICC_BPR0_EL1). */
static void write_bpr(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        unsigned minimum = gic_prio_min_bpr0(gic->n_priority_bits) + group;

        value &= 7;
        if (group == 1 && (ctlr_of(gic, vcpu) & ICC_CTLR_CBPR))
                return;
        shm_cpuif_set(gic, vcpu, group ? SHM_CPUIF_BPR1_SHIFT : SHM_CPUIF_BPR0_SHIFT, 3, value < minimum ? minimum : value);
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

/* SRE, DFB and DIB are RAO/WI: there is no memory-mapped CPU interface and no bypass. */
static uint64_t read_sre(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)gic;
        (void)vcpu;
        (void)unused;
        return 7;
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

static void write_igrpen(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        shm_cpuif_set(gic, vcpu, SHM_CPUIF_GRPEN_SHIFT + group, 1, value & 1);
}

static uint64_t read_rpr(struct shm_gic *gic, uint32_t vcpu, unsigned unused)
{
        (void)unused;
        return shm_cpuif_running_priority(gic, vcpu);
}

static _Atomic uint32_t *apr_of(struct shm_gic *gic, uint32_t vcpu, unsigned argument)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        return (argument >> 8) ? &self->ap1r[argument & 3] : &self->ap0r[argument & 3];
}

static uint64_t read_apr(struct shm_gic *gic, uint32_t vcpu, unsigned argument)
{
        return atomic_load_explicit(apr_of(gic, vcpu, argument), memory_order_relaxed);
}

/* Bits of priorities that do not exist are RES0: with 4 preemption bits a register has 16. */
static void write_apr(struct shm_gic *gic, uint32_t vcpu, unsigned argument, uint64_t value)
{
        uint32_t implemented = gic_prio_preemption_bits(gic->n_priority_bits) < 5 ? 0xffff : UINT32_MAX;

        atomic_store_explicit(apr_of(gic, vcpu, argument), (uint32_t)value & implemented, memory_order_relaxed);
}

static void write_sgir(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        shm_cpuif_send_sgi(gic, vcpu, group, value);
}

#define REG(crn, crm, op2)  (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define AP(group, n)        ((group) << 8 | (n))

static const struct sysreg pmr_row = { "ICC_PMR_EL1", REG(4, 6, 0), read_pmr, write_pmr, 0 };

/* CRn = 12, CRm = 8 + row / 8, op2 = row % 8; empty rows are not registers of the GIC. */
static const struct sysreg rows[40] = {
        [0] = { "ICC_IAR0_EL1", REG(12, 8, 0), read_iar, NULL, 0 },
        [1] = { "ICC_EOIR0_EL1", REG(12, 8, 1), NULL, write_eoir, 0 },
        [2] = { "ICC_HPPIR0_EL1", REG(12, 8, 2), read_hppir, NULL, 0 },
        [3] = { "ICC_BPR0_EL1", REG(12, 8, 3), read_bpr, write_bpr, 0 },
        [4] = { "ICC_AP0R0_EL1", REG(12, 8, 4), read_apr, write_apr, AP(0, 0) },
        [5] = { "ICC_AP0R1_EL1", REG(12, 8, 5), read_apr, write_apr, AP(0, 1) },
        [6] = { "ICC_AP0R2_EL1", REG(12, 8, 6), read_apr, write_apr, AP(0, 2) },
        [7] = { "ICC_AP0R3_EL1", REG(12, 8, 7), read_apr, write_apr, AP(0, 3) },
        [8] = { "ICC_AP1R0_EL1", REG(12, 9, 0), read_apr, write_apr, AP(1, 0) },
        [9] = { "ICC_AP1R1_EL1", REG(12, 9, 1), read_apr, write_apr, AP(1, 1) },
        [10] = { "ICC_AP1R2_EL1", REG(12, 9, 2), read_apr, write_apr, AP(1, 2) },
        [11] = { "ICC_AP1R3_EL1", REG(12, 9, 3), read_apr, write_apr, AP(1, 3) },
        [25] = { "ICC_DIR_EL1", REG(12, 11, 1), NULL, write_dir, 0 },
        [27] = { "ICC_RPR_EL1", REG(12, 11, 3), read_rpr, NULL, 0 },
        [29] = { "ICC_SGI1R_EL1", REG(12, 11, 5), NULL, write_sgir, 1 },
        [30] = { "ICC_ASGI1R_EL1", REG(12, 11, 6), NULL, write_sgir, 0 },
        [31] = { "ICC_SGI0R_EL1", REG(12, 11, 7), NULL, write_sgir, 0 },
        [32] = { "ICC_IAR1_EL1", REG(12, 12, 0), read_iar, NULL, 1 },
        [33] = { "ICC_EOIR1_EL1", REG(12, 12, 1), NULL, write_eoir, 1 },
        [34] = { "ICC_HPPIR1_EL1", REG(12, 12, 2), read_hppir, NULL, 1 },
        [35] = { "ICC_BPR1_EL1", REG(12, 12, 3), read_bpr, write_bpr, 1 },
        [36] = { "ICC_CTLR_EL1", REG(12, 12, 4), read_ctlr, write_ctlr, 0 },
        [37] = { "ICC_SRE_EL1", REG(12, 12, 5), read_sre, write_ignored, 0 },
        [38] = { "ICC_IGRPEN0_EL1", REG(12, 12, 6), read_igrpen, write_igrpen, 0 },
        [39] = { "ICC_IGRPEN1_EL1", REG(12, 12, 7), read_igrpen, write_igrpen, 1 },
};

static bool is_apr(const struct sysreg *row)
{
        return row->read == read_apr;
}

static const struct sysreg *find(const struct shm_gic *gic, uint32_t reg)
{
        uint32_t index = reg - REG(12, 8, 0);
        const struct sysreg *row = NULL;

        if (reg == pmr_row.reg)
                return &pmr_row;
        if (index < sizeof rows / sizeof rows[0])
                row = &rows[index];
        if (!row || row->reg != reg)
                return NULL;
        /* Active-priority registers beyond the implemented preemption levels are UNDEFINED. */
        if (is_apr(row) && (row->argument & 3) >= gic_prio_n_apr(gic->n_priority_bits))
                return NULL;
        return row;
}

int shm_sysreg_read(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value)
{
        const struct sysreg *row = find(gic, reg);

        if (!row || !row->read)
                return -ENOENT;
        shm_cpuif_serve(gic, vcpu);
        *ret_value = row->read(gic, vcpu, row->argument);
        return 0;
}

int shm_sysreg_write(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        const struct sysreg *row = find(gic, reg);

        if (!row || !row->write)
                return -ENOENT;
        shm_cpuif_serve(gic, vcpu);
        row->write(gic, vcpu, row->argument, value);
        return 0;
}
