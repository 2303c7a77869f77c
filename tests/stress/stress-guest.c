/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Either kind of port: a guest's accesses, by traps or on the virtual CPU interface of icv/
 *
 * A list-register port enters for a single access, or for a while, in which others find what it has
 * resident: disabled, routed away, changed, cleared, ended by them. It leaves when it is rung, for
 * maintenance, or when it wants to; who is rung for a fold can be late, but not for ever.
 *
 * Laws    Beside those of laws.h: while a vCPU takes an SPI nobody is in guest without trapping
 *         ICC_DIR_EL1 (4); a DIR that did not trap was of what the same vCPU has in a list register
 *         (4); what is deliverable to a port in guest it has listed, or it was rung (3).
 * Law 1   What GICD_ICACTIVER ends before it is taken in guest is ended all the same when it is
 *         folded (doc/list-registers.md): rounds in which that can be are not judged by law 1.
 */
#include "stress.h"

#include "icv.h"
#include "shm-gate.h"
#include "shm-port.h"

static struct icv_params params_of(const struct party *p)
{
        return (struct icv_params) { .n_list_registers = p->n_lr, .n_priority_bits = 5 };
}

/* It is at rest, and so is everybody. */
void guest_choose(struct party *p)
{
        static const uint8_t numbers[] = { 0, 1, 1, 2, 4, 16 };
        int n = p->stress->list_registers;

        if (!n)
                return;
        p->n_lr = n > 0 ? (uint8_t)n : numbers[party_below(p, sizeof numbers)];
        shm_port_configure(&p->rig.gic, p->vcpu, p->n_lr);
        vcpu_keep(p);
        log_op(p, "list registers", p->vcpu, UINT32_MAX, p->n_lr, 0);
}

static void fill(struct vgic_lr_bank *to, const struct shm_port_bank *from)
{
        *to = (struct vgic_lr_bank) { .ich_vmcr = from->ich_vmcr, .ich_hcr = from->ich_hcr };
        memcpy(to->ich_lr, from->ich_lr, sizeof to->ich_lr);
        memcpy(to->ich_ap0r, from->ich_ap0r, sizeof to->ich_ap0r);
        memcpy(to->ich_ap1r, from->ich_ap1r, sizeof to->ich_ap1r);
}

bool guest_enter(struct party *p)
{
        struct shm_port_bank bank;

        if (!p->n_lr)
                return false;
        shm_port_enter(&p->rig.gic, p->vcpu, &bank);
        fill(&p->bank, &bank);
        p->in_guest = true;
        if (!(p->bank.ich_hcr & VGIC_ICH_HCR_TDIR))
                atomic_store(&p->stress->untrapped[p->vcpu], 1);
        log_op(p, "enter", p->vcpu, UINT32_MAX, p->bank.ich_lr[0], p->bank.ich_hcr);
        return true;
}

void guest_exit(struct party *p)
{
        struct shm_port_bank bank = { .ich_vmcr = p->bank.ich_vmcr, .ich_hcr = p->bank.ich_hcr };

        memcpy(bank.ich_lr, p->bank.ich_lr, sizeof bank.ich_lr);
        memcpy(bank.ich_ap0r, p->bank.ich_ap0r, sizeof bank.ich_ap0r);
        memcpy(bank.ich_ap1r, p->bank.ich_ap1r, sizeof bank.ich_ap1r);
        atomic_store(&p->stress->untrapped[p->vcpu], 0);
        p->in_guest = false;
        shm_port_exit(&p->rig.gic, p->vcpu, &bank);
        log_op(p, "exit", p->vcpu, UINT32_MAX, p->bank.ich_lr[0], p->bank.ich_hcr);
}

static bool has_listed(const struct party *p, uint32_t intid, uint64_t states)
{
        for (unsigned i = 0; i < p->n_lr; i++)
                if ((p->bank.ich_lr[i] & states) && (uint32_t)p->bank.ich_lr[i] == intid)
                        return true;
        return false;
}

/* --- accesses --- */

unsigned guest_lines(struct party *p)
{
        struct icv_params params = params_of(p);

        return p->in_guest ? icv_lines(&params, &p->bank) : shm_cpuif_lines(&p->rig.gic, p->vcpu);
}

/* Out of the guest now and then by the library, as a VMM may. */
static bool by_library(struct party *p)
{
        return !p->n_lr || (!p->in_guest && !party_below(p, 4));
}

uint64_t guest_read(struct party *p, uint32_t reg)
{
        struct icv_params params = params_of(p);
        bool single = !p->in_guest, trapped;
        uint64_t value = NONE;

        if (by_library(p))
                return mrs(&p->rig, p->vcpu, reg);
        if (single)
                guest_enter(p);
        trapped = icv_read(&params, &p->bank, reg, &value) == ICV_TRAPPED; /* TALL0, TALL1 */
        if (single || trapped)
                guest_exit(p);
        if (trapped)
                value = mrs(&p->rig, p->vcpu, reg);
        if (!single && trapped)
                guest_enter(p);
        return value;
}

/*
 * It was owed, so that it is active, unless somebody was allowed to end it:
 * then nobody may miss this.
 */
static void judge_dir(struct party *p, uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, intid));

        if (p->stress->unjudged || !(p->bank.ich_vmcr & VGIC_ICH_VMCR_VEOIM) ||
            !shm_gic_is_spi(&p->rig.gic, intid))
                return;
        if ((w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) && !(w & GIC_WORD_ACTIVE_OVERRIDDEN) &&
            gic_word_holder(w) != p->vcpu)
                laws_broken(p->stress->laws, &p->rig.gic, 4, p->vcpu, intid,
                            "ICC_DIR_EL1 did not trap, and it is of vCPU %u", gic_word_holder(w));
}

void guest_write(struct party *p, uint32_t reg, uint64_t value)
{
        struct icv_params params = params_of(p);
        bool single = !p->in_guest, trapped, own;

        if (by_library(p)) {
                msr(&p->rig, p->vcpu, reg, value);
                return;
        }
        if (single)
                guest_enter(p);
        own = has_listed(p, (uint32_t)value, VGIC_ICH_LR_ACTIVE);
        trapped = icv_write(&params, &p->bank, reg, value) == ICV_TRAPPED;
        if (!trapped && reg == ICC_DIR && !own)
                judge_dir(p, (uint32_t)value);
        if (single || trapped)
                guest_exit(p);
        if (trapped)
                msr(&p->rig, p->vcpu, reg, value);
        if (!single && trapped)
                guest_enter(p);
}

/* --- laws --- */

/*
 * Nobody has reset or deactivated it since this vCPU took it,
 * or listed it: only this vCPU can make it its own.
 */
static bool is_still_mine(const struct party *p, uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, intid));

        return gic_word_holder(w) == p->vcpu && (w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) &&
               !(w & GIC_WORD_ACTIVE_OVERRIDDEN);
}

void guest_judge(struct party *p, uint32_t intid)
{
        if (!shm_gic_is_spi(&p->rig.gic, intid))
                return;
        for (uint32_t v = 0; v < p->stress->n_vcpus; v++)
                if (v != p->vcpu && atomic_load(&p->stress->untrapped[v]) &&
                    is_still_mine(p, intid))
                        laws_broken(p->stress->laws, &p->rig.gic, 4, p->vcpu, intid,
                                    "acknowledged while vCPU %u is in guest and does not trap "
                                    "ICC_DIR_EL1", v);
}

/* Deliverable to this vCPU, which is in guest; not in a list register. */
static bool is_waiting(const struct party *p, uint32_t intid, bool is_open)
{
        uint64_t cpuif = shm_load(&p->rig.gic.vcpus[p->vcpu].cpuif, GATE_A1);
        uint64_t groups = shm_load(&p->rig.gic.header->gicd_ctlr, GATE_A2) &
                          (cpuif >> SHM_CPUIF_GRPEN_SHIFT);
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, intid));

        return !(cpuif & SHM_CPUIF_ASLEEP) && (groups >> gic_word_group(w) & 1) &&
               gic_word_wanting(w) && gic_word_route(w) == p->vcpu &&
               (is_open || gic_intid_is_private(intid));
}

/*
 * Asked for before or while this vCPU is in guest: whoever asked has rung it, or has not come to
 * that yet.
 */
static void judge_asked(struct party *p, uint32_t heard)
{
        for (unsigned times = 0; times < STRESS_GRACES; times++) {
                if (!laws_is_asked(&p->rig.gic, p->vcpu) || atomic_load(&p->rung) != heard)
                        return;
                laws_grace(p->stress->laws, p->who);
        }
        if (laws_is_asked(&p->rig.gic, p->vcpu) && atomic_load(&p->rung) == heard &&
            !party_stops(p))
                laws_broken(p->stress->laws, &p->rig.gic, 3, p->vcpu, UINT32_MAX,
                            "vCPU %u is in guest, something was asked of it, and nobody has rung",
                                    p->vcpu);
}

/* It was changed by somebody else, and is to be folded. */
static bool is_to_fold(const struct party *p, uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, intid));

        return (w & GIC_WORD_RESIDENT) && (w & GIC_WORD_FOLD) && gic_word_holder(w) == p->vcpu;
}

static bool has_room(const struct party *p)
{
        for (unsigned i = 0; i < p->n_lr; i++)
                if (!p->bank.ich_lr[i])
                        return true;
        return false;
}

/*
 * In guest, neither rung nor asked to leave for maintenance: what is to be folded, or, with a list
 * register to spare, waits, is told of by somebody who is not through with it yet. Of SPIs only if
 * the gate is open: who opened it has rung those whom it refused. With NPIE a list register can be
 * spare since what was for it changed meanwhile: the port knows that there is more.
 */
static void judge_silence(struct party *p, uint32_t heard)
{
        bool is_open = shm_gate_is_open(shm_load(&p->rig.gic.header->tdir, TDIR_A4)),
             room = has_room(p) && !(p->bank.ich_hcr & VGIC_ICH_HCR_NPIE);
        uint32_t n = shm_gic_n_private(&p->rig.gic), untold = NONE;

        for (uint32_t i = 0; i < n + shm_gic_n_spis(&p->rig.gic) && untold == NONE; i++) {
                uint32_t intid = i < n ? shm_gic_nth_private(i)
                                       : shm_gic_nth_spi(&p->rig.gic, i - n);

                if (is_to_fold(p, intid) || (room && is_waiting(p, intid, is_open)))
                        untold = intid;
        }
        if (untold == NONE)
                return;
        for (unsigned times = 0; times < STRESS_GRACES; times++) {
                laws_grace(p->stress->laws, p->who);
                is_open = shm_gate_is_open(shm_load(&p->rig.gic.header->tdir, TDIR_A4));
                if (!is_to_fold(p, untold) && !is_waiting(p, untold, is_open))
                        return;
        }
        if (atomic_load(&p->rung) == heard &&
            (is_to_fold(p, untold) || is_waiting(p, untold, is_open)) && !party_stops(p))
                laws_broken(p->stress->laws, &p->rig.gic, 3, p->vcpu, untold,
                            "vCPU %u is in guest, does not know of it, and nobody has rung",
                            p->vcpu);
}

void guest_session(struct party *p)
{
        struct laws *laws = p->stress->laws;
        struct icv_params params = params_of(p);
        uint32_t heard = atomic_load(&p->rung);
        bool maintenance = false;

        laws_enter(laws, p->who);
        guest_enter(p);
        laws_leave(laws, p->who);
        for (unsigned i = party_below(p, 40); i && atomic_load(&p->rung) == heard && !maintenance;
             i--) {
                uint32_t dice = party_below(p, 8);

                if (dice < 3) {
                        laws_enter(laws, p->who);
                        dice == 0 ? vcpu_take(p) : dice == 1 ? vcpu_end(p) : vcpu_drop_owed(p);
                        laws_leave(laws, p->who);
                } else {
                        unsigned n = party_below(p, 100);

                        while (n && atomic_load(&p->rung) == heard)
                                n--;
                }
                maintenance = icv_maintenance(&params, &p->bank);
        }
        judge_asked(p, heard);
        if (!maintenance && atomic_load(&p->rung) == heard && !party_below(p, 4))
                judge_silence(p, heard);
        laws_enter(laws, p->who);
        guest_exit(p);
        (void)shm_park_wanted(&p->rig.gic, p->vcpu);
        vcpu_was_reset(p);
        laws_leave(laws, p->who);
}

/* The daemon's, to which nobody has to listen here: every port leaves by itself. */
void op_broadcast(struct party *p)
{
        shm_gate_ring_untrapped(&p->rig.gic);
}
