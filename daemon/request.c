/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Request: see request.h
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "registry.h"
#include "request.h"
#include "rights.h"
#include "session.h"
#include "vm.h"

enum proto_code request_fail(struct request *request, enum proto_code code, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(request->why.text, sizeof(request->why.text), format, args);
        va_end(args);
        return code;
}

void request_send_status(struct session *session, uint32_t id, enum proto_code code,
                         const char *text)
{
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        int r;

        status.code = code;
        status.text = (char *)(uintptr_t)text; /* packed, not changed */
        reply.status = &status;
        r = session_send(session, id, PROTO_FLAG_REPLY, &reply.base, NULL, 0);
        if (r < 0 && r != -ENOTCONN)
                session_kill(session, "it cannot be answered: out of memory");
}

static enum proto_code code_of_send(int r)
{
        if (r == 0 || r == -ENOTCONN) /* a dead session needs no answer */
                return PROTO_OK;
        return r == -ETOOMANYREFS ? PROTO_LIMIT : proto_code_from_errno(r);
}

enum proto_code request_reply(struct request *request, const ProtobufCMessage *reply,
                              const int *fds, uint32_t n_fds)
{
        enum proto_code code =
                code_of_send(session_send(request->session, request->row->id, PROTO_FLAG_REPLY,
                                          reply, fds, n_fds));

        request->replied = code == PROTO_OK;
        return code;
}

enum proto_code request_may(struct request *request, unsigned right)
{
        struct session *session = request->session;
        struct log_about about = session_about(session);

        if (session->rights & right)
                return PROTO_OK;
        if (!(session->denied & right))
                log_client(LOG_NOTICE, LOG_KIND_REFUSED, &about,
                           "user %u (pid %d, %s) was refused %s: vgicd.conf does not allow \"%s\"",
                           (unsigned)session->uid, (int)session->pid, session->client_name,
                           request->row->name, rights_name(right));
        session->denied |= right;
        metrics_denied(&session->loop->metrics, right);
        return request_fail(request, PROTO_PERMISSION,
                            "user %u may not do this: vgicd.conf does not allow \"%s\"",
                            (unsigned)session->uid, rights_name(right));
}

/* UID/NAME. Return: it is; *ret_name is the rest. */
static bool is_qualified(const char *name, uid_t *ret_owner, const char **ret_name)
{
        const char *slash = strchr(name, '/');
        unsigned long owner;
        char *end;

        if (!slash || name[0] < '0' || name[0] > '9')
                return false;
        errno = 0;
        owner = strtoul(name, &end, 10);
        if (end != slash || errno || owner >= UINT32_MAX)
                return false;
        *ret_owner = (uid_t)owner;
        *ret_name = slash + 1;
        return true;
}

const char *request_bare_name(const char *name)
{
        uid_t owner;

        (void)is_qualified(name, &owner, &name);
        return name;
}

/* What may be seen of others' VMs, and by whom. */
static bool may_see(const struct session *session, const struct vm *vm, unsigned right)
{
        return vm_may(vm, session->uid) ||
               (right == RIGHT_OBSERVE && (session->rights & RIGHT_OBSERVE_ALL));
}

/* Among the VMs of others. Return: PROTO_OK, *ret_vm may be NULL; PROTO_INVALID. */
static enum proto_code find_of_others(struct request *request, const char *name, unsigned right,
                                      struct vm **ret_vm)
{
        struct vm *vm = NULL, *found = NULL;

        while ((vm = registry_next(request->registry, vm, name))) {
                if (!may_see(request->session, vm, right))
                        continue;
                if (found)
                        return request_fail(request, PROTO_INVALID,
                                            "users %u and %u have a VM of this name: say UID/%s",
                                            (unsigned)found->owner_uid, (unsigned)vm->owner_uid,
                                            name);
                found = vm;
        }
        *ret_vm = found;
        return PROTO_OK;
}

enum proto_code request_find(struct request *request, const char *name, unsigned right,
                             struct vm **ret_vm)
{
        struct session *session = request->session;
        uid_t owner = session->uid;
        bool qualified = is_qualified(name, &owner, &name);
        struct vm *vm = registry_find(request->registry, owner, name);
        enum proto_code code;

        if (vm && !may_see(session, vm, right))
                vm = NULL;
        code = vm || qualified ? PROTO_OK : find_of_others(request, name, right, &vm);
        if (code != PROTO_OK)
                return code;
        if (!vm || vm->owner_uid == session->uid || right != RIGHT_OBSERVE)
                code = request_may(request, right);
        if (code == PROTO_OK && !vm)
                return request_fail(request, PROTO_NOT_FOUND, "there is no VM of this name");
        *ret_vm = vm;
        return code;
}

enum proto_code request_vm(struct request *request, const char *name, struct vm **ret_vm)
{
        struct session *session = request->session;

        if (name[0] != '\0')
                return request_find(request, name,
                                    request->row->roles & 1u << PROTO_ROLE_OBSERVER ?
                                    RIGHT_OBSERVE : RIGHT_ATTACH, ret_vm);
        if (session->member.vm) {
                *ret_vm = session->member.vm;
                return PROTO_OK;
        }
        return session->proto.state == PROTO_STATE_ATTACHED ?
               request_fail(request, PROTO_NOT_FOUND,
                            "the VM of this connection was destroyed") :
               request_fail(request, PROTO_INVALID,
                            "name is empty and this connection is attached to no VM");
}

/* Every other message that needs an initialised VM is about a delivering controller. */
static bool works_on_a_mirror(uint32_t id)
{
        return id == PROTO_VM_MAP || id == PROTO_ICC_CTLR_GET || id == PROTO_RESET ||
        id == PROTO_MIRROR_GET;
}

enum proto_code request_ready_vm(struct request *request, const char *name, struct vm **ret_vm)
{
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, name, &vm);

        if (code != PROTO_OK)
                return code;
        if (!vm->initialised)
                return PROTO_NOT_INITIALISED;
        if (vm_is_mirror(vm) && !works_on_a_mirror(request->row->id))
                return request_fail(request, PROTO_NOT_SUPPORTED,
                                    "this VM is a mirror: it has no delivering controller");
        *ret_vm = vm;
        return PROTO_OK;
}
