/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One program on libvgic and on the reference model: what is compared; see pair.h
 */
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "pair-private.h"

#define GICR_STRIDE  0x20000u
#define LOOKS_FOR_LAG  1000000u

static bool is_private(uint32_t intid)
{
        return intid < 32 || (intid >= VGIC_EPPI_FIRST && intid < VGIC_ESPI_FIRST);
}

static uint32_t first_vcpu(uint32_t vcpu)
{
        return vcpu == VGIC_NO_VCPU ? REF_NO_VCPU : vcpu;
}

/* --- 1-of-N, lines, doorbells --- */

static void place(struct pair *pair, uint32_t intid)
{
        struct vgic_irq_state state = { 0 };
        struct ref_irq_state before;
        const char *why;

        if (!ref_waits_for_place(pair->ref, intid))
                return;
        vgic_vm_irq_state(pair->vm, 0, intid, &state);
        ref_irq_state(pair->ref, 0, intid, &before);
        if (before.vcpu != first_vcpu(state.vcpu)) {
                pair->counts->placed += before.vcpu == REF_NO_VCPU;
                pair->counts->moved += before.vcpu != REF_NO_VCPU;
        }
        why = ref_place(pair->ref, intid, first_vcpu(state.vcpu));
        if (why)
                pair_differ(pair, "INTID %u at vCPU %" PRId32 ": %s", intid, (int32_t)state.vcpu,
                            why);
}

static void place_all(struct pair *pair)
{
        const struct ref_config *config = pair->config;

        if (!config->one_of_n)
                return;
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                if (port_list_registers() && pair->in_guest[i])
                        return;
        for (uint32_t i = 0; i < config->n_spis; i++)
                place(pair, VGIC_SPI_FIRST + i);
        for (uint32_t i = 0; i < config->n_espis; i++)
                place(pair, VGIC_ESPI_FIRST + i);
}

static void same_lines(struct pair *pair, uint32_t vcpu, unsigned lines)
{
        unsigned want = ref_lines(pair->ref, vcpu);

        if (lines != want)
                pair_differ(pair, "lines of vCPU %u (1 IRQ, 2 FIQ): %u, the model says %u", vcpu,
                            lines, want);
}

/* Of a vCPU that neither executes guest code nor waits. */
static void same_at_rest(struct pair *pair, uint32_t vcpu, unsigned lines)
{
        int got = vgic_vcpu_wake_requested(pair->vcpus[vcpu]);
        int want = ref_wakes(pair->ref, vcpu);

        same_lines(pair, vcpu, lines);
        if (got != want)
                pair_differ(pair, "WakeRequest of vCPU %u: %d, the model says %d", vcpu, got, want);
}

void pair_come_out(struct pair *pair, uint32_t vcpu)
{
        if (pair->in_guest[vcpu]) {
                pair->in_guest[vcpu] = false;
                if (!port_list_registers())
                        vgic_vcpu_leave(pair->vcpus[vcpu]);
                else if (vgic_lr_exit(pair->vcpus[vcpu], &pair->banks[vcpu]) < 0)
                        pair_differ(pair, "vgic_lr_exit of vCPU %u", vcpu);
        }
        if (!pair->parked[vcpu])
                return;
        pair->parked[vcpu] = false;
        ref_park(pair->ref, vcpu, false);
        same_at_rest(pair, vcpu, vgic_vcpu_park_end(pair->vcpus[vcpu]));
}

/*
 * A parked vCPU with an interrupt, or asked to wake for one, must have been rung. Rung for nothing,
 * it looks and sleeps again, as a host does.
 */
static void look_at_parked(struct pair *pair, uint32_t vcpu)
{
        struct pollfd doorbell = { .fd = vgic_vcpu_fd(pair->vcpus[vcpu]), .events = POLLIN };
        bool rung = poll(&doorbell, 1, 0) == 1;

        if (!rung && (ref_lines(pair->ref, vcpu) || ref_wakes(pair->ref, vcpu)))
                pair_differ(pair, "vCPU %u is parked, has an interrupt, and nobody rang", vcpu);
        if (!rung)
                return;
        pair->counts->woken++;
        pair_come_out(pair, vcpu);
        if (!ref_lines(pair->ref, vcpu) && !ref_wakes(pair->ref, vcpu) &&
            vgic_vcpu_park_begin(pair->vcpus[vcpu]) == 0) {
                pair->parked[vcpu] = true;
                ref_park(pair->ref, vcpu, true);
        }
}

/*
 * A vCPU that entered with no line asserted must have been kicked if one is now. Kicked, it comes
 * out; from a list-register port with the next step in any case: as long as it is in guest, SPIs
 * may have to wait for it (the gate of TDIR).
 */
static void look_at_guest(struct pair *pair, uint32_t vcpu)
{
        if (!pair->kicks[vcpu] && !pair->presented[vcpu] && ref_lines(pair->ref, vcpu))
                pair_differ(pair, "vCPU %u is in guest, has an interrupt, and nobody kicked it",
                            vcpu);
        if (port_list_registers() && !pair->has_just_entered[vcpu] && !pair->kicks[vcpu])
                pair_come_out(pair, vcpu);
        if (!pair->kicks[vcpu])
                return;
        pair->counts->kicked++;
        pair_come_out(pair, vcpu);
        if (!port_list_registers()) /* else when all have come out */
                same_lines(pair, vcpu, vgic_vcpu_lines(pair->vcpus[vcpu]));
}

/* --- interrupts --- */

static void same_irq(struct pair *pair, uint32_t vcpu, uint32_t intid)
{
        struct vgic_irq_state got = { 0 };
        struct ref_irq_state want;
        bool there = ref_irq_state(pair->ref, vcpu, intid, &want);
        bool waits_nowhere;

        if ((vgic_vm_irq_state(pair->vm, vcpu, intid, &got) == 0) != there) {
                pair_differ(pair, "INTID %u exists in one of both only", intid);
                return;
        }
        if (!there)
                return;
        if (got.enabled != want.enabled || got.pending != want.pending ||
            got.active != want.active || got.group != want.group1 || got.edge != want.edge ||
            got.line != want.line || got.priority != want.priority ||
            got.acknowledged != want.acknowledged)
                pair_differ(pair,
                            "INTID %u of vCPU %u (enabled pending active group edge line priority "
                            "acknowledged): %u%u%u %u%u%u 0x%02x "
                            "%" PRIu64
                            ", the model says %u%u%u %u%u%u 0x%02x %" PRIu64,
                            intid, vcpu, got.enabled, got.pending, got.active, got.group, got.edge,
                            got.line, got.priority, got.acknowledged, want.enabled, want.pending,
                            want.active, want.group1, want.edge, want.line, want.priority,
                            want.acknowledged);
        /* Where a 1-of-N interrupt is that waits for nothing is nobody's business. */
        waits_nowhere = want.one_of_n && !ref_waits_for_place(pair->ref, intid);
        if (!waits_nowhere && first_vcpu(got.vcpu) != want.vcpu)
                pair_differ(pair, "INTID %u goes to vCPU %" PRId32 ", the model says %" PRId32,
                            intid, (int32_t)got.vcpu, (int32_t)want.vcpu);
        if ((!want.active || want.holder != REF_NO_VCPU) && first_vcpu(got.holder) != want.holder)
                pair_differ(pair, "INTID %u is held by vCPU %" PRId32 ", the model says %" PRId32,
                            intid, (int32_t)got.holder, (int32_t)want.holder);
}

static void same_irq_everywhere(struct pair *pair, uint32_t intid)
{
        uint32_t n = is_private(intid) ? pair->config->n_vcpus : 1;

        for (uint32_t i = 0; i < n && pair_agrees(pair); i++)
                same_irq(pair, i, intid);
}

/* TDIR is never clear while an SPI is in flight; it may stay set for longer. */
static void tdir_is_set_in_flight(struct pair *pair)
{
        struct vgic_tdir tdir = { 0 };

        vgic_vm_tdir(pair->vm, &tdir);
        if (!tdir.set && ref_in_flight(pair->ref))
                pair_differ(pair, "TDIR is clear while an SPI is in flight");
}

void pair_compare_step(struct pair *pair)
{
        bool at_rest = true;

        place_all(pair);
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++) {
                if (pair->in_guest[i])
                        look_at_guest(pair, i);
                at_rest = at_rest && !(port_list_registers() && pair->in_guest[i]);
        }
        memset(pair->has_just_entered, 0, sizeof(pair->has_just_entered));
        if (!at_rest)
                return; /* what is in list registers is compared when it has been folded */
        place_all(pair);
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                if (pair->parked[i])
                        look_at_parked(pair, i);
                else if (pair->vcpus[i] && !pair->in_guest[i])
                        same_at_rest(pair, i, vgic_vcpu_lines(pair->vcpus[i]));
        for (uint32_t i = 0; i < pair->program->n_intids && pair_agrees(pair); i++)
                same_irq_everywhere(pair, pair->program->intids[i]);
        tdir_is_set_in_flight(pair);
}

/* --- everything --- */

static void same_gicd(struct pair *pair, uint32_t offset)
{
        uint64_t got = 0, want = ref_gicd_read(pair->ref, offset, 4);

        vgic_gicd_read(pair->vm, offset, 4, &got);
        if (got != want)
                pair_differ(pair, "GICD + 0x%04x: 0x%" PRIx64 ", the model says 0x%" PRIx64, offset,
                            got, want);
}

static void same_gicr(struct pair *pair, uint32_t vcpu, uint32_t offset)
{
        uint64_t where = (uint64_t)vcpu * GICR_STRIDE + offset, got = 0,
                 want = ref_gicr_read(pair->ref, where, 4);

        vgic_gicr_read(pair->vm, where, 4, &got);
        if (got != want)
                pair_differ(pair,
                            "GICR of vCPU %u + 0x%05x: 0x%" PRIx64 ", the model says 0x%" PRIx64,
                            vcpu, offset, got, want);
}

static void same_mmio(struct pair *pair, bool every_offset)
{
        const struct ref_config *config = pair->config;
        uint32_t words = every_offset ? 0x4000 : 0x400;

        for (uint32_t i = 0; i < words && pair_agrees(pair); i++)
                same_gicd(pair, i * 4);
        for (uint32_t i = 0; i < config->n_spis * 2 && pair_agrees(pair); i++)
                same_gicd(pair, 0x6100 + i * 4);
        for (uint32_t i = 0; i < config->n_espis * 2 && pair_agrees(pair); i++)
                same_gicd(pair, 0x8000 + i * 4);
        for (uint32_t vcpu = 0; vcpu < config->n_vcpus; vcpu++) {
                for (uint32_t i = 0; i < (every_offset ? 0x4000u : 8) && pair_agrees(pair); i++)
                        same_gicr(pair, vcpu, i * 4);
                for (uint32_t i = 0; i < (every_offset ? 0x4000u : 0x400) && pair_agrees(pair); i++)
                        same_gicr(pair, vcpu, 0x10000 + i * 4);
        }
}

static void same_icc(struct pair *pair, uint32_t vcpu)
{
        static const uint32_t regs[] = {
                VGIC_ICC_PMR_EL1,     VGIC_ICC_BPR0_EL1,    VGIC_ICC_BPR1_EL1,
                VGIC_ICC_CTLR_EL1,    VGIC_ICC_SRE_EL1,     VGIC_ICC_IGRPEN0_EL1,
                VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_RPR_EL1,     VGIC_ICC_HPPIR0_EL1,
                VGIC_ICC_HPPIR1_EL1,  VGIC_ICC_AP0R_EL1(0), VGIC_ICC_AP0R_EL1(1),
                VGIC_ICC_AP0R_EL1(2), VGIC_ICC_AP0R_EL1(3), VGIC_ICC_AP1R_EL1(0),
                VGIC_ICC_AP1R_EL1(1), VGIC_ICC_AP1R_EL1(2), VGIC_ICC_AP1R_EL1(3),
                VGIC_ICC_EOIR1_EL1,   VGIC_ICC_DIR_EL1,     VGIC_SYSREG(3, 0, 12, 10, 0),
        };

        for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
                uint64_t got = 0, want = 0;
                int r = port_sysreg_read(pair->vcpus[vcpu], regs[i], &got);
                int should = ref_icc_read(pair->ref, vcpu, regs[i], &want);

                if (r != should || got != want)
                        pair_differ(pair,
                                    "ICC register 0x%x of vCPU %u: %d, 0x%" PRIx64
                                    "; the model says %d, 0x%" PRIx64,
                                    regs[i], vcpu, r, got, should, want);
        }
}

/*
 * The three values of ICC_CTLR_EL1 that anybody may read; the writable fields are CBPR,
 * EOImode and PMHE.
 */
static void same_ctlr(struct pair *pair, uint32_t vcpu)
{
        const uint64_t writable = 1 << 0 | 1 << 1 | 1 << 6;
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t live = 0;

        ref_icc_read(pair->ref, vcpu, VGIC_ICC_CTLR_EL1, &live);
        vgic_vm_icc_ctlr(pair->vm, vcpu, &ctlr);
        if (ctlr.live != live || ctlr.arch_default != (live & ~writable))
                pair_differ(pair,
                            "ICC_CTLR_EL1 of vCPU %u, live and default: 0x%x 0x%x, the model says "
                            "0x%x 0x%x",
                            vcpu, ctlr.live, ctlr.arch_default, (unsigned)live,
                            (unsigned)(live & ~writable));
        if (((ctlr.valid & VGIC_ICC_CTLR_CONFIGURED) != 0) != pair->is_configured[vcpu] ||
            (pair->is_configured[vcpu] && ctlr.configured != pair->configured[vcpu]))
                pair_differ(pair, "ICC_CTLR_EL1 of vCPU %u as configured: 0x%x, it was 0x%x", vcpu,
                            ctlr.configured, (unsigned)pair->configured[vcpu]);
}

/* What others see of a CPU interface, without running there. */
static void same_vcpu(struct pair *pair, uint32_t vcpu)
{
        struct vgic_vcpu_state state = { 0 };
        uint64_t pmr = 0, rpr = 0, group0 = 0, group1 = 0;
        uint64_t waker = ref_gicr_read(pair->ref, (uint64_t)vcpu * GICR_STRIDE + 0x14, 4);

        ref_icc_read(pair->ref, vcpu, VGIC_ICC_PMR_EL1, &pmr);
        ref_icc_read(pair->ref, vcpu, VGIC_ICC_RPR_EL1, &rpr);
        ref_icc_read(pair->ref, vcpu, VGIC_ICC_IGRPEN0_EL1, &group0);
        ref_icc_read(pair->ref, vcpu, VGIC_ICC_IGRPEN1_EL1, &group1);
        vgic_vm_vcpu_state(pair->vm, vcpu, &state);
        if (state.pmr != pmr || state.running_priority != rpr ||
            state.group_enables != (group0 | group1 << 1))
                pair_differ(pair,
                            "vCPU %u from outside (PMR RPR groups): %x %x %x, the model says %x %x "
                            "%x",
                            vcpu, state.pmr, state.running_priority, state.group_enables,
                            (unsigned)pmr, (unsigned)rpr, (unsigned)(group0 | group1 << 1));
        if (state.acknowledged != ref_acknowledged(pair->ref, vcpu))
                pair_differ(pair, "vCPU %u acknowledged %" PRIu64 ", the model says %" PRIu64, vcpu,
                            state.acknowledged, ref_acknowledged(pair->ref, vcpu));
        if (state.mpidr != pair->config->mpidrs[vcpu] || (state.asleep != 0) != (waker != 0))
                pair_differ(pair, "vCPU %u: MPIDR 0x%" PRIx64 ", asleep %u", vcpu, state.mpidr,
                            state.asleep);
        if (state.parked != pair->parked[vcpu] || state.registered != (pair->vcpus[vcpu] != NULL))
                pair_differ(pair, "vCPU %u: parked %u registered %u", vcpu, state.parked,
                            state.registered);
}

/*
 * Asked, the daemon looks: TDIR is what the model says, exactly. With list-register ports it is
 * cleared when it has been set for the lag.
 */
static void same_tdir(struct pair *pair)
{
        struct vgic_tdir tdir = { 0 };
        unsigned looks = 0;
        int r;

        do
                r = vgic_msg_tdir(pair->conn, "model", &tdir);
        while (r == 0 && tdir.set && !ref_in_flight(pair->ref) && port_list_registers() &&
               ++looks < LOOKS_FOR_LAG);
        if (r < 0)
                pair_differ(pair, "TDIR: %s", vgic_conn_error(pair->conn));
        else if (tdir.set != ref_in_flight(pair->ref))
                pair_differ(pair, "TDIR is %u, the model says %u", tdir.set,
                            ref_in_flight(pair->ref));
}

/* Each access in error is counted, and nothing else is. */
static void same_errors(struct pair *pair)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        if (vgic_vm_query(pair->conn, "model", &info) < 0)
                pair_differ(pair, "query: %s", vgic_conn_error(pair->conn));
        else if (info.guest_errors != ref_guest_errors(pair->ref))
                pair_differ(pair, "guest errors: %" PRIu64 ", the model says %" PRIu64,
                            info.guest_errors, ref_guest_errors(pair->ref));
}

void pair_compare_all(struct pair *pair, bool every_offset)
{
        const struct ref_config *config = pair->config;

        for (uint32_t i = 0; port_list_registers() && i < config->n_vcpus; i++)
                if (pair->in_guest[i])
                        pair_come_out(pair, i);
        place_all(pair);
        for (uint32_t i = 0; i < VGIC_SPI_FIRST + config->n_spis && pair_agrees(pair); i++)
                same_irq_everywhere(pair, i);
        for (uint32_t i = 0; i < config->n_eppis && pair_agrees(pair); i++)
                same_irq_everywhere(pair, VGIC_EPPI_FIRST + i);
        for (uint32_t i = 0; i < config->n_espis && pair_agrees(pair); i++)
                same_irq_everywhere(pair, VGIC_ESPI_FIRST + i);
        for (uint32_t i = 0; i < config->n_vcpus && pair_agrees(pair); i++) {
                same_vcpu(pair, i);
                same_ctlr(pair, i);
                if (pair->vcpus[i] && !pair->parked[i] && !pair->in_guest[i])
                        same_icc(pair, i);
        }
        same_tdir(pair);
        if (!pair->program->brief)
                same_mmio(pair, every_offset);
        same_errors(pair);
}
