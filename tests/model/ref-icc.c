/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The reference model: the CPU interface (IHI 0069 chapter 4 and section 12.2); see ref-gic.h
 */
#include <errno.h>
#include <string.h>

#include <vgic/vgic.h>

#include "ref-private.h"

/* --- priorities, section 4.8 --- */

/* Section 4.8: the implemented bits are the upper ones. */
uint32_t ref_priority_bits(const struct ref_gic *gic)
{
        uint32_t bits = 0;

        for (uint32_t i = 0; i < gic->config.n_priority_bits; i++)
                bits |= 0x80u >> i;
        return bits;
}

/* Section 4.8.2: at least one bit is subpriority in Group 0, so of 8 bits 7 are group priority. */
uint32_t ref_preemption_bits(const struct ref_gic *gic)
{
        return gic->config.n_priority_bits == 8 ? 7 : gic->config.n_priority_bits;
}

static uint32_t least_bpr(const struct ref_gic *gic, unsigned group)
{
        return 7 - ref_preemption_bits(gic) + group;
}

static uint32_t n_levels(const struct ref_gic *gic)
{
        return 1u << ref_preemption_bits(gic);
}

/*
 * Section 4.8.2, "Priority grouping": in Group 0 a binary point of n makes bits 7..n+1 the group
 * priority; in Group 1 bits 7..n, unless it uses the binary point of Group 0 (CBPR).
 */
static uint32_t group_priority(const struct ref_pe *pe, unsigned group, uint32_t priority)
{
        uint32_t lowest = group == 0 || pe->cbpr ? pe->bpr[0] + 1 : pe->bpr[1];
        uint32_t value = 0;

        for (uint32_t bit = lowest; bit <= 7; bit++)
                value |= priority & (1u << bit);
        return value;
}

/* The level of a group priority: 0 is the highest. Its priority is the level, shifted up. */
static uint32_t level_of(const struct ref_gic *gic, uint32_t priority)
{
        return priority / (256 / n_levels(gic));
}

/* ICC_RPR_EL1 and ICC_AP<n>R<m>_EL1: the highest active priority of both groups; 0xff: idle. */
static bool highest_active(const struct ref_gic *gic, uint32_t vcpu, uint32_t *ret_level,
                           unsigned *ret_group)
{
        const struct ref_pe *pe = &gic->pe[vcpu];

        for (uint32_t level = 0; level < n_levels(gic); level++)
                for (unsigned group = 0; group < 2; group++)
                        if (pe->active_priority[group][level]) {
                                *ret_level = level;
                                *ret_group = group;
                                return true;
                        }
        return false;
}

uint32_t ref_running_priority(struct ref_gic *gic, uint32_t vcpu)
{
        uint32_t level;
        unsigned group;

        return highest_active(gic, vcpu, &level, &group) ? level * (256 / n_levels(gic)) : REF_IDLE;
}

/*
 * Section 4.8: of higher priority than the mask, and of higher group priority than what is active.
 */
bool ref_can_take(struct ref_gic *gic, uint32_t vcpu, const struct ref_irq *irq)
{
        const struct ref_pe *pe = &gic->pe[vcpu];
        uint32_t running = ref_running_priority(gic, vcpu);

        if (irq->priority >= pe->pmr)
                return false;
        return running == REF_IDLE || group_priority(pe, irq->group1, irq->priority) <
                                              group_priority(pe, irq->group1, running);
}

/* --- which interrupt --- */

/*
 * ICC_HPPIR<n>_EL1: the highest priority pending interrupt of the enabled groups; of equal ones it
 * is up to the implementation, which takes the lowest INTID. None while the redistributor is asleep
 * (section 11.1). Return: REF_SPURIOUS: none.
 */
static uint32_t highest_pending(struct ref_gic *gic, uint32_t vcpu)
{
        const struct ref_pe *pe = &gic->pe[vcpu];
        uint32_t best = REF_SPURIOUS, best_priority = 256;

        if (pe->processor_sleep && !ref_has(gic, REF_QUIRK_WAKER_OPEN))
                return REF_SPURIOUS;
        for (uint32_t intid = 0; intid < REF_N_INTIDS; intid = ref_next(gic, intid)) {
                const struct ref_irq *irq = ref_irq(gic, vcpu, intid);

                if (!irq->enabled || irq->active || !ref_pending(irq))
                        continue;
                if (!gic->group_enable[irq->group1])
                        continue;
                if (!pe->group_enable[irq->group1] && !ref_has(gic, REF_QUIRK_HPPI_ALL_GROUPS))
                        continue;
                if (irq->priority == 0xff && ref_has(gic, REF_QUIRK_PRIORITY_FF))
                        continue;
                if (irq->priority >= best_priority || ref_target(gic, vcpu, intid) != vcpu)
                        continue;
                best = intid;
                best_priority = irq->priority;
        }
        /* HPPI_ALL_GROUPS */
        if (best != REF_SPURIOUS && !pe->group_enable[ref_irq(gic, vcpu, best)->group1])
                return REF_SPURIOUS;
        return best;
}

/*
 * Section 11.1: an interrupt that arrives at the redistributor of a PE that sleeps asserts
 * WakeRequest, whatever its CPU interface holds back; no 1-of-N one (GICD_CTLR.E1NWF is 0).
 */
bool ref_wakes(struct ref_gic *gic, uint32_t vcpu)
{
        const struct ref_pe *pe = &gic->pe[vcpu];

        if (!pe->processor_sleep || !pe->powered || !pe->registered)
                return false;
        for (uint32_t intid = 0; intid < REF_N_INTIDS; intid = ref_next(gic, intid)) {
                const struct ref_irq *irq = ref_irq(gic, vcpu, intid);

                if (irq->enabled && !irq->active && ref_pending(irq) &&
                    gic->group_enable[irq->group1] && !(irq->route >> 31 & 1) &&
                    ref_target(gic, vcpu, intid) == vcpu)
                        return true;
        }
        return false;
}

/* Section 4.6: what is signalled to the PE; Group 0 as FIQ, Group 1 as IRQ. */
unsigned ref_lines(struct ref_gic *gic, uint32_t vcpu)
{
        uint32_t intid = highest_pending(gic, vcpu);
        const struct ref_irq *irq;

        if (intid == REF_SPURIOUS)
                return 0;
        irq = ref_irq(gic, vcpu, intid);
        if (!ref_can_take(gic, vcpu, irq))
                return 0;
        return irq->group1 ? REF_LINE_IRQ : REF_LINE_FIQ;
}

/* ICC_HPPIR<group>_EL1: PMR and the running priority do not count. */
static uint64_t read_hppir(struct ref_gic *gic, uint32_t vcpu, unsigned group)
{
        uint32_t intid = highest_pending(gic, vcpu);

        if (intid == REF_SPURIOUS || ref_irq(gic, vcpu, intid)->group1 != group)
                return REF_SPURIOUS;
        return intid;
}

static void set_active_priority(const struct ref_gic *gic, struct ref_pe *pe, unsigned group,
                                uint32_t level)
{
        pe->active_priority[group][level] = true;
        if (level % 32 == 31 && ref_has(gic, REF_QUIRK_AP_SIGN))
                pe->ap_upper[group][level / 32] = UINT32_MAX;
}

/* Section 4.8.3, priority drop: the highest active priority of the group is active no more. */
static void drop_priority(struct ref_pe *pe, unsigned group, uint32_t level)
{
        for (uint32_t i = 0; i < level / 32; i++)
                if (pe->ap_upper[group][i]) { /* AP_SIGN: taken for a higher active priority */
                        pe->ap_upper[group][i] &= pe->ap_upper[group][i] - 1;
                        return;
                }
        pe->active_priority[group][level] = false;
}

/* ICC_IAR<group>_EL1; section 4.1.2: active, and pending no more unless its level holds it. */
static uint64_t read_iar(struct ref_gic *gic, uint32_t vcpu, unsigned group)
{
        uint32_t intid = highest_pending(gic, vcpu);
        struct ref_pe *pe = &gic->pe[vcpu];
        struct ref_irq *irq;

        if (intid == REF_SPURIOUS)
                return REF_SPURIOUS;
        irq = ref_irq(gic, vcpu, intid);
        if (irq->group1 != group || !ref_can_take(gic, vcpu, irq))
                return REF_SPURIOUS;
        set_active_priority(gic, pe, group,
                            level_of(gic, group_priority(pe, group, irq->priority)));
        irq->latch = false;
        irq->active = true;
        irq->holder = vcpu;
        irq->acknowledged++;
        pe->acknowledged++;
        return intid;
}

static void deactivate(struct ref_irq *irq)
{
        irq->active = false;
        irq->holder = REF_NO_VCPU;
}

/*
 * ICC_EOIR<group>_EL1: priority drop, and with EOImode 0 deactivation. Special INTIDs are ignored;
 * so is, as section 12.2 leaves it open, what does not match: an interrupt that does not exist, or
 * the other group.
 */
static void write_eoir(struct ref_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid)
{
        struct ref_pe *pe = &gic->pe[vcpu];
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);
        unsigned active_group;
        uint32_t level;

        if (!irq || !highest_active(gic, vcpu, &level, &active_group) || active_group != group)
                return;
        drop_priority(pe, group, level);
        if (!pe->eoi_mode)
                deactivate(irq);
}

/* ICC_DIR_EL1: any PE deactivates any SPI; ignored unless EOImode is 1. */
static void write_dir(struct ref_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (irq && gic->pe[vcpu].eoi_mode)
                deactivate(irq);
}

/* --- SGIs: ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1; section 12.1.10 --- */

/*
 * With one security state ICC_SGI1R_EL1 generates SGIs of either group,
 * the other two of Group 0 only.
 */
static void generate(struct ref_gic *gic, uint32_t vcpu, uint32_t intid, bool any_group)
{
        struct ref_irq *irq = ref_irq(gic, vcpu, intid);

        if (irq->group1 ? any_group : !(any_group && ref_has(gic, REF_QUIRK_SGI1R_NO_GROUP0)))
                irq->latch = true;
}

static void write_sgir(struct ref_gic *gic, uint32_t vcpu, uint64_t value, bool any_group)
{
        uint64_t aff3 = value >> 48 & 0xff, range = value >> 44 & 0xf, aff2 = value >> 32 & 0xff,
                 aff1 = value >> 16 & 0xff;
        uint32_t intid = value >> 24 & 0xf;
        bool all_but_self = value >> 40 & 1;

        if (gic->config.affinity_levels == 3)
                aff3 = 0;
        if (ref_has(gic, REF_QUIRK_SGI_NO_RS))
                range = 0;
        if (!all_but_self && range && !gic->config.rss)
                return;
        for (uint32_t i = 0; i < gic->config.n_vcpus; i++) {
                for (uint64_t bit = 0; bit < 16 && !all_but_self; bit++)
                        if ((value >> bit & 1) &&
                            ref_affinity(gic, i) ==
                            (aff3 << 32 | aff2 << 16 | aff1 << 8 | (range * 16 + bit)))
                                generate(gic, i, intid, any_group);
                if (all_but_self && i != vcpu)
                        generate(gic, i, intid, any_group);
        }
}

/* --- registers, section 12.2 --- */

/*
 * ICC_CTLR_EL1: PRIbits 10:8, IDbits 13:11 = 16 bits, A3V 15, RSS 18,
 * ExtRange 19 say what there is.
 */
static uint64_t read_ctlr(const struct ref_gic *gic, const struct ref_pe *pe)
{
        const struct ref_config *config = &gic->config;
        uint64_t value = (uint64_t)(config->n_priority_bits - 1) << 8;

        value |= (uint64_t)ref_has(gic, REF_QUIRK_ID_BITS_24) << 11;
        value |= (uint64_t)(config->affinity_levels == 4) << 15;
        value |= (uint64_t)config->rss << 18;
        value |= (uint64_t)(config->n_espis || config->n_eppis) << 19;
        value |= (uint64_t)pe->cbpr | (uint64_t)pe->eoi_mode << 1 | (uint64_t)pe->pmhe << 6;
        return value;
}

static void write_ctlr(const struct ref_gic *gic, struct ref_pe *pe, uint64_t value)
{
        pe->cbpr = value & 1;
        pe->eoi_mode = value >> 1 & 1;
        pe->pmhe = (value >> 6 & 1) && !ref_has(gic, REF_QUIRK_NO_PMHE);
}

/* ICC_BPR1_EL1 with CBPR: reads as ICC_BPR0_EL1 plus one, saturated; writes are ignored. */
static uint64_t read_bpr(const struct ref_pe *pe, unsigned group)
{
        if (group == 1 && pe->cbpr)
                return pe->bpr[0] == 7 ? 7 : pe->bpr[0] + 1;
        return pe->bpr[group];
}

/* Below the minimum it is the minimum. */
static void write_bpr(struct ref_gic *gic, struct ref_pe *pe, unsigned group, uint64_t value)
{
        if (group == 1 && pe->cbpr)
                return;
        if (!ref_has(gic, REF_QUIRK_BPR_HIGH_BITS))
                value &= 7;
        pe->bpr[group] = (value < least_bpr(gic, group) ? least_bpr(gic, group) : value) & 7;
}

/* ICC_AP<group>R<n>_EL1: one register for 32 levels, at least one. */
static bool find_apr(const struct ref_gic *gic, uint32_t reg, unsigned *ret_group,
                     uint32_t *ret_first)
{
        for (unsigned group = 0; group < 2; group++)
                for (uint32_t n = 0; n < 4; n++)
                        if (reg == (group ? VGIC_ICC_AP1R_EL1(n) : VGIC_ICC_AP0R_EL1(n)) &&
                            (n == 0 || n * 32 < n_levels(gic))) {
                                *ret_group = group;
                                *ret_first = n * 32;
                                return true;
                        }
        return false;
}

static uint64_t read_apr(const struct ref_gic *gic, const struct ref_pe *pe, unsigned group,
                         uint32_t first)
{
        uint64_t value = (uint64_t)pe->ap_upper[group][first / 32] << 32;

        for (uint32_t i = 0; i < 32 && first + i < n_levels(gic); i++)
                value |= (uint64_t)pe->active_priority[group][first + i] << i;
        return value;
}

static void write_apr(const struct ref_gic *gic, struct ref_pe *pe, unsigned group, uint32_t first,
                      uint64_t value)
{
        pe->ap_upper[group][first / 32] = 0;
        for (uint32_t i = 0; i < 32 && first + i < n_levels(gic); i++)
                pe->active_priority[group][first + i] = value >> i & 1;
}

void ref_reset_cpu_interface(struct ref_gic *gic, uint32_t vcpu)
{
        struct ref_pe *pe = &gic->pe[vcpu];

        pe->pmr = 0;
        pe->cbpr = pe->eoi_mode = pe->pmhe = false;
        for (unsigned group = 0; group < 2; group++) {
                pe->bpr[group] = least_bpr(gic, group);
                pe->group_enable[group] = false;
                memset(pe->active_priority[group], 0, sizeof(pe->active_priority[group]));
                memset(pe->ap_upper[group], 0, sizeof(pe->ap_upper[group]));
        }
}

int ref_icc_read(struct ref_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value)
{
        struct ref_pe *pe = &gic->pe[vcpu];
        unsigned group;
        uint32_t first;

        if (reg == VGIC_ICC_IAR0_EL1 || reg == VGIC_ICC_IAR1_EL1)
                *ret_value = read_iar(gic, vcpu, reg == VGIC_ICC_IAR1_EL1);
        else if (reg == VGIC_ICC_HPPIR0_EL1 || reg == VGIC_ICC_HPPIR1_EL1)
                *ret_value = read_hppir(gic, vcpu, reg == VGIC_ICC_HPPIR1_EL1);
        else if (reg == VGIC_ICC_BPR0_EL1 || reg == VGIC_ICC_BPR1_EL1)
                *ret_value = read_bpr(pe, reg == VGIC_ICC_BPR1_EL1);
        else if (reg == VGIC_ICC_IGRPEN0_EL1 || reg == VGIC_ICC_IGRPEN1_EL1)
                *ret_value = pe->group_enable[reg == VGIC_ICC_IGRPEN1_EL1];
        else if (reg == VGIC_ICC_PMR_EL1)
                *ret_value = pe->pmr;
        else if (reg == VGIC_ICC_RPR_EL1)
                *ret_value = ref_running_priority(gic, vcpu);
        else if (reg == VGIC_ICC_CTLR_EL1)
                *ret_value = read_ctlr(gic, pe);
        else if (reg == VGIC_ICC_SRE_EL1)
                /* SRE, DFB, DIB: there is neither a memory-mapped interface nor bypass */
                *ret_value = 7;
        else if (find_apr(gic, reg, &group, &first))
                *ret_value = read_apr(gic, pe, group, first);
        else
                return -ENOENT;
        return 0;
}

int ref_icc_write(struct ref_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        struct ref_pe *pe = &gic->pe[vcpu];
        unsigned group;
        uint32_t first;

        if (reg == VGIC_ICC_EOIR0_EL1 || reg == VGIC_ICC_EOIR1_EL1)
                write_eoir(gic, vcpu, reg == VGIC_ICC_EOIR1_EL1, value & 0xffffff);
        else if (reg == VGIC_ICC_DIR_EL1)
                write_dir(gic, vcpu, value & 0xffffff);
        else if (reg == VGIC_ICC_SGI1R_EL1)
                write_sgir(gic, vcpu, value, true);
        else if (reg == VGIC_ICC_SGI0R_EL1 || reg == VGIC_ICC_ASGI1R_EL1)
                write_sgir(gic, vcpu, value, false);
        else if (reg == VGIC_ICC_BPR0_EL1 || reg == VGIC_ICC_BPR1_EL1)
                write_bpr(gic, pe, reg == VGIC_ICC_BPR1_EL1, value);
        else if (reg == VGIC_ICC_IGRPEN0_EL1 || reg == VGIC_ICC_IGRPEN1_EL1)
                pe->group_enable[reg == VGIC_ICC_IGRPEN1_EL1] = value & 1;
        else if (reg == VGIC_ICC_PMR_EL1)
                pe->pmr = value & (ref_priority_bits(gic) |
                                   (ref_has(gic, REF_QUIRK_PMR_HIGH_BITS) ? 0xffffff00u : 0));
        else if (reg == VGIC_ICC_CTLR_EL1)
                write_ctlr(gic, pe, value);
        else if (find_apr(gic, reg, &group, &first))
                write_apr(gic, pe, group, first, value);
        else if (reg != VGIC_ICC_SRE_EL1)
                return -ENOENT;
        return 0;
}
