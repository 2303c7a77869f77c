/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: building the controller, by VM_INIT or by the attribute of the same meaning
 *
 * The first VMM builds it. For the others it is there already, which is what they asked for. What
 * does not fit into a turn is built in the next ones of whoever asked, and the answer comes at its
 * end; of two who ask meanwhile each goes on with what the other has built.
 */
#include <errno.h>

#include "handlers.h"
#include "life.h"
#include "registry.h"
#include "session.h"
#include "vm.h"

/* What the request of this number is answered with once the controller is there. */
static enum proto_code answer(struct request *request, struct vm *vm, int r)
{
        if (r < 0 && r != -EALREADY)
                return proto_code_from_errno(r);
        return request->row->id == PROTO_VM_INIT ? handle_reply_info(request, vm, NULL, 0) :
               PROTO_OK;
}

static void send_status(struct request *request, enum proto_code code)
{
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;

        status.code = code;
        if (code != PROTO_OK)
                status.text = (char *)(uintptr_t)(base_error_is_set(&request->why) ?
                                                  request->why.text : proto_code_text(code));
        reply.status = &status;
        session_send(request->session, request->row->id, PROTO_FLAG_REPLY, &reply.base, NULL, 0);
}

/* struct session_rest.serve. The VM may have been destroyed between two turns. */
static bool go_on(struct session *session)
{
        struct session_rest *rest = &session->rest;
        struct request request = {
                .registry = rest->registry, .session = session,
                .row = proto_table_find(rest->at), .wants_answer = rest->wants_answer,
        };
        struct vm *vm = registry_find_id(rest->registry, rest->vm_id);
        enum proto_code code;
        int r = vm ? life_init(vm, &request.why) : 0;

        if (r == 1)
                return true;
        code = vm ? answer(&request, vm, r) :
               request_fail(&request, PROTO_NOT_FOUND, "the VM was destroyed meanwhile");
        if (!request.replied && (rest->wants_answer || request.row->answer == PROTO_ANSWER_ALWAYS))
                send_status(&request, code);
        return false;
}

enum proto_code handle_init(struct request *request, struct vm *vm)
{
        int r = life_init(vm, &request->why);

        if (r != 1)
                return answer(request, vm, r);
        request->session->rest = (struct session_rest){
                .serve = go_on, .registry = request->registry, .vm_id = vm->id,
                .at = request->row->id, .wants_answer = request->wants_answer,
        };
        request->replied = true;
        return PROTO_OK;
}

enum proto_code handle_vm_init(struct request *request)
{
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, "", &vm);

        return code == PROTO_OK ? handle_init(request, vm) : code;
}
