/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REF_GIC_H
#define REF_GIC_H

/*
 * The reference model: a GICv3 as plain as it can be said, for tests only
 *
 * What    One security state (GICD_CTLR.DS = 1), affinity routing always on, no LPIs. Written from
 *         IHI 0069 and the choices that it leaves to an implementation; it shares no line with gic/
 *         and shm/ and sees none of their headers. Sequential and slow on purpose: booleans, and a
 *         loop over all interrupts for each question.
 * 1-of-N  Which vCPU an interrupt with IROUTER.IRM = 1 goes to is the one thing that is not
 *         determined. The model does not choose: ref_place() is told what the other side chose,
 *         says whether that is allowed, and adopts it.
 * Quirks  See ref-quirk.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "ref-quirk.h"

#define REF_MAX_VCPUS    32
#define REF_MAX_REGIONS  8
#define REF_NO_VCPU      UINT32_MAX

struct ref_config {
        uint32_t n_vcpus;               /* 1..REF_MAX_VCPUS */
        uint32_t n_spis;                /* 0..988 */
        uint32_t n_espis;               /* 0..1024, a multiple of 32 */
        uint32_t n_eppis;               /* 0, 32, 64 */
        uint32_t n_priority_bits;       /* 4..8 */
        uint32_t affinity_levels;       /* 3, 4 */
        bool one_of_n;
        bool rss;
        bool awake;                     /* GICR_WAKER resets to 0: firmware has been there */
        uint32_t iidr;                  /* GICD_IIDR and GICR_IIDR: who made it, not what it does */
        uint32_t n_regions;             /* 0: one */
        uint32_t regions[REF_MAX_REGIONS];
        uint64_t mpidrs[REF_MAX_VCPUS]; /* as MPIDR_EL1: Aff3 in 39:32 */
};

struct ref_gic;

struct ref_gic *ref_new(const struct ref_config *config, uint32_t quirks);
void ref_free(struct ref_gic *gic);
bool ref_has(const struct ref_gic *gic, enum ref_quirk quirk);

/*
 * Guest accesses. GICR: 128 KiB per vCPU over all regions. ICC: @reg as VGIC_SYSREG();
 * -ENOENT: UNDEFINED.
 */
uint64_t ref_gicd_read(struct ref_gic *gic, uint64_t offset, unsigned len);
void ref_gicd_write(struct ref_gic *gic, uint64_t offset, unsigned len, uint64_t value);
uint64_t ref_gicr_read(struct ref_gic *gic, uint64_t offset, unsigned len);
void ref_gicr_write(struct ref_gic *gic, uint64_t offset, unsigned len, uint64_t value);
int ref_icc_read(struct ref_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value);
int ref_icc_write(struct ref_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value);

/* The wire of an interrupt; @vcpu counts for (E)PPIs only. Return: false: there is no such wire. */
bool ref_line(struct ref_gic *gic, uint32_t vcpu, uint32_t intid, bool high);
bool ref_pulse(struct ref_gic *gic, uint32_t vcpu, uint32_t intid);

/* What the host does with a vCPU. A parked vCPU makes no access until it is unparked. */
void ref_park(struct ref_gic *gic, uint32_t vcpu, bool parked);
void ref_power(struct ref_gic *gic, uint32_t vcpu, bool on);
void ref_register(struct ref_gic *gic, uint32_t vcpu, bool registered);
void ref_reset_vcpu(struct ref_gic *gic, uint32_t vcpu);
void ref_reset_all(struct ref_gic *gic);

/*
 * A snapshot of it went to another place: the state is the same, but counts begin anew, and 1-of-N
 * interrupts are placed anew.
 */
void ref_move(struct ref_gic *gic);

/* What comes out. */
#define REF_LINE_IRQ  (1u << 0)
#define REF_LINE_FIQ  (1u << 1)
unsigned ref_lines(struct ref_gic *gic, uint32_t vcpu);
/* ref_wakes() - WakeRequest: is a vCPU that sleeps (GICR_WAKER) to wake for what waits? */
bool ref_wakes(struct ref_gic *gic, uint32_t vcpu);
uint64_t ref_guest_errors(const struct ref_gic *gic);
uint64_t ref_acknowledged(const struct ref_gic *gic, uint32_t vcpu);

/*
 * ref_in_flight() - is an SPI or ESPI active, or pending and enabled with a target? Then a DIR
 * could depend on its being trapped (TDIR).
 */
bool ref_in_flight(struct ref_gic *gic);

struct ref_irq_state {
        uint32_t vcpu;                  /* target, or REF_NO_VCPU */
        uint32_t holder;  /* who acknowledged it; REF_NO_VCPU: not active, or made so by software */
        bool enabled, pending, active, group1, edge, line, one_of_n;
        uint8_t priority;
        uint64_t acknowledged;
};

/* Return: false: no such interrupt. */
bool ref_irq_state(struct ref_gic *gic, uint32_t vcpu, uint32_t intid,
                   struct ref_irq_state *ret_state);

/*
 * ref_waits_for_place() - it is up to the other side where this SPI goes:
 * ask it and tell ref_place().
 */
bool ref_waits_for_place(struct ref_gic *gic, uint32_t intid);

/*
 * ref_place() - the other side has SPI @intid at @vcpu (REF_NO_VCPU: nowhere). Return: NULL; or why
 * that is wrong.
 */
const char *ref_place(struct ref_gic *gic, uint32_t intid, uint32_t vcpu);

#endif
