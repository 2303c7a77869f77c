/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attachment: see attach.h
 */
#include "attach.h"
#include "eoi.h"
#include "drive.h"
#include "proto-limits.h"
#include "ring.h"
#include "loop.h"
#include "registry.h"
#include "session.h"
#include "shm-reset.h"
#include "tdir.h"
#include "vm.h"

void attach_join(struct session *session, struct vm *vm, enum proto_role role)
{
        session->vm = vm;
        session->proto.role = role;
        TAILQ_INSERT_TAIL(&vm->sessions, session, vm_link);
        vm->n_sessions++;
        if (role == PROTO_ROLE_VMM) {
                vm->n_vmms++;
                vm->owner_pid = session->pid;
        }
}

static pid_t find_owner_pid(const struct vm *vm)
{
        const struct session *session;
        pid_t pid = 0;

        TAILQ_FOREACH(session, &vm->sessions, vm_link)
                if (session->proto.role == PROTO_ROLE_VMM)
                        pid = session->pid;
        return pid;
}

static void leave(struct session *session)
{
        struct vm *vm = session->vm;

        if (session->watches_tdir) {
                session->watches_tdir = false;
                tdir_unwatch(vm);
        }
        vm_vcpu_release_all(vm, session);
        if (!session->expelled)
                ring_drain(session);
        if (session->grant)
                grant_detach(session->grant);
        ring_close(session);
        notes_forget(session);
        TAILQ_REMOVE(&vm->sessions, session, vm_link);
        vm->n_sessions--;
        if (session->proto.role == PROTO_ROLE_VMM) {
                vm->n_vmms--;
                vm->owner_pid = find_owner_pid(vm);
                /* It may have died between changing a word and telling anyone. */
                if (vm->initialised) {
                        shm_repair_words(&vm->gic);
                        eoi_kick(vm); /* it owes every end that may not have been told */
                }
        }
        session->vm = NULL;
}

void attach_destroy_vm(struct vm *vm, const struct session *by)
{
        struct log_about about = { .vm = vm->shape.name };
        struct session *session;

        vm->destroyed = true;
        while ((session = TAILQ_FIRST(&vm->sessions))) {
                leave(session);
                if (session == by || vm->loop->stopping) /* a daemon that stops is no news about the VM */
                        continue;
                notes_vm_gone(session);
                notes_flush(session);
        }
        while (!TAILQ_EMPTY(&vm->grants))
                drive_revoke(TAILQ_FIRST(&vm->grants));
        registry_remove(vm->registry, vm);
        if (!vm->loop->stopping)
                log_about(LOG_INFO, &about, "destroyed");
        vm_free(vm);
}

void attach_detach(struct session *session)
{
        struct vm *vm = session->vm;

        if (!vm)
                return;
        leave(session);
        if ((vm->flags & PROTO_VM_EPHEMERAL) && vm->n_vmms == 0)
                attach_destroy_vm(vm, NULL);
}
