/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics walk: see metrics-walk.h
 */
#include "base-clock.h"
#include "metrics-guest.h"
#include "metrics-walk.h"
#include "registry.h"
#include "turns.h"
#include "vm.h"

#define STEP  32u       /* vCPUs between two looks at the clock */

/* Ids grow along the list, and the VM that was looked at last may be gone. */
static struct vm *next_vm(const struct metrics_walk *walk)
{
        struct vm *vm;

        TAILQ_FOREACH(vm, &walk->registry->vms, link)
                if (vm->id > walk->after_id)
                        break;
        return vm;
}

/* What vCPUs counted, of a VM that has some. Return: there are more of them. */
static bool read_vcpus(struct metrics_walk *walk, struct vm *vm, uint64_t start)
{
        if (walk->at_id != vm->id) {
                walk->at_id = vm->id;
                walk->at = 0;
                walk->guest = (struct metrics_guest){ 0 };
        }
        while (walk->at < vm->shape.n_vcpus) {
                metrics_guest_add_vcpu(&walk->guest, &vm->gic, walk->at++);
                if (walk->at % STEP == 0 && turn_is_over(start, base_clock_ns()))
                        return walk->at < vm->shape.n_vcpus;
        }
        return false;
}

static void sum_up(struct metrics_walk *walk, const struct vm *vm)
{
        struct metrics_sums *sums = &walk->sums;
        bool is_ready = vm->initialised && !vm_is_mirror(vm);

        sums->n_configured += !vm->initialised;
        sums->n_mirrors += vm->initialised && vm_is_mirror(vm);
        sums->n_ready += is_ready;
        sums->n_vcpus += is_ready ? vm->shape.n_vcpus : 0;
        sums->n_registered += vm->n_registered;
        sums->n_sessions += vm->n_sessions;
        sums->n_vmms += vm->n_vmms;
        sums->n_vms_without_vmm += is_ready && vm->n_vmms == 0;
        sums->n_grants += vm->n_grants;
        sums->n_subscriptions += vm->tdir.n_subscribers;
        sums->n_tdir_set += is_ready && vm->tdir.set;
}

/* Return: there is more of it. */
static bool look_at(struct metrics_walk *walk, struct vm *vm, uint64_t start)
{
        if (vm->initialised && !vm_is_mirror(vm)) {
                if (read_vcpus(walk, vm, start))
                        return true;
                metrics_guest_add_vm(&walk->guest, &vm->gic);
                metrics_guest_grew(walk->metrics, &vm->guest, &walk->guest);
        }
        sum_up(walk, vm);
        if (walk->vm)
                walk->vm(walk->arg, vm);
        walk->after_id = vm->id;
        return false;
}

bool metrics_walk_some(struct metrics_walk *walk)
{
        uint64_t start = base_clock_ns();
        struct vm *vm = next_vm(walk), *next;

        for (; vm; vm = next) {
                next = TAILQ_NEXT(vm, link);
                if (look_at(walk, vm, start))
                        return true;
                if (next && turn_is_over(start, base_clock_ns()))
                        return true;
        }
        return false;
}
