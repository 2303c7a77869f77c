/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports and their guests: see death.h
 *
 * The hardware is icv/ on a bank that lies outside of the segment, as that of a real machine: it
 * outlives its process in the test's memory only.
 */
#include "death.h"
#include "gic-icc.h"
#include "icv.h"
#include "shm-gate.h"
#include "shm-port.h"

static char said[160];

#define SAY(...)  (snprintf(said, sizeof said, __VA_ARGS__), said)

void death_port(uint32_t v, unsigned n)
{
        if (n || rig.gic.vcpus[v].port)
                shm_port_configure(&rig.gic, v, n);
}

static unsigned n_list_registers(uint32_t v)
{
        return rig.gic.vcpus[v].port >> SHM_PORT_N_SHIFT;
}

bool death_is_in_guest(uint32_t v)
{
        return rig.gic.vcpus[v].port & SHM_PORT_IN;
}

static struct icv_params params_of(uint32_t v)
{
        return (struct icv_params) { .n_list_registers = (uint8_t)n_list_registers(v),
                                    .n_priority_bits = 5 };
}

/* --- in and out --- */

static void fill(struct vgic_lr_bank *to, const struct shm_port_bank *from)
{
        *to = (struct vgic_lr_bank) { .ich_vmcr = from->ich_vmcr, .ich_hcr = from->ich_hcr };
        memcpy(to->ich_lr, from->ich_lr, sizeof to->ich_lr);
        memcpy(to->ich_ap0r, from->ich_ap0r, sizeof to->ich_ap0r);
        memcpy(to->ich_ap1r, from->ich_ap1r, sizeof to->ich_ap1r);
}

void death_enter(uint32_t v)
{
        struct shm_port_bank bank;

        memset(death_page->in_guest[v], 0, sizeof death_page->in_guest[v]);
        shm_port_enter(&rig.gic, v, &bank);
        fill(&death_page->banks[v], &bank);
}

void death_exit(uint32_t v)
{
        const struct vgic_lr_bank *from = &death_page->banks[v];
        struct shm_port_bank bank = { .ich_vmcr = from->ich_vmcr, .ich_hcr = from->ich_hcr };

        memcpy(bank.ich_lr, from->ich_lr, sizeof bank.ich_lr);
        memcpy(bank.ich_ap0r, from->ich_ap0r, sizeof bank.ich_ap0r);
        memcpy(bank.ich_ap1r, from->ich_ap1r, sizeof bank.ich_ap1r);
        shm_port_exit(&rig.gic, v, &bank);
        death_guest_folds(v);
}

/* --- the guest --- */

uint32_t death_guest_ack(uint32_t v)
{
        struct icv_params params = params_of(v);
        uint64_t intid = NONE;

        if (icv_read(&params, &death_page->banks[v], ICC_IAR1, &intid) == ICV_TRAPPED) {
                death_exit(v);
                intid = mrs(&rig, v, ICC_IAR1);
                if (intid != NONE)
                        death_page->taken[v][intid]++;
                death_enter(v);
        } else if (intid != NONE) {
                death_page->in_guest[v][intid]++;
        }
        return (uint32_t)intid;
}

bool death_guest_write(uint32_t v, uint32_t reg, uint64_t value)
{
        struct icv_params params = params_of(v);

        return icv_write(&params, &death_page->banks[v], reg, value) == ICV_DONE;
}

/* What traps is done by the VMM. */
static void guest_writes(uint32_t v, uint32_t reg, uint64_t value)
{
        if (death_guest_write(v, reg, value))
                return;
        death_exit(v);
        msr(&rig, v, reg, value);
        death_enter(v);
}

void death_guest_works(uint32_t v)
{
        for (uint32_t intid = death_guest_ack(v); intid != NONE; intid = death_guest_ack(v)) {
                death_lower(v, intid);
                guest_writes(v, ICC_EOIR1, intid);
                guest_writes(v, ICC_DIR, intid);
        }
}

void death_guest_folds(uint32_t v)
{
        for (uint32_t intid = 0; intid < 32 + N_SPIS; intid++) {
                death_page->taken[v][intid] += death_page->in_guest[v][intid];
                death_page->in_guest[v][intid] = 0;
        }
}

/* --- either kind --- */

uint32_t death_read_iar(uint32_t v, unsigned group)
{
        struct icv_params params = params_of(v);
        uint32_t reg = group ? ICC_IAR1 : ICC_IAR0;
        uint64_t intid = NONE;

        if (!n_list_registers(v))
                return (uint32_t)mrs(&rig, v, reg);
        death_enter(v);
        if (icv_read(&params, &death_page->banks[v], reg, &intid) != ICV_TRAPPED) {
                death_exit(v);
                return (uint32_t)intid;
        }
        death_exit(v);
        return (uint32_t)mrs(&rig, v, reg);
}

void death_write(uint32_t v, uint32_t reg, uint64_t value)
{
        bool trapped = true;

        if (n_list_registers(v)) {
                death_enter(v);
                trapped = !death_guest_write(v, reg, value);
                death_exit(v);
        }
        if (trapped)
                msr(&rig, v, reg, value);
}

/* --- laws --- */

static bool is_listed(const struct shm_vcpu *vcpu, uint32_t intid)
{
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++)
                if ((vcpu->bank.ich_lr[i] & VGIC_ICH_LR_STATE) &&
                    (uint32_t)vcpu->bank.ich_lr[i] == intid)
                        return true;
        return false;
}

void death_tell(void)
{
        death_page->told = death_page->raised + 1;
        if (shm_tdir_get(&death_daemon, NULL, NULL))
                shm_gate_ring_untrapped(&death_daemon);
}

const char *death_check_living(uint32_t v)
{
        const struct shm_vcpu *vcpu = &rig.gic.vcpus[v];

        if (!death_is_in_guest(v))
                return NULL;
        if (death_page->told != death_page->raised + 1)
                death_tell();
        if (death_page->rings[v])
                return NULL;
        if (vcpu->request & (SHM_REQUEST_RESET | SHM_REQUEST_APR))
                return SAY("vCPU %u is in guest, something is asked of it, nobody has rung", v);
        if (!(vcpu->port & SHM_PORT_TRAPS) && shm_tdir_get(&rig.gic, NULL, NULL))
                return SAY("vCPU %u is in guest, does not trap, TDIR is set, nobody has rung", v);
        return NULL;
}

/* What @v does not know of yet, for which it has to leave its guest. */
static const char *check_word(uint32_t v, uint32_t intid, uint64_t w, bool private)
{
        const struct shm_vcpu *vcpu = &rig.gic.vcpus[v];

        if (!(w & GIC_WORD_RESIDENT)) {
                uint64_t groups = (vcpu->cpuif & SHM_CPUIF_ASLEEP)
                                          ? 0
                                          : rig.gic.header->gicd_ctlr &
                                                    (vcpu->cpuif >> SHM_CPUIF_GRPEN_SHIFT);

                if (gic_word_deliverable(w) && gic_word_route(w) == v && !death_page->rings[v] &&
                    death_is_in_guest(v) && (groups >> gic_word_group(w) & 1))
                        return SAY("vCPU %u stays in guest, %u is for it, and nobody has rung", v,
                                   intid);
                return NULL;
        }
        if (gic_word_holder(w) != v)
                return private ? SAY("vCPU %u: %u is resident at %u", v, intid, gic_word_holder(w))
                               : NULL;
        if (!death_is_in_guest(v) || !is_listed(vcpu, intid))
                return SAY("%u is resident at vCPU %u, which does not have it", intid, v);
        return (w & GIC_WORD_FOLD) && !death_page->rings[v]
                       ? SAY("%u: vCPU %u is to fold it, and nobody has rung", intid, v)
                       : NULL;
}

static const char *check_port(const struct death_act *act, uint32_t v)
{
        const struct shm_vcpu *vcpu = &rig.gic.vcpus[v];
        bool dead = death_is_dead(act, v);
        const char *broken = NULL;

        if (dead && (vcpu->port & (SHM_PORT_IN | SHM_PORT_TRAPS)))
                return SAY("vCPU %u is dead, and in guest", v);
        for (unsigned i = 0; dead && i < SHM_N_LIST_REGISTERS; i++)
                if (vcpu->bank.ich_lr[i])
                        return SAY("vCPU %u is dead, and its list register %u is full", v, i);
        for (uint32_t i = 0; i < 32 && !broken; i++)
                broken = check_word(v, i, vcpu->words[i], true);
        for (uint32_t i = 0; i < N_SPIS && !broken; i++)
                broken = check_word(v, 32 + i, rig.gic.spis[i].word, false);
        if (!broken && (vcpu->port & (SHM_PORT_IN | SHM_PORT_TRAPS)) == SHM_PORT_IN &&
            shm_tdir_get(&rig.gic, NULL, NULL) && !death_page->rings[v])
                broken = SAY("vCPU %u is in guest without trapping, TDIR is set, and nobody has "
                             "rung", v);
        return broken;
}

const char *death_check_ports(const struct death_act *act)
{
        const char *broken = NULL;

        for (uint32_t v = 0; v < N_VCPUS && !broken; v++)
                broken = check_port(act, v);
        for (uint32_t i = 0; i < N_SPIS && !broken; i++)
                if ((rig.gic.spis[i].word & GIC_WORD_RESIDENT) &&
                    gic_word_holder(rig.gic.spis[i].word) >= N_VCPUS)
                        broken = SAY("%u is resident at nobody", 32 + i);
        return broken;
}
