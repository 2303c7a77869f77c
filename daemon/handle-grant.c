/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: devices
 *
 * Granting and revoking by the VMM, and the ring by which a device drives what it was granted.
 */
#include <errno.h>

#include "drive.h"
#include "handlers.h"
#include "proto-limits.h"
#include "ring.h"
#include "session.h"
#include "vm.h"

/*
 * The token is told in this reply only, so a grant whose reply cannot be sent is of no use to
 * anybody: it is taken back, and its label and wires are free again.
 */
enum proto_code handle_grant(struct request *request)
{
        const Vgic__Grant *ask = (const Vgic__Grant *)request->message;
        Vgic__GrantReply reply = VGIC__GRANT_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct grant *grant;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, "", &vm);
        int r;

        if (code != PROTO_OK)
                return code;
        if (ask->n_uids && !(request->session->proto.features & PROTO_FEATURE_GRANT_USERS))
                return request_fail(request, PROTO_INVALID, "uids needs the feature GRANT_USERS");
        r = grant_new(vm, ask->label, ask->intids, ask->n_intids, &request->why, &grant);
        if (r < 0)
                return proto_code_from_errno(r);
        r = grant_set_users(grant, ask->uids, ask->n_uids, &request->why);
        if (r < 0) {
                grant_free(grant);
                return proto_code_from_errno(r);
        }
        reply.status = &status;
        reply.token = grant->token;
        code = request_reply(request, &reply.base, NULL, 0);
        if (code != PROTO_OK)
                drive_revoke(grant);
        return code;
}

/*
 * One page: as many as fit by their INTIDs, but one at least. The arrays of the messages lie in
 * @intids, and in the grants. Return: how many.
 */
static size_t fill_grants(const struct vm *vm, uint64_t after_id, Vgic__GrantInfo *infos,
                          uint32_t *intids, bool *ret_more)
{
        const struct grant *grant;
        size_t n = 0, n_intids = 0;

        *ret_more = false;
        TAILQ_FOREACH(grant, &vm->grants, link) {
                Vgic__GrantInfo *info = &infos[n];
                uint32_t i = 0, intid;

                if (grant->id <= after_id)
                        continue;
                *ret_more = n == PROTO_GRANTS_PER_PAGE ||
                            n_intids + grant->n_intids > PROTO_GRANT_INTIDS_PER_PAGE;
                if (*ret_more)
                        break;
                vgic__grant_info__init(info);
                info->id = grant->id;
                info->label = (char *)(uintptr_t)grant->label; /* packed, not changed */
                info->intids = &intids[n_intids];
                while ((intid = grant_next(grant, &i)) != UINT32_MAX)
                        info->intids[info->n_intids++] = intid;
                n_intids += info->n_intids;
                info->uids = (uint32_t *)(uintptr_t)grant->uids;
                info->n_uids = grant->n_uids;
                info->session = grant->device ? grant->device->id : 0;
                info->pid = grant->device ? grant->device->pid : 0;
                info->uid = grant->device ? grant->device->uid : 0;
                n++;
        }
        return n;
}

_Static_assert(PROTO_GRANT_INTIDS_PER_PAGE >= GIC_N_SHARED, "any grant fits a page");

/* Tokens are told to nobody twice. */
enum proto_code handle_grant_list(struct request *request)
{
        const Vgic__GrantList *ask = (const Vgic__GrantList *)request->message;
        Vgic__GrantListReply reply = VGIC__GRANT_LIST_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        Vgic__GrantInfo infos[PROTO_GRANTS_PER_PAGE], *page[PROTO_GRANTS_PER_PAGE];
        uint32_t intids[PROTO_GRANT_INTIDS_PER_PAGE];
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);
        bool more;

        if (code != PROTO_OK)
                return code;
        reply.status = &status;
        reply.grants = page;
        reply.n_grants = fill_grants(vm, ask->after_id, infos, intids, &more);
        reply.more = more;
        for (size_t i = 0; i < reply.n_grants; i++)
                page[i] = &infos[i];
        return request_reply(request, &reply.base, NULL, 0);
}

/* By somebody else than a VMM of the VM, which knows what it does. */
static void log_revoked(const struct session *by, const struct grant *grant)
{
        struct log_about about = session_about(by);

        about.vm = grant->vm->shape.name;
        about.grant = grant->label;
        log_client(LOG_NOTICE, LOG_KIND_REVOKED, &about,
                   "grant %s of VM %s was revoked by user %u (pid %d, %s)", grant->label,
                   grant->vm->shape.name, (unsigned)by->uid, (int)by->pid, by->client_name);
}

/* The wires are low before the reply is sent: a VMM may give the SPI to another device at once. */
enum proto_code handle_revoke(struct request *request)
{
        const Vgic__Revoke *ask = (const Vgic__Revoke *)request->message;
        struct grant *grant;
        struct vm *vm = NULL;
        enum proto_code code;

        if (ask->name[0] && !(request->session->proto.features & PROTO_FEATURE_OPERATE))
                return request_fail(request, PROTO_INVALID, "name needs the feature OPERATE");
        code = request_ready_vm(request, ask->name, &vm);
        if (code != PROTO_OK)
                return code;
        grant = grant_find_label(vm, ask->label);
        if (!grant)
                return request_fail(request, PROTO_NOT_FOUND, "this VM has no grant of this label");
        if (request->session->member.vm != vm)
                log_revoked(request->session, grant);
        drive_revoke(grant);
        return PROTO_OK;
}

/* Descriptors: the ring's memory, the daemon's doorbell, the client's doorbell. */
enum proto_code handle_ring_setup(struct request *request)
{
        struct session *session = request->session;
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, "", &vm);
        int fds[3], r;

        if (code != PROTO_OK)
                return code;
        r = ring_open(session, drive_ring_entry, &request->why);
        if (r == -EEXIST)
                return request_fail(request, PROTO_EXISTS, "this connection has a ring");
        if (r < 0)
                return proto_code_from_errno(r);
        fds[0] = session->member.ring->memfd;
        fds[1] = session->member.ring->bell_in;
        fds[2] = session->member.ring->bell_out;
        reply.status = &status;
        code = request_reply(request, &reply.base, fds, 3);
        if (code != PROTO_OK)
                ring_close(session);
        return code;
}
