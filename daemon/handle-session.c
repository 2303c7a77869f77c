/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: connections, for whoever operates the daemon
 *
 * A user is told of its own only, and one of another user's is to it as one that there is not.
 */
#include <inttypes.h>

#include "base-clock.h"
#include "grant.h"
#include "handlers.h"
#include "proto-limits.h"
#include "rights.h"
#include "ring.h"
#include "session.h"
#include "vm.h"

#define NS_PER_MS  UINT64_C(1000000)

/* What it is attached to. */
static void fill_member(const struct session *session, Vgic__SessionInfo *info)
{
        const struct member *member = &session->member;

        info->role = session->proto.state == PROTO_STATE_ATTACHED ? session->proto.role :
                     PROTO_ROLE_NONE;
        info->n_vcpus = member->n_vcpus;
        info->ring = member->ring != NULL;
        if (member->grant)
                info->grant = member->grant->label;
        if (!member->vm)
                return;
        info->vm = member->vm->shape.name;
        info->vm_owner_uid = member->vm->owner_uid;
        info->vm_id = member->vm->id;
}

/* The strings are those of the session and its VM. */
static void fill_session(struct session *session, uint64_t now_ns, Vgic__SessionInfo *info)
{
        vgic__session_info__init(info);
        info->id = session->id;
        info->pid = session->pid;
        info->uid = session->uid;
        info->age_ms = (now_ns - session->since_ns) / NS_PER_MS;
        info->client_name = session->client_name;
        info->state = session->proto.state;
        info->unread = proto_tx_waits(&session->tx);
        info->n_requests = session->n_requests;
        info->n_errors = session->n_errors;
        info->n_refused = session->n_refused;
        fill_member(session, info);
}

/* In the order of connecting, so of ids. One that is about to be freed is none. */
enum proto_code handle_session_list(struct request *request)
{
        const Vgic__SessionList *ask = (const Vgic__SessionList *)request->message;
        const struct session *asking = request->session;
        Vgic__SessionListReply reply = VGIC__SESSION_LIST_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        Vgic__SessionInfo infos[PROTO_SESSIONS_PER_PAGE], *page[PROTO_SESSIONS_PER_PAGE];
        bool sees_all = asking->rights & RIGHT_OBSERVE_ALL;
        uint64_t now = base_clock_ns();
        struct session *session;

        if (!sees_all && request_may(request, RIGHT_OBSERVE) != PROTO_OK)
                return PROTO_PERMISSION;
        reply.status = &status;
        reply.sessions = page;
        TAILQ_FOREACH(session, &asking->all->list, link) {
                if (session->id <= ask->after_id || session->dying ||
                    (!sees_all && session->uid != asking->uid))
                        continue;
                if (reply.n_sessions == PROTO_SESSIONS_PER_PAGE) {
                        reply.more = true;
                        break;
                }
                fill_session(session, now, &infos[reply.n_sessions]);
                page[reply.n_sessions] = &infos[reply.n_sessions];
                reply.n_sessions++;
        }
        return request_reply(request, &reply.base, NULL, 0);
}

/* One that the asking user is told of. Return: NULL: there is none. */
static struct session *find(const struct session *asking, uint64_t id)
{
        struct session *session;

        TAILQ_FOREACH(session, &asking->all->list, link)
                if (session->id == id)
                        break;
        if (!session || session->dying ||
            (session->uid != asking->uid && !(asking->rights & RIGHT_OBSERVE_ALL)))
                return NULL;
        return session;
}

/* As when the daemon itself expels one: its process may go on with what it has mapped. */
enum proto_code handle_session_end(struct request *request)
{
        const Vgic__SessionEnd *ask = (const Vgic__SessionEnd *)request->message;
        const struct session *asking = request->session;
        struct session *session;

        if (!rights_is_operator(asking->uid) && request_may(request, RIGHT_ATTACH) != PROTO_OK)
                return PROTO_PERMISSION;
        session = find(asking, ask->id);
        if (!session)
                return request_fail(request, PROTO_NOT_FOUND, "there is no session %" PRIu64,
                                    ask->id);
        if (session->uid != asking->uid && !rights_is_operator(asking->uid))
                return request_fail(request, PROTO_PERMISSION,
                                    "session %" PRIu64 " is user %u's", ask->id,
                                    (unsigned)session->uid);
        if (session == asking)
                return request_fail(request, PROTO_INVALID,
                                    "session %" PRIu64 " is the one that asks", ask->id);
        session_end_by(session, asking);
        return PROTO_OK;
}
