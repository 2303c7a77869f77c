/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics: the walk over all VMs keeps to its turns, and sums that guests spoil
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "metrics-walk.h"
#include "registry.h"
#include "tap.h"
#include "turns.h"
#include "vm.h"

#define N_VMS        1000u
#define N_VCPUS      4096u
#define CLOCK_US       20u      /* which each look at the clock takes here */
#define A_TURNS_VMS  (TURN_US / CLOCK_US + 1)

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
        static uint64_t now_us = 1000000;

        (void)id;
        now_us += CLOCK_US;
        ret_now->tv_sec = (time_t)(now_us / 1000000);
        ret_now->tv_nsec = (long)(now_us % 1000000 * 1000);
        return 0;
}

static struct registry registry;
static struct metrics metrics;
static unsigned n_seen[N_VMS + 3];      /* by id */
static unsigned n_in_turn;

static struct vm *add_vm(void)
{
        struct vm *vm = calloc(1, sizeof(*vm));

        if (!vm)
                tap_bail("out of memory");
        vm->id = registry_new_id(&registry);
        TAILQ_INSERT_TAIL(&registry.vms, vm, link);
        return vm;
}

static void free_vm(struct vm *vm)
{
        TAILQ_REMOVE(&registry.vms, vm, link);
        free(vm->gic.header);
        free(vm->gic.vcpus);
        free(vm);
}

static void on_vm(void *arg, struct vm *vm)
{
        (void)arg;
        n_seen[vm->id]++;
        n_in_turn++;
}

static struct metrics_walk new_walk(void)
{
        return (struct metrics_walk){ .registry = &registry, .metrics = &metrics, .vm = on_vm };
}

/* One VM in front and one behind go while it is in the middle, and one comes. */
static void many_vms_are_many_turns(void)
{
        struct metrics_walk walk = new_walk();
        unsigned n_turns = 0, most = 0, wrong = 0;
        bool more;

        for (unsigned i = 0; i < N_VMS; i++)
                add_vm();
        do {
                n_in_turn = 0;
                more = metrics_walk_some(&walk);
                n_turns++;
                most = n_in_turn > most ? n_in_turn : most;
                if (n_turns == 5) {
                        free_vm(registry_find_id(&registry, walk.after_id));
                        free_vm(TAILQ_LAST(&registry.vms, registry_list));
                        add_vm();
                }
        } while (more);
        tap_ok(most <= A_TURNS_VMS, "%u VMs: no turn looks at more than fit into it (%u)", N_VMS,
               most);
        tap_ok(n_turns >= N_VMS / A_TURNS_VMS, "it takes %u turns", n_turns);
        for (unsigned i = 1; i <= N_VMS + 1; i++)
                wrong += n_seen[i] != (i != N_VMS);
        tap_eq(wrong, 0, "each VM is seen once, but the one that went before it was");
        tap_eq(walk.sums.n_configured, N_VMS, "so many are summed up");
        while (!TAILQ_EMPTY(&registry.vms))
                free_vm(TAILQ_FIRST(&registry.vms));
}

static struct vm *add_ready_vm(void)
{
        struct vm *vm = add_vm();

        vm->initialised = true;
        vm->shape.n_vcpus = vm->gic.n_vcpus = N_VCPUS;
        vm->gic.header = calloc(1, sizeof(*vm->gic.header));
        vm->gic.vcpus = aligned_alloc(4096, N_VCPUS * sizeof(*vm->gic.vcpus));
        if (!vm->gic.header || !vm->gic.vcpus)
                tap_bail("out of memory");
        memset(vm->gic.vcpus, 0, N_VCPUS * sizeof(*vm->gic.vcpus));
        return vm;
}

static void walk_through(void)
{
        struct metrics_walk walk = new_walk();

        while (metrics_walk_some(&walk))
                ;
}

static void set(struct vm *vm, uint64_t count)
{
        shm_store(&vm->gic.vcpus[7].counters.acknowledged, count, COUNT_X2);
}

static void a_large_vm_is_many_turns(struct vm *vm)
{
        struct metrics_walk walk = new_walk();
        unsigned n_turns = 1;

        for (unsigned i = 0; i < N_VCPUS; i++)
                shm_store(&vm->gic.vcpus[i].counters.sgis_sent, 3, COUNT_X2);
        while (metrics_walk_some(&walk))
                n_turns++;
        tap_ok(n_turns > 3, "%u vCPUs are counted in several turns (%u)", N_VCPUS, n_turns);
        tap_eq((int64_t)metrics.guests.sgis_sent, 3 * N_VCPUS, "each once");
        walk_through();
        tap_eq((int64_t)metrics.guests.sgis_sent, 3 * N_VCPUS, "and not again");
}

/* The counts are in memory that the VM's own processes write. */
static void spoiled_counts_do_no_harm(struct vm *vm)
{
        set(vm, 100);
        walk_through();
        tap_eq((int64_t)metrics.guests.acknowledged, 100, "what was counted is added");
        set(vm, 20);
        walk_through();
        tap_eq((int64_t)metrics.guests.acknowledged, 100, "what goes back takes nothing away");
        set(vm, 25);
        walk_through();
        tap_eq((int64_t)metrics.guests.acknowledged, 105, "what grows from there is added");
        set(vm, UINT64_MAX);
        walk_through();
        tap_eq((int64_t)metrics.guests.acknowledged, 105, "what cannot be true is left out");
        tap_eq((int64_t)metrics.n_guest_leaps, 1, "and counted");
}

int main(void)
{
        struct vm *vm;

        registry_init(&registry);
        many_vms_are_many_turns();
        vm = add_ready_vm();
        a_large_vm_is_many_turns(vm);
        spoiled_counts_do_no_harm(vm);
        free_vm(vm);
        return tap_done();
}
