/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The reference model: interrupts, wires, routing, 1-of-N, and what the host does; see ref-gic.h
 *
 * Sections are those of IHI 0069.
 */
#include "ref-gic.h"

#include <stdlib.h>
#include <string.h>

#include "ref-private.h"

static const struct ref_quirk_words quirk_words[] = {
#define REF_QUIRK_WORDS(name, section, right, words) { #name, section, right, words },
        REF_QUIRKS(REF_QUIRK_WORDS)
#undef REF_QUIRK_WORDS
};

const struct ref_quirk_words *ref_quirk_words(unsigned number)
{
        return number < REF_N_QUIRKS ? &quirk_words[number] : NULL;
}

bool ref_has(const struct ref_gic *gic, enum ref_quirk quirk)
{
        return gic->quirks & (uint32_t)quirk;
}

/* --- interrupts --- */

/* Section 2.2: SGIs 0..15, PPIs 16..31, SPIs 32..1019, EPPIs 1056..1119, ESPIs 4096..5119. */
struct ref_irq *ref_irq(struct ref_gic *gic, uint32_t vcpu, uint32_t intid)
{
        if (intid < REF_N_PRIVATE)
                return &gic->pe[vcpu].private[intid];
        if (intid < REF_N_PRIVATE + gic->config.n_spis)
                return &gic->spi[intid - REF_N_PRIVATE];
        if (intid >= REF_FIRST_EPPI && intid < REF_FIRST_EPPI + gic->config.n_eppis)
                return &gic->pe[vcpu].eppi[intid - REF_FIRST_EPPI];
        if (intid >= REF_FIRST_ESPI && intid < REF_FIRST_ESPI + gic->config.n_espis)
                return &gic->espi[intid - REF_FIRST_ESPI];
        return NULL;
}

uint32_t ref_next(const struct ref_gic *gic, uint32_t intid)
{
        const struct ref_config *config = &gic->config;

        intid++;
        if (intid >= REF_N_PRIVATE + config->n_spis && intid < REF_FIRST_EPPI)
                intid = REF_FIRST_EPPI;
        if (intid >= REF_FIRST_EPPI + config->n_eppis && intid < REF_FIRST_ESPI)
                intid = REF_FIRST_ESPI;
        return intid >= REF_FIRST_ESPI + config->n_espis ? REF_N_INTIDS : intid;
}

bool ref_is_private(uint32_t intid)
{
        return intid < REF_N_PRIVATE || (intid >= REF_FIRST_EPPI && intid < REF_FIRST_ESPI);
}

bool ref_is_spi(const struct ref_gic *gic, uint32_t intid)
{
        if (intid >= REF_N_PRIVATE && intid < REF_N_PRIVATE + gic->config.n_spis)
                return true;
        return intid >= REF_FIRST_ESPI && intid < REF_FIRST_ESPI + gic->config.n_espis;
}

/*
 * Section 4.1.2: an edge-triggered interrupt is pending because of what happened; a level-sensitive
 * one also because of what is.
 */
bool ref_pending(const struct ref_irq *irq)
{
        if (irq->latch)
                return true;
        return !irq->edge && (irq->line || irq->message);
}

/*
 * Section 12.9.22: Aff3.Aff2.Aff1.Aff0 where GICD_IROUTER<n> has them;
 * Aff3 is RES0 if it is not supported.
 */
uint64_t ref_affinity(const struct ref_gic *gic, uint32_t vcpu)
{
        uint64_t mpidr = gic->config.mpidrs[vcpu];
        uint64_t affinity = mpidr & UINT64_C(0xffffff);

        if (gic->config.affinity_levels == 4)
                affinity |= mpidr & UINT64_C(0xff00000000);
        return affinity;
}

/*
 * GICD_IROUTER<n>, section 12.9.22: the PE with this affinity; or the one that was chosen.
 * REF_NO_VCPU: nobody.
 */
uint32_t ref_target(struct ref_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (ref_is_private(intid))
                return vcpu;
        if (irq->route >> 31 & 1)
                return irq->chosen;
        for (uint32_t i = 0; i < gic->config.n_vcpus; i++)
                if (ref_affinity(gic, i) == irq->route)
                        return i;
        return REF_NO_VCPU;
}

/* --- wires --- */

/* Section 1.2.1: edge-triggered on the rising edge; level-sensitive while it is high. */
bool ref_line(struct ref_gic *gic, uint32_t vcpu, uint32_t intid, bool high)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (!irq || intid < REF_N_SGIS)
                return false;
        if (irq->edge && high && !irq->line)
                irq->latch = true;
        irq->line = high;
        return true;
}

/* A rising edge of a source that is low again: one request, also of a level-sensitive interrupt. */
bool ref_pulse(struct ref_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (!irq || intid < REF_N_SGIS)
                return false;
        irq->latch = true;
        return true;
}

/* --- 1-of-N, GICD_IROUTER<n>.Interrupt_Routing_Mode --- */

/* GICR_WAKER, ICC_IGRPEN<n>_EL1, GICR_CTLR.DPG<n>; and it has to be there at all. */
static bool eligible(struct ref_gic *gic, uint32_t vcpu, const struct ref_irq *irq)
{
        const struct ref_pe *pe = &gic->pe[vcpu];

        return pe->registered && pe->powered && !pe->processor_sleep &&
               pe->group_enable[irq->group1] && !pe->dpg[irq->group1];
}

static bool idle(struct ref_gic *gic, uint32_t vcpu)
{
        return gic->pe[vcpu].parked && ref_lines(gic, vcpu) == 0;
}

bool ref_waits_for_place(struct ref_gic *gic, uint32_t intid)
{
        struct ref_irq *irq = ref_is_spi(gic, intid) ? ref_irq(gic, 0, intid) : NULL;

        if (!irq)
                return false;
        if ((irq->route >> 31 & 1) && irq->enabled && !irq->active && ref_pending(irq))
                return true;
        irq->chosen = REF_NO_VCPU;
        return false;
}

/*
 * Among those who may have it: one that could take it at once,
 * and of these one that has nothing else to do.
 */
static const char *worse_than_another(struct ref_gic *gic, struct ref_irq *irq, uint32_t vcpu)
{
        if (!gic->group_enable[irq->group1]) /* nobody can, while GICD_CTLR holds it back */
                return NULL;
        for (uint32_t i = 0; i < gic->config.n_vcpus; i++) {
                if (i == vcpu || !eligible(gic, i, irq) || !ref_can_take(gic, i, irq))
                        continue;
                if (!ref_can_take(gic, vcpu, irq))
                        return "1-of-N: at a vCPU that cannot take it now, though another could";
                if (idle(gic, i) && !idle(gic, vcpu))
                        return "1-of-N: at a busy vCPU, though an idle one could take it";
        }
        return NULL;
}

const char *ref_place(struct ref_gic *gic, uint32_t intid, uint32_t vcpu)
{
        struct ref_irq *irq = ref_irq(gic, 0, intid);
        uint32_t before = irq->chosen;
        const char *why = NULL;

        irq->chosen = REF_NO_VCPU; /* so that it does not count as this vCPU's work */
        if (vcpu == REF_NO_VCPU) {
                for (uint32_t i = 0; i < gic->config.n_vcpus; i++)
                        if (eligible(gic, i, irq))
                                return "1-of-N: nowhere, though a vCPU is eligible";
                return NULL;
        }
        if (vcpu >= gic->config.n_vcpus || !eligible(gic, vcpu, irq))
                return "1-of-N: at a vCPU that is not eligible";
        if (before != vcpu)
                why = worse_than_another(gic, irq, vcpu);
        irq->chosen = vcpu;
        return why;
}

/* --- the host --- */

void ref_park(struct ref_gic *gic, uint32_t vcpu, bool parked)
{
        gic->pe[vcpu].parked = parked;
}

void ref_power(struct ref_gic *gic, uint32_t vcpu, bool on)
{
        gic->pe[vcpu].powered = on;
}

void ref_register(struct ref_gic *gic, uint32_t vcpu, bool registered)
{
        gic->pe[vcpu].registered = registered;
        gic->pe[vcpu].parked = false;
}

/*
 * Reset values of sections 12.9 and 12.11; where they are UNKNOWN, 0. Wires are the devices',
 * counts the host's.
 */
static void reset_irq(struct ref_irq *irq, bool is_sgi)
{
        *irq = (struct ref_irq){
                .line = irq->line,
                .acknowledged = irq->acknowledged,
                .edge = is_sgi,
                .holder = REF_NO_VCPU,
                .chosen = REF_NO_VCPU,
        };
}

/*
 * What this PE had acknowledged of a shared interrupt is nobody's to end any more:
 * the reset ends it.
 */
static void end_held(struct ref_irq *irq, uint32_t n, uint32_t vcpu)
{
        for (uint32_t i = 0; i < n; i++)
                if (irq[i].active && irq[i].holder == vcpu) {
                        irq[i].active = false;
                        irq[i].holder = REF_NO_VCPU;
                }
}

/* One PE and its redistributor. */
void ref_reset_vcpu(struct ref_gic *gic, uint32_t vcpu)
{
        struct ref_pe *pe = &gic->pe[vcpu];

        pe->processor_sleep = !gic->config.awake;
        pe->dpg[0] = pe->dpg[1] = false;
        pe->statusr = 0;
        ref_reset_cpu_interface(gic, vcpu);
        for (uint32_t i = 0; i < REF_N_PRIVATE; i++)
                reset_irq(&pe->private[i], i < REF_N_SGIS);
        for (uint32_t i = 0; i < gic->config.n_eppis; i++)
                reset_irq(&pe->eppi[i], false);
        end_held(gic->spi, gic->config.n_spis, vcpu);
        end_held(gic->espi, gic->config.n_espis, vcpu);
}

void ref_reset_all(struct ref_gic *gic)
{
        gic->group_enable[0] = gic->group_enable[1] = false;
        gic->statusr = 0;
        for (uint32_t i = 0; i < gic->config.n_spis; i++)
                reset_irq(&gic->spi[i], false);
        for (uint32_t i = 0; i < gic->config.n_espis; i++)
                reset_irq(&gic->espi[i], false);
        for (uint32_t i = 0; i < gic->config.n_vcpus; i++)
                ref_reset_vcpu(gic, i);
}

struct ref_gic *ref_new(const struct ref_config *config, uint32_t quirks)
{
        struct ref_gic *gic = calloc(1, sizeof(*gic));

        if (!gic)
                abort();
        gic->config = *config;
        gic->quirks = quirks;
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                gic->pe[i].registered = gic->pe[i].powered = true;
        ref_reset_all(gic);
        return gic;
}

void ref_free(struct ref_gic *gic)
{
        free(gic);
}

/* --- snapshots --- */

static void move_irq(struct ref_irq *irq)
{
        irq->acknowledged = 0;
        irq->chosen = REF_NO_VCPU;
}

void ref_move(struct ref_gic *gic)
{
        gic->guest_errors = 0;
        for (uint32_t i = 0; i < gic->config.n_spis; i++)
                move_irq(&gic->spi[i]);
        for (uint32_t i = 0; i < gic->config.n_espis; i++)
                move_irq(&gic->espi[i]);
        for (uint32_t vcpu = 0; vcpu < gic->config.n_vcpus; vcpu++) {
                gic->pe[vcpu].acknowledged = 0;
                for (uint32_t i = 0; i < REF_N_PRIVATE; i++)
                        move_irq(&gic->pe[vcpu].private[i]);
                for (uint32_t i = 0; i < gic->config.n_eppis; i++)
                        move_irq(&gic->pe[vcpu].eppi[i]);
        }
}

/* --- what comes out --- */

uint64_t ref_guest_errors(const struct ref_gic *gic)
{
        return gic->guest_errors;
}

uint64_t ref_acknowledged(const struct ref_gic *gic, uint32_t vcpu)
{
        return gic->pe[vcpu].acknowledged;
}

bool ref_in_flight(struct ref_gic *gic)
{
        for (uint32_t intid = REF_N_PRIVATE; intid < REF_N_INTIDS; intid = ref_next(gic, intid)) {
                const struct ref_irq *irq = ref_is_spi(gic, intid) ? ref_irq(gic, 0, intid) : NULL;

                if (irq && irq->active)
                        return true;
                if (irq && irq->enabled && ref_pending(irq) &&
                    ref_target(gic, 0, intid) != REF_NO_VCPU)
                        return true;
        }
        return false;
}

bool ref_irq_state(struct ref_gic *gic, uint32_t vcpu, uint32_t intid,
                   struct ref_irq_state *ret_state)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (!irq)
                return false;
        *ret_state = (struct ref_irq_state) {
                .vcpu = ref_target(gic, vcpu, intid),
                .holder = irq->active ? irq->holder : REF_NO_VCPU,
                .enabled = irq->enabled,
                .pending = ref_pending(irq),
                .active = irq->active,
                .group1 = irq->group1,
                .edge = irq->edge,
                .line = irq->line || irq->message,
                .one_of_n = irq->route >> 31 & 1,
                .priority = (uint8_t)irq->priority,
                .acknowledged = irq->acknowledged,
        };
        return true;
}
