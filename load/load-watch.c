/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The two processes beside the vCPUs: the observer, who may only read, and the resetter
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

#define LIMIT_NS  UINT64_C(60000000000) /* generous: only something that hangs takes as long */

/*
 * ICC_CTLR_EL1: CBPR, EOImode and PMHE may change; the other fields are those of the architecture's
 * default.
 */
#define ICC_CTLR_EOIMODE     0x02u
#define ICC_CTLR_CHANGEABLE  0x43u

/*
 * From any process and at any time, also during a reset, the register has to be readable, with the
 * architecture's fixed fields; and with the EOImode that its vCPU wrote, once it has written it.
 */
void load_check_icc_ctlr(struct load_peer *peer, uint32_t vcpu)
{
        struct load *load = peer->load;
        uint32_t configured = atomic_load(&load->vcpus[vcpu].configured);
        struct vgic_icc_ctlr ctlr = { 0 };
        bool holds;
        int ret;

        ret = vgic_vm_icc_ctlr(peer->vm, vcpu, &ctlr);
        holds = ret == 0 && ctlr.valid & VGIC_ICC_CTLR_DEFAULT && ctlr.valid & VGIC_ICC_CTLR_LIVE &&
                !((ctlr.live ^ ctlr.arch_default) & ~ICC_CTLR_CHANGEABLE);
        if (holds && configured)
                holds = !(ctlr.live & ICC_CTLR_EOIMODE) == !load_eoimode(vcpu);
        load_check(load, LOAD_LAW_ICC_CTLR, holds,
                   "ICC_CTLR_EL1 of vCPU %u: status %d, default 0x%x, live 0x%x, valid %u", vcpu,
                   ret,
                   ctlr.arch_default, ctlr.live, ctlr.valid);
}

/* The first interrupt that is not at rest. Return: true and its name, or false. */
static bool find_restless(struct load_peer *peer, char *name, size_t size)
{
        const struct load_options *options = &peer->load->options;
        struct vgic_irq_state state;

        for (uint32_t v = 0; v < options->n_vcpus; v++) {
                for (uint32_t intid = 0; intid < LOAD_N_SGIS; intid++) {
                        if (vgic_vm_irq_state(peer->vm, v, intid, &state) == 0 && !state.pending &&
                            !state.active)
                                continue;
                        snprintf(name, size, "SGI %u of vCPU %u is %s", intid, v,
                                 state.active ? "active" : "pending");
                        return true;
                }
                if (atomic_load(&peer->load->vcpus[v].mailbox) ||
                    !atomic_load(&peer->load->vcpus[v].drained)) {
                        snprintf(name, size, "vCPU %u is not done", v);
                        return true;
                }
        }
        for (uint32_t i = 0; i < options->n_spis; i++) {
                uint32_t intid = VGIC_SPI_FIRST + i;

                if (vgic_vm_irq_state(peer->vm, 0, intid, &state) == 0 && !state.pending &&
                    !state.active)
                        continue;
                snprintf(name, size, "SPI %u is %s", intid, state.active ? "active" : "pending");
                return true;
        }
        return false;
}

/* In DRAIN and LAST: wait until everything is at rest, and say so. */
static void observe_rest(struct load_peer *peer, enum load_phase phase)
{
        uint64_t end = load_now_ns() + LIMIT_NS;
        char name[64] = "";
        bool restless;

        do {
                restless = find_restless(peer, name, sizeof(name));
                if (restless)
                        load_nap();
        } while (restless && load_now_ns() < end && load_phase(peer->load) == phase);
        load_check(peer->load, LOAD_LAW_DRAINED, !restless, "not drained: %s", name);
        atomic_store(&peer->load->scanned, phase);
        while (load_phase(peer->load) == phase)
                load_nap();
}

/*
 * Reads as fast as it can, to meet the writers in the act. It has the observer's role: what it sees
 * is seen without the right to write. When the run is over it judges whether all is at rest.
 */
int load_observer(struct load *load)
{
        struct load_peer peer = { .load = load };
        uint64_t random = load->options.seed ^ 0xd1b54a32d192ed03;

        if (load_attach(&peer, VGIC_ROLE_OBSERVER) < 0)
                return 1;
        atomic_fetch_add(&load->n_joined, 1);
        while (load_phase(load) == LOAD_JOIN)
                load_nap();
        while (load_phase(load) == LOAD_RUN) {
                for (unsigned i = 0; i < 256; i++)
                        load_check_icc_ctlr(&peer, (uint32_t)(load_random(&random) %
                                            load->options.n_vcpus));
                atomic_fetch_add(&load->observer_reads, 256);
                sched_yield();
        }
        if (load_phase(load) == LOAD_DRAIN)
                observe_rest(&peer, LOAD_DRAIN);
        /* The first runner sends the last pulses before it lets LAST begin. */
        if (load_phase(load) == LOAD_LAST)
                observe_rest(&peer, LOAD_LAST);
        load_leave(&peer);
        return 0;
}

static uint64_t reset_count(struct load_peer *peer)
{
        struct vgic_vcpu_state state = { 0 };

        vgic_vm_vcpu_state(peer->vm, peer->load->options.reset_vcpu, &state);
        return state.resets;
}

/* Wait for *word == value. Return: false when the run ends or the limit passes. */
static bool wait_for(struct load *load, _Atomic uint32_t *word, uint32_t value)
{
        uint64_t end = load_now_ns() + LIMIT_NS;

        while (atomic_load(word) != value) {
                if (load_phase(load) != LOAD_RUN || load_now_ns() > end)
                        return false;
                sched_yield();
        }
        return true;
}

/*
 * Wait until each vCPU but the target has made a step since @before. Return: n_vcpus, or the first
 * that has not.
 */
static uint32_t wait_for_steps(struct load *load, const uint64_t *before)
{
        uint64_t end = load_now_ns() + LIMIT_NS;
        uint32_t v = 0;

        while (v < load->options.n_vcpus) {
                if (v == load->options.reset_vcpu ||
                    atomic_load(&load->vcpus[v].steps) != before[v])
                        v++;
                else if (load_now_ns() > end || load_phase(load) != LOAD_RUN)
                        return v;
                else
                        sched_yield();
        }
        return v;
}

/* Wait until a reset is applied after the first @resets of them. Return: how many there are now. */
static uint64_t wait_applied(struct load_peer *peer, uint64_t resets)
{
        uint64_t end = load_now_ns() + LIMIT_NS;

        while (reset_count(peer) == resets && load_now_ns() < end &&
               load_phase(peer->load) == LOAD_RUN)
                sched_yield();
        return reset_count(peer);
}

/*
 * One reset of a vCPU that is held, from the call until the target has applied it
 *
 * The target is held between two of its operations, so the reset stays unfinished for as long as
 * this process wants. In that window: the call has returned, ICC_CTLR_EL1 reads as reset, the
 * target has not applied it, and each other vCPU makes whole steps.
 */
static bool reset_held(struct load_peer *peer, uint64_t *before)
{
        struct load *load = peer->load;
        uint32_t target = load->options.reset_vcpu, late;
        struct vgic_icc_ctlr ctlr = { 0 };
        uint64_t resets, start;
        int ret;

        atomic_store(&load->hold, 1);
        if (!wait_for(load, &load->held, 1)) {
                if (load_phase(load) == LOAD_RUN)
                        load_give_up(load, "vCPU %u came to no gate", target);
                return false;
        }
        resets = reset_count(peer);
        start = load_now_ns();
        ret = vgic_vm_reset_vcpu(peer->vm, target);
        atomic_fetch_add(&load->reset_call_ns, load_now_ns() - start);
        /* Only now: a step that ended before the reset was asked for proves nothing. */
        for (uint32_t v = 0; v < load->options.n_vcpus; v++)
                before[v] = atomic_load(&load->vcpus[v].steps);
        vgic_vm_icc_ctlr(peer->vm, target, &ctlr);
        load_check(load, LOAD_LAW_ICC_CTLR, ctlr.live == ctlr.arch_default,
                   "ICC_CTLR_EL1 of vCPU %u reads 0x%x after its reset was asked for", target,
                   ctlr.live);
        late = wait_for_steps(load, before);
        load_check(load, LOAD_LAW_RESET, ret == 0 && late == load->options.n_vcpus &&
                   reset_count(peer) == resets,
                   "reset %llu: status %d, vCPU %u made no step, or the window closed too early",
                   (unsigned long long)atomic_load(&load->resets), ret, late);
        atomic_store(&load->hold, 0);
        load_check(load, LOAD_LAW_RESET, wait_applied(peer, resets) != resets,
                   "reset of vCPU %u was never applied",
                   target);
        atomic_fetch_add(&load->resets, 1);
        return late == load->options.n_vcpus && wait_for(load, &load->held, 0);
}

/*
 * One reset of a vCPU that runs: it is asked for at whatever point of whatever operation the target
 * has come to, and races with that. It must be applied, once.
 */
static bool reset_free(struct load_peer *peer)
{
        struct load *load = peer->load;
        uint32_t target = load->options.reset_vcpu;
        uint64_t end = load_now_ns() + LIMIT_NS, resets, now, start;
        uint64_t steps = atomic_load(&load->vcpus[target].steps);
        int ret;

        /* It has left the gate, and set itself up again after the reset before. */
        while (atomic_load(&load->vcpus[target].steps) == steps) {
                if (load_phase(load) != LOAD_RUN || load_now_ns() > end)
                        return false;
                sched_yield();
        }
        resets = reset_count(peer);
        start = load_now_ns();
        ret = vgic_vm_reset_vcpu(peer->vm, target);
        atomic_fetch_add(&load->reset_call_ns, load_now_ns() - start);
        load_check_icc_ctlr(peer, target);
        now = wait_applied(peer, resets);
        load_check(load, LOAD_LAW_FREE_RESET, ret == 0 && now == resets + 1,
                   "reset of vCPU %u while it ran: status %d, applied %llu times", target, ret,
                   (unsigned long long)(now - resets));
        atomic_fetch_add(&load->free_resets, 1);
        return now != resets;
}

/*
 * A VMM by role, since an observer may not reset. Each reset of the held vCPU is followed by one of
 * the running vCPU. "hold" is cleared at the end: else the target would make no step until the run
 * is over.
 */
int load_resetter(struct load *load)
{
        static uint64_t before[LOAD_MAX_VCPUS];
        struct load_peer peer = { .load = load };

        if (load_attach(&peer, VGIC_ROLE_VMM) < 0)
                return 1;
        atomic_fetch_add(&load->n_joined, 1);
        while (load_phase(load) == LOAD_JOIN)
                load_nap();
        for (uint64_t i = 0; i < load->options.n_resets && load_phase(load) == LOAD_RUN; i++)
                if (!reset_held(&peer, before) || !reset_free(&peer))
                        break;
        atomic_store(&load->hold, 0);
        while (load_phase(load) < LOAD_END)
                load_nap();
        load_leave(&peer);
        return 0;
}
