/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REGISTRY_H
#define REGISTRY_H

/*
 * Registry: the VMs of this daemon, by name
 */
#include <sys/queue.h>

struct vm;

struct registry {
        TAILQ_HEAD(registry_list, vm) vms;
        unsigned n_vms;
};

void registry_init(struct registry *registry);

/* registry_find() - Return: the VM; NULL. */
struct vm *registry_find(const struct registry *registry, const char *name);

/* registry_add() - from here on the VM belongs to the registry. Return: 0; -EEXIST. */
int registry_add(struct registry *registry, struct vm *vm);

/* registry_remove() - the VM belongs to the caller again. */
void registry_remove(struct registry *registry, struct vm *vm);

#endif
