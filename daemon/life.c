/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Life: see life.h
 */
#include <errno.h>

#include "base-fd.h"
#include "drive.h"
#include "eoi.h"
#include "life.h"
#include "loop.h"
#include "notes.h"
#include "owner.h"
#include "proto-limits.h"
#include "registry.h"
#include "ring.h"
#include "session.h"
#include "shm-daemon.h"
#include "shm-repair.h"
#include "shm-reset.h"
#include "tdir.h"
#include "user.h"
#include "vm.h"

/* What tells of a VM ends before its memory does. */
static void close_all(struct vm *vm)
{
        eoi_stop(vm);
        tdir_close(vm);
        placing_close(vm);
}

int life_init(struct vm *vm, struct base_error *why)
{
        int r;

        if (vm->initialised)
                return -EALREADY;
        vm->hostile = life_convict;
        r = vm_build(vm, why);
        if (r != 0)
                return r;
        r = tdir_open(vm);
        if (r < 0) {
                close_all(vm);
                vm_unbuild(vm);
                return r;
        }
        placing_open(vm);
        vm->initialised = true;
        return 0;
}

void life_join(struct session *session, struct vm *vm, enum proto_role role)
{
        session->member.vm = vm;
        session->member.has_segment = session->member.has_lock = false;
        session->proto.role = role;
        TAILQ_INSERT_TAIL(&vm->sessions, session, vm_link);
        vm->n_sessions++;
        if (role == PROTO_ROLE_VMM) {
                vm->n_vmms++;
                vm->owner_pid = session->pid;
                if (!(session->proto.features & PROTO_FEATURE_TDIR_END))
                        tdir_look_again(vm);
        }
}

/*
 * The process that tools name as the VM's, after a VMM has left: of those that stay, the one that
 * attached last. 0: there is none.
 */
static pid_t find_owner_pid(const struct vm *vm)
{
        const struct session *session;
        pid_t pid = 0;

        TAILQ_FOREACH(session, &vm->sessions, vm_link)
                if (session->proto.role == PROTO_ROLE_VMM)
                        pid = session->pid;
        return pid;
}

/* Release what it holds of its VM, tell those who go on, and repair what its process left. */
static void detach(struct session *session)
{
        struct vm *vm = session->member.vm;

        if (session->member.watches_tdir) {
                session->member.watches_tdir = false;
                tdir_unwatch(vm);
        }
        owner_release_all(vm, session);
        if (!session->expelled)
                ring_drain(session);
        if (session->member.grant)
                grant_detach(session->member.grant);
        ring_close(session);
        notes_forget(session);
        TAILQ_REMOVE(&vm->sessions, session, vm_link);
        vm->n_sessions--;
        if (session->proto.role == PROTO_ROLE_VMM) {
                vm->n_vmms--;
                vm->owner_pid = find_owner_pid(vm);
                /*
                 * It may have died between changing a word and telling anyone; not if it never had
                 * the words, nor if it lives, and the VM does not.
                 */
                if (vm->initialised && session->member.has_segment &&
                    (!vm->destroyed || session->dying)) {
                        shm_repair_words(&vm->gic);
                        eoi_kick(vm); /* it owes every end that may not have been told */
                }
        }
        session->member.vm = NULL;
}

static void unbury(struct registry *registry, struct vm *vm)
{
        TAILQ_REMOVE(&registry->buried, vm, link);
        turns_drop(&vm->loop->turns, &vm->grave);
        vm->user->n_buried--;
        vm_free(vm);
}

/* struct turn.serve */
static bool take_apart(void *arg)
{
        struct vm *vm = arg;

        if (vm_unbuild_some(vm))
                return true;
        unbury(vm->registry, vm);
        return false;
}

/* Nobody names it any more. What is left of a large one is taken apart in turns of its user's. */
static void bury(struct registry *registry, struct vm *vm)
{
        vm_refund(vm);
        vm->grave = (struct turn){ .user = vm->user, .serve = take_apart, .arg = vm };
        vm->user->n_buried++;
        vm->registry = registry;
        TAILQ_INSERT_TAIL(&registry->buried, vm, link);
        turns_ask(&vm->loop->turns, &vm->grave);
}

bool life_take_apart(struct registry *registry, uint64_t id)
{
        struct vm *vm;

        TAILQ_FOREACH(vm, &registry->buried, link)
                if (vm->id == id)
                        return take_apart(vm);
        return false;
}

void life_free_buried(struct registry *registry)
{
        while (!TAILQ_EMPTY(&registry->buried))
                unbury(registry, TAILQ_FIRST(&registry->buried));
}

/* Whose VM it was, and who did it. */
static void log_destroyed(const struct vm *vm, const struct session *by)
{
        struct log_about about = { .vm = vm->shape.name, .uid = vm->owner_uid };

        if (!by) {
                log_client(LOG_INFO, LOG_KIND_DESTROYED, &about,
                           "VM %s of user %u was destroyed: its last VMM left", vm->shape.name,
                           (unsigned)vm->owner_uid);
                return;
        }
        about.session = by->id;
        about.pid = by->pid;
        about.client = by->client_name;
        log_client(LOG_INFO, LOG_KIND_DESTROYED, &about,
                   "VM %s of user %u was destroyed by user %u (pid %d, %s)", vm->shape.name,
                   (unsigned)vm->owner_uid, (unsigned)by->uid, (int)by->pid, by->client_name);
}

void life_destroy(struct vm *vm, const struct session *by)
{
        struct registry *registry = vm->registry;
        struct session *session;

        vm->destroyed = true;
        while ((session = TAILQ_FIRST(&vm->sessions))) {
                detach(session);
                /* a daemon that stops is no news about the VM */
                if (session == by || vm->loop->stopping)
                        continue;
                notes_vm_gone(session);
                notes_ask(session);
        }
        while (!TAILQ_EMPTY(&vm->grants))
                drive_revoke(TAILQ_FIRST(&vm->grants));
        registry_remove(vm->registry, vm);
        if (!vm->loop->stopping)
                log_destroyed(vm, by);
        close_all(vm);
        if (vm->initialised)
                shm_daemon_set_epoch(&vm->gic, 0);
        vm->initialised = false;
        if (!vm->loop->stopping && vm_unbuild_some(vm))
                bury(registry, vm);
        else
                vm_free(vm);
}

void life_leave(struct session *session)
{
        struct vm *vm = session->member.vm;

        if (!vm)
                return;
        detach(session);
        if ((vm->flags & PROTO_VM_EPHEMERAL) && vm->n_vmms == 0)
                life_destroy(vm, NULL);
}

void life_convict(struct vm *vm, uint32_t vcpu, const char *reason)
{
        struct session *session;
        struct log_about about;

        vm->loop->metrics.n_convicted++;
        for (uint32_t i = 0; i < vm->shape.n_vcpus; i++) {
                tdir_unsubscribe(vm, i);
                vm->vcpus[i].bell = base_fd_close(vm->vcpus[i].bell);
                (void)vm_bell(vm, i); /* else when it is asked for */
        }
        TAILQ_FOREACH(session, &vm->sessions, vm_link) {
                if (session->proto.role != PROTO_ROLE_VMM)
                        continue;
                about = session_about(session);
                about.has_vcpu = true;
                about.vcpu = vcpu;
                session_expel(session, &about, reason);
        }
}
