/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef REGISTRY_H
#define REGISTRY_H

/*
 * Registry: the VMs of this daemon, by owner and name
 *
 * What    A list in the order of creation, so of ids; a daemon has tens of VMs, not thousands.
 * Owner   The server. A VM in it belongs to it.
 */
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct vm;

struct registry {
        TAILQ_HEAD(registry_list, vm) vms;
        struct registry_list buried;    /* destroyed, and not taken apart yet */
        unsigned n_vms;
        uint64_t last_id;
        void *server;                   /* for the hook */
        void (*changed)(void *server);  /* the number of VMs did */
};

void registry_init(struct registry *registry);

/* registry_new_id() - of a VM to be; none comes twice. Return: 1 and up. */
uint64_t registry_new_id(struct registry *registry);

/* registry_find() - a name is one of its owner's. Return: the VM; NULL. */
struct vm *registry_find(const struct registry *registry, uid_t owner, const char *name);

/* registry_next() - of all owners' VMs of this name, the one after @vm; NULL: the first. */
struct vm *registry_next(const struct registry *registry, struct vm *vm, const char *name);

/* registry_find_id() - the same by its number, by which no other VM ever goes. */
struct vm *registry_find_id(const struct registry *registry, uint64_t id);

/* registry_add() - from here on the VM belongs to the registry. Return: 0; -EEXIST. */
int registry_add(struct registry *registry, struct vm *vm);

/* registry_remove() - the VM belongs to the caller again. */
void registry_remove(struct registry *registry, struct vm *vm);

#endif
