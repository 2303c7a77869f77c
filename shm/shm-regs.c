/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-regs.h"

#include "gic-route.h"
#include "shm-cpuif.h"
#include "shm-irouter.h"
#include "shm-rwp.h"
#include "shm-word.h"

void shm_regs_count_error(struct shm_gic *gic)
{
        if (gic->writable)
                shm_add(&gic->header->guest_errors, 1, COUNT_X3);
}

/*
 * The part of a 64-bit register that an access shows, and what a write of it makes of the whole: a
 * half keeps the other half (IHI 0069 section 12.1.3).
 */
static uint64_t narrow(uint64_t whole, const struct shm_access *a)
{
        return base_field_get(whole, (a->offset % 8) * 8, a->len * 8);
}

static uint64_t widen(uint64_t whole, const struct shm_access *a, uint64_t value)
{
        return base_field_set(whole, (a->offset % 8) * 8, a->len * 8, value);
}

static uint64_t read_constant(struct shm_gic *gic, const struct shm_access *a)
{
        (void)gic;
        return a->reg->reset;
}

/* --- distributor --- */

static uint64_t read_gicd_ctlr(struct shm_gic *gic, const struct shm_access *a)
{
        (void)a;
        return shm_load(&gic->header->gicd_ctlr, GATE_X1) | GICD_CTLR_ARE | GICD_CTLR_DS |
               (shm_rwp_of_distributor(gic) ? GICD_CTLR_RWP : 0);
}

/*
 * GATE-R1: the gate is stored (SC) before each vCPU's park word is read (SC): one that parked with
 * the old gate is rung, one that parks later sees the new gate when it looks again. A group that
 * closes may have hidden the other one:
 * shm_cpuif_withdrawn().
 */
static void write_gicd_ctlr(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        const uint32_t now = (uint32_t)value & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1);
        uint32_t old = shm_exchange(&gic->header->gicd_ctlr, now, GATE_R1);
        bool has_ports = shm_load(&gic->header->tdir, TDIR_A4) & SHM_TDIR_PORTS;

        (void)a;
        for (uint32_t i = 0; (now | old) && i < gic->n_vcpus; i++)
                /*
                 * What a port has listed of a group that closes comes back; who opened one before
                 * may not have come to ring.
                 */
                if ((now & ~old) || now == old || has_ports)
                        shm_word_ring(gic, i);
                else
                        shm_cpuif_withdrawn(gic, i);
}

/* IHI 0069 section 12.9.38, GICD_TYPER: what is implemented, and nothing that is not. */
static uint64_t read_gicd_typer(struct shm_gic *gic, const struct shm_access *a)
{
        uint32_t it_lines = (gic->n_spis + GIC_N_PRIVATE + 31) / 32 - 1;
        /* of the highest INTID, minus one */
        uint32_t id_bits = gic->n_espis ? 12 : gic->n_eppis ? 10 : 9;
        uint32_t typer = it_lines | GICD_TYPER_MBIS | id_bits << GICD_TYPER_IDBITS_SHIFT;

        (void)a;
        if (gic->n_espis)
                typer |= GICD_TYPER_ESPI | (gic->n_espis / 32 - 1) << GICD_TYPER_ESPI_RANGE_SHIFT;
        if (gic->features & SHM_FEATURE_AFF3)
                typer |= GICD_TYPER_A3V;
        if (!(gic->features & SHM_FEATURE_1_OF_N))
                typer |= GICD_TYPER_NO1N;
        if (gic->features & SHM_FEATURE_RSS)
                typer |= GICD_TYPER_RSS;
        return typer;
}

static uint64_t read_gicd_typer2(struct shm_gic *gic, const struct shm_access *a)
{
        (void)a;
        return gic->header->gicd_typer2;
}

static uint64_t read_iidr(struct shm_gic *gic, const struct shm_access *a)
{
        (void)a;
        return gic->header->gicd_iidr;
}

static uint64_t read_gicd_statusr(struct shm_gic *gic, const struct shm_access *a)
{
        (void)a;
        return shm_load(&gic->header->gicd_statusr, STATUS_X2) & GIC_STATUSR_ALL;
}

/* Write 1 to clear (section 12.9.37). */
static void write_gicd_statusr(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        (void)a;
        shm_and(&gic->header->gicd_statusr, ~(uint32_t)value, STATUS_X3);
}

static uint64_t message_set(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_message_set(w);
}

static uint64_t message_clear(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_message_clear(w);
}

/*
 * Bits 12..0 name the SPI; what is none has no effect (sections 12.9.33, 12.9.1). A halfword
 * written to bits 31..16 names none.
 */
static struct shm_spi *message_target(struct shm_gic *gic, const struct shm_access *a,
                                      uint64_t value, uint32_t *ret_intid)
{
        struct shm_spi *spi;

        *ret_intid = (uint32_t)(value << a->offset * 8 & 0x1fff);
        spi = shm_gic_spi(gic, *ret_intid);
        if (!spi)
                shm_regs_count_error(gic);
        return spi;
}

static void write_setspi(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        uint32_t intid;
        struct shm_spi *spi = message_target(gic, a, value, &intid);

        if (spi)
                (void)shm_word_inject(gic, &spi->word, intid, false, message_set, 0);
}

/*
 * Of a level-sensitive SPI only what GICD_SETSPI_NSR requested goes, and no wire's; of an
 * edge-triggered one any request (section 12.9.1).
 */
static void write_clrspi(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        uint32_t intid;
        struct shm_spi *spi = message_target(gic, a, value, &intid);

        if (spi)
                shm_word_update(gic, &spi->word, intid, message_clear, 0);
}

static uint32_t irouter_intid(const struct shm_access *a)
{
        return a->reg->first_intid + a->offset / 8;
}

static uint64_t read_irouter(struct shm_gic *gic, const struct shm_access *a)
{
        struct shm_spi *spi = shm_gic_spi(gic, irouter_intid(a));

        return spi ? narrow(shm_load(&spi->irouter, ROUTE_X1), a) : 0;
}

/* ROUTE-R1: the raw value first, whole; the route of the word is derived from it afterwards. */
static void write_irouter(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        uint32_t intid = irouter_intid(a);
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t mask = shm_irouter_mask(gic->features);
        unsigned tries = 0;
        uint64_t old;

        if (!spi)
                return;
        old = shm_load(&spi->irouter, ROUTE_X1);
        while (!shm_cas(&spi->irouter, &old, widen(old, a, value) & mask, ROUTE_R1) &&
               shm_gic_retry(gic, &tries))
                ;
        shm_irouter_reroute(gic, intid);
}

/* --- redistributors --- */

/*
 * Section 12.11.2: UWP reads 0, since SGIs are there at once; without DPGS the DPG bits are RAZ/WI.
 */
static uint64_t read_gicr_ctlr(struct shm_gic *gic, const struct shm_access *a)
{
        uint64_t cpuif = shm_load(&gic->vcpus[a->vcpu].cpuif, CPUIF_X1);

        return base_field_get(cpuif, SHM_CPUIF_DPG_SHIFT, 2) << GICR_CTLR_DPG_SHIFT |
               (shm_rwp_of_redistributor(gic, a->vcpu) ? GICR_CTLR_RWP : 0);
}

/* DPG<n>: whether 1-of-N interrupts of a group may be given to this vCPU. */
static void write_gicr_ctlr(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        uint64_t now = (value & GICR_CTLR_DPG) >> GICR_CTLR_DPG_SHIFT;

        if (!(gic->features & SHM_FEATURE_1_OF_N))
                return;
        shm_cpuif_set_gate(gic, a->vcpu, SHM_CPUIF_DPG_SHIFT, 2, now);
        /*
         * Also if it was so before: the writer that made it so may be stopped, and not have placed
         * yet what is chosen for this vCPU.
         */
        if (now)
                shm_oneofn_closed(gic, a->vcpu);
        if (now != 3)
                shm_oneofn_opened(gic, a->vcpu);
}

static uint64_t read_gicr_typer(struct shm_gic *gic, const struct shm_access *a)
{
        const struct shm_vcpu *vcpu = &gic->vcpus[a->vcpu];

        return narrow((uint64_t)vcpu->affinity << GICR_TYPER_AFFINITY_SHIFT |
                      (uint64_t)(gic->n_eppis / 32) << GICR_TYPER_PPINUM_SHIFT |
                      (uint64_t)(a->vcpu & 0xffff) << GICR_TYPER_NUMBER_SHIFT |
                      ((gic->features & SHM_FEATURE_1_OF_N) ? GICR_TYPER_DPGS : 0) |
                      ((vcpu->flags & SHM_VCPU_LAST) ? GICR_TYPER_LAST : 0), a);
}

static uint64_t read_gicr_statusr(struct shm_gic *gic, const struct shm_access *a)
{
        return shm_load(&gic->vcpus[a->vcpu].gicr_statusr, STATUS_X2) & GIC_STATUSR_ALL;
}

static void write_gicr_statusr(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        shm_and(&gic->vcpus[a->vcpu].gicr_statusr, ~(uint32_t)value, STATUS_X3);
}

static uint64_t read_gicr_waker(struct shm_gic *gic, const struct shm_access *a)
{
        if (!(shm_load(&gic->vcpus[a->vcpu].cpuif, CPUIF_X1) & SHM_CPUIF_ASLEEP))
                return 0;
        return GICR_WAKER_PROCESSOR_SLEEP |
               (shm_rwp_of_waker(gic, a->vcpu) ? 0 : GICR_WAKER_CHILDREN_ASLEEP);
}

/*
 * GATE-R2: as GATE-R1, for one vCPU. ChildrenAsleep follows at once (IHI 0069 section 11.1); of a
 * list-register port in guest, which may take what it has listed, when it has left: it is rung.
 */
static void write_gicr_waker(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        bool asleep = value & GICR_WAKER_PROCESSOR_SLEEP;

        shm_cpuif_set_gate(gic, a->vcpu, SHM_CPUIF_ASLEEP_SHIFT, 1, asleep);
        /*
         * Awake it may take what is pending. Asleep it is woken by what its interface had masked:
         * CAND-A1, behind GATE-R2. What a list-register port has listed comes back.
         */
        if (!asleep || shm_gic_is_port(&gic->vcpus[a->vcpu]) || shm_cpuif_has_masked(gic, a->vcpu))
                shm_word_ring(gic, a->vcpu);
        /*
         * Also if it was so before: the writer that made it so may be stopped, and not have placed
         * yet what is chosen for this vCPU.
         */
        if (asleep)
                shm_oneofn_closed(gic, a->vcpu);
        else
                shm_oneofn_opened(gic, a->vcpu);
}

struct handlers {
        uint64_t (*read)(struct shm_gic *gic, const struct shm_access *a);
        void (*write)(struct shm_gic *gic, const struct shm_access *a, uint64_t value);
};

static const struct handlers handlers[GIC_N_REGS] = {
        [GIC_REG_NONE] = { NULL, NULL },
        [GIC_REG_CONSTANT] = { .read = read_constant },
        [GICD_REG_CTLR] = { read_gicd_ctlr, write_gicd_ctlr },
        [GICD_REG_TYPER] = { .read = read_gicd_typer },
        [GICD_REG_TYPER2] = { .read = read_gicd_typer2 },
        [GICD_REG_STATUSR] = { read_gicd_statusr, write_gicd_statusr },
        [GICD_REG_SETSPI] = { .write = write_setspi },
        [GICD_REG_CLRSPI] = { .write = write_clrspi },
        [GICD_REG_IROUTER] = { read_irouter, write_irouter },
        [GIC_REG_IIDR] = { .read = read_iidr },
        [GICR_REG_CTLR] = { read_gicr_ctlr, write_gicr_ctlr },
        [GICR_REG_TYPER] = { .read = read_gicr_typer },
        [GICR_REG_STATUSR] = { read_gicr_statusr, write_gicr_statusr },
        [GICR_REG_WAKER] = { read_gicr_waker, write_gicr_waker },
};

uint64_t shm_regs_read(struct shm_gic *gic, const struct shm_access *a)
{
        const struct handlers *h = &handlers[a->reg->id];

        return h->read ? h->read(gic, a) : 0;
}

void shm_regs_write(struct shm_gic *gic, const struct shm_access *a, uint64_t value)
{
        const struct handlers *h = &handlers[a->reg->id];

        if (h->write)
                h->write(gic, a, value);
}
