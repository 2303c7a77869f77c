/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Reading from outside, while the guest runs
 *
 * The states of interrupts and vCPUs, ICC_CTLR_EL1 and TDIR, for any process that maps the segment.
 * Nothing is stopped; two calls may see two moments. Each is a handful of atomic loads, but for
 * vgic_vm_irq_state(), which asks a vCPU in guest to fold and waits for it (VGIC_FOLD_WAIT_NS), and
 * vgic_vm_tdir_stats(), which looks at every vCPU.
 */
#include "vgic-conn.h"
#include "vgic-private.h"

#include "gic-route.h"
#include "shm-icc-ctlr.h"
#include "shm-read.h"
#include "shm-tdir.h"

/* The rest of vgic_vm_icc_ctlr(): mirrors, vCPUs that no guest has configured, refused calls. */
static __attribute__((noinline)) int icc_ctlr_any(struct vgic_vm *vm, uint32_t index,
                                                  struct vgic_icc_ctlr *ret_ctlr)
{
        struct shm_icc_ctlr ctlr;
        int r = vgic_vm_check_any(vm, false);

        if (r == 0)
                r = shm_read_icc_ctlr(&vm->gic, index, &ctlr);
        if (r < 0)
                return r;
        *ret_ctlr =
                (struct vgic_icc_ctlr) { ctlr.arch_default, ctlr.configured, ctlr.live,
                                        ctlr.valid };
        return 0;
}

/*
 * What is read most: a call, or a copy of the three values, would cost more than the two loads. Of
 * a vCPU whose guest has configured it all three are known, and nothing is to be picked out.
 */
VGIC_EXPORT int vgic_vm_icc_ctlr(struct vgic_vm *vm, uint32_t index, struct vgic_icc_ctlr *ret_ctlr)
{
        const uint32_t mask = (UINT32_C(1) << SHM_ICC_CTLR_BITS) - 1;
        uint64_t w;

        if (__builtin_expect(!vgic_vm_may_read(vm) || index >= vm->gic.n_vcpus, 0))
                return icc_ctlr_any(vm, index, ret_ctlr);
        w = shm_icc_ctlr_load(&vm->gic.vcpus[index]);
        if (__builtin_expect((w & SHM_ICC_CTLR_VALID) != SHM_ICC_CTLR_VALID, 0))
                return icc_ctlr_any(vm, index, ret_ctlr);
        ret_ctlr->arch_default = (uint32_t)(w >> SHM_ICC_CTLR_DEFAULT_SHIFT) & mask;
        ret_ctlr->configured = (uint32_t)(w >> SHM_ICC_CTLR_CONFIGURED_SHIFT) & mask;
        ret_ctlr->live = (uint32_t)w & mask;
        ret_ctlr->valid = VGIC_ICC_CTLR_DEFAULT | VGIC_ICC_CTLR_CONFIGURED | VGIC_ICC_CTLR_LIVE;
        return 0;
}

VGIC_EXPORT int vgic_vm_irq_state(struct vgic_vm *vm, uint32_t index, uint32_t intid,
                                  struct vgic_irq_state *ret_state)
{
        struct shm_irq_state state;
        int r = vgic_vm_check(vm, false);

        if (r == 0)
                r = shm_read_irq_folded(&vm->gic, index, intid, &state);
        if (r < 0)
                return r;
        *ret_state = (struct vgic_irq_state) {
                .intid = intid, .vcpu = state.vcpu, .holder = state.holder,
                .enabled = state.enabled, .pending = state.pending, .active = state.active,
                .group = state.group,
                .edge = state.edge, .line = state.line, .latch = state.latch,
                .priority = state.priority,
                .one_of_n = state.one_of_n, .stale = state.stale,
                .acknowledged = state.acknowledged,
        };
        return 0;
}

VGIC_EXPORT int vgic_vm_ack_count(struct vgic_vm *vm, uint32_t index, uint32_t intid,
                                  uint64_t *ret_count)
{
        int r = vgic_vm_check(vm, false);

        return r < 0 ? r : shm_read_count(&vm->gic, index, intid, ret_count);
}

VGIC_EXPORT int vgic_vm_vcpu_state(struct vgic_vm *vm, uint32_t index,
                                   struct vgic_vcpu_state *ret_state)
{
        struct shm_vcpu_state state;
        int r = vgic_vm_check(vm, false);

        if (r == 0)
                r = shm_read_vcpu(&vm->gic, index, &state);
        if (r < 0)
                return r;
        *ret_state = (struct vgic_vcpu_state) {
                .registered = state.owner_pid != 0, .powered = state.powered,
                .parked = state.parked,
                .asleep = state.asleep, .mpidr = gic_route_mpidr(state.affinity), .pmr = state.pmr,
                .running_priority = state.running_priority,
                .group_enables = state.group_enables, .acknowledged = state.acknowledged,
                .parks = state.parks,
                .resets = state.resets,
        };
        return 0;
}

VGIC_EXPORT int vgic_vm_tdir(struct vgic_vm *vm, struct vgic_tdir *ret_tdir)
{
        int r = vgic_vm_check(vm, false);

        if (r < 0)
                return r;
        ret_tdir->set = shm_tdir_get(&vm->gic, &ret_tdir->generation, &ret_tdir->n_in_flight);
        return 0;
}

VGIC_EXPORT int vgic_vm_tdir_stats(struct vgic_vm *vm, struct vgic_tdir_stats *ret_stats)
{
        int r = vgic_vm_check(vm, false);
        struct shm_tdir_stats counts;
        struct vgic_tdir_stats stats;

        if (r < 0)
                return r;
        counts = shm_tdir_read_stats(&vm->gic);
        stats = (struct vgic_tdir_stats) {
                .traps = shm_tdir_count_traps(&vm->gic), .broadcasts = counts.broadcasts,
                .suppressed = counts.suppressed,
        };
        stats.set = shm_tdir_get(&vm->gic, &stats.generation, &stats.n_in_flight);
        stats.cause = stats.set ? counts.cause : 0;
        return vgic_options_give(NULL, &stats, sizeof(stats), ret_stats);
}
