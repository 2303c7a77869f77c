/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Registry: see registry.h
 */
#include <errno.h>
#include <string.h>

#include "loop.h"
#include "registry.h"
#include "vm.h"

void registry_init(struct registry *registry)
{
        *registry = (struct registry){ 0 };
        TAILQ_INIT(&registry->vms);
        TAILQ_INIT(&registry->buried);
}

uint64_t registry_new_id(struct registry *registry)
{
        return ++registry->last_id;
}

struct vm *registry_find(const struct registry *registry, uid_t owner, const char *name)
{
        struct vm *vm;

        TAILQ_FOREACH(vm, &registry->vms, link)
                if (vm->owner_uid == owner && strcmp(vm->shape.name, name) == 0)
                        break;
        return vm;
}

struct vm *registry_next(const struct registry *registry, struct vm *vm, const char *name)
{
        vm = vm ? TAILQ_NEXT(vm, link) : TAILQ_FIRST(&registry->vms);
        while (vm && strcmp(vm->shape.name, name) != 0)
                vm = TAILQ_NEXT(vm, link);
        return vm;
}

struct vm *registry_find_id(const struct registry *registry, uint64_t id)
{
        struct vm *vm;

        TAILQ_FOREACH(vm, &registry->vms, link)
                if (vm->id == id)
                        break;
        return vm;
}

int registry_add(struct registry *registry, struct vm *vm)
{
        if (registry_find(registry, vm->owner_uid, vm->shape.name))
                return -EEXIST;
        TAILQ_INSERT_TAIL(&registry->vms, vm, link);
        registry->n_vms++;
        vm->registry = registry;
        vm->loop->metrics.n_vms_created++;
        registry->changed(registry->server);
        return 0;
}

void registry_remove(struct registry *registry, struct vm *vm)
{
        TAILQ_REMOVE(&registry->vms, vm, link);
        registry->n_vms--;
        vm->registry = NULL;
        vm->loop->metrics.n_vms_destroyed++;
        registry->changed(registry->server);
}
