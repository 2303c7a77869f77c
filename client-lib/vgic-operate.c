/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * For tools of whoever operates the daemon
 *
 * Lists are fetched page by page. The daemon has checked what it tells, but it may be somebody else
 * at the socket's path: order, counts and strings are checked again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto-message.h"
#include "vgic-vm.h"

_Static_assert(sizeof(((struct vgic_grant_info *)0)->uids) ==
               VGIC_GRANT_MAX_UIDS * sizeof(uint32_t), "as many as a grant can name");

#define TEXT(to, from) vgic_text_take(to, sizeof(to), from)

/* Return: 0; -EINVAL; -ENOTCONN; -EOPNOTSUPP. */
static int vgic_operate_begin(struct vgic_conn *conn)
{
        int r = vgic_conn_begin(conn);

        if (r == 0 && !(conn->features & PROTO_FEATURE_OPERATE))
                return base_error_set(&conn->error, -EOPNOTSUPP,
                                      "this vgicd is older, and does not tell it");
        return r;
}

/* One element more of @size bytes. Return: 0; -ENOMEM. */
static int vgic_operate_grow(struct vgic_conn *conn, void **array, size_t n, size_t size)
{
        void *grown = realloc(*array, n * size);

        if (!grown)
                return base_error_set(&conn->error, -ENOMEM, "no memory");
        *array = grown;
        return 0;
}

static void vgic_operate_usage(const Vgic__Usage *from, uint32_t n_vms_ending,
                               struct vgic_usage *ret_usage)
{
        static const Vgic__Usage none = VGIC__USAGE__INIT;

        if (!from)
                from = &none;
        *ret_usage = (struct vgic_usage){
                .n_connections = from->n_connections, .n_vms = from->n_vms,
                .n_vcpus = from->n_vcpus, .n_vcpus_registered = from->n_vcpus_registered,
                .n_fds = from->n_fds, .n_vms_ending = n_vms_ending, .n_bytes = from->n_bytes,
                .n_refused = from->n_refused,
        };
}

static void vgic_operate_limits(const Vgic__Limits *from, struct vgic_limits *ret_limits)
{
        static const Vgic__Limits none = VGIC__LIMITS__INIT;

        if (!from)
                from = &none;
        *ret_limits = (struct vgic_limits){
                .max_connections = from->max_connections, .max_vms = from->max_vms,
                .max_fds = from->max_fds, .max_bytes = from->max_bytes,
        };
}

static void vgic_operate_totals(const Vgic__DaemonTotals *from, struct vgic_daemon_info *info)
{
        info->has_totals = 1;
        info->n_users = from->n_users;
        vgic_operate_usage(from->used, from->n_vms_ending, &info->all);
        vgic_operate_limits(from->limits, &info->all_limits);
        vgic_operate_limits(from->of_one, &info->limits_of_one);
        info->descriptor_limit = from->descriptor_limit;
        info->n_rules = from->n_rules;
        info->memory_limit = from->memory_limit;
        info->memory_resident = from->memory_resident;
        info->log_lines = from->log_lines;
        info->log_lines_lost = from->log_lines_lost;
        info->log_lines_left_out = from->log_lines_left_out;
        info->reload_age_ms = from->reload_age_ms;
        info->n_reloads = from->n_reloads;
        TEXT(info->reload_error, from->reload_error);
}

int vgic_daemon_query(struct vgic_conn *conn, struct vgic_daemon_info *ret_info)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        struct vgic_daemon_info info = { .size = sizeof(info) };
        const Vgic__DaemonInfoReply *reply;
        int r = vgic_operate_begin(conn);

        if (r == 0)
                r = vgic_call(conn, PROTO_DAEMON_INFO, NULL, NULL, 0, &message, NULL);
        if (r < 0)
                return r;
        reply = (const Vgic__DaemonInfoReply *)message;
        if (!reply->own)
                return base_error_set(&conn->error, -EPROTO,
                                      "DAEMON_INFO: nothing is said of who asks");
        TEXT(info.version, reply->daemon_version);
        info.protocol = reply->protocol;
        info.pid = reply->pid;
        info.uid = reply->uid;
        info.uptime_ms = reply->uptime_ms;
        info.own_uid = reply->own->uid;
        vgic_operate_usage(reply->own->used, reply->own->n_vms_ending, &info.own);
        vgic_operate_limits(reply->own->limits, &info.own_limits);
        if (reply->totals)
                vgic_operate_totals(reply->totals, &info);
        return vgic_options_give(&conn->error, &info, sizeof(info), ret_info);
}

/* --- users --- */

/* One page: append it. Return: 1 there is more; 0; a negative errno. */
static int vgic_operate_users(struct vgic_conn *conn, uint64_t *first_uid, void **infos, size_t *n)
{
        Vgic__UserList ask = VGIC__USER_LIST__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__UserListReply *reply;
        struct vgic_user_info *info;
        int r;

        ask.first_uid = *first_uid;
        r = vgic_call(conn, PROTO_USER_LIST, &ask.base, NULL, 0, &message, NULL);
        reply = (const Vgic__UserListReply *)message;
        for (size_t i = 0; r == 0 && i < reply->n_users; i++) {
                const Vgic__UserInfo *from = reply->users[i];

                if (from->uid < *first_uid)
                        return base_error_set(&conn->error, -EPROTO,
                                              "USER_LIST: the users are not in order");
                r = vgic_operate_grow(conn, infos, *n + 1, sizeof(*info));
                if (r < 0)
                        return r;
                info = (struct vgic_user_info *)*infos + (*n)++;
                *info = (struct vgic_user_info){
                        .size = sizeof(*info), .uid = from->uid,
                        .n_fds_unread = from->n_fds_unread,
                };
                vgic_operate_usage(from->used, from->n_vms_ending, &info->used);
                vgic_operate_limits(from->limits, &info->limits);
                *first_uid = (uint64_t)from->uid + 1;
        }
        return r < 0 ? r : reply->more && reply->n_users > 0;
}

/* --- sessions --- */

static void vgic_operate_session(const Vgic__SessionInfo *from, struct vgic_session_info *ret_info)
{
        struct vgic_session_info *info = ret_info;

        *info = (struct vgic_session_info){
                .size = sizeof(*info), .id = from->id, .pid = from->pid, .uid = from->uid,
                .age_ms = from->age_ms, .attached = from->state == PROTO_STATE_ATTACHED,
                .role = from->role, .vm_owner_uid = from->vm_owner_uid, .vm_id = from->vm_id,
                .n_vcpus = from->n_vcpus, .ring = from->ring != 0, .unread = from->unread != 0,
                .n_requests = from->n_requests, .n_errors = from->n_errors,
                .n_refused = from->n_refused,
        };
        TEXT(info->client_name, from->client_name);
        TEXT(info->vm, from->vm);
        TEXT(info->grant, from->grant);
}

/* As vgic_operate_users(). */
static int vgic_operate_sessions(struct vgic_conn *conn, uint64_t *after_id, void **infos,
                                 size_t *n)
{
        Vgic__SessionList ask = VGIC__SESSION_LIST__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__SessionListReply *reply;
        int r;

        ask.after_id = *after_id;
        r = vgic_call(conn, PROTO_SESSION_LIST, &ask.base, NULL, 0, &message, NULL);
        reply = (const Vgic__SessionListReply *)message;
        for (size_t i = 0; r == 0 && i < reply->n_sessions; i++) {
                if (reply->sessions[i]->id <= *after_id)
                        return base_error_set(&conn->error, -EPROTO,
                                              "SESSION_LIST: the sessions are not in order");
                r = vgic_operate_grow(conn, infos, *n + 1, sizeof(struct vgic_session_info));
                if (r < 0)
                        return r;
                vgic_operate_session(reply->sessions[i],
                                     (struct vgic_session_info *)*infos + (*n)++);
                *after_id = reply->sessions[i]->id;
        }
        return r < 0 ? r : reply->more && reply->n_sessions > 0;
}

/* All pages. Return: 0; a negative errno, and nothing is kept. */
static int vgic_operate_list(struct vgic_conn *conn,
                             int (*page)(struct vgic_conn *conn, uint64_t *from, void **infos,
                                         size_t *n),
                             void **ret_infos, size_t *ret_n)
{
        uint64_t from = 0;
        void *infos = NULL;
        size_t n = 0;
        int r = vgic_operate_begin(conn);

        if (r < 0)
                return r;
        do
                r = page(conn, &from, &infos, &n);
        while (r == 1);
        if (r < 0) {
                free(infos);
                return r;
        }
        *ret_infos = infos;
        *ret_n = n;
        return 0;
}

int vgic_user_list(struct vgic_conn *conn, struct vgic_user_info **ret_infos, size_t *ret_n)
{
        void *infos;
        int r = vgic_operate_list(conn, vgic_operate_users, &infos, ret_n);

        if (r == 0)
                *ret_infos = infos;
        return r;
}

int vgic_session_list(struct vgic_conn *conn, struct vgic_session_info **ret_infos, size_t *ret_n)
{
        void *infos;
        int r = vgic_operate_list(conn, vgic_operate_sessions, &infos, ret_n);

        if (r == 0)
                *ret_infos = infos;
        return r;
}

int vgic_session_end(struct vgic_conn *conn, uint64_t id)
{
        Vgic__SessionEnd ask = VGIC__SESSION_END__INIT;
        int r = vgic_operate_begin(conn);

        if (r < 0)
                return r;
        ask.id = id;
        return vgic_call(conn, PROTO_SESSION_END, &ask.base, NULL, 0, NULL, NULL);
}

/* --- grants --- */

/* They grow side by side, and are given as one block. */
struct grants {
        void *infos;            /* struct vgic_grant_info; intids unset */
        size_t n;
        void *intids;           /* uint32_t, of one after the other */
        size_t n_intids;
        uint64_t after_id;
};

/* Shared ones, ascending: so as many as there are at most. */
static bool vgic_operate_are_intids(const uint32_t *intids, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (gic_shared_index(intids[i]) == GIC_N_SHARED ||
                    (i > 0 && intids[i] <= intids[i - 1]))
                        return false;
        return n > 0;
}

/* Return: 0; a negative errno. */
static int vgic_operate_grant(struct vgic_conn *conn, const Vgic__GrantInfo *from,
                              struct grants *grants)
{
        struct vgic_grant_info info = {
                .size = sizeof(info), .id = from->id, .session = from->session, .pid = from->pid,
                .uid = from->uid, .n_uids = (uint32_t)from->n_uids,
                .n_intids = (uint32_t)from->n_intids,
        };
        size_t n_intids = grants->n_intids + from->n_intids;
        int r;

        if (from->id <= grants->after_id || from->n_uids > VGIC_GRANT_MAX_UIDS ||
            !vgic_operate_are_intids(from->intids, from->n_intids))
                return base_error_set(&conn->error, -EPROTO,
                                      "GRANT_LIST: a grant that makes no sense");
        TEXT(info.label, from->label);
        for (size_t i = 0; i < from->n_uids; i++)
                info.uids[i] = from->uids[i];
        r = vgic_operate_grow(conn, &grants->infos, grants->n + 1, sizeof(info));
        if (r == 0)
                r = vgic_operate_grow(conn, &grants->intids, n_intids, sizeof(*from->intids));
        if (r < 0)
                return r;
        memcpy((struct vgic_grant_info *)grants->infos + grants->n++, &info, sizeof(info));
        memcpy((uint32_t *)grants->intids + grants->n_intids, from->intids,
               from->n_intids * sizeof(*from->intids));
        grants->n_intids = n_intids;
        grants->after_id = from->id;
        return 0;
}

/* As vgic_operate_users(). */
static int vgic_operate_grants(struct vgic_conn *conn, const char *name, struct grants *grants)
{
        Vgic__GrantList ask = VGIC__GRANT_LIST__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__GrantListReply *reply;
        int r;

        ask.name = vgic_string(name);
        ask.after_id = grants->after_id;
        r = vgic_call(conn, PROTO_GRANT_LIST, &ask.base, NULL, 0, &message, NULL);
        reply = (const Vgic__GrantListReply *)message;
        for (size_t i = 0; r == 0 && i < reply->n_grants; i++)
                r = vgic_operate_grant(conn, reply->grants[i], grants);
        return r < 0 ? r : reply->more && reply->n_grants > 0;
}

/* One block: the INTIDs lie behind the array. Return: 0; -ENOMEM. */
static int vgic_operate_join(struct vgic_conn *conn, const struct grants *grants,
                             struct vgic_grant_info **ret_infos)
{
        size_t bytes = grants->n * sizeof(struct vgic_grant_info);
        struct vgic_grant_info *infos;
        uint32_t *intids;

        *ret_infos = NULL;
        if (grants->n == 0)
                return 0;
        infos = malloc(bytes + grants->n_intids * sizeof(*intids));
        if (!infos)
                return base_error_set(&conn->error, -ENOMEM, "no memory");
        intids = (uint32_t *)(infos + grants->n);
        memcpy(infos, grants->infos, bytes);
        memcpy(intids, grants->intids, grants->n_intids * sizeof(*intids));
        for (size_t i = 0; i < grants->n; i++) {
                infos[i].intids = intids;
                intids += infos[i].n_intids;
        }
        *ret_infos = infos;
        return 0;
}

int vgic_grant_list(struct vgic_conn *conn, const char *name, struct vgic_grant_info **ret_infos,
                    size_t *ret_n)
{
        struct grants grants = { 0 };
        int r = vgic_operate_begin(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        if (r < 0)
                return r;
        do
                r = vgic_operate_grants(conn, name, &grants);
        while (r == 1);
        if (r == 0)
                r = vgic_operate_join(conn, &grants, ret_infos);
        if (r == 0)
                *ret_n = grants.n;
        free(grants.infos);
        free(grants.intids);
        return r;
}

int vgic_msg_revoke(struct vgic_conn *conn, const char *name, const char *label)
{
        Vgic__Revoke revoke = VGIC__REVOKE__INIT;
        int r = vgic_operate_begin(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        if (r == 0)
                r = vgic_name_check(&conn->error, "label", label);
        if (r < 0)
                return r;
        revoke.name = vgic_string(name);
        revoke.label = vgic_string(label);
        return vgic_call(conn, PROTO_REVOKE, &revoke.base, NULL, 0, NULL, NULL);
}
