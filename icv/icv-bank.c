/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "icv-bank.h"

/*
 * List registers and active priorities: choose, acknowledge, drop, deactivate
 *
 * Sections are those of IHI 0069; names in quotes those of its pseudocode (chapter 6).
 */

static unsigned lr_group(uint64_t lr)
{
        return lr & VGIC_ICH_LR_GROUP1 ? 1 : 0;
}

/* 12.4, ICH_LR<n>_EL2.Priority: unimplemented low bits are RES0. */
static unsigned lr_priority(const struct icv_params *params, uint64_t lr)
{
        return (unsigned)(lr >> VGIC_ICH_LR_PRIORITY_SHIFT) & icv_priority_mask(params);
}

static uint32_t lr_intid(const struct icv_params *params, uint64_t lr)
{
        return (uint32_t)lr & icv_intid_mask(params);
}

static bool group_enabled(const struct vgic_lr_bank *bank, unsigned group)
{
        return bank->ich_vmcr & (group ? VGIC_ICH_VMCR_VENG1 : VGIC_ICH_VMCR_VENG0);
}

/* Is list register @n to be preferred to @best? */
static bool beats(const struct icv_params *params, const struct vgic_lr_bank *bank, unsigned n,
                  unsigned best)
{
        uint64_t a = bank->ich_lr[n], b = bank->ich_lr[best];

        if (lr_priority(params, a) != lr_priority(params, b))
                return lr_priority(params, a) < lr_priority(params, b);
        if (params->ties == ICV_TIE_INTID)
                return lr_intid(params, a) < lr_intid(params, b);
        return params->ties == ICV_TIE_LAST;
}

/*
 * "HighestPriorityVirtualInterrupt": of the list registers that are pending and not active, in a
 * group that is enabled, the one of the highest priority (lowest value). Neither the mask nor the
 * running priority counts, nor ICH_HCR_EL2.En.
 */
static int highest_pending(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        int best = -1;

        for (unsigned n = 0; n < icv_n_list_registers(params); n++) {
                uint64_t lr = bank->ich_lr[n];

                if ((lr & VGIC_ICH_LR_STATE) != VGIC_ICH_LR_PENDING ||
                    !group_enabled(bank, lr_group(lr)))
                        continue;
                if ((params->choices & ICV_CHOICE_FF_IS_IDLE) && lr_priority(params, lr) == 0xff)
                        continue;
                if (best < 0 || beats(params, bank, n, (unsigned)best))
                        best = (int)n;
        }
        return best;
}

/*
 * 4.8.2 and "VGroupBits": the group priority field. Group 1 uses VBPR1, which counts one more than
 * VBPR0 does for the same field, unless VCBPR is set.
 */
static unsigned group_mask(const struct icv_params *params, const struct vgic_lr_bank *bank,
                           unsigned group)
{
        unsigned point = group && !(bank->ich_vmcr & VGIC_ICH_VMCR_VCBPR)
                         ? icv_bpr(params, bank, 1) - 1
                         : icv_bpr(params, bank, 0);

        return 0xffu << (point + 1) & 0xff;
}

/*
 * Number of the highest active priority of both groups, as a bit of their registers; -1: none. Of
 * equals, Group 0.
 */
static int highest_active(const struct icv_params *params, const struct vgic_lr_bank *bank,
                          unsigned *ret_group)
{
        for (unsigned i = 0; i < icv_n_apr(params); i++) {
                uint32_t group0 = bank->ich_ap0r[i] & icv_apr_mask(params);
                uint32_t both = group0 | (bank->ich_ap1r[i] & icv_apr_mask(params));

                if (!both)
                        continue;
                *ret_group = group0 & both & -both ? 0 : 1;
                return (int)(i * 32) + __builtin_ctz(both);
        }
        return -1;
}

static unsigned priority_of_bit(const struct icv_params *params, unsigned bit)
{
        return bit << (8 - icv_n_preemption_bits(params));
}

/*
 * 12.3, ICV_RPR_EL1: the highest active group priority, as with the smallest binary point;
 * idle is 0xff.
 */
unsigned icv_bank_running(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        unsigned group;
        int bit = highest_active(params, bank, &group);

        return bit < 0 ? ICV_PRIORITY_IDLE : priority_of_bit(params, (unsigned)bit);
}

/*
 * "CanSignalVirtualInterrupt": the interface is enabled (12.4, ICH_HCR_EL2.En), the whole priority
 * beats the mask, equal does not, and the group priority, by the candidate's binary point, beats
 * the running one, equal does not (4.8).
 */
static bool can_signal(const struct icv_params *params, const struct vgic_lr_bank *bank,
                       uint64_t lr)
{
        unsigned mask = group_mask(params, bank, lr_group(lr));
        unsigned running = icv_bank_running(params, bank);
        unsigned pmr = (unsigned)(bank->ich_vmcr >> VGIC_ICH_VMCR_VPMR_SHIFT) &
                       icv_priority_mask(params);

        if (!(bank->ich_hcr & VGIC_ICH_HCR_EN) || lr_priority(params, lr) >= pmr)
                return false;
        return running == ICV_PRIORITY_IDLE || (lr_priority(params, lr) & mask) < (running & mask);
}

/* 12.3, ICV_HPPIR<n>_EL1: what is of the other group reads as 1023. */
uint32_t icv_bank_pending(const struct icv_params *params, const struct vgic_lr_bank *bank,
                          unsigned group)
{
        int n = highest_pending(params, bank);

        return n >= 0 && lr_group(bank->ich_lr[n]) == group ? lr_intid(params, bank->ich_lr[n])
                                                            : ICV_INTID_SPURIOUS;
}

int icv_bank_signalled(const struct icv_params *params, const struct vgic_lr_bank *bank)
{
        int n = highest_pending(params, bank);

        return n >= 0 && can_signal(params, bank, bank->ich_lr[n]) ? (int)lr_group(bank->ich_lr[n])
                                                                   : -1;
}

static uint32_t *apr_of(struct vgic_lr_bank *bank, unsigned group, unsigned bit)
{
        return group ? &bank->ich_ap1r[bit / 32] : &bank->ich_ap0r[bit / 32];
}

/*
 * "VirtualReadIAR<n>", "AcknowledgeVInterrupt": pending becomes active, and the bit of its group
 * priority is set. An LPI has no active state. A list register with a special INTID (12.4,
 * ICH_LR<n>_EL2: UNPREDICTABLE) is emptied and sets no priority.
 */
uint32_t icv_bank_acknowledge(const struct icv_params *params, struct vgic_lr_bank *bank,
                              unsigned group)
{
        int n = icv_bank_signalled(params, bank) == (int)group ? highest_pending(params, bank) : -1;
        uint32_t intid;
        uint64_t *lr;
        unsigned bit;

        if (n < 0)
                return ICV_INTID_SPURIOUS;
        lr = &bank->ich_lr[n];
        intid = lr_intid(params, *lr);
        *lr &= ~VGIC_ICH_LR_STATE;
        if (icv_intid_is_special(intid))
                return intid;
        if (intid < ICV_INTID_LPI || (params->choices & ICV_CHOICE_LPI_ACTIVE))
                *lr |= VGIC_ICH_LR_ACTIVE;
        bit = (lr_priority(params, *lr) & group_mask(params, bank, group)) >>
              (8 - icv_n_preemption_bits(params));
        *apr_of(bank, group, bit) |= UINT32_C(1) << bit % 32;
        return intid;
}

/* "FindActiveVirtualInterrupt": active, or pending and active. -1: no list register. */
static int find_active(const struct icv_params *params, const struct vgic_lr_bank *bank,
                       uint32_t intid)
{
        for (unsigned n = 0; n < icv_n_list_registers(params); n++)
                if ((bank->ich_lr[n] & VGIC_ICH_LR_ACTIVE) &&
                    lr_intid(params, bank->ich_lr[n]) == intid)
                        return (int)n;
        return -1;
}

/* 12.4, ICH_HCR_EL2.EOIcount: 5 bits. LPIs, which have no active state, do not count. */
static void count_eoi(struct vgic_lr_bank *bank, uint32_t intid)
{
        uint64_t one = UINT64_C(1) << VGIC_ICH_HCR_EOICOUNT_SHIFT;

        if (intid < ICV_INTID_LPI)
                bank->ich_hcr = (bank->ich_hcr & ~VGIC_ICH_HCR_EOICOUNT) |
                                ((bank->ich_hcr + one) & VGIC_ICH_HCR_EOICOUNT);
}

/*
 * "VirtualWriteEOIR<n>": special INTIDs are ignored. The highest active priority is dropped; with
 * EOI mode 0 the interrupt is deactivated too, in its list register (active: empty; pending and
 * active: pending), else by a count for the hypervisor.
 */
void icv_bank_eoi(const struct icv_params *params, struct vgic_lr_bank *bank, unsigned group,
                  uint32_t intid)
{
        bool mode = bank->ich_vmcr & VGIC_ICH_VMCR_VEOIM;
        unsigned active_group = group, bit = 0;
        int highest, n;

        if (icv_intid_is_special(intid))
                return;
        highest = highest_active(params, bank, &active_group);
        if (highest < 0 && !(params->choices & ICV_CHOICE_EOI_UNDROPPED))
                return;
        if (active_group != group && !(params->choices & ICV_CHOICE_EOI_ANY_GROUP))
                return;
        if (highest >= 0) {
                bit = (unsigned)highest;
                *apr_of(bank, active_group, bit) &= ~(UINT32_C(1) << bit % 32);
        }
        n = find_active(params, bank, intid);
        if (n < 0 && (!mode || (params->choices & ICV_CHOICE_EOI_COUNTS)))
                count_eoi(bank, intid);
        if (n < 0 || (mode && intid < ICV_INTID_LPI))
                return;
        if (params->choices & ICV_CHOICE_EOI_CHECKS_LR) {
                unsigned priority = lr_priority(params, bank->ich_lr[n]) &
                                    group_mask(params, bank, group);

                if (highest < 0 || lr_group(bank->ich_lr[n]) != group ||
                    priority != priority_of_bit(params, bit))
                        return;
        }
        bank->ich_lr[n] &= ~VGIC_ICH_LR_ACTIVE;
}

/*
 * "VirtualWriteDIR": ignored with EOI mode 0 (12.3, ICV_DIR_EL1), for special INTIDs and for LPIs.
 * An interrupt that is in no list register as active is counted for the hypervisor: whether it is
 * active anywhere is not known here.
 */
void icv_bank_deactivate(const struct icv_params *params, struct vgic_lr_bank *bank, uint32_t intid)
{
        int n;

        if (!(bank->ich_vmcr & VGIC_ICH_VMCR_VEOIM) || icv_intid_is_special(intid) ||
            intid >= ICV_INTID_LPI)
                return;
        n = find_active(params, bank, intid);
        if (n < 0)
                count_eoi(bank, intid);
        else
                bank->ich_lr[n] &= ~VGIC_ICH_LR_ACTIVE;
}
