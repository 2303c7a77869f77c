/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Request: see request.h
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "registry.h"
#include "request.h"
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

enum proto_code request_vm(struct request *request, const char *name, struct vm **ret_vm)
{
        struct session *session = request->session;
        struct vm *vm = session->member.vm;

        if (name[0] == '\0' && !vm)
                return session->proto.state == PROTO_STATE_ATTACHED ?
                       request_fail(request, PROTO_NOT_FOUND,
                                    "the VM of this connection was destroyed") :
                       request_fail(request, PROTO_INVALID,
                                    "name is empty and this connection is attached to no VM");
        if (name[0] != '\0')
                vm = registry_find(request->registry, name);
        if (!vm)
                return request_fail(request, PROTO_NOT_FOUND, "there is no VM of this name");
        if (!vm_may(vm, session->uid))
                return request_fail(request, PROTO_PERMISSION, "this VM belongs to another user");
        *ret_vm = vm;
        return PROTO_OK;
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
