/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Owner: see owner.h
 */
#include <errno.h>

#include "eoi.h"
#include "loop.h"
#include "owner.h"
#include "session.h"
#include "shm-cpuif.h"
#include "shm-owner.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "shm-reset.h"
#include "tdir.h"
#include "user.h"
#include "vm.h"

int owner_take(struct vm *vm, uint32_t index, struct session *session, unsigned n_list_registers)
{
        struct vm_vcpu *vcpu;
        int r;

        if (index >= vm->shape.n_vcpus)
                return -EINVAL;
        vcpu = &vm->vcpus[index];
        if (vcpu->owner)
                return -EBUSY;
        if (vcpu->was_owned) {
                r = shm_vcpu_repair(&vm->gic, index);
                if (r < 0)
                        return r;
                /* the dead owner may have owed one, which the repair has now posted */
                eoi_kick(vm);
        }
        r = shm_vcpu_own(&vm->gic, index,
                          session->id | (session->member.has_lock ? 0 : SHM_SESSION_SILENT),
                          (uint32_t)session->pid);
        if (r < 0)
                return r;
        shm_port_configure(&vm->gic, index, n_list_registers);
        vcpu->is_port = n_list_registers != 0;
        if (vcpu->is_port)
                tdir_add_port(vm);
        vcpu->owner = session;
        vcpu->was_owned = true;
        vm->n_registered++;
        vm->user->n_registered++;
        session->member.n_vcpus++;
        return 0;
}

/* When the daemon stops or the VM is destroyed, its guest may go on: nothing of it is touched. */
static bool guest_may_go_on(const struct vm *vm)
{
        return vm->loop->stopping || vm->destroyed;
}

/*
 * @repair finishes what its process left, unless that may still be running: then the next owner
 * has it done.
 */
static void release_vcpu(struct vm *vm, uint32_t index, struct session *session,
                    int (*repair)(struct shm_gic *gic, uint32_t vcpu))
{
        tdir_unsubscribe(vm, index);
        if (vm->vcpus[index].is_port)
                tdir_drop_port(vm);
        vm->vcpus[index].is_port = false;
        vm->vcpus[index].owner = NULL;
        vm->n_registered--;
        vm->user->n_registered--;
        session->member.n_vcpus--;
        if (guest_may_go_on(vm))
                return;
        shm_vcpu_release(&vm->gic, index);
        if (!session->expelled) {
                repair(&vm->gic, index);
                eoi_kick(vm); /* an end of interrupt may be owed that the repair has posted */
        }
}

int owner_release(struct vm *vm, uint32_t index, struct session *session)
{
        if (index >= vm->shape.n_vcpus || vm->vcpus[index].owner != session)
                return -EINVAL;
        release_vcpu(vm, index, session, shm_vcpu_repair);
        return 0;
}

void owner_release_all(struct vm *vm, struct session *session)
{
        vm->gic.is_bulk_release = true;
        vm->gic.n_passes = 0;
        /*
         * First none of them may be chosen any more: a 1-of-N interrupt then moves once, not from
         * one to the next.
         */
        for (uint32_t i = 0; vm->n_registered > 0 && !guest_may_go_on(vm) && i < vm->shape.n_vcpus;
             i++)
                if (vm->vcpus[i].owner == session)
                        shm_cpuif_set(&vm->gic, i, SHM_CPUIF_ABSENT_SHIFT, 1, 1);
        for (uint32_t i = 0; vm->n_registered > 0 && i < vm->shape.n_vcpus; i++)
                if (vm->vcpus[i].owner == session)
                        release_vcpu(vm, i, session, shm_vcpu_repair_slot);
        vm->gic.is_bulk_release = false;
}
