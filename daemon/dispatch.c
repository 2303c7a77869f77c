/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Dispatch: see dispatch.h
 */

#include "base-clock.h"
#include "life.h"
#include "dispatch.h"
#include "handlers.h"
#include "loop.h"
#include "proto-message.h"
#include "session.h"

static enum proto_code (*const handlers[])(struct request *request) = {
        [PROTO_HELLO] = handle_hello,
        [PROTO_VM_LIST] = handle_vm_list,
        [PROTO_VM_CREATE] = handle_vm_create,
        [PROTO_VM_ATTACH] = handle_vm_attach,
        [PROTO_VM_INIT] = handle_vm_init,
        [PROTO_VM_MAP] = handle_vm_map,
        [PROTO_VM_DOORBELLS] = handle_vm_doorbells,
        [PROTO_VM_DETACH] = handle_vm_detach,
        [PROTO_VM_DESTROY] = handle_vm_destroy,
        [PROTO_VM_INFO] = handle_vm_info,
        [PROTO_VCPU_REGISTER] = handle_vcpu_register,
        [PROTO_VCPU_UNREGISTER] = handle_vcpu_unregister,
        [PROTO_TDIR_SUBSCRIBE] = handle_tdir_subscribe,
        [PROTO_TDIR_UNSUBSCRIBE] = handle_tdir_unsubscribe,
        [PROTO_TDIR_WATCH] = handle_tdir_watch,
        [PROTO_TDIR_GET] = handle_tdir_get,
        [PROTO_ICC_CTLR_GET] = handle_icc_ctlr_get,
        [PROTO_INJECT] = handle_inject,
        [PROTO_IRQ_LIST] = handle_irq_list,
        [PROTO_GRANT] = handle_grant,
        [PROTO_REVOKE] = handle_revoke,
        [PROTO_RING_SETUP] = handle_ring_setup,
        [PROTO_RESET] = handle_reset,
        [PROTO_ATTR_GET] = handle_attr_get,
        [PROTO_ATTR_SET] = handle_attr_set,
        [PROTO_ATTR_HAS] = handle_attr_has,
        [PROTO_MIRROR_GET] = handle_mirror_get,
        [PROTO_DAEMON_INFO] = handle_daemon_info,
        [PROTO_SESSION_LIST] = handle_session_list,
        [PROTO_SESSION_END] = handle_session_end,
        [PROTO_USER_LIST] = handle_user_list,
        [PROTO_GRANT_LIST] = handle_grant_list,
};

/*
 * Admit it by the table, decode it, have it handled, and move the state of the session on.
 * Return: the code to answer.
 */
static enum proto_code serve_request(struct request *request, struct proto_rx *rx)
{
        struct session *session = request->session;
        ProtobufCMessage *message;
        enum proto_code code = rx->code;

        if (code == PROTO_OK && (rx->header.flags & PROTO_FLAG_REPLY))
                code = PROTO_BAD_FRAME;
        if (code == PROTO_OK)
                code = proto_state_admit(&session->proto, request->row, rx->fds.n);
        if (code != PROTO_OK)
                return code;
        if (proto_message_unpack(request->row->payload, rx->payload, rx->header.size, &message) < 0)
                return PROTO_BAD_PAYLOAD;
        request->message = message;
        code = handlers[request->row->id](request);
        proto_message_free(message);
        if (code == PROTO_OK)
                session->proto.state = proto_state_next(session->proto.state, request->row);
        else if (session->proto.state != PROTO_STATE_ATTACHED)
                life_leave(session); /* it could not be told that it is attached */
        return code;
}

/* A request that goes wrong before its row says how it is answered is answered always. */
static bool wants_answer(const struct request *request, const struct proto_rx *rx,
                         enum proto_code code)
{
        return rx->code != PROTO_OK || !request->row || code == PROTO_BAD_FRAME ||
               code == PROTO_UNKNOWN_REQUEST || request->row->answer == PROTO_ANSWER_ALWAYS ||
               (rx->header.flags & PROTO_FLAG_NEED_REPLY);
}

/* One that takes further turns has ended when these have: session.c. */
static void count(const struct request *request, enum proto_code code, uint64_t start)
{
        struct session *session = request->session;
        uint32_t id = request->row ? request->row->id : 0;

        if (session->rest.serve) {
                session->rest.request = id;
                session->rest.start_ns = start;
        } else {
                metrics_request(&session->loop->metrics, id, code, base_clock_ns() - start);
        }
}

void dispatch_frame(struct registry *registry, struct session *session, struct proto_rx *rx)
{
        uint64_t start = base_clock_ns();
        struct request request = {
                .registry = registry, .session = session,
                .row = proto_table_find(rx->header.request), .fds = &rx->fds,
                .wants_answer = rx->header.flags & PROTO_FLAG_NEED_REPLY,
        };
        enum proto_code code = serve_request(&request, rx);
        struct log_about about = session_about(session);

        session_count(session, code);
        if (code != PROTO_OK)
                log_client(LOG_DEBUG, LOG_KIND_REQUEST, &about, "%s: %s %s",
                           request.row ? request.row->name : "unknown request",
                           proto_code_name(code), request.why.text);
        if (!request.replied && wants_answer(&request, rx, code))
                request_send_status(session, rx->header.request, code,
                                    code == PROTO_OK                  ? ""
                                    : base_error_is_set(&request.why) ? request.why.text
                                                                      : proto_code_text(code));
        count(&request, code, start);
        if (proto_code_is_fatal(code))
                session_kill(session, proto_code_text(code));
}
